/**
 * Networks with a number each, as sorted ranges of integers that are searched by halving: which asset an address is of.
 *   198.51.100.0/24 → 1 · find(0, 0, 0xffff, 198.51.100.7) → 1
 */
import type { Prefix } from './prefixes.ts';

/** Networks with a number each, for fast look-ups; numbers are 1 and above. */
export interface PrefixTable {
  /** number of the network that holds an address (four words; IPv4 as 0, 0, 0xffff, address), 0 = none */
  find(w0: number, w1: number, w2: number, w3: number): number;
  /** how many IPv4 addresses all networks hold together */
  readonly addressesV4: number;
}

/** Two networks that share addresses but not their number: their positions in the list. */
export interface Overlap {
  first: number;
  second: number;
}

/** Builds the table. Networks that overlap under one number are joined; under different numbers they are reported. */
export function createPrefixTable(entries: readonly { prefix: Prefix; number: number }[]): {
  table: PrefixTable;
  overlaps: Overlap[];
} {
  const sorted = entries
    .map((entry, position) => ({ ...entry, position }))
    .sort((a, b) =>
      a.prefix.first < b.prefix.first
        ? -1
        : a.prefix.first > b.prefix.first
          ? 1
          : b.prefix.length === a.prefix.length
            ? a.position - b.position
            : a.prefix.length - b.prefix.length,
    );
  const overlaps: Overlap[] = [];
  const ranges: { first: bigint; last: bigint; number: number; position: number }[] = [];
  for (const { prefix, number, position } of sorted) {
    const before = ranges[ranges.length - 1];
    // prefixes nest or are apart: what starts within the last range lies within it
    if (before !== undefined && prefix.first <= before.last) {
      if (before.number !== number) overlaps.push({ first: before.position, second: position });
      continue;
    }
    ranges.push({ first: prefix.first, last: prefix.last, number, position });
  }
  const n = ranges.length;
  const first = new Uint32Array(4 * n);
  const last = new Uint32Array(4 * n);
  let addressesV4 = 0;
  ranges.forEach((range, i) => {
    putWords(first, 4 * i, range.first);
    putWords(last, 4 * i, range.last);
    if (range.first >> 32n === 0xffffn) addressesV4 += Number(range.last - range.first) + 1;
  });
  const numbers = Uint32Array.from(ranges, (range) => range.number);
  return {
    overlaps,
    table: {
      addressesV4,
      find(w0, w1, w2, w3) {
        let from = 0;
        let to = n;
        while (from < to) {
          const middle = (from + to) >>> 1;
          if (compareWords(first, 4 * middle, w0, w1, w2, w3) <= 0) from = middle + 1;
          else to = middle;
        }
        return from > 0 && compareWords(last, 4 * (from - 1), w0, w1, w2, w3) >= 0 ? numbers[from - 1]! : 0;
      },
    },
  };
}

function putWords(out: Uint32Array, at: number, value: bigint): void {
  for (let w = 3; w >= 0; w--) {
    out[at + w] = Number(value & 0xffffffffn);
    value >>= 32n;
  }
}

/** Sign of list[at..at+3] - (w0, w1, w2, w3). */
function compareWords(list: Uint32Array, at: number, w0: number, w1: number, w2: number, w3: number): number {
  return list[at]! - w0 || list[at + 1]! - w1 || list[at + 2]! - w2 || list[at + 3]! - w3;
}
