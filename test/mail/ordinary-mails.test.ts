/**
 * Mails about alerts within the most of an hour and a day: what is urgent first, and nothing dropped.
 */
import { describe, expect, it } from 'vitest';
import type { AlertState } from '../../src/mail/mailable.ts';
import { capsOf } from '../../src/mail/timing.ts';
import type { Alert } from '../../src/model/alert.ts';
import { HOUR, MINUTE } from '../../src/model/time.ts';
import { alertMails, drive, INVENTORY, inShort, inventoryOf, NOON, stateOf, times } from './mailing.ts';

const inventory = inventoryOf();

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
