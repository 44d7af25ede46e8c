/**
 * Connections to real servers: users with few rights, TLS with a CA of one's own, errors that say what is wrong.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rightsOf } from '../../src/operate/redis-rights.ts';
import { connect } from '../../src/queue/connection.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { dispatch, sweep } from '../../src/queue/dispatch.ts';
import { refsOfJob, startAnalyzeWorker } from '../../src/queue/queues.ts';
import { acquireLease, commitShard } from '../../src/queue/shard-store.ts';
import { makeAuthority } from '../parts/authority.ts';
import { freePort } from '../parts/free-port.ts';
import { type RedisServer, startOwn } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { apply, commitLines, install, loggedLines } from './county.ts';

describe('a user of its own', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startOwn();
    const admin = new Redis(server.url);
    // what `pollwatch doctor` tells an administrator to allow
    await admin.call('ACL', 'SETUSER', 'pollwatch', '>geheim', ...rightsOf('pollwatch'));
    await admin.call('ACL', 'SETUSER', 'default', 'off');
    admin.disconnect();
  });
  afterAll(() => server.stop());
  const settings = (password: string) => ({ ...server.settings('pollwatch'), username: 'pollwatch', password });

  it('that may touch the keys of pollwatch and no dangerous commands does everything that the room does', async () => {
    const pw = install(settings('geheim'));
    const worker = startAnalyzeWorker(pw.settings, async (job) => {
      await apply(pw.store, refsOfJob(job));
    });
    try {
      await commitLines(pw.store, 'adams', 20);
      await dispatch(pw.store, pw.queues, 'adams');
      await until('all is applied', async () => (await queueDepth(pw.store, 'adams')).flyingChunks === 0);
      await sweep(pw.store, pw.queues, ['adams']);
      const fence = (await acquireLease(pw.store, 'adams', 'w', 1000))!;
      expect(await commitShard(pw.store, 'adams', { fence, worker: 'w', documents: [], stats: {} })).toBe('committed');
      expect(await loggedLines(pw.store, 'adams')).toHaveLength(40);
    } finally {
      await worker.close();
      await pw.close();
    }
  });

  it('with a wrong password is told so by the first command, and the password stands in no error', async () => {
    const errors: Error[] = [];
    const redis = connect(settings('falsch-4711'), 'commands', (error) => errors.push(error));
    const answer = await redis.get('pollwatch:x').catch((error: Error) => error);
    expect(String(answer)).toMatch(/NOAUTH|WRONGPASS/);
    await until('the connection told its error', () => errors.length > 0);
    expect(errors.map(String).join('\n')).toContain('WRONGPASS');
    expect([answer, ...errors].map((error) => JSON.stringify(error) + String(error)).join()).not.toContain(
      'falsch-4711',
    );
    redis.disconnect();
  });
});

describe('TLS', () => {
  const authority = makeAuthority();
  let server: RedisServer;
  let dir: string;
  let port: number;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'pollwatch-redis-tls-'));
    const { cert, key } = authority.sign('127.0.0.1', 'IP:127.0.0.1');
    for (const [name, text] of Object.entries({ 'server.crt': cert, 'server.key': key, 'ca.crt': authority.ca }))
      writeFileSync(join(dir, name), text);
    port = await freePort();
    const files = ['cert-file', 'server.crt', 'key-file', 'server.key', 'ca-cert-file', 'ca.crt'];
    const args = files.map((word, i) => (i % 2 === 0 ? `--tls-${word}` : join(dir, word)));
    server = await startOwn({ args: [...args, '--tls-port', String(port), '--tls-auth-clients', 'no'] });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('with the CA that is given works, with another it does not connect', async () => {
    const settings = { ...server.settings(), url: `rediss://127.0.0.1:${port}` };
    const trusting = connect({ ...settings, ca: authority.ca }, 'commands');
    expect(await trusting.ping()).toBe('PONG');
    trusting.disconnect();
    const errors: Error[] = [];
    const doubting = connect(settings, 'commands', (error) => errors.push(error));
    await until('the certificate is refused', () => errors.length > 0);
    expect(String(errors[0])).toMatch(/certificate/);
    doubting.disconnect();
  });
});

describe('a server that is away', () => {
  it('lets a command wait until it is back', async () => {
    const server = await startOwn({ aof: true });
    const redis = connect(server.settings(), 'commands');
    await redis.set('a', '1');
    await server.killHard();
    const answer = redis.get('a');
    await server.restart();
    expect(await answer).toBe('1');
    redis.disconnect();
    await server.stop();
  });

  it('makes the address that is no URL an error at once', () => {
    const settings = { url: 'nowhere', username: null, password: null, ca: null, cluster: false, prefix: 'p' };
    expect(() => connect(settings, 'commands')).toThrow(TypeError);
  });
});
