/**
 * What stands around a kernel message: the time, the host and the program, in the wrappings in which packet logs arrive.
 *   Sep 14 08:01:00 gw01 kernel: [1234.5] …            RFC 3164 (no year, no zone), also with <PRI>
 *   2026-09-14T08:01:00.417017+00:00 gw01 kernel: …    RFC 3339 (rsyslog, journalctl -o short-iso), also with <PRI>
 *   <4>1 2026-09-14T08:01:00Z gw01 kernel - - - …      RFC 5424
 *   {"__REALTIME_TIMESTAMP":"…","MESSAGE":"…"}         journalctl -o json (MESSAGE may be a list of bytes)
 *   [Mon Sep 14 08:01:00 2026] …                       dmesg -T;  2026-09-14T08:01:00,417017+00:00 …  dmesg --time-format iso
 * All patterns are anchored and bounded: the time is linear in the length of the line.
 */
import { fractionMs, isoWallMs, localToUtc, monthNumber, offsetMs, wallMs, withoutYear } from './clock.ts';
import type { OriginContext } from './format.ts';

/** A line taken apart; `message` is what the kernel printed. */
export interface Wrapped {
  timeMs: number;
  /** name of the machine that wrote the line; '' where the wrapping has none */
  host: string;
  message: string;
  /** false when another program wrote it; null when the wrapping does not name the program */
  isKernel: boolean | null;
}

/** Why a line is refused. */
export const WRAPPING_REFUSED = {
  noTime: 'no time at the start that syslog, journald or dmesg -T write',
  uptimeOnly: 'only the time since the start of the machine: use dmesg -T or journalctl -o json',
  badJson: 'JSON that cannot be read or has no __REALTIME_TIMESTAMP and MESSAGE',
} as const;

const PRIORITY = /^<\d{1,3}>(?:\d{1,2} )?/;
const RFC_3164 = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))? /;
const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)? /;
const ASCTIME = /^\[?[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})\]? /;
/** `program:`, `program[123]:`, also `kern.warn kernel:` (OpenWrt) */
const TAG = /^([^\s:[\]]{1,48})(\[\d{1,10}\])?:/;
const UPTIME = /^\[ {0,10}\d{1,10}\.\d{1,9}\] ?/;
/** Programs other than the kernel that log packets. */
const PACKET_LOGGERS = new Set(['ulogd', 'ulogd2']);

/** Takes the wrapping off a line (latin1, no line end); a string is the reason for a refusal. */
export function unwrap(line: string, context: OriginContext): Wrapped | string {
  if (line.charCodeAt(0) === 123) return unwrapJournal(line);
  const priority = PRIORITY.exec(line)?.[0] ?? '';
  const rest = priority === '' ? line : line.slice(priority.length);
  if (priority.endsWith(' ')) return unwrap5424(rest, context);
  let time = RFC_3164.exec(rest);
  if (time !== null) {
    const month = monthNumber(time[1]!);
    const [day, hour, minute, second] = [time[2], time[4], time[5], time[6]].map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const ms =
      time[3] === undefined
        ? withoutYear(month, day, hour, minute, second, context)
        : localToUtc(wallMs(Number(time[3]), month, day, hour, minute, second), context.timezone);
    return Number.isNaN(ms)
      ? WRAPPING_REFUSED.noTime
      : unwrapHost(rest.slice(time[0].length), ms + fractionMs(time[7]), true);
  }
  time = RFC_3339.exec(rest);
  if (time !== null) {
    const ms = isoMs(time, context);
    return Number.isNaN(ms) ? WRAPPING_REFUSED.noTime : unwrapHost(rest.slice(time[0].length), ms, false);
  }
  time = ASCTIME.exec(rest);
  if (time !== null) {
    const [day, hour, minute, second, year] = time.slice(2).map(Number) as [number, number, number, number, number];
    const ms = localToUtc(wallMs(year, monthNumber(time[1]!), day, hour, minute, second), context.timezone);
    if (Number.isNaN(ms)) return WRAPPING_REFUSED.noTime;
    const message = rest.slice(time[0].length);
    if (rest.startsWith('[')) return { timeMs: ms, host: '', message: withoutUptime(message), isKernel: true };
    // OpenWrt: facility and level stand where the host would
    return { ...unwrapHost(message, ms, true), host: '' };
  }
  return UPTIME.test(rest) ? WRAPPING_REFUSED.uptimeOnly : WRAPPING_REFUSED.noTime;
}

/** `[1234.567890] ` in front of a kernel message, removed. */
function withoutUptime(message: string): string {
  const uptime = UPTIME.exec(message);
  return uptime === null ? message : message.slice(uptime[0].length);
}

/** `host program[pid]: message`; with `hasHost` false the message may also follow the time at once (dmesg). */
function unwrapHost(rest: string, timeMs: number, hasHost: boolean): Wrapped {
  const space = rest.indexOf(' ');
  const host = space < 0 ? rest : rest.slice(0, space);
  let behind = space < 0 ? '' : rest.slice(space + 1);
  if (behind.startsWith(' ')) behind = behind.slice(1);
  if (behind.startsWith('kernel:')) {
    const message = behind.slice(behind.charCodeAt(7) === 32 ? 8 : 7);
    return { timeMs, host, message: withoutUptime(message), isKernel: true };
  }
  const tag = TAG.exec(behind);
  if (tag !== null) {
    const message = behind.slice(tag[0].length).replace(/^ /, '');
    if (PACKET_LOGGERS.has(tag[1]!)) return { timeMs, host, message, isKernel: true };
    // ulogd writes its prefix where the program would stand: `gw01 fw-drop: IN=eth0 OUT= …`
    if (tag[2] === undefined && message.startsWith('IN=')) return { timeMs, host, message: behind, isKernel: null };
    return { timeMs, host, message, isKernel: false };
  }
  return hasHost
    ? { timeMs, host, message: withoutUptime(behind), isKernel: null }
    : { timeMs, host: '', message: withoutUptime(rest), isKernel: null };
}

/** `time host program procid msgid structured-data message` (RFC 5424, behind `<PRI>1 `). */
function unwrap5424(rest: string, context: OriginContext): Wrapped | string {
  const time = RFC_3339.exec(rest);
  if (time === null) return WRAPPING_REFUSED.noTime;
  const timeMs = isoMs(time, context);
  if (Number.isNaN(timeMs)) return WRAPPING_REFUSED.noTime;
  const words: string[] = [];
  let at = time[0].length;
  for (let i = 0; i < 4; i++) {
    const end = rest.indexOf(' ', at);
    if (end < 0) return { timeMs, host: words[0] ?? '', message: '', isKernel: false };
    words.push(rest.slice(at, end));
    at = end + 1;
  }
  at = structuredDataEnd(rest, at);
  const message = rest
    .slice(at)
    .replace(/^ /, '')
    .replace(/^\xef\xbb\xbf/, '');
  const isKernel = words[1] === 'kernel' || PACKET_LOGGERS.has(words[1]!);
  return { timeMs, host: words[0] === '-' ? '' : words[0]!, message: withoutUptime(message), isKernel };
}

/** Offset behind `-` or `[id name="value" …][…]` with `\]`, `\"` and `\\` as escapes inside values. */
function structuredDataEnd(text: string, start: number): number {
  if (text.charCodeAt(start) === 45) return start + 1;
  let at = start;
  let isQuoted = false;
  let isInside = false;
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (isQuoted) {
      if (c === 92) at++;
      else if (c === 34) isQuoted = false;
    } else if (c === 34) isQuoted = true;
    else if (c === 91) isInside = true;
    else if (c === 93) isInside = false;
    else if (!isInside) break;
  }
  return at;
}

/** One object of `journalctl -o json`. */
function unwrapJournal(line: string): Wrapped | string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return WRAPPING_REFUSED.badJson;
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return WRAPPING_REFUSED.badJson;
  const field = new Map<string, unknown>(Object.entries(entry));
  const time = field.get('__REALTIME_TIMESTAMP');
  const message = journalText(field.get('MESSAGE'));
  if (typeof time !== 'string' || !/^\d{1,16}$/.test(time) || message === null) return WRAPPING_REFUSED.badJson;
  const program = journalText(field.get('SYSLOG_IDENTIFIER')) ?? '';
  const isKernel = field.get('_TRANSPORT') === 'kernel' || (!field.has('_TRANSPORT') && program === 'kernel');
  return {
    timeMs: Math.floor(Number(time) / 1000),
    host: journalText(field.get('_HOSTNAME')) ?? '',
    message: withoutUptime(message),
    isKernel: isKernel || PACKET_LOGGERS.has(program),
  };
}

/** A journal field as text of one character per byte: a string, or the list of bytes that stands for unprintable text. */
function journalText(value: unknown): string | null {
  if (typeof value === 'string') return value.replace(/[\u0100-\uffff]/g, '?');
  if (!Array.isArray(value)) return null;
  let text = '';
  for (const byte of value) {
    if (typeof byte !== 'number' || !(byte >= 0 && byte <= 255)) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}

function isoMs(time: RegExpExecArray, context: OriginContext): number {
  const wall = isoWallMs(time);
  if (Number.isNaN(wall)) return Number.NaN;
  return (time[8] === undefined ? localToUtc(wall, context.timezone) : wall - offsetMs(time[8])) + fractionMs(time[7]);
}
