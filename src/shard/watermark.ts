/**
 * Event time of a shard: how far each origin has been read, and how far all of them together. An origin's time is a
 * robust maximum: a few lines more than 24 hours ahead of the rest are kept and counted, but move nothing (law 2).
 * Chunks are taken in by their numbers, so that one that overtakes others on its way moves nothing before its turn.
 *
 *   chunks 0, 1 and 3 were folded: time of the origin is that of chunks 0 and 1
 */
import { DAY, WEB_PANE } from '../model/time.ts';
import type { ChunkMark, PaneCount } from './record.ts';

/** Lines that may lie more than GAP_MS ahead of the others and still move nothing. */
const STRAY_LINES = 16;
/** Runs of event time that lie further apart are told apart. */
const GAP_MS = DAY;
/** Runs that are remembered of an origin; of more the ones with the fewest lines are forgotten. */
const RUNS_MAX = 64;
/**
 * Chunks that may be ahead of a missing one before it is passed over: more than a dispatcher keeps in flight at once,
 * so what is still missing then stands in the dead letters.
 */
const AHEAD_MAX = 256;

/** A run of event time without a gap of a day: its first and last instant, and its events. */
export type TimeRun = [firstMs: number, lastMs: number, events: number];

/** How far an origin has been folded. */
export interface OriginTime {
  /** number of the first chunk that is missing */
  next: number;
  /** runs of all chunks below `next`, by time */
  runs: TimeRun[];
  /** runs of chunks that came before their turn */
  ahead: Map<number, TimeRun[]>;
}

/** An origin of which nothing was folded. */
export function createOriginTime(): OriginTime {
  return { next: 0, runs: [], ahead: new Map() };
}

/** Takes in a chunk. Chunks may come in any order; one that is taken in again changes nothing. */
export function passChunk(time: OriginTime, mark: ChunkMark): void {
  if (mark.seq < time.next) {
    // it was passed over and came after all
    time.runs = joinRuns([...time.runs, ...runsOf(mark.panes)]);
    return;
  }
  time.ahead.set(mark.seq, runsOf(mark.panes));
  if (time.ahead.size > AHEAD_MAX) time.next = Math.min(...time.ahead.keys());
  takeTurns(time);
}

/** Takes in the chunks whose turn it is. */
function takeTurns(time: OriginTime): void {
  for (let runs = time.ahead.get(time.next); runs !== undefined; runs = time.ahead.get(time.next)) {
    time.ahead.delete(time.next);
    time.runs = joinRuns([...time.runs, ...runs]);
    time.next++;
  }
}

/**
 * Robust maximum of an origin's event times, Unix ms: the end of its latest run that is more than a few stray lines, or
 * at least half of all that it has. Null without events.
 */
export function robustMaximum({ runs }: Pick<OriginTime, 'runs'>): number | null {
  const all = runs.reduce((sum, [, , events]) => sum + events, 0);
  for (let i = runs.length - 1; i >= 0; i--) {
    const [, last, events] = runs[i]!;
    if (events >= STRAY_LINES || events * 2 >= all) return last;
  }
  return runs.at(-1)?.[1] ?? null;
}

/** Runs of a chunk's panes. */
export function runsOf(panes: readonly PaneCount[]): TimeRun[] {
  return joinRuns(panes.map(([pane, events]) => [pane * WEB_PANE, (pane + 1) * WEB_PANE - 1, events]));
}

/** Joins runs that are less than a day apart. The result depends on the set of them only, as long as they are few. */
function joinRuns(runs: readonly TimeRun[]): TimeRun[] {
  const joined: TimeRun[] = [];
  for (const [first, last, events] of [...runs].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const before = joined.at(-1);
    if (before !== undefined && first - before[1] <= GAP_MS) {
      before[1] = Math.max(before[1], last);
      before[2] += events;
    } else joined.push([first, last, events]);
  }
  while (joined.length > RUNS_MAX) {
    let least = 0;
    for (const [i, run] of joined.entries()) if (run[2] < joined[least]![2]) least = i;
    joined.splice(least, 1);
  }
  return joined;
}

/** Events of a chunk that lie before an instant, by whole panes. */
export function eventsBefore(panes: readonly PaneCount[], beforeMs: number): number {
  return panes.reduce((sum, [pane, events]) => ((pane + 1) * WEB_PANE <= beforeMs ? sum + events : sum), 0);
}

/** No chunk below `seq` is still to come: those that are missing were dropped or stand in the dead letters. */
export function passGaps(time: OriginTime, seq: number): void {
  for (const [number, runs] of time.ahead) {
    if (number >= seq) continue;
    time.ahead.delete(number);
    time.runs = joinRuns([...time.runs, ...runs]);
  }
  time.next = Math.max(time.next, seq);
  takeTurns(time);
}

/** What is known of an origin besides its lines. */
export interface OriginStanding {
  readonly number: number;
  /** number of its next chunk: all below were cut */
  readonly seq: number;
  /** no chunk of it is on its way */
  readonly isDone: boolean;
  /** it is closed, or has brought nothing for longer than an origin may be idle */
  readonly isQuiet: boolean;
}

/**
 * How far all origins have been read, Unix ms: the least robust maximum of those that may still bring lines. +Infinity
 * when none may; -Infinity while nothing is known of one that will. All records that were there when the standings were
 * read have been folded.
 */
export function watermarkOf(times: ReadonlyMap<number, OriginTime>, origins: readonly OriginStanding[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { number, seq, isDone, isQuiet } of origins) {
    if (isQuiet && isDone) continue;
    const maximum = robustMaximum(times.get(number) ?? { runs: [] });
    if (maximum !== null) least = Math.min(least, maximum);
    // an origin of lines that nobody can read holds nothing back
    else if (!isDone || seq === 0) return Number.NEGATIVE_INFINITY;
  }
  return least;
}

/** Latest event time of all origins, Unix ms, by their robust maxima; null without events. */
export function latestOf(times: ReadonlyMap<number, OriginTime>): number | null {
  const all = [...times.values()].map(robustMaximum).filter((ms) => ms !== null);
  return all.length === 0 ? null : Math.max(...all);
}
