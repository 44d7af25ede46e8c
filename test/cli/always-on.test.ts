/** The commands of an always-on installation that a person uses, against a real Redis. */

import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RedisSettings } from '../../src/model/installation.ts';
import { HOUR, MINUTE } from '../../src/model/time.ts';
import { rightsOf, USED_COMMANDS } from '../../src/operate/redis-rights.ts';
import { commitChunk } from '../../src/queue/chunk-store.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { closeOrigin, readOrigins, registerOrigin } from '../../src/queue/origins.ts';
import { takePending } from '../../src/queue/pending.ts';
import { noteProgress } from '../../src/queue/progress.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { readLog } from '../../src/queue/shard-store.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { decodeRecord } from '../../src/shard/record.ts';
import { freePort } from '../parts/free-port.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { accessLine, field, LAUNCHER, type Place, place, probingLog, type Ran } from './pollwatch.ts';

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
      const progress = {
        decided: 0,
        isSettled: true,
        eventMs: at,
        alertMs: at,
        alerts: 3,
        late: 1234,
        factsLeftOut: 4321,
        worker,
      };
      await noteProgress(store, 'us-xx-a', progress);
    });
    const { stdout } = run('status');
    expect(stdout).toContain('1 chunk (');
    expect(stdout).toContain('/var/log/\\x1b[31mred.log: combined, ended, 9 B read, 0 of 1 chunk applied');
    expect(stdout).toContain('events until 2026-09-14T19:59:00Z');
    expect(stdout).toContain('0 refused; 1,234 events came late\n');
    expect(stdout).toContain('4,321 alerts of other organisations left out');
    expect(stdout).toContain('3 alerts, the last 2026-09-14T19:59:00Z');
    expect(stdout).not.toContain('\u001b');
    const [a] = run('status', '--json').stdout.split('\n');
    expect(JSON.parse(a!)).toMatchObject({ organization: 'us-xx-a', isDrained: false, depth: { waitingChunks: 1 } });
  });

  it('says whose times cannot be right, and calls ten minutes that are not over yet the last ten', async () => {
    const { run, inStore } = installation();
    const note = (aheadMs: number) =>
      inStore(async (store) => {
        const origin = await ingestOne(store, 'us-xx-a', '/var/log/kern.log');
        const { updated } = await store.redis.hgetall(organizationKeys(store.prefix, 'us-xx-a').origin(origin));
        const eventMs = Number(updated) + aheadMs;
        const known = { decided: 0, isSettled: true, alertMs: null, alerts: 0, late: 0, worker: 'host:1' };
        await noteProgress(store, 'us-xx-a', { ...known, eventMs, originMs: { [origin]: eventMs } });
      });
    await note(6 * HOUR + 10 * MINUTE);
    const wrong = run('status').stdout;
    expect(wrong).toMatch(/decided {4}events until \S+Z, 6 h ahead of this machine's clock\n/);
    expect(wrong).toMatch(
      /kern\.log: .*; its times lie 6 h or more ahead of when its lines came: is its time zone or its clock/,
    );
    await note(8 * MINUTE);
    const right = run('status').stdout;
    expect(right).toContain('decided    events of the last ten minutes\n');
    expect(right).not.toContain('ahead of');
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
    expect(run('dead', 'list')).toEqual({ status: 0, stdout: '', stderr: 'there are no dead letters\n' });
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
    const port = await freePort();
    const here = place();
    const { status, stderr } = here.run(['status'], { env: { POLLWATCH_REDIS_URL: `redis://127.0.0.1:${port}` } });
    expect(stderr).toMatch(
      /^PW-REDIS-UNREACHABLE {2}Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer \(ECONNREFUSED/,
    );
    expect(stderr).toContain('hint: start it');
    expect(status).toBe(2);
  });

  it('because nothing is there leaves doctor the rest to look at: the mail server is tried all the same', () => {
    const here = place();
    const config = here.put(
      'pollwatch.yaml',
      'version: 1\nredis: {url: "redis://127.0.0.1:1/0"}\nmail: {server: 127.0.0.1, port: 2, security: none, from: p@example.gov}\n',
    );
    const { status, stdout } = here.run(['doctor', '--config', config]);
    expect(stdout).toContain('BAD   PW-REDIS-UNREACHABLE');
    expect(stdout).toMatch(/^BAD {3}mail server 127\.0\.0\.1:2 .*ECONNREFUSED/m);
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

/** A process of ./pollwatch that runs while the test does something. */
function start(here: Place, env: Record<string, string>, args: string[]) {
  const child = spawn(LAUNCHER, args, {
    cwd: here.folder,
    env: { PATH: process.env['PATH'], HOME: here.folder, TZ: 'UTC', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines = (): Record<string, unknown>[] =>
    stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { child, ended, lines, stderr: () => stderr };
}

describe('pollwatch ingest and pollwatch work', () => {
  it('turn logs into the alerts of analyze, and end when everything is decided', async () => {
    const { here, run, inStore } = installation();
    const log = here.put('access.log', probingLog());
    const ingest = run('ingest', '--once', '--organization', 'us-xx-a', log);
    expect(ingest.stderr).toBe('');
    expect(ingest).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/put into the queue: [\d,]+ bytes of 1 log, in 1 chunk\n/),
    });
    expect(run('work', '--until-drained')).toMatchObject({ status: 0, stderr: '' });
    const [status] = run('status', '--json').stdout.split('\n');
    expect(JSON.parse(status!)).toMatchObject({
      organization: 'us-xx-a',
      isDrained: true,
      depth: { queuedBytes: 0, deadLetters: 0, stats: { lines: 46, events: 46 } },
      progress: { isSettled: true },
    });
    const inventory = here.put('a.yaml', 'version: 1\norganization: {id: us-xx-a, name: A County}\n');
    here.run(['analyze', '--config', inventory, '--report', 'none', '--output', 'alerts.ndjson', log]);
    const ids = here.documents('alerts.ndjson').map((document) => field(document, 'event.id'));
    // beside the alerts wait what the day leaves behind: its summary and its sources
    const waiting = await inStore((store) => takePending(store, 'us-xx-a', 10_000));
    const alerts = waiting.filter(({ index }) => index === 'pollwatch-alerts-us-xx-a-2026');
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(alerts.map(({ id }) => id))).toEqual(new Set(ids));
  });

  it('work with the rights that doctor recommends and no more, and doctor is content', async () => {
    const server = await startOwn({ aof: true, args: ['--maxmemory', '256mb'] });
    onTestFinished(() => server.stop());
    const admin = openStore(server.settings('pollwatch'));
    await admin.redis.call('ACL', 'SETUSER', 'worker', '>worker-password', ...rightsOf('pollwatch'));
    await admin.close();
    const here = place();
    const env = {
      POLLWATCH_REDIS_URL: server.url,
      POLLWATCH_REDIS_USERNAME: 'worker',
      POLLWATCH_REDIS_PASSWORD: 'worker-password',
    };
    const log = here.put('access.log', probingLog());
    expect(here.run(['ingest', '--once', log], { env })).toMatchObject({ status: 0, stderr: '' });
    const work = here.run(['work', '--until-drained', '--log-level', 'debug'], { env });
    expect(work.status).toBe(0);
    // the log says what was done, and neither a secret nor a line of the log that was read
    const said = work.stderr.trimEnd().split('\n');
    expect(said.map((line) => (JSON.parse(line) as { message: string }).message)).toContain('chunks were analysed');
    expect(work.stderr).not.toMatch(/worker-password|wp-config|198\.51\.100\.7/);
    expect(here.run(['status'], { env }).stdout).toContain('46 events');
    const doctor = here.run(['doctor'], { env });
    expect(doctor.stdout).toContain('user "worker" of Redis may do what the workers do');
    expect(doctor.stdout).not.toContain('BAD');
    expect(doctor.status).toBe(0);
    // doctor asks about every command that was sent, alone or from a script
    const after = openStore(server.settings('pollwatch'));
    const sent = [...String(await after.redis.info('commandstats')).matchAll(/^cmdstat_([^:]+):/gm)].map(
      ([, name]) => name!,
    );
    const asked = await after.redis.acl('LOG');
    await after.close();
    const isOurs = (name: string) => !/^(acl|auth|hello|quit|select|info$|config\|get)/.test(name);
    expect(sent.filter((name) => isOurs(name) && !USED_COMMANDS.includes(name))).toEqual([]);
    // what was refused is what doctor may do without
    expect((asked as unknown as string[][]).map((entry) => entry[entry.indexOf('object') + 1])).toEqual(['config|get']);
  });

  it('say what they do, are asked how they are, and stop in order at the first signal', async () => {
    const { here, settings } = installation();
    const env = {
      POLLWATCH_CONFIG: join(here.folder, 'pollwatch.yaml'),
      POLLWATCH_REDIS_URL: settings.url,
      POLLWATCH_REDIS_PREFIX: settings.prefix,
    };
    const log = here.put('access.log', probingLog());
    expect(here.run(['ingest', '--once', '--organization', 'us-xx-a', log], { env }).status).toBe(0);
    const { child, ended, lines } = start(here, env, ['work', '--listen', '127.0.0.1:0']);
    await until('the workers say that they started', () => lines().some(({ message }) => message === 'started'));
    const { health, parts } = lines().find(({ message }) => message === 'started')!;
    expect(parts).toBe('analyze decide');
    const ask = async (path: string) => {
      const answer = await fetch(`http://${health as string}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    expect((await ask('/healthz')).status).toBe(200);
    await until('they are ready', async () => (await ask('/readyz')).status === 200);
    // the store's numbers and this process's own
    const told = [
      /^pollwatch_queued_bytes\{organization="us-xx-a"\} 0$/m,
      /^pollwatch_lines_total\{organization="us-xx-a"\} 46$/m,
      /^pollwatch_alerts_standing\{organization="us-xx-a"\} [1-9]/m,
      /^pollwatch_lag_seconds\{organization="us-xx-a"\} [1-9]/m,
      /^pollwatch_worker_total\{what="lines",organization="us-xx-a"\} 46$/m,
    ];
    await until('the metrics tell what was done', async () => {
      const { text } = await ask('/metrics');
      return told.every((pattern) => pattern.test(text));
    });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(lines().map(({ message }) => message)).toEqual(expect.arrayContaining(['ended']));
  });

  it('say once that Redis is away, in a line without a stack, and once that it is back', async () => {
    const server = await startOwn({ aof: true });
    onTestFinished(() => server.stop());
    const here = place();
    const env = {
      POLLWATCH_CONFIG: here.put(
        'pollwatch.yaml',
        'version: 1\norganizations: [{id: us-xx-a, name: A}]\norigins: [{name: web, files: ["*.log"]}]\n',
      ),
      POLLWATCH_REDIS_URL: server.url,
    };
    for (const name of ['one', 'two', 'three']) here.put(`${name}.log`, accessLine(`/${name}`));
    const processes = [start(here, env, ['ingest']), start(here, env, ['work', 'analyze', 'decide'])];
    const store = openStore(server.settings('pollwatch'), () => undefined);
    const linesIn = async () => Number(await store.redis.hget(organizationKeys('pollwatch', 'us-xx-a').stats, 'lines'));
    const all = (holds: (messages: unknown[]) => boolean) => () =>
      processes.every(({ lines }) => holds(lines().map(({ message }) => message)));
    try {
      await until('the lines are applied', async () => (await linesIn()) === 3);
      await server.killHard();
      for (const name of ['one', 'two', 'three'])
        appendFileSync(join(here.folder, `${name}.log`), accessLine('/while-it-is-away'));
      await until(
        'all say that it is away',
        all((m) => m.includes('Redis is away; what is in hand waits for it')),
      );
      await server.restart();
      await until(
        'all say that it is back',
        all((m) => m.includes('Redis is back')),
      );
      await until('what came meanwhile is applied', async () => (await linesIn()) === 6);
      for (const { lines } of processes) {
        const warnings = lines().filter((line) => line['log.level'] !== 'info');
        expect(warnings.map(({ message, reason }) => [message, typeof reason])).toEqual([
          ['Redis is away; what is in hand waits for it', 'string'],
        ]);
        expect(lines().filter(({ message }) => message === 'Redis is back').length).toBe(1);
      }
    } finally {
      await store.close();
    }
  });

  it('follow a log until they are stopped, and go on where they were', async () => {
    const { here, settings, inStore } = installation();
    const log = here.put('access.log', accessLine('/one'));
    const env = {
      POLLWATCH_CONFIG: here.put(
        'pollwatch.yaml',
        'version: 1\norganizations: [{id: us-xx-a, name: A}]\norigins: [{name: web, files: [access.log]}]\n',
      ),
      POLLWATCH_REDIS_URL: settings.url,
      POLLWATCH_REDIS_PREFIX: settings.prefix,
    };
    const committed = () =>
      inStore(async (store) =>
        Number(await store.redis.hget(organizationKeys(settings.prefix, 'us-xx-a').origin(1), 'offset')),
      );
    for (const expected of [1, 2]) {
      const { child, ended } = start(here, env, ['ingest']);
      const bytes = accessLine('/one').length * expected;
      await until('the line is in the queue', async () => (await committed()) === bytes);
      child.kill('SIGINT');
      expect(await ended).toBe(0);
      appendFileSync(log, accessLine('/two'));
    }
  });

  it.each([
    [['work', 'analyse'], 'PW-CLI-KIND'],
    [['work', 'index'], 'PW-CONFIG-ELASTICSEARCH'],
    [['work', '--listen', '99999'], 'PW-CLI-LISTEN'],
    [['work', '--log-level', 'loud'], 'PW-CLI-OPTION'],
    [['ingest'], 'PW-INGEST-NOTHING'],
    [['ingest', 'access.log'], 'PW-CLI-ORGANIZATION'],
    [['setup', 'elasticsearch'], 'PW-CONFIG-ELASTICSEARCH'],
  ])('%j stops before anything starts', (args, code) => {
    const { run } = installation();
    expect(run(...args)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(new RegExp(`^(\\S+ {2})?${code} .*\n  hint: .`)),
    });
  });

  it('setup makes no key that it could not write down', () => {
    const args = ['setup', 'elasticsearch', '--api-key-file', 'secrets/key'];
    const { status, stderr } = place().run(args, { env: { POLLWATCH_ELASTICSEARCH_URL: 'http://127.0.0.1:1' } });
    expect(stderr).toMatch(/^secrets\/key {2}PW-CLI-OUTPUT {2}there is no such folder\n {2}hint: make it: mkdir/);
    expect(status).toBe(2);
  });

  it('standard input is read to its end', async () => {
    const { here, settings, inStore } = installation();
    const env = { POLLWATCH_REDIS_URL: settings.url, POLLWATCH_REDIS_PREFIX: settings.prefix };
    const input = accessLine('/one') + accessLine('/two');
    const ran = here.run(['ingest', '-'], { env, input });
    expect(ran).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining(`${input.length} bytes of 1 log,`),
    });
    const [head] = await inStore((store) => readOrigins(store, 'local'));
    expect(head).toMatchObject({ offset: input.length, closed: true });
  });

  it('a log that is missing is told, the other is read, and the exit status is 2', () => {
    const { here, run } = installation();
    const log = here.put('access.log', accessLine('/one'));
    const ran = run('ingest', '--once', '--organization', 'us-xx-a', join(here.folder, 'missing.log'), log);
    expect(ran.status).toBe(2);
    expect(ran.stdout).toContain(' of 1 log, in 1 chunk\n');
    expect(ran.stderr).toContain('missing.log');
  });
});
