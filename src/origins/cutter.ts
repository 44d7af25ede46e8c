/**
 * Cuts a stream of bytes into blocks of whole lines: bytes are read into one reused buffer, a block ends behind the
 * last line feed, and the incomplete rest is carried to the front before the next read. The last line of an origin
 * gets the line feed that it lacks; a carriage return before a line feed is left alone. A line longer than `lineMax`
 * bytes is refused as a whole: it is skipped to its end and noted, so that one endless line cannot take all memory.
 */
import { BLOCK_BYTES, type Block } from './block.ts';

/** How many bytes of a line that was too long are kept as a sample. */
const SAMPLE_BYTES = 200;

/** Sizes of a cutter; the defaults are those of the contract, tests use small ones. */
export interface CutterSizes {
  /** bytes that are read at once; at most `lineMax` */
  readBytes: number;
  /** longest line, without its line feed, that is handed on */
  lineMax: number;
}

export interface Cutter {
  /** Buffer to read into, at `filled`; never more than `readBytes` bytes at once. Invalidates the last block. */
  room(): Uint8Array;
  /** where in the buffer the next bytes go */
  readonly filled: number;
  readonly readBytes: number;
  /** offset of the next byte in the uncompressed origin */
  readonly offset: number;
  /** `count` bytes were written at `filled`: the whole lines that are there now, or null when there is none. */
  commit(count: number): Block | null;
  /** The data ended: the last line when it has no line feed, or null. */
  finish(): Block | null;
  readonly overlong: { offset: number; text: string }[];
}

/**
 * A cutter for bytes that start at `baseOffset` of the origin. `expectedBytes` sizes the first buffer for small files.
 */
export function createCutter(
  baseOffset: number,
  expectedBytes: number,
  sizes: CutterSizes = { readBytes: BLOCK_BYTES, lineMax: BLOCK_BYTES },
): Cutter {
  const { lineMax } = sizes;
  const readBytes = Math.max(1, Math.min(sizes.readBytes, lineMax));
  // one more than needed: finish() writes the missing line feed
  const bufferMax = lineMax + readBytes + 1;
  let buffer = new Uint8Array(Math.min(bufferMax, Math.max(expectedBytes, 0) + readBytes + 1));
  let base = baseOffset;
  let start = 0;
  let filled = 0;
  let isDiscarding = false;
  const overlong: { offset: number; text: string }[] = [];

  const refuse = (from: number, to: number): void => {
    const sample = buffer.subarray(from, Math.min(to, from + SAMPLE_BYTES));
    overlong.push({ offset: base + from, text: Buffer.from(sample).toString('latin1') });
  };
  const dropAll = (): void => {
    base += filled;
    start = 0;
    filled = 0;
  };

  return {
    overlong,
    readBytes,
    get filled() {
      return filled;
    },
    get offset() {
      return base + filled;
    },
    room() {
      if (start > 0) {
        buffer.copyWithin(0, start, filled);
        base += start;
        filled -= start;
        start = 0;
      }
      if (filled + readBytes + 1 > buffer.length) {
        const larger = new Uint8Array(Math.min(bufferMax, Math.max(2 * buffer.length, filled + readBytes + 1)));
        larger.set(buffer.subarray(0, filled));
        buffer = larger;
      }
      return buffer;
    },
    commit(count) {
      const fresh = filled;
      filled += count;
      let from = start;
      if (isDiscarding) {
        const end = indexOfLineFeed(buffer, fresh, filled);
        if (end < 0) {
          dropAll();
          return null;
        }
        isDiscarding = false;
        from = end + 1;
        start = from;
      }
      const last = buffer.lastIndexOf(10, filled - 1);
      if (filled === 0 || last < Math.max(from, fresh)) {
        if (filled - from > lineMax) {
          refuse(from, filled);
          isDiscarding = true;
          dropAll();
        }
        return null;
      }
      // only the line that was carried over can be too long: all others lie within one read
      const first = indexOfLineFeed(buffer, Math.max(from, fresh), filled);
      if (first - from > lineMax) {
        refuse(from, first);
        from = first + 1;
      }
      start = last + 1;
      return from > last ? null : { bytes: buffer, start: from, end: last + 1, baseOffset: base };
    },
    finish() {
      if (isDiscarding || filled === start) return null;
      buffer[filled] = 10;
      const block = { bytes: buffer, start, end: filled + 1, baseOffset: base };
      filled++;
      start = filled;
      return block;
    },
  };
}

/** Index of the first line feed in bytes[from, to), or -1. */
export function indexOfLineFeed(bytes: Uint8Array, from: number, to: number): number {
  const i = bytes.indexOf(10, from);
  return i >= 0 && i < to ? i : -1;
}
