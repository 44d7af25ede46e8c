/**
 * Values of Sigma conditions: a string with wildcards becomes a list of tokens, modifiers rewrite it, and what is left is
 * classified as a literal (with or without borders), a glob, "is there" or "is empty".
 * `'/wp-*'` → literal "/wp-" that the field starts with. Escapes: `\*`, `\?` and `\\`; any other backslash is itself.
 * https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
 */

import { RE2JS } from 're2js';

/** Token for `*`: any bytes. */
export const STAR = -2;
/** Token for `?`: any one byte. */
const ANY = -1;

/** Bytes 0–255, STAR, ANY. */
export type Tokens = readonly number[];

/** What one value asks of a text. Borders: `start` = must begin where the field begins, `end` = must end where it ends. */
export type Pattern =
  | { kind: 'literal'; bytes: Uint8Array; start: boolean; end: boolean; cased: boolean }
  | { kind: 'glob'; tokens: Tokens; cased: boolean }
  | { kind: 'regex'; source: string; flags: string }
  | { kind: 'present' }
  | { kind: 'empty' }
  | { kind: 'length'; compare: 'lt' | 'lte' | 'gt' | 'gte'; bytes: number }
  /** the normalised path leaves the root; see decode.ts */
  | { kind: 'escapes' };

/** Sigma text → tokens; characters beyond ASCII become their UTF-8 bytes. */
export function parseSigmaString(text: string): number[] {
  const tokens: number[] = [];
  const bytes = new TextEncoder().encode(text);
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i]!;
    if (c === 0x5c) {
      const next = bytes[i + 1];
      if (next === 0x2a || next === 0x3f || next === 0x5c) {
        tokens.push(next);
        i++;
      } else tokens.push(c);
    } else if (c === 0x2a) {
      if (tokens[tokens.length - 1] !== STAR) tokens.push(STAR);
    } else tokens.push(c === 0x3f ? ANY : c);
  }
  return tokens;
}

/** Tokens of a value that must match a whole field → pattern. */
export function toPattern(tokens: Tokens, cased: boolean): Pattern {
  if (tokens.length === 0) return { kind: 'empty' };
  const list = tokens.filter((t, i) => t !== STAR || tokens[i - 1] !== STAR);
  const start = list[0] !== STAR;
  const end = list[list.length - 1] !== STAR;
  const core = list.slice(start ? 0 : 1, end ? list.length : Math.max(start ? 0 : 1, list.length - 1));
  if (core.length === 0) return { kind: 'present' };
  if (core.every((t) => t >= 0)) return { kind: 'literal', bytes: Uint8Array.from(core), start, end, cased };
  return { kind: 'glob', tokens: list, cased };
}

const DASHES = ['-', '/', '–', '—', '―'];

/** `windash`: every dash that begins an argument, in the five ways in which Windows takes it. */
export function windashVariants(text: string): string[] {
  const dash = /(?<![A-Za-z0-9])[-/–—―](?=[A-Za-z0-9?])/g;
  if (!dash.test(text)) return [text];
  return DASHES.map((other) => text.replace(dash, other));
}

/** Text as bytes in one of the UTF-16 encodings that Sigma names. */
export function utf16(bytes: Uint8Array, order: 'le' | 'be' | 'bom'): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const out: number[] = order === 'bom' ? [0xff, 0xfe] : [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (order === 'be') out.push(unit >> 8, unit & 255);
    else out.push(unit & 255, unit >> 8);
  }
  return Uint8Array.from(out);
}

/** Base64 of the bytes, as it stands when they begin at offset 0. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** The three ways in which the bytes can show inside a longer base64 text. */
export function base64Offsets(bytes: Uint8Array): string[] {
  const cut = [0, 2, 3];
  const drop = [0, 3, 2];
  return [0, 1, 2].map((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset, 0x20), bytes]);
    const text = padded.toString('base64');
    return text.slice(cut[offset], drop[padded.length % 3] === 0 ? undefined : -drop[padded.length % 3]!);
  });
}

/** The longest run of literal bytes in tokens; null when there is none. */
export function longestRun(tokens: Tokens): Uint8Array | null {
  let best: number[] = [];
  let run: number[] = [];
  for (const t of [...tokens, STAR]) {
    if (t >= 0) run.push(t);
    else {
      if (run.length > best.length) best = run;
      run = [];
    }
  }
  return best.length === 0 ? null : Uint8Array.from(best);
}

/**
 * A literal that every match of a regular expression must contain, or null when none is easily seen. Looks only at what
 * stands outside of groups, classes and alternatives; it may miss one, it never claims one that is not needed.
 */
export function requiredLiteral(source: string): Uint8Array | null {
  let best = '';
  let run = '';
  const flush = () => {
    if (run.length > best.length) best = run;
    run = '';
  };
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (c === '|') return null;
    if (c === '(') {
      flush();
      i = skipGroup(source, i);
      if (i < 0) return null;
    } else if (c === '[') {
      flush();
      i = skipClass(source, i);
      if (i < 0) return null;
    } else if (c === '\\') {
      const next = source[i + 1];
      if (next === undefined || next === 'Q' || next === 'x' || next === 'p' || next === 'P' || next === 'c')
        return null;
      if (/[A-Za-z0-9]/.test(next)) flush();
      else run += next;
      i++;
    } else if (c === '?' || c === '*' || c === '{') {
      run = run.slice(0, -1);
      flush();
      if (c === '{') {
        i = source.indexOf('}', i);
        if (i < 0) return null;
      }
    } else if (c === '+' || c === '.' || c === '^' || c === '$') flush();
    else run += c;
  }
  flush();
  return best.length < 2 || /[^\x20-\x7e]/.test(best) ? null : new TextEncoder().encode(best);
}

function skipClass(source: string, open: number): number {
  let i = open + 1;
  if (source[i] === '^') i++;
  if (source[i] === ']') i++;
  for (; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === ']') return i;
  }
  return -1;
}

function skipGroup(source: string, open: number): number {
  let depth = 0;
  for (let i = open; i < source.length; i++) {
    const c = source[i]!;
    if (c === '\\') i++;
    else if (c === '[') {
      i = skipClass(source, i);
      if (i < 0) return -1;
    } else if (c === '(') depth++;
    else if (c === ')' && --depth === 0) return i;
  }
  return -1;
}

/**
 * Tokens against bytes[start, end), from left to right: only the last star is ever tried again, so that the work is at
 * most the product of both lengths.
 */
export function globMatches(tokens: Tokens, bytes: Uint8Array, start: number, end: number, cased: boolean): boolean {
  let t = 0;
  let i = start;
  let star = -1;
  let mark = start;
  while (i < end) {
    const token = tokens[t];
    if (token === STAR) {
      star = t++;
      mark = i;
    } else if (token !== undefined && (token === ANY || same(token, bytes[i]!, cased))) {
      t++;
      i++;
    } else if (star >= 0) {
      t = star + 1;
      i = ++mark;
    } else return false;
  }
  while (tokens[t] === STAR) t++;
  return t === tokens.length;
}

function same(a: number, b: number, cased: boolean): boolean {
  if (a === b) return true;
  if (cased) return false;
  const l = a | 32;
  return l >= 97 && l <= 122 && (b | 32) === l;
}

const compiled = new Map<string, RE2JS>();

/**
 * A regular expression with Sigma's flags (i, m, s) in the linear-time engine, compiled once: there are as many as the
 * rules have. Throws when it does not compile.
 */
export function compileRegex(source: string, flags: string): RE2JS {
  const name = `${flags}/${source}`;
  const known = compiled.get(name);
  if (known !== undefined) return known;
  let bits = 0;
  if (flags.includes('i')) bits |= RE2JS.CASE_INSENSITIVE;
  if (flags.includes('m')) bits |= RE2JS.MULTILINE;
  if (flags.includes('s')) bits |= RE2JS.DOTALL;
  const regex = RE2JS.compile(source, bits);
  compiled.set(name, regex);
  return regex;
}
