/**
 * The words of mails: for an alert of every detection, for both kinds of reader and every reason to write. What strangers
 * wrote into a log can neither act nor add a header.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAVEAT } from '../../src/alerts/caveat.ts';
import { DETECTIONS } from '../../src/alerts/detections.ts';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import { messageIdOf, type Recipient, SUBJECT_MAX } from '../../src/mail/envelope.ts';
import { type AlertMail, alertPrefix, composeAlertMail, shortId } from '../../src/mail/message.ts';
import { subjectWords } from '../../src/mail/plain-words.ts';
import { whenWords } from '../../src/mail/when-words.ts';
import type { Alert } from '../../src/model/alert.ts';
import type { RenderedMail } from '../../src/model/mail.ts';
import { alertsOf } from '../detect/deciding.ts';
import { alert as sample } from '../sinks/fixtures.ts';
import { FROM, INVENTORY, idOf, inventoryOf, NOON, senderOf } from './mailing.ts';
import { grade, proseOf, wordsOfHtml, wordsOfText } from './reading.ts';
import { alertsOfEveryDetection } from './sample-alerts.ts';

const inventory = inventoryOf();
const recipient = (id: string): Recipient => {
  const contact = inventory.contacts.get(id)!;
  return { address: contact.email[0]!, contact };
};
const mailOf = (alert: Alert, over: Partial<AlertMail> = {}): AlertMail => ({
  kind: 'first',
  alert,
  revision: 1,
  mailNumber: 1,
  root: null,
  changes: [],
  also: [],
  isCopy: false,
  firstToldMs: null,
  findings: [],
  nowMs: NOON,
  ...over,
});
const compose = (alert: Alert, to = 'it', over: Partial<AlertMail> = {}, redirectTo: string | null = null) =>
  composeAlertMail(mailOf(alert, over), recipient(to), senderOf(inventory, redirectTo));

const REASONS: [string, Partial<AlertMail>][] = [
  ['first', {}],
  ['copy', { isCopy: true }],
  [
    'update',
    { kind: 'update', mailNumber: 2, revision: 4, root: '<r@x>', changes: ['The severity rose from medium to high.'] },
  ],
  ['closed', { kind: 'closed', mailNumber: 3, revision: 9, root: '<r@x>', changes: ['This alert is closed.'] }],
  ['escalation', { kind: 'escalation', firstToldMs: NOON - 1_800_000 }],
];

let everything: Alert[] = [];
beforeAll(async () => {
  everything = [...(await alertsOfEveryDetection()).values()].flat();
});

describe('a mail about an alert of every detection', () => {
  it('has a sample of each', () => {
    expect(new Set(everything.map((a) => a.detection))).toEqual(new Set(DETECTIONS.map((d) => d.id)));
  });

  it.each(REASONS)('passes the rules of wording (%s)', (_, over) => {
    for (const alert of everything) {
      for (const to of ['it', 'clerk']) {
        const { subject, text } = compose(alert, to, over);
        const prose = text.replaceAll('\n', ' ').replaceAll(CAVEAT, ' ');
        expect([...lintWording(subject), ...lintWording(prose)], `${alert.detection} to ${to}`).toEqual([]);
      }
    }
  });

  it.each(REASONS)('has a subject of at most 70 characters that begins with mark and severity (%s)', (_, over) => {
    for (const alert of everything) {
      for (const redirectTo of [null, 'test@county.example.gov']) {
        const { subject } = compose(alert, 'it', over, redirectTo);
        expect(subject.length, subject).toBeLessThanOrEqual(SUBJECT_MAX);
        expect(subject).toMatch(
          /^\[TLP:AMBER\] (?:TEST )?(?:INFO|LOW|MEDIUM|HIGH|CRITICAL)(?:, [A-Z 0-9]+)?: .+ \(PW-[0-9A-F]{8}\)$/,
        );
      }
    }
  });

  it('needs no cutting in a first mail', () => {
    for (const { id } of DETECTIONS) {
      const words = subjectWords(sample({ detection: id, name: 'A name that nobody reads here' }));
      expect(words.length, id).toBeLessThanOrEqual(34);
      expect(words, id).not.toContain('A name');
    }
  });

  it.each(REASONS)('fits 72 columns, and says the same in HTML (%s)', (_, over) => {
    for (const alert of everything) {
      for (const to of ['it', 'clerk']) {
        const { text, html } = compose(alert, to, over);
        expect(text.split('\n').filter((line) => Array.from(line).length > 72)).toEqual([]);
        expect(wordsOfHtml(html)).toEqual(wordsOfText(text));
      }
    }
  });

  it('can be read with nine years of school, unless a reader asked for the technical part', () => {
    const grades = everything.map((alert) => ({
      detection: alert.detection,
      grade: Math.round(10 * grade(proseOf(compose(alert, 'clerk').text))) / 10,
    }));
    expect(grades.filter((g) => !(g.grade <= 9))).toEqual([]);
    expect(
      grade('Notwithstanding organizational considerations, administrators should immediately investigate.'),
    ).toBeGreaterThan(15);
  });

  it('answers in the order that ELECTIONS names', () => {
    for (const alert of everything) {
      const headings = compose(alert, 'clerk').text.match(/^[A-Z][A-Z ]+$/gm)!;
      expect(headings).toEqual([
        'WHAT HAPPENED',
        'IS IT SERIOUS',
        'DO THIS NOW',
        'WHO TO CALL',
        'WHAT WE DO NOT KNOW',
        'WHY YOU GOT THIS',
      ]);
    }
  });

  it('shows no number of events that the evidence does not have', () => {
    for (const alert of everything) {
      const story = /WHAT HAPPENED\n([\s\S]*?)\n\n/.exec(compose(alert, 'clerk').text)![1]!.replaceAll('\n', ' ');
      const told = story
        .replace(/It asked for: .*$/, '')
        .replace(/^.*?(?:[AP]M(?: [A-Z]{3})?)(?: to .*?[AP]M [A-Z]{3})?[,:]/, '');
      const shown = [...told.matchAll(/(?<![\d.])\d[\d,]*(?![\d.]*\d)/g)].map((m) => Number(m[0].replaceAll(',', '')));
      const known = [
        ...Object.values(alert.evidence),
        alert.related.length,
        ...(alert.summary.match(/\d+/g) ?? []).map(Number),
      ];
      expect(
        shown.filter((n) => !known.includes(n)),
        `${alert.detection}: ${told}`,
      ).toEqual([]);
    }
  });

  it('holds the caveat wherever a network owner is named', () => {
    const without = everything.filter((alert) => !compose(alert).text.replaceAll('\n', ' ').includes(CAVEAT));
    // an address inside a private network has no owner and is rented by nobody
    expect(without.length).toBeLessThan(everything.length / 4);
    for (const { source, key } of without)
      expect([key.kind, source!.as, source!.ip.slice(0, 3)]).toEqual(['source', null, '10.']);
  });
});

describe('headers', () => {
  it('keep programs from answering and people in one thread', () => {
    const first = compose(sample());
    expect(first.headers).toEqual({
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'List-Id': 'pollwatch alerts <us-xx-example.pollwatch.county.example.gov>',
    });
    expect(first.inReplyTo).toBeNull();
    const update = compose(sample(), 'it', { kind: 'update', revision: 2, mailNumber: 2, root: first.messageId });
    expect(update.inReplyTo).toBe(first.messageId);
    expect(update.messageId).not.toBe(first.messageId);
    expect(update.subject).toContain('CRITICAL, UPDATE 2: ');
  });

  it('have a message id that depends on alert, revision and recipient, and on nothing else', () => {
    const id = (over: Partial<AlertMail> = {}, to = 'it', alert = sample()) => compose(alert, to, over).messageId;
    expect(id()).toBe(id({ nowMs: NOON + 5 }, 'it', sample({ summary: 'other words' })));
    expect(new Set([id(), id({ revision: 2 }), id({}, 'clerk'), id({}, 'it', sample({ id: idOf(9) }))]).size).toBe(4);
    expect(id()).toMatch(/^<pollwatch\.[0-9a-f]{24}@county\.example\.gov>$/);
    expect(messageIdOf('a', 'b', FROM)).not.toBe(messageIdOf('a b', '', FROM));
  });
});

describe('the number that people read out', () => {
  it('leads back to the alert', () => {
    const { id } = sample();
    expect(shortId(id)).toBe('PW-01234567');
    expect(id.startsWith(alertPrefix('pw-01234567')!)).toBe(true);
    for (const other of ['', 'PW-0123456', 'PW-012345678', 'PW-0123456*', id]) expect(alertPrefix(other)).toBeNull();
  });
});

describe('what strangers wrote', () => {
  const EVIL = [
    'x\r\nBcc: victim@evil.example\r\n\r\nbody',
    'see http://evil.example/login?x=1 or https://user:pw@evil.example:8443',
    'www.evil.example and evil.example, mail root@evil.example',
    '<script>alert(1)</script><img src=//evil.example/x.png onerror=alert(1)>',
    '" onmouseover="alert(1)" x="',
    '</p></main><a href="javascript:alert(1)">click</a>',
    '\u202egnp.exe\u2066 \u200bzero\u00adwidth \u{e0041}',
    '=?utf-8?B?QmNjOiB4?= \u0000\u001b[31mred',
    'ftp://evil.example/a javascript:alert(1) data:text/html,x',
    'еvil.example и пример.рф',
    `${'A'.repeat(5000)} ${'a.'.repeat(400)}com`,
    '\ud800 lone',
  ];
  const hostile = (text: string): Alert => {
    const base = sample();
    return {
      ...base,
      name: text,
      detection: 'my-rule',
      asset: { id: 'lookup', name: text },
      key: { kind: 'source', text },
      severitySteps: [text],
      confidence: { level: 'low', basis: [text] },
      verdict: { term: 'cannot_tell', basis: [text] },
      source: {
        ...base.source!,
        ip: text,
        key: text,
        as: { number: 1, name: text },
        country: { isoCode: 'XX', name: text },
        database: text,
      },
      destinations: [text],
      paths: [text, `/${text}`],
      hosts: [text],
      thresholds: [text],
      statusCounts: [[text, 1]],
      techniques: [{ id: text, name: text, reference: text }],
      summary: text,
      why: text,
      whatToDo: [text],
      notKnown: [text],
      evidence: { [text]: 1 },
    };
  };

  /** Everything that a reader's program could act on. */
  function harm(mail: RenderedMail): string[] {
    const found: string[] = [];
    const wrong = (pattern: RegExp, text: string, what: string) => {
      const hit = pattern.exec(text);
      if (hit !== null) found.push(`${what}: ${JSON.stringify(hit[0])}`);
    };
    const header = [
      mail.subject,
      mail.messageId,
      mail.to,
      mail.from.name,
      mail.from.address,
      ...Object.values(mail.headers),
    ];
    for (const value of header) wrong(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, value, 'header');
    for (const text of [mail.text, mail.html]) {
      wrong(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}]/u, text, 'control');
      wrong(/\p{Cf}/u, text, 'unseen');
      wrong(/\b(?:https?|ftp):\/\//i, text, 'link');
      wrong(/(?<![\p{L}\p{N}_.-]|(?<!\/)\/)(?:www\.)?[\p{L}-]+\.example(?![\p{L}-])/u, text, 'host');
      wrong(/@evil/, text, 'address');
    }
    const tags = new Set([...mail.html.matchAll(/<\/?([a-z0-9!]+)/gi)].map((m) => m[1]!.toLowerCase()));
    const known = [
      '!doctype',
      'html',
      'head',
      'meta',
      'title',
      'body',
      'main',
      'p',
      'strong',
      'h1',
      'h2',
      'ol',
      'ul',
      'li',
      'footer',
    ];
    for (const tag of tags) if (!known.includes(tag)) found.push(`tag ${tag}`);
    wrong(/<[^>]*\son[a-z]+=/i, mail.html, 'handler');
    if (mail.text.split('\n').some((line) => Array.from(line).length > 72)) found.push('long line');
    return found;
  }

  it.each(EVIL.map((text) => [JSON.stringify(text).slice(0, 60), text] as const))('cannot act: %s', (_, text) => {
    for (const [, over] of REASONS) {
      const mail = compose(hostile(text), 'it', {
        ...over,
        also: [{ alert: hostile(text), changes: [text] }],
        changes: [text],
      });
      expect(harm(mail)).toEqual([]);
      expect(mail.subject.length).toBeLessThanOrEqual(SUBJECT_MAX + 1);
      expect(mail.html.length).toBeLessThan(200_000);
    }
  });

  it('cannot act whatever it is', () => {
    const piece = fc.oneof(
      fc.constantFrom(...EVIL),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('http', '://', '.example', '@', '\r\n', '<', 'a.b', '//', '\u202e'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        expect(harm(compose(hostile(pieces.join(''))))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('is noticed by the check when it is there', () => {
    const mail = compose(sample());
    expect(harm(mail)).toEqual([]);
    expect(harm({ ...mail, subject: 'a\r\nBcc: x' })).toHaveLength(1);
    expect(harm({ ...mail, text: 'http://evil.example\n' })).not.toEqual([]);
    expect(harm({ ...mail, html: '<script>' })).toEqual(['tag script']);
  });

  it('leaves the hosts of the office readable, and addresses as they are', () => {
    const text = compose(
      sample({ whatToDo: ['Look at voterlookup.example.gov and evil.example.gov from 192.0.2.17.'] }),
    ).text;
    expect(text.replaceAll('\n   ', ' ')).toContain(
      'Look at voterlookup.example.gov and evil[.]example[.]gov from 192.0.2.17.',
    );
  });
});

describe('what voters typed', () => {
  it('is in no mail: neither names nor births nor numbers of records', async () => {
    const marked = ['Zebulonsen', '1957-03-29', 'D4471-8820-1193', 'zebulonsen@voter.example', '880000417'];
    const line = (second: number, target: string, status: number) =>
      `198.51.100.7 - - [14/Sep/2026:10:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')} +0000] "GET ${target} HTTP/1.1" ${status} 900 "https://vote.example.gov/s?name=${marked[0]!}" "Mozilla/5.0"`;
    const lines = [
      ...Array.from({ length: 120 }, (_, i) =>
        line(i, `/lookup?voterid=${880_000_417 + i}&lastname=${marked[0]!}&dob=${marked[1]!}`, 200),
      ),
      ...marked.flatMap((value, i) => [
        line(200 + i, `/lookup?dl=${encodeURIComponent(value)}%27%20UNION%20SELECT%201--`, 500),
        line(220 + i, `/lookup;name=${encodeURIComponent(value)}/../../etc/passwd?q=${encodeURIComponent(value)}`, 404),
      ]),
    ];
    const alerts = await alertsOf({ 'access.log': lines }, { inventory: `${INVENTORY}` });
    expect(alerts.map((a) => a.detection)).toEqual(expect.arrayContaining(['election.lookup_enum', 'W11']));
    const text = alerts
      .flatMap((alert) => REASONS.map(([, over]) => JSON.stringify(compose(alert, 'it', over))))
      .join('');
    for (const value of marked) {
      for (const written of [value, encodeURIComponent(value), value.replaceAll('.', '[.]').replace('@', '[at]')]) {
        expect(text.toLowerCase().includes(written.toLowerCase()), value).toBe(false);
      }
    }
  });
});

describe('readers', () => {
  it('without training get no technical part, and are told whom to call first and next', () => {
    const text = compose(sample(), 'clerk').text;
    expect(text).not.toContain('DETAILS FOR');
    expect(text).toContain(
      'County IT on call: +1-555-0100.\nIf you cannot reach them in 60 minutes: State election SOC, +1-555-0199.',
    );
  });

  it('hear how long to try the first before they call the next: as the office says, a third of it in an election', () => {
    const night = Date.UTC(2026, 10, 4, 2);
    const text = compose(sample(), 'clerk', { nowMs: night }).text;
    expect(text).toContain('If you cannot reach them in 20 minutes: State election SOC');
    const own = inventoryOf(INVENTORY.replace('{after_minutes: 60, to: [state]}', '{after_minutes: 45, to: [state]}'));
    const calm = composeAlertMail(mailOf(sample()), recipient('clerk'), senderOf(own)).text;
    expect(calm).toContain('If you cannot reach them in 45 minutes: State election SOC');
  });

  it('are not told of rented servers where the only sender is inside a private network', () => {
    const ip = '10.20.5.44';
    const inside = { ...sample().source!, ip, key: ip, addresses: [ip], as: null, country: null, place: null };
    const mail = compose({ ...sample(), key: { kind: 'source', text: ip }, source: inside }, 'clerk');
    const text = mail.text.replaceAll('\n', ' ');
    expect(text).toContain(`came from ${ip}, an address inside a private network (your own or a partner's).`);
    expect(text).not.toContain(CAVEAT);
  });

  it('who get a copy are not asked to act, and hear when to step in', () => {
    const text = compose(sample(), 'clerk', { isCopy: true }).text;
    expect(text).toContain('WHAT OTHERS WERE ASKED TO DO');
    expect(text).not.toContain('DO THIS NOW');
    expect(text).toContain('If you hear nothing from them by 12:30 PM CDT, please call them.');
  });

  it('find a page of their own office and no other link', () => {
    const own = inventoryOf(`${INVENTORY}mail: {details_url: "https://watch.county.example.gov/alerts/"}\n`);
    const mail = composeAlertMail(mailOf(sample()), recipient('it'), senderOf(own));
    expect(mail.text).toContain(`  https://watch.county.example.gov/alerts/${sample().id}\n`);
    expect([...mail.html.matchAll(/href="([^"]*)"[^>]*>([^<]*)/g)].map((m) => [m[1], m[2]])).toEqual([
      [`https://watch.county.example.gov/alerts/${sample().id}`, 'Details of this alert'],
    ]);
  });

  it('in test mode are only named: one address gets everything', () => {
    const mail = compose(sample(), 'clerk', {}, 'test@county.example.gov');
    expect(mail.to).toBe('test@county.example.gov');
    expect(mail.subject).toContain('TEST CRITICAL');
    expect(mail.text).toContain('TEST MODE: nobody else got this. It was meant for County clerk.');
  });

  it('hear how to mark it as handled, until it is closed', () => {
    expect(compose(sample()).text).toContain(`pollwatch ack ${shortId(sample().id)}`);
    expect(compose(sample(), 'it', { kind: 'closed', changes: ['This alert is closed.'] }).text).not.toContain(
      'pollwatch ack',
    );
  });
});

describe('time', () => {
  const at = (h: number, m: number, d = 3) => Date.UTC(2026, 10, d, h, m);
  it.each([
    [at(18, 30), at(18, 30), 'On Tue, Nov 3, at 12:30 PM CST'],
    [at(18, 30), at(19, 5), 'On Tue, Nov 3, from 12:30 PM to 1:05 PM CST'],
    [at(18, 30), at(8, 5, 4), 'From Tue, Nov 3, 12:30 PM to Wed, Nov 4, 2:05 AM CST'],
  ])('is local and names its zone', (from, to, words) => {
    expect(whenWords(from, to, 'America/Chicago')).toBe(words);
  });
});

describe('three mails', () => {
  const cases: [string, string, string, Partial<AlertMail>][] = [
    ['lookup-enumeration-to-clerk', 'election.lookup_enum', 'clerk', { isCopy: true }],
    ['private-files-to-it', 'W05', 'it', {}],
    [
      'distributed-scan-update-to-it',
      'F16',
      'it',
      { kind: 'update', mailNumber: 2, revision: 3, root: '<r@x>', changes: ['It grew from 100 to 1,200 tries.'] },
    ],
  ];
  it.each(cases)('%s read as they should', async (name, detection, to, over) => {
    const alerts = (await alertsOfEveryDetection()).get(detection)!;
    const found = alerts.find((a) => a.outcome === 'answered') ?? alerts[0]!;
    const mail = compose({ ...found, asset: { id: 'lookup', name: 'Voter lookup' } }, to, over);
    const folder = join(import.meta.dirname, 'goldens');
    await expect(`Subject: ${mail.subject}\n\n${mail.text}`).toMatchFileSnapshot(join(folder, `${name}.txt`));
    await expect(mail.html).toMatchFileSnapshot(join(folder, `${name}.html`));
  });
});
