/**
 * The flat table from addresses to autonomous systems: sorted ranges as typed arrays, searched by halving, names as one
 * run of bytes. It is made once from the CSV files of a data set ("1.0.0.0,1.0.0.255,13335,"Cloudflare, Inc."") and is
 * its own file format: one aligned buffer that is read back as it stands.
 * IPv6 is kept in steps of a /64, the key of a source; a /64 that several systems share belongs to that of its first
 * address.
 */
import { crc32 } from 'node:zlib';
import { parseIpv6 } from '../model/address.ts';

/** Changes with the layout below. Read as a native word, so a file from a machine of the other byte order does not fit. */
const MAGIC = 0x50574153;
const VERSION = 1;
const HEADER_WORDS = 8;

export interface AsTable {
  /** index of the system that announces a source key, or -1 */
  find(hi: number, lo: number): number;
  /** number of the system at an index */
  number(index: number): number;
  /** name of its owner as the data set writes it; may be empty */
  name(index: number): string;
  /** ranges per family, for the tests and the doctor */
  readonly rangesV4: number;
  readonly rangesV6: number;
  /** the table as it is stored */
  readonly bytes: Uint8Array;
}

/**
 * Builds the table from two CSV files (start,end,number,name; sorted; text addresses). `stamp` identifies the data that
 * it was made from. Rows that are no such row, or not in order, are left out.
 */
export function buildAsTable(csvV4: Uint8Array, csvV6: Uint8Array, stamp: number): AsTable {
  const systems = new Map<number, string>();
  const v4: number[] = [];
  const v6: number[] = [];
  const a = new Uint32Array(4);
  const b = new Uint32Array(4);
  eachRow(csvV4, (csv, at, first, second, third, end, as) => {
    const start = ipv4At(csv, at, first);
    const last = ipv4At(csv, first + 1, second);
    const n = v4.length;
    if (start < 0 || last < start || (n > 0 && start <= v4[n - 2]!)) return;
    if (!systems.has(as)) systems.set(as, fieldAt(csv, third + 1, end));
    if (n > 0 && v4[n - 1] === as && v4[n - 2]! + 1 === start) v4[n - 2] = last;
    else v4.push(start, last, as);
  });
  eachRow(csvV6, (csv, at, first, second, third, end, as) => {
    if (!parseIpv6(csv.toString('latin1', at, first), a) || !parseIpv6(csv.toString('latin1', first + 1, second), b)) {
      return;
    }
    let [hi, lo] = [a[0]!, a[1]!];
    if (a[2] !== 0 || a[3] !== 0) {
      // the rest of a /64 whose first address belongs to another
      if (++lo > 0xffffffff) {
        lo = 0;
        hi++;
      }
    }
    const n = v6.length;
    if (hi > b[0]! || (hi === b[0] && lo > b[1]!)) return;
    if (n > 0 && (hi < v6[n - 3]! || (hi === v6[n - 3] && lo <= v6[n - 2]!))) return;
    if (!systems.has(as)) systems.set(as, fieldAt(csv, third + 1, end));
    v6.push(hi, lo, b[0]!, b[1]!, as);
  });
  return readAsTable(pack(v4, v6, systems, stamp), stamp)!;
}

function pack(v4: readonly number[], v6: readonly number[], systems: Map<number, string>, stamp: number): Uint8Array {
  const numbers = [...systems.keys()].sort((x, y) => x - y);
  const indexOf = new Map(numbers.map((number, index) => [number, index]));
  const names = Buffer.from(numbers.map((number) => systems.get(number)!).join(''), 'utf8');
  const [n4, n6, nAs] = [v4.length / 3, v6.length / 5, numbers.length];
  const words = HEADER_WORDS + 3 * n4 + 5 * n6 + nAs + (nAs + 1);
  const bytes = new Uint8Array(words * 4 + names.length);
  const out = new Uint32Array(bytes.buffer, 0, words);
  let at = HEADER_WORDS;
  for (let column = 0; column < 3; column++) {
    for (let i = column; i < v4.length; i += 3) out[at++] = column === 2 ? indexOf.get(v4[i]!)! : v4[i]!;
  }
  for (let column = 0; column < 5; column++) {
    for (let i = column; i < v6.length; i += 5) out[at++] = column === 4 ? indexOf.get(v6[i]!)! : v6[i]!;
  }
  for (const number of numbers) out[at++] = number;
  let nameEnd = 0;
  out[at++] = 0;
  for (const number of numbers) {
    nameEnd += Buffer.byteLength(systems.get(number)!, 'utf8');
    out[at++] = nameEnd;
  }
  bytes.set(names, words * 4);
  out.set([MAGIC, VERSION, stamp, n4, n6, nAs, names.length], 0);
  out[7] = crc32(bytes.subarray(HEADER_BYTES));
  return bytes;
}

/** Bytes at the start of a stored table that say what it was made from. */
export const HEADER_BYTES = HEADER_WORDS * 4;

/** Whether a stored table, of which the first HEADER_BYTES are given, is of this layout and was made from `stamp`. */
export function isMadeFrom(header: Uint8Array, stamp: number): boolean {
  if (header.length < HEADER_BYTES) return false;
  const [magic, version, madeFrom] = new Uint32Array(Uint8Array.from(header.subarray(0, HEADER_BYTES)).buffer);
  return magic === MAGIC && version === VERSION && madeFrom === stamp;
}

/** Reads a stored table back; null when it is damaged, of another layout, or made from other data than `stamp`. */
export function readAsTable(bytes: Uint8Array, stamp: number): AsTable | null {
  if (bytes.byteOffset % 4 !== 0) return readAsTable(bytes.slice(), stamp);
  if (!isMadeFrom(bytes, stamp)) return null;
  const header = new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER_WORDS);
  const [, , , n4, n6, nAs, nameBytes, sum] = header as unknown as number[] & { length: 8 };
  const words = HEADER_WORDS + 3 * n4! + 5 * n6! + 2 * nAs! + 1;
  if (bytes.length !== words * 4 + nameBytes! || crc32(bytes.subarray(HEADER_BYTES)) !== sum) return null;

  let at = HEADER_BYTES;
  const column = (length: number): Uint32Array => {
    const view = new Uint32Array(bytes.buffer, bytes.byteOffset + at, length);
    at += length * 4;
    return view;
  };
  const [start4, end4, as4] = [column(n4!), column(n4!), column(n4!)];
  const [startHi, startLo, endHi, endLo, as6] = [column(n6!), column(n6!), column(n6!), column(n6!), column(n6!)];
  const numbers = column(nAs!);
  const nameEnd = column(nAs! + 1);
  const names = Buffer.from(bytes.buffer, bytes.byteOffset + at, nameBytes);

  return {
    bytes,
    rangesV4: n4!,
    rangesV6: n6!,
    number: (index) => numbers[index]!,
    name: (index) => names.toString('utf8', nameEnd[index]!, nameEnd[index + 1]!),
    find(hi, lo) {
      let from = 0;
      if (hi === 0) {
        let to = n4!;
        while (from < to) {
          const middle = (from + to) >>> 1;
          if (start4[middle]! <= lo) from = middle + 1;
          else to = middle;
        }
        return from > 0 && lo <= end4[from - 1]! ? as4[from - 1]! : -1;
      }
      let to = n6!;
      while (from < to) {
        const middle = (from + to) >>> 1;
        const h = startHi[middle]!;
        if (h < hi || (h === hi && startLo[middle]! <= lo)) from = middle + 1;
        else to = middle;
      }
      if (from === 0) return -1;
      const h = endHi[from - 1]!;
      return hi < h || (hi === h && lo <= endLo[from - 1]!) ? as6[from - 1]! : -1;
    },
  };
}

/** A row: where it begins, the offsets of its three commas and of its end, and the number of its system. */
type Row = (csv: Buffer, at: number, first: number, second: number, third: number, end: number, as: number) => void;

/** Calls back for each row `start,end,number,name`. */
function eachRow(csv: Uint8Array, row: Row): void {
  const text = Buffer.from(csv.buffer, csv.byteOffset, csv.byteLength);
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf(10, at);
    if (end < 0) end = text.length;
    const first = text.indexOf(44, at);
    const second = text.indexOf(44, first + 1);
    const third = text.indexOf(44, second + 1);
    if (first > 0 && second > first && third > second && third < end) {
      const as = decimal(text, second + 1, third);
      if (as >= 0) row(text, at, first, second, third, end, as);
    }
    at = end + 1;
  }
}

/** Dotted quad in bytes[from, to) → unsigned 32-bit integer, or -1. */
function ipv4At(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  let part = 0;
  let dots = 0;
  for (let i = from; i < to; i++) {
    const c = bytes[i]!;
    if (c === 46) {
      value = value * 256 + part;
      part = 0;
      dots++;
    } else if (c >= 48 && c <= 57) {
      part = part * 10 + c - 48;
      if (part > 255) return -1;
    } else return -1;
  }
  return dots === 3 ? value * 256 + part : -1;
}

/** Digits of bytes[from, to) as an unsigned 32-bit number, or -1. */
function decimal(bytes: Uint8Array, from: number, to: number): number {
  let value = from < to && to - from <= 10 ? 0 : -1;
  for (let i = from; i < to && value >= 0; i++) {
    const digit = bytes[i]! - 48;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : -1;
  }
  return value <= 0xffffffff ? value : -1;
}

/** The last field of a row: quotes around it go, doubled ones inside become one (RFC 4180). */
function fieldAt(csv: Buffer, from: number, to: number): string {
  const field = csv.toString('utf8', from, to).trimEnd();
  return field.length > 1 && field.startsWith('"') && field.endsWith('"')
    ? field.slice(1, -1).replaceAll('""', '"')
    : field;
}
