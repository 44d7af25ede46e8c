/**
 * One look of the planner at how alerts stand: what all steps of planning read, and the memory that they write. When somebody
 * may be mailed for quiet hours, and when the planner wants to look again.
 */
import { compareAlerts } from '../alerts/alert-order.ts';
import type { Contact } from '../model/contact.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Level } from '../model/rule.ts';
import { type AlertState, isMailed } from './mailable.ts';
import { copyMemory, inherit, type MailMemory } from './memory.ts';
import { noteStorm } from './storm.ts';
import { quietUntil } from './timing.ts';

/** Mails are planned with these. */
export interface PlanSetting {
  readonly inventory: Inventory;
  /** address that mails come from; its domain stands in message ids */
  readonly senderAddress: string;
  /** who gets digests gets one now, whenever the next is due: to be looked at beforehand */
  readonly areDigestsDue?: boolean;
}

export interface Look {
  readonly nowMs: number;
  readonly setting: PlanSetting;
  /** gravest first */
  readonly states: readonly AlertState[];
  /** ids of alerts that are mailed one by one to somebody and that nobody has marked as handled */
  readonly deserving: ReadonlySet<string>;
  /** what was told; changes as mails are planned */
  readonly memory: MailMemory;
  readonly isStorm: boolean;
  /** When quiet hours let a contact be mailed about something of a severity: now, or later. */
  freeAt(contact: Contact, level: Level): number;
  /** Asks for another look; for one that is past or now nothing is asked. */
  wakeAt(ms: number): void;
  /** the earliest look that was asked for, or null */
  readonly nextMs: number | null;
}

/** Looks at alerts, each once and in any order, from what was told before; `before` is not changed. */
export function lookAt(states: readonly AlertState[], before: MailMemory, setting: PlanSetting, nowMs: number): Look {
  const { inventory } = setting;
  const memory = copyMemory(before);
  const sorted = [...states].sort((a, b) => compareAlerts(a.alert, b.alert));
  for (const state of sorted) inherit(memory, state, nowMs);
  const mailed = sorted.filter(({ alert, status }) => status === 'new' && isMailed(alert, inventory));
  // asked for each alert, and the same for all of a severity
  const free = new Map<string, number>();
  let wake = Number.POSITIVE_INFINITY;
  return {
    nowMs,
    setting,
    states: sorted,
    deserving: new Set(mailed.map(({ alert }) => alert.id)),
    memory,
    isStorm: noteStorm(memory, mailed, nowMs),
    freeAt(contact, level) {
      const name = `${level} ${contact.id}`;
      const ms = free.get(name) ?? quietUntil(contact, level, inventory.calendar, nowMs);
      free.set(name, ms);
      return ms;
    },
    wakeAt(ms) {
      if (ms > nowMs && ms < wake) wake = ms;
    },
    get nextMs() {
      return wake === Number.POSITIVE_INFINITY ? null : wake;
    },
  };
}
