/**
 * What must hold of the planner whatever happens: nothing lost, nothing twice, never above the most of an hour and a day; and
 * that a planner which dies plans the same again.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemsOf } from '../../src/mail/mail-task.ts';
import type { AlertState } from '../../src/mail/mailable.ts';
import { reasonForDigest } from '../../src/mail/mailable.ts';
import { emptyMemory } from '../../src/mail/memory.ts';
import { planMails } from '../../src/mail/plan.ts';
import { capsOf } from '../../src/mail/timing.ts';
import type { Alert } from '../../src/model/alert.ts';
import { LEVELS } from '../../src/model/rule.ts';
import { DAY, HOUR } from '../../src/model/time.ts';
import { alertMails, drive, FROM, inventoryOf, NOON, stateOf } from './mailing.ts';

const inventory = inventoryOf();

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
