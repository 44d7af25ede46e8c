/**
 * A drill: harmless probes that pollwatch writes itself, from an address that nobody has, so that silence can be believed.
 * They go the way of every line; what is decided from them becomes a mail that says that it is a drill, and nothing else: no
 * alert, no document, no count. The address tells a drill from the world: it is one for documentation (2001:db8::/32, which no
 * router carries) and holds a number and a code of it that only who has the organisation's secret can make.
 *
 *   secret, 0x1a2b → 2001:db8:1a2b:9c41::d, "DRILL-1A2B"
 *
 * Reference: RFC 3849 (addresses for documentation)
 */
import { createHmac } from 'node:crypto';

/** Name of the origin in every organisation. No origin of an installation file can be called so. */
export const DRILL_ORIGIN = '(drill)';
/** A number is the minute in which a drill begins; it comes again after 45 days, when nothing is left of the one before. */
const NUMBERS = 0x10000;
export const DRILL_APART_MS = 60_000;
/** First 32 bits of the addresses. */
const PREFIX = 0x20010db8;
/** What is asked for: names that several rules know, below a path that says what it is. */
const PATHS = [
  '.env',
  '.git/config',
  '?id=1%27%20UNION%20SELECT%20drill%20FROM%20drill--',
  '?id=1%27%20OR%201=1--',
  '?id=1;DROP%20TABLE%20drill',
  'id_rsa',
  'backup.sql',
  '.htpasswd',
];

/** The number of a drill that begins now, Unix ms. */
export function drillNumber(nowMs: number): number {
  return Math.floor(nowMs / DRILL_APART_MS) % NUMBERS;
}

/** What a drill is called by: in its mails, and by whoever waits for them. */
export function drillCode(number: number): string {
  return `DRILL-${number.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Lines of a drill in the format "combined"; they end at the instant, Unix ms. */
export function drillLines(secret: Uint8Array, number: number, atMs: number): string {
  const words = [(number >>> 0).toString(16), checkOf(secret, number).toString(16)];
  const address = `2001:db8:${words.join(':')}::d`;
  return PATHS.map((path, i) => {
    const time = clfTime(atMs - (PATHS.length - 1 - i) * 1000);
    return `${address} - - [${time}] "GET /pollwatch-drill/${path} HTTP/1.1" 404 153 "-" "pollwatch drill: nothing happened"\n`;
  }).join('');
}

/** The drill that a source belongs to, by the upper half of its IPv6 address; null for everybody else. */
export function drillOf(secret: Uint8Array, hi: number, lo: number): string | null {
  if (hi >>> 0 !== PREFIX) return null;
  const number = lo >>> 16;
  return checkOf(secret, number) === (lo & 0xffff) ? drillCode(number) : null;
}

/** 16 bits that nobody without the secret knows. */
function checkOf(secret: Uint8Array, number: number): number {
  return createHmac('sha256', secret).update(`pollwatch drill v1 ${number}`).digest().readUInt16BE(0);
}

function clfTime(ms: number): string {
  const [day, month, date, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return day === undefined ? '' : `${month}/${date}/${year}:${time} +0000`;
}
