/**
 * Wall clocks: what a clock shows in an IANA time zone at an instant, and at which instant it shows a given time. Quiet
 * hours, digests and election calendars are written in local time; everything else is Unix milliseconds.
 *   localTimeOf(2026-11-03T18:30Z, "America/Chicago") → 2026-11-03 12:30, a Tuesday
 * Changes between summer and winter time follow the rule of RFC 5545: a time that is left out counts as much later as the
 * clock jumps; of a time that comes twice the first is meant.
 */
import { DAY, MINUTE } from './time.ts';

/** What a wall clock shows. */
export interface LocalTime {
  year: number;
  /** 1–12 */
  month: number;
  day: number;
  hour: number;
  minute: number;
  /** 0 = Sunday */
  weekday: number;
}

/** A clock per zone: as many as there are names in the IANA list, some 600. */
const CLOCKS = new Map<string, Intl.DateTimeFormat>();

/** True for an IANA time zone name that this runtime knows. */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** What a clock in `zone` (IANA) shows at an instant. Throws RangeError for a zone that does not exist. */
export function localTimeOf(ms: number, zone: string): LocalTime {
  const shown = new Date(ms + offsetAt(ms, zone));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    weekday: shown.getUTCDay(),
  };
}

/** Minutes since midnight that a clock in `zone` shows. */
export function minuteOfDay(ms: number, zone: string): number {
  const { hour, minute } = localTimeOf(ms, zone);
  return hour * 60 + minute;
}

/** The instant at which a clock in `zone` shows a date and a time (minutes since midnight; 1440 = the next midnight). */
export function instantOf(year: number, month: number, day: number, minutes: number, zone: string): number {
  return instantsOf(Date.UTC(year, month - 1, day) + minutes * MINUTE, zone)[0]!;
}

/**
 * The next instant after `afterMs` at which a clock in `zone` shows `minutes` since midnight, on any day or only on a
 * weekday (0 = Sunday).
 */
export function nextLocal(afterMs: number, minutes: number, zone: string, weekday: number | null = null): number {
  const today = localTimeOf(afterMs, zone);
  const midnight = Date.UTC(today.year, today.month - 1, today.day);
  // nine days hold every weekday and the hour that a change of the clock may add
  for (let ahead = 0; ahead < 9; ahead++) {
    const day = midnight + ahead * DAY;
    if (weekday !== null && new Date(day).getUTCDay() !== weekday) continue;
    const next = instantsOf(day + minutes * MINUTE, zone).find((ms) => ms > afterMs);
    if (next !== undefined) return next;
  }
  throw new RangeError(`no clock in ${zone} shows minute ${minutes}`);
}

/** The one or two instants at which a clock shows what a UTC clock shows at `shownMs`, earliest first. */
function instantsOf(shownMs: number, zone: string): number[] {
  const before = offsetAt(shownMs - DAY, zone);
  const after = offsetAt(shownMs + DAY, zone);
  const found = [...new Set([before, after])]
    .map((offset) => shownMs - offset)
    .filter((ms) => ms + offsetAt(ms, zone) === shownMs)
    .sort((a, b) => a - b);
  // left out by a change to summer time: as much later as the clock jumps
  return found.length === 0 ? [shownMs - before] : found;
}

/** What reads the clock of a zone. Throws a RangeError for a name that this runtime does not know. */
export function wallClock(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}

/** Milliseconds that a wall clock is ahead of UTC at an instant; whole seconds. */
function wallOffsetMs(ms: number, clock: Intl.DateTimeFormat): number {
  const part: Record<string, number> = {};
  for (const { type, value } of clock.formatToParts(ms)) part[type] = Number(value);
  const shown = Date.UTC(
    part['year']!,
    part['month']! - 1,
    part['day']!,
    part['hour']!,
    part['minute']!,
    part['second']!,
  );
  return shown - Math.floor(ms / 1000) * 1000;
}

function offsetAt(ms: number, zone: string): number {
  let clock = CLOCKS.get(zone);
  if (clock === undefined) {
    clock = wallClock(zone);
    CLOCKS.set(zone, clock);
  }
  return wallOffsetMs(ms, clock);
}
