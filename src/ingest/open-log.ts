/**
 * One file of a family while it is read: its lines, how they are to be read, and whether it is still the file that it was.
 */
import { findFormat } from '../formats/index.ts';
import type { OriginReading } from '../model/installation.ts';
import type { ChunkReading } from './chunk-writer.ts';
import { hashOfHead, type MarkedFile } from './file-mark.ts';
import { type LineTail, openPackedTail, openPlainTail, type PlainTail, type TailLines } from './line-tail.ts';
import { formatOf, readingOf } from './log-reading.ts';

/** Lines that were read and not all taken: bytes from `at` on. */
interface Rest {
  lines: TailLines;
  at: number;
}

/** A file that is being read. */
export interface OpenLog {
  marked: MarkedFile;
  readonly tail: LineTail;
  /** null for a compressed file */
  readonly plain: PlainTail | null;
  /** null until its first lines told the format */
  reading: ChunkReading | null;
  /** size when the year was fixed */
  fixedBytes: number;
  /** what is taken before more is read; several only when the first lines are too long */
  rest: Rest[];
  /** the line that it ends with was taken without its end */
  isFinished: boolean;
  /** true when nothing more is read from it */
  isOver: boolean;
}

/** Opens a file at the place of its mark. Rejects with what opening throws; null when another file has its name now. */
export async function openLog(marked: MarkedFile): Promise<OpenLog | null> {
  const { file, mark } = marked;
  const plain = file.isPacked ? null : openPlainTail(file.path, mark.place);
  const tail = plain ?? (await openPackedTail(file.path, mark.place));
  if (plain !== null && plain.stat().id !== file.id) {
    tail.close();
    return null;
  }
  return { marked, tail, plain, reading: null, fixedBytes: 0, rest: [], isFinished: false, isOver: false };
}

/** Whether an open plain file still starts as it did and was not cut: what was read of it just now is of that file. */
export function isStillItself(log: OpenLog): boolean {
  if (log.plain === null) return true;
  const { mark } = log.marked;
  return log.plain.stat().sizeBytes >= log.tail.readTo && hashOfHead(log.plain.head(mark.headBytes)) === mark.head;
}

/**
 * Fixes how a file is read when its first lines are at hand; false while they fit no format. `known` is what was committed
 * for the same file, `before` the format of the file before it: a rotated log seldom changes its format.
 */
export function fixReading(
  log: OpenLog,
  first: TailLines,
  reading: OriginReading,
  origin: number,
  known: ChunkReading | null,
  before: string | null,
): boolean {
  const sample = first.bytes.subarray(first.start, first.end);
  const format =
    (known === null ? null : findFormat(known.format)) ??
    formatOf(reading, sample) ??
    (before === null || sample.includes(0) ? null : findFormat(before));
  if (format === null) return false;
  const { gzipMs, modifiedMs } = log.marked.file;
  const stat = log.plain?.stat();
  const times = { year: reading.year, gzipMs, modifiedMs: stat?.modifiedMs ?? modifiedMs, receivedMs: Date.now() };
  log.reading = readingOf(format, origin, reading.timezone, log.plain?.lastLine() ?? null, times, known);
  log.fixedBytes = stat?.sizeBytes ?? Number.POSITIVE_INFINITY;
  return true;
}

/** The reading of lines up to `place`, of which `lastLine` is the last: what was appended since may bring a new year. */
export function readingAt(log: OpenLog, place: number, lastLine: string | null): ChunkReading {
  const known = log.reading!;
  if (log.plain === null || place <= log.fixedBytes) return known;
  const { modifiedMs } = log.plain.stat();
  const times = { gzipMs: null, modifiedMs, receivedMs: Date.now() };
  const { origin, timezone } = known.context;
  log.reading = readingOf(findFormat(known.format)!, origin, timezone, lastLine, times, known);
  return log.reading;
}
