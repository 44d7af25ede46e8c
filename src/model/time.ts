/**
 * Event time: panes and days. Panes are fixed slices of UTC; a day is 24 hours from the organisation's `day_start`.
 */
export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

/** Width of a pane of web requests. */
export const WEB_PANE = 10 * MINUTE;
/** Width of a pane of packets; equals the idle gap that ends a scan (Zeek simple-scan: 15 min). */
export const PACKET_PANE = 15 * MINUTE;

/** Number of the day that holds `timeMs`, for days that start `dayStartMs` after 00:00 UTC. */
export function dayOf(timeMs: number, dayStartMs: number): number {
  return Math.floor((timeMs - dayStartMs) / DAY);
}

/** First instant of day number `day`. */
export function dayStart(day: number, dayStartMs: number): number {
  return day * DAY + dayStartMs;
}

/** "2026-09-14" of the instant at which day number `day` starts. */
export function dayLabel(day: number, dayStartMs: number): string {
  return new Date(dayStart(day, dayStartMs)).toISOString().slice(0, 10);
}
