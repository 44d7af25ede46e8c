/**
 * The algebra of deltas: merging nothing changes nothing, the same lines twice count twice, and bytes that are no delta
 * change nothing at all. That a chunk which is delivered twice counts once is the business of whoever delivers it.
 */
import { describe, expect, it } from 'vitest';
import { DeltaError, encodeState, mergeDelta } from '../../src/measure/delta.ts';
import { GROUP_MAX } from '../../src/measure/reductions.ts';
import { alertDifferences } from './checks.ts';
import { filesOf, generate } from './generator.ts';
import { alertsFrom, canonical, canonicalBytes, emptyState, scan, wholeFiles, withoutReferences } from './small-run.ts';

const SEEDS = [0, 1, 2, 3, 4, 5];

describe('a delta', () => {
  it('of nothing changes nothing, on either side', () => {
    for (const seed of SEEDS) {
      const files = filesOf(generate(seed).lines);
      const bytes = canonicalBytes(scan(wholeFiles(files), 'assets').state);
      const left = emptyState('assets');
      mergeDelta(left, bytes);
      expect(Buffer.compare(canonicalBytes(left), bytes)).toBe(0);
      const right = scan(wholeFiles(files), 'assets').state;
      mergeDelta(right, encodeState(emptyState('assets')));
      expect(Buffer.compare(canonicalBytes(right), bytes)).toBe(0);
    }
  });

  it('merged twice counts its lines twice, as a log does in which each line stands twice', async () => {
    for (const seed of SEEDS) {
      const { lines } = generate(seed);
      const once = filesOf(lines);
      const twice = filesOf(lines.flatMap((line) => [line, line]));
      const merged = scan(wholeFiles(once), 'none').state;
      mergeDelta(merged, encodeState(scan(wholeFiles(once), 'none').state));
      const read = scan(wholeFiles(twice), 'none').state;
      expect(Buffer.compare(withoutReferences(canonicalBytes(merged)), withoutReferences(canonicalBytes(read)))).toBe(
        0,
      );
      const alerts = canonical(await alertsFrom(read, twice, 'none'));
      expect(alertDifferences('merged twice', alerts, canonical(await alertsFrom(merged, once, 'none')))).toEqual([]);
      const single = canonical(await alertsFrom(scan(wholeFiles(once), 'none').state, once, 'none'));
      expect(alertDifferences('once', alerts, single)).not.toEqual([]);
    }
  });

  it('that is cut, of another version or damaged in its text is refused, and nothing was changed', () => {
    const bytes = encodeState(scan(wholeFiles(filesOf(generate(1).lines)), 'assets').state);
    const state = emptyState('assets');
    const before = canonicalBytes(state);
    const words = new Uint32Array(bytes.buffer);
    const damaged = (change: (copy: Uint8Array) => void) => {
      const copy = bytes.slice();
      change(copy);
      return copy;
    };
    const wrong = [
      new Uint8Array(0),
      bytes.subarray(0, 20),
      bytes.subarray(0, Math.floor(bytes.length / 8) * 4),
      bytes.subarray(0, bytes.length - 3),
      damaged((copy) => (copy[0] = 0)),
      damaged((copy) => (copy[4] = 99)),
      // the number of rows, and the length of the text
      damaged((copy) => copy.fill(255, 12, 16)),
      damaged((copy) => copy.fill(255, 16, 20)),
      damaged((copy) => (copy[copy.length - words[4]!] = 0x7d)),
      damaged((copy) => copy.fill(0x20, copy.length - words[4]! - 3)),
    ];
    for (const [i, delta] of wrong.entries()) {
      expect(() => mergeDelta(state, delta), `case ${i}`).toThrow(DeltaError);
      expect(Buffer.compare(canonicalBytes(state), before), `case ${i}`).toBe(0);
    }
  });
});

describe('one IPv6 network', () => {
  it('cannot fill the memory by the many addresses that it may use', () => {
    const lines = Array.from(
      { length: 6000 },
      (_, i) =>
        `2001:db8:7:7:${(i * 7919).toString(16).slice(-4)}:1:1:${i.toString(16)} - - [14/Sep/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 9 "-" "x"\n`,
    );
    const bytes = Buffer.from(lines.join(''));
    const { state } = scan([{ format: 'combined', bytes, baseOffset: 0 }], 'none');
    canonicalBytes(state);
    expect(state.ledger.visits.entries).toBeGreaterThan(GROUP_MAX);
    expect(state.ledger.visits.entries).toBeLessThan(GROUP_MAX + 10);
  });
});
