/**
 * What a line says about the year of its log, for formats that leave the year out ("Nov  3 22:41:07"): its month and day,
 * from which the year is reckoned, and whether it carries a year after all (RFC 5424, journald).
 */
import type { Format, OriginContext } from './format.ts';

/** Any leap year, so that 29 February has a date: only month, day and time of day are taken from it. */
const LEAP_YEAR_END = Date.UTC(2029, 0, 1) - 1;

/** Month (1–12), day of month and milliseconds of the day of a line; null when it is no event. */
export function monthAndDay(
  format: Format,
  line: string,
  base: Omit<OriginContext, 'referenceMs'>,
): { month: number; day: number; ms: number } | null {
  const ms = instantOf(format, line, base, LEAP_YEAR_END);
  if (ms === null) return null;
  const date = new Date(ms);
  return { month: date.getUTCMonth() + 1, day: date.getUTCDate(), ms: ms % 86_400_000 };
}

/** Whether a line carries its year: then no reference time changes it. */
export function isDated(format: Format, line: string, base: Omit<OriginContext, 'referenceMs'>): boolean {
  const one = instantOf(format, line, base, LEAP_YEAR_END);
  return one !== null && one === instantOf(format, line, base, LEAP_YEAR_END - 3 * 366 * 86_400_000);
}

function instantOf(
  format: Format,
  line: string,
  base: Omit<OriginContext, 'referenceMs'>,
  referenceMs: number,
): number | null {
  const parsed = format.parseLine(line, { ...base, referenceMs });
  return 'event' in parsed ? parsed.event['@timestamp'] : null;
}
