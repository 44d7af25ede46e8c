/**
 * Visits that wait to be added in the order of their rows: a log names its sources at random, and each would be a miss in the
 * cache and in the page table.
 */
import { addVisit } from './additions.ts';
import type { Ledger } from './ledger.ts';
import { endOf, ROW_WORDS } from './lists.ts';

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
