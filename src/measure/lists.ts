/**
 * Packed lists: for each row a set of fixed-size entries in paged typed arrays. Appending is a few stores; when a list
 * is full, equal entries are merged in place, and only if that does not make room does it grow (by half). So a list is
 * a set at all times except for duplicates that wait for the next merge, and a row costs what it did, nothing else.
 */
import { handBack } from '../model/memory.ts';

const PAGE_WORDS = 1 << 18;
const PAGE_SHIFT = 18;

/** Capacities that a list grows through, in entries: in small steps while it is short, by two fifths later. */
const CAPACITIES: readonly number[] = (() => {
  const list = [0, 1, 2, 4, 6, 9, 13];
  while (list.length < 64) list.push(Math.ceil(list[list.length - 1]! * 1.4));
  return list;
})();

/**
 * The rows of a ledger: eight words a row in one array, so that finding a key and appending to its list touch one cache
 * line. Words: key lo, hi, space · visits: pointer, length · touches: pointer, length · steps of CAPACITIES (8 bits each)
 * and, from bit 16 on, for each family whether entries came that were not merged yet.
 */
export interface RowTable {
  words: Uint32Array;
}
export const ROW_WORDS = 8;
const STEPS = 7;

/** A table with room for `rows` rows. */
export function createRows(rows: number): RowTable {
  return { words: new Uint32Array(rows * ROW_WORDS) };
}

/** How the entries of a family of lists look and merge. Words `0..identityWords-1` and the masked word are the identity. */
export interface EntryShape {
  readonly words: number;
  /** bits of word 3 that belong to the identity (0 for entries that have no word 3) */
  readonly identityMask: number;
  /** word 2 belongs to the identity where word 1 has one of these bits; -1 = always */
  readonly groupedBits: number;
  /** merges entry at `from` into the equal entry at `to` */
  merge(page: Uint32Array, to: number, fromPage: Uint32Array, from: number): void;
}

export interface PackedLists {
  readonly shape: EntryShape;
  readonly rows: RowTable;
  /** words of a row where this family's pointer and length stand, and the shift of its capacity step */
  readonly pointerAt: number;
  readonly lengthAt: number;
  readonly stepShift: number;
  /** bit in the word of the steps: entries came since the equal ones were merged */
  readonly unmergedBit: number;
  readonly pages: Uint32Array[];
  /** words handed out of the page that is being filled */
  filled: number;
  current: number;
  /** by capacity step the first pointer that was handed back, or NO_POINTER; its first word holds the next one */
  readonly free: Uint32Array;
  /** words of all that was handed back and not taken again */
  freeWords: number;
  /** entries that stand in lists, duplicates included */
  entries: number;
  /** called after the equal entries of a row were merged because its list was full */
  onCompact: ((row: number) => void) | null;
}

/** Lists of a family over the rows of a table: 'visit' or 'touch' says which words of a row are theirs. */
export function createLists(shape: EntryShape, rows: RowTable, family: 'visit' | 'touch'): PackedLists {
  const isVisit = family === 'visit';
  return {
    shape,
    rows,
    pointerAt: isVisit ? 3 : 5,
    lengthAt: isVisit ? 4 : 6,
    stepShift: isVisit ? 0 : 8,
    unmergedBit: isVisit ? 1 << 16 : 1 << 17,
    pages: [],
    filled: PAGE_WORDS,
    current: -1,
    free: new Uint32Array(CAPACITIES.length).fill(NO_POINTER),
    freeWords: 0,
    entries: 0,
    onCompact: null,
  };
}

/** Entries in a row's list, duplicates included. */
export function lengthOf(lists: PackedLists, row: number): number {
  return lists.rows.words[row * ROW_WORDS + lists.lengthAt]!;
}

/** Sets the length of a list after its entries were moved together. */
export function setLength(lists: PackedLists, row: number, length: number): void {
  lists.rows.words[row * ROW_WORDS + lists.lengthAt] = length;
}

const NO_POINTER = 0xffffffff;

function allocate(lists: PackedLists, step: number): number {
  const words = CAPACITIES[step]! * lists.shape.words;
  const reuse = lists.free[step]!;
  if (reuse !== NO_POINTER) {
    lists.free[step] = lists.pages[reuse >>> PAGE_SHIFT]![reuse & (PAGE_WORDS - 1)]!;
    lists.freeWords -= words;
    return reuse;
  }
  if (words > PAGE_WORDS) {
    // a list longer than a page has a page of its own; only its start is ever computed from the pointer
    lists.pages.push(new Uint32Array(words));
    return ((lists.pages.length - 1) << PAGE_SHIFT) >>> 0;
  }
  if (lists.filled + words > PAGE_WORDS) {
    lists.pages.push(new Uint32Array(PAGE_WORDS));
    lists.current = lists.pages.length - 1;
    lists.filled = 0;
  }
  const pointer = ((lists.current << PAGE_SHIFT) | lists.filled) >>> 0;
  lists.filled += words;
  return pointer;
}

function release(lists: PackedLists, pointer: number, step: number): void {
  if (CAPACITIES[step]! * lists.shape.words > PAGE_WORDS) lists.pages[pointer >>> PAGE_SHIFT] = new Uint32Array(0);
  else {
    lists.pages[pointer >>> PAGE_SHIFT]![pointer & (PAGE_WORDS - 1)] = lists.free[step]!;
    lists.free[step] = pointer;
    lists.freeWords += CAPACITIES[step]! * lists.shape.words;
  }
}

function stepOf(lists: PackedLists, row: number): number {
  return (lists.rows.words[row * ROW_WORDS + STEPS]! >>> lists.stepShift) & 255;
}

function setStep(lists: PackedLists, row: number, step: number): void {
  const at = row * ROW_WORDS + STEPS;
  lists.rows.words[at] = (lists.rows.words[at]! & ~(255 << lists.stepShift)) | (step << lists.stepShift);
}

/** Page of a row's list. */
export function pageOf(lists: PackedLists, row: number): Uint32Array {
  return lists.pages[lists.rows.words[row * ROW_WORDS + lists.pointerAt]! >>> PAGE_SHIFT]!;
}

/** Index of a row's first entry in its page. */
export function startOf(lists: PackedLists, row: number): number {
  return lists.rows.words[row * ROW_WORDS + lists.pointerAt]! & (PAGE_WORDS - 1);
}

/** A word of a visit list near its end, by pointer and length. */
export function endOf(pages: readonly Uint32Array[], pointer: number, length: number): number {
  return pages[pointer >>> PAGE_SHIFT]![(pointer + length * 3) & (PAGE_WORDS - 1)]!;
}

/** Where the last `slot` call placed its entry. */
export const placed: { page: Uint32Array; index: number } = { page: new Uint32Array(0), index: 0 };

/**
 * Place for one more entry of a row: `placed.page[placed.index …]`. The caller writes all its words.
 * When the list is full its equal entries are merged first (`compact`).
 */
export function slot(lists: PackedLists, row: number): void {
  const { words } = lists.shape;
  const table = lists.rows.words;
  const at = row * ROW_WORDS;
  let length = table[at + lists.lengthAt]!;
  const step = (table[at + STEPS]! >>> lists.stepShift) & 255;
  if (length === CAPACITIES[step]!) {
    if (step === 0) {
      table[at + lists.pointerAt] = allocate(lists, 1);
      setStep(lists, row, 1);
    } else {
      compact(lists, row);
      lists.onCompact?.(row);
      length = table[at + lists.lengthAt]!;
      if (length * 4 > CAPACITIES[step]! * 3) grow(lists, row, step + 1);
    }
  }
  const pointer = table[at + lists.pointerAt]!;
  placed.page = lists.pages[pointer >>> PAGE_SHIFT]!;
  placed.index = (pointer & (PAGE_WORDS - 1)) + length * words;
  table[at + lists.lengthAt] = length + 1;
  table[at + STEPS]! |= lists.unmergedBit;
  lists.entries++;
}

function grow(lists: PackedLists, row: number, step: number): void {
  const at = row * ROW_WORDS + lists.pointerAt;
  const oldPointer = lists.rows.words[at]!;
  const oldPage = pageOf(lists, row);
  const oldStart = startOf(lists, row);
  const used = lengthOf(lists, row) * lists.shape.words;
  const pointer = allocate(lists, step);
  const page = lists.pages[pointer >>> PAGE_SHIFT]!;
  const start = pointer & (PAGE_WORDS - 1);
  // most lists are short: a loop costs less than the two calls
  if (used <= 64) for (let w = 0; w < used; w++) page[start + w] = oldPage[oldStart + w]!;
  else page.set(oldPage.subarray(oldStart, oldStart + used), start);
  release(lists, oldPointer, step - 1);
  lists.rows.words[at] = pointer;
  setStep(lists, row, step);
}

/** Sets a row's list to be empty and hands its memory back. */
export function clearRow(lists: PackedLists, row: number): void {
  const at = row * ROW_WORDS;
  const step = stepOf(lists, row);
  if (step > 0) release(lists, lists.rows.words[at + lists.pointerAt]!, step);
  lists.entries -= lengthOf(lists, row);
  lists.rows.words[at + lists.pointerAt] = 0;
  lists.rows.words[at + lists.lengthAt] = 0;
  setStep(lists, row, 0);
}

/**
 * Moves the lists of all rows together, into as few pages as they need: long runs leave pages full of the places of lists
 * that have grown out of them. Page by page, and an emptied page takes what comes next, so that there is never a second
 * copy. What is not needed any more goes back to the system at once.
 */
export function repack(lists: PackedLists, rows: number): void {
  const old = lists.pages.splice(0);
  const byPage = rowsByPage(lists, rows, old.length);
  const emptied: Uint32Array[] = [];
  lists.free.fill(NO_POINTER);
  lists.freeWords = 0;
  lists.filled = PAGE_WORDS;
  let next = 0;
  for (const [number, page] of old.entries()) {
    if (page.length !== PAGE_WORDS) {
      // a list that has a page of its own; nothing, where it was handed back
      if (next < byPage.ends[number]!) {
        lists.rows.words[byPage.order[next++]! * ROW_WORDS + lists.pointerAt] =
          (lists.pages.length << PAGE_SHIFT) >>> 0;
        lists.pages.push(page);
      }
      continue;
    }
    for (; next < byPage.ends[number]!; next++) moveList(lists, byPage.order[next]!, page, emptied);
    emptied.push(page);
  }
  emptied.forEach(handBack);
}

/** Pages from which on lists are moved together as they grow, and the share of them that must be free. */
const REPACK_PAGES = 32;
const REPACK_SHARE = 1 / 8;

/** True when moving the lists together is worth the time it takes: that of scanning some ten thousand lines. */
export function isLoose({ pages, freeWords }: PackedLists): boolean {
  return pages.length >= REPACK_PAGES && freeWords > pages.length * PAGE_WORDS * REPACK_SHARE;
}

/** The rows that have a list, those of a page together, and for each page where its rows end. */
function rowsByPage(lists: PackedLists, rows: number, pages: number): { order: Uint32Array; ends: Uint32Array } {
  const ends = new Uint32Array(pages + 1);
  const { words } = lists.rows;
  const pageOfRow = (row: number) =>
    stepOf(lists, row) === 0 ? -1 : words[row * ROW_WORDS + lists.pointerAt]! >>> PAGE_SHIFT;
  for (let row = 0; row < rows; row++) ends[pageOfRow(row) + 1]!++;
  ends[0] = 0;
  for (let page = 1; page <= pages; page++) ends[page]! += ends[page - 1]!;
  const order = new Uint32Array(ends[pages]!);
  for (let row = 0; row < rows; row++) {
    const page = pageOfRow(row);
    if (page >= 0) order[ends[page]!++] = row;
  }
  return { order, ends };
}

/** Moves a row's list behind those that were moved before, as large as it has to be. */
function moveList(lists: PackedLists, row: number, from: Uint32Array, emptied: Uint32Array[]): void {
  const { words } = lists.shape;
  const n = lengthOf(lists, row);
  const start = startOf(lists, row);
  let step = 0;
  while (CAPACITIES[step]! < n) step++;
  const room = CAPACITIES[step]! * words;
  if (lists.filled + room > PAGE_WORDS) {
    lists.pages.push(emptied.pop() ?? new Uint32Array(PAGE_WORDS));
    lists.current = lists.pages.length - 1;
    lists.filled = 0;
  }
  const page = lists.pages[lists.current]!;
  for (let w = 0; w < n * words; w++) page[lists.filled + w] = from[start + w]!;
  const pointer = step === 0 ? 0 : ((lists.current << PAGE_SHIFT) | lists.filled) >>> 0;
  lists.rows.words[row * ROW_WORDS + lists.pointerAt] = pointer;
  setStep(lists, row, step);
  lists.filled += room;
}

/**
 * The array with another length; the one that is given must not be read again. Memory that nobody wrote to costs nothing
 * (`transfer` to a larger length would write zeros to all of it).
 */
export function resized(words: Uint32Array, length: number): Uint32Array {
  const larger = new Uint32Array(length);
  larger.set(length < words.length ? words.subarray(0, length) : words);
  handBack(words);
  return larger;
}

/** True when entries came to a row's list since its equal ones were merged: else it is a set. */
export function isUnmerged(lists: PackedLists, row: number): boolean {
  return (lists.rows.words[row * ROW_WORDS + STEPS]! & lists.unmergedBit) !== 0;
}

let table = new Int32Array(4096);

/** Merges the equal entries of a row. Afterwards its list is a set, in order of first arrival. */
export function compact(lists: PackedLists, row: number): void {
  const { words, identityMask, groupedBits, merge } = lists.shape;
  const page = pageOf(lists, row);
  const start = startOf(lists, row);
  const n = lengthOf(lists, row);
  let kept = 0;
  if (n <= 12) {
    for (let i = 0; i < n; i++) {
      const e = start + i * words;
      const wordTwo = (page[e + 1]! & groupedBits) !== 0 ? -1 : 0;
      let j = 0;
      for (; j < kept; j++) {
        const k = start + j * words;
        if (
          page[k] === page[e] &&
          page[k + 1] === page[e + 1] &&
          ((page[k + 2]! ^ page[e + 2]!) & wordTwo) === 0 &&
          (identityMask === 0 || ((page[k + 3]! ^ page[e + 3]!) & identityMask) === 0)
        )
          break;
      }
      if (j < kept) merge(page, start + j * words, page, e);
      else {
        if (kept !== i) for (let w = 0, to = start + kept * words; w < words; w++) page[to + w] = page[e + w]!;
        kept++;
      }
    }
  } else {
    let size = 64;
    while (size < n * 2) size *= 2;
    if (table.length < size) table = new Int32Array(size);
    table.fill(-1, 0, size);
    const mask = size - 1;
    for (let i = 0; i < n; i++) {
      const e = start + i * words;
      const a = page[e]!;
      const b = page[e + 1]!;
      const wordTwo = (b & groupedBits) !== 0 ? -1 : 0;
      const c = page[e + 2]! & wordTwo;
      const d = identityMask === 0 ? 0 : page[e + 3]! & identityMask;
      let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca77) ^ d, 0xc2b2ae3d);
      h = (h ^ (h >>> 15)) & mask;
      let found = -1;
      for (;;) {
        const j = table[h]!;
        if (j < 0) break;
        const k = start + j * words;
        if (
          page[k] === a &&
          page[k + 1] === b &&
          (page[k + 2]! & wordTwo) === c &&
          (identityMask === 0 || (page[k + 3]! & identityMask) === d)
        ) {
          found = j;
          break;
        }
        h = (h + 1) & mask;
      }
      if (found >= 0) merge(page, start + found * words, page, e);
      else {
        table[h] = kept;
        if (kept !== i) for (let w = 0, to = start + kept * words; w < words; w++) page[to + w] = page[e + w]!;
        kept++;
      }
    }
  }
  lists.entries -= n - kept;
  setLength(lists, row, kept);
  lists.rows.words[row * ROW_WORDS + STEPS]! &= ~lists.unmergedBit;
}
