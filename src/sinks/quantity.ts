/**
 * Numbers and times as people read them: counts with their unit, periods in UTC. The same in terminal, report and mail.
 */
import { counted, grouped } from '../model/quantity-words.ts';
import type { Noise } from '../model/summary.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 12345 → "12,345" */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** Bytes → "3.4 MiB" */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return counted(bytes, 'byte');
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]!}`;
}

/** Unix milliseconds → "14 Sep 2026" (UTC) */
export function dateText(ms: number): string {
  const d = new Date(ms);
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]!} ${d.getUTCFullYear()}`;
}

/** Unix milliseconds → "08:05" (UTC) */
export function clockText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}

/** Unix milliseconds → "2026-09-14 08:05:12" (UTC), for evidence */
export function instantText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** "14 Sep 2026, 08:00 to 20:10 UTC", or with both dates when they differ; "no dated line" without any. */
export function periodText(startMs: number | null, endMs: number | null): string {
  if (startMs === null || endMs === null) return 'no dated line';
  const from = `${dateText(startMs)}, ${clockText(startMs)}`;
  if (dateText(startMs) !== dateText(endMs)) return `${from} to ${dateText(endMs)}, ${clockText(endMs)} UTC`;
  if (clockText(startMs) === clockText(endMs)) return `${from} UTC`;
  return `${from} to ${clockText(endMs)} UTC`;
}

/** How long something lasted: "40 seconds", "22 minutes", "3 hours", "2 days" */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 1) return 'under one second';
  if (seconds < 120) return counted(seconds, 'second');
  if (seconds < 7200) return counted(Math.round(seconds / 60), 'minute');
  if (seconds < 172_800) return counted(Math.round(seconds / 3600), 'hour');
  return counted(Math.round(seconds / 86_400), 'day');
}

/** ["a", "b", "c"] → "a, b and c" */
export function listText(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]!}`;
}

/** Addresses that fail at one log-in, and the share of them that get in at last, from which they look like people. */
const CROWD = 20;
const PEOPLE = 0.25;

/** "25 addresses asked for /a.html, which is not there and stands in no scanner's list: perhaps a link to it is broken." */
export function visitedText({ what, sources, isLogin, letIn }: Noise['visited'][number]): string {
  const who = counted(sources, 'address', 'addresses');
  if (!isLogin)
    return `${who} asked for ${what}, which is not there and stands in no scanner's list: perhaps a link to it is broken.`;
  const failed = `${who} failed to log in at ${what}, none of them often`;
  if (sources < CROWD || letIn >= PEOPLE * sources) return `${failed}: people do.`;
  const gotIn = letIn === 0 ? 'none of them' : `${grouped(letIn)} of them`;
  return `${failed}, and ${gotIn} got in. People who mistype get in at last: a list of stolen passwords may be tried here, one or two from each address. Look in that page's own log which accounts were asked for.`;
}
