/**
 * Packed lists: for each row a set of fixed-size entries in paged typed arrays. Appending is a few stores; when a list
 * is full, equal entries are merged in place, and only if that does not make room does it grow (by half). So a list is
 * a set at all times except for duplicates that wait for the next merge, and a row costs what it did, nothing else.
 */

const PAGE_WORDS = 1 << 18;
const PAGE_SHIFT = 18;
const FIRST_CAPACITY = 2;

/** How the entries of a family of lists look and merge. Words `0..identityWords-1` and the masked word are the identity. */
export interface EntryShape {
  readonly words: number;
  /** bits of word 3 that belong to the identity; the other bits are the count */
  readonly identityMask: number;
  /** merges entry at `from` into the equal entry at `to` */
  merge(page: Uint32Array, to: number, fromPage: Uint32Array, from: number): void;
}

export interface PackedLists {
  readonly shape: EntryShape;
  readonly pages: Uint32Array[];
  /** words handed out of the page that is being filled */
  filled: number;
  current: number;
  readonly free: Map<number, number[]>;
  /** per row */
  pointer: Uint32Array;
  length: Uint32Array;
  capacity: Uint32Array;
  /** entries that stand in lists, duplicates included */
  entries: number;
  /** called after the equal entries of a row were merged because its list was full */
  onCompact: ((row: number) => void) | null;
}

export function createLists(shape: EntryShape): PackedLists {
  return {
    shape,
    pages: [],
    filled: PAGE_WORDS,
    current: -1,
    free: new Map(),
    pointer: new Uint32Array(1024),
    length: new Uint32Array(1024),
    capacity: new Uint32Array(1024),
    entries: 0,
    onCompact: null,
  };
}

/** Makes room for `rows` rows. */
export function reserveRows(lists: PackedLists, rows: number): void {
  if (rows <= lists.pointer.length) return;
  const size = Math.max(rows, Math.ceil(lists.pointer.length * 1.6));
  for (const column of ['pointer', 'length', 'capacity'] as const) {
    const grown = new Uint32Array(size);
    grown.set(lists[column]);
    lists[column] = grown;
  }
}

function allocate(lists: PackedLists, capacity: number): number {
  const words = capacity * lists.shape.words;
  const reuse = lists.free.get(capacity)?.pop();
  if (reuse !== undefined) return reuse;
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

function release(lists: PackedLists, pointer: number, capacity: number): void {
  if (capacity * lists.shape.words > PAGE_WORDS) {
    lists.pages[pointer >>> PAGE_SHIFT] = new Uint32Array(0);
    return;
  }
  const list = lists.free.get(capacity);
  if (list === undefined) lists.free.set(capacity, [pointer]);
  else list.push(pointer);
}

/** Page of a row's list. */
export function pageOf(lists: PackedLists, row: number): Uint32Array {
  return lists.pages[lists.pointer[row]! >>> PAGE_SHIFT]!;
}

/** Index of a row's first entry in its page. */
export function startOf(lists: PackedLists, row: number): number {
  return lists.pointer[row]! & (PAGE_WORDS - 1);
}

/** Where the last `slot` call placed its entry. */
export const placed: { page: Uint32Array; index: number } = { page: new Uint32Array(0), index: 0 };

/**
 * Place for one more entry of a row: `placed.page[placed.index …]`. The caller writes all its words.
 * When the list is full its equal entries are merged first (`compact`).
 */
export function slot(lists: PackedLists, row: number): void {
  const { words } = lists.shape;
  let length = lists.length[row]!;
  const capacity = lists.capacity[row]!;
  if (length === capacity) {
    if (capacity === 0) {
      lists.pointer[row] = allocate(lists, FIRST_CAPACITY);
      lists.capacity[row] = FIRST_CAPACITY;
    } else {
      compact(lists, row);
      lists.onCompact?.(row);
      length = lists.length[row]!;
      if (length * 4 > capacity * 3) grow(lists, row, Math.max(capacity + 2, Math.ceil(capacity * 1.5)));
    }
  }
  placed.page = lists.pages[lists.pointer[row]! >>> PAGE_SHIFT]!;
  placed.index = (lists.pointer[row]! & (PAGE_WORDS - 1)) + length * words;
  lists.length[row] = length + 1;
  lists.entries++;
}

function grow(lists: PackedLists, row: number, capacity: number): void {
  const oldPointer = lists.pointer[row]!;
  const oldPage = pageOf(lists, row);
  const oldStart = startOf(lists, row);
  const used = lists.length[row]! * lists.shape.words;
  const pointer = allocate(lists, capacity);
  lists.pages[pointer >>> PAGE_SHIFT]!.set(oldPage.subarray(oldStart, oldStart + used), pointer & (PAGE_WORDS - 1));
  release(lists, oldPointer, lists.capacity[row]!);
  lists.pointer[row] = pointer;
  lists.capacity[row] = capacity;
}

/** Sets a row's list to be empty and hands its memory back. */
export function clearRow(lists: PackedLists, row: number): void {
  if (lists.capacity[row]! > 0) release(lists, lists.pointer[row]!, lists.capacity[row]!);
  lists.entries -= lists.length[row]!;
  lists.pointer[row] = 0;
  lists.length[row] = 0;
  lists.capacity[row] = 0;
}

let table = new Int32Array(4096);

/** Merges the equal entries of a row. Afterwards its list is a set, in order of first arrival. */
export function compact(lists: PackedLists, row: number): void {
  const { words, identityMask, merge } = lists.shape;
  const page = pageOf(lists, row);
  const start = startOf(lists, row);
  const n = lists.length[row]!;
  let kept = 0;
  if (n <= 12) {
    for (let i = 0; i < n; i++) {
      const e = start + i * words;
      let j = 0;
      for (; j < kept; j++) {
        const k = start + j * words;
        if (
          page[k] === page[e] &&
          page[k + 1] === page[e + 1] &&
          page[k + 2] === page[e + 2] &&
          ((page[k + 3]! ^ page[e + 3]!) & identityMask) === 0
        )
          break;
      }
      if (j < kept) merge(page, start + j * words, page, e);
      else {
        if (kept !== i) page.copyWithin(start + kept * words, e, e + words);
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
      const c = page[e + 2]!;
      const d = page[e + 3]! & identityMask;
      let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca77) ^ d, 0xc2b2ae3d);
      h = (h ^ (h >>> 15)) & mask;
      let found = -1;
      for (;;) {
        const j = table[h]!;
        if (j < 0) break;
        const k = start + j * words;
        if (page[k] === a && page[k + 1] === b && page[k + 2] === c && (page[k + 3]! & identityMask) === d) {
          found = j;
          break;
        }
        h = (h + 1) & mask;
      }
      if (found >= 0) merge(page, start + found * words, page, e);
      else {
        table[h] = kept;
        if (kept !== i) page.copyWithin(start + kept * words, e, e + words);
        kept++;
      }
    }
  }
  lists.entries -= n - kept;
  lists.length[row] = kept;
}
