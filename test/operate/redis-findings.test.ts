/** What doctor says of a Redis: good ones and each way of being bad, all of them real. */
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisFindings, rightsOf, type ServerFinding } from '../../src/operate/redis-findings.ts';
import { openStore } from '../../src/queue/store.ts';
import { startOwn } from '../parts/redis.ts';

async function findingsOf(options: { aof?: boolean; args?: string[]; user?: string[]; now?: () => number }) {
  const server = await startOwn({ aof: options.aof ?? false, args: options.args ?? [] });
  onTestFinished(() => server.stop());
  let settings = server.settings('pollwatch');
  if (options.user !== undefined) {
    const admin = new Redis(server.url);
    await admin.call('ACL', 'SETUSER', 'worker', 'on', '>worker-password', ...options.user);
    admin.disconnect();
    settings = { ...settings, username: 'worker', password: 'worker-password' };
  }
  const store = openStore(settings);
  try {
    return await redisFindings(store, options.now);
  } finally {
    await store.close();
  }
}
const stateOf = (found: ServerFinding[], words: string) => found.find(({ what }) => what.includes(words))?.state;

describe('a Redis', () => {
  it('that keeps everything, has a bound and lets the worker work is well', async () => {
    const found = await findingsOf({ aof: true, args: ['--maxmemory', '1gb', '--maxmemory-policy', 'noeviction'] });
    expect(found.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(found.map(({ what }) => what).join('\n')).toMatch(
      /Redis 7\.\d.*append-only.*noeviction.*MiB used of 1024 MiB/s,
    );
  });

  it('that keeps nothing on disk, throws keys away or has no bound is told', async () => {
    const found = await findingsOf({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    expect(stateOf(found, 'appendonly no')).toBe('bad');
    expect(stateOf(found, 'allkeys-lru')).toBe('bad');
    expect(stateOf(found, 'no bound of memory')).toBe('look');
    expect(found.every(({ state, fix }) => state === 'ok' || fix !== undefined)).toBe(true);
  });

  it('whose memory is nearly full is told', async () => {
    const found = await findingsOf({ args: ['--maxmemory', '1mb'] });
    expect(stateOf(found, 'of 1 MiB')).toBe('look');
  });

  it('whose clock is another is told', async () => {
    const found = await findingsOf({ now: () => Date.now() - 60_000 });
    expect(stateOf(found, 'clocks of Redis and of this machine differ by')).toBe('look');
    expect(stateOf(await findingsOf({}), 'clocks of Redis and of this machine differ by 0.0 s')).toBe('ok');
  });

  it('whose user may not run scripts or reach the keys is told which', async () => {
    const all = rightsOf('pollwatch').slice(1);
    const well = await findingsOf({ user: all });
    expect(well.filter(({ what }) => what.includes('user')).map(({ state }) => state)).toEqual(['ok']);
    const narrow = await findingsOf({ user: [...all, '-evalsha'] });
    expect(stateOf(narrow, 'may not do everything that the workers do: EVALSHA')).toBe('bad');
    const elsewhere = await findingsOf({ user: ['~other:*', ...all.slice(2)] });
    expect(stateOf(elsewhere, 'may not do everything')).toBe('bad');
  });
});
