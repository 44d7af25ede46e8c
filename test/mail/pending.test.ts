/**
 * What a recipient is told of an alert and when: a first mail after a wait, updates only of news, escalation when nobody
 * answers.
 */
import { describe, expect, it } from 'vitest';
import { itemsOf } from '../../src/mail/mail-task.ts';
import type { AlertState } from '../../src/mail/mailable.ts';
import { reasonForDigest } from '../../src/mail/mailable.ts';
import type { Alert } from '../../src/model/alert.ts';
import { DAY, HOUR, MINUTE } from '../../src/model/time.ts';
import { alertMails, drive, INVENTORY, idOf, inShort, inventoryOf, NOON, stateOf, times } from './mailing.ts';

const inventory = inventoryOf();

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
