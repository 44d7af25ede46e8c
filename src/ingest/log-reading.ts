/**
 * How the lines of an origin are read: the format, told from the first lines unless it is declared, and for formats that
 * leave the year out the time that fixes it (law 2). Both are committed with every chunk, so that whoever reads the chunk
 * again reads it the same way.
 */
import { detectFormat } from '../formats/detect.ts';
import type { Format } from '../formats/format.ts';
import { findFormat } from '../formats/index.ts';
import { monthAndDay } from '../formats/year.ts';
import type { OriginReading } from '../model/installation.ts';
import { referenceTime } from '../origins/reference-time.ts';
import type { ChunkReading } from './chunk-writer.ts';

/** What may fix the year; times in Unix ms. */
export interface ReadingTimes {
  /** the year that somebody gave; it wins */
  readonly year?: number | undefined;
  /** time in a gzip header */
  readonly gzipMs: number | null;
  readonly modifiedMs: number | null;
  readonly receivedMs: number;
}

/** The format that is declared, else the one that the sample is in, else null. */
export function formatOf(reading: OriginReading, sample: Uint8Array): Format | null {
  return reading.format === 'auto' ? detectFormat(sample) : findFormat(reading.format);
}

/**
 * The reading of lines of which `last` is the youngest at hand (latin1 text; null = unknown). `known` is the reading of
 * the lines before them in the same file: the year does not go back.
 */
export function readingOf(
  format: Format,
  origin: number,
  timezone: string,
  last: string | null,
  times: ReadingTimes,
  known: ChunkReading | null,
): ChunkReading {
  const base = { origin, timezone };
  const { referenceMs } = format.yearless
    ? referenceTime({
        datedMs: null,
        ...times,
        year: times.year ?? null,
        last: last === null ? null : monthAndDay(format, last, base),
      })
    : { referenceMs: times.receivedMs };
  const before = known?.format === format.name ? known.context.referenceMs : 0;
  return { format: format.name, context: { ...base, referenceMs: Math.max(before, referenceMs) } };
}
