/** ECS events that stand in a real Elasticsearch, 9 and 8.19: read once, in the order of their time, whatever happens. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, connectElasticsearch } from '../../src/elastic/client.ts';
import type { IngestOrigin } from '../../src/model/installation.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { accessLine, accessLines, type Office, openOffice, READING } from './office.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each(SERVERS)('Elasticsearch $name', (shared) => {
  let url: string;
  let client: Client;
  let office: Office;
  let index: string;
  let origin: IngestOrigin;
  beforeAll(async () => {
    url = await shared.url();
    client = connectElasticsearch(settingsFor(url, 'unused'));
  }, START_MS);
  afterAll(() => client?.close());
  beforeEach(async () => {
    office = openOffice(redis.settings());
    index = `${ownPrefix('events')}-2026`;
    origin = { kind: 'elasticsearch', name: 'siem', elasticsearch: settingsFor(url, 'x'), index, reading: READING };
    const properties = { '@timestamp': { type: 'date' as const } };
    await client.indices.create({ index, mappings: { dynamic: false, properties }, settings: { number_of_shards: 3 } });
  });
  afterEach(async () => {
    await client.indices.delete({ index });
    await office.close();
  });

  /** Documents [from, to): time and text from the number; ten share each millisecond unless all do. */
  const put = async (from: number, to: number, timeOf = (n: number) => Math.floor(n / 10)) => {
    const start = Date.parse('2026-09-14T00:00:00Z');
    const operations = Array.from({ length: to - from }, (_, i) => from + i).flatMap((n) => [
      { index: {} },
      { '@timestamp': new Date(start + timeOf(n)).toISOString(), event: { original: accessLine(n) } },
    ]);
    const answer = await client.bulk({ index, refresh: true, operations });
    expect(answer.errors).toBe(false);
  };

  it('gives every document once, also where a page ends among documents of one millisecond, and what is new later', async () => {
    await put(0, 6005);
    await office.readOnce([origin]);
    const lines = await office.lines();
    expect(lines.length).toBe(6005);
    expect([...lines].sort()).toEqual(accessLines(0, 6005).sort());
    const millisecond = (line: string) => Math.floor(Number(/GET \/(\d+)/.exec(line)![1]) / 10);
    expect(lines.map(millisecond)).toEqual(lines.map(millisecond).sort((a, b) => a - b));
    await put(6010, 6020);
    await office.readOnce([origin]);
    await office.readOnce([origin]);
    expect((await office.lines()).length).toBe(6015);
  });

  it('gives all documents of one timestamp, and whole documents where no line is kept', async () => {
    await put(0, 4500, () => 7);
    await client.index({
      index,
      refresh: true,
      document: { '@timestamp': '2026-09-14T09:00:00Z', source: { ip: '203.0.113.9' } },
    });
    await office.readOnce([origin]);
    const origins = await office.ingested();
    expect(new Set(origins.find(({ format }) => format === 'combined')!.lines).size).toBe(4500);
    expect(origins.find(({ format }) => format === 'ecs')!.lines).toEqual([
      '{"@timestamp":"2026-09-14T09:00:00Z","source":{"ip":"203.0.113.9"}}',
    ]);
  });

  it('goes on behind a committed batch after a stop in the middle of it, and repeats nothing', async () => {
    await put(0, 3000);
    for (let n = 0; n < 12; n++) {
      await client.index({ index, document: { '@timestamp': '2026-09-14T00:00:00.001Z', n } });
    }
    await client.indices.refresh({ index });
    // the queue takes one chunk and no more: the batch stands in one of its two origins when the run is stopped
    const run = office.start([origin], {}, 1);
    await until('the first chunk', async () => (await office.lines()).length > 0);
    await until('the full queue', () => run.notices.some(({ code }) => code === 'PW-INGEST-FULL'));
    await run.stop();
    expect((await office.lines()).length).toBeLessThan(3012);
    await office.readOnce([origin]);
    const lines = await office.lines();
    expect(lines.length).toBe(3012);
    expect(new Set(lines).size).toBe(3012);
  });
});

it('an index that cannot be reached is told once, with what to do', async () => {
  const office = openOffice(redis.settings());
  const silent = createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const elasticsearch = settingsFor(`http://127.0.0.1:${port}`, 'x');
  const run = office.start([{ kind: 'elasticsearch', name: 'siem', elasticsearch, index: 'logs-*', reading: READING }]);
  try {
    await until('the notice', () => run.notices.length > 0);
    expect(run.notices).toMatchObject([{ code: 'PW-INGEST-INDEX', origin: 'siem', isOver: false }]);
  } finally {
    await run.stop();
    silent.close();
    await office.close();
  }
});
