/** The commands of an always-on installation that a person uses, against a real Redis. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisSettings } from '../../src/model/installation.ts';
import { commitChunk } from '../../src/queue/chunk-store.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { closeOrigin, registerOrigin } from '../../src/queue/origins.ts';
import { noteProgress } from '../../src/queue/progress.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { readLog } from '../../src/queue/shard-store.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { decodeRecord } from '../../src/shard-record.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { type Place, place, type Ran } from './pollwatch.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** An installation of two organisations with keys of its own in Redis. */
function installation(): {
  here: Place;
  settings: RedisSettings;
  run: (...args: string[]) => Ran;
  inStore: <Result>(work: (store: QueueStore) => Promise<Result>) => Promise<Result>;
} {
  const here = place();
  const settings = redis.settings();
  const config = here.put(
    'pollwatch.yaml',
    'version: 1\norganizations: [{id: us-xx-a, name: A County}, {id: us-xx-b, name: B County}]\n',
  );
  const env = {
    POLLWATCH_CONFIG: config,
    POLLWATCH_REDIS_URL: settings.url,
    POLLWATCH_REDIS_PREFIX: settings.prefix,
  };
  return {
    here,
    settings,
    run: (...args) => here.run(args, { env }),
    async inStore(work) {
      const store = openStore(settings);
      try {
        return await work(store);
      } finally {
        await store.close();
      }
    },
  };
}

/** One chunk of an origin that waits; returns the origin's number. */
async function ingestOne(store: QueueStore, org: string, name = '/var/log/access.log'): Promise<number> {
  const { number, seq } = await registerOrigin(store, org, name);
  const answer = await commitChunk(store, org, number, {
    expectedSeq: seq,
    bytes: Buffer.from('one line\n'),
    seal: createSeal(Buffer.alloc(32, 1)),
    position: { at: 9 },
    format: 'combined',
    context: { year: 2026, timezone: 'UTC' } as never,
    asset: 0,
    queuedBytesMax: 2 ** 30,
  });
  expect(answer.state).toBe('committed');
  return number;
}

/** A dead letter as the store keeps it: a chunk that was given up. */
async function bury(store: QueueStore, org: string, reason: string): Promise<string> {
  const origin = await ingestOne(store, org);
  const keys = organizationKeys(store.prefix, org);
  await store.redis.lpop(keys.outbox);
  await store.redis.hset(keys.dead, `chunk:${origin}:0`, JSON.stringify({ reason, at: 1_789_000_000_000 }));
  return `chunk:${origin}:0`;
}

describe('pollwatch status', () => {
  it('says of an installation that nothing was ingested into that nothing waits', () => {
    const { run } = installation();
    const { status, stdout, stderr } = run('status');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('us-xx-a  A County\n');
    expect(stdout).toMatch(/us-xx-b {2}B County\n {2}lines {6}0 read.*\n {2}queue {6}nothing waits/);
  });

  it('says what waits, which origins there are, and how far the decisions are', async () => {
    const { run, inStore } = installation();
    await inStore(async (store) => {
      const origin = await ingestOne(store, 'us-xx-a', '/var/log/\u001b[31mred.log');
      await closeOrigin(store, 'us-xx-a', origin);
      const at = Date.UTC(2026, 8, 14, 19, 59);
      const worker = 'host:1';
      const progress = { decided: 0, isSettled: true, eventMs: at, alertMs: at, alerts: 3, worker };
      await noteProgress(store, 'us-xx-a', progress);
    });
    const { stdout } = run('status');
    expect(stdout).toContain('1 chunks (');
    expect(stdout).toContain('/var/log/\\x1b[31mred.log: combined, ended, 9 B read, 0 of 1 chunks applied');
    expect(stdout).toContain('events until 2026-09-14T19:59:00Z');
    expect(stdout).toContain('3 alerts, the last 2026-09-14T19:59:00Z');
    expect(stdout).not.toContain('\u001b');
    const [a] = run('status', '--json').stdout.split('\n');
    expect(JSON.parse(a!)).toMatchObject({ organization: 'us-xx-a', isDrained: false, depth: { waitingChunks: 1 } });
  });

  it('names organizations that nobody here is configured for', async () => {
    const { run, inStore } = installation();
    await inStore((store) => registerOrigin(store, 'us-xx-gone', 'x'));
    expect(run('status').stdout).toContain('us-xx-gone  us-xx-gone  (not configured here');
  });
});

describe('pollwatch dead', () => {
  it('lists what was given up with its reason, escaped', async () => {
    const { run, inStore } = installation();
    const id = await inStore((store) => bury(store, 'us-xx-a', 'bad \u001b[31mred'));
    const { status, stdout } = run('dead');
    expect(status).toBe(0);
    expect(stdout).toContain(`us-xx-a  ${id}  2026-`);
    expect(stdout).toContain('bad \\x1b[31mred');
    expect(JSON.parse(run('dead', 'show', id).stdout)).toMatchObject({ organization: 'us-xx-a', id, kind: 'chunk' });
    expect(JSON.parse(run('dead', 'list', '--json').stdout)).toMatchObject({ id });
  });

  it('replay gives it to the workers again, drop gives it up', async () => {
    const { run, inStore, settings } = installation();
    const [replayed, dropped] = await inStore(async (store) => [
      await bury(store, 'us-xx-a', 'x'),
      await bury(store, 'us-xx-b', 'y'),
    ]);
    expect(run('dead', 'replay', '--organization', 'us-xx-a', replayed!).stdout).toBe('1 of 1 done\n');
    expect(run('dead', 'drop', '--organization', 'us-xx-b', '--all').stdout).toBe('1 of 1 done\n');
    await inStore(async (store) => {
      const keys = (org: string) => organizationKeys(settings.prefix, org);
      expect((await store.redis.zrange(keys('us-xx-a').flying, '0', '-1')).map(String)).toEqual([
        replayed!.slice('chunk:'.length),
      ]);
      expect(await store.redis.exists(keys('us-xx-b').chunk(1, 0))).toBe(0);
      expect(Number(await store.redis.get(keys('us-xx-b').queued))).toBe(0);
      expect(Number(await store.redis.hget(keys('us-xx-b').stats, 'dropped_chunks'))).toBe(1);
    });
    expect(dropped).toBe('chunk:1:0');
    expect(run('dead').stdout).toBe('');
  });

  it('wants to know which, and whose', async () => {
    const { run, inStore } = installation();
    await inStore(async (store) => [await bury(store, 'us-xx-a', 'x'), await bury(store, 'us-xx-b', 'y')]);
    expect(run('dead', 'drop')).toMatchObject({ status: 2, stderr: expect.stringContaining('PW-CLI-DEAD') });
    expect(run('dead', 'drop', '--all', 'chunk:1:0').status).toBe(2);
    expect(run('dead', 'drop', '--all').stderr).toContain('PW-CLI-ORGANIZATION');
    const unknown = run('dead', 'replay', '--organization', 'us-xx-a', 'chunk:9:9');
    expect(unknown.stderr).toContain('PW-DEAD-UNKNOWN');
    expect(unknown.status).toBe(2);
  });
});

describe('pollwatch ack', () => {
  it('tells the organization of the alert what was done about it', async () => {
    const { run, inStore, settings } = installation();
    const keys = organizationKeys(settings.prefix, 'us-xx-b');
    await inStore(async (store) => {
      await registerOrigin(store, 'us-xx-a', 'x');
      await registerOrigin(store, 'us-xx-b', 'x');
      await store.redis.hset(keys.revisions, 'abc123', JSON.stringify({ v: 1, d: 'x' }));
    });
    const { status, stdout } = run('ack', 'abc123', '--status', 'closed');
    expect(stdout).toContain('us-xx-b: abc123 is "closed"');
    expect(status).toBe(0);
    const { records } = await inStore((store) => readLog(store, 'us-xx-b', 0, 1e6));
    expect(records.map((bytes) => decodeRecord(bytes))).toEqual([
      { kind: 'ack', id: 'abc123', status: 'closed', atMs: expect.any(Number) },
    ]);
  });

  it('of an alert that nobody has is a mistake', () => {
    const { run } = installation();
    expect(run('ack', 'nothing')).toMatchObject({ status: 2, stderr: expect.stringContaining('PW-ACK-UNKNOWN') });
    expect(run('ack', 'x', '--status', 'done').stderr).toContain('PW-CLI-OPTION');
  });
});

describe('a Redis that cannot be used', () => {
  it('because nothing is there is told with the address and what to do', async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = server.address() as { port: number };
        server.close(() => resolve(free));
      });
    });
    const here = place();
    const { status, stderr } = here.run(['status'], { env: { POLLWATCH_REDIS_URL: `redis://127.0.0.1:${port}` } });
    expect(stderr).toMatch(
      /^PW-REDIS-UNREACHABLE {2}Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer \(ECONNREFUSED/,
    );
    expect(stderr).toContain('hint: start it');
    expect(status).toBe(2);
  });

  it('because the password is wrong is told at once, without the password', async () => {
    const server = await startOwn();
    const store = openStore(server.settings());
    await store.redis.config('SET', 'requirepass', 'right-password');
    await store.close();
    try {
      const env = { POLLWATCH_REDIS_URL: server.url, POLLWATCH_REDIS_PASSWORD: 'wrong-password' };
      const { status, stderr } = place().run(['status'], { env });
      expect(stderr).toContain('PW-REDIS-DENIED');
      expect(stderr).not.toContain('wrong-password');
      expect(status).toBe(2);
    } finally {
      await server.stop();
    }
  });
});
