/**
 * A shard that remembers what it decided tells, at every step of a log that comes in pieces, exactly what one tells that
 * decides everything anew; and it does remember.
 */
import { describe, expect, it } from 'vitest';
import { createAlertMemory } from '../../src/shard/alert-memory.ts';
import { tell } from '../../src/shard/documents.ts';
import { foldRecord } from '../../src/shard/shard.ts';
import type { Told } from '../../src/shard/told-alert.ts';
import { createRandom, filesOf, generate, shuffled } from '../laws/generator.ts';
import { INVENTORIES, type InventoryName } from '../laws/small-run.ts';
import { chunksOf, commit, emptyShard, type Log, sample, scanJobs, settingNamed, tellFrom } from './folding.ts';

/** Tells after about every `every`th chunk of logs, both ways; returns how many alerts were those of the time before. */
async function compare(logs: readonly Log[], bytes: number, seed: number, name: InventoryName): Promise<number[]> {
  const random = createRandom(seed);
  const chunks = shuffled(chunksOf(logs, bytes), random);
  const shard = emptyShard(name);
  const memory = createAlertMemory();
  const told = new Map<string, Told>();
  const kept: number[] = [];
  const scanned = scanJobs(
    chunks.map((chunk) => [chunk]),
    name,
  );
  for (const [i, record] of scanned.records.entries()) {
    foldRecord(shard, settingNamed(name), record);
    if (random() < 0.6 && i < scanned.records.length - 1) continue;
    const closedMs = random() < 0.5 ? Number.POSITIVE_INFINITY : latestMs(shard) - 600_000;
    const anew = await tellFrom(shard, scanned, name, { told, closedMs });
    const before = new Set([...memory.made.values()].map(({ made }) => made?.alert));
    const remembered = await tellFrom(shard, scanned, name, { told, closedMs, memory });
    expect(remembered, `${name}, seed ${seed}, after ${i + 1} chunks`).toEqual(anew);
    kept.push([...memory.made.values()].filter(({ made }) => made !== null && before.has(made.alert)).length);
    commit(told, remembered);
  }
  return kept;
}

const latestMs = (shard: ReturnType<typeof emptyShard>) =>
  Math.max(0, ...[...shard.state.spans.values()].map(([, last]) => last));

describe('a shard that remembers what it decided', () => {
  it.each(Object.keys(INVENTORIES) as InventoryName[])(
    'tells what it would tell anew, at every step of any log (inventory: %s)',
    async (name) => {
      let kept = 0;
      for (let seed = 0; seed < 6; seed++) {
        const files = filesOf(generate(seed).lines);
        const logs = (['combined', 'netfilter'] as const).map((format) => ({ format, bytes: files[format] }));
        kept += (await compare(logs, 4096, seed, name)).reduce((a, b) => a + b, 0);
      }
      expect(kept).toBeGreaterThan(0);
    },
  );

  it('makes again only what is new, on the logs of a day', async () => {
    const logs = [
      { format: 'combined', bytes: sample('nginx-access.log') },
      { format: 'netfilter', bytes: sample('kern.log') },
    ];
    const kept = await compare(logs, 65_536, 1, 'none');
    expect(kept.length).toBeGreaterThan(3);
    expect(kept.at(-1)).toBeGreaterThan(20);
  });

  it('asks nobody again when nothing came', async () => {
    const shard = emptyShard('none');
    const scanned = scanJobs([chunksOf([{ format: 'netfilter', bytes: sample('kern.log') }], 1 << 24)], 'none');
    for (const record of scanned.records) foldRecord(shard, settingNamed('none'), record);
    const memory = createAlertMemory();
    const telling = {
      closedMs: Number.POSITIVE_INFINITY,
      nowMs: 0,
      generation: 1,
      told: new Map(),
      evidence: new Map(),
    };
    const first = await tell(shard, settingNamed('none'), { ...telling, memory });
    const { made } = memory;
    const again = await tell(shard, settingNamed('none'), { ...telling, memory });
    expect(again).toEqual(first);
    const ofSources = [...made].filter(([d]) => d.key.kind === 'source');
    expect(ofSources.length).toBeGreaterThan(20);
    for (const [decision, remembered] of ofSources) expect(memory.made.get(decision)).toBe(remembered);
  });

  it('sees what brings no new touch: another address of the same network that reads an ordinary page', async () => {
    const line = (address: string, path: string, status: number, second: number) =>
      `2001:db8:5:5::${address} - - [01/Sep/2026:10:00:${String(second).padStart(2, '0')} +0000] "GET ${path} HTTP/1.1" ${status} 153 "-" "Mozilla/5.0"\n`;
    const probes = Array.from({ length: 12 }, (_, i) => line('1', `/missing-${i}`, 404, i)).join('');
    const log = { format: 'combined', bytes: Buffer.from(probes + line('2', '/', 200, 30)) };
    const shard = emptyShard('none');
    const memory = createAlertMemory();
    const scanned = scanJobs(
      chunksOf([log], probes.length - 1).map((chunk) => [chunk]),
      'none',
    );
    const addresses: (readonly string[] | undefined)[] = [];
    for (const record of scanned.records) {
      foldRecord(shard, settingNamed('none'), record);
      const { alerts } = await tellFrom(shard, scanned, 'none', { memory });
      addresses.push(alerts.find(({ detection }) => detection === 'W01')?.source?.addresses);
    }
    expect(addresses).toEqual([['2001:db8:5:5::1'], ['2001:db8:5:5::1', '2001:db8:5:5::2']]);
  });
});
