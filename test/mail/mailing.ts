/**
 * A county's inventory for mail, alerts as the planner gets them, and a clock that jumps from one instant worth a look to
 * the next. Addresses are those for documentation.
 */
import { parseInventory } from '../../src/config/inventory.ts';
import type { Sender } from '../../src/mail/envelope.ts';
import type { MailTask } from '../../src/mail/mail-task.ts';
import type { AlertState } from '../../src/mail/mailable.ts';
import { emptyMemory, type MailMemory } from '../../src/mail/memory.ts';
import { planMails } from '../../src/mail/plan.ts';
import type { Alert } from '../../src/model/alert.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { MINUTE } from '../../src/model/time.ts';
import { alert } from '../sinks/fixtures.ts';

export const FROM = 'pollwatch@county.example.gov';
export const NOON = Date.UTC(2026, 6, 14, 17); // a Tuesday, noon in Chicago, months from an election

export const INVENTORY = `version: 1
organization: {id: us-xx-example, name: Example County Elections, timezone: America/Chicago}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, hosts: [voterlookup.example.gov], owner: it}
contacts:
  it: {name: County IT on call, email: [it@county.example.gov], phone: "+1-555-0100", verified: 2026-07-01}
  clerk: {name: County clerk, email: [clerk@county.example.gov], phone: "+1-555-0101", plain_language: true, verified: 2026-07-01}
  state: {name: State election SOC, email: [soc@state.example.gov], phone: "+1-555-0199", quiet_hours: none, digest: none, verified: 2026-07-01}
routing:
  - {match: {severity: ">=high"}, to: [it], cc: [clerk]}
  - {match: {severity: medium}, to: [it]}
escalation:
  - {after_minutes: 30, to: [clerk]}
  - {after_minutes: 60, to: [state]}
calendar:
  - {id: gen-2026, election_day: 2026-11-03}
`;

export function inventoryOf(text = INVENTORY): Inventory {
  return parseInventory(text, 'inventory.yaml');
}

export function senderOf(inventory: Inventory, redirectTo: string | null = null): Sender {
  return { inventory, address: FROM, redirectTo };
}

/** 32 hex characters of a number. */
export function idOf(n: number): string {
  // the first eight are what people read out
  return n.toString(16).padStart(8, '0') + n.toString(16).padStart(24, '0');
}

/** An alert as it stands; number `n` has an id and a source of its own. */
export function stateOf(
  n: number,
  over: Partial<Alert> = {},
  state: Partial<Omit<AlertState, 'alert'>> = {},
): AlertState {
  const ip = `198.51.${100 + (n >> 8)}.${n & 255}`;
  const base = alert();
  return {
    alert: {
      ...base,
      id: idOf(n),
      severity: 'medium',
      outcome: 'tried',
      key: { kind: 'source', text: ip },
      source: { ...base.source!, ip, key: ip, addresses: [ip] },
      ...over,
    },
    revision: 1,
    status: 'new',
    continues: null,
    firstMs: NOON,
    ...state,
  };
}

/** A planner with its memory, driven by instants. */
export interface Driven {
  memory: MailMemory;
  /** every task so far, in order */
  sent: MailTask[];
  /** plans at an instant with the alerts as they stand; hands back what was planned */
  at(ms: number, states: readonly AlertState[]): MailTask[];
  /** goes from look to look until `toMs`, as a worker does; hands back what was planned on the way */
  until(fromMs: number, toMs: number, states: readonly AlertState[]): MailTask[];
}

export function drive(inventory: Inventory): Driven {
  const driven: Driven & { nextMs: number | null } = {
    memory: emptyMemory(),
    sent: [],
    nextMs: null,
    at(ms, states) {
      const { tasks, memory, nextMs } = planMails(states, driven.memory, { inventory, senderAddress: FROM }, ms);
      // what stands in the state's commit is JSON
      driven.memory = JSON.parse(JSON.stringify(memory)) as MailMemory;
      driven.nextMs = nextMs;
      driven.sent.push(...tasks);
      return [...tasks];
    },
    until(fromMs, toMs, states) {
      const all = driven.at(fromMs, states);
      for (let looks = 0; driven.nextMs !== null && driven.nextMs <= toMs; looks++) {
        if (looks > 100_000) throw new Error('the planner asks to be looked at without end');
        all.push(...driven.at(driven.nextMs, states));
      }
      return all;
    },
  };
  return driven;
}

/** "alert first it 00000001" of each mail: kind, why, recipient, alerts. */
export function inShort(tasks: readonly MailTask[]): string[] {
  return tasks.map((task) => {
    const who = task.recipient.contact.id;
    switch (task.kind) {
      case 'alert':
        return [
          task.lead.kind,
          who,
          ...[task.lead, ...task.also].map((i) => Number.parseInt(i.state.alert.id.slice(0, 8), 16)),
        ].join(' ');
      case 'several':
        return [task.isStorm ? 'storm' : 'several', who, task.items.length].join(' ');
      default:
        return `${task.kind} ${who}`;
    }
  });
}

/** The mails about alerts among all. */
export function alertMails(tasks: readonly MailTask[]): MailTask[] {
  return tasks.filter(({ kind }) => kind === 'alert' || kind === 'several');
}

/** Mails about alerts in short, with the minutes since NOON. */
export function times(tasks: readonly MailTask[]): string[] {
  return alertMails(tasks).map((task) => `${inShort([task])[0]} +${(task.nowMs - NOON) / MINUTE}`);
}
