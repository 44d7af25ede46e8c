/**
 * Law 1 where hashes are short: two host names of one 16-bit number, and two paths of one 32-bit hash, decide nothing by
 * which of them came first.
 */
import { describe, expect, it } from 'vitest';
import { hashKey, hashRange } from '../../src/model/hash.ts';
import { alertDifferences } from './checks.ts';
import {
  alertsFrom,
  canonical,
  canonicalBytes,
  type InventoryName,
  SECRET,
  scan,
  startAfresh,
  withoutReferences,
} from './small-run.ts';

const KEY = hashKey(SECRET, 'measure');

function hashOf(text: string): number {
  const bytes = Buffer.from(text);
  return hashRange(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, KEY);
}

const line = (host: string, source: string, target: string) =>
  `${host}:443 ${source} - - [14/Sep/2026:10:00:00 +0000] "GET ${target} HTTP/1.1" 404 153 "-" "Mozilla/5.0"`;

async function resultOf(lines: readonly string[], name: InventoryName) {
  // what a scanner remembers of the lines before must not decide either
  startAfresh();
  const bytes = Buffer.from(lines.map((l) => `${l}\n`).join(''));
  const { state } = scan([{ format: 'combined', bytes, baseOffset: 0 }], name);
  const alerts = canonical(await alertsFrom(state, { combined: bytes, netfilter: new Uint8Array(0) }, name));
  return { bytes: withoutReferences(canonicalBytes(state)), alerts };
}

describe('short hashes', () => {
  it('of host names: two names of one number are told the same in any order', async () => {
    const byNumber = new Map<number, string>();
    let pair: [string, string] | null = null;
    for (let i = 0; pair === null; i++) {
      const name = `h${i}.example.gov`;
      const other = byNumber.get(hashOf(name) % 64_512);
      if (other !== undefined) pair = [name, other];
      byNumber.set(hashOf(name) % 64_512, name);
    }
    const lines = [...pair, ...pair].map((host, i) => line(host, '198.51.100.7', `/.env${i < 2 ? '' : '.bak'}`));
    const forward = await resultOf(lines, 'none');
    const backward = await resultOf([...lines].reverse(), 'none');
    expect(forward.alerts.length).toBeGreaterThan(0);
    expect(alertDifferences('backward', forward.alerts, backward.alerts)).toEqual([]);
    expect(Buffer.compare(forward.bytes, backward.bytes)).toBe(0);
  });

  it('of paths: two paths of one hash that belong to different systems keep them in any order', async () => {
    const lookup = new Map<number, string>();
    for (let i = 0; i < 120_000; i++) lookup.set(hashOf(`/lookup/${i}`), `/lookup/${i}`);
    let pair: [string, string] | null = null;
    for (let i = 0; pair === null; i++) {
      const path = `/other/${i}`;
      const same = lookup.get(hashOf(path));
      if (same !== undefined) pair = [same, path];
    }
    const fill = Array.from({ length: 11 }, (_, i) => line('lookup.example.gov', '198.51.100.8', `/lookup/gone/${i}`));
    const lines = [...pair.map((path) => line('lookup.example.gov', '198.51.100.8', path)), ...fill];
    const forward = await resultOf(lines, 'assets');
    const backward = await resultOf([...lines].reverse(), 'assets');
    expect(forward.alerts.length).toBeGreaterThan(0);
    expect(alertDifferences('backward', forward.alerts, backward.alerts)).toEqual([]);
    expect(Buffer.compare(forward.bytes, backward.bytes)).toBe(0);
  });
});
