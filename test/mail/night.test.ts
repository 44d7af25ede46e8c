/**
 * Election night is one story: what is found on one system between the close of polls and the end of the results is one
 * thread for each recipient, whatever its sources and in whatever order it comes.
 */
import { describe, expect, it } from 'vitest';
import { CAVEAT } from '../../src/alerts/caveat.ts';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import { composeMail } from '../../src/mail/compose.ts';
import { SUBJECT_MAX } from '../../src/mail/envelope.ts';
import { itemsOf, type MailTask } from '../../src/mail/mail-task.ts';
import type { AlertState } from '../../src/mail/mailable.ts';
import { nightOf } from '../../src/mail/night.ts';
import type { Alert } from '../../src/model/alert.ts';
import { ASSET_KINDS } from '../../src/model/inventory.ts';
import { DAY, HOUR, MINUTE } from '../../src/model/time.ts';
import { alertsOf } from '../detect/deciding.ts';
import { request, START_MS } from '../detect/log-lines.ts';
import { drive, inShort, inventoryOf, senderOf, stateOf } from './mailing.ts';
import { grade, proseOf } from './reading.ts';
import { alertsOfEveryDetection } from './sample-alerts.ts';

const inventory = inventoryOf();
/** nine in the evening in Chicago, an hour after the polls have closed */
const NIGHT = Date.UTC(2026, 10, 4, 3);
const results = { id: 'results', name: 'Results' };
const lookup = { id: 'lookup', name: 'Voter lookup' };

/** Something found on election night, `minute` minutes after nine. */
function found(n: number, minute: number, over: Partial<Alert> = {}, state: Partial<AlertState> = {}): AlertState {
  const ms = NIGHT + minute * MINUTE;
  const window = { electionId: 'gen-2026', phase: 'results', night: 'gen-2026' } as const;
  const own = { severity: 'high', asset: results, window, startMs: ms, endMs: ms + MINUTE } as const;
  return stateOf(n, { ...own, ...over }, { firstMs: ms, ...state });
}

const toIt = (tasks: readonly MailTask[]) =>
  tasks.filter((t) => (t.kind === 'alert' || t.kind === 'several') && t.recipient.contact.id === 'it');
const times = (tasks: readonly MailTask[]) =>
  toIt(tasks).map((task) => `${inShort([task])[0]} +${(task.nowMs - NIGHT) / MINUTE}`);
const roots = (tasks: readonly MailTask[]) =>
  new Set(toIt(tasks).map((task) => (task.kind === 'alert' && task.root !== null ? task.root : task.messageId)));
const compose = (task: MailTask) =>
  composeMail(task, senderOf(inventory), { lines: 9, logs: 1, missing: [], drillMs: null });

/** Hands alerts over as they come, one after the other. */
function play(states: readonly AlertState[], toMs: number) {
  const driven = drive(inventory);
  const known: AlertState[] = [];
  const sorted = [...states].sort((a, b) => a.firstMs - b.firstMs);
  sorted.forEach((state, i) => {
    known.push(state);
    driven.until(state.firstMs, Math.max(state.firstMs, (sorted[i + 1]?.firstMs ?? toMs) - 1), known);
  });
  return { driven, known };
}

describe('on election night', () => {
  it('two findings on one system are one thread: the second is an update, an hour after the first', () => {
    const { driven } = play([found(1, 0), found(2, 10)], NIGHT + 3 * HOUR);
    expect(times(driven.sent)).toEqual(['first it 1 +2', 'first it 2 +62']);
    expect(roots(driven.sent).size).toBe(1);
    expect(toIt(driven.sent)[1]).toMatchObject({ mailNumber: 2, root: toIt(driven.sent)[0]!.messageId });
  });

  it('two findings before the first mail are one mail', () => {
    const { driven } = play([found(1, 0), found(2, 1)], NIGHT + 3 * HOUR);
    expect(times(driven.sent)).toEqual(['first it 1 2 +2']);
    expect(compose(toIt(driven.sent)[0]!).subject).toBe(
      '[TLP:AMBER] HIGH: search for private files and 1 more (PW-00000001)',
    );
  });

  it('what is critical is told at once, in the same thread, and takes along what waits', () => {
    const { driven } = play([found(1, 0), found(2, 10), found(3, 20, { severity: 'critical' })], NIGHT + 3 * HOUR);
    expect(times(driven.sent)).toEqual(['first it 1 +2', 'first it 3 2 +20']);
    expect(roots(driven.sent).size).toBe(1);
  });

  it('two systems are two threads', () => {
    const { driven } = play([found(1, 0), found(2, 10, { asset: lookup })], NIGHT + 3 * HOUR);
    expect(times(driven.sent)).toEqual(['first it 1 +2', 'first it 2 +12']);
    expect(roots(driven.sent).size).toBe(2);
  });

  it.each([
    ['in the week before', { electionId: 'gen-2026', phase: 'election_week' }],
    ['outside of all windows', undefined],
  ] as const)('what is found %s is told by itself, as ever', (_, window) => {
    const over = window === undefined ? {} : { window };
    const states = [found(1, 0, over), found(2, 10, over)].map(({ alert, ...rest }) => {
      const { window: own, ...bare } = alert;
      return { ...rest, alert: window === undefined ? bare : { ...bare, window: own! } };
    });
    const { driven } = play(states, NIGHT + 3 * HOUR);
    expect(times(driven.sent)).toEqual(['first it 1 +2', 'first it 2 +12']);
    expect(roots(driven.sent).size).toBe(2);
  });

  it('the order in which findings come does not change what is told', () => {
    const told = (minutes: readonly number[]) => {
      const states = minutes.map((minute, i) => found(i + 1, 0, {}, { firstMs: NIGHT + minute * MINUTE }));
      const { driven } = play(states, NIGHT + 5 * HOUR);
      expect(roots(driven.sent).size).toBe(1);
      const last = toIt(driven.sent).at(-1)!;
      const all = toIt(driven.sent).flatMap(itemsOf);
      return {
        alerts: all.map(({ state }) => state.alert.id).sort(),
        story: last.kind === 'alert' ? last.findings.map(({ alert }) => alert.id) : [],
      };
    };
    const expected = told([0, 10, 20]);
    expect(expected.story).toHaveLength(3);
    for (const order of [
      [20, 10, 0],
      [10, 0, 20],
      [0, 0, 10],
      [0, 20, 10],
    ])
      expect(told(order)).toEqual(expected);
  });

  it('the end is told once, when all are closed', () => {
    const { driven, known } = play([found(1, 0), found(2, 1)], NIGHT + 10 * MINUTE);
    const close = (state: AlertState): AlertState => ({ ...state, status: 'closed', revision: 2 });
    const morning = NIGHT + 12 * HOUR;
    const half = [close(known[0]!), known[1]!];
    expect(toIt(driven.until(morning, morning + DAY, half))).toEqual([]);
    const sent = driven.until(
      morning + DAY,
      morning + 2 * DAY,
      half.map((s) => (s.status === 'closed' ? s : close(s))),
    );
    expect(inShort(toIt(sent))).toEqual(['closed it 1 2']);
    expect(compose(toIt(sent)[0]!).subject).toContain('CLOSED: ');
    expect(roots(driven.sent).size).toBe(1);
  });

  it('the end of one goes along with news of another', () => {
    const { driven, known } = play([found(1, 0), found(2, 1)], NIGHT + 10 * MINUTE);
    const morning = NIGHT + 12 * HOUR;
    const states: AlertState[] = [
      { ...known[0]!, status: 'closed', revision: 2 },
      { ...known[1]!, revision: 2, alert: { ...known[1]!.alert, outcome: 'answered' } },
    ];
    const sent = toIt(driven.until(morning, morning + HOUR, states));
    expect(inShort(sent)).toEqual(['update it 2 1']);
    expect(compose(sent[0]!).text).toMatch(/\(PW-00000001\)\. This alert is\s+closed\./);
  });

  it('a mail names the gravest in its subject and lists all in the order of time, for everybody to read', () => {
    const { driven } = play(
      [found(1, 0), found(2, 10, { detection: 'W11' }), found(3, 20, { severity: 'critical' })],
      NIGHT + 3 * HOUR,
    );
    const mails = driven.sent.filter(({ kind }) => kind === 'alert').map(compose);
    for (const mail of mails) {
      expect(lintWording(mail.subject)).toEqual([]);
      expect(lintWording(mail.text.replaceAll(/\n {0,3}/g, ' ').replaceAll(CAVEAT, ' '))).toEqual([]);
      expect(mail.subject.length).toBeLessThanOrEqual(SUBJECT_MAX);
      expect(mail.text.split('\n').filter((line) => Array.from(line).length > 72)).toEqual([]);
    }
    const clerk = driven.sent.filter((t) => t.kind === 'alert' && t.recipient.contact.id === 'clerk').map(compose);
    expect(clerk).toHaveLength(2);
    for (const mail of clerk) expect(grade(proseOf(mail.text))).toBeLessThanOrEqual(9);
    const last = compose(toIt(driven.sent).at(-1)!);
    expect(last.subject).toMatch(/^\[TLP:AMBER\] CRITICAL, UPDATE 2: search for private files.*\(PW-00000003\)$/);
    expect(last.inReplyTo).toBe(toIt(driven.sent)[0]!.messageId);
    const story = last.text.slice(last.text.indexOf('ELECTION NIGHT SO FAR'), last.text.indexOf('IS IT SERIOUS'));
    expect([...story.matchAll(/PW-0000000(\d)/g)].map(([, n]) => n)).toEqual(['1', '2', '3']);
  });

  it('is one story for every kind of system, from the close of polls to the end of the results', async () => {
    const kinds = ASSET_KINDS.filter((kind) => kind !== 'ems_airgapped');
    const office = `version: 1
organization: {id: us-xx, name: Example County, timezone: America/Chicago}
assets:
${kinds.map((kind) => `  - {id: ${kind}, name: ${kind}, kind: ${kind}, url_prefixes: [/${kind}], sensitivity: voter}\n`).join('')}calendar: [{id: gen-2026, election_day: 2026-11-03}]
`;
    // two hours before the polls close, two hours after (still election day), after midnight, and when all is told
    const hours = [-2, 2, 8, 60];
    const closeMs = NIGHT - 3 * HOUR;
    const lines = hours.flatMap((hour, h) =>
      kinds.map((kind, k) => {
        const second = (closeMs + hour * HOUR - START_MS) / 1000 + k;
        return request(
          `198.51.${100 + h}.${k + 1}`,
          second,
          `/${kind}/form?name=1'+UNION+SELECT+password+FROM+users--`,
        );
      }),
    );
    const alerts = await alertsOf({ 'access.log': lines }, { inventory: office });
    const nights = (kind: string) =>
      alerts
        .filter(({ detection, asset }) => detection === 'W11' && asset?.id === kind)
        .sort((a, b) => a.startMs - b.startMs)
        .map(nightOf);
    for (const kind of kinds) {
      const night = `gen-2026 ${kind}`;
      expect(nights(kind), kind).toEqual([null, night, night, null]);
    }
    // what the calendar raises stays as it was: a look-up matters on the whole of election day
    const spans = alerts.filter(({ asset }) => asset?.id === 'voter_lookup').map(({ window }) => window!.phase);
    expect(new Set(spans)).toEqual(new Set(['election_week', 'results', 'canvass']));
  });

  it('an attack beside a flood names the system that was flooded and the one that was attacked', async () => {
    const [smokescreen] = (await alertsOfEveryDetection()).get('campaign.smokescreen')!;
    const driven = drive(inventory);
    driven.until(NIGHT, NIGHT + HOUR, [
      { ...found(1, 0), alert: { ...smokescreen!, window: found(1, 0).alert.window! } },
    ]);
    const text = compose(toIt(driven.sent)[0]!).text.replaceAll(/\n {0,3}/g, ' ');
    expect(text).toMatch(/While 150 addresses flooded Election results, 1 address sent Voter lookup 7 requests/);
  });
});
