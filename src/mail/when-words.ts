/**
 * Instants in words, as people in the United States read them: local time, twelve hours, the zone named once.
 *   (10:21Z, 10:43Z, America/Chicago) → "On Mon, Sep 14, from 5:21 AM to 5:43 AM CDT"
 */
import { DAY } from '../model/time.ts';

/**
 * "On Mon, Sep 14, from 8:30 AM to 8:43 AM CDT", "On Mon, Sep 14, at 8:30 AM CDT", or with both days. `zone` is IANA; the
 * end of a span is shown to the minute, like its start.
 */
export function whenWords(startMs: number, endMs: number, zone: string): string {
  const day = (ms: number) => shown(ms, zone, { weekday: 'short', month: 'short', day: 'numeric' });
  const time = (ms: number) => shown(ms, zone, { hour: 'numeric', minute: '2-digit' });
  const withZone = (ms: number) => shown(ms, zone, { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' });
  if (day(startMs) !== day(endMs) || endMs - startMs >= DAY) {
    return `From ${day(startMs)}, ${time(startMs)} to ${day(endMs)}, ${withZone(endMs)}`;
  }
  if (time(startMs) === time(endMs)) return `On ${day(startMs)}, at ${withZone(startMs)}`;
  return `On ${day(startMs)}, from ${time(startMs)} to ${withZone(endMs)}`;
}

/** "Tue, Nov 3" */
export function dayWords(ms: number, zone: string): string {
  return shown(ms, zone, { weekday: 'short', month: 'short', day: 'numeric' });
}

/** "5:21 AM CDT" */
export function clockWords(ms: number, zone: string): string {
  return shown(ms, zone, { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' });
}

function shown(ms: number, zone: string, options: Intl.DateTimeFormatOptions): string {
  // some versions put a narrow space before AM
  return new Intl.DateTimeFormat('en-US', { timeZone: zone, ...options }).format(ms).replace(/\s/gu, ' ');
}
