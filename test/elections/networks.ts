/**
 * Who has which address in the labelled run: households and phones behind four access networks, and a network of rented
 * servers. Addresses are drawn from what the Internet uses, differently for every seed, and a table of network owners
 * made for the run gives all of them to numbers that are kept for documentation, so that nobody real is named.
 */
import { dotted, madeUpIpv4, madeUpIpv6, type Random } from '../../bench/random.ts';
import { type MmdbValue, writeMmdb } from '../enrich/mmdb-writer.ts';

/** AS of the rented servers that attacks come from. */
const HOSTING = { number: 64500, name: 'EXAMPLE-HOSTING' };
const OTHER_HOSTING = { number: 64501, name: 'EXAMPLE-VPN' };
const ACCESS = [
  { number: 64496, name: 'EXAMPLE-CABLE' },
  { number: 64497, name: 'EXAMPLE-MOBILE' },
  { number: 64498, name: 'EXAMPLE-FIBER' },
  { number: 64499, name: 'EXAMPLE-CAMPUS' },
];
/** first octets that are kept for special uses, by whole or in part */
const SPECIAL = [10, 100, 127, 169, 172, 192, 198, 203];
const OCTETS = 12;

export interface Networks {
  /** a household or a phone; now and then one with IPv6 */
  household(): string;
  /** the one address of a campus, an office, a library */
  shared(): string;
  /** the n-th rented server: 50 in one /24, all of one AS */
  rented(n: number): string;
  /** a server somewhere else, of another AS */
  elsewhere(): string;
  /** a machine anywhere on the Internet */
  anywhere(): string;
  /** the table of network owners, as an MMDB file */
  owners: Buffer;
  /** a table of countries that knows none of them */
  countries: Buffer;
}

/** Draws the networks of a run. */
export function createNetworks(random: Random): Networks {
  const octets: number[] = [];
  while (octets.length < OCTETS) {
    const octet = 1 + random.below(222);
    if (!SPECIAL.includes(octet) && !octets.includes(octet)) octets.push(octet);
  }
  const [rentedOctet, elsewhereOctet, ...access] = octets as [number, number, ...number[]];
  const base = random.below(200);
  const drawn = new Set<string>();
  const fresh = (draw: () => string): string => {
    for (;;) {
      const address = draw();
      if (drawn.has(address)) continue;
      drawn.add(address);
      return address;
    }
  };
  const inOctet = (octet: number) => dotted(octet * 2 ** 24 + 256 + random.below(2 ** 24 - 512));
  const records: Record<string, MmdbValue> = {};
  const claim = (octet: number, as: { number: number; name: string }) => {
    records[`${octet}.0.0.0/8`] = { autonomous_system_number: as.number, autonomous_system_organization: as.name };
  };
  claim(rentedOctet, HOSTING);
  claim(elsewhereOctet, OTHER_HOSTING);
  for (const [i, octet] of access.entries()) claim(octet, ACCESS[i % ACCESS.length]!);
  return {
    household: () =>
      random.unit() < 0.12 ? fresh(() => madeUpIpv6(random, false)) : fresh(() => inOctet(random.pick(access))),
    shared: () => fresh(() => inOctet(access[0]!)),
    rented: (n) => `${rentedOctet}.${base + Math.floor(n / 2500)}.${Math.floor(n / 50) % 50}.${10 + (n % 50)}`,
    elsewhere: () => fresh(() => inOctet(elsewhereOctet)),
    anywhere: () => fresh(() => dotted(madeUpIpv4(random))),
    owners: writeMmdb('ASN', records, { ipVersion: 4 }),
    countries: writeMmdb('Country', { '192.0.2.0/24': { country: { iso_code: 'ZZ' } } }, { ipVersion: 4 }),
  };
}
