/**
 * Many alerts at once: one mail tells all of them.
 */
import { describe, expect, it } from 'vitest';
import { itemsOf } from '../../src/mail/mail-task.ts';
import type { Alert } from '../../src/model/alert.ts';
import { HOUR, MINUTE } from '../../src/model/time.ts';
import { alertMails, drive, inventoryOf, NOON, stateOf } from './mailing.ts';

const inventory = inventoryOf();

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
