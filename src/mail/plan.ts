/**
 * Who is to be mailed what, now: alerts with their revisions, a clock instant, the inventory and the memory of what was
 * sent go in; tasks, the new memory and the next instant worth a look come out. A pure state machine: the same input plans
 * the same mails, so a planner that dies before its commit does no harm. Nothing that deserves a mail is dropped: what finds
 * no place is told together with others as soon as there is one.
 *
 *   look (how all stands) → a turn for each recipient (what is still to be told) → ordinary mails or one of a storm → digest
 */
import { type HeldAlerts, type HeldItem, heldIn, heldOf } from './held.ts';
import { lookAt, type PlanSetting } from './look.ts';
import type { MailTask } from './mail-task.ts';
import type { AlertState } from './mailable.ts';
import { type MailMemory, prune } from './memory.ts';
import { ordinaryMails } from './ordinary-mails.ts';
import { recipientsOf } from './recipients.ts';
import { regularMails } from './regular-mails.ts';
import { stormMails } from './storm.ts';
import { nextWindowChange } from './timing.ts';
import { turnOf } from './turn.ts';

export interface Plan {
  readonly tasks: readonly MailTask[];
  readonly memory: MailMemory;
  /** when there may be something to do again, or null when only a new alert can bring it */
  readonly nextMs: number | null;
  /** what is due and finds no place; null = nothing */
  readonly held: HeldAlerts | null;
}

/** Plans everything that is due at `nowMs`. `states` are the alerts as they stand, in any order, each once. */
export function planMails(
  states: readonly AlertState[],
  before: MailMemory,
  setting: PlanSetting,
  nowMs: number,
): Plan {
  const { inventory } = setting;
  const look = lookAt(states, before, setting, nowMs);
  const recipients = recipientsOf(inventory);
  const tasks: MailTask[] = [];
  const held: HeldItem[] = [];
  for (const recipient of recipients) {
    const turn = turnOf(recipient, look);
    const planned = look.isStorm ? stormMails(turn) : ordinaryMails(turn);
    held.push(...heldIn(turn, planned));
    tasks.push(...planned, ...regularMails(turn));
  }
  const { memory } = look;
  look.wakeAt(memory.stormUntilMs);
  const windowMs = nextWindowChange(inventory.calendar, nowMs);
  if (windowMs !== null) look.wakeAt(windowMs);
  prune(memory, new Set(states.map(({ alert }) => alert.id)), new Set(recipients.map((r) => r.address)), nowMs);
  return { tasks, memory, nextMs: look.nextMs, held: heldOf(held) };
}
