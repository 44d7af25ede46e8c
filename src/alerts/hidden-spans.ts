/**
 * Ranges of a line that are hidden, and the text that is left: hidden ranges become tokens, what matched an attack stays,
 * bytes that are no text become visible escapes, and a long line is cut around what matched.
 */
import { printable } from '../model/problem.ts';
import { LOOSE_PERSONAL } from './personal-text.ts';
import type { Token } from './tokens.ts';

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
const MATCHED_MAX = 240;

/** Ranges of a line that are hidden, minus those that are kept; rendered once at the end. */
export class Spans {
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
