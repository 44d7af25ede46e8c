/**
 * The ledger: for each key (a source, a host of ours, the organisation, a declared system) the set of its touches and visits.
 * A ledger is a value of a commutative monoid: adding lines in any order, or merging the ledgers of any partition of
 * the lines in any order, gives the same settled ledger (law 1). Three reductions keep it small, each a function of
 * the set alone:
 *  - a group (same tag and pane of one key) keeps its GROUP_MAX entries of smallest keyed hash: a bottom-k sample
 *    (Cohen and Kaplan 2007), exact below, an estimate with 3 % standard error above (`distinct`);
 *  - at the memory bound entries are sampled by the keyed hash of (key, item, sub): all keys lose the same share, a key
 *    that touched many targets keeps many, matches of rules stay sixteen times longer than the rest;
 *  - keys left without entries are forgotten; what they did is still in the prefix counts.
 */
import { hashWords, mix32 } from '../model/hash.ts';
import { handBack } from '../model/memory.ts';
import { COUNT_MAX, GROUPED, TAG, TAG_MASK, TOUCH_WORDS, VISIT_WORDS } from './entry.ts';
import {
  clearRow,
  compact,
  createLists,
  createRows,
  endOf,
  isLoose,
  isUnmerged,
  lengthOf,
  type PackedLists,
  pageOf,
  placed,
  ROW_WORDS,
  type RowTable,
  repack,
  resized,
  setLength,
  slot,
  startOf,
} from './lists.ts';

/** Distinct entries of a group that are kept: twice the highest threshold that reads one (W03: 500 paths). */
export const GROUP_MAX = 1024;

/** Levels of sampling that leave matches of rules alone: they are kept 2^4 times longer than the rest. */
const RULE_LEVELS = 4;

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

/** Length of an index for so many rows. */
function slotsFor(rows: number): number {
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

function reindex(ledger: Ledger, size: number): void {
  handBack(ledger.index);
  const index = new Int32Array(size).fill(-1);
  for (let row = 0; row < ledger.rows; row++)
    enter(ledger, index, row, spaceOf(ledger, row), hiOf(ledger, row), loOf(ledger, row));
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

/** Visits of many rows that wait to be added: four words each, row, item, pane and tag, value as `addVisit` takes it. */
export interface WaitingVisits {
  n: number;
  words: Uint32Array;
  /** sum of words that were looked at only to have them in the cache: kept, so that looking is not left out */
  warmed: number;
}
const WAITING_WORDS = 4;

/** Room for so many visits. */
export function createWaitingVisits(capacity: number): WaitingVisits {
  return { n: 0, words: new Uint32Array(capacity * WAITING_WORDS), warmed: 0 };
}

/** Puts a visit with those that wait; there must be room. */
export function noteVisit(waiting: WaitingVisits, row: number, item: number, paneTag: number, value: number): void {
  const { words } = waiting;
  const at = waiting.n++ * WAITING_WORDS;
  words[at] = row;
  words[at + 1] = item;
  words[at + 2] = paneTag;
  words[at + 3] = value;
}

/** Visits are brought into the order of their rows, as far as the first so many bits of a row's number go. */
const ORDER_BITS = 11;
const places = new Uint32Array((1 << ORDER_BITS) + 1);
let ordered = new Uint32Array(0);
/** Visits whose lists are looked at before they are added. */
const STRIPE = 128;

/**
 * Adds the visits that wait, in the order of their rows: a log names its sources at random, and each would be a miss in
 * the cache and in the page table. Of each stripe the ends of the lists are looked at first, in a loop that waits for
 * nothing, so that the memory answers several at a time.
 */
export function addWaitingVisits(ledger: Ledger, waiting: WaitingVisits): void {
  const { n } = waiting;
  if (n === 0) return;
  waiting.n = 0;
  const words = inOrder(waiting.words, n, ledger.rows);
  const { pages } = ledger.visits;
  const { words: table } = ledger.table;
  for (let from = 0; from < n; from += STRIPE) {
    const to = Math.min(n, from + STRIPE);
    if (pages.length > 0) {
      let sum = 0;
      for (let k = from; k < to; k++) {
        const at = words[k * WAITING_WORDS]! * ROW_WORDS;
        sum += endOf(pages, table[at + 3]!, table[at + 4]!);
      }
      waiting.warmed = sum;
    }
    for (let k = from; k < to; k++) {
      const at = k * WAITING_WORDS;
      addVisit(ledger, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    }
  }
}

/** The visits in another array, those of neighbouring rows together (a counting sort). */
function inOrder(words: Uint32Array, n: number, rows: number): Uint32Array {
  const shift = Math.max(0, 32 - Math.clz32(rows) - ORDER_BITS);
  const length = n * WAITING_WORDS;
  if (ordered.length < length) ordered = new Uint32Array(words.length);
  places.fill(0);
  for (let at = 0; at < length; at += WAITING_WORDS) places[(words[at]! >>> shift) + 1]!++;
  for (let i = 1; i < places.length; i++) places[i]! += places[i - 1]!;
  for (let at = 0; at < length; at += WAITING_WORDS) {
    const to = places[words[at]! >>> shift]!++ * WAITING_WORDS;
    ordered[to] = words[at]!;
    ordered[to + 1] = words[at + 1]!;
    ordered[to + 2] = words[at + 2]!;
    ordered[to + 3] = words[at + 3]!;
  }
  return ordered;
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
  if (largestGroup(page, start, n, words, groupOf) <= GROUP_MAX) return;
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
    const order = Float64Array.from(list, (e) => priority(ledger, row, page[e]!, identityWord(lists, page, e)));
    const sorted = order.toSorted();
    const largest = sorted[GROUP_MAX - 1]!;
    if (sorted[GROUP_MAX]! > largest) {
      for (let i = 0; i < list.length; i++) if (order[i]! > largest) dropped.add(list[i]!);
      continue;
    }
    // two of the same priority, of which one stays
    const places = list.map((_, i) => i);
    places.sort((i, j) => {
      const [x, y] = [list[i]!, list[j]!];
      return (
        order[i]! - order[j]! ||
        page[x]! - page[y]! ||
        identityWord(lists, page, x) - identityWord(lists, page, y) ||
        (family === 'touch' ? page[x + 3]! - page[y + 3]! : 0)
      );
    });
    for (const i of places.slice(GROUP_MAX)) dropped.add(list[i]!);
  }
  if (dropped.size === 0) return;
  let kept = 0;
  for (let i = 0; i < n; i++) {
    const e = start + i * words;
    if (dropped.has(e)) continue;
    if (kept !== i) for (let w = 0, to = start + kept * words; w < words; w++) page[to + w] = page[e + w]!;
    kept++;
  }
  lists.entries -= n - kept;
  setLength(lists, row, kept);
}

/** Group of an entry, by its slot in `groupSizes`, and how many entries it has. */
let groupKeys = new Float64Array(0);
let groupSizes = new Uint32Array(0);

/** Entries of the largest group among the `n` entries from `start` on. */
function largestGroup(
  page: Uint32Array,
  start: number,
  n: number,
  words: number,
  groupOf: (entry: number) => number,
): number {
  let size = 2048;
  while (size < n * 2) size *= 2;
  if (groupSizes.length < size) {
    groupKeys = new Float64Array(size);
    groupSizes = new Uint32Array(size);
  } else groupSizes.fill(0, 0, size);
  const mask = size - 1;
  let largest = 0;
  for (let i = 0; i < n; i++) {
    const e = start + i * words;
    const group = groupOf(e);
    let slotAt = mix32(page[e + 1]! ^ Math.floor(group / 4294967296)) & mask;
    while (groupSizes[slotAt] !== 0 && groupKeys[slotAt] !== group) slotAt = (slotAt + 1) & mask;
    groupKeys[slotAt] = group;
    const count = groupSizes[slotAt]! + 1;
    groupSizes[slotAt] = count;
    if (count > largest) largest = count;
  }
  return largest;
}

/** Memory that the entries use now, in units of 16 bytes. */
function units(ledger: Ledger): number {
  return ledger.touches.entries * 2 + ledger.visits.entries * 0.75;
}

/** True when the memory bound is passed so far that `holdBound` will reduce: rows are numbered anew by that. */
export function isPastBound(ledger: Ledger): boolean {
  return units(ledger) > ledger.unitsMax * 1.25;
}

/**
 * Call after a batch: when the bound is passed, merges duplicates and, if that is not enough, samples; moves lists
 * together when a good part of their pages is free.
 */
export function holdBound(ledger: Ledger): void {
  if (isPastBound(ledger)) reduce(ledger);
  for (const lists of [ledger.touches, ledger.visits]) if (isLoose(lists)) repack(lists, ledger.rows);
}

/** Brings the ledger into its canonical state: every list a set, every group within GROUP_MAX, the bound held. */
export function settle(ledger: Ledger): void {
  reduce(ledger);
}

function reduce(ledger: Ledger): void {
  for (let row = 0; row < ledger.rows; row++) {
    for (const family of ['touch', 'visit'] as const) {
      const lists = family === 'touch' ? ledger.touches : ledger.visits;
      // a list that nothing came to is as the last time left it
      if (!isUnmerged(lists, row)) continue;
      compact(lists, row);
      trimGroups(ledger, row, family);
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
        if (kept !== i) for (let w = 0, to = start + kept * words; w < words; w++) page[to + w] = page[e + w]!;
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
  moveRowsTogether(ledger, (row) => {
    if (lengthOf(ledger.touches, row) > 0 || lengthOf(ledger.visits, row) > 0) return true;
    clearRow(ledger.touches, row);
    clearRow(ledger.visits, row);
    return false;
  });
  reindex(ledger, ledger.index.length);
}

/** Leaves only the rows that stay, numbered anew in their order; the index then has to be made again. */
function moveRowsTogether(ledger: Ledger, stays: (row: number) => boolean): void {
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
 * Forgets the sources that touched nothing: they are counted, and nothing is ever decided about them. Hands back at once
 * what they took and what lists have given up, so that deciding has the room. Returns how many sources there were in all.
 * For a settled ledger that no more lines come to: what it adds up to is no longer what `encodeState` says of the lines.
 */
export function forgetQuiet(ledger: Ledger): number {
  let sources = 0;
  moveRowsTogether(ledger, (row) => {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) return true;
    sources++;
    return lengthOf(ledger.touches, row) > 0;
  });
  repack(ledger.visits, ledger.rows);
  repack(ledger.touches, ledger.rows);
  const { table } = ledger;
  handBack(ledger.index);
  ledger.index = new Int32Array(0);
  table.words = resized(table.words, Math.max(1, ledger.rows) * ROW_WORDS);
  reindex(ledger, slotsFor(ledger.rows));
  return sources;
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
