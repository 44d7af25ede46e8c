/**
 * The lines of a chunk that something was decided from, packed: what is left of a chunk when its effect is durable.
 * With the lines stand the format and the context that they are read with, since a log's year is that of its chunk.
 *
 *   "PWE1" · u32 length of the head · head as JSON {format, context, offset, end} · padding · u32 lines
 *   per line, by offset: u32 offset from the chunk's first byte, u32 bytes · then all texts
 */
import type { OriginContext } from '../formats/format.ts';

const MAGIC = 0x31455750;
/** Longest line that is kept: what is shown of a line is cut far below. */
const LINE_BYTES = 16 * 1024;

/** What a chunk's lines are read with, and which bytes of its origin's stream it held. */
export interface EvidenceHead {
  readonly format: string;
  readonly context: OriginContext;
  /** offsets of its first byte and behind its last */
  readonly offset: number;
  readonly end: number;
}

/** Lines that were kept of a chunk. */
export interface EvidenceLines {
  readonly head: EvidenceHead;
  /** Text (latin1, no line end) of the line that starts at an offset of the stream, or null when it was not kept. */
  lineAt(offset: number): string | null;
}

/** Thrown when bytes are no packed lines of a version that this program reads. */
export class EvidenceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EvidenceError';
  }
}

/** Packs the lines of a chunk that start at `offsets` of its stream, which are sorted. */
export function packEvidence(
  chunk: { format: string; context: OriginContext; offset: number; bytes: Uint8Array },
  offsets: Float64Array,
): Uint8Array {
  const { format, context, offset, bytes } = chunk;
  const head: EvidenceHead = { format, context, offset, end: offset + bytes.length };
  const text = Buffer.from(JSON.stringify(head));
  const starts = Array.from(offsets, (o) => o - offset);
  const lengths = starts.map((at) => {
    const lineFeed = bytes.indexOf(10, at);
    return Math.min(lineFeed < 0 ? bytes.length : lineFeed, at + LINE_BYTES) - at;
  });
  const table = 8 + Math.ceil(text.length / 4) * 4;
  const texts = table + 4 + starts.length * 8;
  const packed = Buffer.alloc(texts + lengths.reduce((sum, n) => sum + n, 0));
  packed.writeUInt32LE(MAGIC, 0);
  packed.writeUInt32LE(text.length, 4);
  packed.set(text, 8);
  packed.writeUInt32LE(starts.length, table);
  let to = texts;
  for (const [i, at] of starts.entries()) {
    const length = lengths[i]!;
    packed.writeUInt32LE(at, table + 4 + i * 8);
    packed.writeUInt32LE(length, table + 8 + i * 8);
    packed.set(bytes.subarray(at, at + length), to);
    to += length;
  }
  return packed;
}

/** Opens packed lines. Throws EvidenceError when they are cut or of another kind. */
export function openEvidence(bytes: Uint8Array): EvidenceLines {
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (packed.length < 8 || packed.readUInt32LE(0) !== MAGIC) throw new EvidenceError('not the lines of a chunk');
  const length = packed.readUInt32LE(4);
  const table = 8 + Math.ceil(length / 4) * 4;
  if (table + 4 > packed.length) throw new EvidenceError('the lines of a chunk are cut short');
  const head = headOf(packed.subarray(8, 8 + length));
  const count = packed.readUInt32LE(table);
  const texts = table + 4 + count * 8;
  if (texts > packed.length) throw new EvidenceError('the lines of a chunk are cut short');
  const lines = new Map<number, [number, number]>();
  let at = texts;
  for (let i = 0; i < count; i++) {
    const start = packed.readUInt32LE(table + 4 + i * 8);
    const size = packed.readUInt32LE(table + 8 + i * 8);
    lines.set(start, [at, at + size]);
    at += size;
  }
  if (at !== packed.length) throw new EvidenceError('the lines of a chunk are cut short');
  return {
    head,
    lineAt: (offset) => {
      const place = lines.get(offset - head.offset);
      return place === undefined ? null : packed.toString('latin1', ...place).replace(/\r$/, '');
    },
  };
}

function headOf(bytes: Uint8Array): EvidenceHead {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as EvidenceHead;
  } catch (cause) {
    throw new EvidenceError('the head of the lines of a chunk is damaged', { cause });
  }
}
