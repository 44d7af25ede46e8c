/**
 * The small texts of the inventory as numbers: ">=high", "20:00-06:00", days and local times. Apart from the schema, so
 * that a run without an inventory loads no library for one.
 */
import { LEVELS, type Level } from '../model/rule.ts';

/** Levels of ">=high" or "medium", or null for anything else. */
export function parseSeverity(text: string): Level[] | null {
  const found = /^(>=)? ?([a-z]+)$/.exec(text);
  const least = LEVELS.indexOf(found?.[2] as Level);
  if (found === null || least < 0) return null;
  return found[1] === undefined ? [LEVELS[least]!] : LEVELS.slice(least);
}

/** "20:00-06:00" in minutes since midnight; null for "none"; undefined when it is neither. */
export function parseQuiet(text: string): { from: number; to: number } | null | undefined {
  if (text === 'none') return null;
  const found = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (found === null) return undefined;
  const [, h1, m1, h2, m2] = found.map(Number) as [number, number, number, number, number];
  const quiet = { from: h1 * 60 + m1, to: h2 * 60 + m2 };
  return quiet.from === quiet.to ? undefined : quiet;
}

/** Year, month and day of "2026-11-03"; null when there is no such day. */
export function parseDate(text: string): [number, number, number] | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (found === null) return null;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  const real = new Date(Date.UTC(year, month - 1, day));
  return year >= 1970 && real.getUTCMonth() === month - 1 && real.getUTCDate() === day ? [year, month, day] : null;
}

/** Year, month, day and minutes since midnight of "2026-11-03T18:30"; null when there is no such time. */
export function parseLocalTime(text: string): [number, number, number, number] | null {
  const found = /^(\S{10})T([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  const day = found === null ? null : parseDate(found[1]!);
  return day === null ? null : [...day, Number(found![2]) * 60 + Number(found![3])];
}

/** True for a day of the calendar. */
export function isDate(text: string): boolean {
  return parseDate(text) !== null;
}
