/**
 * What observers are given: a batch, what was found in it, where it comes from and where it is added; and how a line that is
 * more than a visit is told to the ledger.
 */
import type { Batch } from '../model/batch.ts';
import type { Digests, Matches } from '../model/rule.ts';
import { addTouch } from './additions.ts';
import { lineHigh, lineLow, TAG_BITS } from './entry.ts';
import type { Ledger } from './ledger.ts';
import type { State } from './state.ts';

/** What observing needs to know besides the batch; fixed for an origin. */
export interface Scene {
  /** number of the organisation */
  readonly organization: number;
  /** origin number */
  readonly origin: number;
  /** asset number of the origin, 0 = none */
  readonly asset: number;
  /** milliseconds from 00:00 UTC to the start of the organisation's day */
  readonly dayStartMs: number;
}

/** A batch, what was found in it, and where it is added. */
export interface BatchInHand {
  readonly state: State;
  readonly batch: Batch;
  readonly view: DataView;
  readonly matches: Matches;
  readonly digests: Digests;
  readonly scene: Scene;
  readonly rows: Uint32Array;
}

/** A line of which touches are added: its row in the ledger, and what all of them say. */
export interface ToldLine {
  row: number;
  /** pane of its touches, and its start in 1/64 s */
  pane: number;
  tick: number;
  flag: number;
  /** reference and hash of the line */
  low: number;
  high: number;
  hash: number;
}

/** The reference of row `i` goes into `line`. */
export function referTo(line: ToldLine, { batch, scene }: BatchInHand, i: number): void {
  const offset = batch.lineOffset[i]!;
  line.low = lineLow(offset);
  line.high = lineHigh(scene.origin, offset);
}

/** Adds a touch of the line. */
export function touchOf(ledger: Ledger, line: ToldLine, tag: number, item: number, sub: number): void {
  const paneTag = ((line.pane << TAG_BITS) | tag) >>> 0;
  addTouch(ledger, line.row, item, paneTag, sub, line.flag, line.tick, line.low, line.high, line.hash);
}
