/**
 * Networks of the configuration: "198.51.100.0/24", "2001:db8:1::/48" or a single address, read strictly (ip-num) and
 * turned into sorted ranges of integers that are searched by halving.
 */
import { IPv4CidrRange, IPv6CidrRange } from 'ip-num';
import { parseIpv4 } from '../model/address.ts';

/** A network; both ends belong to it. IPv4 networks lie in ::ffff:0:0/96, as the destination columns of a batch do. */
export interface Prefix {
  text: string;
  isIpv6: boolean;
  length: number;
  first: bigint;
  last: bigint;
}

/** Why a text is no network, and what to write. */
export interface PrefixFault {
  message: string;
  hint: string;
}

const MAPPED = 0xffff00000000n;

/** Strict: no host bits, no short forms, no zones. Every network of the whole Internet (a length of 0) is refused. */
export function parsePrefix(text: string): Prefix | PrefixFault {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const isIpv6 = address.includes(':');
  const width = isIpv6 ? 128 : 32;
  const bits = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width || (bits.length > 1 && bits.startsWith('0'))) {
    return {
      message: `"${bits}" is no prefix length`,
      hint: `a prefix length is a number from 1 to ${width}`,
    };
  }
  const length = Number(bits);
  if (length === 0) {
    return { message: `"${text}" is the whole Internet`, hint: 'name the networks that are yours' };
  }
  const wrong: PrefixFault = {
    message: `"${address}" is no IP address`,
    hint: 'networks are written like 198.51.100.0/24 or 2001:db8:1::/48',
  };
  if (isIpv6 ? address.includes('%') || address.length > 45 : parseIpv4(address) < 0) return wrong;
  try {
    const range = isIpv6
      ? IPv6CidrRange.fromCidr(`${address}/${length}`)
      : IPv4CidrRange.fromCidr(`${address}/${length}`);
    const offset = isIpv6 ? 0n : MAPPED;
    const first = range.getFirst().getValue() + offset;
    const last = range.getLast().getValue() + offset;
    const written = (isIpv6 ? IPv6CidrRange.fromCidr(`${address}/128`) : IPv4CidrRange.fromCidr(`${address}/32`))
      .getFirst()
      .getValue();
    if (written + offset !== first) {
      return {
        message: `"${text}" has bits set behind its prefix length`,
        hint: `did you mean "${range.getFirst().toString()}/${length}" or the single address "${address}"?`,
      };
    }
    return { text, isIpv6, length, first, last };
  } catch {
    return wrong;
  }
}

/** True when parsing failed. */
export function isPrefixFault(result: Prefix | PrefixFault): result is PrefixFault {
  return 'message' in result;
}

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
