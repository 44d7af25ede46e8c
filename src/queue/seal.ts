/**
 * Seals what an organisation's logs say while it waits in Redis: zstd, then AES-256-GCM with a key derived from the
 * organisation's secret. What it belongs to is authenticated with it, so that a chunk moved to another place or another
 * organisation does not open. What is packed already (records, snapshots) is sealed as it is.
 *
 *   sealed = version (1 byte) · raw length (4, big-endian) · nonce (12) · tag (16) · ciphertext of the zstd frame
 *   sealed, of what is packed already = nonce (12) · tag (16) · ciphertext
 *
 * Nonces are random: with one key for 2³² chunks two are equal with a chance of 2⁻³² (NIST SP 800-38D, 8.3). HKDF: RFC 5869.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { handBack } from '../model/memory.ts';

const SEAL_VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_AT = 5;
const HEAD_BYTES = NONCE_AT + NONCE_BYTES + TAG_BYTES;

/** Most bytes that one seal holds, before compression. */
export const SEALED_RAW_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Level 3 and above cost twice the time for a tenth of the size. A window of 128 KiB and a table of 16,384 places stay in
 * the cache of a processor: 0.85 of the time for a twelfth more of size.
 */
const ZSTD_PARAMS = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_windowLog]: 17,
  [constants.ZSTD_c_hashLog]: 14,
};

/** Seals and opens for one organisation. */
export interface Seal {
  /** Compresses and seals. `aad` says what it is; opening needs the same. Throws a RangeError over 64 MiB. */
  seal(bytes: Uint8Array, aad: string): Buffer;
  /** The bytes that were sealed. Throws a SealError when they were sealed with another key, moved, or changed. */
  open(sealed: Uint8Array, aad: string): Buffer;
  /** Seals what is packed already, of any size. `aad` says what it is; opening needs the same. */
  sealPacked(bytes: Uint8Array, aad: string): Buffer;
  /** What `sealPacked` was given. Throws a SealError as `open` does. */
  openPacked(sealed: Uint8Array, aad: string): Buffer;
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

/**
 * A seal with the key of an organisation's secret (32 bytes or more). What was sealed with the secret before it opens as
 * well, so that nothing that waits is lost when a new one takes its place.
 */
export function createSeal(secret: Uint8Array, previous: Uint8Array | null = null): Seal {
  const seal = sealOf(secret);
  if (previous === null) return seal;
  const before = sealOf(previous);
  const either = (open: (one: Seal) => Buffer): Buffer => {
    try {
      return open(seal);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      return open(before);
    }
  };
  return {
    seal: seal.seal,
    open: (sealed, aad) => either((one) => one.open(sealed, aad)),
    sealPacked: seal.sealPacked,
    openPacked: (sealed, aad) => either((one) => one.openPacked(sealed, aad)),
  };
}

function sealOf(secret: Uint8Array): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, new Uint8Array(0), 'pollwatch seal v1', 32));
  return {
    seal(bytes, aad) {
      if (bytes.length > SEALED_RAW_BYTES_MAX) {
        throw new RangeError(`${bytes.length} bytes are more than the ${SEALED_RAW_BYTES_MAX} that one seal holds`);
      }
      // as below: in one piece of output it takes 0.87 of the time
      const packed = zstdCompressSync(bytes, {
        chunkSize: Math.max(64, Math.ceil(bytes.length / 4)),
        pledgedSrcSize: bytes.length,
        params: ZSTD_PARAMS,
      });
      const sealed = encrypt(key, packed, labelOf(aad, bytes.length), NONCE_AT);
      handBack(packed);
      sealed[0] = SEAL_VERSION;
      sealed.writeUInt32BE(bytes.length, 1);
      return sealed;
    },
    open(sealed, aad) {
      if (sealed.length < HEAD_BYTES || sealed[0] !== SEAL_VERSION) {
        throw new SealError(`sealed with a version that is not known (${sealed[0] ?? 'empty'})`);
      }
      const rawLength = Buffer.from(sealed.buffer, sealed.byteOffset, HEAD_BYTES).readUInt32BE(1);
      try {
        const packed = decrypt(key, sealed.subarray(NONCE_AT), labelOf(aad, rawLength));
        // one piece of output of the right size: in pieces of the default size it takes half as long again, and when a
        // piece is full to its last byte another is made
        const bytes = zstdDecompressSync(packed, {
          maxOutputLength: Math.max(1, rawLength),
          chunkSize: Math.max(64, rawLength + 1),
        });
        handBack(packed);
        return bytes;
      } catch (cause) {
        throw unopened(aad, cause);
      }
    },
    sealPacked: (bytes, aad) => encrypt(key, bytes, packedLabelOf(aad), 0),
    openPacked(sealed, aad) {
      try {
        return decrypt(key, sealed, packedLabelOf(aad));
      } catch (cause) {
        throw unopened(aad, cause);
      }
    },
  };
}

/** Room for `headBytes`, then nonce, tag and ciphertext. */
function encrypt(key: Buffer, bytes: Uint8Array, label: Buffer, headBytes: number): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(label);
  const text = cipher.update(bytes);
  cipher.final();
  const sealed = Buffer.allocUnsafe(headBytes + NONCE_BYTES + TAG_BYTES + text.length);
  sealed.set(nonce, headBytes);
  sealed.set(cipher.getAuthTag(), headBytes + NONCE_BYTES);
  sealed.set(text, headBytes + NONCE_BYTES + TAG_BYTES);
  handBack(text);
  return sealed;
}

/** The text of nonce, tag and ciphertext. Throws when it was sealed with another key or label, or changed. */
function decrypt(key: Buffer, sealed: Uint8Array, label: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(label).setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
  decipher.final();
  return text;
}

function unopened(aad: string, cause: unknown): SealError {
  return new SealError(`does not open: another secret, or changed in transit (${aad})`, { cause });
}

/** What is authenticated with the text: what it belongs to, and how long it is. */
function labelOf(aad: string, rawLength: number): Buffer {
  return Buffer.from(`${rawLength} ${aad}`);
}

/** The same of what is packed already, which no label of the other kind equals. */
function packedLabelOf(aad: string): Buffer {
  return Buffer.from(`packed ${aad}`);
}
