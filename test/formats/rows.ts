/**
 * What the tests of the formats share: lines of a fixture, rows of a batch as values, and one way to run a format.
 */

import { fillLines } from '../../src/formats/append-event.ts';
import type { Format, OriginContext } from '../../src/formats/format.ts';
import { type Batch, createBatch, hashTexts } from '../../src/model/batch.ts';
import type { HashKey } from '../../src/model/hash.ts';
import { createTally, type Tally } from '../../src/model/tally.ts';

/** The origin of all fixtures: read on 23 November 2026, wall clocks in UTC. */
export const CONTEXT: OriginContext = { origin: 0, referenceMs: Date.UTC(2026, 10, 23), timezone: 'UTC' };

/** Key of the hashes in the rows. */
const KEY: HashKey = { a: 0x9d3c_71e5, b: 0x4b27_e00f };

/** Lines as latin1 text without their line ends. */
export function linesOf(bytes: Uint8Array): string[] {
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/\r$/, ''));
}

/** One row: numbers as they stand in the columns, ranges as their text. */
export type Row = Record<string, number | string>;

const RANGES = ['line', 'target', 'host', 'user', 'referrer', 'userAgent'] as const;

function rowOf(batch: Batch, row: number): Row {
  const out: Row = {};
  for (const [name, column] of Object.entries(batch)) {
    if (!ArrayBuffer.isView(column) || name === 'bytes' || /(?:Start|End)$/.test(name)) continue;
    out[name] = (column as Uint32Array)[row]!;
  }
  for (const name of RANGES) {
    const [start, end] = [batch[`${name}Start`][row]!, batch[`${name}End`][row]!];
    out[name] = Buffer.from(batch.bytes.subarray(start, end)).toString('latin1');
    if (name === 'target') out['query'] = batch.queryStart[row]! - start;
  }
  return out;
}

/** All rows of a run and its tally, in a form that two runs can be compared by. */
export interface Run {
  rows: Row[];
  tally: Tally;
}

/**
 * Runs bytes (which end in a line feed) through the kernel (`fill`) or the plain parser (`fillLines`), in batches of
 * `capacity` rows and in blocks that are cut at the line ends behind `cuts`.
 */
export function run(
  format: Format,
  bytes: Uint8Array,
  how: 'fill' | 'fillLines',
  capacity = 64,
  cuts: readonly number[] = [],
  context = CONTEXT,
): Run {
  const tally = createTally();
  const batch = createBatch(capacity, KEY);
  const rows: Row[] = [];
  const ends = [...new Set(cuts.map((cut) => bytes.indexOf(10, cut) + 1).filter((end) => end > 0)), bytes.length];
  let start = 0;
  for (const end of ends.sort((a, b) => a - b)) {
    // a block stands somewhere in a buffer that is used again
    const block = new Uint8Array(7 + (end - start) + 64).fill(120);
    block.set(bytes.subarray(start, end), 7);
    let at = 7;
    const stop = 7 + end - start;
    while (at < stop) {
      batch.n = 0;
      const baseOffset = start - 7;
      const next =
        how === 'fill' && format.fill !== undefined
          ? format.fill(block, at, stop, baseOffset, batch, context, tally)
          : fillLines(format, block, at, stop, baseOffset, batch, context, tally);
      // what the kernel hashed while it read must be what hashing afterwards gives
      hashTexts(batch, Math.min(batch.hashed, batch.n), batch.n, KEY);
      for (let row = 0; row < batch.n; row++) rows.push(rowOf(batch, row));
      if (next <= at) throw new Error('no line was consumed');
      at = next;
    }
    start = end;
  }
  return { rows, tally };
}
