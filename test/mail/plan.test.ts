/**
 * The planner as a machine of states: who is mailed what and when, through waits, quiet hours, caps, storms, escalation,
 * digests and changes of the clock. Then what must hold whatever happens: nothing lost, nothing twice, never above the cap.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertState } from '../../src/mail/mailable.ts';
import { reasonForDigest } from '../../src/mail/mailable.ts';
import { emptyMemory } from '../../src/mail/memory.ts';
import { itemsOf, type MailTask, planMails } from '../../src/mail/plan.ts';
import { capsOf } from '../../src/mail/timing.ts';
import type { Alert } from '../../src/model/alert.ts';
import { LEVELS } from '../../src/model/rule.ts';
import { DAY, HOUR, MINUTE } from '../../src/model/time.ts';
import { drive, FROM, INVENTORY, idOf, inShort, inventoryOf, NOON, stateOf } from './mailing.ts';

const inventory = inventoryOf();
const alertMails = (tasks: readonly MailTask[]) => tasks.filter(({ kind }) => kind === 'alert' || kind === 'several');
const times = (tasks: readonly MailTask[]) =>
  alertMails(tasks).map((task) => `${inShort([task])[0]} +${(task.nowMs - NOON) / MINUTE}`);

describe('a new alert', () => {
  it.each([
    ['critical', 0, ['first it 1 +0', 'first clerk 1 +0']],
    ['high', 2, ['first it 1 +2', 'first clerk 1 +2']],
    ['medium', 15, ['first it 1 +15']],
  ] as const)('that is %s waits %i minutes', (severity, wait, expected) => {
    const sent = drive(inventory).until(NOON, NOON + 29 * MINUTE, [stateOf(1, { severity })]);
    expect(times(sent)).toEqual(expected);
    expect(sent[0]!.nowMs).toBe(NOON + wait * MINUTE);
  });

  it.each([
    ['low', { severity: 'low' }],
    ['for the record', { severity: 'info' }],
    ['ordinary noise', { severity: 'high', verdict: { term: 'noise', basis: [] } }],
    ['a name alone', { severity: 'high', detection: 'W09' }],
    [
      'a denied scan',
      { severity: 'medium', detection: 'F01', categories: ['network'], outcome: 'refused', evidence: { packets: 999 } },
    ],
    [
      'probing that was all refused',
      { severity: 'medium', detection: 'W01', outcome: 'refused', evidence: { requests: 40 } },
    ],
  ] as [string, Partial<Alert>][])('that is %s is never mailed', (_, over) => {
    expect(alertMails(drive(inventory).until(NOON, NOON + 2 * DAY, [stateOf(1, over)]))).toEqual([]);
  });

  it.each([
    [
      'a denied scan of a thousand packets',
      {
        severity: 'medium',
        detection: 'F01',
        categories: ['network'],
        outcome: 'refused',
        evidence: { packets: 1000 },
      },
    ],
    [
      'a scan that was shared out and meant for us',
      { severity: 'medium', detection: 'F16', categories: ['network'], outcome: 'refused', evidence: { sources: 20 } },
    ],
    ['refused database text', { severity: 'medium', detection: 'W11', outcome: 'refused', evidence: { requests: 6 } }],
  ] as [string, Partial<Alert>][])('that is %s is mailed', (_, over) => {
    expect(times(drive(inventory).until(NOON, NOON + HOUR, [stateOf(1, over)]))).toEqual(['first it 1 +15']);
  });

  it('of an authorised scanner is mailed only for what is no scan, and only within the dates', () => {
    const own = inventoryOf(
      `${INVENTORY}authorized_scanners: [{name: Test, cidrs: [198.51.100.0/24], since: 2026-09-01, expires: 2026-09-30}]\n`,
    );
    const reason = (over: Partial<Alert>) => reasonForDigest(stateOf(1, over).alert, own);
    expect(reason({ detection: 'W03' })).toBe('an authorised scanner');
    expect(reason({ detection: 'W03', endMs: Date.UTC(2026, 9, 2) })).toBeNull();
    expect(reason({ detection: 'W11' })).toBeNull();
    expect(reasonForDigest(stateOf(1, { detection: 'W03' }).alert, inventory)).toBeNull();
  });

  it('of the same source joins the mail of the gravest', () => {
    const key = { kind: 'source', text: '198.51.100.9' } as const;
    const states = [stateOf(1, { key }), stateOf(2, { key, score: 95 }), stateOf(3, { key, severity: 'high' })];
    // the two that could wait until 15 minutes are over go along
    expect(times(drive(inventory).until(NOON, NOON + HOUR, states))).toEqual(['first it 3 2 1 +2', 'first clerk 3 +2']);
  });

  it('that was acknowledged, closed or suppressed before anybody was told is not mailed', () => {
    for (const status of ['ack', 'closed', 'suppressed', 'withdrawn'] as const) {
      expect(alertMails(drive(inventory).until(NOON, NOON + DAY, [stateOf(1, {}, { status })]))).toEqual([]);
    }
  });

  it('goes to the owner of the system where no route fits, and to nobody where there is neither', () => {
    const own = inventoryOf(INVENTORY.replace('  - {match: {severity: medium}, to: [it]}\n', ''));
    expect(times(drive(own).until(NOON, NOON + HOUR, [stateOf(1)]))).toEqual(['first it 1 +15']);
    expect(times(drive(own).until(NOON, NOON + HOUR, [stateOf(1, { asset: null })]))).toEqual([]);
  });
});

describe('an update', () => {
  const first = stateOf(1, { evidence: { requests: 20 } });
  const later = (over: Partial<Alert>, state: Partial<AlertState> = {}) =>
    stateOf(1, { evidence: { requests: 20 }, ...over }, { revision: 2, ...state });
  const afterFirst = () => {
    const driven = drive(inventory);
    driven.until(NOON, NOON + 20 * MINUTE, [first]);
    return driven;
  };

  it.each([
    ['graver', { severity: 'high' }, ['The severity rose from medium to high.']],
    ['answered for the first time', { outcome: 'answered' }, ['For the first time something was answered.']],
    ['about another system', { asset: { id: 'results', name: 'Results' } }, ['It now touches “Results”.']],
    ['ten times as much', { evidence: { requests: 200 } }, ['It grew from 20 to 200 tries.']],
  ] as [string, Partial<Alert>, string[]][])('comes when it is %s, an hour after the last mail', (_, over, changes) => {
    const driven = afterFirst();
    const sent = alertMails(driven.until(NOON + 21 * MINUTE, NOON + 90 * MINUTE, [later(over)])).filter(
      (task) => task.recipient.contact.id === 'it',
    );
    expect(times(sent)).toEqual(['update it 1 +75']);
    expect(sent.flatMap(itemsOf).map((item) => item.changes)).toEqual([changes]);
    expect(sent[0]).toMatchObject({ mailNumber: 2, root: driven.sent[0]!.messageId });
  });

  it('comes from another network of an aggregate, once', () => {
    const many = (n: number) => ({
      source: null,
      related: Array.from({ length: n }, (_, i) => `198.51.${i}.1`),
      evidence: { sources: 9 },
    });
    const driven = drive(inventory);
    driven.until(NOON, NOON + 20 * MINUTE, [stateOf(1, many(3))]);
    const sent = driven.until(NOON + 2 * HOUR, NOON + 4 * HOUR, [stateOf(1, many(5), { revision: 2 })]);
    expect(
      alertMails(sent)
        .flatMap(itemsOf)
        .flatMap((item) => item.changes),
    ).toEqual(['It now comes from 2 more networks.']);
  });

  it('does not come for anything else', () => {
    const driven = afterFirst();
    const same = later({ evidence: { requests: 199 }, score: 99, paths: ['/other'], endMs: NOON, summary: 'more' });
    const milder = later({ severity: 'low', outcome: 'refused' }, { revision: 3 });
    expect(alertMails(driven.until(NOON + 21 * MINUTE, NOON + DAY, [same]))).toEqual([]);
    expect(alertMails(driven.until(NOON + DAY, NOON + 2 * DAY, [milder]))).toEqual([]);
  });

  it('does not come twice for one revision, even if the alert was changed without a new one', () => {
    const driven = afterFirst();
    expect(
      alertMails(driven.until(NOON + 21 * MINUTE, NOON + DAY, [{ ...later({ outcome: 'answered' }), revision: 1 }])),
    ).toEqual([]);
  });

  it('after 15 minutes when it is critical', () => {
    const driven = afterFirst();
    const sent = driven.until(NOON + 16 * MINUTE, NOON + 59 * MINUTE, [later({ severity: 'critical' })]);
    expect(times(sent)).toEqual(['first clerk 1 +16', 'update it 1 +30']);
  });

  it('says once that the alert is closed, to those who know of it', () => {
    const driven = afterFirst();
    const closed = later({}, { status: 'closed' });
    expect(times(driven.until(NOON + 30 * MINUTE, NOON + 3 * DAY, [closed]))).toEqual(['closed it 1 +75']);
    expect(alertMails(driven.until(NOON + 3 * DAY, NOON + 4 * DAY, [{ ...closed, revision: 5 }]))).toEqual([]);
    const again = later({}, { revision: 6 });
    expect(alertMails(driven.until(NOON + 4 * DAY, NOON + 5 * DAY, [again])).flatMap(itemsOf)).toMatchObject([
      { kind: 'update', changes: ['This alert is open again.'] },
    ]);
  });

  it('of an alert that continues one of the day before comes only when it is graver than that', () => {
    const driven = afterFirst();
    const next = (over: Partial<Alert>, revision = 1) =>
      stateOf(2, { evidence: { requests: 20 }, ...over }, { continues: idOf(1), firstMs: NOON + DAY, revision });
    expect(alertMails(driven.until(NOON + DAY, NOON + 2 * DAY, [first, next({})]))).toEqual([]);
    const third = stateOf(
      3,
      { evidence: { requests: 20 }, outcome: 'answered' },
      { continues: idOf(2), firstMs: NOON + 2 * DAY },
    );
    const sent = alertMails(driven.until(NOON + 2 * DAY, NOON + 3 * DAY, [next({}), third]));
    expect(inShort(sent)).toEqual(['update it 3']);
    expect(sent[0]).toMatchObject({ root: driven.sent[0]!.messageId, mailNumber: 2 });
  });
});

describe('caps', () => {
  const many = (n: number, over: Partial<Alert> = {}, state: Partial<AlertState> = {}) =>
    Array.from({ length: n }, (_, i) => stateOf(i + 1, over, state));

  it('let one mail an hour pass that is not urgent; the others come together', () => {
    const sent = drive(inventory).until(NOON, NOON + 2 * HOUR, [
      stateOf(1),
      ...many(6)
        .slice(1)
        .map((s) => ({ ...s, firstMs: NOON + MINUTE })),
    ]);
    expect(times(sent)).toEqual(['first it 1 +15', 'several it 5 +75']);
  });

  it('keep a place for what is critical', () => {
    const driven = drive(inventory);
    driven.until(NOON, NOON + 20 * MINUTE, [stateOf(1)]);
    const critical = stateOf(2, { severity: 'critical' }, { firstMs: NOON + 21 * MINUTE });
    expect(times(driven.until(NOON + 21 * MINUTE, NOON + 22 * MINUTE, [stateOf(1), critical]))).toEqual([
      'first it 2 +21',
      'first clerk 2 +21',
    ]);
  });

  it('hold for what is critical as well: all of it in the last place, and what comes later as soon as one opens', () => {
    const driven = drive(inventory);
    const critical = (n: number, minute: number) =>
      stateOf(n, { severity: 'critical' }, { firstMs: NOON + minute * MINUTE });
    const states = [critical(1, 0)];
    driven.until(NOON, NOON + MINUTE - 1, states);
    states.push(critical(2, 1), critical(3, 1), critical(4, 1));
    driven.until(NOON + MINUTE, NOON + 2 * MINUTE - 1, states);
    states.push(critical(5, 2));
    driven.until(NOON + 2 * MINUTE, NOON + 2 * HOUR, states);
    const toIt = driven.sent.filter((t) => t.recipient.contact.id === 'it');
    expect(times(toIt)).toEqual(['first it 1 +0', 'several it 3 +1', 'first it 5 +60']);
  });

  it('hold for a day as well, and what waits then comes in one mail', () => {
    const driven = drive(
      inventoryOf(INVENTORY.replace('email: [it@', 'caps: {per_hour: 4, per_day: 3}, quiet_hours: none, email: [it@')),
    );
    const states: AlertState[] = [];
    for (let hour = 0; hour < 30; hour++) {
      states.push(stateOf(hour + 1, {}, { firstMs: NOON + hour * HOUR }));
      driven.until(NOON + hour * HOUR, NOON + (hour + 1) * HOUR - 1, states);
    }
    expect(times(driven.sent).slice(0, 4)).toEqual([
      'first it 1 +15',
      'first it 2 +75',
      'several it 23 +1455',
      'first it 26 +1515',
    ]);
  });

  it('are doubled while a window of an election is open', () => {
    const inWindow = Date.UTC(2026, 9, 30, 15);
    expect(capsOf(inventory.contacts.get('it')!, inventory.calendar, inWindow)).toEqual({ perHour: 4, perDay: 12 });
    const sent = drive(inventory).until(inWindow, inWindow + HOUR, many(4, {}, { firstMs: inWindow }));
    expect(inShort(alertMails(sent))).toEqual(['first it 1', 'first it 2', 'several it 2']);
  });
});

describe('quiet hours', () => {
  const night = Date.UTC(2026, 6, 15, 3); // 22:00 in Chicago
  it('hold everything back but what is critical, until they end', () => {
    const states = [
      stateOf(1, {}, { firstMs: night }),
      stateOf(2, { severity: 'high' }, { firstMs: night }),
      stateOf(3, { severity: 'critical' }, { firstMs: night }),
    ];
    const sent = alertMails(drive(inventory).until(night, night + 9 * HOUR, states)).filter(
      (t) => t.recipient.contact.id === 'it',
    );
    expect(sent.map((t) => [inShort([t])[0], new Date(t.nowMs).toISOString().slice(11, 16)])).toEqual([
      ['first it 3', '03:00'],
      ['several it 2', '11:00'],
    ]);
  });

  it('let what is high pass while a window of an election is open', () => {
    const late = Date.UTC(2026, 9, 31, 3); // 22:00, five days before the election
    const states = [stateOf(1, { severity: 'high' }, { firstMs: late }), stateOf(2, {}, { firstMs: late })];
    const sent = alertMails(drive(inventory).until(late, late + 9 * HOUR, states)).filter(
      (t) => t.recipient.contact.id === 'it',
    );
    expect(sent.map((t) => [inShort([t])[0], (t.nowMs - late) / MINUTE])).toEqual([
      ['first it 1', 2],
      ['first it 2', 8 * 60],
    ]);
  });

  it('are those of each recipient', () => {
    const own = inventoryOf(
      INVENTORY.replace('email: [it@', 'quiet_hours: "20:00-06:00", email: [it@').replace(
        'email: [clerk@',
        'quiet_hours: "17:00-09:30", timezone: America/New_York, email: [clerk@',
      ),
    );
    const sent = alertMails(
      drive(own).until(night, night + 12 * HOUR, [stateOf(1, { severity: 'high' }, { firstMs: night })]),
    );
    expect(sent.map((t) => [t.recipient.contact.id, new Date(t.nowMs).toISOString().slice(11, 16)])).toEqual([
      ['it', '11:00'],
      // an hour after the first mail, and never quiet
      ['state', '12:00'],
      ['clerk', '13:30'],
    ]);
  });

  it('end an hour earlier or later by UTC after a change of the clock', () => {
    const endOn = (year: number, month: number, day: number) => {
      const from = Date.UTC(year, month - 1, day, 4);
      const far = inventoryOf(INVENTORY.replace(/calendar:[\s\S]*$/, ''));
      const sent = alertMails(drive(far).until(from, from + 12 * HOUR, [stateOf(1, {}, { firstMs: from })]));
      return new Date(sent[0]!.nowMs).toISOString().slice(0, 16);
    };
    expect(endOn(2026, 3, 7)).toBe('2026-03-07T12:00');
    expect(endOn(2026, 3, 8)).toBe('2026-03-08T11:00');
    expect(endOn(2026, 10, 31)).toBe('2026-10-31T11:00');
    expect(endOn(2026, 11, 1)).toBe('2026-11-01T12:00');
  });
});

describe('a storm', () => {
  const storm = (n: number, over: (i: number) => Partial<Alert> = () => ({})) =>
    Array.from({ length: n }, (_, i) => stateOf(i + 1, over(i), { firstMs: NOON + Math.floor((i * 60_000) / n) }));

  it('of 500 alerts in a minute is one mail to each recipient, with all of them in it', () => {
    const states = storm(500, (i) => ({ severity: i % 100 === 0 ? 'critical' : i % 10 === 0 ? 'high' : 'medium' }));
    const driven = drive(inventory);
    // a worker looks every second while they arrive
    for (let second = 0; second <= 60; second++) {
      const ms = NOON + second * 1000;
      driven.at(
        ms,
        states.filter((s) => s.firstMs <= ms),
      );
    }
    const byRecipient = (id: string) => alertMails(driven.sent).filter((t) => t.recipient.contact.id === id);
    expect(byRecipient('it').length).toBeLessThanOrEqual(2);
    driven.until(NOON + 61_000, NOON + 3 * HOUR, states);
    const covered = new Set(
      byRecipient('it')
        .flatMap(itemsOf)
        .map((item) => item.state.alert.id),
    );
    expect(covered.size).toBe(500);
    expect(byRecipient('it').length).toBeLessThanOrEqual(4);
    expect(byRecipient('it').flatMap(itemsOf)).toHaveLength(500);
    expect(alertMails(driven.sent).some((t) => t.kind === 'several' && t.isStorm)).toBe(true);
  });

  it('begins with the 21st alert within ten minutes, not with the 20th', () => {
    const twenty = drive(inventory).at(NOON + 15 * MINUTE - 1, storm(20));
    expect(twenty).toEqual([]);
    const slow = Array.from({ length: 21 }, (_, i) => stateOf(i + 1, {}, { firstMs: NOON + i * 31_000 }));
    expect(
      alertMails(drive(inventory).at(NOON + 15 * MINUTE, slow)).some((t) => t.kind === 'several' && t.isStorm),
    ).toBe(false);
    // one critical alert among many makes the mail due at once
    const sentWith = (others: number) => {
      const critical = stateOf(99, { severity: 'critical' }, { firstMs: NOON });
      const states = Array.from({ length: others }, (_, i) => stateOf(i + 1, {}, { firstMs: NOON + i }));
      return drive(inventory).at(NOON + MINUTE, [...states, critical])[0]!;
    };
    expect(sentWith(19)).toMatchObject({ kind: 'alert' });
    expect(sentWith(20)).toMatchObject({ kind: 'several', isStorm: true });
    expect(itemsOf(sentWith(20))).toHaveLength(21);
  });
});

describe('escalation', () => {
  const high = (over: Partial<AlertState> = {}) => stateOf(1, { severity: 'high' }, over);

  it('tells the next contact when nobody acknowledged, and the one after', () => {
    // the clerk has a copy already, which says when to step in
    expect(times(drive(inventory).until(NOON, NOON + 3 * HOUR, [high()]))).toEqual([
      'first it 1 +2',
      'first clerk 1 +2',
      'escalation state 1 +62',
    ]);
  });

  it('comes after a third of the time while a window of an election is open', () => {
    const inWindow = Date.UTC(2026, 9, 30, 15);
    const sent = drive(inventory).until(inWindow, inWindow + HOUR, [high({ firstMs: inWindow })]);
    expect(alertMails(sent).map((t) => [inShort([t])[0], (t.nowMs - inWindow) / MINUTE])).toContainEqual([
      'escalation state 1',
      22,
    ]);
  });

  it('stops with an acknowledgement, and never comes for what is medium', () => {
    const driven = drive(inventory);
    driven.until(NOON, NOON + 30 * MINUTE, [high()]);
    expect(alertMails(driven.until(NOON + 31 * MINUTE, NOON + DAY, [high({ status: 'ack', revision: 2 })]))).toEqual(
      [],
    );
    expect(inShort(alertMails(drive(inventory).until(NOON, NOON + DAY, [stateOf(1)])))).toEqual(['first it 1']);
  });
});

describe('what finds no place', () => {
  const setting = { inventory, senderAddress: FROM };
  const critical = (n: number, minutes: number) =>
    stateOf(n, { severity: 'critical' }, { firstMs: NOON + minutes * MINUTE });

  it('is told with its number, its gravest and when a place opens; nothing is once it is mailed', () => {
    const driven = drive(inventory);
    driven.at(NOON, [critical(1, 0)]);
    driven.at(NOON + 5 * MINUTE, [critical(1, 0), critical(2, 5)]);
    const states = [critical(1, 0), critical(2, 5), critical(3, 10), stateOf(4, {}, { firstMs: NOON })];
    const now = NOON + 20 * MINUTE;
    const held = planMails(states, driven.memory, setting, now);
    expect(alertMails(held.tasks)).toEqual([]);
    expect(held.held).toEqual({ alerts: 2, worst: 'critical', opensMs: NOON + HOUR });
    const then = planMails(states, held.memory, setting, NOON + HOUR);
    expect(inShort(alertMails(then.tasks))).toEqual(['first it 3', 'first clerk 3', 'escalation state 1']);
    // one place is kept for what is urgent: the other alert has one when both mails are an hour old
    expect(then.held).toEqual({ alerts: 1, worst: 'medium', opensMs: NOON + 2 * HOUR });
    const handled = states.map((state) => ({ ...state, status: 'ack' as const, revision: 2 }));
    expect(planMails(handled, then.memory, setting, NOON + HOUR + MINUTE).held).toBeNull();
  });

  it('is not what only waits for its time', () => {
    expect(planMails([stateOf(1)], emptyMemory(), setting, NOON + MINUTE).held).toBeNull();
  });
});

describe('digests', () => {
  const digests = (tasks: readonly MailTask[]) => tasks.filter((t) => t.kind === 'digest');
  const local = (task: MailTask) =>
    new Intl.DateTimeFormat('en-GB', {
      timeZone: 'America/Chicago',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    }).format(task.nowMs);

  it('come on Mondays at 07:30 far from an election, daily near one, in local time', () => {
    const far = digests(drive(inventory).until(NOON, NOON + 15 * DAY, [])).filter(
      (t) => t.recipient.contact.id === 'it',
    );
    expect(far.map(local)).toEqual(['Mon 07:30', 'Mon 07:30']);
    const season = Date.UTC(2026, 9, 30, 15);
    const near = digests(drive(inventory).until(season, season + 4 * DAY, [])).filter(
      (t) => t.recipient.contact.id === 'it',
    );
    expect(near.map(local)).toEqual(['Sat 07:30', 'Sun 07:30', 'Mon 07:30', 'Tue 07:30']);
    // 31 October and 1 November lie on both sides of the change of the clock
    expect(near.map((t) => new Date(t.nowMs).getUTCHours())).toEqual([12, 13, 13, 13]);
  });

  it('hold every alert that is new since the last, mailed or not, and those still open', () => {
    const driven = drive(inventory);
    const states = [stateOf(1), stateOf(2, { severity: 'low' }), stateOf(3, { severity: 'high' }, { status: 'ack' })];
    driven.until(NOON, NOON + 7 * DAY, states);
    const [digest] = digests(driven.sent).filter((t) => t.recipient.contact.id === 'it');
    expect(digest).toMatchObject({ kind: 'digest', mails: 1 });
    const told = digest as MailTask & { kind: 'digest' };
    expect(told.fresh.map((s) => s.alert.id)).toEqual([idOf(3), idOf(1), idOf(2)]);
    expect(told.open.map((s) => s.alert.id)).toEqual([idOf(1)]);
    const next = digests(driven.until(NOON + 7 * DAY, NOON + 14 * DAY, states)).at(-1) as typeof told;
    expect(next.fresh).toEqual([]);
  });

  it('come once after a long pause', () => {
    const driven = drive(inventory);
    driven.at(NOON, []);
    expect(digests(driven.at(NOON + 30 * DAY, [])).filter((t) => t.recipient.contact.id === 'it')).toHaveLength(1);
    expect(digests(driven.at(NOON + 30 * DAY + MINUTE, []))).toEqual([]);
  });

  it('are replaced by a sign of life each week for those who want none', () => {
    const sent = drive(inventory)
      .until(NOON, NOON + 15 * DAY, [])
      .filter((t) => t.recipient.contact.id === 'state');
    expect(sent.map((t) => [t.kind, (t.nowMs - NOON) / DAY])).toEqual([
      ['heartbeat', 7],
      ['heartbeat', 14],
    ]);
  });
});

describe('whatever happens', () => {
  interface Step {
    afterMs: number;
    change: (states: AlertState[], nowMs: number) => void;
  }
  const severity = fc.constantFrom(...LEVELS);
  const step: fc.Arbitrary<Step> = fc.record({
    afterMs: fc.oneof(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 0, max: 6 * HOUR })),
    change: fc.oneof(
      fc
        .record({
          count: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.integer({ min: 20, max: 40 })),
          severity,
          outcome: fc.constantFrom('tried' as const, 'refused' as const, 'answered' as const),
          source: fc.integer({ min: 1, max: 5 }),
          night: fc.constantFrom<Partial<Alert>>(
            {},
            { window: { electionId: 'gen-2026', phase: 'results', night: 'gen-2026' } },
          ),
        })
        .map(({ count, severity: level, outcome, source, night }) => (states: AlertState[], nowMs: number) => {
          for (let i = 0; i < count; i++) {
            const n = states.length + 1;
            const over: Partial<Alert> =
              count > 3 ? {} : { key: { kind: 'source', text: `192.0.2.${source}` }, ...night };
            states.push(stateOf(n, { severity: level, outcome, ...over }, { firstMs: nowMs }));
          }
        }),
      fc
        .record({
          at: fc.nat(),
          severity,
          hits: fc.integer({ min: 1, max: 100_000 }),
          status: fc.constantFrom('new' as const, 'new' as const, 'ack' as const, 'closed' as const),
        })
        .map(({ at, severity: level, hits, status }) => (states: AlertState[]) => {
          const i = states.length === 0 ? -1 : at % states.length;
          const old = states[i];
          if (old === undefined || old.status === 'closed') return;
          states[i] = {
            ...old,
            revision: old.revision + 1,
            status,
            alert: { ...old.alert, severity: level, evidence: { requests: hits } },
          };
        }),
    ),
  });
  const start = fc.constantFrom(NOON, Date.UTC(2026, 9, 31, 20), Date.UTC(2026, 2, 7, 20));

  it('nobody is told twice of one revision, nobody gets more than the cap, and the same input plans the same', () => {
    fc.assert(
      fc.property(start, fc.array(step, { minLength: 1, maxLength: 25 }), (startMs, steps) => {
        const driven = drive(inventory);
        const states: AlertState[] = [];
        let now = startMs;
        for (const { afterMs, change } of steps) {
          driven.until(now, now + afterMs, states);
          now += afterMs;
          change(states, now);
          // the same look twice from the same memory, and in another order, plans the same
          const setting = { inventory, senderAddress: FROM };
          expect(planMails(states.toReversed(), driven.memory, setting, now)).toEqual(
            planMails(states, driven.memory, setting, now),
          );
        }
        driven.until(now, now + 2 * DAY, states);
        const seen = new Set<string>();
        for (const task of driven.sent) {
          for (const { state } of itemsOf(task)) {
            const row = `${state.alert.id} ${task.recipient.address} ${state.revision}`;
            expect(seen.has(row)).toBe(false);
            seen.add(row);
          }
        }
        expect(new Set(driven.sent.map(({ id }) => id)).size).toBe(driven.sent.length);
        expect(new Set(driven.sent.map(({ messageId }) => messageId)).size).toBe(driven.sent.length);
        for (const contact of inventory.contacts.values()) {
          const sent = alertMails(driven.sent)
            .filter((t) => t.recipient.contact === contact)
            .map((t) => t.nowMs);
          for (const ms of sent) {
            const caps = capsOf(contact, inventory.calendar, ms);
            expect(sent.filter((other) => other > ms - HOUR && other <= ms).length).toBeLessThanOrEqual(caps.perHour);
            expect(sent.filter((other) => other > ms - DAY && other <= ms).length).toBeLessThanOrEqual(caps.perDay);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('everything that deserves a mail is told to everybody who is to be told, and everything else stands in a digest', () => {
    fc.assert(
      fc.property(start, fc.array(step, { minLength: 1, maxLength: 20 }), (startMs, steps) => {
        const driven = drive(inventory);
        const states: AlertState[] = [];
        let now = startMs;
        for (const { afterMs, change } of steps) {
          driven.until(now, now + afterMs, states);
          now += afterMs;
          change(states, now);
        }
        driven.until(now, now + 10 * DAY, states);
        const toldIt = (id: string) =>
          driven.sent.filter((t) => t.recipient.contact.id === 'it' && itemsOf(t).some((i) => i.state.alert.id === id));
        const inDigest = new Set(
          driven.sent.flatMap((t) =>
            t.kind === 'digest' && t.recipient.contact.id === 'it' ? t.fresh.map((s) => s.alert.id) : [],
          ),
        );
        for (const { alert, status } of states) {
          if (status === 'new' && reasonForDigest(alert, inventory) === null)
            expect(toldIt(alert.id).length).toBeGreaterThan(0);
          expect(inDigest.has(alert.id)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('a planner that dies before its commit plans the same again', () => {
    const states = [stateOf(1, { severity: 'critical' }), stateOf(2)];
    const setting = { inventory, senderAddress: FROM };
    const lost = planMails(states, emptyMemory(), setting, NOON);
    expect(planMails(states, emptyMemory(), setting, NOON)).toEqual(lost);
    expect(lost.tasks).toHaveLength(2);
    // later it plans the same mails, with the same ids
    const later = planMails(states, emptyMemory(), setting, NOON + 5000);
    expect(later.tasks.map(({ id, messageId }) => [id, messageId])).toEqual(
      lost.tasks.map(({ id, messageId }) => [id, messageId]),
    );
  });

  it('the memory stays small: what is over is forgotten', () => {
    const driven = drive(inventory);
    const states = Array.from({ length: 300 }, (_, i) => stateOf(i + 1, {}, { status: 'new' }));
    driven.until(NOON, NOON + DAY, states);
    expect(Object.keys(driven.memory.alerts)).toHaveLength(300);
    driven.at(NOON + 10 * DAY, []);
    expect(Object.keys(driven.memory.alerts)).toHaveLength(0);
    expect(driven.memory.recipients['it@county.example.gov']!.sentMs).toEqual([]);
  });
});
