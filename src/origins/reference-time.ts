/**
 * Formats that leave the year out (RFC 3164 syslog: "Nov  3 22:41:07") get it from their origin (law 2): from --year,
 * else a dated line of the same origin, else the gzip header's time, else the file's modification time, else the time of
 * receipt. The year is the latest that puts the last line not after that time; what comes out is the latest instant that
 * the last line can have, so that a log that crosses New Year gets both years right.
 */

/** A year's anchor may lie this much before the last line: time zones and clocks that run ahead. */
export const AHEAD_MS = 86_400_000;

/** Times that are further ahead of the time of receipt than this come from a wrong clock and are not used. */
const FUTURE_MS = AHEAD_MS;

/** A leap day may be eight years back (1896–1904, 2096–2104). */
const YEARS_BACK = 8;

/** Where a reference time came from. */
export interface ReferenceInputs {
  /** --year */
  year: number | null;
  /** a line of the same origin that carries a year, Unix ms */
  datedMs: number | null;
  gzipMs: number | null;
  modifiedMs: number | null;
  /** when the data reached us, Unix ms */
  receivedMs: number;
  /** month (1–12), day of month and milliseconds of the day of the origin's last line; null when unknown */
  last: { month: number; day: number; ms: number } | null;
}

export interface ReferenceTime {
  /** Unix ms: a line's year is the latest that puts it not after this instant */
  referenceMs: number;
  /** "year 2026, from the file's modification time" */
  note: string;
}

/** Law 2's year rule. Pure; always answers. */
export function referenceTime(inputs: ReferenceInputs): ReferenceTime {
  const { last } = inputs;
  if (inputs.year !== null) {
    const lastMs = last === null ? null : instantOf(inputs.year, last);
    const yearEnd = Date.UTC(inputs.year + 1, 0, 1) - 1;
    return {
      // lines a little younger than the last one (out of order) keep its year
      referenceMs: lastMs === null ? yearEnd : lastMs + AHEAD_MS,
      note: `year ${inputs.year}, from --year`,
    };
  }
  const { anchorMs, words } = anchorOf(inputs);
  if (last === null) {
    return { referenceMs: anchorMs + AHEAD_MS, note: `year ${yearOf(anchorMs)}, from ${words}` };
  }
  const newest = yearOf(anchorMs + AHEAD_MS);
  for (let year = newest; year >= newest - YEARS_BACK; year--) {
    const lastMs = instantOf(year, last);
    if (lastMs !== null && lastMs <= anchorMs + AHEAD_MS) {
      return { referenceMs: lastMs + AHEAD_MS, note: `year ${year}, from ${words}` };
    }
  }
  return { referenceMs: anchorMs + AHEAD_MS, note: `year ${yearOf(anchorMs)}, from ${words}` };
}

function anchorOf(inputs: ReferenceInputs): { anchorMs: number; words: string } {
  const { receivedMs } = inputs;
  const candidates: [number | null, string][] = [
    [inputs.datedMs, 'a dated line of the same log'],
    [inputs.gzipMs, "the gzip header's time"],
    [inputs.modifiedMs, "the file's modification time"],
  ];
  let isFuture = false;
  for (const [ms, words] of candidates) {
    if (ms === null) continue;
    if (ms > receivedMs + FUTURE_MS) isFuture = true;
    else return { anchorMs: ms, words };
  }
  const why = isFuture ? " (the file's own time lies in the future)" : '';
  return { anchorMs: receivedMs, words: `the time of receipt${why}` };
}

/** The instant in a year, UTC, or null when the year has no such day (29 February). */
function instantOf(year: number, last: { month: number; day: number; ms: number }): number | null {
  const dayMs = Date.UTC(year, last.month - 1, last.day);
  return new Date(dayMs).getUTCMonth() === last.month - 1 ? dayMs + last.ms : null;
}

function yearOf(ms: number): number {
  return new Date(ms).getUTCFullYear();
}
