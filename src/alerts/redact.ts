/**
 * Keeps voters' data out of what people read. A line of a log becomes evidence text in which every value that somebody
 * may have typed (query values, matrix parameters, user names, referrer queries, fragments) and every path segment that
 * looks like personal data is replaced by a keyed token, except the fragments that matched an attack signature.
 *
 *   192.0.2.7 - jdoe [14/Sep/2026:08:00:33 +0000] "GET /lookup?last=SMITH&dob=1970-01-31 HTTP/1.1" 200 89 "-" "curl/8"
 *   192.0.2.7 - ~5be1f0a2 [14/Sep/2026:08:00:33 +0000] "GET /lookup?last=~91c3d0aa&dob=~0f77b1c4 HTTP/1.1" 200 89 "-" "curl/8"
 *
 * Equal values give equal tokens, so that "the same name 40 times" stays visible. Names of parameters stay.
 */
import { parseAddress } from '../model/address.ts';
import { type Keep, type RedactedLine, Spans } from './hidden-spans.ts';
import { hidePath, hideTarget } from './hide-target.ts';
import { isPersonal, WRITTEN_DATE } from './personal-text.ts';
import type { Token } from './tokens.ts';

/**
 * Redacts one line. `line` holds one character per byte (latin1), without its line end. 'request' is an access log of
 * the common or combined family (with or without vhost and extra fields), 'packet' a firewall line, in which only the
 * link-layer addresses are hidden. A line of neither shape is treated as a malformed request. Never throws.
 */
export function redactLine(line: string, kind: 'request' | 'packet', keep: Keep, token: Token): RedactedLine {
  const spans = new Spans(line, keep, token);
  if (kind === 'packet') {
    for (const m of line.matchAll(/\bMAC[A-Z]*=([0-9A-Fa-f:.-]+)/g))
      spans.hide(m.index + m[0].length - m[1]!.length, m[1]!.length);
    return spans.render();
  }
  const head = /^[^"]{0,4000}? \[\d{1,2}\/[A-Za-z]{3}\/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? ?[+-]\d{4}\] "/.exec(line);
  if (head === null) {
    spans.malformed(0, line.length);
    return spans.render();
  }
  const time = head[0].lastIndexOf(' [');
  hideUser(spans, line.slice(0, time));
  const start = head[0].length;
  const end = closingQuote(line, start);
  hideRequest(spans, line, start, end);
  hideTail(spans, line, end + 1);
  return spans.render();
}

/**
 * A path that is shown alone: query and fragment are left out, matrix parameters and segments that look like personal
 * data become tokens, the rest is decoded as UTF-8 and cut at 200 characters. Without `token` a bare "~" stands there.
 */
export function redactPath(path: string, token: Token = () => '~', keep: Keep = {}): string {
  const end = path.search(/[?#]/);
  const target = end < 0 ? path : path.slice(0, end);
  const spans = new Spans(target, keep, token);
  if (target.startsWith('/') || target.includes('://')) hidePath(spans, 0, target.length);
  else spans.malformed(0, target.length);
  const { text } = spans.render();
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/**
 * The shape of a line that no format could read, and of which nobody knows where personal data stand: letters become
 * "x", digits "9", everything beyond ASCII "x"; punctuation and spaces stay, so that a field too many can be seen.
 */
export function lineShape(line: string): string {
  return line.replace(/[A-Za-z\u0080-\uffff]/g, 'x').replace(/\d/g, '9');
}

/** `[vhost] address ident user`: everything behind the address that is not "-". */
function hideUser(spans: Spans, head: string): void {
  const words = [...head.matchAll(/\S+/g)];
  let address = words.findIndex((w, i) => i < 3 && parseAddress(w[0].replace(/^\[|\]?,?$/g, '')) !== null);
  if (address < 0) address = 0;
  for (let i = 0; i < address; i++) if (isPersonal(words[i]![0])) spans.hide(words[i]!.index, words[i]![0].length);
  const ident = words[address + 1];
  if (ident === undefined) return;
  if (ident[0] !== '-') spans.hide(ident.index, ident[0].length);
  const user = words[address + 2];
  if (user !== undefined && (user[0] !== '-' || words.length > address + 3))
    spans.hide(user.index, head.length - user.index);
}

/** Offset of the quote that ends a quoted field (a backslash escapes the next byte), or the end of the line. */
function closingQuote(line: string, start: number): number {
  for (let i = start; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c === 92) i++;
    else if (c === 34) return i;
  }
  return line.length;
}

function hideRequest(spans: Spans, line: string, start: number, end: number): void {
  const request = line.slice(start, end);
  const method = /^[A-Za-z_-]{1,20} /.exec(request);
  if (method === null) {
    if (request !== '-' && request !== '') spans.malformed(start, end);
    return;
  }
  const targetStart = start + method[0].length;
  const version = / HTTP\/\d(?:\.\d)?$/.exec(request);
  const targetEnd = version === null ? end : Math.max(targetStart, start + version.index);
  const target = line.slice(targetStart, targetEnd);
  if (target === '*') return;
  if (!/^(?:\/|[A-Za-z][A-Za-z0-9+.-]{0,15}:)/.test(target) && method[0] !== 'CONNECT ') {
    spans.malformed(start, end);
    return;
  }
  hideTarget(spans, targetStart, targetEnd);
}

/** ` status size "referrer" "user agent" …`; fields behind them are shown only when they are numbers or addresses. */
function hideTail(spans: Spans, line: string, start: number): void {
  if (start >= line.length) return;
  const numbers = /^ (?:\d{3}|-|000) (?:\d+|-)(?= |$)/.exec(line.slice(start, start + 40));
  if (numbers === null) {
    spans.malformed(start, line.length);
    return;
  }
  let field = 0;
  for (let i = start + numbers[0].length; i < line.length; ) {
    if (line[i] === ' ') {
      i++;
      continue;
    }
    const quoted = line[i] === '"';
    const from = quoted ? i + 1 : i;
    let to = from;
    if (quoted) to = closingQuote(line, from);
    else while (to < line.length && line[to] !== ' ') to++;
    if (to > from) {
      if (quoted && field === 0) hideReferrer(spans, from, to);
      else if (quoted && field === 1) hideUserAgent(spans, from, to);
      else if (!isPlainExtra(line.slice(from, to))) spans.hide(from, to - from);
    }
    if (quoted) field++;
    i = to + 1;
  }
}

/** A further field of a custom log format that may be shown: a number, a time, an address list, or "-". */
function isPlainExtra(value: string): boolean {
  if (/^(?:(?:rt|uct|uht|urt)=)?"?(?:-|\d{0,5}(?:\.\d{1,6})?)"?$/.test(value)) return true;
  return value.length < 200 && value.split(/, ?/).every((part) => parseAddress(part) !== null);
}

function hideReferrer(spans: Spans, start: number, end: number): void {
  const referrer = spans.line.slice(start, end);
  if (referrer === '-') return;
  if (/^(?:[A-Za-z][A-Za-z0-9+.-]{0,15}:\/\/|\/)/.test(referrer)) hideTarget(spans, start, end);
  else spans.hide(start, end - start);
}

/** E-mail addresses, dates, everything behind the first "?", and values behind "=". */
function hideUserAgent(spans: Spans, start: number, end: number): void {
  const agent = spans.line.slice(start, end);
  // nearly no user agent names an address: looking for one from every character on costs most of a line
  if (/@|%40|[([]at[)\]]/.test(agent))
    for (const m of agent.matchAll(/[\w.%+-]{1,64}(?:@|%40| ?\(at\) ?|\[at\])[\w.-]{1,255}/g))
      spans.hide(start + m.index, m[0].length);
  for (const m of agent.matchAll(WRITTEN_DATE)) spans.hide(start + m.index, m[0].length);
  for (const m of agent.matchAll(/=([^\s;&)"]+)/g)) spans.hide(start + m.index + 1, m[1]!.length);
  const query = agent.indexOf('?');
  if (query >= 0) spans.hide(start + query + 1, agent.length - query - 1);
}
