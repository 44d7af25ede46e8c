/**
 * Reads a log from a place in it: whole lines as far as there are any, and more when it has grown. A line without its
 * end is waited for, until somebody says that nothing will follow. Packed files are read from the same place, counted
 * in uncompressed bytes.
 *
 * A line of more than 256 KiB is not kept; in its stead stands a line that says so, which every format refuses and
 * counts, so that the numbers add up.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { BLOCK_BYTES } from '../origins/block.ts';
import { createCutter } from '../origins/cutter.ts';
import { type ByteFeed, feedOfFile, unpack } from '../origins/stream.ts';
import { OVERLONG_LINE } from './message-line.ts';

/** Bytes that are read at once: an idle log holds a buffer of little more. */
const READ_BYTES = 64 * 1024;

/** bytes[start, end) are whole lines; the log is read up to `place` with them. The bytes hold until the next call. */
export interface TailLines {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly place: number;
  readonly isOverlong: boolean;
}

export interface LineTail {
  /** offset behind the last line that was handed out, uncompressed */
  readonly place: number;
  /** offset behind the last byte that was read; bytes from `place` to here do not end a line yet */
  readonly readTo: number;
  /** The next lines, or null when there are none now. Rejects when the file is damaged, behind all that is whole. */
  next(): Promise<TailLines | null>;
  /** The line that has no end, as one that has; then null. Nothing is read after it. */
  finish(): TailLines | null;
  close(): void;
}

/** A plain file that stays open. */
export interface PlainTail extends LineTail {
  /** What the open file is now, whatever its name is. */
  stat(): { id: string; sizeBytes: number; modifiedMs: number; isLinked: boolean };
  /** Its first bytes. */
  head(count: number): Uint8Array;
  /** Its last line with a line end (latin1, without it), null when the last 64 KiB hold none. */
  lastLine(): string | null;
}

/** Opens a plain file at `place`. Throws what opening throws. */
export function openPlainTail(path: string, place: number): PlainTail {
  const fd = openSync(path, 'r');
  let at = Math.max(0, place - 1);
  const bytes = new Uint8Array(READ_BYTES);
  const feed: ByteFeed = {
    pull() {
      const count = readSync(fd, bytes, 0, READ_BYTES, at);
      at += count;
      return count === 0 ? null : bytes.subarray(0, count);
    },
    close: () => closeSync(fd),
  };
  return Object.assign(tailOf(feed, place), {
    stat() {
      const stat = fstatSync(fd, { bigint: true });
      return {
        id: `${stat.dev}:${stat.ino}`,
        sizeBytes: Number(stat.size),
        modifiedMs: Number(stat.mtimeMs),
        isLinked: stat.nlink > 0n,
      };
    },
    head(count: number) {
      const head = new Uint8Array(count);
      return head.subarray(0, readSync(fd, head, 0, count, 0));
    },
    lastLine() {
      const last = new Uint8Array(READ_BYTES);
      const filled = readSync(fd, last, 0, READ_BYTES, Math.max(0, fstatSync(fd).size - READ_BYTES));
      const end = filled === 0 ? -1 : last.lastIndexOf(10, filled - 1);
      return end < 0 ? null : lineBefore(last, end);
    },
  });
}

/** Opens a compressed file at `place`; what lies before it is unpacked and left out. Rejects when it cannot be opened. */
export async function openPackedTail(path: string, place: number): Promise<LineTail> {
  const unpacked = await unpack(feedOfFile(path));
  let skipping = Math.max(0, place - 1);
  return tailOf(
    {
      async pull() {
        for (;;) {
          const more = await unpacked.pull();
          if (more === null || more.length > skipping) {
            const part = more?.subarray(skipping) ?? null;
            skipping = 0;
            return part;
          }
          skipping -= more.length;
        }
      },
      close: () => unpacked.close(),
    },
    place,
  );
}

/** Lines of standard input or another stream, which starts at its first byte. */
export function tailOfFeed(feed: ByteFeed): LineTail {
  return tailOf(feed, 0);
}

/** A feed that starts one byte before `from` (or at 0) as lines behind `from`. */
function tailOf(feed: ByteFeed, from: number): LineTail {
  let place = from;
  let cutter = createCutter(from, 0, { readBytes: READ_BYTES, lineMax: BLOCK_BYTES });
  let chunk: Uint8Array = new Uint8Array(0);
  let at = 0;
  let isAtStart = from > 0;
  let waiting: TailLines | null = null;
  let isClosed = false;
  /** where the data ended when the last line was taken without its end */
  let finishedAt = -1;

  /** The byte before tells whether the last line was taken without its end: then a line end here is no empty line. */
  const startBehind = (): void => {
    if (chunk.length < 2 && chunk[0] !== 10) return;
    isAtStart = false;
    at = 1;
    if (chunk[0] === 10 || chunk[1] !== 10) return;
    at = 2;
    place = from + 1;
    cutter = createCutter(place, 0, { readBytes: READ_BYTES, lineMax: BLOCK_BYTES });
  };
  const lines = (block: { bytes: Uint8Array; start: number; end: number; baseOffset: number }, end: number) => {
    const found = { ...block, place: Math.min(block.baseOffset + block.end, end), isOverlong: false };
    if (cutter.overlong.splice(0).length === 0) return found;
    waiting = found;
    return standIn(block.baseOffset + block.start);
  };
  const handOut = (found: TailLines): TailLines => {
    place = found.place;
    return found;
  };

  return {
    get place() {
      return place;
    },
    get readTo() {
      return finishedAt >= 0 ? finishedAt : Math.max(place, cutter.offset);
    },
    async next() {
      if (waiting !== null) {
        const found = waiting;
        waiting = null;
        return handOut(found);
      }
      while (!isClosed && finishedAt < 0) {
        while (at < chunk.length) {
          const part = chunk.subarray(at, at + cutter.readBytes);
          cutter.room().set(part, cutter.filled);
          at += part.length;
          const block = cutter.commit(part.length);
          if (block !== null) return handOut(lines(block, Number.POSITIVE_INFINITY));
        }
        const more = await feed.pull();
        if (more === null) return null;
        if (isAtStart) {
          // one byte alone says nothing yet
          chunk = chunk.length === 0 ? more.slice(0, more.length) : Buffer.concat([chunk, more]);
          startBehind();
          if (isAtStart) at = chunk.length;
        } else {
          chunk = more;
          at = 0;
        }
      }
      return null;
    },
    finish() {
      if (waiting !== null) {
        const found = waiting;
        waiting = null;
        return handOut(found);
      }
      if (isClosed || finishedAt >= 0) return null;
      const end = cutter.offset;
      finishedAt = end;
      const block = cutter.finish();
      if (block !== null) return handOut(lines(block, end));
      if (cutter.overlong.splice(0).length === 0) return null;
      return handOut(standIn(end));
    },
    close() {
      if (!isClosed) feed.close();
      isClosed = true;
    },
  };
}

/** The line that ends with the line feed at `end`, as latin1 text; null when it is blank. */
export function lineBefore(bytes: Uint8Array, end: number): string | null {
  const start = end === 0 ? 0 : bytes.lastIndexOf(10, end - 1) + 1;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  return text.trim() === '' ? null : text.replace(/\r$/, '');
}

const STAND_IN = Buffer.from(`${OVERLONG_LINE}\n`);

/** What stands in the stead of a line that is too long. */
function standIn(place: number): TailLines {
  return { bytes: STAND_IN, start: 0, end: STAND_IN.length, place, isOverlong: true };
}
