/**
 * A job of the queue, scanned: chunks of one organisation's logs in, out comes what they add up to as one record for its
 * shard (see shard-record.ts) and, per chunk, the raw lines that this record refers to, so that an alert can show them
 * when the chunk is long gone. The same chunks in any order give the same bytes; no clock, no store, no secret text.
 */

import type { OriginContext } from '../formats/format.ts';
import { findFormat } from '../formats/index.ts';
import type { Scene } from '../measure/batch-in-hand.ts';
import { encodeState } from '../measure/delta.ts';
import { lineOffset, lineOrigin, TOUCH_WORDS } from '../measure/entry.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { letGo, type State, settleState } from '../measure/state.ts';
import { handBack } from '../model/memory.ts';
import { countRefused, createTally, type Tally } from '../model/tally.ts';
import { BLOCK_BYTES } from '../origins/block.ts';
import type { Scanner } from '../run/scan.ts';
import { packEvidence } from './chunk-evidence.ts';
import { type ChunkMark, type DeltaOrigin, encodeDelta, type PaneCount, shapesOnly } from './record.ts';

/** A chunk of an origin's lines, taken out of the queue. */
export interface Chunk {
  /** number of the origin in its organisation, 1..4095, and of the chunk in its origin */
  readonly ref: { readonly org: string; readonly origin: number; readonly seq: number };
  /** offset of its first byte in the origin's stream */
  readonly offset: number;
  /** whole lines; the last byte is a line feed */
  readonly bytes: Uint8Array;
  /** name of the format, never 'auto' */
  readonly format: string;
  readonly context: OriginContext;
  /** number of the asset whose log it is, 0 = none */
  readonly asset: number;
}

/** What a job of chunks comes to. */
export interface ScannedChunks<C extends Chunk> {
  /** record for the log of the organisation's shard */
  record: Uint8Array;
  /** lines that the record refers to, by chunk; a chunk without any is left out. To be sealed by whoever stores it */
  evidence: { ref: C['ref']; offset: number; lines: Uint8Array }[];
  /** lines, events, skipped, refused, bytes, chunks */
  stats: Record<string, number>;
}

/** Thrown when a chunk names a format that this program does not know: an older worker beside a newer ingest. */
export class ChunkError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ChunkError';
  }
}

/**
 * Scans chunks with the scanner of their organisation, which is empty before and after. `rules` is the digest of the
 * scanner's rule list (shard-record.ts). Throws ChunkError before anything is scanned.
 */
export function scanChunks<C extends Chunk>(
  scanner: Scanner,
  dayStartMs: number,
  rules: string,
  chunks: readonly C[],
): ScannedChunks<C> {
  const sorted = [...chunks].sort((a, b) => a.ref.origin - b.ref.origin || a.ref.seq - b.ref.seq);
  for (const { format, ref } of sorted)
    if (findFormat(format) === null) throw new ChunkError(`chunk ${ref.origin}:${ref.seq} is in an unknown format`);
  scanner.take();
  const origins = new Map<number, DeltaOrigin>();
  for (const chunk of sorted) {
    const { origin, seq } = chunk.ref;
    const before = new Map([...scanner.timeline].map(([pane, [all]]) => [pane, all]));
    scanChunk(scanner, dayStartMs, chunk);
    const panes = grownBy(scanner.timeline, before);
    const known = origins.get(origin) ?? { origin, chunks: [], tally: createTally() };
    origins.set(origin, known);
    (known.chunks as ChunkMark[]).push({ seq, offset: chunk.offset, end: chunk.offset + chunk.bytes.length, panes });
  }
  const { state, tallies } = scanner.take();
  for (const [origin, tally] of tallies) origins.get(origin)!.tally = shapesOnly(tally);
  settleState(state);
  const evidence = evidenceOf(state, sorted);
  const measures = encodeState(state, 'arrival');
  const record = encodeDelta({ rules, origins: [...origins.values()], state: measures });
  handBack(measures);
  letGo(state);
  return { record, evidence, stats: statsOf(tallies.values(), sorted) };
}

/** Blocks of a chunk as `analyze` reads them from a file, so that the same lines are too long. */
function scanChunk(scanner: Scanner, dayStartMs: number, chunk: Chunk): void {
  const { bytes, offset, ref, asset } = chunk;
  const format = findFormat(chunk.format)!;
  const context: OriginContext = { ...chunk.context, origin: ref.origin };
  const scene: Scene = { organization: 0, origin: ref.origin, asset, dayStartMs };
  let at = 0;
  while (at < bytes.length) {
    const limit = Math.min(bytes.length, at + BLOCK_BYTES + 1);
    const lineFeed = bytes.lastIndexOf(10, limit - 1);
    if (lineFeed >= at) {
      scanner.scanBlock({ bytes, start: at, end: lineFeed + 1, baseOffset: offset }, format, context, scene);
      at = lineFeed + 1;
      continue;
    }
    const end = bytes.indexOf(10, limit);
    const tally = scanner.tallies.get(ref.origin) ?? createTally();
    scanner.tallies.set(ref.origin, tally);
    tally.lines++;
    countRefused(
      tally,
      'line longer than 256 KiB',
      offset + at,
      Buffer.from(bytes.subarray(at, at + 200)).toString('latin1'),
    );
    at = end < 0 ? bytes.length : end + 1;
  }
}

/** Events per 10-minute pane that came since `before`, in order of time. */
function grownBy(timeline: Scanner['timeline'], before: ReadonlyMap<number, number>): PaneCount[] {
  const grown: PaneCount[] = [];
  for (const [pane, [all]] of timeline) {
    const events = all - (before.get(pane) ?? 0);
    if (events > 0) grown.push([pane, events]);
  }
  return grown.sort((a, b) => a[0] - b[0]);
}

/** Lines that touches of a state refer to, packed per chunk. */
function evidenceOf<C extends Chunk>(state: State, sorted: readonly C[]): ScannedChunks<C>['evidence'] {
  const { touches, rows } = { touches: state.ledger.touches, rows: state.ledger.rows };
  const offsets = new Map<number, Set<number>>();
  for (let row = 0; row < rows; row++) {
    const n = lengthOf(touches, row);
    if (n === 0) continue;
    const page = pageOf(touches, row);
    const start = startOf(touches, row);
    for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
      const high = page[e + 6]!;
      const origin = lineOrigin(high);
      const offset = lineOffset(page[e + 5]!, high);
      const known = offsets.get(origin);
      if (known === undefined) offsets.set(origin, new Set([offset]));
      else known.add(offset);
    }
  }
  const ordered = new Map([...offsets].map(([origin, set]) => [origin, Float64Array.from(set).sort()]));
  return sorted.flatMap((chunk) => {
    const all = ordered.get(chunk.ref.origin) ?? new Float64Array(0);
    const end = chunk.offset + chunk.bytes.length;
    const mine = all.subarray(lowerBound(all, chunk.offset), lowerBound(all, end));
    if (mine.length === 0) return [];
    return [{ ref: chunk.ref, offset: chunk.offset, lines: packEvidence(chunk, mine) }];
  });
}

/** Index of the first of sorted numbers that is not below `value`. */
function lowerBound(sorted: Float64Array, value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

function statsOf(tallies: Iterable<Tally>, chunks: readonly Chunk[]): Record<string, number> {
  const stats = { lines: 0, events: 0, skipped: 0, refused: 0, bytes: 0, chunks: chunks.length };
  for (const tally of tallies) {
    stats.lines += tally.lines;
    stats.events += tally.events;
    for (const n of tally.skipped.values()) stats.skipped += n;
    for (const { count } of tally.refused.values()) stats.refused += count;
  }
  for (const { bytes } of chunks) stats.bytes += bytes.length;
  return stats;
}
