/**
 * The time that a syslog line begins with, RFC 3164 or RFC 3339, from its bytes. The time up to the minute is compared with that
 * of the line before, as words; the plain code reads each minute once.
 *   `Sep 14 08:01:00 `, `2026-09-14T08:01:00.417017+00:00 ` → Unix milliseconds
 */
import { MINUTE, SECOND } from '../model/time.ts';
import { latin1 } from './append-event.ts';
import type { OriginContext } from './format.ts';
import { unwrap } from './syslog-wrapping.ts';

/** The context that the remembered minute belongs to. */
let seenReference = Number.NaN;
let seenTimezone = '';
/** Minute of an RFC 3164 time: `Sep 14 08:01` as words, and when it began. */
const bsd = new Int32Array(3);
let bsdMs = Number.NaN;
/** Minute of an RFC 3339 time: `2026-09-14T08:01` as words, its offset (`+00:00`, or `Z` twice), and when it began. */
const iso = new Int32Array(4);
const isoOffset = new Int32Array(2);
let isoMs = Number.NaN;

/** Where the time ends, as left by `timeAt`. */
export const time = { end: 0 };

/** Forgets the remembered minute when lines of another context come: they may mean another year or zone. */
export function readFor(context: OriginContext): void {
  if (context.referenceMs === seenReference && context.timezone === seenTimezone) return;
  seenReference = context.referenceMs;
  seenTimezone = context.timezone;
  bsdMs = isoMs = Number.NaN;
}

/** The time that a line starts with, Unix milliseconds, and its end in `time.end`; NaN when it is of no known shape. */
export function timeAt(bytes: Uint8Array, view: DataView, p: number, context: OriginContext): number {
  if (bytes[p]! > 57) {
    // `Sep 14 08:01:00 `
    if (bytes[p + 12] !== 58 || bytes[p + 15] !== 32) return Number.NaN;
    const second = secondAt(bytes, p + 13);
    if (second < 0) return Number.NaN;
    if (
      view.getInt32(p, true) !== bsd[0] ||
      view.getInt32(p + 4, true) !== bsd[1] ||
      view.getInt32(p + 8, true) !== bsd[2] ||
      Number.isNaN(bsdMs)
    ) {
      const minute = minuteOf(latin1(bytes, p, p + 13), ' ', context);
      if (Number.isNaN(minute)) return Number.NaN;
      for (let i = 0; i < 3; i++) bsd[i] = view.getInt32(p + 4 * i, true);
      bsdMs = minute;
    }
    time.end = p + 16;
    return bsdMs + second * SECOND;
  }
  // `2026-09-14T08:01:00.417017+00:00 `
  if (bytes[p + 16] !== 58) return Number.NaN;
  const second = secondAt(bytes, p + 17);
  if (second < 0) return Number.NaN;
  let q = p + 19;
  let fraction = 0;
  if (bytes[q] === 46) {
    q++;
    const digits = q;
    let scale = 100;
    for (;;) {
      const d = bytes[q]! - 48;
      if (d < 0 || d > 9) break;
      fraction += d * scale;
      scale = scale === 100 ? 10 : scale === 10 ? 1 : 0;
      q++;
    }
    if (q === digits || q - digits > 9) return Number.NaN;
  }
  const length = bytes[q] === 90 ? 1 : 6;
  if (bytes[q + length] !== 32) return Number.NaN;
  const offset0 = length === 1 ? 90 : view.getInt32(q, true);
  const offset1 = length === 1 ? 90 : view.getInt32(q + 2, true);
  if (
    view.getInt32(p, true) !== iso[0] ||
    view.getInt32(p + 4, true) !== iso[1] ||
    view.getInt32(p + 8, true) !== iso[2] ||
    view.getInt32(p + 12, true) !== iso[3] ||
    offset0 !== isoOffset[0] ||
    offset1 !== isoOffset[1] ||
    Number.isNaN(isoMs)
  ) {
    const minute = minuteOf(latin1(bytes, p, p + 17), latin1(bytes, q, q + length + 1), context);
    if (Number.isNaN(minute)) return Number.NaN;
    for (let i = 0; i < 4; i++) iso[i] = view.getInt32(p + 4 * i, true);
    isoOffset[0] = offset0;
    isoOffset[1] = offset1;
    isoMs = minute;
  }
  time.end = q + length + 1;
  return isoMs + second * SECOND + fraction;
}

/**
 * Start of the minute whose seconds stand between `head` and `tail`, as the plain parser reads it; NaN when it reads no
 * time, or when its first and last second fall into different years (the reference lies between them).
 */
function minuteOf(head: string, tail: string, context: OriginContext): number {
  const first = unwrap(`${head}00${tail}host kernel: `, context);
  const last = unwrap(`${head}59${tail}host kernel: `, context);
  if (typeof first === 'string' || typeof last === 'string' || !first.isKernel) return Number.NaN;
  return last.timeMs - first.timeMs === MINUTE - SECOND ? first.timeMs : Number.NaN;
}

/** Two digits below 60, or -1. */
function secondAt(bytes: Uint8Array, p: number): number {
  const tens = bytes[p]! - 48;
  const ones = bytes[p + 1]! - 48;
  return tens >= 0 && tens <= 5 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}
