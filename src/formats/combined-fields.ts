/**
 * Where the fields of an access-log line stand: the grammar of nginx's and Apache's common and combined logs.
 * Offsets into the line, no copies: the plain parser makes an event of them, the byte kernel columns whenever a line is
 * not of the shape that it scans itself. Every function reads the line at most a few times, whatever it holds.
 *   `[host[:port] ]address ident user [time] "request" status size[ "referrer"[ "user agent"[ anything]]]`
 */
import { parseAddress } from '../model/address.ts';
import { METHOD } from '../model/batch.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import { METHOD_CODES } from './append-event.ts';
import { dateRefused, monthNumber, wallMs } from './clock.ts';

/** Why a line is refused. */
export const REFUSED = {
  noTime: 'no time such as [14/Sep/2026:08:01:00 +0200] followed by a request in quotes',
  noSource: 'no client address in front of the time',
  hostName: 'the client is a host name, not an address (HostnameLookups is on)',
  openRequest: 'the request has no closing quote and status',
  badStatus: 'no status and size behind the request',
} as const;

/** What an empty line is called in the tally. */
export const EMPTY_LINE = 'empty line';

/** Where the fields of a line stand; start = end where a field is absent. */
export interface CombinedFields {
  timeMs: number;
  hostStart: number;
  hostEnd: number;
  /** the address, as IPv4 number or IPv6 words */
  source: { v4: number } | { v6: [number, number, number, number] };
  userStart: number;
  userEnd: number;
  requestStart: number;
  requestEnd: number;
  /** 0 = not logged */
  status: number;
  /** bytes, -1 = not logged */
  size: number;
  referrerStart: number;
  referrerEnd: number;
  userAgentStart: number;
  userAgentEnd: number;
}

/** What a request line is made of; offsets into the same text. */
export interface RequestParts {
  isMalformed: boolean;
  /** code of METHODS; 0 = no method */
  method: number;
  methodEnd: number;
  /** version times ten, 0 = none, 255 = not a version of HTTP */
  version: number;
  versionStart: number;
  targetStart: number;
  targetEnd: number;
}

/** Fields of nothing yet, to be filled. */
export function createFields(): CombinedFields {
  return {
    timeMs: 0,
    hostStart: 0,
    hostEnd: 0,
    source: { v4: 0 },
    userStart: 0,
    userEnd: 0,
    requestStart: 0,
    requestEnd: 0,
    status: 0,
    size: -1,
    referrerStart: 0,
    referrerEnd: 0,
    userAgentStart: 0,
    userAgentEnd: 0,
  };
}
/** Parts of nothing yet, to be filled. */
export function createParts(): RequestParts {
  return {
    isMalformed: false,
    method: 0,
    methodEnd: 0,
    version: 0,
    versionStart: 0,
    targetStart: 0,
    targetEnd: 0,
  };
}

/** Whether a line holds nothing but blanks. */
export function isBlank(line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c !== 32 && c !== 9 && c !== 13) return false;
  }
  return true;
}

/** Finds the fields of a line (without line end); returns null, or the reason why it is refused. */
export function findFields(line: string, out: CombinedFields): string | null {
  const bracket = findTime(line, out);
  if (bracket < 0) return REFUSED.noTime;
  out.requestStart = bracket + 31;
  const requestEnd = closingQuote(line, out.requestStart, isBeforeStatus);
  if (requestEnd < 0) return REFUSED.openRequest;
  out.requestEnd = requestEnd;
  const behind = findStatus(line, requestEnd + 2, out);
  if (behind < 0) return REFUSED.badStatus;
  out.referrerStart = out.referrerEnd = out.userAgentStart = out.userAgentEnd = 0;
  if (isQuoteAt(line, behind)) {
    out.referrerStart = behind + 2;
    out.referrerEnd = closingOrEnd(line, out.referrerStart);
    if (isQuoteAt(line, out.referrerEnd + 1)) {
      out.userAgentStart = out.referrerEnd + 3;
      out.userAgentEnd = closingOrEnd(line, out.userAgentStart);
      if (isDash(line, out.userAgentStart, out.userAgentEnd)) out.userAgentEnd = out.userAgentStart;
    }
    if (isDash(line, out.referrerStart, out.referrerEnd)) out.referrerEnd = out.referrerStart;
  }
  return findClient(line, bracket, out) ?? dateRefused(out.timeMs);
}

/**
 * Splits the request line text[start, end): `METHOD target HTTP/x`. What is not of this form is malformed, and its
 * target is the whole request; a known method in front is kept. HTTP/0.9 (`GET /path`) is malformed with version 9.
 */
export function splitRequest(text: string, start: number, end: number, out: RequestParts): void {
  out.isMalformed = true;
  out.method = 0;
  out.methodEnd = start;
  out.version = 0;
  out.versionStart = end;
  out.targetStart = start;
  out.targetEnd = isDash(text, start, end) ? start : end;
  let space = start;
  while (space < end && space - start <= METHOD_MAX && isMethodByte(text.charCodeAt(space))) space++;
  if (space === start || space >= end || text.charCodeAt(space) !== 32) return;
  const known = METHOD_CODES.get(text.slice(start, space));
  const versionStart = findVersion(text, space + 1, end);
  // `GET HTTP/1.1`, `GET  / HTTP/1.1`: no target, or one that starts with a blank
  if (versionStart < 0 || versionStart - 6 <= space + 1 || text.charCodeAt(space + 1) === 32) {
    if (known === undefined) return;
    out.method = known;
    out.methodEnd = space;
    const next = text.indexOf(' ', space + 1);
    if (versionStart < 0 && space + 1 < end && (next < 0 || next >= end)) out.version = 9;
    return;
  }
  out.isMalformed = false;
  out.method = known ?? METHOD.other;
  out.methodEnd = space;
  out.versionStart = versionStart;
  out.version = versionCode(text, versionStart, end);
  out.targetStart = space + 1;
  out.targetEnd = versionStart - 6;
}

/** Longest word that is taken for a method (the longest registered one has 17 letters). */
const METHOD_MAX = 32;

function isMethodByte(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || (c >= 48 && c <= 57) || c === 45 || c === 95;
}

/** Offset of the digits behind ` HTTP/` at the end of a request, or -1. */
function findVersion(text: string, from: number, end: number): number {
  for (const length of [3, 1]) {
    const start = end - length;
    if (start - 6 >= from - 1 && text.startsWith(' HTTP/', start - 6) && versionCode(text, start, end) > 0)
      return start;
  }
  return -1;
}

/** "1.1" → 11, "2" → 20; 255 for digits that are no version of HTTP, 0 for anything else. */
function versionCode(text: string, start: number, end: number): number {
  const major = text.charCodeAt(start) - 48;
  if (!(major >= 0 && major <= 9)) return 0;
  if (end - start === 1) return major === 2 || major === 3 ? major * 10 : 255;
  const minor = text.charCodeAt(start + 2) - 48;
  if (text.charCodeAt(start + 1) !== 46 || !(minor >= 0 && minor <= 9)) return 0;
  return knownVersion(major * 10 + minor);
}

/** A version times ten when HTTP has it, else 255. */
export function knownVersion(version: number): number {
  return version === 11 || version === 20 || version === 10 || version === 30 || version === 9 ? version : 255;
}

/** Offset of ` [time] "`, whose time goes into `out`; -1 when the line has none. */
function findTime(line: string, out: CombinedFields): number {
  for (let i = line.indexOf(' ['); i >= 0; i = line.indexOf(' [', i + 1)) {
    if (!line.startsWith('] "', i + 28)) continue;
    const time = parseTime(line, i + 2);
    if (Number.isNaN(time)) continue;
    out.timeMs = time;
    return i;
  }
  return -1;
}

/** `14/Sep/2026:08:01:00 +0200` at `at` → Unix milliseconds, or NaN. */
export function parseTime(line: string, at: number): number {
  for (let i = 0; i < SHAPE.length; i++) {
    const c = line.charCodeAt(at + i);
    const s = SHAPE.charCodeAt(i);
    if (s === 48 ? !(c >= 48 && c <= 57) : s !== 97 && s !== 43 && c !== s) return Number.NaN;
  }
  const two = (i: number) => (line.charCodeAt(at + i) - 48) * 10 + line.charCodeAt(at + i + 1) - 48;
  const wall = wallMs(
    two(7) * 100 + two(9),
    monthNumber(line.slice(at + 3, at + 6)),
    two(0),
    two(12),
    two(15),
    two(18),
  );
  const sign = line.charCodeAt(at + 21);
  const offset = two(22) * HOUR + two(24) * MINUTE;
  if ((sign !== 43 && sign !== 45) || two(24) > 59 || offset > 14 * HOUR) return Number.NaN;
  return sign === 43 ? wall - offset : wall + offset;
}

/** Shape of the time: 0 a digit, a a letter, + a sign, else itself. */
const SHAPE = '00/aaa/0000:00:00:00 +0000';

/** Source, virtual host and user in front of the time. */
function findClient(line: string, end: number, out: CombinedFields): string | null {
  out.hostStart = out.hostEnd = 0;
  const first = wordEnd(line, 0, end);
  const second = wordEnd(line, first + 1, end);
  const secondWord = line.slice(first + 1, second);
  let source = secondWord === '-' ? null : parseAddress(secondWord);
  let ident = second + 1;
  if (source !== null) {
    out.hostEnd = portStart(line, first);
    ident = wordEnd(line, ident, end) + 1;
  } else {
    source = parseAddress(line.slice(0, first));
    if (source === null) return isName(line, first) ? REFUSED.hostName : REFUSED.noSource;
  }
  out.source = source;
  out.userStart = Math.min(ident, end);
  // Apache writes an empty name as two quotes
  const isNone = isDash(line, out.userStart, end) || line.slice(out.userStart, end) === '""';
  out.userEnd = isNone ? out.userStart : end;
  return null;
}

/** End of the word at `from`: the next blank, or `end`. */
function wordEnd(line: string, from: number, end: number): number {
  const space = line.indexOf(' ', from);
  return space < 0 || space > end ? end : space;
}

/** `www.example.gov:443` → where the port's colon stands; the end of the word when it has no port. */
function portStart(line: string, end: number): number {
  let i = end;
  while (i > 0 && line.charCodeAt(i - 1) >= 48 && line.charCodeAt(i - 1) <= 57) i--;
  if (i === end || i < 2 || line.charCodeAt(i - 1) !== 58) return end;
  // 2001:db8::1 without brackets ends in digits and has no port
  return line.lastIndexOf(':', i - 2) >= 0 && line.charCodeAt(i - 2) !== 93 ? end : i - 1;
}

/** Whether line[0, end) could be a host name: letters, digits, dots, hyphens. */
function isName(line: string, end: number): boolean {
  if (end === 0 || end > 253) return false;
  let letters = 0;
  for (let i = 0; i < end; i++) {
    const c = line.charCodeAt(i);
    const isLetter = (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
    if (isLetter) letters++;
    else if (!(c >= 48 && c <= 57) && c !== 45 && c !== 46 && c !== 95) return false;
  }
  return letters > 0;
}

/** `200 1234` at `at`: fills status and size and returns the offset behind them, or -1. */
function findStatus(line: string, at: number, out: CombinedFields): number {
  out.status = 0;
  out.size = -1;
  let i = at;
  if (line.charCodeAt(i) === 45) i++;
  else {
    out.status = Number(line.slice(i, i + 3));
    i += 3;
  }
  if (line.charCodeAt(i) !== 32) return -1;
  i++;
  if (line.charCodeAt(i) === 45) i++;
  else {
    const start = i;
    while (line.charCodeAt(i) >= 48 && line.charCodeAt(i) <= 57) i++;
    if (i === start || i - start > 15) return -1;
    out.size = Number(line.slice(start, i));
  }
  return i === line.length || line.charCodeAt(i) === 32 ? i : -1;
}

/**
 * The first quote from `from` that no backslash escapes and behind which `isEnd` holds; -1 when there is none.
 * Servers that escape quotes always close with the first one; the test keeps the logs of others readable.
 */
export function closingQuote(line: string, from: number, isEnd: (line: string, at: number) => boolean): number {
  for (let i = from; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c === 92) i++;
    else if (c === 34 && isEnd(line, i + 1)) return i;
  }
  return -1;
}

function closingOrEnd(line: string, from: number): number {
  const end = closingQuote(line, from, isBlankOrEnd);
  return end < 0 ? line.length : end;
}

/** Whether ` 200 ` or ` - ` stands at `at`. */
function isBeforeStatus(line: string, at: number): boolean {
  if (line.charCodeAt(at) !== 32) return false;
  if (line.charCodeAt(at + 1) === 45) return line.charCodeAt(at + 2) === 32;
  for (let i = at + 1; i < at + 4; i++) if (!(line.charCodeAt(i) >= 48 && line.charCodeAt(i) <= 57)) return false;
  return line.charCodeAt(at + 4) === 32;
}

/** Whether a field ends at `at`. */
export function isBlankOrEnd(line: string, at: number): boolean {
  return at === line.length || line.charCodeAt(at) === 32;
}

/** Whether ` "` stands at `at`. */
export function isQuoteAt(line: string, at: number): boolean {
  return line.charCodeAt(at) === 32 && line.charCodeAt(at + 1) === 34;
}

function isDash(line: string, start: number, end: number): boolean {
  return end - start === 1 && line.charCodeAt(start) === 45;
}
