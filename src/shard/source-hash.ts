/**
 * Keyed hashes of sources: what is kept of people who looked up their polling place, and how an address of an advisory
 * is looked for among them later. AES-256 under a key of the organisation's, applied to one block that holds the
 * source's key, is a pseudorandom permutation; its first 56 bits are the hash. Many are made with one call.
 *
 *   192.0.2.7 → "5be1f0a2c81d77"
 *
 * 56 bits tell sources apart: an advisory of 10,000 addresses, looked up in 90 days of 100,000 hashes each, meets a
 * stranger's once in a million times. Being less than half of a block they cannot be deciphered with the key either.
 * AES: FIPS 197; truncating a permutation: Hall, Wagner, Kelsey, Schneier 1998; HKDF: RFC 5869.
 */
import { createCipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

const BLOCK_BYTES = 16;
/** Bytes of a block that are the hash. */
const HASH_BYTES = 7;

/** Hashes of sources, by their index. */
export interface SourceHashes {
  /** 14 hex digits */
  readonly text: (i: number) => string;
  /** order of two sources by hash, which says nothing of their addresses; sources of equal hashes are ordered alike */
  readonly compare: (i: number, j: number) => number;
}

/** Hashes of the sources whose keys (model/address.ts) stand in `keys`: hi, lo, hi, lo, … */
export function sourceHashes(secret: Uint8Array, keys: Uint32Array): SourceHashes {
  const count = keys.length / 2;
  const blocks = Buffer.alloc(count * BLOCK_BYTES);
  for (let i = 0; i < count; i++) {
    blocks.writeUInt32BE(keys[2 * i]!, i * BLOCK_BYTES);
    blocks.writeUInt32BE(keys[2 * i + 1]!, i * BLOCK_BYTES + 4);
  }
  // a block stands alone and no two are equal, so there is nothing that chaining would hide
  const hashed = createCipheriv('aes-256-ecb', keyOf(secret), null).setAutoPadding(false).update(blocks);
  // one long text that all are cut from: making each by itself takes ten times as long
  const hex = hashed.toString('hex');
  const word = (i: number, at: number) => hashed.readUInt32BE(i * BLOCK_BYTES + at);
  return {
    text: (i) => hex.slice(2 * i * BLOCK_BYTES, 2 * (i * BLOCK_BYTES + HASH_BYTES)),
    compare: (i, j) => word(i, 0) - word(j, 0) || word(i, 4) - word(j, 4),
  };
}

/** Hash of one source's key: what a `term` query on `pollwatch.source.hash` asks for. */
export function sourceHash(secret: Uint8Array, hi: number, lo: number): string {
  return sourceHashes(secret, Uint32Array.of(hi, lo)).text(0);
}

const keys = new WeakMap<Uint8Array, KeyObject>();

/** Deriving a key takes as long as a thousand hashes. */
function keyOf(secret: Uint8Array): KeyObject {
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, new Uint8Array(0), 'pollwatch source v1', 32)));
  keys.set(secret, key);
  return key;
}
