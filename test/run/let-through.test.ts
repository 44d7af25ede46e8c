/** What the firewall let through to services that should not face the Internet, counted where no alert is about it. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyze } from '../../src/run/pipeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'pollwatch-test-'));

/** Lines of UFW, one a second. */
function packets(count: number, source: string, port: number, action: 'ALLOW' | 'BLOCK'): string[] {
  return Array.from(
    { length: count },
    (_, i) =>
      `Sep 14 10:${String(Math.floor(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')} gw kernel: [UFW ${action}] IN=eth0 OUT= SRC=${source} DST=203.0.113.10 LEN=60 TTL=50 PROTO=TCP SPT=${40_000 + i} DPT=${port} WINDOW=64240 SYN`,
  );
}

async function letThroughIn(...lines: string[][]) {
  const path = join(folder, `${lines.flat().length}.log`);
  writeFileSync(path, `${lines.flat().join('\n')}\n`);
  const { letThrough, alerts } = await analyze({
    paths: [path],
    format: 'auto',
    year: 2026,
    threads: 1,
    progress: false,
  });
  return { letThrough, found: alerts.map((a) => a.detection) };
}

it('counts addresses and packets by service', async () => {
  const { letThrough, found } = await letThroughIn(
    packets(30, '198.51.100.7', 22, 'ALLOW'),
    packets(5, '198.51.100.8', 22, 'ALLOW'),
    packets(7, '198.51.100.8', 3389, 'ALLOW'),
  );
  expect(found).toEqual([]);
  expect(letThrough).toEqual([
    { port: 22, sources: 2, packets: 35 },
    { port: 3389, sources: 1, packets: 7 },
  ]);
});

it('leaves out what was denied, what may face the Internet, and addresses inside', async () => {
  const { letThrough } = await letThroughIn(
    packets(9, '198.51.100.7', 22, 'BLOCK'),
    packets(9, '198.51.100.7', 443, 'ALLOW'),
    packets(9, '192.168.1.7', 22, 'ALLOW'),
  );
  expect(letThrough).toEqual([]);
});
