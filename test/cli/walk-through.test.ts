/**
 * The walk-through of the README, word by word: its lines are run as they stand, in this checkout, against servers that the
 * test starts. Only the addresses and the first part of names are those of the test.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectElasticsearch } from '../../src/elastic/client.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { type RedisServer, startOwn } from '../parts/redis.ts';
import { ROOT } from './pollwatch.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const [, walk = ''] = /<!-- walk:begin[^>]*-->([\s\S]*?)<!-- walk:end -->/.exec(readme) ?? [];
const [servers = [], commands = []] = [...walk.matchAll(/```\n([\s\S]*?)```/g)].map((block) =>
  block[1]!.trim().split('\n'),
);
const KEY = 'POLLWATCH_CONFIG';

describe("the README's walk-through", () => {
  let home: string;
  let redis: RedisServer;
  let elasticsearch: string;
  let prefix: string;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'pollwatch-walk-'));
    redis = await startOwn({ aof: true });
    elasticsearch = await SERVERS[0]!.url();
    prefix = ownPrefix('walk');
  }, START_MS);
  afterAll(async () => {
    await redis.stop();
    rmSync(home, { recursive: true, force: true });
  });

  function run(line: string): { line: string; status: number | null; stdout: string; stderr: string } {
    const own = line
      .replaceAll('http://127.0.0.1:9200', elasticsearch)
      .replaceAll('/pollwatch-alerts', `/${prefix}-alerts`);
    const ran = spawnSync('sh', ['-c', own], {
      cwd: ROOT,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        [KEY]: commands[0]!.split('=')[1],
        POLLWATCH_REDIS_URL: redis.url,
        POLLWATCH_ELASTICSEARCH_URL: elasticsearch,
        POLLWATCH_ELASTICSEARCH_PREFIX: prefix,
      },
    });
    return { line, status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  }

  it('starts the servers that the test starts, too', () => {
    expect(servers.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'npm ci',
      'redis-server --appendonly',
      'npm run',
    ]);
    expect(commands[0]).toBe(`export ${KEY}=config/pollwatch.example.yaml`);
  });

  it('ends with alerts in Elasticsearch, one of them closed', async () => {
    const ran = commands.slice(1).map((line) => run(line));
    const [doctor, setup, ingest, work, status, , search, ack, again] = ran;
    expect(doctor!.status, doctor!.stdout).toBe(2);
    expect(doctor!.stdout.match(/^BAD .*/gm)!.every((line) => line.includes('PW-ELASTIC-NO-INDEX'))).toBe(true);
    for (const { line, status: code, stderr } of ran.slice(1)) expect([line, code, stderr]).toEqual([line, 0, '']);
    expect(setup!.stdout).toContain(`index ${prefix}-alerts-us-xx-example-2026: made`);
    expect(ingest!.stdout).toMatch(/^put into the queue: [\d,]+ bytes of 3 logs, in \d+ chunks$/m);
    expect(work!.stdout).toBe('');
    expect(status!.stdout).toMatch(
      /us-xx-example[\s\S]*13,658 events, 0 skipped, 0 refused\n {2}queue {6}nothing waits/,
    );
    const { hits } = JSON.parse(search!.stdout) as { hits: { total: { value: number }; hits: { _id: string }[] } };
    expect(hits.total.value).toBe(4);
    const [, id] = /ack ([0-9a-f]+)/.exec(ack!.line)!;
    expect(hits.hits.map(({ _id }) => _id)).toContain(id);
    expect(again!.status).toBe(0);

    const client = connectElasticsearch(settingsFor(elasticsearch, prefix));
    const { _source, _version } = await client.get<{ pollwatch: { alert: { status: string } } }>({
      index: `${prefix}-alerts-us-xx-example-2026`,
      id: id!,
    });
    await client.close();
    expect(_source!.pollwatch.alert.status).toBe('closed');
    expect(_version! % 2 ** 32).toBe(2);
    expect(run('./pollwatch doctor')).toMatchObject({ status: 0, stdout: expect.not.stringContaining('BAD') });
  });
});
