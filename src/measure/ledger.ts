/**
 * The ledger: for each key (a source, a host of ours, the organisation) the set of its touches and visits.
 * A ledger is a value of a commutative monoid: adding lines in any order, or merging the ledgers of any partition of
 * the lines in any order, gives the same settled ledger (law 1). Three reductions keep it small, each a function of
 * the set alone:
 *  - a group (same tag and pane of one key) keeps its GROUP_MAX entries of smallest keyed hash: a bottom-k sample
 *    (Cohen and Kaplan 2007), exact below, an estimate with 3 % standard error above (`distinct`);
 *  - at the memory bound entries are sampled by the keyed hash of (key, item, sub): all keys lose the same share, a key
 *    that touched many targets keeps many, matches of rules stay sixteen times longer than the rest;
 *  - keys left without entries are forgotten; what they did is still in the prefix counts.
 */
import { hashWords } from '../model/hash.ts';
import { COUNT_MAX, GROUPED, TAG, TAG_MASK, TOUCH_WORDS, VISIT_WORDS } from './entry.ts';
import {
  clearRow,
  compact,
  createLists,
  createRows,
  endOf,
  lengthOf,
  type PackedLists,
  pageOf,
  placed,
  ROW_WORDS,
  type RowTable,
  setLength,
  slot,
  startOf,
} from './lists.ts';

/** Distinct entries of a group that are kept: twice the highest threshold that reads one (W03: 500 paths). */
export const GROUP_MAX = 1024;

/** Levels of sampling that leave matches of rules alone: they are kept 2^4 times longer than the rest. */
const RULE_LEVELS = 4;

/** What a row is about. */
export const SPACE = { source: 0, host: 1, office: 2 } as const;

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
  index: Int32Array;
  touches: PackedLists;
  visits: PackedLists;
  /** length at which a long list is trimmed next, by family and row: half above what the last trimming left */
  trimAt: Map<number, number>;
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

/** An empty ledger. `memoryBytes` bounds the entries. */
export function createLedger(seed: number, memoryBytes: number): Ledger {
  const table = createRows(1024);
  const ledger: Ledger = {
    seed,
    unitsMax: Math.max(4096, Math.floor(memoryBytes / 16)),
    level: 0,
    rows: 0,
    table,
    index: new Int32Array(4096).fill(-1),
    touches: createLists(TOUCH_SHAPE, table, 'touch'),
    visits: createLists(VISIT_SHAPE, table, 'visit'),
    trimAt: new Map(),
  };
  ledger.touches.onCompact = (row) => trimWhenLonger(ledger, row, 'touch');
  ledger.visits.onCompact = (row) => trimWhenLonger(ledger, row, 'visit');
  return ledger;
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

/** Row of a key, or -1. */
export function findRow(ledger: Ledger, space: number, hi: number, lo: number): number {
  const { index } = ledger;
  const { words } = ledger.table;
  const mask = index.length - 1;
  let i = hashKeyWords(ledger, space, hi, lo) & mask;
  for (;;) {
    const row = index[i]!;
    if (row < 0) return -1;
    const at = row * ROW_WORDS;
    if (words[at] === lo && words[at + 1] === hi && words[at + 2] === space) return row;
    i = (i + 1) & mask;
  }
}

/** Row of a key; made when it is new. */
export function rowOf(ledger: Ledger, space: number, hi: number, lo: number): number {
  const { index } = ledger;
  const { words } = ledger.table;
  const mask = index.length - 1;
  let i = hashKeyWords(ledger, space, hi, lo) & mask;
  for (;;) {
    const row = index[i]!;
    if (row < 0) break;
    const at = row * ROW_WORDS;
    if (words[at] === lo && words[at + 1] === hi && words[at + 2] === space) return row;
    i = (i + 1) & mask;
  }
  const row = ledger.rows++;
  if (row * ROW_WORDS >= words.length) {
    // the old memory goes at once: two copies of a million rows would be the peak of the run
    const size = Math.ceil((words.length * 1.3) / ROW_WORDS) * ROW_WORDS;
    ledger.table.words = new Uint32Array((words.buffer as ArrayBuffer).transfer(size * 4));
  }
  ledger.table.words.set([lo, hi, space], row * ROW_WORDS);
  index[i] = row;
  if (ledger.rows * 10 > index.length * 7) reindex(ledger, index.length * 2);
  return row;
}

function reindex(ledger: Ledger, size: number): void {
  const index = new Int32Array(size).fill(-1);
  const mask = size - 1;
  for (let row = 0; row < ledger.rows; row++) {
    let i = hashKeyWords(ledger, spaceOf(ledger, row), hiOf(ledger, row), loOf(ledger, row)) & mask;
    while (index[i]! >= 0) i = (i + 1) & mask;
    index[i] = row;
  }
  ledger.index = index;
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
      if (grouped) {
        if (page[e + 2] === value) return;
      } else {
        const sum = page[e + 2]! + value;
        page[e + 2] = sum > 0xffffffff ? 0xffffffff : sum;
        return;
      }
    }
  }
  slot(visits, row);
  const { page, index } = placed;
  page[index] = item;
  page[index + 1] = paneTag;
  page[index + 2] = value;
}

/** Visits of many rows, to be added at once; `value` as `addVisit` takes it. */
export interface Visits {
  n: number;
  row: Uint32Array;
  item: Uint32Array;
  paneTag: Uint32Array;
  value: Uint32Array;
  /** sum of words that were looked at only to have them in the cache: kept, so that looking is not left out */
  warmed: number;
}

/** Room for so many visits. */
export function createVisits(capacity: number): Visits {
  const column = () => new Uint32Array(capacity);
  return { n: 0, row: column(), item: column(), paneTag: column(), value: column(), warmed: 0 };
}

/**
 * Adds many visits. First the ends of all lists are looked at in a loop that waits for nothing, so that the memory answers
 * several at a time; then they are added.
 */
export function addVisits(ledger: Ledger, visits: Visits): void {
  const { row, item, paneTag, value, n } = visits;
  const { pages } = ledger.visits;
  const { words } = ledger.table;
  if (pages.length > 0) {
    let sum = 0;
    for (let k = 0; k < n; k++) {
      const at = row[k]! * ROW_WORDS;
      sum += endOf(pages, words[at + 3]!, words[at + 4]!);
    }
    visits.warmed = sum;
  }
  for (let k = 0; k < n; k++) addVisit(ledger, row[k]!, item[k]!, paneTag[k]!, value[k]!);
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

/** keyed order of an entry: what the memory bound and the examples of a spill go by; independent of pane and time */
function priority(ledger: Ledger, row: number, item: number, sub: number): number {
  return hashWords(ledger.seed ^ hiOf(ledger, row), loOf(ledger, row) ^ (spaceOf(ledger, row) << 16), item, sub);
}

/** word 2 of an entry as far as it belongs to its identity: not where it is a count */
function identityWord(lists: PackedLists, page: Uint32Array, e: number): number {
  return (page[e + 1]! & lists.shape.groupedBits) !== 0 ? page[e + 2]! : 0;
}

function stays(ledger: Ledger, row: number, item: number, paneTag: number, sub: number): boolean {
  if (ledger.level === 0 || (spaceOf(ledger, row) & 255) !== SPACE.source) return true;
  let p = priority(ledger, row, item, sub);
  if ((paneTag & TAG_MASK) >= TAG.rule) p >>>= RULE_LEVELS;
  return ledger.level >= 32 ? p === 0 : p < 2 ** (32 - ledger.level);
}

function trimWhenLonger(ledger: Ledger, row: number, family: 'touch' | 'visit'): void {
  const n = lengthOf(family === 'touch' ? ledger.touches : ledger.visits, row);
  if (n <= GROUP_MAX) return;
  const name = row * 2 + (family === 'touch' ? 0 : 1);
  if (n < (ledger.trimAt.get(name) ?? 0)) return;
  trimGroups(ledger, row, family);
  const left = lengthOf(family === 'touch' ? ledger.touches : ledger.visits, row);
  ledger.trimAt.set(name, Math.ceil(left * 1.5));
}

/**
 * Trims each group of a row to its GROUP_MAX entries of smallest priority. The survivors of the whole are survivors of
 * every part (a bottom-k sample), so what stays, counts included, does not depend on when this is called.
 */
function trimGroups(ledger: Ledger, row: number, family: 'touch' | 'visit'): void {
  const lists = family === 'touch' ? ledger.touches : ledger.visits;
  const n = lengthOf(lists, row);
  if (n <= GROUP_MAX) return;
  const { words } = lists.shape;
  const page = pageOf(lists, row);
  const start = startOf(lists, row);
  const wholePane = family === 'touch' || (spaceOf(ledger, row) & 255) !== SPACE.source;
  // the addresses of an IPv6 network are one group: whoever has a /64 has 2^64 of them
  const groupOf = (e: number) =>
    wholePane || (page[e + 1]! & GROUPED) === 0 || (page[e + 1]! & TAG_MASK) === TAG.interfaceId
      ? page[e + 1]!
      : page[e + 1]! * 4294967296 + page[e + 2]!;
  // most rows overflow no group: count first
  const sizes = new Map<number, number>();
  let largest = 0;
  for (let i = 0; i < n; i++) {
    const group = groupOf(start + i * words);
    const size = (sizes.get(group) ?? 0) + 1;
    sizes.set(group, size);
    if (size > largest) largest = size;
  }
  if (largest <= GROUP_MAX) return;
  const members = new Map<number, number[]>();
  for (let i = 0; i < n; i++) {
    const e = start + i * words;
    const list = members.get(groupOf(e));
    if (list === undefined) members.set(groupOf(e), [e]);
    else list.push(e);
  }
  const dropped = new Set<number>();
  for (const list of members.values()) {
    if (list.length <= GROUP_MAX) continue;
    const order = new Map(list.map((e) => [e, priority(ledger, row, page[e]!, identityWord(lists, page, e))]));
    list.sort(
      (x, y) =>
        order.get(x)! - order.get(y)! ||
        page[x]! - page[y]! ||
        identityWord(lists, page, x) - identityWord(lists, page, y) ||
        (family === 'touch' ? page[x + 3]! - page[y + 3]! : 0),
    );
    for (const e of list.slice(GROUP_MAX)) dropped.add(e);
  }
  if (dropped.size === 0) return;
  let kept = 0;
  for (let i = 0; i < n; i++) {
    const e = start + i * words;
    if (dropped.has(e)) continue;
    if (kept !== i) page.copyWithin(start + kept * words, e, e + words);
    kept++;
  }
  lists.entries -= n - kept;
  setLength(lists, row, kept);
}

/** Memory that the entries use now, in units of 16 bytes. */
function units(ledger: Ledger): number {
  return ledger.touches.entries * 2 + ledger.visits.entries * 0.75;
}

/** Call after a batch: when the bound is passed, merges duplicates and, if that is not enough, samples. */
export function holdBound(ledger: Ledger): void {
  if (units(ledger) > ledger.unitsMax * 1.25) reduce(ledger);
}

/** Brings the ledger into its canonical state: every list a set, every group within GROUP_MAX, the bound held. */
export function settle(ledger: Ledger): void {
  reduce(ledger);
}

function reduce(ledger: Ledger): void {
  for (let row = 0; row < ledger.rows; row++) {
    for (const family of ['touch', 'visit'] as const) {
      const lists = family === 'touch' ? ledger.touches : ledger.visits;
      if (lengthOf(lists, row) > 1) compact(lists, row);
      if (lengthOf(lists, row) > 0) trimGroups(ledger, row, family);
    }
  }
  // what came since the level was raised was not asked yet whether it stays
  if (ledger.level > 0) sample(ledger);
  while (units(ledger) > ledger.unitsMax && ledger.level < 32) {
    ledger.level++;
    sample(ledger);
  }
}

/** Drops what does not stay at the present level, and the rows that are left with nothing. */
function sample(ledger: Ledger): void {
  for (let row = 0; row < ledger.rows; row++) {
    for (const lists of [ledger.touches, ledger.visits]) {
      const n = lengthOf(lists, row);
      if (n === 0) continue;
      const { words } = lists.shape;
      const page = pageOf(lists, row);
      const start = startOf(lists, row);
      let kept = 0;
      for (let i = 0; i < n; i++) {
        const e = start + i * words;
        if (!stays(ledger, row, page[e]!, page[e + 1]!, identityWord(lists, page, e))) continue;
        if (kept !== i) page.copyWithin(start + kept * words, e, e + words);
        kept++;
      }
      lists.entries -= n - kept;
      setLength(lists, row, kept);
      if (kept === 0) clearRow(lists, row);
    }
  }
  forgetEmptyRows(ledger);
}

function forgetEmptyRows(ledger: Ledger): void {
  ledger.trimAt.clear();
  let kept = 0;
  for (let row = 0; row < ledger.rows; row++) {
    if (lengthOf(ledger.touches, row) === 0 && lengthOf(ledger.visits, row) === 0) {
      clearRow(ledger.touches, row);
      clearRow(ledger.visits, row);
      continue;
    }
    if (kept !== row) {
      const { words } = ledger.table;
      words.copyWithin(kept * ROW_WORDS, row * ROW_WORDS, (row + 1) * ROW_WORDS);
      words.fill(0, row * ROW_WORDS, (row + 1) * ROW_WORDS);
    }
    kept++;
  }
  ledger.rows = kept;
  reindex(ledger, ledger.index.length);
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
  for (const [lists, words, data] of [
    [ledger.touches, TOUCH_WORDS, touches],
    [ledger.visits, VISIT_WORDS, visits],
  ] as const) {
    for (let i = 0; i < data.length; i += words) {
      if (!stays(ledger, row, data[i]!, data[i + 1]!, identityWord(lists, data, i))) continue;
      slot(lists, row);
      placed.page.set(data.subarray(i, i + words), placed.index);
    }
  }
}

/**
 * How many distinct entries a group had, from the `n` that are kept: exact below GROUP_MAX and without sampling, else
 * estimated from the largest kept priority (k − 1 over its share of the hash range) or the sampling level; matches of
 * rules are sampled from level RULE_LEVELS + 1 on.
 */
export function distinct(ledger: Ledger, n: number, largestPriority: number, tag = 0): number {
  if (n >= GROUP_MAX) return Math.max(GROUP_MAX, Math.round(((n - 1) * 2 ** 32) / Math.max(1, largestPriority)));
  return n * 2 ** Math.max(0, ledger.level - (tag >= TAG.rule ? RULE_LEVELS : 0));
}

/** The priority of an entry of a row, for `distinct`. */
export function priorityOf(ledger: Ledger, row: number, item: number, sub: number): number {
  return priority(ledger, row, item, sub);
}

/**
 * Rows of many sources at once, in `rows`: looked up in one tight loop, so that the memory answers several at a time
 * (0.2 µs a line less than one by one between other work).
 */
export function rowsOf(
  ledger: Ledger,
  space: number,
  hi: Uint32Array,
  lo: Uint32Array,
  n: number,
  rows: Uint32Array,
): void {
  for (let k = 0; k < n; k++) {
    const { index } = ledger;
    const { words } = ledger.table;
    const mask = index.length - 1;
    const h = hi[k]!;
    const l = lo[k]!;
    let i = hashKeyWords(ledger, space, h, l) & mask;
    let row = index[i]!;
    while (row >= 0) {
      const at = row * ROW_WORDS;
      if (words[at] === l && words[at + 1] === h && words[at + 2] === space) break;
      i = (i + 1) & mask;
      row = index[i]!;
    }
    rows[k] = row >= 0 ? row : rowOf(ledger, space, h, l);
  }
}
