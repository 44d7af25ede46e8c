/**
 * The forms in which a text is searched: as logged, decoded once (log escapes, %xx, %uxxxx, `+` in the query, overlong
 * UTF-8), and decoded once more. `/..%252fetc` → `/..%2fetc` → `/../etc`. NUL bytes stay.
 * References: RFC 3986 (percent-encoding), RFC 3629 (why `%c0%af` is no slash, though some servers took it for one).
 */

/** A decoded text: `bytes[0, length)`; `query` is the offset of the `?` that the raw text has, or `length`. */
export interface DecodedText {
  bytes: Uint8Array;
  length: number;
  query: number;
  /** raw offset of each decoded byte, and of the end behind the last one; only when asked for */
  origin: Uint32Array | null;
  /** true when anything but copying was done */
  changed: boolean;
}

/** An empty buffer to decode into; it grows as needed. `traced` keeps the raw offsets. */
export function createDecodedText(traced: boolean): DecodedText {
  return {
    bytes: new Uint8Array(1024),
    length: 0,
    query: 0,
    origin: traced ? new Uint32Array(1025) : null,
    changed: false,
  };
}

function hex(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const l = c | 32;
  return l >= 97 && l <= 102 ? l - 87 : -1;
}

/**
 * Decodes bytes[start, end) once into `out`. `query` is the absolute offset of the `?` (or `end`): behind it `+` is a
 * space when `first`. `first` also undoes what servers do when they write a log: nginx `\x22`, Apache `\"` and `\\`.
 */
export function decodeOnce(
  bytes: Uint8Array,
  start: number,
  end: number,
  query: number,
  first: boolean,
  out: DecodedText,
): void {
  // %u0800 and above become three bytes of UTF-8 out of six: the output is never longer than the input
  if (out.bytes.length < end - start) {
    out.bytes = new Uint8Array(2 * (end - start));
    if (out.origin !== null) out.origin = new Uint32Array(2 * (end - start) + 1);
  }
  const to = out.bytes;
  const origin = out.origin;
  let n = 0;
  let changed = false;
  let outQuery = -1;
  let i = start;
  while (i < end) {
    if (i >= query && outQuery < 0) outQuery = n;
    const at = i - start;
    let c = bytes[i]!;
    let used = 1;
    if (c === 37) {
      const a = i + 2 < end ? hex(bytes[i + 1]!) : -1;
      const b = a >= 0 ? hex(bytes[i + 2]!) : -1;
      if (b >= 0) {
        c = a * 16 + b;
        used = 3;
      } else if (i + 5 < end && (bytes[i + 1]! | 32) === 117) {
        const code = hex4(bytes, i + 2);
        if (code >= 0) {
          changed = true;
          const plain = plainCharacter(code);
          if (plain >= 0) {
            c = plain;
            used = 6;
          } else {
            n = putUtf8(to, origin, n, code, at);
            i += 6;
            continue;
          }
        }
      }
      if (used > 1) changed = true;
    } else if (c === 43 && first && i > query) {
      c = 32;
      changed = true;
    } else if (c === 92 && first && i + 1 < end) {
      const next = bytes[i + 1]!;
      if (next === 34 || next === 92) {
        c = next;
        used = 2;
      } else if (next === 120 && i + 3 < end) {
        const a = hex(bytes[i + 2]!);
        const b = hex(bytes[i + 3]!);
        if (a >= 0 && b >= 0) {
          c = a * 16 + b;
          used = 4;
        }
      }
      if (used > 1) changed = true;
    }
    i += used;
    if ((c & 0xc0) === 0x80 && n > 0) {
      const p = to[n - 1]!;
      if (p === 0xc0 || p === 0xc1) {
        to[n - 1] = ((p & 1) << 6) | (c & 0x3f);
        changed = true;
        continue;
      }
      if (n > 1 && to[n - 2] === 0xe0 && (p === 0x80 || p === 0x81)) {
        n--;
        to[n - 1] = ((p & 1) << 6) | (c & 0x3f);
        changed = true;
        continue;
      }
      if (n > 2 && to[n - 3] === 0xf0 && to[n - 2] === 0x80 && (p === 0x80 || p === 0x81)) {
        n -= 2;
        to[n - 1] = ((p & 1) << 6) | (c & 0x3f);
        changed = true;
        continue;
      }
    }
    to[n] = c;
    if (origin !== null) origin[n] = at;
    n++;
  }
  if (origin !== null) origin[n] = end - start;
  out.length = n;
  out.query = outQuery < 0 ? n : outQuery;
  out.changed = changed;
}

function hex4(bytes: Uint8Array, i: number): number {
  let value = 0;
  for (let k = 0; k < 4; k++) {
    const d = hex(bytes[i + k]!);
    if (d < 0) return -1;
    value = value * 16 + d;
  }
  return value;
}

/** ASCII that a code unit stands for: itself, its full-width form, or one of the slashes that servers fold; else -1. */
function plainCharacter(code: number): number {
  if (code < 0x80) return code;
  if (code >= 0xff01 && code <= 0xff5e) return code - 0xfee0;
  return code === 0x2215 || code === 0x2044 ? 47 : code === 0x2216 ? 92 : -1;
}

function putUtf8(to: Uint8Array, origin: Uint32Array | null, n: number, code: number, at: number): number {
  const first = n;
  if (code < 0x800) {
    to[n++] = 0xc0 | (code >> 6);
  } else {
    to[n++] = 0xe0 | (code >> 12);
    to[n++] = 0x80 | ((code >> 6) & 0x3f);
  }
  to[n++] = 0x80 | (code & 0x3f);
  if (origin !== null) for (let k = first; k < n; k++) origin[k] = at;
  return n;
}

/** True when bytes[start, end) hold a byte that decoding could change (`%`, backslash, or `+` behind `query`). */
export function needsDecoding(bytes: Uint8Array, start: number, end: number, query: number): boolean {
  for (let i = start; i < end; i++) {
    const c = bytes[i]!;
    if (c === 37 || c === 92 || (c === 43 && i > query)) return true;
  }
  return false;
}

/**
 * True when a path leaves its root: at some point it has more `..` segments than names before it. `/a/../b` stays
 * inside, `/../x` and `/a/..\..\x` do not.
 */
export function leavesRoot(bytes: Uint8Array, start: number, end: number): boolean {
  let depth = 0;
  let from = start;
  for (let i = start; i <= end; i++) {
    const c = i < end ? bytes[i]! : 47;
    if (c !== 47 && c !== 92) continue;
    const size = i - from;
    // "..;" is a parent segment for Tomcat behind a proxy
    if (size >= 2 && bytes[from] === 46 && bytes[from + 1] === 46 && (size === 2 || bytes[from + 2] === 59)) {
      if (--depth < 0) return true;
    } else if (size > 0 && !(size === 1 && bytes[from] === 46)) depth++;
    from = i + 1;
  }
  return false;
}
