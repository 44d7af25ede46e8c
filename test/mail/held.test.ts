/**
 * What is due and finds no place is told with its number and its gravest.
 */
import { describe, expect, it } from 'vitest';
import { emptyMemory } from '../../src/mail/memory.ts';
import { planMails } from '../../src/mail/plan.ts';
import { HOUR, MINUTE } from '../../src/model/time.ts';
import { alertMails, drive, FROM, inShort, inventoryOf, NOON, stateOf } from './mailing.ts';

const inventory = inventoryOf();

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
