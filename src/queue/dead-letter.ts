/**
 * What stands in Redis about something that was given up: why, and when. The reason may hold text that an attacker wrote;
 * it is kept short here and escaped where it is shown.
 */

/** Longest reason that is kept, in characters. */
const REASON_LENGTH_MAX = 500;

/** JSON of a dead letter: the reason, the Unix ms of now, and what else is worth knowing. */
export function deadLetter(reason: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ reason: reason.slice(0, REASON_LENGTH_MAX).toWellFormed(), at: Date.now(), ...more });
}
