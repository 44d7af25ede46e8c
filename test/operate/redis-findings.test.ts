/** What doctor says of a Redis: good ones and each way of being bad, all of them real. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisFindings, type ServerFinding } from '../../src/operate/redis-findings.ts';
import { rightsOf } from '../../src/operate/redis-rights.ts';
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
    expect(stateOf(await findingsOf({ args: ['--maxmemory', '500kb'] }), 'it is full, and logs wait')).toBe('bad');
  });

  it('whose clock is another is told', async () => {
    const found = await findingsOf({ now: () => Date.now() - 60_000 });
    expect(stateOf(found, 'clocks of Redis and of this machine differ by')).toBe('look');
    expect(stateOf(await findingsOf({}), 'clocks of Redis and of this machine differ by 0.0 s')).toBe('ok');
  });

  it('whose user may not run scripts or reach the keys is told which', async () => {
    const all = rightsOf('pollwatch');
    const well = await findingsOf({ user: all });
    expect(well.filter(({ what }) => what.includes('user')).map(({ state }) => state)).toEqual(['ok']);
    const narrow = await findingsOf({ user: [...all, '-evalsha'] });
    expect(stateOf(narrow, 'may not do everything that the workers do: EVALSHA')).toBe('bad');
    const elsewhere = await findingsOf({ user: [...all, 'resetkeys', '~other:*'] });
    expect(stateOf(elsewhere, 'may not do everything')).toBe('bad');
  });

  it('whose user lacks what doctor itself asks with is told, with a command that a shell takes as it stands', async () => {
    for (const right of ['-info', '-time', '-zrangebyscore', '-hset']) {
      const found = await findingsOf({ user: [...rightsOf('pollwatch'), right] });
      const [told] = found.filter(({ state, what }) => state === 'bad' && what.includes('may not do everything'));
      expect(told?.what, right).toContain(`workers do: ${right.slice(1).toUpperCase()}`);
      const words = spawnSync('sh', [
        '-c',
        told!.fix!.replace('redis-cli', "printf '%s\\n'").replace(/;.*/, ''),
      ]).stdout;
      expect(String(words).trimEnd().split('\n')).toEqual(['acl', 'setuser', 'worker', ...rightsOf('pollwatch')]);
    }
    const silent = await findingsOf({ user: [...rightsOf('pollwatch'), '-acl'] });
    expect(stateOf(silent, 'cannot be asked')).toBe('look');
  });

  it('needs of its user what docs/servers.md says, as it stands there', () => {
    const docs = readFileSync(new URL('../../docs/servers.md', import.meta.url), 'utf8');
    const [line] = /^redis-cli acl setuser .*$/m.exec(docs) ?? [''];
    const words = String(spawnSync('sh', ['-c', line.replace('redis-cli', "printf '%s\\n'")]).stdout)
      .trimEnd()
      .split('\n');
    expect(words).toEqual(['acl', 'setuser', 'pollwatch', '>PASSWORD', ...rightsOf('pollwatch')]);
  });

  it('of a cluster lets that user in, and nowhere does it reach beyond the keys', async () => {
    const server = await startOwn({ cluster: true });
    onTestFinished(() => server.stop());
    const admin = new Redis(server.url);
    onTestFinished(() => admin.disconnect());
    await admin.call('ACL', 'SETUSER', 'worker', '>worker-password', ...rightsOf('pollwatch'));
    const store = openStore({ ...server.settings('pollwatch'), username: 'worker', password: 'worker-password' });
    expect((await redisFindings(store)).filter(({ what }) => what.includes('may do'))).toHaveLength(1);
    await store.close();
    const may = async (...words: string[]) => String(await admin.call('ACL', 'DRYRUN', 'worker', ...words)) === 'OK';
    expect(await may('HSET', 'pollwatch:{x}:stats', 'f', '1')).toBe(true);
    for (const words of [
      ['GET', 'others'],
      ['EVAL', 'x', '1', 'others'],
      ['FUNCTION', 'FLUSH'],
      ['SCRIPT', 'FLUSH'],
      ['FLUSHDB'],
      ['KEYS', '*'],
      ['SCAN', '0'],
      ['RANDOMKEY'],
      ['PUBLISH', 'x', 'x'],
      ['CONFIG', 'GET', 'requirepass'],
      ['ACL', 'LIST'],
    ])
      expect(await may(...words), words.join(' ')).toBe(false);
  });
});
