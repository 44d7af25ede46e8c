/**
 * Reads single lines of an origin again, by their byte offsets: the evidence of an alert is fetched when the alert is
 * known, so that a quiet source costs no text. Plain files are read at the offsets, compressed ones once from the start.
 * A line that can no longer be had (the file was rotated away meanwhile) is null.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { BLOCK_BYTES } from './block.ts';
import type { Origin } from './open-origins.ts';

/** Longest line that is fetched; evidence is cut far below. */
const LINE_BYTES = 16 * 1024;

/** Texts (latin1, no line end) of the lines that start at `offsets`, in their order. */
export async function readLines(origin: Origin, offsets: readonly number[]): Promise<(string | null)[]> {
  const wanted = [...new Set(offsets)].sort((a, b) => a - b);
  const found =
    origin.path !== null && origin.compression === 'none'
      ? readAt(origin.path, wanted)
      : await readThrough(origin, wanted);
  return offsets.map((o) => found.get(o) ?? null);
}

/** The same from a file that is open (a spool). */
export function readLinesAt(fd: number, offsets: readonly number[]): (string | null)[] {
  return offsets.map((o) => lineAt(fd, o));
}

function readAt(path: string, offsets: readonly number[]): Map<number, string> {
  const found = new Map<number, string>();
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return found;
  }
  try {
    for (const offset of offsets) {
      const line = lineAt(fd, offset);
      if (line !== null) found.set(offset, line);
    }
  } finally {
    closeSync(fd);
  }
  return found;
}

const buffer = Buffer.alloc(LINE_BYTES);

function lineAt(fd: number, offset: number): string | null {
  let length = 0;
  try {
    length = readSync(fd, buffer, 0, 1024, offset);
    if (length === 1024 && buffer.indexOf(10) < 0)
      length += readSync(fd, buffer, length, LINE_BYTES - length, offset + length);
  } catch {
    return null;
  }
  return length === 0 ? null : textOf(buffer, 0, length);
}

async function readThrough(origin: Origin, offsets: readonly number[]): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  if (origin.path === null || offsets.length === 0) return found;
  const reader = origin.open();
  let next = 0;
  try {
    for (;;) {
      const block = await reader.next();
      if (block === null) break;
      while (next < offsets.length && offsets[next]! < block.baseOffset + block.end) {
        const at = offsets[next++]! - block.baseOffset;
        if (at >= block.start)
          found.set(offsets[next - 1]!, textOf(block.bytes, at, Math.min(block.end, at + BLOCK_BYTES)));
      }
      if (next === offsets.length) break;
    }
  } finally {
    reader.close();
  }
  return found;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  const lineFeed = bytes.indexOf(10, start);
  const stop = Math.min(lineFeed < 0 || lineFeed > end ? end : lineFeed, start + LINE_BYTES);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start)
    .toString('latin1')
    .replace(/\r$/, '');
}
