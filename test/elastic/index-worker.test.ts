import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexedDocument } from '../../src/elastic/bulk.ts';
import { type Client, connectElasticsearch } from '../../src/elastic/client.ts';
import { indexOf } from '../../src/elastic/index-names.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import type { ElasticSettings } from '../../src/model/installation.ts';
import { OperatorError } from '../../src/model/problem.ts';
import { deadLetters } from '../../src/queue/dead-letters.ts';
import { countPending } from '../../src/queue/pending.ts';
import { nudgeIndex, openQueues } from '../../src/queue/queues.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { removeAll } from './documents.ts';
import { commitDocuments, startWorker } from './waiting-documents.ts';

const NOW = Date.UTC(2026, 10, 23);

describe.each(SERVERS)('an index worker with Elasticsearch $name', (server) => {
  const prefix = ownPrefix('worker');
  let redis: RedisServer;
  let settings: ElasticSettings;
  let client: Client;
  let store: QueueStore;
  const index = indexOf(prefix, 'alerts', 'adams', '2026-09-14');
  const document = (id: string, version: number, more: object = {}): IndexedDocument => ({
    id,
    index,
    version,
    body: JSON.stringify({ '@timestamp': '2026-09-14T00:00:00.000Z', event: { code: `v${version}` }, ...more }),
  });
  const versionOf = async (id: string) =>
    (await client.get<{ event: { code: string } }>({ index, id }))._source!.event.code;

  beforeAll(async () => {
    redis = await startRedis();
    settings = settingsFor(await server.url(), prefix);
    client = connectElasticsearch(settings);
  }, START_MS);
  afterAll(async () => {
    await removeAll(client, prefix);
    await client.close();
    await redis.stop();
  });

  it('refuses to start before the server was set up, and says what to run', async () => {
    const error = await startWorker(redis.settings(), settings).ended.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OperatorError);
    expect((error as OperatorError).problems[0]).toMatchObject({
      code: 'PW-ELASTIC-NO-INDEX',
      hint: 'run: pollwatch setup elasticsearch',
    });
  });

  it('writes what waits, removes it, and puts aside with its reason what the mapping refuses', async () => {
    await setupElasticsearch(settings, ['adams'], { now: NOW, say: () => undefined });
    const own = redis.settings();
    store = openStore(own);
    const documents = Array.from({ length: 50 }, (_, i) => document(`a${i}`, 1));
    await commitDocuments(store, 'adams', [...documents, document('bad', 1, { surprise: 1 })]);
    const worker = startWorker(own, settings);
    await until('nothing waits', async () => (await countPending(store, 'adams')) === 0);
    await worker.stop();
    expect(worker.counts.get('indexed')).toBe(50);
    const dead = await deadLetters(store, 'adams');
    expect(dead.map((d) => [d.id, d.reason])).toEqual([['doc:bad', expect.stringContaining('[surprise]')]]);
    expect(await versionOf('a49')).toBe('v1');
    await store.close();
  });

  it('lets documents of an office wait that was added after the set-up, until it is set up too', async () => {
    const own = redis.settings();
    store = openStore(own);
    const late = indexOf(prefix, 'alerts', 'brown', '2026-09-14');
    await commitDocuments(store, 'brown', [{ ...document('first', 1), index: late }]);
    const worker = startWorker(own, settings);
    await until('it says so', () => worker.logged.some(({ message }) => message.includes('has no indices yet')));
    expect(await countPending(store, 'brown')).toBe(1);
    await setupElasticsearch(settings, ['adams', 'brown'], { now: NOW, say: () => undefined });
    await until('nothing waits', async () => (await countPending(store, 'brown')) === 0);
    await worker.stop();
    expect(await deadLetters(store, 'brown')).toEqual([]);
    expect((await client.get({ index: late, id: 'first' }))._version).toBe(1);
    await store.close();
  });

  it('writes at a nudge, without waiting for the next look around', async () => {
    const own = redis.settings();
    store = openStore(own);
    const queues = openQueues(own);
    const worker = startWorker(own, settings, { sweepMs: 3_600_000 });
    await until('the worker is ready', () => worker.readiness.get('redis') === null && worker.readiness.has('redis'));
    await commitDocuments(store, 'adams', [document('nudged', 1)]);
    await nudgeIndex(queues, 'adams');
    await until('nothing waits', async () => (await countPending(store, 'adams')) === 0);
    expect(await versionOf('nudged')).toBe('v1');
    await worker.stop();
    await queues.close();
    await store.close();
  });

  it('never lets an older version stand when two workers write at once', async () => {
    const own = redis.settings();
    store = openStore(own);
    const ids = Array.from({ length: 40 }, (_, i) => `race${i}`);
    const workers = [startWorker(own, settings), startWorker(own, settings)];
    for (let version = 1; version <= 12; version++) {
      await commitDocuments(
        store,
        'adams',
        ids.map((id) => document(id, version)),
      );
    }
    await until('nothing waits', async () => (await countPending(store, 'adams')) === 0);
    for (const worker of workers) await worker.stop();
    expect(new Set(await Promise.all(ids.map(versionOf)))).toEqual(new Set(['v12']));
    expect(await deadLetters(store, 'adams')).toEqual([]);
    await store.close();
  });

  it('waits for a server that is not there yet, and stops when it is told to', async () => {
    const away = { ...settings, nodes: ['http://127.0.0.1:9'] };
    const worker = startWorker(redis.settings(), away);
    await until('it says so', () => (worker.readiness.get('elasticsearch') ?? '') !== '');
    await worker.stop();
    expect(worker.logged.map((l) => l.message)).toContain('Elasticsearch does not answer; it is asked again');
  });
});
