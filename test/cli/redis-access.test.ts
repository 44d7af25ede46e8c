/**
 * Redis with TLS, certificates of its clients and users with few rights, over a real server: what a person is told who has
 * set it up half, and that everything runs when it is set up right.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rightsOf } from '../../src/operate/redis-rights.ts';
import { makeAuthority } from '../parts/authority.ts';
import { freePort } from '../parts/free-port.ts';
import { type RedisServer, startOwn } from '../parts/redis.ts';
import { place, probingLog } from './pollwatch.ts';

const authority = makeAuthority();
let offices = 0;
const PASSWORD = 'worker-password';

let server: RedisServer;
let folder: string;
let port: number;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pollwatch-redis-access-'));
  const files = { server: authority.sign('127.0.0.1', 'IP:127.0.0.1'), client: authority.sign('worker') };
  for (const [name, { cert, key }] of Object.entries(files)) {
    writeFileSync(join(folder, `${name}.pem`), cert);
    writeFileSync(join(folder, `${name}.key`), key);
  }
  writeFileSync(join(folder, 'ca.pem'), authority.ca);
  writeFileSync(join(folder, 'other.pem'), makeAuthority().ca);
  port = await freePort();
  const args = ['cert-file', 'server.pem', 'key-file', 'server.key', 'ca-cert-file', 'ca.pem'];
  server = await startOwn({
    aof: true,
    args: [...args.map((word, i) => (i % 2 === 0 ? `--tls-${word}` : join(folder, word))), '--tls-port', `${port}`],
  });
  const admin = new Redis(server.url);
  await admin.call('ACL', 'SETUSER', 'worker', `>${PASSWORD}`, ...rightsOf('pollwatch'));
  await admin.call('ACL', 'SETUSER', 'poor', `>${PASSWORD}`, ...rightsOf('pollwatch'), '-hgetall', '-hget');
  admin.disconnect();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command with settings of Redis that are as they should be but for what is changed. */
function at(changes: Record<string, string | null>) {
  const here = place();
  const right = { url: `rediss://127.0.0.1:${port}`, username: 'worker', ca_file: join(folder, 'ca.pem') };
  const own = { cert_file: join(folder, 'client.pem'), key_file: join(folder, 'client.key') };
  here.put('password', PASSWORD);
  const fields = Object.entries({ ...right, ...own, password_file: 'password', ...changes });
  const written = fields.filter(([, value]) => value !== null).map(([name, value]) => `  ${name}: "${value}"\n`);
  const config = here.put(
    'pollwatch.yaml',
    `version: 1\nredis:\n${written.join('')}organizations: [{id: us-xx-${++offices}, name: X}]\n`,
  );
  return { here, run: (...args: string[]) => here.run(args, { env: { POLLWATCH_CONFIG: config } }) };
}

describe('a Redis that asks its clients for a certificate', () => {
  it('lets who has one and the rights that doctor names do everything', () => {
    const { here, run } = at({});
    const log = here.put('access.log', probingLog());
    expect(run('ingest', '--once', log)).toMatchObject({ status: 0, stderr: '' });
    expect(run('work', '--until-drained')).toMatchObject({ status: 0, stderr: '' });
    expect(run('status').stdout).toContain('46 events');
    expect(run('doctor').stdout).toContain('user "worker" of Redis may do what the workers do');
  });

  it('is told with what to do when it is set up half', () => {
    const plain = server.url;
    for (const [changes, told, hint] of [
      [{ cert_file: null, key_file: null }, 'certificate required', 'redis.cert_file and redis.key_file'],
      [{ ca_file: join(folder, 'other.pem') }, 'refuses (', 'redis.ca_file'],
      [{ ca_file: null }, 'refuses (', 'redis.ca_file'],
      [{ url: `rediss://localhost:${port}` }, 'ALTNAME', 'as the certificate of the server names it'],
      [{ url: `redis://127.0.0.1:${port}` }, 'does not answer', 'rediss://'],
      [{ url: plain.replace('redis:', 'rediss:') }, 'does not answer', 'begins with redis://'],
      [{ username: 'nobody' }, 'WRONGPASS', 'redis.username and redis.password_file'],
      [{ key_file: null }, 'belong together', 'or neither'],
      [{ cert_file: join(folder, 'client.key') }, 'it holds no certificate in PEM', 'BEGIN CERTIFICATE'],
    ] as const) {
      const { status, stderr } = at(changes).run('status');
      expect(stderr, JSON.stringify(changes)).toContain(told);
      expect(stderr, JSON.stringify(changes)).toContain(hint);
      expect(stderr).not.toMatch(/SSL routines|worker-password/);
      expect(status).toBe(2);
    }
  });
});

describe('a user of Redis without some right', () => {
  it('is told by each command with what to do, and by doctor with which right it is', () => {
    const { here, run } = at({ username: 'poor' });
    const log = here.put('access.log', probingLog());
    for (const args of [['status'], ['ingest', '--once', log], ['work', '--until-drained'], ['dead', 'list']]) {
      const { status, stderr } = run(...args);
      expect(stderr, args.join(' ')).toMatch(/^PW-REDIS-DENIED {2}Redis at \S+ refuses \(NOPERM/m);
      expect(stderr).toContain('`pollwatch doctor` says which');
      expect(status).toBe(2);
    }
    const { status, stdout } = run('doctor');
    expect(stdout).toMatch(/^BAD {3}user "poor" of Redis may not do everything that the workers do: HGET, HGETALL$/m);
    expect(stdout).toContain('redis-cli acl setuser poor on resetkeys ');
    expect(status).toBe(2);
  });
});
