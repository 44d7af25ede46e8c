/** Health told through a real Redis into real Elasticsearch. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { writeDocuments } from '../../src/elastic/bulk.ts';
import { connectElasticsearch } from '../../src/elastic/client.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import type { Installation } from '../../src/model/installation.ts';
import { SILENT_HOOKS } from '../../src/model/worker.ts';
import { readHealth } from '../../src/queue/health-store.ts';
import { takePending } from '../../src/queue/pending.ts';
import { HEALTH_MS } from '../../src/shard/health-document.ts';
import { dataSetReader, runHealth, tellHealth } from '../../workers/health.ts';
import { removeAll } from '../elastic/documents.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { commitLines, type Installed, install } from '../queue/county.ts';

const ORG = 'adams';
const NOW = Date.UTC(2026, 10, 3, 12);

interface Told {
  readonly pollwatch: { readonly health: { readonly kind: string } };
}

let server: RedisServer;
let pw: Installed;
const prefix = ownPrefix('health');

function installationOf(settings: Installed['settings']): Installation {
  return {
    file: null,
    redis: settings,
    elasticsearch: settingsFor('http://127.0.0.1:9', prefix),
    tenants: new Map([
      [
        ORG,
        {
          id: ORG,
          name: 'Adams',
          inventory: defaultInventory(),
          inventoryFile: null,
          secret: new Uint8Array(32).fill(3),
        },
      ],
    ]),
    rulesPaths: [],
    origins: [],
    work: { queuedBytesMax: 1e9, latenessMs: 0, idleMs: 1000, evidenceDays: 31, stopMs: 1000, listen: null },
  };
}

beforeAll(async () => {
  server = await startRedis();
  pw = install(server.settings());
});
afterAll(async () => {
  await pw.close();
  await server.stop();
});

describe('health in the queue', () => {
  it('of an interval is told by one of several workers, and of the next one again', async () => {
    await commitLines(pw.store, ORG, 2);
    const installation = installationOf(pw.settings);
    const tell = (nowMs: number) =>
      tellHealth(installation, pw.store, dataSetReader(), { nowMs, intervalMs: HEALTH_MS });
    const told = await Promise.all([tell(NOW), tell(NOW), tell(NOW)]);
    // the pipeline, two data sets and the list of known scanners
    expect(told.sort((a, b) => a - b)).toEqual([0, 0, 4]);
    expect(await tell(NOW + 1000)).toBe(0);
    expect(await tell(NOW + HEALTH_MS)).toBe(1);
    expect((await takePending(pw.store, ORG, 100)).length).toBe(5);
    expect((await readHealth(pw.store, ORG))?.interval).toBe(NOW / HEALTH_MS + 1);
  });

  it('is told by the worker while it runs', async () => {
    const own = install(server.settings());
    try {
      await commitLines(own.store, ORG, 1);
      const stop = new AbortController();
      const running = runHealth(installationOf(own.settings), stop.signal, SILENT_HOOKS, {
        intervalMs: 50,
        lookMs: 10,
      });
      const told = async () => (await readHealth(own.store, ORG))?.interval ?? 0;
      await until('an interval is told', async () => (await told()) > 0);
      const first = await told();
      await until('a later one is told', async () => (await told()) > first);
      stop.abort();
      await running;
      // the pipeline's document is one for five minutes, however often it is told: two where a border lies between
      const waiting = await takePending(own.store, ORG, 100);
      const kinds = waiting.map(({ body }) => (JSON.parse(body) as Told).pollwatch.health.kind);
      expect(kinds.filter((kind) => kind === 'data_set').length).toBe(3);
      expect([1, 2]).toContain(kinds.filter((kind) => kind === 'pipeline').length);
    } finally {
      await own.close();
    }
  });
});

describe.each(SERVERS)('Elasticsearch $name', (elastic) => {
  it(
    'takes what is told, and answers how many lines came',
    async () => {
      const settings = settingsFor(await elastic.url(), prefix);
      const client = connectElasticsearch(settings);
      try {
        await setupElasticsearch(settings, [ORG], { now: NOW, say: () => undefined });
        const documents = await takePending(pw.store, ORG, 100);
        const { done, dead, left } = await writeDocuments(client, documents, { nowMs: NOW });
        expect([...dead, ...left].map((d) => d.reason)).toEqual([]);
        expect(done.length).toBe(5);
        const index = `${prefix}-health-${ORG}`;
        await client.indices.refresh({ index });
        const { aggregations } = await client.search({
          index,
          size: 0,
          aggs: { states: { terms: { field: 'pollwatch.health.kind' } } },
        });
        expect(aggregations!['states']).toMatchObject({
          buckets: [
            { key: 'data_set', doc_count: 3 },
            { key: 'pipeline', doc_count: 2 },
          ],
        });
      } finally {
        await removeAll(client, prefix);
        await client.close();
      }
    },
    START_MS,
  );
});
