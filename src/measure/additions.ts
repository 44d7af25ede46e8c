/**
 * What is added to a ledger: touches and visits one by one, or the entries of another ledger. Equal ones become one when
 * their list is compacted.
 */
import { COUNT_MAX, GROUPED, TOUCH_WORDS, VISIT_WORDS } from './entry.ts';
import { type Ledger, rowOf, slotsFor } from './ledger.ts';
import { createLists, createRows, lengthOf, pageOf, placed, slot, startOf } from './lists.ts';
import { identityWord, stays, trimWhenLonger } from './reductions.ts';

/** An empty ledger. `memoryBytes` bounds the entries; `rows` is how many rows are to be expected. */
export function createLedger(seed: number, memoryBytes: number, rows = 0): Ledger {
  const table = createRows(Math.max(1024, rows));
  const ledger: Ledger = {
    seed,
    unitsMax: Math.max(4096, Math.floor(memoryBytes / 16)),
    level: 0,
    rows: 0,
    table,
    index: new Int32Array(slotsFor(rows)).fill(-1),
    touches: createLists(TOUCH_SHAPE, table, 'touch'),
    visits: createLists(VISIT_SHAPE, table, 'visit'),
    trimAt: new Map(),
  };
  ledger.touches.onCompact = (row) => trimWhenLonger(ledger, row, 'touch');
  ledger.visits.onCompact = (row) => trimWhenLonger(ledger, row, 'visit');
  return ledger;
}

const TOUCH_SHAPE = { words: TOUCH_WORDS, identityMask: 0xff000000 | 0, groupedBits: -1, merge: mergeTouch } as const;
const VISIT_SHAPE = { words: VISIT_WORDS, identityMask: 0, groupedBits: GROUPED, merge: mergeVisit } as const;

/** merges a touch into an equal one: sum, minimum, maximum; the earlier line stays, of two the one with the smaller hash */
function mergeTouch(page: Uint32Array, to: number, fromPage: Uint32Array, from: number): void {
  const count = (page[to + 3]! & COUNT_MAX) + (fromPage[from + 3]! & COUNT_MAX);
  page[to + 3] = (page[to + 3]! & 0xff000000) | (count > COUNT_MAX ? COUNT_MAX : count);
  const a = page[to + 4]!;
  const b = fromPage[from + 4]!;
  const firstA = a >>> 16;
  const firstB = b >>> 16;
  const last = Math.max(a & 0xffff, b & 0xffff);
  if (firstB < firstA || (firstB === firstA && lineBefore(fromPage, from, page, to))) {
    page[to + 5] = fromPage[from + 5]!;
    page[to + 6] = fromPage[from + 6]!;
    page[to + 7] = fromPage[from + 7]!;
  }
  page[to + 4] = (Math.min(firstA, firstB) << 16) | last;
}

/** order of two lines of the same tick: by hash of the line, then by reference (equal lines: which one is nothing) */
function lineBefore(p: Uint32Array, i: number, q: Uint32Array, j: number): boolean {
  if (p[i + 7] !== q[j + 7]) return p[i + 7]! < q[j + 7]!;
  if (p[i + 6] !== q[j + 6]) return p[i + 6]! < q[j + 6]!;
  return p[i + 5]! < q[j + 5]!;
}

function mergeVisit(page: Uint32Array, to: number, fromPage: Uint32Array, from: number): void {
  if ((page[to + 1]! & GROUPED) !== 0) return;
  const count = page[to + 2]! + fromPage[from + 2]!;
  page[to + 2] = count > 0xffffffff ? 0xffffffff : count;
}

/** How many of the latest visits are looked at for the same thing again: a page load repeats its few kinds. */
const RECENT = 4;

/** Adds ordinary events: `value` is their group where the tag is GROUPED, else their count, which adds up. */
export function addVisit(ledger: Ledger, row: number, item: number, paneTag: number, value: number): void {
  const { visits } = ledger;
  const length = lengthOf(visits, row);
  if (length > 0) {
    const page = pageOf(visits, row);
    const start = startOf(visits, row);
    const grouped = (paneTag & GROUPED) !== 0;
    const last = start + (length - 1) * VISIT_WORDS;
    const stop = length > RECENT ? last - RECENT * VISIT_WORDS : start - VISIT_WORDS;
    for (let e = last; e > stop; e -= VISIT_WORDS) {
      if (page[e] !== item || page[e + 1] !== paneTag) continue;
      let sum = value;
      if (!grouped) sum = Math.min(0xffffffff, page[e + 2]! + value);
      else if (page[e + 2] !== value) continue;
      // to the end, where it is found again next time
      if (e !== last) {
        page[e] = page[last]!;
        page[e + 1] = page[last + 1]!;
        page[e + 2] = page[last + 2]!;
        page[last] = item;
        page[last + 1] = paneTag;
      }
      page[last + 2] = sum;
      return;
    }
  }
  slot(visits, row);
  const { page, index } = placed;
  page[index] = item;
  page[index + 1] = paneTag;
  page[index + 2] = value;
}

/** Adds one touch; `tick` in 1/64 s from the start of its pane. */
export function addTouch(
  ledger: Ledger,
  row: number,
  item: number,
  paneTag: number,
  sub: number,
  flags: number,
  tick: number,
  lineLow: number,
  lineHigh: number,
  lineHash: number,
): void {
  slot(ledger.touches, row);
  const { page, index } = placed;
  page[index] = item;
  page[index + 1] = paneTag;
  page[index + 2] = sub;
  page[index + 3] = (flags << 24) | 1;
  page[index + 4] = (tick << 16) | tick;
  page[index + 5] = lineLow;
  page[index + 6] = lineHigh;
  page[index + 7] = lineHash;
}

/**
 * into := into ⊕ other, where `other` arrives as rows of raw entries (see delta.ts). Rows are found or made, entries
 * appended; duplicates are merged when lists fill or at `settle`.
 */
export function absorbRow(
  ledger: Ledger,
  space: number,
  hi: number,
  lo: number,
  touches: Uint32Array,
  visits: Uint32Array,
): void {
  const row = rowOf(ledger, space, hi, lo);
  absorbEntries(ledger, row, 'touch', touches, 0, touches.length);
  absorbEntries(ledger, row, 'visit', visits, 0, visits.length);
}

/** The same for the entries of one family of a row, which stand in `data` from one word to another. */
export function absorbEntries(
  ledger: Ledger,
  row: number,
  family: 'touch' | 'visit',
  data: Uint32Array,
  from: number,
  to: number,
): void {
  const lists = family === 'touch' ? ledger.touches : ledger.visits;
  const { words } = lists.shape;
  for (let i = from; i < to; i += words) {
    if (ledger.level > 0 && !stays(ledger, row, data[i]!, data[i + 1]!, identityWord(lists, data, i))) continue;
    slot(lists, row);
    const { page, index } = placed;
    for (let w = 0; w < words; w++) page[index + w] = data[i + w]!;
  }
}
