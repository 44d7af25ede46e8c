/**
 * Records of a shard's log and its snapshot as they stand in Redis: sealed with the organisation's key, for they hold
 * addresses, hosts, and hashes of what people asked for. A record is sealed for whose log it is.
 *
 *   magic (4) · SEALED (4) · version of what was sealed (4) · nonce, tag and ciphertext of what stands behind magic and version
 *
 * What an older worker left unsealed is read as it stands. An older worker that meets what is sealed takes it for that of a
 * newer program, which it is, and waits to be updated.
 */
import { handBack } from '../model/memory.ts';
import { type Seal, SealError } from '../queue/seal.ts';
import { RecordError } from './record.ts';
import { createShard, type Shard, type ShardSetting } from './shard.ts';
import { decodeShard, encodeShard } from './snapshot-form.ts';

/** Above every version of records and snapshots, so that older programs know that a newer one wrote it. */
const SEALED = 256;
const PACKED_HEAD = 8;
const SEALED_HEAD = 12;

/** What it is that is sealed. */
export type SealedKind = 'record' | 'snapshot';

/** Seals what `pack` made, for an organisation. */
export function sealed(packed: Uint8Array, seal: Seal, org: string, what: SealedKind): Buffer {
  const from = viewOf(packed);
  const version = from.readUInt32LE(4);
  const text = seal.sealPacked(from.subarray(PACKED_HEAD), labelOf(org, what, version));
  const head = Buffer.alloc(SEALED_HEAD);
  from.copy(head, 0, 0, 4);
  head.writeUInt32LE(SEALED, 4);
  head.writeUInt32LE(version, 8);
  const whole = Buffer.concat([head, text]);
  handBack(text);
  return whole;
}

/** What was sealed; bytes that are not sealed as they are. Throws a RecordError when they do not open. */
export function unsealed(bytes: Uint8Array, seal: Seal, org: string, what: SealedKind): Uint8Array {
  const from = viewOf(bytes);
  if (from.length < SEALED_HEAD || from.readUInt32LE(4) !== SEALED) return bytes;
  const version = from.readUInt32LE(8);
  try {
    const text = seal.openPacked(from.subarray(SEALED_HEAD), labelOf(org, what, version));
    const head = Buffer.alloc(PACKED_HEAD);
    from.copy(head, 0, 0, 4);
    head.writeUInt32LE(version, 4);
    const whole = Buffer.concat([head, text]);
    handBack(text);
    return whole;
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause;
    throw new RecordError(`a ${what} ${cause.message}`, false, { cause });
  }
}

/** The snapshot of a shard, sealed. */
export function sealedShard(shard: Shard, setting: ShardSetting, seal: Seal, org: string): Buffer {
  const packed = encodeShard(shard, setting, 'arrival');
  const whole = sealed(packed, seal, org, 'snapshot');
  handBack(packed);
  return whole;
}

/** The shard of a sealed snapshot; an empty one where there is none yet. Throws a RecordError or a DeltaError. */
export function unsealedShard(snapshot: Uint8Array | null, seal: Seal, org: string, setting: ShardSetting): Shard {
  return snapshot === null ? createShard(setting) : decodeShard(setting, unsealed(snapshot, seal, org, 'snapshot'));
}

function labelOf(org: string, what: SealedKind, version: number): string {
  return `${org} ${what} ${version}`;
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
