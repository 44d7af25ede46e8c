/**
 * Seals what an organisation's logs say while it waits in Redis: zstd, then AES-256-GCM with a key derived from the
 * organisation's secret. What it belongs to is authenticated with it, so that a chunk moved to another place or another
 * organisation does not open.
 *
 *   sealed = version (1 byte) · nonce (12) · tag (16) · ciphertext of the zstd frame
 *
 * Nonces are random: with one key for 2³² chunks two are equal with a chance of 2⁻³² (NIST SP 800-38D, 8.3). HKDF: RFC 5869.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const SEAL_VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** Most bytes that one seal holds, before compression. */
export const SEALED_RAW_BYTES_MAX = 64 * 1024 * 1024;

/** Level of zstd: 3 and above cost twice the time for a tenth of the size. */
const ZSTD_LEVEL = 1;

/** Seals and opens for one organisation. */
export interface Seal {
  /** Compresses and seals. `aad` says what it is; opening needs the same. Throws a RangeError over 64 MiB. */
  seal(bytes: Uint8Array, aad: string): Buffer;
  /** The bytes that were sealed. Throws a SealError when they were sealed with another key, moved, or changed. */
  open(sealed: Uint8Array, aad: string): Buffer;
}

/** Sealed bytes that do not open: another secret, another place, or changed. */
export class SealError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SealError';
  }
}

/** What a sealed value belongs to, for `aad`. */
export function sealLabel(org: string, origin: number, seq: number, purpose: 'chunk' | 'evidence'): string {
  return `${org} ${origin} ${seq} ${purpose}`;
}

/** A seal with the key of an organisation's secret (32 bytes or more). */
export function createSeal(secret: Uint8Array): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, new Uint8Array(0), 'pollwatch seal v1', 32));
  return {
    seal(bytes, aad) {
      if (bytes.length > SEALED_RAW_BYTES_MAX) {
        throw new RangeError(`${bytes.length} bytes are more than the ${SEALED_RAW_BYTES_MAX} that one seal holds`);
      }
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(aad));
      const packed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
      const text = cipher.update(packed);
      cipher.final();
      return Buffer.concat([Uint8Array.of(SEAL_VERSION), nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, aad) {
      if (sealed.length < HEAD_BYTES || sealed[0] !== SEAL_VERSION) {
        throw new SealError(`sealed with a version that is not known (${sealed[0] ?? 'empty'})`);
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES));
        decipher.setAAD(Buffer.from(aad)).setAuthTag(sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES));
        const packed = decipher.update(sealed.subarray(HEAD_BYTES));
        decipher.final();
        return zstdDecompressSync(packed, { maxOutputLength: SEALED_RAW_BYTES_MAX });
      } catch (cause) {
        throw new SealError(`does not open: another secret, or changed in transit (${aad})`, { cause });
      }
    },
  };
}
