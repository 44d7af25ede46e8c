/**
 * A storm: so many alerts at once that a mail for each would bury them. One mail tells all of them, also those that could
 * still wait, and the next one does not come soon.
 */
import { type MailTask, severalMail } from './mail-task.ts';
import type { AlertState } from './mailable.ts';
import type { MailMemory } from './memory.ts';
import { STORM_ALERTS, STORM_SPAN_MS } from './timing.ts';
import { noteMailed, opensMs, readyIn, type Turn } from './turn.ts';

/** Whether there is a storm; notes how long it lasts. `mailed` are the alerts that are mailed one by one to somebody. */
export function noteStorm(memory: MailMemory, mailed: readonly AlertState[], nowMs: number): boolean {
  const young = mailed.filter(({ firstMs }) => firstMs > nowMs - STORM_SPAN_MS && firstMs <= nowMs);
  if (young.length > STORM_ALERTS) memory.stormUntilMs = nowMs + STORM_SPAN_MS;
  return nowMs < memory.stormUntilMs;
}

/** Plans one mail as soon as anything is ready in a turn and there is a place. */
export function stormMails(turn: Turn): MailTask[] {
  const { look, recipient, mailed, pending } = turn;
  const ready = readyIn(turn);
  if (ready.length === 0) return [];
  const opens = opensMs(
    ready.some(({ isUrgent }) => isUrgent),
    turn,
  );
  if (opens > look.nowMs) {
    look.wakeAt(opens);
    return [];
  }
  mailed.stormMs = look.nowMs;
  const items = pending.filter(
    ({ kind, dueMs, level }) =>
      (kind !== 'escalation' || dueMs <= look.nowMs) && look.freeAt(recipient.contact, level) <= look.nowMs,
  );
  return noteMailed([severalMail(items, recipient, look, true)], turn);
}
