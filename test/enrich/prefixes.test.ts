/** Networks of the configuration: read strictly, searched like a plain list. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPrefixTable } from '../../src/enrich/prefix-table.ts';
import { isPrefixFault, type Prefix, parsePrefix } from '../../src/enrich/prefixes.ts';
import { formatIpv4, parseAddress } from '../../src/model/address.ts';

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (isPrefixFault(parsed)) throw new Error(parsed.message);
  return parsed;
}
function find(table: ReturnType<typeof createPrefixTable>['table'], text: string): number {
  const address = parseAddress(text)!;
  return 'v4' in address ? table.find(0, 0, 0xffff, address.v4) : table.find(...address.v6);
}

describe('reading a network', () => {
  it.each([
    ['198.51.100.0/24', 24, 256n],
    ['198.51.100.7', 32, 1n],
    ['2001:db8:1::/48', 48, 1n << 80n],
    ['2001:DB8::1', 128, 1n],
    ['128.0.0.0/1', 1, 1n << 31n],
  ])('takes %s', (text, length, addresses) => {
    const taken = prefix(text);
    expect(taken.length).toBe(length);
    expect(taken.last - taken.first + 1n).toBe(addresses);
  });

  it.each([
    ['0.0.0.0/0', 'whole Internet'],
    ['::/0', 'whole Internet'],
    ['198.51.100.7/24', 'bits set'],
    ['2001:db8::1/48', 'bits set'],
    ['198.51.100.0/33', 'prefix length'],
    ['198.51.100.0/', 'prefix length'],
    ['198.51.100.0/024', 'prefix length'],
    ['198.51.100.0/24/24', 'prefix length'],
    ['198.51.100/24', 'no IP address'],
    ['198.51.100.01', 'no IP address'],
    ['198.51.100.256', 'no IP address'],
    ['fe80::1%eth0', 'no IP address'],
    ['1::2::3/64', 'no IP address'],
    ['', 'no IP address'],
    ['lookup.example.gov', 'no IP address'],
  ])('refuses %s', (text, why) => {
    const parsed = parsePrefix(text);
    expect(isPrefixFault(parsed) ? parsed.message : 'taken').toContain(why);
  });

  it('never throws, whatever stands there', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef:./%x ')) }),
        (text) => void parsePrefix(text),
      ),
    );
  });
});

describe('the table of networks', () => {
  it('finds the network of an address in both families', () => {
    const { table, overlaps } = createPrefixTable([
      { prefix: prefix('2001:db8:1::/48'), number: 3 },
      { prefix: prefix('198.51.100.0/24'), number: 1 },
      { prefix: prefix('198.51.101.5'), number: 2 },
    ]);
    expect(overlaps).toEqual([]);
    expect(find(table, '198.51.100.0')).toBe(1);
    expect(find(table, '198.51.100.255')).toBe(1);
    expect(find(table, '198.51.101.5')).toBe(2);
    expect(find(table, '198.51.101.6')).toBe(0);
    expect(find(table, '198.51.99.255')).toBe(0);
    expect(find(table, '2001:db8:1:ffff::1')).toBe(3);
    expect(find(table, '2001:db8:2::')).toBe(0);
    expect(table.addressesV4).toBe(257);
  });

  it('joins nested networks of one number and reports those of different numbers', () => {
    const same = createPrefixTable([
      { prefix: prefix('10.0.0.0/8'), number: 1 },
      { prefix: prefix('10.1.0.0/16'), number: 1 },
    ]);
    expect(same.overlaps).toEqual([]);
    expect(same.table.addressesV4).toBe(2 ** 24);
    const other = createPrefixTable([
      { prefix: prefix('10.1.0.0/16'), number: 1 },
      { prefix: prefix('10.0.0.0/8'), number: 2 },
    ]);
    expect(other.overlaps).toEqual([{ first: 1, second: 0 }]);
  });

  it('answers like a plain search for any networks', () => {
    const networks = fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 25, max: 32 })), { maxLength: 20 });
    fc.assert(
      fc.property(networks, (list) => {
        const entries = list.map(([host, length]) => ({
          prefix: prefix(`${formatIpv4((0xc6336400 + host - (host % 2 ** (32 - length))) >>> 0)}/${length}`),
          number: 1,
        }));
        const { table } = createPrefixTable(entries);
        let held = 0;
        for (let host = 0; host < 256; host++) {
          const value = 0xffff00000000n + BigInt(0xc6336400 + host);
          const isHeld = entries.some((e) => e.prefix.first <= value && value <= e.prefix.last);
          if (isHeld) held++;
          expect(table.find(0, 0, 0xffff, 0xc6336400 + host)).toBe(isHeld ? 1 : 0);
        }
        expect(table.addressesV4).toBe(held);
      }),
    );
  });
});
