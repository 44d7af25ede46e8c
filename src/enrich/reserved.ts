/**
 * Addresses that nobody on the Internet can own: private networks, documentation examples, loopback, multicast. Data
 * sets have nothing true to say about them, so they get a reason instead of a network owner.
 * 10.1.2.3 → "private address (RFC 1918)". Reference: IANA special-purpose address registries (RFC 6890 and updates).
 */
import { parseIpv4, parseIpv6, ZERO_PREFIX } from '../model/address.ts';

const RANGES: readonly (readonly [string, string])[] = [
  ['0.0.0.0/8', 'address without a network (RFC 1122)'],
  ['10.0.0.0/8', 'private address (RFC 1918)'],
  ['100.64.0.0/10', 'carrier-internal address (RFC 6598)'],
  ['127.0.0.0/8', 'loopback address (RFC 1122)'],
  ['169.254.0.0/16', 'link-local address (RFC 3927)'],
  ['172.16.0.0/12', 'private address (RFC 1918)'],
  ['192.0.0.0/24', 'protocol address (RFC 6890)'],
  ['192.0.2.0/24', 'documentation address (RFC 5737)'],
  ['192.168.0.0/16', 'private address (RFC 1918)'],
  ['198.18.0.0/15', 'benchmarking address (RFC 2544)'],
  ['198.51.100.0/24', 'documentation address (RFC 5737)'],
  ['203.0.113.0/24', 'documentation address (RFC 5737)'],
  ['224.0.0.0/4', 'multicast address (RFC 5771)'],
  ['240.0.0.0/4', 'reserved address (RFC 1112)'],
  ['64:ff9b::/32', 'translated address (RFC 6052, 8215)'],
  ['100::/64', 'discard address (RFC 6666)'],
  ['2001:db8::/32', 'documentation address (RFC 3849)'],
  ['3fff::/20', 'documentation address (RFC 9637)'],
  ['fc00::/7', 'private address (RFC 4193)'],
  ['fe80::/10', 'link-local address (RFC 4291)'],
  ['ff00::/8', 'multicast address (RFC 4291)'],
];

const rangesV4: { network: number; mask: number; reason: string }[] = [];
const rangesV6: { hi: number; lo: number; maskHi: number; maskLo: number; reason: string }[] = [];
const words = new Uint32Array(4);
for (const [cidr, reason] of RANGES) {
  const [text, bits] = cidr.split('/') as [string, string];
  const length = Number(bits);
  const network = parseIpv4(text);
  if (network >= 0) rangesV4.push({ network, mask: maskOf(length), reason });
  else if (parseIpv6(text, words)) {
    rangesV6.push({
      hi: words[0]!,
      lo: words[1]!,
      maskHi: maskOf(Math.min(length, 32)),
      maskLo: maskOf(length - 32),
      reason,
    });
  }
}

/** Why no data set can know the owner of a source key (see model/address.ts), or null for an ordinary address. */
export function reservedReason(hi: number, lo: number): string | null {
  if (hi === 0) {
    for (const r of rangesV4) if ((lo & r.mask) >>> 0 === r.network) return r.reason;
    return null;
  }
  if (hi === ZERO_PREFIX) return 'loopback address (RFC 4291)';
  for (const r of rangesV6) if ((hi & r.maskHi) >>> 0 === r.hi && (lo & r.maskLo) >>> 0 === r.lo) return r.reason;
  // only 2000::/3 is handed out (IANA IPv6 global unicast address assignments)
  return hi >>> 29 === 1 ? null : 'address outside of what is handed out (RFC 4291)';
}

/** The 32-bit mask of a prefix length; lengths below 0 count as 0. */
function maskOf(bits: number): number {
  return bits <= 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}
