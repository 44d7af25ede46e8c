/**
 * Reads a range of a plain log file in blocks of whole lines, for one thread or for several that share a file.
 * A line belongs to the range in which its first byte lies, so that ranges that touch give every line exactly once,
 * wherever they were cut. A whole file is the range [0, its size when it was opened): what is appended meanwhile is left
 * for the next run, but a line that was half written then is read to its end.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { BLOCK_BYTES, type Block, type BlockReader } from './block.ts';
import { type CutterSizes, createCutter, indexOfLineFeed } from './cutter.ts';

/**
 * Blocks of the lines that start in bytes [from, to) of a file. Never throws: a file that cannot be opened or read, or
 * that became shorter than `to`, sets `fault`.
 */
export function openRange(
  path: string,
  from: number,
  to: number,
  sizes: CutterSizes = { readBytes: BLOCK_BYTES, lineMax: BLOCK_BYTES },
): BlockReader {
  let fd = -1;
  let fault: Error | null = null;
  let isDone = from >= to;
  // the byte before the range tells whether a line starts at `from`
  let position = Math.max(0, from - 1);
  let isSkipping = from > 0;
  let cutter = createCutter(position, Math.min(to - position, BLOCK_BYTES), sizes);
  try {
    if (!isDone) fd = openSync(path, 'r');
  } catch (cause) {
    fault = new Error('the file can no longer be opened', { cause });
    isDone = true;
  }

  const close = (): void => {
    if (fd >= 0) closeSync(fd);
    fd = -1;
    isDone = true;
  };
  const end = (): Block | null => {
    close();
    return isSkipping ? null : cutter.finish();
  };

  return {
    close,
    get overlong() {
      return cutter.overlong;
    },
    get bytesRead() {
      return Math.max(0, Math.min(position, to) - from);
    },
    get fault() {
      return fault;
    },
    next() {
      while (!isDone) {
        const buffer = cutter.room();
        const at = cutter.filled;
        const want = position < to ? Math.min(cutter.readBytes, to - position) : cutter.readBytes;
        let count: number;
        try {
          count = readSync(fd, buffer, at, want, position);
        } catch (cause) {
          fault = new Error('the file cannot be read to its end', { cause });
          return end();
        }
        if (count === 0) {
          if (position < to) fault = new Error('the file became shorter while it was read');
          return end();
        }
        let useful = count;
        let isLast = false;
        if (position + count >= to) {
          // the first line feed at or behind to - 1 ends the last line that starts before `to`
          const stop = indexOfLineFeed(buffer, at + Math.max(0, to - 1 - position), at + count);
          if (stop >= 0) {
            useful = stop + 1 - at;
            isLast = true;
          }
        }
        if (isSkipping) {
          const skipped = indexOfLineFeed(buffer, at, at + useful);
          if (skipped < 0) {
            position += count;
            // the line that goes on here started before the range; no other line starts in it
            if (position >= to) return end();
            continue;
          }
          isSkipping = false;
          position += skipped + 1 - at;
          if (position >= to) return end();
          // start over behind that line feed, so that offsets and carry are those of a line start
          cutter = createCutter(position, Math.min(to - position, BLOCK_BYTES), sizes);
          continue;
        }
        position += useful;
        const block = cutter.commit(useful);
        if (isLast) {
          close();
          return block;
        }
        if (block !== null) return block;
      }
      return null;
    },
  };
}

/**
 * Cuts [0, sizeBytes) into at most `parts` ranges of equal size, none smaller than `bytesMin` unless it is the only one.
 */
export function splitRanges(sizeBytes: number, parts: number, bytesMin: number): { from: number; to: number }[] {
  const count = Math.max(1, Math.min(parts, Math.floor(sizeBytes / Math.max(1, bytesMin))));
  const ranges: { from: number; to: number }[] = [];
  for (let i = 0; i < count; i++) {
    ranges.push({ from: Math.floor((sizeBytes * i) / count), to: Math.floor((sizeBytes * (i + 1)) / count) });
  }
  return ranges;
}
