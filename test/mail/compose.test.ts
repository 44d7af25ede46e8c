/** Mails about many alerts, digests and signs of life: what they say, that they fit, and that silence is never overstated. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAVEAT } from '../../src/alerts/caveat.ts';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import { composeMail } from '../../src/mail/compose.ts';
import type { Coverage } from '../../src/mail/digest-mail.ts';
import { SUBJECT_MAX } from '../../src/mail/envelope.ts';
import type { MailTask } from '../../src/mail/mail-task.ts';
import type { AlertState } from '../../src/mail/mailable.ts';
import type { RenderedMail } from '../../src/model/mail.ts';
import { DAY, HOUR, MINUTE } from '../../src/model/time.ts';
import { drive, INVENTORY, idOf, inventoryOf, NOON, senderOf, stateOf } from './mailing.ts';
import { grade, proseOf, wordsOfHtml, wordsOfText } from './reading.ts';
import { alertsOfEveryDetection } from './sample-alerts.ts';

const inventory = inventoryOf();
const WELL: Coverage = { lines: 812_345, logs: 3, missing: [], drillMs: NOON - DAY };
const compose = (task: MailTask, coverage = WELL) => composeMail(task, senderOf(inventory), coverage);
const flat = (mail: RenderedMail) => mail.text.replaceAll(/\n {0,3}/g, ' ');

function digestOf(states: readonly AlertState[], coverage = WELL): RenderedMail {
  const tasks = drive(inventory).until(NOON, NOON + 7 * DAY, states);
  return compose(tasks.find((t) => t.kind === 'digest' && t.recipient.contact.id === 'it')!, coverage);
}

function stormOf(n: number): RenderedMail {
  const states = Array.from({ length: n }, (_, i) =>
    stateOf(i + 1, { severity: i === 7 ? 'critical' : 'medium' }, { firstMs: NOON + i }),
  );
  const [task] = drive(inventory).at(NOON + 1000, states);
  return compose(task!);
}

/** Everything that every mail keeps to. */
function expectSound(mail: RenderedMail): void {
  expect(lintWording(mail.subject)).toEqual([]);
  expect(lintWording(flat(mail).replaceAll(CAVEAT, ' '))).toEqual([]);
  expect(mail.subject.length).toBeLessThanOrEqual(SUBJECT_MAX);
  expect(mail.text.split('\n').filter((line) => Array.from(line).length > 72)).toEqual([]);
  expect(wordsOfHtml(mail.html)).toEqual(wordsOfText(mail.text));
  expect(grade(proseOf(mail.text))).toBeLessThanOrEqual(9);
}

describe('a mail about many alerts', () => {
  it('tells five in full, gravest first, names the others, and counts all', () => {
    const mail = stormOf(60);
    expectSound(mail);
    expect(mail.subject).toBe('[TLP:AMBER] CRITICAL: 60 alerts at once');
    expect(mail.text).toContain('- Critical: 1\n- Medium: 59\n- About: “Voter lookup” (60)\n- Different sources: 60');
    expect(mail.text.match(/^(?:CRITICAL|MEDIUM): .*\(PW-/gm)).toHaveLength(5);
    expect(mail.text.indexOf('CRITICAL: SEARCH')).toBeLessThan(mail.text.indexOf('MEDIUM: SEARCH'));
    expect(mail.text.match(/^- Medium: search for private files \(PW-/gm)).toHaveLength(55);
    // whom to block, or to look for in a log
    expect(flat(mail).match(/The requests came from \d+\.\d+\.\d+\.\d+/g)).toHaveLength(5);
    expect(flat(mail).match(/\(PW-[0-9A-F]{8}\)\. From \d+\.\d+\.\d+\.\d+\./g)).toHaveLength(55);
  });

  it('names a hundred and says how many more there are', () => {
    const mail = stormOf(500);
    expectSound(mail);
    expect(mail.text.match(/^- Medium: search/gm)).toHaveLength(100);
    expect(flat(mail)).toContain('And 395 more, counted above. They stand in the next digest as well.');
  });

  it('is sound for an alert of every detection', async () => {
    const alerts = [...(await alertsOfEveryDetection()).values()].flatMap((list) => list.slice(0, 1));
    const items = alerts.map((alert, i) => ({
      state: { ...stateOf(i), alert },
      kind: 'first' as const,
      changes: [],
      isCopy: false,
    }));
    const recipient = { address: 'it@county.example.gov', contact: inventory.contacts.get('it')! };
    for (let i = 0; i < items.length; i += 3) {
      expectSound(
        compose({
          kind: 'several',
          id: 'x',
          recipient,
          messageId: '<x@y>',
          nowMs: NOON,
          items: items.slice(i, i + 3),
          isStorm: false,
        }),
      );
    }
  });
});

describe('a digest', () => {
  it('says that nothing is needed when nothing is, and what was read', () => {
    const mail = digestOf([stateOf(1, { severity: 'low' }), stateOf(2, { severity: 'info' })]);
    expectSound(mail);
    expect(mail.subject).toBe('[TLP:AMBER] digest: nothing needed, Mon, Jul 20');
    expect(mail.text).toContain('Nothing is needed from you.');
    expect(mail.text).toContain('812,345 lines of 3 logs were read.\nThe last drill came through on Mon, Jul 13.');
    expect(mail.text).toContain('- Low: 1\n- Info: 1');
  });

  it.each([
    ['no line was read', { ...WELL, lines: 0 }, 'Silence means nothing until that is mended.'],
    [
      'a log has fallen silent',
      { ...WELL, missing: ['The firewall log has said nothing since Sunday.'] },
      'The firewall log has said nothing',
    ],
  ])('never says so when %s', (_, coverage, words) => {
    const mail = digestOf([], coverage);
    expectSound(mail);
    expect(mail.subject).toContain('digest: not everything was read');
    expect(mail.text).not.toContain('Nothing is needed');
    expect(flat(mail)).toContain(words);
  });

  it('says that no drill has come through, when none has', () => {
    expect(digestOf([], { ...WELL, drillMs: null }).text).toContain(
      'No drill from log to mailbox has come through yet.',
    );
  });

  it('lists what is still open first', () => {
    const mail = digestOf([stateOf(1), stateOf(2, { severity: 'low' })]);
    expectSound(mail);
    expect(mail.subject).toBe('[TLP:AMBER] digest: 1 open, Mon, Jul 20');
    // which system, and when: nothing else in a digest says it
    expect(flat(mail)).toContain(
      'STILL OPEN - Medium: search for private files on “Voter lookup”, Mon, Sep 14 (PW-00000001). When one is handled, run: pollwatch ack',
    );
    expect(flat(mail)).toContain('Besides those that are open: - Low: search for private files on “Voter lookup”');
    expect(mail.text.match(/PW-00000001/g)).toHaveLength(1);
    expect(mail.text).toContain('You had 1 mail about alerts since the last one.');
  });

  it('lists what is critical and held back for want of a place, and says so', () => {
    const driven = drive(inventory);
    // 12:30 UTC is 07:30 there, the minute of the digest: two mails went out in the hour before it
    const monday = Date.UTC(2026, 6, 20, 12, 30);
    const critical = (n: number, minutes: number) =>
      stateOf(n, { severity: 'critical' }, { firstMs: monday - minutes * MINUTE });
    driven.at(monday - 6 * DAY, []);
    driven.until(monday - 40 * MINUTE, monday - 31 * MINUTE, [critical(1, 40)]);
    driven.until(monday - 30 * MINUTE, monday - 21 * MINUTE, [critical(1, 40), critical(2, 30)]);
    const states = [critical(1, 40), critical(2, 30), critical(3, 10)].map((state, i) =>
      i < 2 ? { ...state, status: 'ack' as const, revision: 2 } : state,
    );
    const tasks = driven.until(monday - 10 * MINUTE, monday, states);
    const digest = tasks.find((t) => t.kind === 'digest' && t.recipient.contact.id === 'it')!;
    expect(tasks.filter(({ kind }) => kind === 'alert' || kind === 'several')).toEqual([]);
    const mail = compose(digest);
    expectSound(mail);
    expect(mail.subject).toBe('[TLP:AMBER] digest: 1 open, Mon, Jul 20');
    expect(mail.text).not.toContain('Nothing is needed');
    // the first of the two went out at 6:50, and two may in an hour
    expect(flat(mail)).toContain('(PW-00000003). Its own mail comes after 7:50 AM CDT. When one is handled');
    expect(flat(mail)).toMatch(/\(PW-00000001\)\. Acknowledged\./);
  });

  it('says what became of those that are open no more', () => {
    const states = (['ack', 'closed', 'suppressed', 'withdrawn'] as const).map((status, i) =>
      stateOf(i + 1, { severity: 'high' }, { status, revision: 2 }),
    );
    const mail = digestOf([...states, stateOf(5, { severity: 'low' })]);
    expectSound(mail);
    const seen = flat(mail).split('WHAT WAS SEEN')[1]!;
    const words = ['Acknowledged.', 'Closed.', 'Set aside.', 'No longer seen as an alert.'];
    for (const [i, what] of words.entries()) expect(seen).toContain(`(PW-0000000${i + 1}). ${what}`);
    expect(seen).toMatch(/\(PW-00000005\)\.(?! (Acknowledged|Closed|Set|No longer))/);
  });

  it('lists what a route sends to the digest, and leaves to its count what is noise or was refused', () => {
    const own = inventoryOf(
      INVENTORY.replace('{match: {severity: medium}, to: [it]}', '{match: {severity: medium}, to: [it], mode: digest}'),
    );
    const states = [
      stateOf(1),
      stateOf(2, { verdict: { term: 'noise', basis: [] } }),
      stateOf(3, { severity: 'high', verdict: { term: 'noise', basis: [] } }),
      stateOf(4, {}, { status: 'ack' }),
    ];
    const tasks = drive(own).until(NOON, NOON + 7 * DAY, states);
    const mail = compose(tasks.find((t) => t.kind === 'digest' && t.recipient.contact.id === 'it')!);
    expectSound(mail);
    expect(mail.subject).toBe('[TLP:AMBER] digest: 2 open, Mon, Jul 20');
    const open = flat(mail).split('STILL OPEN')[1]!.split('WHAT WAS SEEN')[0]!;
    expect(open.match(/PW-\d+/g)).toEqual(['PW-00000003', 'PW-00000001']);
    expect(open).not.toContain('still to come');
  });

  it('reads as it should', async () => {
    const at = { startMs: NOON - 2 * HOUR, endMs: NOON - HOUR };
    const mail = digestOf([
      stateOf(1, { severity: 'high', ...at }),
      stateOf(2, { detection: 'F01', categories: ['network'], severity: 'low', asset: null, ...at }),
      stateOf(3, { severity: 'info', ...at }),
    ]);
    const folder = join(import.meta.dirname, 'goldens');
    await expect(`Subject: ${mail.subject}\n\n${mail.text}`).toMatchFileSnapshot(join(folder, 'weekly-digest.txt'));
    await expect(mail.html).toMatchFileSnapshot(join(folder, 'weekly-digest.html'));
  });
});

describe('a sign of life', () => {
  it('says that it is only that', () => {
    const tasks = drive(inventory).until(NOON, NOON + 8 * DAY, []);
    const mail = compose(tasks.find((t) => t.kind === 'heartbeat')!);
    expectSound(mail);
    expect(mail).toMatchObject({
      subject: '[TLP:AMBER] sign of life: nothing needed, Tue, Jul 21',
      to: 'soc@state.example.gov',
    });
  });
});

describe('test mode', () => {
  it('sends every kind of mail to one address', () => {
    const tasks = drive(inventory).until(NOON, NOON + 8 * DAY, [
      stateOf(1, { severity: 'critical' }),
      stateOf(2),
      stateOf(3),
    ]);
    expect(new Set(tasks.map((t) => t.kind))).toEqual(new Set(['alert', 'several', 'digest', 'heartbeat']));
    for (const task of tasks) {
      const mail = composeMail(task, senderOf(inventory, 'test@county.example.gov'), WELL);
      expect(mail.to).toBe('test@county.example.gov');
      expect(mail.subject).toMatch(/^\[TLP:AMBER\] TEST /);
      expect(mail.subject.length).toBeLessThanOrEqual(SUBJECT_MAX);
      expect(flat(mail)).toContain('TEST MODE: nobody else got this.');
    }
  });
});

describe('the marking', () => {
  it('is the one that the office chose, above everything and in the subject', () => {
    const red = inventoryOf(`${INVENTORY}mail: {tlp: "TLP:AMBER+STRICT"}\n`);
    const [task] = drive(red).at(NOON, [stateOf(1, { severity: 'critical', id: idOf(1) })]);
    const mail = composeMail(task!, senderOf(red), WELL);
    expect(mail.subject).toMatch(/^\[TLP:AMBER\+STRICT\] CRITICAL: /);
    expect(mail.subject.length).toBeLessThanOrEqual(SUBJECT_MAX);
    expect(mail.text.startsWith('TLP:AMBER+STRICT - share only inside your office\n')).toBe(true);
  });
});

describe('the same task', () => {
  it('gives the same mail, whenever it is made', () => {
    const tasks = drive(inventory).until(NOON, NOON + 3 * HOUR, [
      stateOf(1, { severity: 'critical' }),
      stateOf(2),
      stateOf(3),
    ]);
    for (const task of tasks) expect(compose(task)).toEqual(compose(structuredClone(task)));
  });
});
