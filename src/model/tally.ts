/**
 * What became of the lines of an origin: how many there were, how many are events, were skipped or refused, and why.
 * Tallies add up like everything else, in any order.
 */

/** Counts of one origin; the numbers add up: lines = events + skipped + refused. */
export interface Tally {
  lines: number;
  events: number;
  bytes: number;
  skipped: Map<string, number>;
  refused: Map<string, RefusedKind>;
}

/** Refused lines of one reason: how many, and the first few as samples (smallest line numbers). */
export interface RefusedKind {
  count: number;
  samples: RefusedLine[];
}

export interface RefusedLine {
  /** byte offset of the line in its uncompressed origin */
  offset: number;
  /** first 200 bytes, latin1 */
  text: string;
}

/** An empty tally. */
export function createTally(): Tally {
  return { lines: 0, events: 0, bytes: 0, skipped: new Map(), refused: new Map() };
}

/** How many sample lines of one refusal reason are kept. */
export const REFUSED_SAMPLES = 3;

/** Counts a refused line and keeps it as a sample while its offset is among the smallest of its reason. */
export function countRefused(tally: Tally, reason: string, offset: number, text: string): void {
  let kind = tally.refused.get(reason);
  if (kind === undefined) {
    kind = { count: 0, samples: [] };
    tally.refused.set(reason, kind);
  }
  kind.count++;
  const { samples } = kind;
  if (samples.length < REFUSED_SAMPLES || offset < samples[samples.length - 1]!.offset) {
    samples.push({ offset, text: text.slice(0, 200) });
    samples.sort((a, b) => a.offset - b.offset);
    samples.length = Math.min(samples.length, REFUSED_SAMPLES);
  }
}

/** Counts a skipped line of a known kind. */
export function countSkipped(tally: Tally, kind: string): void {
  tally.skipped.set(kind, (tally.skipped.get(kind) ?? 0) + 1);
}

/** Counts lines of an origin that were too long to be read, and keeps the first of them as samples. */
export function countOverlong(tallies: Map<number, Tally>, origin: number, overlong: readonly RefusedLine[]): void {
  if (overlong.length === 0) return;
  let tally = tallies.get(origin);
  if (tally === undefined) {
    tally = createTally();
    tallies.set(origin, tally);
  }
  for (const line of overlong) {
    tally.lines++;
    countRefused(tally, 'line longer than 256 KiB', line.offset, line.text);
  }
}

/** into[origin] := into[origin] + tally */
export function mergeTally(into: Map<number, Tally>, origin: number, tally: Tally): void {
  const mine = into.get(origin);
  if (mine === undefined) {
    into.set(origin, tally);
    return;
  }
  mine.lines += tally.lines;
  mine.events += tally.events;
  mine.bytes += tally.bytes;
  for (const [kind, n] of tally.skipped) mine.skipped.set(kind, (mine.skipped.get(kind) ?? 0) + n);
  for (const [reason, kind] of tally.refused) {
    for (const sample of kind.samples) countRefused(mine, reason, sample.offset, sample.text);
    const merged = mine.refused.get(reason)!;
    merged.count += kind.count - kind.samples.length;
  }
}
