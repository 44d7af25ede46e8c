/**
 * Keyed 32-bit hashes of byte ranges: the identity of a path, a target, a user agent inside the measures.
 * The key is the organisation's (privacy key): whoever writes the log cannot prepare collisions without it.
 * Murmur3's mixing (public domain, A. Appleby) over two lanes with different keys; not a MAC: never used to hide
 * a value from somebody who can guess it (redaction uses HMAC-SHA-256, see alerts/redact.ts).
 */
import { createHash } from 'node:crypto';

/** Two 32-bit seeds for the two lanes. */
export interface HashKey {
  readonly a: number;
  readonly b: number;
}

/** Seeds from an organisation's secret and a purpose, so that two purposes never share a hash. */
export function hashKey(secret: string | Uint8Array, purpose: string): HashKey {
  const digest = createHash('sha256').update(secret).update('\0').update(purpose).digest();
  return { a: digest.readUInt32LE(0), b: digest.readUInt32LE(4) };
}

/** Final avalanche of a 32-bit word (murmur3 fmix32). Bijective. */
export function mix32(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of up to three words under one seed; for keys that are numbers already. */
export function hashWords(seed: number, a: number, b: number, c = 0): number {
  let h = seed | 0;
  h = Math.imul(h ^ mix32(a ^ 0x9e3779b9), 0x2c1b3c6d);
  h = Math.imul(((h << 15) | (h >>> 17)) ^ mix32(b ^ 0x7f4a7c15), 0x297a2d39);
  h = Math.imul(((h << 13) | (h >>> 19)) ^ mix32(c ^ 0x94d049bb), 0x1b873593);
  return mix32(h);
}

/** Where `hashRange` leaves the second lane. */
export const lane = { b: 0 };

/**
 * Two-lane hash of bytes[start, end): returns lane a (unsigned 32 bits) and leaves lane b in `lane.b`.
 * `view` must be a DataView over the same buffer with byteOffset equal to that of `bytes`.
 */
export function hashRange(bytes: Uint8Array, view: DataView, start: number, end: number, key: HashKey): number {
  let a = key.a ^ (end - start);
  let b = key.b;
  let i = start;
  const last = end - 3;
  for (; i < last; i += 4) {
    const w = view.getInt32(i, true);
    a = Math.imul(a ^ w, 0x85ebca6b);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b + w, 0xc2b2ae35);
    b ^= b >>> 15;
  }
  let tail = 0;
  for (; i < end; i++) tail = (tail << 8) | bytes[i]!;
  a = Math.imul(a ^ tail, 0xcc9e2d51);
  b = Math.imul(b + tail, 0x1b873593);
  lane.b = mix32(b ^ a);
  return mix32(a);
}
