/**
 * Records of a shard's log: what analyze workers and people tell the shard of an organisation, in any order. A delta says
 * what a job of chunks adds up to; a rule list says how its numbers of rules are to be read, so that workers with other
 * rules than the shard's are understood; an acknowledgement says what somebody did about an alert.
 *
 *   "PWR1" · u32 version · zstd of ( u32 length of the head · head as JSON · padding to 4 · for a delta: encodeState )
 */
import { createHash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { lineShape } from '../alerts/redact.ts';
import { DeltaError } from '../measure/delta.ts';
import type { Fact } from '../model/fact.ts';
import { handBack } from '../model/memory.ts';
import { createTally, type Tally } from '../model/tally.ts';

const MAGIC = 0x31525750;
/** Raised when an older program would misread a record; records of all versions up to this one are read. */
const RECORD_VERSION = 1;
/** Bytes that a record may have when it is unpacked; a job of chunks stays far below. */
const UNPACKED_MAX = 1024 * 1024 * 1024;

/** Level 3 takes a third more time for two hundredths of the size. Large pieces save copies. */
const ZSTD_LEVEL = 1;
const ZSTD_CHUNK_BYTES = 1024 * 1024;

/** [10-minute pane since 1970, events in it] */
export type PaneCount = [pane: number, events: number];

/** A chunk that went into a delta: its number, its bytes in the origin's stream, and when its events were. */
export interface ChunkMark {
  readonly seq: number;
  readonly offset: number;
  readonly end: number;
  readonly panes: readonly PaneCount[];
}

/** What a delta says of one origin; samples in the tally are shapes of lines. */
export interface DeltaOrigin {
  readonly origin: number;
  readonly chunks: readonly ChunkMark[];
  tally: Tally;
}

/** What chunks add up to. `rules` is the digest of the list that its numbers of rules come from. */
export interface DeltaRecord {
  readonly rules: string;
  readonly origins: readonly DeltaOrigin[];
  /** encodeState of the measures */
  readonly state: Uint8Array;
}

/** What somebody did about an alert. Of two the later one counts. */
export interface AckRecord {
  readonly id: string;
  readonly status: 'new' | 'ack' | 'closed' | 'suppressed';
  /** Unix ms of the machine on which it was said */
  readonly atMs: number;
}

export type ShardRecord =
  | ({ readonly kind: 'delta' } & DeltaRecord)
  | { readonly kind: 'rules'; readonly digest: string; readonly names: readonly string[] }
  | ({ readonly kind: 'ack' } & AckRecord)
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] };

/** Thrown when bytes are no record that this program reads. `isNewer`: a newer program wrote it and will read it. */
export class RecordError extends Error {
  readonly isNewer: boolean;

  constructor(message: string, isNewer: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RecordError';
    this.isNewer = isNewer;
  }
}

/** Thrown when a delta refers to a list of rules that did not come before it. */
export class RuleListError extends RecordError {
  /** of the list */
  readonly digest: string;

  constructor(digest: string) {
    super('a delta refers to a list of rules that did not come', false);
    this.name = 'RuleListError';
    this.digest = digest;
  }
}

/** Whether an error says that a newer program wrote what could not be read: then it waits for one. */
export function isFromNewer(error: unknown): boolean {
  return (error instanceof RecordError || error instanceof DeltaError) && error.isNewer;
}

/** Digest of a list of rule names in the order of their numbers. */
export function rulesDigest(names: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 16);
}

/** The record of a delta. Canonical when its origins are in order and its state was settled. */
export function encodeDelta(delta: DeltaRecord): Uint8Array {
  const origins = delta.origins.map(({ origin, chunks, tally }) => ({ origin, chunks, tally: tallyToJson(tally) }));
  return encode({ kind: 'delta', rules: delta.rules, origins }, delta.state);
}

/** The record that says what the numbers of rules mean; a worker appends it before its first delta. */
export function encodeRules(names: readonly string[]): Uint8Array {
  return encode({ kind: 'rules', digest: rulesDigest(names), names });
}

/** The record of an acknowledgement. */
export function encodeAck(ack: AckRecord): Uint8Array {
  return encode({ kind: 'ack', ...ack });
}

/** The record of facts that other organisations tell this one. */
export function encodeFacts(facts: readonly Fact[]): Uint8Array {
  return encode({ kind: 'facts', facts });
}

/** Reads a record. Throws RecordError. */
export function decodeRecord(bytes: Uint8Array): ShardRecord {
  const { head, body } = unpack(bytes, MAGIC, RECORD_VERSION, 'record');
  const record = head as { kind?: unknown };
  switch (record.kind) {
    case 'delta': {
      const { rules, origins } = head as {
        rules: string;
        origins: { origin: number; chunks: ChunkMark[]; tally: TallyJson }[];
      };
      return {
        kind: 'delta',
        rules,
        origins: origins.map(({ origin, chunks, tally }) => ({ origin, chunks, tally: tallyFromJson(tally) })),
        state: body,
      };
    }
    case 'rules':
    case 'ack':
    case 'facts':
      return head as ShardRecord;
    default:
      throw new RecordError(`a record of the unknown kind "${String(record.kind)}"`, true);
  }
}

function encode(head: object, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  return pack(head, body, MAGIC, RECORD_VERSION);
}

/** Head and body behind a magic number and a version, compressed. */
export function pack(head: object, body: Uint8Array, magic: number, version: number): Uint8Array {
  const text = Buffer.from(JSON.stringify(head));
  const padded = 4 + Math.ceil(text.length / 4) * 4;
  const plain = Buffer.allocUnsafe(padded + body.length);
  plain.writeUInt32LE(text.length, 0);
  plain.set(text, 4);
  plain.fill(0, 4 + text.length, padded);
  plain.set(body, padded);
  const packed = zstdCompressSync(plain, {
    chunkSize: ZSTD_CHUNK_BYTES,
    params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  handBack(plain);
  const out = Buffer.allocUnsafe(8 + packed.length);
  out.writeUInt32LE(magic, 0);
  out.writeUInt32LE(version, 4);
  out.set(packed, 8);
  handBack(packed);
  return out;
}

/** Head and body of what `pack` made. Throws RecordError; `what` names it in words. */
export function unpack(
  bytes: Uint8Array,
  magic: number,
  version: number,
  what: string,
): { head: unknown; body: Uint8Array } {
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (packed.length < 8 || packed.readUInt32LE(0) !== magic) throw new RecordError(`these bytes are no ${what}`, false);
  const written = packed.readUInt32LE(4);
  if (written > version)
    throw new RecordError(`a ${what} of version ${written}; this program reads up to ${version}`, true);
  try {
    const plain = zstdDecompressSync(packed.subarray(8), {
      maxOutputLength: UNPACKED_MAX,
      chunkSize: ZSTD_CHUNK_BYTES,
    });
    const length = plain.readUInt32LE(0);
    const head: unknown = JSON.parse(plain.toString('utf8', 4, 4 + length));
    return { head, body: plain.subarray(4 + Math.ceil(length / 4) * 4) };
  } catch (cause) {
    throw new RecordError(`a ${what} is damaged`, false, { cause });
  }
}

/** A tally whose samples show the shape of their lines only: nobody knows where in them personal data stand. */
export function shapesOnly(tally: Tally): Tally {
  const shapes = createTally();
  Object.assign(shapes, { lines: tally.lines, events: tally.events, bytes: tally.bytes });
  for (const [kind, n] of tally.skipped) shapes.skipped.set(kind, n);
  for (const [reason, { count, samples }] of tally.refused)
    shapes.refused.set(reason, {
      count,
      samples: samples.map(({ offset, text }) => ({ offset, text: lineShape(text) })),
    });
  return shapes;
}

/** A tally as JSON: maps as sorted pairs. */
export interface TallyJson {
  lines: number;
  events: number;
  bytes: number;
  skipped: [string, number][];
  refused: [string, { count: number; samples: { offset: number; text: string }[] }][];
}

/** The JSON form of a tally. */
export function tallyToJson(tally: Tally): TallyJson {
  const byName = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1);
  const { lines, events, bytes } = tally;
  return { lines, events, bytes, skipped: [...tally.skipped].sort(byName), refused: [...tally.refused].sort(byName) };
}

/** The tally of its JSON form. */
export function tallyFromJson(json: TallyJson): Tally {
  return { ...json, skipped: new Map(json.skipped), refused: new Map(json.refused) };
}
