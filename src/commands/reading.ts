/**
 * Opens logs for the commands that look at single lines (`parse`, `rules test`, `doctor`): which file can be read, in
 * which format it is, and in which year its lines fall when they leave the year out.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { detectFormat } from '../formats/detect.ts';
import type { Format, OriginContext } from '../formats/format.ts';
import { findFormat } from '../formats/index.ts';
import type { Parsed } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';
import { type Origin, openOrigins } from '../origins/open-origins.ts';
import { referenceTime } from '../origins/reference-time.ts';
import type { ReadingOptions } from './options.ts';

/** A log that can be read, and how. */
export interface OpenLog {
  origin: Origin;
  format: Format;
  context: OriginContext;
  /** "year 2026, from the file's modification time", when the format leaves the year out */
  yearNote: string | null;
}

/** One line of a log, as its format reads it. */
export interface ReadLine {
  /** from 1 */
  number: number;
  parsed: Parsed;
  /** latin1: one character per byte, without the line end */
  text: string;
}

/** Why a line was refused that the reader itself left out (see BLOCK_BYTES). */
const OVERLONG = 'line longer than 256 KiB';

/** Any leap year, so that 29 February has a date: only month, day and time of day are taken from it. */
const LEAP_YEAR_END = Date.UTC(2029, 0, 1) - 1;

/** Opens what was named; what cannot be read or recognised is in `problems`. Empty logs are left out, and no problem. */
export async function openLogs(
  paths: string[],
  options: ReadingOptions,
): Promise<{ logs: OpenLog[]; problems: Problem[] }> {
  const { origins, unread } = await openOrigins(paths);
  const problems = unread.map(({ name, problem }) => ({ file: name, ...problem }));
  const logs: OpenLog[] = [];
  for (const origin of origins) {
    if (origin.isEmpty) continue;
    const format = options.format === 'auto' ? detectFormat(origin.peek) : findFormat(options.format);
    if (format === null) {
      problems.push({
        file: origin.name,
        code: 'PW-FORMAT-UNKNOWN',
        message: 'no known log format fits its first lines',
        hint: '`pollwatch formats` lists what is read; --format NAME says which it is',
      });
      continue;
    }
    logs.push(openLog(origin, format, options));
  }
  return { logs, problems };
}

/** Every line of a log in order. What stopped it early (a cut gzip) is the generator's return value. */
export async function* readLines(log: OpenLog): AsyncGenerator<ReadLine, Problem | null> {
  const reader = log.origin.open();
  let number = 0;
  let refused = 0;
  // lines that the reader left out because of their length still have a number
  function* overlongBefore(offset: number): Generator<ReadLine> {
    for (let line = reader.overlong[refused]; line !== undefined && line.offset < offset; ) {
      number++;
      yield { number, parsed: { refused: OVERLONG }, text: line.text };
      line = reader.overlong[++refused];
    }
  }
  try {
    for (;;) {
      // a plain file answers at once: without a turn of the event loop, nobody would hear Ctrl-C
      await nextTurn();
      const block = await reader.next();
      if (block === null) break;
      const { bytes, end } = block;
      for (let start = block.start; start < end; ) {
        const lineFeed = bytes.indexOf(10, start);
        const stop = lineFeed < 0 || lineFeed >= end ? end : lineFeed;
        const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start)
          .toString('latin1')
          .replace(/\r$/, '');
        yield* overlongBefore(block.baseOffset + start);
        number++;
        yield { number, parsed: log.format.parseLine(text, log.context), text };
        start = stop + 1;
      }
    }
    yield* overlongBefore(Number.POSITIVE_INFINITY);
    if (reader.fault === null) return null;
    return {
      file: log.origin.name,
      code: 'PW-ORIGIN-DAMAGED',
      message: reader.fault.message,
      hint: 'everything before the damage was read; copy the file again',
    };
  } finally {
    reader.close();
  }
}

function openLog(origin: Origin, format: Format, options: ReadingOptions): OpenLog {
  const timezone = options.timezone ?? 'UTC';
  const base = { origin: origin.id, timezone };
  if (!format.yearless) return { origin, format, context: { ...base, referenceMs: origin.receivedMs }, yearNote: null };
  const line = origin.lastLine();
  const last = line === null ? null : format.parseLine(line, { ...base, referenceMs: LEAP_YEAR_END });
  const { referenceMs, note } = referenceTime({
    year: options.year ?? null,
    datedMs: null,
    gzipMs: origin.gzipMs,
    modifiedMs: origin.modifiedMs,
    receivedMs: origin.receivedMs,
    last: last !== null && 'event' in last ? monthAndDay(last.event['@timestamp']) : null,
  });
  return { origin, format, context: { ...base, referenceMs }, yearNote: note };
}

function monthAndDay(ms: number): { month: number; day: number; ms: number } {
  const d = new Date(ms);
  return { month: d.getUTCMonth() + 1, day: d.getUTCDate(), ms: ms % 86_400_000 };
}
