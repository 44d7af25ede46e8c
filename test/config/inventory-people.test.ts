/** Contacts, routes, escalation, calendar, proxies and scanners of the inventory: what is read, and what is refused. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { inspectInventory, parseInventory } from '../../src/config/inventory.ts';
import { isInSeason, openWindows } from '../../src/model/contact.ts';
import { formatProblem, OperatorError, type Problem } from '../../src/model/problem.ts';

const EXAMPLE = readFileSync(new URL('../../config/inventory.example.yaml', import.meta.url), 'utf8');
const HEAD = 'version: 1\norganization: {id: x, name: X, timezone: America/Chicago}\n';
const PEOPLE = 'contacts: {it: {email: [it@example.gov], verified: 2026-09-01}}\n';
const NOW = Date.UTC(2026, 9, 20);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);

function problemsOf(text: string, known: readonly string[] | null = null): Problem[] {
  try {
    parseInventory(text, 'inventory.yaml', known);
  } catch (error) {
    if (error instanceof OperatorError) return error.problems;
    throw error;
  }
  return [];
}

describe('the example', () => {
  const inventory = parseInventory(EXAMPLE, 'inventory.yaml');

  it('names its contacts, with the usual quiet hours unless they are declared', () => {
    expect([...inventory.contacts.values()]).toEqual([
      {
        id: 'it_oncall',
        name: 'County IT on call',
        email: ['it@county.example.gov'],
        phone: '+1-555-0100',
        plainLanguage: false,
        verified: '2026-09-15',
        timezone: 'America/Chicago',
        quiet: { from: 1200, to: 360 },
        caps: null,
        digest: 'auto',
      },
      expect.objectContaining({ id: 'election_admin', plainLanguage: true, quiet: { from: 1080, to: 480 } }),
      expect.objectContaining({ id: 'state_soc', quiet: null, digest: 'none' }),
    ]);
  });

  it('routes by severity and asset, and escalates in order', () => {
    expect(inventory.routes.map((r) => [r.severities, r.assets, r.to, r.cc, r.mode])).toEqual([
      [['high', 'critical'], null, ['it_oncall', 'state_soc'], ['election_admin'], 'mail'],
      [['medium'], ['lookup', 'results'], ['it_oncall'], [], 'mail'],
      [['medium'], null, ['it_oncall'], [], 'digest'],
    ]);
    expect(inventory.escalation).toEqual([
      { afterMs: 1_800_000, to: ['election_admin'] },
      { afterMs: 3_600_000, to: ['state_soc'] },
    ]);
    expect(inventory.mailing).toEqual({ tlp: 'TLP:AMBER', digestMinute: 450, detailsUrl: null });
  });

  it('turns the dates of an election into windows of local time, through the change of the clock', () => {
    const [election] = inventory.calendar;
    expect(election!.windows.map((w) => [w.phase, iso(w.fromMs), iso(w.toMs)])).toEqual([
      ['uocava_mailing', '2026-09-18T05:00', '2026-09-21T05:00'],
      ['registration_deadline', '2026-09-28T05:00', '2026-10-07T05:00'],
      ['early_voting', '2026-10-19T05:00', '2026-10-31T05:00'],
      ['election_week', '2026-10-27T05:00', '2026-11-04T06:00'],
      ['results', '2026-11-04T00:30', '2026-11-06T05:59'],
      ['canvass', '2026-11-06T05:59', '2026-11-25T06:00'],
    ]);
    const open = (ms: number) => openWindows(inventory.calendar, ms).map(({ phase }) => phase);
    expect(open(Date.UTC(2026, 9, 28))).toEqual(['early_voting', 'election_week']);
    expect(open(Date.UTC(2026, 9, 10))).toEqual([]);
    expect(isInSeason(inventory.calendar, Date.UTC(2026, 9, 10))).toBe(true);
    expect(isInSeason(inventory.calendar, Date.UTC(2026, 8, 1))).toBe(false);
    expect(isInSeason(inventory.calendar, Date.UTC(2026, 11, 1))).toBe(false);
  });

  it('gives an election of which only the day is declared the usual windows', () => {
    const bare = parseInventory(`${HEAD}calendar: [{id: e, election_day: 2026-11-03}]\n`, 'i.yaml');
    expect(bare.calendar[0]!.windows.map((w) => [w.phase, iso(w.fromMs), iso(w.toMs)])).toEqual([
      ['uocava_mailing', '2026-09-18T05:00', '2026-09-21T05:00'],
      ['election_week', '2026-10-27T05:00', '2026-11-04T06:00'],
      ['results', '2026-11-04T00:00', '2026-11-06T06:00'],
      ['canvass', '2026-11-06T06:00', '2026-11-25T06:00'],
    ]);
  });

  it('knows an authorised scanner within its dates, and a proxy for its own asset alone', () => {
    const at = (last: number, ms: number) =>
      inventory.authorizedScanner(0, 0, 0xffff, 0xc0000200 + last, ms)?.name ?? null;
    expect(at(70, Date.UTC(2027, 0, 31, 23))).toBe('Our yearly penetration test');
    expect(at(70, Date.UTC(2027, 1, 1, 6))).toBeNull();
    expect(at(70, Date.UTC(2026, 7, 31))).toBeNull();
    expect(at(90, Date.UTC(2026, 9, 15))).toBeNull();
    expect(inventory.isTrustedProxy(1, 0, 0, 0xffff, 0xcb007105)).toBe(true);
    expect(inventory.isTrustedProxy(2, 0, 0, 0xffff, 0xcb007105)).toBe(false);
    expect(inventory.isTrustedProxy(1, 0, 0, 0xffff, 0xcb007205)).toBe(false);
  });

  it('has a network that must never be reached, and an owner of the look-up', () => {
    expect(inventory.assets.map(({ id, sentinel, owner }) => [id, sentinel, owner])).toEqual([
      ['lookup', false, 'it_oncall'],
      ['results', false, null],
      ['ems', true, null],
    ]);
    const plain = EXAMPLE.replace(/criticality: critical\n {4}sentinel: true.*/, '');
    expect(plain).not.toBe(EXAMPLE);
    const ems = inspectInventory(plain, 'inventory.yaml', NOW).inventory!.assets.at(-1);
    expect(ems).toMatchObject({ id: 'ems', sentinel: true, criticality: 'critical' });
  });

  it('asks for nothing while everything is fresh', () => {
    expect(inspectInventory(EXAMPLE, 'inventory.yaml', NOW).warnings).toEqual([]);
  });
});

describe('without contacts', () => {
  it('there are no routes, no calendar and no scanners', () => {
    expect(defaultInventory()).toMatchObject({ routes: [], calendar: [], authorizedScanners: [], escalation: [] });
    expect(defaultInventory().authorizedScanner(0, 0, 0xffff, 1, 0)).toBeNull();
  });

  it('an asset needs none, and doctor hears that nobody would be mailed', () => {
    const text = `${HEAD}assets: [{id: a, name: A, kind: results_enr}]\n`;
    expect(problemsOf(text)).toEqual([]);
    expect(inspectInventory(text, 'i.yaml', NOW).warnings.map((w) => w.code)).toEqual(['PW-CONFIG-NO-CONTACT']);
  });
});

describe('contacts without routing', () => {
  it('are all mailed from medium up', () => {
    expect(parseInventory(HEAD + PEOPLE, 'i.yaml').routes).toEqual([
      {
        severities: ['medium', 'high', 'critical'],
        assets: null,
        detections: null,
        to: ['it'],
        cc: [],
        mode: 'mail',
      },
    ]);
  });
});

describe('mistakes', () => {
  it.each([
    [
      'a proxy that is the whole Internet',
      '{trusted_proxies: [0.0.0.0/0], header: X}',
      '5:76',
      /everybody would be trusted/,
    ],
    ['the same in IPv6', '{trusted_proxies: ["::/0"], header: X}', '5:76', /everybody would be trusted/],
    ['half of it', '{trusted_proxies: [128.0.0.0/1], header: X}', '5:76', /too large a part/],
    ['a proxy that is no network', '{trusted_proxies: [10.0.0.1/8], header: X}', '5:76', /bits set behind/],
  ])('%s is refused as a trusted proxy', (_, client, at, message) => {
    const text = `${HEAD}contacts: {it: {email: [it@example.gov]}}\nassets:\n  - {id: a, name: A, kind: other, owner: it, client_ip: ${client}}\n`;
    const problems = problemsOf(text);
    expect(problems.map((p) => [p.code, `${p.line}:${p.column}`])).toEqual([['PW-CONFIG-CIDR', at]]);
    expect(problems[0]!.message).toMatch(message);
    expect(problems[0]!.hint).not.toBe('');
  });

  it.each([
    [
      'a scanner without an end',
      'authorized_scanners: [{name: A, cidrs: [192.0.2.1], since: 2026-01-01}]',
      'PW-CONFIG-MISSING-FIELD',
      '4:23',
    ],
    [
      'a scanner from nowhere',
      'authorized_scanners: [{name: A, since: 2026-01-01, expires: 2026-02-01}]',
      'PW-CONFIG-SCANNER',
      '4:23',
    ],
    [
      'a list that nobody signed up for',
      'authorized_scanners: [{name: A, source: "list:x", since: 2026-01-01, expires: 2026-02-01}]',
      'PW-CONFIG-SCANNER',
      '4:41',
    ],
    [
      'a scanner that is the Internet',
      'authorized_scanners: [{name: A, cidrs: [0.0.0.0/0], since: 2026-01-01, expires: 2026-02-01}]',
      'PW-CONFIG-CIDR',
      '4:41',
    ],
    [
      'a scanner that may break in',
      'authorized_scanners: [{name: A, cidrs: [192.0.2.1], since: 2026-01-01, expires: 2026-02-01, max_class: exploit}]',
      'PW-CONFIG-VALUE',
      '4:104',
    ],
    [
      'a scanner that ends before it begins',
      'authorized_scanners: [{name: A, cidrs: [192.0.2.1], since: 2026-02-01, expires: 2026-01-01}]',
      'PW-CONFIG-ORDER',
      '4:81',
    ],
    [
      'an owner who is no contact',
      'assets: [{id: a, name: A, kind: other, owner: ti}]',
      'PW-CONFIG-UNKNOWN-CONTACT',
      '4:47',
    ],
    ['a route to nobody', 'routing: [{to: []}]', 'PW-CONFIG-ROUTE', '4:11'],
    ['a route to a stranger', 'routing: [{to: [boss]}]', 'PW-CONFIG-UNKNOWN-CONTACT', '4:17'],
    ['a route of an unknown asset', 'routing: [{match: {asset: [web]}, to: [it]}]', 'PW-CONFIG-UNKNOWN-ASSET', '4:28'],
    [
      'a route of an unknown detection',
      'routing: [{match: {detection: [W1]}, to: [it]}]',
      'PW-CONFIG-UNKNOWN-DETECTION',
      '4:32',
    ],
    [
      'a route of unknown detections',
      'routing: [{match: {detection: ["V*"]}, to: [it]}]',
      'PW-CONFIG-UNKNOWN-DETECTION',
      '4:32',
    ],
    ['a route that mails what is low', 'routing: [{match: {severity: low}, to: [it]}]', 'PW-CONFIG-ROUTE', '4:30'],
    ['a severity that is none', 'routing: [{match: {severity: ">=grave"}, to: [it]}]', 'PW-CONFIG-VALUE', '4:30'],
    [
      'steps out of order',
      'escalation: [{after_minutes: 60, to: [it]}, {after_minutes: 30, to: [it]}]',
      'PW-CONFIG-ORDER',
      '4:61',
    ],
    [
      'a sentinel without addresses',
      'assets: [{id: a, name: A, kind: other, sentinel: true}]',
      'PW-CONFIG-SENTINEL',
      '4:50',
    ],
    ['a day that does not exist', 'calendar: [{id: e, election_day: 2026-02-30}]', 'PW-CONFIG-VALUE', '4:34'],
    [
      'early voting after the election',
      'calendar: [{id: e, election_day: 2026-11-03, early_voting: [2026-10-19, 2026-11-09]}]',
      'PW-CONFIG-ORDER',
      '4:73',
    ],
    [
      'results before the election',
      'calendar: [{id: e, election_day: 2026-11-03, enr: [2026-11-02T18:00, 2026-11-05T23:00]}]',
      'PW-CONFIG-ORDER',
      '4:52',
    ],
    [
      'two elections with one id',
      'calendar: [{id: e, election_day: 2026-11-03}, {id: e, election_day: 2027-11-03}]',
      'PW-CONFIG-DUPLICATE',
      '4:52',
    ],
    ['a page of details without https', 'mail: {details_url: "http://x.example.gov/"}', 'PW-CONFIG-VALUE', '4:21'],
  ])('%s is refused', (_, more, code, at) => {
    const problems = problemsOf(`${HEAD}${PEOPLE}${more}\n`, ['W01', 'W05', 'election.lookup_enum']);
    expect(problems.map((p) => [p.code, `${p.line}:${p.column}`])).toEqual([[code, at]]);
  });

  it('of a public system that nobody answers for names the system', () => {
    const routing = 'routing: [{match: {severity: ">=high", asset: [b]}, to: [it]}]\n';
    const assets = `assets:
  - {id: a, name: A, kind: results_enr}
  - {id: b, name: B, kind: results_enr}
  - {id: c, name: C, kind: results_enr, owner: it}
  - {id: d, name: D, kind: ems_airgapped, cidrs: [10.9.0.0/24]}
`;
    expect(problemsOf(HEAD + PEOPLE + routing + assets).map(formatProblem)).toEqual([
      `inventory.yaml:6:5  PW-CONFIG-NO-CONTACT  nobody would be told about asset "a"
   6 |   - {id: a, name: A, kind: results_enr}
     |     ^
  hint: name its owner (a contact), or a route that fits it and is mailed`,
    ]);
  });

  it('of a system whose gravest alerts go into a digest or to nobody say so, owner or not', () => {
    const assets = 'assets: [{id: a, name: A, kind: results_enr, owner: it}]\n';
    const codes = (mode: string) =>
      problemsOf(`${HEAD}${PEOPLE}routing: [{match: {severity: ">=high"}, to: [it], mode: ${mode}}]\n${assets}`).map(
        (p) => p.code,
      );
    expect(codes('mail')).toEqual([]);
    expect(codes('digest')).toEqual(['PW-CONFIG-NO-CONTACT']);
    expect(codes('none')).toEqual(['PW-CONFIG-NO-CONTACT']);
  });

  it('of two networks that overlap name both owners', () => {
    const text = `${HEAD}contacts: {it: {email: [it@example.gov]}, web: {email: [w@example.gov]}}
assets:
  - {id: a, name: A, kind: other, cidrs: [10.0.0.0/8], owner: it}
  - {id: b, name: B, kind: other, cidrs: [10.1.0.0/16], owner: web}
`;
    expect(problemsOf(text).map((p) => [p.code, p.message])).toEqual([
      [
        'PW-CONFIG-OVERLAP',
        '10.1.0.0/16 of asset "b" lies in 10.0.0.0/8 of asset "a", which another contact answers for ("it", "web")',
      ],
    ]);
  });

  it('of a calendar without a time zone say what is missing', () => {
    const text = 'version: 1\norganization: {id: x, name: X}\ncalendar: [{id: e, election_day: 2026-11-03}]\n';
    expect(problemsOf(text).map((p) => p.message)).toEqual(['dates of elections need organization.timezone']);
  });

  it.each([
    'it@example.gov\nBcc: x@evil.example',
    'IT <it@example.gov>',
    'it@example.gov,x@evil.example',
    'it@localhost',
    'a b@example.gov',
    'it@exa mple.gov',
    '"it"@example.gov',
    'it..x@example.gov',
    '-f@example.gov',
    'it@example.gov>',
    'ït@example.gov',
    '',
  ])('in the address %j are refused: it would stand in an envelope', (address) => {
    const text = `${HEAD}contacts: {it: {email: [${JSON.stringify(address)}]}}\n`;
    expect(problemsOf(text).map((p) => p.code)).toEqual(['PW-CONFIG-VALUE']);
  });

  it('in names of contacts cannot start a second line', () => {
    const text = `${HEAD}contacts: {it: {name: "IT\\r\\nBcc: x", email: [it@example.gov]}}\n`;
    expect(problemsOf(text).map((p) => p.message)).toEqual(['contacts.it.name: this must be one line']);
  });
});

describe('what has grown old', () => {
  it('is said with its place, by the day that the caller names', () => {
    const warned = (ms: number) =>
      inspectInventory(EXAMPLE, 'i.yaml', ms).warnings.map((w) => [w.code, w.message.replace(/\d+ days/, 'n days')]);
    expect(warned(Date.UTC(2027, 1, 5))).toEqual([
      ['PW-CONFIG-CONTACT-OLD', 'contact "state_soc" was last checked n days ago'],
      ['PW-CONFIG-CALENDAR-OLD', 'all elections of the calendar are over'],
      ['PW-CONFIG-SCANNER-EXPIRED', 'the agreement with "CISA Cyber Hygiene" is over'],
      ['PW-CONFIG-SCANNER-EXPIRED', 'the agreement with "Our yearly penetration test" is over'],
    ]);
    expect(warned(Date.UTC(2026, 11, 20)).map(([, message]) => message)).toContain(
      'the agreement with "CISA Cyber Hygiene" ends in n days',
    );
  });

  it('begins on the 181st day, and a contact without a day is asked for as well', () => {
    const text = (verified: string) => `${HEAD}contacts: {it: {email: [it@example.gov]${verified}}}\n`;
    const count = (verified: string, ms: number) => inspectInventory(text(verified), 'i.yaml', ms).warnings.length;
    const checked = ', verified: 2026-01-01';
    expect(count(checked, Date.UTC(2026, 5, 30, 12))).toBe(0);
    expect(count(checked, Date.UTC(2026, 6, 1, 12))).toBe(1);
    expect(count('', Date.UTC(2026, 0, 1))).toBe(1);
    expect(count(', verified: 2027-01-01', Date.UTC(2026, 0, 1))).toBe(1);
  });
});
