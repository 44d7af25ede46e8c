/**
 * Alerts that are due to be mailed and find no place among the most mails of an hour and a day (or wait for the next summary of
 * a storm): how many, how grave, and when the next place opens. Who watches an installation sees by it that somebody is not
 * told yet, though no mail waits in the outbox.
 */
import { LEVELS, type Level } from '../model/rule.ts';
import { itemsOf, type MailTask } from './mail-task.ts';
import { opensMs, type Turn } from './turn.ts';

/** One alert that one recipient is still to be told of. */
export interface HeldItem {
  readonly alertId: string;
  readonly severity: Level;
  /** when a place opens for it, Unix ms */
  readonly opensMs: number;
}

/** What is held back, of all recipients. */
export interface HeldAlerts {
  /** different alerts, 1 and above */
  readonly alerts: number;
  readonly worst: Level;
  /** when the first of the gravest may be mailed, Unix ms */
  readonly opensMs: number;
}

/** What is due in a turn and could go if there were a place; `planned` are its mails about alerts. */
export function heldIn(turn: Turn, planned: readonly MailTask[]): HeldItem[] {
  const { look, recipient, pending } = turn;
  const gone = new Set(planned.flatMap(itemsOf).map(({ state }) => state.alert.id));
  return pending
    .filter(({ dueMs, level }) => dueMs <= look.nowMs && look.freeAt(recipient.contact, level) <= look.nowMs)
    .filter(({ state }) => !gone.has(state.alert.id))
    .map(({ state, isUrgent }) => {
      const { id: alertId, severity } = state.alert;
      return { alertId, severity, opensMs: opensMs(isUrgent, turn) };
    });
}

/** Sums up what is held back; null = nothing is. */
export function heldOf(items: readonly HeldItem[]): HeldAlerts | null {
  if (items.length === 0) return null;
  const rank = ({ severity }: HeldItem) => LEVELS.indexOf(severity);
  const worst = items.reduce((a, b) => (rank(b) > rank(a) ? b : a)).severity;
  return {
    alerts: new Set(items.map(({ alertId }) => alertId)).size,
    worst,
    opensMs: Math.min(...items.filter(({ severity }) => severity === worst).map(({ opensMs }) => opensMs)),
  };
}
