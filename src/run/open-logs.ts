/**
 * Opens logs for whoever reads them: which can be read, in which format each is, in which zone and year its lines fall
 * when they leave these out, and when its first event was.
 */
import { detectFormat } from '../formats/detect.ts';
import type { Format, OriginContext } from '../formats/format.ts';
import { findFormat } from '../formats/index.ts';
import { isDated, monthAndDay } from '../formats/year.ts';
import type { Problem } from '../model/problem.ts';
import { type Origin, openOrigins } from '../origins/open-origins.ts';
import { referenceTime } from '../origins/reference-time.ts';

/** How lines are to be read. */
export interface ReadingOptions {
  /** a format's name, or 'auto' */
  format: string;
  year?: number | undefined;
  /** IANA zone of lines that carry none; UTC when absent */
  timezone?: string | undefined;
  /** zone that is declared for a log by its path; wins over `timezone` */
  timezoneOf?: (path: string) => string | null;
}

/** A log that can be read, and how. */
export interface OpenLog {
  origin: Origin;
  format: Format;
  context: OriginContext;
  /** "year 2026, from the file's modification time", when the format leaves the year out */
  yearNote: string | null;
  /** time of its first event, Unix ms; null when its first lines hold none */
  firstMs: number | null;
}

/** A log that holds nothing, which is no problem. */
export interface EmptyLog {
  name: string;
}

/** Lines that are looked at for the first event. */
const FIRST_LINES = 50;

/** Opens what was named; what cannot be read or recognised is in `problems`. */
export async function openLogs(
  paths: readonly string[],
  options: ReadingOptions,
): Promise<{ logs: OpenLog[]; problems: Problem[]; empty: EmptyLog[] }> {
  const { origins, unread } = await openOrigins(paths);
  const problems = unread.map(({ name, problem }) => ({ file: name, ...problem }));
  const logs: OpenLog[] = [];
  const empty: EmptyLog[] = [];
  for (const origin of origins) {
    if (origin.isEmpty) {
      empty.push({ name: origin.name });
      continue;
    }
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
  return { logs, problems, empty };
}

function openLog(origin: Origin, format: Format, options: ReadingOptions): OpenLog {
  const timezone = options.timezoneOf?.(origin.path ?? origin.name) ?? options.timezone ?? 'UTC';
  const base = { origin: origin.id, timezone };
  if (!format.yearless) {
    const context = { ...base, referenceMs: origin.receivedMs };
    return { origin, format, context, yearNote: null, firstMs: firstEvent(origin, format, context) };
  }
  const line = origin.lastLine();
  const { referenceMs, note } = referenceTime({
    year: options.year ?? null,
    datedMs: null,
    gzipMs: origin.gzipMs,
    modifiedMs: origin.modifiedMs,
    receivedMs: origin.receivedMs,
    last: line === null ? null : monthAndDay(format, line, base),
  });
  const context = { ...base, referenceMs };
  const yearNote = line !== null && isDated(format, line, base) ? null : note;
  return { origin, format, context, yearNote, firstMs: firstEvent(origin, format, context) };
}

function firstEvent(origin: Origin, format: Format, context: OriginContext): number | null {
  const lines = Buffer.from(origin.peek).toString('latin1').split(/\r?\n/, FIRST_LINES);
  for (const line of lines) {
    const parsed = format.parseLine(line, context);
    if ('event' in parsed) return parsed.event['@timestamp'];
  }
  return null;
}
