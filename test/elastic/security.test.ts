import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IndexedDocument, writeDocuments } from '../../src/elastic/bulk.ts';
import { type Client, connectElasticsearch, refusalOf, serverVersion } from '../../src/elastic/client.ts';
import { aliasOf, indexOf } from '../../src/elastic/index-names.ts';
import { highestVersion, indexProblems, missingIndices } from '../../src/elastic/index-state.ts';
import { applyRetention, RETENTION } from '../../src/elastic/retention.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import type { ElasticSettings } from '../../src/model/installation.ts';
import { OperatorError } from '../../src/model/problem.ts';
import { ownPrefix, START_MS, VERSIONS } from '../parts/elasticsearch.ts';
import { type SecuredServer, startSecuredElasticsearch } from '../parts/elasticsearch-security.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { startWorker } from './waiting-documents.ts';

const NOW = Date.UTC(2026, 10, 23);

describe.each(VERSIONS)('a server with users and TLS, %s', (version) => {
  const prefix = ownPrefix('secured');
  let server: SecuredServer;
  let administrator: Client;
  let worker: ElasticSettings;
  let client: Client;
  const said: string[] = [];
  const document = (id: string, index = indexOf(prefix, 'alerts', 'us-xx', '2026')): IndexedDocument => ({
    id,
    index,
    version: 2 ** 32 + 1,
    body: JSON.stringify({
      '@timestamp': '2026-09-14T00:00:00.000Z',
      event: {},
      pollwatch: { day: '2026-09-14', alert: { generation: 1, revision: 1 } },
    }),
  });
  /** HTTP status of what the server answers, 200 when it does it */
  const statusOf = (request: Promise<unknown>) =>
    request.then(
      () => 200,
      (error: unknown) => refusalOf(error).status,
    );

  beforeAll(async () => {
    server = await startSecuredElasticsearch(prefix, version);
    administrator = connectElasticsearch(server.administrator);
    const result = await setupElasticsearch(server.administrator, ['us-xx', 'us-xx-county'], {
      now: NOW,
      newKey: true,
      say: (line) => said.push(line),
    });
    expect(result.hasSecurity).toBe(true);
    worker = { ...server.administrator, username: null, password: null, apiKey: result.apiKey };
    client = connectElasticsearch(worker);
  }, START_MS);
  afterAll(async () => {
    await client?.close();
    await administrator?.close();
    await server?.stop();
  });

  it('is set up with roles and a key, which is told to nobody but the caller', () => {
    expect(said).toContain(`role ${prefix}-writer: made`);
    expect(said).toContain(`role ${prefix}-reader-us-xx-county: made`);
    expect(said).toContain(`key ${prefix}-writer: made`);
    expect(said.join('\n')).not.toContain(worker.apiKey);
  });

  it("lets the workers' key write and look at what it needs to look at", async () => {
    const { done, dead, left } = await writeDocuments(client, [document('a')], { nowMs: NOW });
    expect([done.length, dead, left]).toEqual([1, [], []]);
    expect(await indexProblems(client, prefix)).toEqual([]);
    expect(await missingIndices(client, prefix, ['us-xx'], NOW)).toEqual([]);
    expect(await highestVersion(worker, 'us-xx')).toBe(2 ** 32 + 1);
    expect(await serverVersion(client)).toEqual(version.split('.').map(Number));
  });

  it("lets the workers' key make, change and delete nothing else", async () => {
    expect(await statusOf(client.indices.create({ index: `${prefix}-alerts-us-xx-2031` }))).toBe(403);
    expect(await statusOf(client.indices.delete({ index: `${prefix}-alerts-us-xx-2026` }))).toBe(403);
    expect(await statusOf(client.delete({ index: `${prefix}-alerts-us-xx-2026`, id: 'a' }))).toBe(403);
    expect(await statusOf(client.indices.putIndexTemplate({ name: prefix, index_patterns: [`${prefix}-x`] }))).toBe(
      403,
    );
    expect(await statusOf(client.indices.putMapping({ index: `${prefix}-alerts-us-xx-2026`, properties: {} }))).toBe(
      403,
    );
    expect(await statusOf(client.index({ index: 'somebody-elses', document: {} }))).toBe(403);
    expect(await statusOf(client.security.createApiKey({ name: 'another' }))).toBe(403);
  });

  it("tells the workers' key that it may delete nothing, also where what is kept too long is deleted one by one", async () => {
    const retention = { ...RETENTION, alerts: 30 };
    const retain = (as: Client) =>
      applyRetention(as, { prefix, organizations: ['us-xx'], now: NOW, retention, say: () => undefined }).catch(
        (e: unknown) => e,
      );
    const [problem] = ((await retain(client)) as OperatorError).problems;
    expect(problem?.message).toMatch(/^1 documents of \S+-alerts-us-xx-2026 were not removed: .*unauthorized/);
    expect(problem?.hint).toContain('POLLWATCH_ELASTICSEARCH_SETUP_USERNAME');
    expect(await retain(administrator)).toEqual({ indices: 0, documents: 1 });
    expect(await retain(administrator)).toEqual({ indices: 0, documents: 0 });
  });

  it('leaves documents for a year that was not set up to be replayed, and makes no index for them', async () => {
    const early = document('early', indexOf(prefix, 'alerts', 'us-xx', '2019'));
    const { done, dead, left } = await writeDocuments(client, [early], { nowMs: NOW, patienceMs: 1000 });
    expect([done, dead.length + left.length]).toEqual([[], 1]);
    expect(await administrator.indices.exists({ index: early.index })).toBe(false);
  });

  it("lets an organisation's readers see its own alerts and no others'", async () => {
    await administrator.security.putUser({
      username: 'reader',
      password: 'reader-for-tests',
      roles: [`${prefix}-reader-us-xx`],
    });
    const reader = connectElasticsearch({
      ...server.administrator,
      username: 'reader',
      password: 'reader-for-tests',
    });
    const search = (index: string) => statusOf(reader.search({ index }));
    expect(await search(aliasOf(prefix, 'alerts', 'us-xx'))).toBe(200);
    expect(await search(`${prefix}-summaries-us-xx-2026`)).toBe(200);
    expect(await search(aliasOf(prefix, 'alerts', 'us-xx-county'))).toBe(403);
    expect(await search(`${prefix}-alerts-us-xx-county-2026`)).toBe(403);
    expect(await search(aliasOf(prefix, 'alerts'))).toBe(403);
    expect(await statusOf(reader.index({ index: `${prefix}-alerts-us-xx-2026`, document: {} }))).toBe(403);
    await reader.close();
  });

  it('is not spoken to when another authority signed its certificate', async () => {
    const wrong = { ...worker, ca: server.strangeCa };
    const stranger = connectElasticsearch(wrong);
    const { left } = await writeDocuments(stranger, [document('b')], { nowMs: NOW, patienceMs: 300 });
    expect(left[0]!.reason).toMatch(/certificate/);
    await stranger.close();
    const error = await setupElasticsearch({ ...server.administrator, ca: server.strangeCa }, ['us-xx'], {
      now: NOW,
      say: () => undefined,
    }).catch((e: unknown) => e);
    expect((error as OperatorError).problems[0]!.code).toBe('PW-ELASTIC-UNREACHABLE');
    expect((error as OperatorError).problems[0]!.hint).toContain('elasticsearch.ca_file');
    expect((error as OperatorError).problems[0]!.message).not.toContain('Node.js');
  });

  it('that no longer knows the key gets no document and loses none; a new worker refuses to start', async () => {
    await administrator.security.invalidateApiKey({ name: `${prefix}-writer` });
    const { done, dead, left } = await writeDocuments(client, [document('c')], { nowMs: NOW, patienceMs: 60_000 });
    expect([done, dead, left.length]).toEqual([[], [], 1]);
    const redis: RedisServer = await startRedis();
    const error = await startWorker(redis.settings(), worker).ended.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OperatorError);
    expect((error as OperatorError).problems.map((p) => p.code)).toEqual(['PW-ELASTIC-REFUSED']);
    expect(JSON.stringify(error) + String(error)).not.toContain(worker.apiKey);
    await redis.stop();
  });
});
