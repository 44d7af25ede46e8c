/**
 * Many alerts in a mail: how many of each severity, and a line each, gravest first, up to a bound.
 */
import { compareAlerts } from '../alerts/alert-order.ts';
import { SEVERITY_WORDS } from '../alerts/caveat.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import type { Section } from './letter.ts';
import type { AlertState } from './mailable.ts';
import { alertLineIn } from './message.ts';

/** Told in full: the first screen of anything has at most five things (law 6). */
export const STORIES_MAX = 5;
/** Told in a line each. */
export const LINES_MAX = 100;

/** "Critical: 2", for each severity that there is, gravest first. */
export function countsBySeverity(states: readonly AlertState[]): string[] {
  const counts = new Map<Level, number>();
  for (const { alert } of states) counts.set(alert.severity, (counts.get(alert.severity) ?? 0) + 1);
  return LEVELS.toReversed()
    .filter((level) => counts.has(level))
    .map((level) => `${SEVERITY_WORDS[level]}: ${counts.get(level)!.toLocaleString('en-US')}`);
}

/** A line each, gravest first, with what else is said of each. */
export function listOf(
  states: readonly AlertState[],
  what: string,
  zone: string,
  most: number,
  words: (state: AlertState) => string,
): Section['parts'] {
  const sorted = [...states].sort((a, b) => compareAlerts(a.alert, b.alert));
  const more = sorted.length - most;
  return [
    {
      list: sorted.slice(0, most).map((state) => `${alertLineIn(state.alert, zone)}${words(state)}`),
      ordered: false,
    },
    ...(more > 0 ? [`And ${more.toLocaleString('en-US')} more ${what}.`] : []),
  ];
}
