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
import { createHmac, createSecretKey } from 'node:crypto';
import { hostName, parseAddress } from '../model/address.ts';
import { printable } from '../model/problem.ts';

/** A value (latin1) → its token, e.g. "~a1b2c3d4". */
export type Token = (value: string) => string;

/** What else is known of a line that is redacted. */
export interface Keep {
  /** ranges [start, end) of the line that matched an attack signature: shown as they are */
  matched?: readonly (readonly [number, number])[];
  /** names of parameters whose values may be shown (declared in the inventory), any case */
  keepParams?: ReadonlySet<string> | readonly string[];
  /** names whose values are hidden wherever they stand, also as `/name/value/` in a path; wins over keepParams */
  redactParams?: ReadonlySet<string> | readonly string[];
  /**
   * Beginnings of paths (small letters, no closing slash) of systems that keep voters' records: below them every word
   * that is none of a site's own may be somebody's name, and is hidden
   */
  recordPaths?: readonly string[];
  /** names of hosts (small letters) that keep voters' records wherever they are asked: all of their paths are such */
  recordHosts?: readonly string[];
  /** host that the line names; '': it names none, and may be one of `recordHosts`; null: it is none of them */
  host?: string | null;
}

export interface RedactedLine {
  /** UTF-8 text, unescaped, at most TEXT_MAX characters */
  text: string;
  /** the first matched fragment as it stands in `text`, or null */
  matched: string | null;
}

/** Longest evidence text, in characters; longer lines are cut around the matched fragment. */
export const TEXT_MAX = 1000;
/** Longest part of a request that is no HTTP request that is shown, in bytes. */
export const MALFORMED_MAX = 120;
/** Longest matched fragment that is returned, in characters. */
export const MATCHED_MAX = 240;

/** Values whose tokens are remembered; forgotten all at once when full, which costs time only. */
const TOKENS_MAX = 20_000;

/** Tokens of one organisation: HMAC-SHA-256 of the value, cut to 32 bits, as eight hex digits behind a tilde. */
export function createTokens(secret: string | Uint8Array): Token {
  const key = createSecretKey(typeof secret === 'string' ? Buffer.from(secret) : secret);
  const known = new Map<string, string>();
  return (value) => {
    let token = known.get(value);
    if (token === undefined) {
      token = `~${createHmac('sha256', key).update(value, 'latin1').digest('hex').slice(0, 8)}`;
      if (known.size >= TOKENS_MAX) known.clear();
      known.set(value, token);
    }
    return token;
  };
}

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

/** Ranges of a line that are hidden, minus those that are kept; rendered once at the end. */
class Spans {
  readonly line: string;
  readonly token: Token;
  readonly keepParams: ReadonlySet<string>;
  readonly redactParams: ReadonlySet<string>;
  readonly recordPaths: readonly string[];
  readonly recordHosts: readonly string[];
  readonly host: string | null;
  /** [start, end, kind]: hide = token, escape = bytes become visible escapes, drop = cut out */
  private readonly marks: [number, number, 'hide' | 'escape' | 'drop'][] = [];
  private readonly kept: (readonly [number, number])[];

  constructor(line: string, keep: Keep, token: Token) {
    this.line = line;
    this.token = token;
    this.keepParams = lowerSet(keep.keepParams);
    this.redactParams = lowerSet(keep.redactParams);
    this.recordPaths = keep.recordPaths ?? [];
    this.recordHosts = keep.recordHosts ?? [];
    this.host = keep.host === undefined ? '' : keep.host;
    this.kept = (keep.matched ?? [])
      .map(([s, e]) => [Math.max(0, s), Math.min(line.length, e)] as const)
      .filter(([s, e]) => e > s)
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  }

  hide(start: number, length: number): void {
    if (length > 0) this.marks.push([start, start + length, 'hide']);
  }

  /** Not an HTTP request: escapes, hides what looks personal, shows MALFORMED_MAX bytes (more for a kept fragment). */
  malformed(start: number, end: number): void {
    const kept = this.kept.find(([s, e]) => s >= start && e <= end);
    const from = kept !== undefined && kept[1] - start > MALFORMED_MAX ? Math.max(start, kept[0] - 20) : start;
    const to = Math.min(
      end,
      Math.max(from + MALFORMED_MAX, kept === undefined ? 0 : Math.min(kept[1], from + TEXT_MAX)),
    );
    const text = this.line.slice(from, to);
    for (const m of text.matchAll(LOOSE_PERSONAL)) this.hide(from + m.index, m[0].length);
    for (const m of text.matchAll(/=([^&;\s"]+)/g)) this.hide(from + m.index + 1, m[1]!.length);
    const query = text.search(/\?[^=&\s]*(?:$|\s)/);
    if (query >= 0) this.hide(from + query + 1, to - from - query - 1);
    this.marks.push([start, from, 'drop'], [from, to, 'escape'], [to, end, 'drop']);
  }

  render(): RedactedLine {
    const { line } = this;
    // 0 = as it is, 1 = escape, 2 = hide, 3 = drop; the strongest mark wins, a kept range beats all but escape
    const state = new Uint8Array(line.length);
    for (const [s, e, kind] of this.marks) {
      const value = kind === 'escape' ? 1 : kind === 'hide' ? 2 : 3;
      for (let i = s; i < e; i++) if (state[i]! < value) state[i] = value;
    }
    const first = this.kept[0];
    for (const [s, e] of this.kept) for (let i = s; i < e; i++) state[i] = state[i] === 0 ? 4 : 5;
    const parts: string[] = [];
    let matched: string | null = null;
    let matchedAt = -1;
    let length = 0;
    for (let i = 0; i < line.length; ) {
      let j = i + 1;
      while (j < line.length && state[j] === state[i] && (first === undefined || (j !== first[0] && j !== first[1])))
        j++;
      const raw = line.slice(i, j);
      const s = state[i]!;
      const shown = s === 0 || s === 4 ? decode(raw) : s === 2 ? this.token(raw) : s === 3 ? '…' : escapeBytes(raw);
      if (first !== undefined && i >= first[0] && i < first[1]) {
        if (matched === null) matchedAt = length;
        matched = (matched ?? '') + shown;
      }
      parts.push(shown);
      length += shown.length;
      i = j;
    }
    return cut(parts.join(''), matched, matchedAt);
  }
}

const lowered = new WeakMap<object, ReadonlySet<string>>();

/** Names in lower case; the same list is asked about for every line of a run. */
function lowerSet(names: ReadonlySet<string> | readonly string[] | undefined): ReadonlySet<string> {
  if (names === undefined) return NO_NAMES;
  let set = lowered.get(names);
  if (set === undefined) {
    set = new Set([...names].map((name) => name.toLowerCase()));
    lowered.set(names, set);
  }
  return set;
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Keeps TEXT_MAX characters, around the matched fragment when it stands far behind. */
function cut(text: string, matched: string | null, at: number): RedactedLine {
  const shown = matched !== null && matched.length > MATCHED_MAX ? matched.slice(0, MATCHED_MAX) : matched;
  if (text.length <= TEXT_MAX) return { text, matched: shown };
  if (shown === null || at + shown.length < TEXT_MAX - 1)
    return { text: `${text.slice(0, TEXT_MAX - 1)}…`, matched: shown };
  const room = TEXT_MAX - shown.length - 6;
  const front = text.slice(0, Math.floor(room / 2));
  const back = text.slice(at + shown.length, at + shown.length + Math.floor(room / 2));
  return { text: `${front} … ${shown}${back} …`, matched: shown };
}

const utf8 = new TextDecoder();

/** latin1 (one character per byte) → UTF-8 text; broken sequences become U+FFFD. */
function decode(latin1: string): string {
  for (let i = 0; i < latin1.length; i++) {
    if (latin1.charCodeAt(i) > 127) return utf8.decode(Buffer.from(latin1, 'latin1'));
  }
  return latin1;
}

/** Bytes that are no printable ASCII become \xNN. */
function escapeBytes(latin1: string): string {
  return printable(latin1).replace(/[\u0080-\u00ff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
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

/** Path, matrix parameters, query and fragment of a target or URL. */
function hideTarget(spans: Spans, start: number, end: number): void {
  const { line } = spans;
  let pathEnd = start;
  while (pathEnd < end && line[pathEnd] !== '?' && line[pathEnd] !== '#') pathEnd++;
  hidePath(spans, start, pathEnd);
  if (pathEnd === end) return;
  let i = pathEnd + 1;
  if (line[pathEnd] === '?') {
    let queryEnd = i;
    while (queryEnd < end && line[queryEnd] !== '#') queryEnd++;
    hideParameters(spans, i, queryEnd);
    i = queryEnd + 1;
  }
  if (i < end) spans.hide(i, end - i);
}

/** `a=1&b=2;c`: values; items without "=" are values as well; names that are no plain names. */
function hideParameters(spans: Spans, start: number, end: number): void {
  const { line } = spans;
  for (let i = start; i < end; ) {
    let itemEnd = i;
    while (itemEnd < end && line[itemEnd] !== '&' && line[itemEnd] !== ';') itemEnd++;
    let equals = i;
    while (equals < itemEnd && line[equals] !== '=') equals++;
    const name = line.slice(i, equals).toLowerCase();
    if (equals === itemEnd) {
      if (!spans.keepParams.has(name) || spans.redactParams.has(name)) spans.hide(i, itemEnd - i);
    } else {
      if (!isPlainName(name)) spans.hide(i, equals - i);
      if (!spans.keepParams.has(name) || spans.redactParams.has(name)) spans.hide(equals + 1, itemEnd - equals - 1);
    }
    i = itemEnd + 1;
  }
}

/** A parameter's name that no person typed: short, of name characters (also `v[$x]`), without long numbers. */
function isPlainName(name: string): boolean {
  return name.length <= 40 && /^(?:[\w.$:[\]-]|%5b|%5d|%24)*$/i.test(name) && !isPersonal(name);
}

function hidePath(spans: Spans, start: number, end: number): void {
  const { line } = spans;
  const path = line.slice(start, end);
  let i = start;
  let { host } = spans;
  // absolute form (proxy probes, referrers): scheme://user:password@host/…
  const authority = /^[A-Za-z][A-Za-z0-9+.-]{0,15}:\/\/([^/]*)/.exec(path);
  if (authority !== null) {
    const at = authority[1]!.lastIndexOf('@');
    host = authority[1]!.slice(at + 1);
    const hostStart = start + authority[0].length - authority[1]!.length;
    if (at > 0) spans.hide(hostStart, at);
    else if (LOOSE_TEST.test(authority[1]!) && !/^[\d.]+(?::\d+)?$/.test(authority[1]!))
      spans.hide(hostStart, authority[1]!.length);
    i = start + authority[0].length;
  } else if (path.includes('@') && !path.startsWith('/')) {
    spans.hide(start, path.lastIndexOf('@'));
    i = start + path.lastIndexOf('@') + 1;
  }
  hideBirthDates(spans, path, start);
  // where one segment is a person's datum, a name may stand beside it
  const besidePerson = path.split('/').some((segment) => isPersonal(segment.split(';', 1)[0]!));
  const below = i + recordsBegin(spans, line.slice(i, end), host);
  let previous = '';
  while (i < end) {
    if (line[i] === '/') {
      i++;
      continue;
    }
    let segmentEnd = i;
    while (segmentEnd < end && line[segmentEnd] !== '/') segmentEnd++;
    let nameEnd = i;
    while (nameEnd < segmentEnd && line[nameEnd] !== ';') nameEnd++;
    const segment = line.slice(i, nameEnd);
    const mayName = (besidePerson || i > below || PERSON_WORD.test(previous)) && couldBeName(segment);
    hideSegment(spans, i, nameEnd, mayName || spans.redactParams.has(previous));
    if (nameEnd < segmentEnd) hideParameters(spans, nameEnd + 1, segmentEnd);
    previous = line.slice(i, nameEnd).toLowerCase();
    i = segmentEnd;
  }
}

/** Where in a path of a system that keeps records what may name a person begins; Infinity for others. */
function recordsBegin({ recordPaths, recordHosts }: Spans, path: string, host: string | null): number {
  if (recordHosts.length > 0 && host !== null) {
    const name = hostName(host);
    if (name === '' || recordHosts.includes(name)) return 0;
  }
  if (recordPaths.length === 0) return Number.POSITIVE_INFINITY;
  const lower = path.toLowerCase();
  const fitting = recordPaths.filter(
    (prefix) => lower.startsWith(prefix) && [undefined, '/', ';'].includes(lower[prefix.length]),
  );
  return fitting.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...fitting.map((prefix) => prefix.length));
}

/** Segments behind which a person is named: /voter/Smith. */
const PERSON_WORD =
  /^(?:voters?|registrants?|electors?|persons?|people|members?|names?|(?:last|first|full|sur)-?_?names?|by-?_?names?)$/i;
/** Words that sites name their pages by; everything else beside personal data may be a name. */
const PAGE_WORD =
  /^(?:api|v\d{1,2}|rest|services?|app|public|en|es|voters?|electors?|look-?up|search|find|query|results?|status|records?|register|registration|registrants?|ballots?|absentee|users?|ids?|details?|view|edit|show|list|new|get|pdf|docs?|documents?|downloads?|files?|persons?|people|members?|names?|accounts?|profiles?|polling|polling-?places?|places?|precincts?|candidates?|elections?|county|state|check|verify|confirm|cancel|update|index|home|static|assets|images?|css|js|admin|login|logout|news|archive|dob|birth-?date)$/i;

/** A segment of letters (also percent-encoded ones), blanks, hyphens and apostrophes that is no word of a site. */
function couldBeName(segment: string): boolean {
  return (
    segment.length >= 3 &&
    /^(?:[A-Za-z\u0080-\u00ff]|%[0-9A-Fa-f]{2}|['\u2019+._-])+$/.test(segment) &&
    !/\.[A-Za-z0-9]{2,5}$/.test(segment) &&
    !PAGE_WORD.test(segment)
  );
}

/** One path segment: all of it when it looks like personal data (its short ending stays), else the value behind "=". */
function hideSegment(spans: Spans, start: number, end: number, declared: boolean): void {
  const segment = spans.line.slice(start, end);
  const equals = segment.search(/=|%(?:25)*3d/i);
  const encodedQuery = segment.search(/%(?:25)*(?:3f|26|23|3b)/i);
  if (equals >= 0 && (encodedQuery < 0 || equals < encodedQuery)) {
    const name = segment.slice(0, equals);
    const sign = /^(?:=|%(?:25)*3d)/i.exec(segment.slice(equals))![0].length;
    if (!isPlainName(name)) spans.hide(start, equals);
    if (!isPlainName(name) || !spans.keepParams.has(name.toLowerCase())) {
      spans.hide(start + equals + sign, segment.length - equals - sign);
    }
    return;
  }
  if (encodedQuery >= 0 && !isPersonal(segment.slice(0, encodedQuery))) {
    spans.hide(start + encodedQuery, segment.length - encodedQuery);
    return;
  }
  if (!declared && !isPersonal(segment)) return;
  const ending = /\.[A-Za-z][A-Za-z0-9]{0,4}$/.exec(segment);
  const shown = ending !== null && !declared && !segment.includes('@') && !/%40/.test(segment) ? ending[0].length : 0;
  spans.hide(start, segment.length - shown);
}

/** /1970/01/31 and /01/31/1970: a year that a voter can be born in, over three segments. */
function hideBirthDates(spans: Spans, path: string, start: number): void {
  for (const m of path.matchAll(
    /(?<!\d)(?:(?:19\d\d|200\d)\/\d{1,2}\/\d{1,2}|\d{1,2}\/\d{1,2}\/(?:19\d\d|20\d\d))(?!\d)/g,
  )) {
    let at = start + m.index;
    for (const part of m[0].split('/')) {
      spans.hide(at, part.length);
      at += part.length + 1;
    }
  }
}

// in text of no known shape: six digits or more (also grouped), dates, e-mail addresses
const LOOSE_PERSONAL =
  /(?<!\\x[0-9A-Fa-f]?)(?:[A-Za-z]{1,3}-?)?\d(?:[-._ ]?\d){5,}|(?:19|20)\d\d[-._/]\d{1,2}[-._/]\d{1,2}|\d{1,2}[-._/]\d{1,2}[-._/](?:19|20)\d\d|\d{1,2}[-/]\d{1,2}[-/]\d\d|[\w.%+-]{1,64}(?:@|%40)[\w.-]{1,255}/g;
const LOOSE_TEST = new RegExp(LOOSE_PERSONAL.source);
const MONTH_DATE =
  /\d{1,2}[-_. ]?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[-_. ,]{0,2}\d{2,4}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[-_. ]?\d{1,2}[-_. ,]{1,2}\d{4}/i;

/** Judgements that are remembered; forgotten all at once when full, which costs time only. */
const JUDGED_MAX = 20_000;
const JUDGED_LENGTH_MAX = 200;
const judged = new Map<string, boolean>();

/** Whether a segment, as logged or decoded once or twice, looks like a person's data. */
function isPersonal(segment: string): boolean {
  if (segment.length > JUDGED_LENGTH_MAX) return looksPersonal(segment);
  let personal = judged.get(segment);
  if (personal === undefined) {
    personal = looksPersonal(segment);
    if (judged.size >= JUDGED_MAX) judged.clear();
    // a copy of its own: a part of a text keeps the whole text
    judged.set(Buffer.from(segment, 'utf16le').toString('utf16le'), personal);
  }
  return personal;
}

function looksPersonal(segment: string): boolean {
  let text = segment;
  for (let round = 0; ; round++) {
    if (LOOSE_TEST.test(text) || MONTH_DATE.test(text) || /[A-Za-z]{2}[ +][A-Za-z]/.test(text)) return true;
    if (round === 2 || !text.includes('%')) return false;
    text = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
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

/** E-mail addresses, everything behind the first "?", and values behind "=". */
function hideUserAgent(spans: Spans, start: number, end: number): void {
  const agent = spans.line.slice(start, end);
  // nearly no user agent names an address: looking for one from every character on costs most of a line
  if (/@|%40|[([]at[)\]]/.test(agent))
    for (const m of agent.matchAll(/[\w.%+-]{1,64}(?:@|%40| ?\(at\) ?|\[at\])[\w.-]{1,255}/g))
      spans.hide(start + m.index, m[0].length);
  for (const m of agent.matchAll(/=([^\s;&)"]+)/g)) spans.hide(start + m.index + 1, m[1]!.length);
  const query = agent.indexOf('?');
  if (query >= 0) spans.hide(start + query + 1, agent.length - query - 1);
}
