/**
 * The turn of one recipient in a look of the planner: what is still to be told, which places are free for it, and what is
 * noted when mails were planned.
 */

import { DAY } from '../model/time.ts';
import type { Recipient } from './envelope.ts';
import type { Look } from './look.ts';
import { itemsOf, type MailTask } from './mail-task.ts';
import { noteTold, type RecipientMemory } from './memory.ts';
import { noteNights } from './night.ts';
import { allPending, type Pending } from './pending.ts';
import { capsOf, type Places, placesAt, UPDATE_SPACING_MS } from './timing.ts';

/** The first digest of a recipient goes so far back: what was found before anybody was listed is told as well. */
const FIRST_DIGEST_MS = 7 * DAY;

export interface Turn {
  readonly look: Look;
  readonly recipient: Recipient;
  /** when the recipient was mailed; changes as mails are planned */
  readonly mailed: RecipientMemory;
  /** all that the recipient is still to be told, gravest first, and from when on */
  readonly pending: readonly Pending[];
}

/** Begins the turn of a recipient, who is remembered from now on. */
export function turnOf(recipient: Recipient, look: Look): Turn {
  const { memory, nowMs } = look;
  memory.recipients[recipient.address] ??= newRecipient(nowMs);
  return { look, recipient, mailed: memory.recipients[recipient.address]!, pending: allPending(recipient, look) };
}

/** Mails that may go to the recipient now, by the most of an hour and a day. */
export function placesFor({ look, recipient, mailed }: Turn): Places {
  const { nowMs, setting } = look;
  return placesAt(mailed.sentMs, capsOf(recipient.contact, setting.inventory.calendar, nowMs), nowMs);
}

/** When there is a place for another mail to the recipient; in a storm not soon after its last summary. */
export function opensMs(isUrgent: boolean, turn: Turn): number {
  const { look, mailed } = turn;
  const places = placesFor(turn);
  const stormMs = look.isStorm ? mailed.stormMs + UPDATE_SPACING_MS[isUrgent ? 'critical' : 'high'] : 0;
  return Math.max(stormMs, isUrgent ? places.urgentOpensMs : places.ordinaryOpensMs);
}

/** What is due and not held back by quiet hours; for the rest another look is asked for: not before a place opens. */
export function readyIn(turn: Turn): Pending[] {
  const { look, recipient, pending } = turn;
  const opens = { urgent: opensMs(true, turn), ordinary: opensMs(false, turn) };
  return pending.filter(({ dueMs, level, isUrgent }) => {
    const freeMs = dueMs > look.nowMs ? dueMs : look.freeAt(recipient.contact, level);
    look.wakeAt(Math.max(freeMs, isUrgent ? opens.urgent : opens.ordinary));
    return freeMs <= look.nowMs;
  });
}

/** Notes mails as sent; hands them back. */
export function noteMailed(tasks: MailTask[], { look, recipient, mailed }: Turn): MailTask[] {
  const { memory, nowMs } = look;
  for (const task of tasks) {
    const states = itemsOf(task).map(({ state }) => state);
    const root = task.kind === 'alert' ? (task.root ?? task.messageId) : task.messageId;
    for (const state of states) noteTold(memory, state, recipient.address, root, nowMs);
    noteNights(memory, states, recipient.address, root, nowMs);
    mailed.sentMs.push(nowMs);
    mailed.digestMails++;
    mailed.anyMs = nowMs;
  }
  return tasks;
}

function newRecipient(nowMs: number): RecipientMemory {
  return { sentMs: [], digestMs: nowMs, countedMs: nowMs - FIRST_DIGEST_MS, digestMails: 0, anyMs: nowMs, stormMs: 0 };
}
