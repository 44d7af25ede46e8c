/** The form in which law 1 compares the alerts of two runs. */
import type { Alert } from '../../src/model/alert.ts';

/**
 * The form in which two runs over the same lines are compared: all of the alert except what the run and not the lines
 * decide (names and offsets of origins), keys sorted, evidence in the order of time and text. JSON text.
 */
export function canonicalAlert(alert: Alert): string {
  const lines = alert.lines
    .map(({ timeMs, text, matched }) => ({ timeMs, text, matched }))
    .sort((a, b) => a.timeMs - b.timeMs || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return JSON.stringify(sortKeys({ ...alert, lines }));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const sorted: [string, unknown][] = Object.entries(value).map(([key, item]) => [key, sortKeys(item)]);
  sorted.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return Object.fromEntries(sorted);
}
