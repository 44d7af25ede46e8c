/**
 * The ledger: for each key (a source, a host of ours, the organisation, a declared system) the set of its touches and visits.
 * A ledger is a value of a commutative monoid: adding lines in any order, or merging the ledgers of any partition of
 * the lines in any order, gives the same settled ledger (law 1). Here are its keys and their rows; entries.ts adds to it,
 * reductions.ts keeps it small.
 */
import { handBack } from '../model/memory.ts';
import { type PackedLists, ROW_WORDS, type RowTable, resized } from './lists.ts';

/** What a row is about; `system`: a declared asset, by its number. */
export const SPACE = { source: 0, host: 1, office: 2, system: 3 } as const;

export interface Ledger {
  /** seed of the keyed hashes that order and sample entries */
  readonly seed: number;
  /** memory bound, in units of 16 bytes of entries */
  readonly unitsMax: number;
  /** entries with priority ≥ 2^(32 − level) were dropped */
  level: number;
  rows: number;
  /** keys and the places of their lists, see lists.ts */
  readonly table: RowTable;
  /** open addressing, two words a slot: row (-1 = none, with SIMPLE where it is one), and low word of the key */
  index: Int32Array;
  touches: PackedLists;
  visits: PackedLists;
  /** length at which a long list is trimmed next, by family and row: half above what the last trimming left */
  trimAt: Map<number, number>;
}

/** Length of an index for so many rows. */
export function slotsFor(rows: number): number {
  let slots = 8192;
  while (rows * 20 > slots * 7) slots *= 2;
  return slots;
}

function hashKeyWords(ledger: Ledger, space: number, hi: number, lo: number): number {
  let h = Math.imul(ledger.seed ^ lo, 0x85ebca6b) ^ Math.imul(hi ^ (space << 24), 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  return (h ^ (h >>> 13)) >>> 0;
}

/** organisation << 8 | SPACE of a row. */
export function spaceOf(ledger: Ledger, row: number): number {
  return ledger.table.words[row * ROW_WORDS + 2]!;
}

/** High word of a row's key. */
export function hiOf(ledger: Ledger, row: number): number {
  return ledger.table.words[row * ROW_WORDS + 1]!;
}

/** Low word of a row's key. */
export function loOf(ledger: Ledger, row: number): number {
  return ledger.table.words[row * ROW_WORDS]!;
}

/** Order of rows by key, which is not their order of arrival. */
export function byKey(ledger: Ledger): (a: number, b: number) => number {
  return (a, b) =>
    spaceOf(ledger, a) - spaceOf(ledger, b) || hiOf(ledger, a) - hiOf(ledger, b) || loOf(ledger, a) - loOf(ledger, b);
}

/** Bit of a row in the index: its key is an IPv4 source of organisation 0, which the low word names wholly. */
const SIMPLE = 0x40000000;

/** Row of a key, or -1. */
export function findRow(ledger: Ledger, space: number, hi: number, lo: number): number {
  const { index } = ledger;
  const { words } = ledger.table;
  const mask = index.length - 2;
  const isSimple = (space | hi) === 0;
  let i = (hashKeyWords(ledger, space, hi, lo) << 1) & mask;
  for (;;) {
    const row = index[i]!;
    if (row < 0) return -1;
    if (index[i + 1] === (lo | 0)) {
      if (isSimple) {
        if ((row & SIMPLE) !== 0) return row ^ SIMPLE;
      } else if ((row & SIMPLE) === 0) {
        const at = row * ROW_WORDS;
        if (words[at] === lo && words[at + 1] === hi && words[at + 2] === space) return row;
      }
    }
    i = (i + 2) & mask;
  }
}

/** Row of a key; made when it is new. */
export function rowOf(ledger: Ledger, space: number, hi: number, lo: number): number {
  const known = findRow(ledger, space, hi, lo);
  if (known >= 0) return known;
  const { words } = ledger.table;
  const row = ledger.rows++;
  if (row * ROW_WORDS >= words.length) {
    // the old memory goes at once: two copies of a million rows would be the peak of the run
    ledger.table.words = resized(words, Math.ceil((words.length * 1.3) / ROW_WORDS) * ROW_WORDS);
  }
  ledger.table.words.set([lo, hi, space], row * ROW_WORDS);
  if (ledger.rows * 20 > ledger.index.length * 7) reindex(ledger, ledger.index.length * 2);
  else enter(ledger, ledger.index, row, space, hi, lo);
  return row;
}

function enter(ledger: Ledger, index: Int32Array, row: number, space: number, hi: number, lo: number): void {
  const mask = index.length - 2;
  let i = (hashKeyWords(ledger, space, hi, lo) << 1) & mask;
  while (index[i]! >= 0) i = (i + 2) & mask;
  index[i] = (space | hi) === 0 ? row | SIMPLE : row;
  index[i + 1] = lo;
}

/** Makes the index of keys again, with so many slots. */
export function reindex(ledger: Ledger, size: number): void {
  handBack(ledger.index);
  const index = new Int32Array(size).fill(-1);
  for (let row = 0; row < ledger.rows; row++)
    enter(ledger, index, row, spaceOf(ledger, row), hiOf(ledger, row), loOf(ledger, row));
  ledger.index = index;
}

/** Leaves only the rows that stay, numbered anew in their order; the index then has to be made again. */
export function moveRowsTogether(ledger: Ledger, stays: (row: number) => boolean): void {
  const { words } = ledger.table;
  ledger.trimAt.clear();
  let kept = 0;
  for (let row = 0; row < ledger.rows; row++) {
    if (!stays(row)) continue;
    if (kept !== row) words.copyWithin(kept * ROW_WORDS, row * ROW_WORDS, (row + 1) * ROW_WORDS);
    kept++;
  }
  words.fill(0, kept * ROW_WORDS, ledger.rows * ROW_WORDS);
  ledger.rows = kept;
}

/**
 * Rows of many keys at once, in `rows`: looked up in tight loops, so that the memory answers several at a time. Of an
 * IPv4 source of organisation 0 nothing but its slot in the index is looked at.
 */
export function rowsOf(
  ledger: Ledger,
  space: number,
  hi: Uint32Array,
  lo: Uint32Array,
  n: number,
  rows: Uint32Array,
): void {
  const { index } = ledger;
  const mask = index.length - 2;
  for (let k = 0; k < n; k++) {
    const h = hi[k]!;
    const l = lo[k]!;
    const i = (hashKeyWords(ledger, space, h, l) << 1) & mask;
    const row = index[i]!;
    rows[k] =
      row > 0 && (row & SIMPLE) !== 0 && index[i + 1] === (l | 0) && (space | h) === 0 ? row ^ SIMPLE : UNKNOWN_ROW;
  }
  for (let k = 0; k < n; k++) if (rows[k] === UNKNOWN_ROW) rows[k] = rowOf(ledger, space, hi[k]!, lo[k]!);
}

const UNKNOWN_ROW = 0xffffffff;
