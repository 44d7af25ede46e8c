/**
 * What keeps a ledger small. Three reductions, each a function of the set of its entries alone, so that they commute with
 * merging:
 *  - a group (same tag and pane of one key) keeps its GROUP_MAX entries of smallest keyed hash: a bottom-k sample
 *    (Cohen and Kaplan 2007), exact below, an estimate with 3 % standard error above (`distinct`);
 *  - at the memory bound entries are sampled by the keyed hash of (key, item, sub): all keys lose the same share, a key
 *    that touched many targets keeps many, matches of rules stay sixteen times longer than the rest;
 *  - keys left without entries are forgotten; what they did is still in the prefix counts.
 */
import { hashWords, mix32 } from '../model/hash.ts';
import { handBack } from '../model/memory.ts';
import { GROUPED, TAG, TAG_MASK } from './entry.ts';
import { hiOf, type Ledger, loOf, moveRowsTogether, reindex, SPACE, slotsFor, spaceOf } from './ledger.ts';
import {
  clearRow,
  compact,
  isLoose,
  isUnmerged,
  lengthOf,
  type PackedLists,
  pageOf,
  ROW_WORDS,
  repack,
  resized,
  setLength,
  startOf,
} from './lists.ts';

/** Distinct entries of a group that are kept: twice the highest threshold that reads one (W03: 500 paths). */
export const GROUP_MAX = 1024;

/** Levels of sampling that leave matches of rules alone: they are kept 2^4 times longer than the rest. */
const RULE_LEVELS = 4;

/** keyed order of an entry: what the memory bound and the examples of a spill go by; independent of pane and time */
function priority(ledger: Ledger, row: number, item: number, sub: number): number {
  return hashWords(ledger.seed ^ hiOf(ledger, row), loOf(ledger, row) ^ (spaceOf(ledger, row) << 16), item, sub);
}

/** word 2 of an entry as far as it belongs to its identity: not where it is a count */
export function identityWord(lists: PackedLists, page: Uint32Array, e: number): number {
  return (page[e + 1]! & lists.shape.groupedBits) !== 0 ? page[e + 2]! : 0;
}

/** Whether an entry is kept at the present level of sampling. */
export function stays(ledger: Ledger, row: number, item: number, paneTag: number, sub: number): boolean {
  if (ledger.level === 0 || (spaceOf(ledger, row) & 255) !== SPACE.source) return true;
  let p = priority(ledger, row, item, sub);
  if ((paneTag & TAG_MASK) >= TAG.rule) p >>>= RULE_LEVELS;
  return ledger.level >= 32 ? p === 0 : p < 2 ** (32 - ledger.level);
}

/** Trims the groups of a list that has grown by half since it was trimmed last. */
export function trimWhenLonger(ledger: Ledger, row: number, family: 'touch' | 'visit'): void {
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
