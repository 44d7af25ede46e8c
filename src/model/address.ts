/**
 * Addresses as integers. An IPv4 address is one unsigned 32-bit word, an IPv6 address four. The key of a source is its
 * IPv4 address or the /64 of its IPv6 address (one customer is handed a /64; RFC 6177), as two words (hi, lo):
 * IPv4 → (0, address); IPv6 → its upper 64 bits. No announced IPv6 network starts with 32 zero bits; the few addresses
 * that do (::1, ::) get hi = 0xffffffff, which is multicast and never a source. `::ffff:a.b.c.d` is the IPv4 address.
 */

/** hi word that stands for an IPv6 address whose first 32 bits are zero */
export const ZERO_PREFIX = 0xffffffff;

/** Whether an address is one of a set; four words, IPv4 as 0, 0, 0xffff, address. */
export type AddressTest = (w0: number, w1: number, w2: number, w3: number) => boolean;

/** Four words of a source's address; of the key of an IPv6 network its first address. */
export function sourceWords({
  hi,
  lo,
}: {
  readonly hi: number;
  readonly lo: number;
}): [number, number, number, number] {
  return hi === 0 ? [0, 0, 0xffff, lo] : [hi === ZERO_PREFIX ? 0 : hi, lo, 0, 0];
}

/** Whether the address of a source is one of a set: the two words of its key and, of IPv6, its lower 64 bits. */
export function isSourceIn(is: AddressTest, hi: number, lo: number, iidHi: number, iidLo: number): boolean {
  return hi === 0 ? is(0, 0, 0xffff, lo) : is(hi === ZERO_PREFIX ? 0 : hi, lo, iidHi, iidLo);
}

/** True when a source's key is an address that is not routed on the Internet. */
export function isPrivateSource(hi: number, lo: number): boolean {
  return hi === 0 ? isPrivateIpv4(lo) : isPrivateIpv6(hi);
}

/** True when a source's key is such an address, or one of the office's own (`isOwned`). */
export function isInside(isOwned: AddressTest, hi: number, lo: number): boolean {
  return isPrivateSource(hi, lo) || isSourceIn(isOwned, hi, lo, 0, 0);
}

/** Strict dotted quad (no leading zeros, four parts) → unsigned 32-bit integer, or -1. */
export function parseIpv4(text: string): number {
  let value = 0;
  let part = -1;
  let parts = 0;
  let digits = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = i < text.length ? text.charCodeAt(i) : 46;
    if (c >= 48 && c <= 57) {
      if (part === 0 || digits === 3) return -1;
      part = part < 0 ? c - 48 : part * 10 + c - 48;
      digits++;
    } else if (c === 46) {
      if (part < 0 || part > 255 || parts === 4) return -1;
      value = value * 256 + part;
      parts++;
      part = -1;
      digits = 0;
    } else return -1;
  }
  return parts === 4 ? value : -1;
}

/** IPv6 text (RFC 4291, with `::`, embedded IPv4, optional %zone) → four words in `out`, true when it is one. */
export function parseIpv6(text: string, out: Uint32Array): boolean {
  const zone = text.indexOf('%');
  const t = zone < 0 ? text : text.slice(0, zone);
  if (t.length < 2 || t.length > 45) return false;
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (t.startsWith('::')) {
    gap = 0;
    i = 2;
  } else if (t.startsWith(':')) return false;
  while (i < t.length) {
    if (groups.length > 7) return false;
    let j = i;
    let v = 0;
    while (j < t.length && j - i < 5) {
      const c = t.charCodeAt(j);
      const d = c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1;
      if (d < 0) break;
      v = v * 16 + d;
      j++;
    }
    if (t[j] === '.') {
      const v4 = parseIpv4(t.slice(i));
      if (v4 < 0 || groups.length > 6) return false;
      groups.push(Math.floor(v4 / 65536), v4 % 65536);
      i = t.length;
      break;
    }
    if (j === i || j - i > 4) return false;
    groups.push(v);
    if (j === t.length) {
      i = j;
      break;
    }
    if (t[j] !== ':') return false;
    i = j + 1;
    if (t[i] === ':') {
      if (gap >= 0) return false;
      gap = groups.length;
      i++;
    } else if (i === t.length) return false;
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return false;
  if (gap >= 0) groups.splice(gap, 0, ...new Array<number>(8 - groups.length).fill(0));
  for (let w = 0; w < 4; w++) out[w] = groups[2 * w]! * 65536 + groups[2 * w + 1]!;
  return true;
}

const words = new Uint32Array(4);

/** An IPv4 address as one word, or an IPv6 address as four. */
export type Address = { v4: number } | { v6: [number, number, number, number] };

/** An address in words: `v4` when it is IPv4 or v4-mapped. null when the text is no address. */
export function parseAddress(text: string): Address | null {
  const v4 = parseIpv4(text);
  if (v4 >= 0) return { v4 };
  if (!parseIpv6(text, words)) return null;
  const [a, b, c, d] = [words[0]!, words[1]!, words[2]!, words[3]!];
  if (a === 0 && b === 0 && c === 0xffff) return { v4: d };
  return { v6: [a, b, c, d] };
}

/** 0x01020304 → "1.2.3.4" */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Four words → RFC 5952 text (lower case, longest zero run shortened). */
export function formatIpv6(a: number, b: number, c: number, d: number): string {
  const g = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff];
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && g[i + n] === 0) n++;
    if (n > bestLength) {
      best = i;
      bestLength = n;
    }
  }
  const hex = (list: number[]) => list.map((x) => x.toString(16)).join(':');
  if (best < 0) return hex(g);
  return `${hex(g.slice(0, best))}::${hex(g.slice(best + bestLength))}`;
}

/** A source address from its key and interface identifier: IPv4 text, or the full IPv6 address. */
export function formatSource(hi: number, lo: number, iidHi: number, iidLo: number): string {
  if (hi === 0) return formatIpv4(lo);
  return formatIpv6(hi === ZERO_PREFIX ? 0 : hi, lo, iidHi, iidLo);
}

/** A source key as people write it: "1.2.3.4" or "2001:db8:1:2::/64". */
export function formatKey(hi: number, lo: number): string {
  return hi === 0 ? formatIpv4(lo) : `${formatSource(hi, lo, 0, 0)}/64`;
}

/** The roll-up prefix of a source key: its /24, or the /48 of an IPv6 key, as a key with the rest zero. */
export function prefixOf(hi: number, lo: number): { hi: number; lo: number } {
  return hi === 0 ? { hi: 0, lo: (lo & 0xffffff00) >>> 0 } : { hi, lo: (lo & 0xffff0000) >>> 0 };
}

/** "1.2.3.0/24" or "2001:db8:1::/48" for a prefix made by `prefixOf`. */
export function formatPrefix(hi: number, lo: number): string {
  return hi === 0 ? `${formatIpv4(lo)}/24` : `${formatSource(hi, lo, 0, 0)}/48`;
}

/** Private, loopback, link-local or carrier-internal IPv4 (RFC 1918, 1122, 3927). Documentation ranges are not private. */
export function isPrivateIpv4(v: number): boolean {
  const a = v >>> 24;
  const b = (v >>> 16) & 255;
  return (
    a === 10 ||
    a === 127 ||
    a === 0 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254)
  );
}

/** Loopback, link-local or unique-local IPv6 (RFC 4291, 4193), from the key's hi word. */
export function isPrivateIpv6(hi: number): boolean {
  return hi === ZERO_PREFIX || hi >>> 22 === 0x3fa || hi >>> 25 === 0x7e;
}

/** "Example.GOV.:443" → "example.gov"; an address counts as no name. */
export function hostName(host: string): string {
  const name = host
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/\.$/, '');
  return name === '-' || name === '_' || parseAddress(name) !== null ? '' : name;
}
