/**
 * Law 4, of memory: no flood of made-up addresses passes the bound, raises an alert or hides a scanner; and the alerts
 * of a source do not depend on who else is in the log.
 */
import { describe, expect, it } from 'vitest';
import { findFormat } from '../../src/formats/index.ts';
import type { State } from '../../src/measure/state.ts';
import { createScanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { checkInterleaving } from './checks.ts';
import { createRandom, filesOf, type GeneratedLine, generate, MIDNIGHT, shuffled } from './generator.ts';
import { alertsFrom, cutFiles, inventoryNamed, SECRET, scan, wholeFiles } from './small-run.ts';

/** 16-byte units of entries that the tight inventory allows, and how far past it a batch may go. */
const UNITS_MAX = 4096;
const SLACK = 1.25;

const unitsOf = ({ ledger }: State) => ledger.touches.entries * 2 + ledger.visits.entries * 0.75;

/** One denied packet or one missing page from each of `n` addresses that nobody has. */
function flood(n: number, seed: number): GeneratedLine[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, (_, i) => {
    const timeMs = MIDNIGHT + Math.floor(random() * 6 * 3_600_000);
    const time = new Date(timeMs).toISOString();
    const word = Math.floor(random() * 4294967296);
    const source =
      i % 3 === 2
        ? `2001:db8:${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}::1`
        : `${1 + (word >>> 25)}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
    const text =
      i % 3 === 0
        ? `${source} - - [15/Sep/2026:0${Math.floor(random() * 6)}:10:00 +0000] "GET /x${i} HTTP/1.1" 404 153 "-" "curl/8"`
        : `${time.slice(0, -1)}000+00:00 gw01 kernel: [netfilter DROP] IN=eth0 OUT= SRC=${source} DST=${i % 3 === 2 ? '2001:db8:100::10' : '203.0.113.10'} LEN=44 PROTO=TCP SPT=4000 DPT=${1024 + (i % 50_000)} WINDOW=1024 RES=0x00 SYN URGP=0 `;
    return { format: i % 3 === 0 ? 'combined' : 'netfilter', timeMs, text, isJunk: false } as const;
  });
}

describe('a flood of made-up addresses', () => {
  it('stays under the bound at all times, in entries and in rows', () => {
    const files = filesOf(flood(60_000, 1));
    const inventory = inventoryNamed('tight');
    const scanner = createScanner(rulesOf([]), inventory, SECRET);
    for (const piece of cutFiles(files, 12, createRandom(2))) {
      const context = { origin: 0, referenceMs: Date.UTC(2027, 0, 1), timezone: 'UTC' };
      const { bytes, baseOffset, format } = piece;
      const scene = { organization: 0, origin: 0, asset: 0, dayStartMs: 0 };
      scanner.scanBlock({ bytes, start: 0, end: bytes.length, baseOffset }, findFormat(format)!, context, scene);
      expect(unitsOf(scanner.state)).toBeLessThanOrEqual(UNITS_MAX * SLACK);
      expect(scanner.state.ledger.rows).toBeLessThanOrEqual(UNITS_MAX * SLACK);
    }
    expect(scanner.state.ledger.level).toBeGreaterThan(2);
  });

  it('raises no alert, and a scanner and a hunter for files under it still do', async () => {
    const own = generate(2, { actors: ['manyPorts', 'sensitiveFiles'] });
    const lines = shuffled([...flood(12_000, 3), ...own.lines], createRandom(4));
    const files = filesOf(lines);
    const { state } = scan(wholeFiles(files), 'tight');
    const alerts = await alertsFrom(state, files, 'tight');
    expect(state.ledger.level).toBeGreaterThan(1);
    const expected = own.truths.filter((t) => t.fires && t.detection !== 'W01');
    for (const t of expected)
      expect(alerts.map((a) => `${a.detection} ${a.key.text}`)).toContain(`${t.detection} ${t.key}`);
    // matches of rules are kept sixteen times longer than the rest: at these levels all are there, and count as one
    expect(state.ledger.level).toBeLessThanOrEqual(4);
    const hunter = own.truths.find((t) => t.detection === 'W05' && t.fires)!;
    const hunt = alerts.find((a) => a.detection === 'W05' && a.key.text === hunter.key);
    expect(hunt?.evidence['requests']).toBe(2);
    const known = new Set(own.truths.map((t) => t.key));
    expect(alerts.filter((a) => !known.has(a.key.text)).map((a) => `${a.detection} ${a.key.text}`)).toEqual([]);
    for (const t of own.truths.filter((x) => !x.fires))
      expect(alerts.map((a) => `${a.detection} ${a.key.text}`)).not.toContain(`${t.detection} ${t.key}`);
  });
});

describe('unrelated sources', () => {
  it('change no alert of a source', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const others = [generate(seed + 40), generate(seed + 81)];
      expect(await checkInterleaving(generate(seed), others, 'assets'), `seed ${seed}`).toEqual([]);
    }
  });
});
