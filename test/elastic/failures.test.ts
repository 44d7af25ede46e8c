import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IndexedDocument, writeDocuments } from '../../src/elastic/bulk.ts';
import { type Client, connectElasticsearch } from '../../src/elastic/client.ts';
import { indexOf } from '../../src/elastic/index-names.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import type { ElasticSettings } from '../../src/model/installation.ts';
import { deadLetters } from '../../src/queue/dead-letters.ts';
import { countPending } from '../../src/queue/pending.ts';
import { openStore } from '../../src/queue/store.ts';
import { type OwnServer, ownPrefix, START_MS, settingsFor, startElasticsearch } from '../parts/elasticsearch.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { commitDocuments, startWorker } from './waiting-documents.ts';

const NOW = Date.UTC(2026, 10, 23);

describe('a server with one thread and a write queue of one place', () => {
  const prefix = ownPrefix('failures');
  let server: OwnServer;
  let redis: RedisServer;
  let settings: ElasticSettings;
  let client: Client;
  const index = indexOf(prefix, 'alerts', 'adams', '2026-09-14');
  const document = (id: string, version = 1): IndexedDocument => ({
    id,
    index,
    version,
    body: JSON.stringify({
      '@timestamp': '2026-09-14T00:00:00.000Z',
      event: { code: `v${version}` },
      message: 'x'.repeat(500),
    }),
  });
  const countOf = async (query: object) => {
    await client.indices.refresh({ index });
    return (await client.count({ index, query })).count;
  };

  beforeAll(async () => {
    redis = await startRedis();
    server = await startElasticsearch({
      version: '9.2.4',
      settings: { 'thread_pool.write.size': '1', 'thread_pool.write.queue_size': '1' },
    });
    settings = settingsFor(server.url, prefix);
    client = connectElasticsearch(settings);
    await setupElasticsearch(settings, ['adams'], { now: NOW, say: () => undefined });
  }, START_MS);
  afterAll(async () => {
    await client.close();
    await server.stop();
    await redis.stop();
  });

  it('gets all documents, those again that it had no place for', async () => {
    const reasons = new Set<string>();
    const documents = Array.from({ length: 12_000 }, (_, i) => document(`busy${i}`));
    const { done, dead, left, retries } = await writeDocuments(client, documents, {
      nowMs: NOW,
      requests: 12,
      patienceMs: 150_000,
      onRetry: (_count, { type }) => reasons.add(type),
    });
    expect([done.length, dead, left]).toEqual([12_000, [], []]);
    expect(retries).toBeGreaterThan(0);
    expect([...reasons]).toEqual(['es_rejected_execution_exception']);
    expect(await countOf({ term: { 'event.code': 'v1' } })).toBe(12_000);
  });

  it('that is killed and started again loses nothing, and no older version stands', { timeout: START_MS }, async () => {
    const own = redis.settings();
    const store = openStore(own);
    const ids = Array.from({ length: 20_000 }, (_, i) => `kill${i}`);
    for (let at = 0; at < ids.length; at += 2000) {
      await commitDocuments(
        store,
        'adams',
        ids.slice(at, at + 2000).map((id) => document(id, 2)),
      );
    }
    const worker = startWorker(own, settings, { patienceMs: 2000 });
    await until('it is in the middle of it', () => (worker.counts.get('indexed') ?? 0) >= 2000);
    await server.kill();
    // while the server is away some documents get a newer version
    await commitDocuments(
      store,
      'adams',
      ids.slice(0, 1000).map((id) => document(id, 3)),
    );
    await until('the worker has noticed', () => (worker.readiness.get('elasticsearch') ?? '') !== '');
    expect(await countPending(store, 'adams')).toBeGreaterThan(1000);
    await server.start();
    await until('nothing waits', async () => (await countPending(store, 'adams')) === 0);
    await worker.stop();
    expect(await countOf({ term: { 'event.code': 'v3' } })).toBe(1000);
    expect(await countOf({ term: { 'event.code': 'v2' } })).toBe(19_000);
    expect(await deadLetters(store, 'adams')).toEqual([]);
    expect(worker.readiness.get('elasticsearch')).toBeNull();
    await store.close();
  });
});
