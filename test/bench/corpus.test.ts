/**
 * The corpus generators: the same arguments give the same bytes, and what they say of a corpus is true of it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FIREWALL_DEFAULTS, generateFirewall } from '../../bench/gen-firewall.ts';
import { generateWeb, WEB_DEFAULTS } from '../../bench/gen-web.ts';

const folder = mkdtempSync(join(tmpdir(), 'pollwatch-corpus-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SMALL = { lines: 20_000, sources: 3000 };
const web = (name: string, more: Partial<typeof WEB_DEFAULTS> = {}) =>
  generateWeb({ ...WEB_DEFAULTS, ...SMALL, ...more, out: join(folder, name) });
const firewall = (name: string, more: Partial<typeof FIREWALL_DEFAULTS> = {}) =>
  generateFirewall({ ...FIREWALL_DEFAULTS, ...SMALL, ...more, out: join(folder, name) });
const linesOf = (name: string) => readFileSync(join(folder, name), 'latin1').trimEnd().split('\n');

describe('a corpus', () => {
  it.each([
    ['web', web],
    ['firewall', firewall],
  ] as const)('%s is a function of its arguments', (_, make) => {
    make('a');
    make('b');
    make('c', { seed: 99 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => readFileSync(join(folder, name)));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(c!)).toBe(false);
  });

  it('of a web server has as many lines, bytes, sources and new paths as it says', () => {
    const truth = web('w', { 'new-paths': 0.4 });
    const lines = linesOf('w');
    expect(lines).toHaveLength(truth.lines);
    expect(readFileSync(join(folder, 'w'))).toHaveLength(truth.bytes);
    expect(new Set(lines.map((line) => line.split(' ', 1)[0])).size).toBe(truth.sources);
    const seen = new Set<string>();
    let fresh = 0;
    for (const line of lines) {
      const path = line.split('"')[1]!.split(' ')[1]!.split('?', 1)[0]!;
      if (!seen.has(path)) fresh++;
      seen.add(path);
    }
    expect(truth.newShare).toBeCloseTo(fresh / lines.length, 6);
    for (const { ip, lines: count } of truth.planted) {
      expect(lines.filter((line) => line.startsWith(`${ip} `))).toHaveLength(count);
    }
  });

  it('of a firewall has as many lines, sources and new targets as it says', () => {
    const truth = firewall('f');
    const lines = linesOf('f');
    expect(lines).toHaveLength(truth.lines);
    expect(new Set(lines.map((line) => / SRC=(\S+)/.exec(line)![1])).size).toBe(truth.sources);
    for (const { ip, lines: count } of truth.planted) {
      expect(lines.filter((line) => line.includes(` SRC=${ip} `))).toHaveLength(count);
    }
  });

  it('with every source equally busy shows nearly all of them', () => {
    const truth = web('z', { sources: 4000, zipf: 0 });
    expect(truth.sources).toBeGreaterThan(3800);
  });
});
