/** The flat table of network owners: made from CSV, stored, read back, and searched like a plain list. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { buildAsTable, readAsTable } from '../../src/enrich/as-table.ts';
import { openAsTable } from '../../src/enrich/bundled.ts';
import { formatIpv4, parseAddress } from '../../src/model/address.ts';

const folder = mkdtempSync(join(tmpdir(), 'pollwatch-table-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const V4 = `1.0.0.0,1.0.0.255,13335,"Cloudflare, Inc."
1.0.1.0,1.0.1.255,13335,"Cloudflare, Inc."
2.26.200.0,2.26.215.255,201907,"LLC ""SPUTNIK"""
not,a,row
255.255.255.0,255.255.255.255,7,Ünïcode
`;
const V6 = `2001:4:112::,2001:4:112:ffff:ffff:ffff:ffff:ffff,112,DNS-OARC
2001:500:1::,2001:500:1::2f,1,First
2001:500:1::30,2001:500:1::30,2,Within one /64
2001:500:1::31,2001:500:2:ffff:ffff:ffff:ffff:ffff,3,From the next /64 on
`;

const table = buildAsTable(Buffer.from(V4), Buffer.from(V6), 42);

function find(text: string, from = table): string | null {
  const address = parseAddress(text)!;
  const index = 'v4' in address ? from.find(0, address.v4) : from.find(address.v6[0], address.v6[1]);
  return index < 0 ? null : `${from.number(index)} ${from.name(index)}`;
}

describe('the table', () => {
  it('finds the range that holds an address, at both ends and not beside them', () => {
    expect(find('1.0.0.0')).toBe('13335 Cloudflare, Inc.');
    expect(find('1.0.1.255')).toBe('13335 Cloudflare, Inc.');
    expect(find('1.0.2.0')).toBeNull();
    expect(find('0.255.255.255')).toBeNull();
    expect(find('2.26.200.1')).toBe('201907 LLC "SPUTNIK"');
    expect(find('255.255.255.255')).toBe('7 Ünïcode');
    expect(find('2001:4:112::1')).toBe('112 DNS-OARC');
    expect(find('2001:4:113::1')).toBeNull();
    expect(find('2001:4:111::1')).toBeNull();
  });

  it('gives a /64 that several systems share to that of its first address', () => {
    expect(find('2001:500:1::1')).toBe('1 First');
    expect(find('2001:500:1::30')).toBe('1 First');
    expect(find('2001:500:1:1::')).toBe('3 From the next /64 on');
    expect(find('2001:500:2:ffff::')).toBe('3 From the next /64 on');
  });

  it('joins neighbouring ranges of one system', () => {
    expect(table.rangesV4).toBe(3);
  });

  it('answers like a plain search for any ranges', () => {
    const starts = fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(starts, fc.array(fc.integer({ min: 0, max: 5100 }), { maxLength: 40 }), (list, probes) => {
        const sorted = list.toSorted((a, b) => a - b);
        const ranges = sorted.map((start, i) => ({
          start,
          end: Math.min(start + 40, (sorted[i + 1] ?? 9999) - 1),
          as: (i % 5) + 1,
        }));
        const csv = ranges.map((r) => `${formatIpv4(r.start)},${formatIpv4(r.end)},${r.as},N${r.as}`).join('\n');
        const made = buildAsTable(Buffer.from(csv), Buffer.from(''), 1);
        for (const probe of [...probes, ...sorted, ...ranges.map((r) => r.end + 1)]) {
          const index = made.find(0, probe);
          const want = ranges.find((r) => r.start <= probe && probe <= r.end);
          expect(index < 0 ? undefined : made.number(index)).toBe(want?.as);
        }
      }),
    );
  });

  it('reads back what it stored, from any alignment', () => {
    const shifted = new Uint8Array(table.bytes.length + 1);
    shifted.set(table.bytes, 1);
    for (const bytes of [table.bytes, shifted.subarray(1)]) {
      const again = readAsTable(bytes, 42);
      expect(again).not.toBeNull();
      expect(find('2.26.200.1', again!)).toBe('201907 LLC "SPUTNIK"');
    }
  });

  it('does not read a stored table that is damaged at any byte, cut, or made from other data', () => {
    expect(readAsTable(table.bytes, 43)).toBeNull();
    for (let i = 0; i < table.bytes.length; i++) {
      const damaged = table.bytes.slice();
      damaged[i]! ^= 1;
      expect(readAsTable(damaged, 42), `byte ${i}`).toBeNull();
    }
    for (let length = 0; length < table.bytes.length; length++) {
      expect(readAsTable(table.bytes.slice(0, length), 42)).toBeNull();
    }
  });
});

describe('the stored bundled table', () => {
  it('is made once, used again, and made anew when the file is damaged', () => {
    const first = openAsTable(folder);
    const path = join(folder, 'as-table.bin');
    expect(readdirSync(folder)).toEqual(['as-table.bin']);
    const stored = readFileSync(path);
    expect(Buffer.compare(stored, Buffer.from(first.table.bytes))).toBe(0);
    expect(first.table.rangesV4).toBeGreaterThan(300_000);
    expect(first.table.rangesV6).toBeGreaterThan(80_000);

    const second = openAsTable(folder);
    expect(second.table.bytes.length).toBe(first.table.bytes.length);
    writeFileSync(path, stored.subarray(0, stored.length >> 1));
    expect(openAsTable(folder).table.rangesV4).toBe(first.table.rangesV4);
    expect(Buffer.compare(readFileSync(path), stored)).toBe(0);
  });

  it('is made before it is asked for where it is missing, and read only then where it is not', () => {
    const path = join(folder, 'as-table.bin');
    const stored = readFileSync(path);
    rmSync(path);
    openAsTable(folder);
    expect(Buffer.compare(readFileSync(path), stored)).toBe(0);
    const opened = openAsTable(folder);
    // whoever asks is answered also when the file has gone in between
    rmSync(path);
    expect(opened.table.rangesV4).toBeGreaterThan(300_000);
    expect(Buffer.compare(readFileSync(path), stored)).toBe(0);
  });

  it('stays in memory where nothing can be written', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    expect(openAsTable(join(file, 'below')).table.rangesV4).toBeGreaterThan(300_000);
  });
});
