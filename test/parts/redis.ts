/**
 * A real Redis for a test: a server of its own on a free port of 127.0.0.1, in a folder of its own, alone or as a cluster
 * of one node that holds all slots. Where POLLWATCH_TEST_REDIS_URL names a running server, tests that do not restart it
 * use that one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../src/model/installation.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export interface RedisOptions {
  /**
   * write every change to an append-only file before it is acknowledged, so that kill -9 loses nothing: synced each second
   * (as in production) it would be written later while the disk is busy
   */
  readonly aof?: boolean;
  /** cluster mode, all slots assigned to this node */
  readonly cluster?: boolean;
  /** folder of its data; a new one that is removed at the end unless given */
  readonly dir?: string;
  /** more arguments, such as ['--maxmemory', '10mb']; they win */
  readonly args?: readonly string[];
}

export interface RedisServer {
  readonly url: string;
  /** the server's process; 0 when it is not ours */
  readonly pid: number;
  /** settings for this server; with a prefix that nobody else uses unless one is given */
  settings(prefix?: string): RedisSettings;
  /** kill -9, and waits for its end */
  killHard(): Promise<void>;
  /** starts it again on the same port with the same folder, after killHard */
  restart(): Promise<void>;
  /** ends it and removes its folder */
  stop(): Promise<void>;
}

/**
 * Starts a server, or uses the one of POLLWATCH_TEST_REDIS_URL when no option asks for a server of its own. Throws with
 * what to do when there is none.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const running = process.env['POLLWATCH_TEST_REDIS_URL'];
  if (running !== undefined && running !== '' && Object.keys(options).length === 0) return foreign(running);
  return startOwn(options);
}

/** A server that nobody else uses: one that is killed and restarted. */
export async function startOwn(options: RedisOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'pollwatch-redis-'));
  const port = await freePort(options.cluster === true);
  const url = `redis://127.0.0.1:${port}`;
  let server = await launch(port, dir, options);
  return {
    url,
    get pid() {
      return server.pid!;
    },
    settings: (prefix) => settingsOf(url, prefix, options.cluster === true),
    killHard: () => end(server, 'SIGKILL'),
    async restart() {
      await end(server, 'SIGKILL');
      server = await launch(port, dir, options);
    },
    async stop() {
      await end(server, 'SIGTERM');
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

function foreign(url: string): RedisServer {
  const refuse = () => Promise.reject(new Error('a server that is not ours is not killed'));
  return {
    url,
    pid: 0,
    settings: (prefix) => settingsOf(url, prefix, false),
    killHard: refuse,
    restart: refuse,
    stop: () => Promise.resolve(),
  };
}

function settingsOf(url: string, prefix: string | undefined, cluster: boolean): RedisSettings {
  const { username, password } = new URL(url);
  return {
    url,
    username: username === '' ? null : decodeURIComponent(username),
    password: password === '' ? null : decodeURIComponent(password),
    ca: null,
    cluster,
    prefix: prefix ?? `test-${randomBytes(6).toString('hex')}`,
  };
}

async function launch(port: number, dir: string, options: RedisOptions): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--daemonize', 'no'];
  args.push('--appendonly', options.aof === true ? 'yes' : 'no', '--appendfsync', 'always', '--loglevel', 'warning');
  if (options.cluster === true) args.push('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  const child = spawn('redis-server', [...args, ...(options.args ?? [])], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  guard(child);
  let fault: Error | null = null;
  child.on('error', (error) => {
    fault = error;
  });
  try {
    await ready(port, options.cluster === true, () => {
      if (fault !== null) throw fault;
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}: ${said}`);
    });
  } catch (cause) {
    child.kill('SIGKILL');
    throw new Error(
      'no Redis for the tests: install redis-server (7.0 or newer) so that it is on the PATH, or name a running server with POLLWATCH_TEST_REDIS_URL=redis://127.0.0.1:6379',
      { cause },
    );
  }
  return child;
}

/**
 * A test run that is broken off leaves no server behind: a shell waits for the end of a pipe that only we hold open, and
 * kills the server then. It ends with the server.
 */
function guard(server: ChildProcess): void {
  if (server.pid === undefined) return;
  const watcher = spawn('sh', ['-c', `read -r _; kill -9 ${server.pid}`], { stdio: ['pipe', 'ignore', 'ignore'] });
  watcher.unref();
  server.once('exit', () => watcher.kill('SIGKILL'));
}

/** Waits until it answers; gives a cluster node its slots and waits until it says that they are served. */
async function ready(port: number, isCluster: boolean, check: () => void): Promise<void> {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
    enableReadyCheck: true,
  });
  redis.on('error', () => undefined);
  try {
    let answered = false;
    const asked = redis.ping().then(() => {
      answered = true;
    });
    await until('redis-server answers', () => {
      check();
      return answered;
    });
    await asked;
    if (!isCluster) return;
    if (String(await redis.cluster('INFO')).includes('cluster_slots_assigned:0')) {
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    }
    await until('the cluster serves all slots', async () =>
      String(await redis.cluster('INFO')).includes('cluster_state:ok'),
    );
  } finally {
    redis.disconnect();
  }
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}
