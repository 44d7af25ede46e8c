/**
 * The same alerts: `analyze` over the files and the queue over chunks of them (a real Redis, worker processes, chunks out
 * of order, some of them twice) tell the same, with one, two and four analyze workers.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLogs } from '../../src/open-logs.ts';
import { analyze } from '../../src/pipeline.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { createRandom, filesOf, generate } from '../laws/generator.ts';
import { INVENTORIES, type InventoryName, SECRET } from '../laws/small-run.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { canonicalDocuments, documentsOfAlerts } from '../shard/folding.ts';
import {
  disturb,
  drained,
  type FedLog,
  type FleetSetting,
  feed,
  pendingBodies,
  QUICK,
  standing,
  startWorker,
  stopWorkers,
} from './fleet.ts';

const NAMES: readonly InventoryName[] = ['none', 'assets', 'tight'];
const SAMPLES = [
  'apache-access.log',
  'iptables-journald.ndjson',
  'kern.log',
  'nftables.log',
  'nginx-access.log',
  'nginx-access.log.2.gz',
  'ufw.log',
];
const folder = mkdtempSync(join(tmpdir(), 'pollwatch-same-'));
let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** An organisation: its inventory, its logs, and what `analyze` tells of them. */
interface Office {
  inventory: string;
  logs: FedLog[];
  expected: string[];
}

/** What `analyze` tells of files, with how it read them. */
async function officeOf(id: string, paths: readonly string[], inventory: string): Promise<Office> {
  const configFile = join(folder, `${id}.yaml`);
  writeFileSync(join(folder, 'key'), SECRET);
  writeFileSync(configFile, `${inventory}privacy: {key_file: key}\n`);
  const { alerts } = await analyze({
    paths: [...paths],
    format: 'auto',
    year: 2026,
    configFile,
    threads: 1,
    progress: false,
  });
  const { logs } = await openLogs(paths, { format: 'auto', year: 2026 });
  return {
    inventory,
    expected: canonicalDocuments(documentsOfAlerts(alerts)),
    logs: logs.map(({ origin, format, context }): FedLog => {
      const stored = readFileSync(origin.path!);
      const bytes = origin.compression === 'none' ? stored : gunzipSync(stored);
      return { name: origin.name, format: format.name, bytes, context };
    }),
  };
}

async function offices(): Promise<Map<string, Office>> {
  const all = new Map<string, Office>();
  const paths = SAMPLES.map((name) => `test/samples/generated/${name}`);
  all.set(
    'samples',
    await officeOf('samples', paths, 'version: 1\norganization: {id: samples, name: Sample County}\n'),
  );
  for (const [i, name] of NAMES.entries()) {
    const id = `laws-${name}`;
    const lines = [0, 1, 2, 3, 4, 5].flatMap((seed) => generate(seed * NAMES.length + i).lines);
    const files = filesOf(lines);
    writeFileSync(join(folder, `${id}.access`), files.combined);
    writeFileSync(join(folder, `${id}.firewall`), files.netfilter);
    const inventory = INVENTORIES[name].replace('us-xx-laws', id);
    all.set(id, await officeOf(id, [join(folder, `${id}.access`), join(folder, `${id}.firewall`)], inventory));
  }
  return all;
}

describe('the queue', () => {
  let all: Map<string, Office>;
  beforeAll(async () => {
    all = await offices();
  });

  for (const [workers, chunkBytes] of [
    [1, 40_000],
    [2, 5000],
    [4, 12_000],
  ] as const) {
    it(`tells what analyze tells, with ${workers} analyze workers, chunks of ${chunkBytes} bytes, shuffled, some twice`, async () => {
      const tenants = Object.fromEntries([...all].map(([id, { inventory }]) => [id, inventory]));
      const setting: FleetSetting = { redis: server.settings(), tenants, times: QUICK };
      const store: QueueStore = openStore(setting.redis);
      const fleet = [];
      try {
        const random = createRandom(workers);
        const lines = new Map<string, number>();
        for (const [id, { logs }] of all) {
          let fed = 0;
          for (const log of logs) fed += await feed(store, id, log, chunkBytes);
          lines.set(id, fed);
          await disturb(store, id, random);
        }
        for (let i = 0; i < workers; i++) fleet.push(startWorker('analyze', setting));
        fleet.push(startWorker('decide', setting), startWorker('decide', setting));
        await drained(store, setting);
        for (const [id, { expected }] of all) {
          const found = canonicalDocuments(standing(await pendingBodies(store, id)));
          expect(found.length, id).toBe(expected.length);
          expect(found, id).toEqual(expected);
          const { stats, queuedBytes, deadLetters } = await queueDepth(store, id);
          expect(stats['lines'], id).toBe(lines.get(id));
          expect(stats['events']! + stats['skipped']! + stats['refused']!, id).toBe(lines.get(id));
          expect({ queuedBytes, deadLetters }).toEqual({ queuedBytes: 0, deadLetters: 0 });
        }
        expect(all.get('samples')!.expected.length).toBeGreaterThan(50);
      } finally {
        expect(await stopWorkers(fleet)).toEqual(fleet.map(() => 0));
        await store.close();
      }
    });
  }
});
