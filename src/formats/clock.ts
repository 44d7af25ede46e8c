/**
 * Wall clocks of log lines → Unix milliseconds: the proleptic Gregorian calendar, zones of lines that carry none, and
 * the year that RFC 3164 leaves out. "Sep 14 08:01:00", UTC, reference in 2026 → 1789372860000.
 * A zone is an IANA name, an offset ("+02:00") or minutes east of UTC ("-300"). Where clocks are set back, an ambiguous
 * wall time is its first pass; where they are set forward, a wall time that never was counts with the offset before.
 */
import { wallClock } from '../model/local-time.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../model/time.ts';
import type { OriginContext } from './format.ts';

/** Width of a slot in which the offset of a zone is constant on a day with a change (all changes are at quarter hours). */
const SLOT = 15 * MINUTE;
/** How many days and slots are remembered before the cache starts again. */
const CACHE_MAX = 4096;
/** How far after the reference a line without a year may lie: clocks run ahead, and zones differ by up to 14 h. */
const YEAR_TOLERANCE = DAY;

/** First instant behind those that are counted: panes have 22 bits (measure/entry.ts), which end in the course of 2049. */
const DATES_END_MS = Date.UTC(2049, 0, 1);

/** Why a line is refused that lies where nothing is counted. */
const OUTSIDE = { before: 'dated before 1970', after: 'dated after 2048' } as const;

/** The reason to refuse a line of an instant (Unix ms), or null; a clock that is so wrong would be told of another year. */
export function dateRefused(timeMs: number): string | null {
  return timeMs < 0 ? OUTSIDE.before : timeMs >= DATES_END_MS ? OUTSIDE.after : null;
}

/** Whether a line was refused for its date alone. */
export function isDateRefusal(reason: string): boolean {
  return reason === OUTSIDE.before || reason === OUTSIDE.after;
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** "Sep" → 9; 0 when the three letters are no English month. */
export function monthNumber(name: string): number {
  const at = name.length === 3 ? MONTHS.indexOf(name) : -1;
  return at >= 0 && at % 3 === 0 ? at / 3 + 1 : 0;
}

/** Days of a month (1–12) of a year. */
function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/**
 * Calendar fields as if they were UTC → Unix milliseconds; NaN when there is no such date or time of day.
 * A leap second (60) is the first second of the next minute. Years 1970–9999.
 */
export function wallMs(y: number, month: number, day: number, hour: number, minute: number, second: number): number {
  if (!(y >= 1970 && y <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(y, month)))
    return Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return Number.NaN;
  // days since 1970-01-01 with the year starting in March, so that the leap day comes last
  const m = month > 2 ? month - 3 : month + 9;
  const years = month > 2 ? y : y - 1;
  const days =
    365 * years +
    Math.floor(years / 4) -
    Math.floor(years / 100) +
    Math.floor(years / 400) +
    Math.floor((153 * m + 2) / 5) +
    day -
    719469;
  return days * DAY + hour * HOUR + minute * MINUTE + second * SECOND;
}

/** "+0200", "-04:00", "Z" → milliseconds east of UTC; NaN when it is none (more than 14 h never existed). */
export function offsetMs(text: string): number {
  if (text === 'Z' || text === 'z') return 0;
  const parts = /^([+-])(\d\d):?(\d\d)$/.exec(text);
  if (parts === null) return Number.NaN;
  const size = Number(parts[2]) * HOUR + Number(parts[3]) * MINUTE;
  if (Number(parts[3]) > 59 || size > 14 * HOUR) return Number.NaN;
  return parts[1] === '-' ? -size : size;
}

/** What a zone name means: its formatter, or null for a fixed offset. */
interface Zone {
  fixedMs: number;
  formatter: Intl.DateTimeFormat | null;
  /** day or slot number → offset; day numbers carry NaN when the offset changes near that day */
  days: Map<number, number>;
  slots: Map<number, number>;
}

let lastName = 'UTC';
let lastZone: Zone = fixedZone(0);

/** The first six groups of a matched ISO 8601 time (year to second) as `wallMs` has them; the rest of it is left out. */
export function isoWallMs(time: RegExpExecArray): number {
  const [year, month, day, hour, minute, second] = time.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return wallMs(year, month, day, hour, minute, second);
}

/** Digits behind the second → milliseconds: "417017" → 417; none → 0. */
export function fractionMs(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.slice(0, 3).padEnd(3, '0'));
}

/** Whether `localToUtc` understands this zone; an unknown name would count as UTC. */
export function isTimezone(name: string): boolean {
  return readZone(name) !== null;
}

/** Wall clock (as if UTC, milliseconds) of a zone → Unix milliseconds. A name that `isTimezone` refuses counts as UTC. */
export function localToUtc(wall: number, timezone: string): number {
  if (timezone !== lastName) {
    lastZone = readZone(timezone) ?? fixedZone(0);
    lastName = timezone;
  }
  return lastZone.formatter === null ? wall - lastZone.fixedMs : wall - wallOffset(wall, lastZone, lastZone.formatter);
}

/**
 * A wall clock without a year → Unix milliseconds: the latest year in which that date exists and is not after the
 * context's reference (and a day of tolerance). NaN when there is no such date.
 */
export function withoutYear(
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  context: OriginContext,
): number {
  const latest = context.referenceMs + YEAR_TOLERANCE;
  const year = new Date(latest).getUTCFullYear() + 1;
  // 29 February may be eight years back (around 1900, 2100)
  for (let y = year; y >= year - 10; y--) {
    const wall = wallMs(y, month, day, hour, minute, second);
    if (Number.isNaN(wall)) continue;
    const utc = localToUtc(wall, context.timezone);
    if (utc <= latest) return utc;
  }
  return Number.NaN;
}

function fixedZone(fixedMs: number): Zone {
  return { fixedMs, formatter: null, days: new Map(), slots: new Map() };
}

function readZone(name: string): Zone | null {
  if (name === '' || name === 'UTC' || name === 'GMT') return fixedZone(0);
  const offset = offsetMs(name);
  if (!Number.isNaN(offset)) return fixedZone(offset);
  if (/^[+-]?\d{1,3}$/.test(name)) return Math.abs(Number(name)) <= 840 ? fixedZone(Number(name) * MINUTE) : null;
  try {
    return { fixedMs: 0, formatter: wallClock(name), days: new Map(), slots: new Map() };
  } catch {
    return null;
  }
}

/** Offset to subtract from a wall clock; asks Intl twice per day, and per quarter hour only around a change. */
function wallOffset(wall: number, zone: Zone, formatter: Intl.DateTimeFormat): number {
  const day = Math.floor(wall / DAY);
  let offset = zone.days.get(day);
  if (offset === undefined) {
    if (zone.days.size >= CACHE_MAX) zone.days.clear();
    const before = offsetAt((day - 1) * DAY, formatter);
    offset = before === offsetAt((day + 2) * DAY, formatter) ? before : Number.NaN;
    zone.days.set(day, offset);
  }
  if (!Number.isNaN(offset)) return offset;
  const slot = Math.floor(wall / SLOT);
  let found = zone.slots.get(slot);
  if (found === undefined) {
    if (zone.slots.size >= CACHE_MAX) zone.slots.clear();
    const start = slot * SLOT;
    const before = offsetAt(start - DAY, formatter);
    const after = offsetAt(start + DAY, formatter);
    const isBefore = offsetAt(start - before, formatter) === before;
    const isAfter = offsetAt(start - after, formatter) === after;
    found = isBefore || !isAfter ? before : after;
    zone.slots.set(slot, found);
  }
  return found;
}

/** Offset of a zone at an instant, milliseconds east of UTC. */
function offsetAt(utc: number, formatter: Intl.DateTimeFormat): number {
  const field: Record<string, number> = {};
  for (const part of formatter.formatToParts(utc)) field[part.type] = Number(part.value);
  const wall = wallMs(
    field['year']!,
    field['month']!,
    field['day']!,
    field['hour']!,
    field['minute']!,
    field['second']!,
  );
  return Number.isNaN(wall) ? 0 : wall - Math.floor(utc / SECOND) * SECOND;
}
