/**
 * An organisation whose state in Redis cannot be read, beside one that is well, over a real Redis and real processes: what
 * is told of it and where, what a person can do, and that the other one goes on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { organizationKeys } from '../../src/queue/keys.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { freePort } from '../parts/free-port.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { LAUNCHER, type Place, place, probingLog } from './pollwatch.ts';

const ILL = 'us-xx-adams';
const WELL = 'us-xx-brown';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

interface Status {
  organization: string;
  depth: { snapshotBytes: number; stats: Record<string, number> };
  progress: { alerts: number; decided: number } | null;
  halt: { kind: string; sinceMs: number } | null;
  logEnd: number;
}

/** Two organisations with logs that were decided, and a snapshot of each, sealed under the key of 1s. */
function decided() {
  const here = place();
  const settings = redis.settings();
  for (const name of ['a', 'b']) here.put(`${name}.key`, Buffer.alloc(32, 1));
  // a key that a newer one takes the place of is a reason to write a snapshot at once
  for (const name of ['a', 'b']) here.put(`${name}.key.previous`, Buffer.alloc(32, 9));
  const config = here.put(
    'pollwatch.yaml',
    `version: 1
redis: {url: "${settings.url}", prefix: ${settings.prefix}}
organizations:
  - {id: ${ILL}, name: Adams County, key_file: a.key}
  - {id: ${WELL}, name: Brown County, key_file: b.key}
`,
  );
  const run = (...args: string[]) => here.run(args, { env: { POLLWATCH_CONFIG: config } });
  let logs = 0;
  const ingest = () => {
    const log = here.put(`access-${++logs}.log`, probingLog());
    for (const org of [ILL, WELL]) expect(run('ingest', '--once', '--organization', org, log).status).toBe(0);
  };
  const status = (org: string): Status =>
    run('status', '--json')
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Status)
      .find(({ organization }) => organization === org)!;
  ingest();
  expect(run('work', '--until-drained').status).toBe(0);
  const alerts = status(WELL).progress!.alerts;
  expect(alerts).toBeGreaterThan(0);
  expect(status(ILL)).toMatchObject({ progress: { alerts }, halt: null });
  expect(status(ILL).depth.snapshotBytes).toBeGreaterThan(0);
  return { here, settings, config, run, ingest, status, alerts };
}

/** Workers of all kinds in a process of their own, with health on a port; killed at the end of the test. */
async function workers(
  here: Place,
  config: string,
): Promise<{ get(path: string): Promise<string>; end(): Promise<void> }> {
  const port = await freePort();
  const child: ChildProcess = spawn(LAUNCHER, ['work', '--listen', String(port), '--log-level', 'silent'], {
    cwd: here.folder,
    env: { PATH: process.env['PATH'], HOME: here.folder, POLLWATCH_CONFIG: config },
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    get: async (path) => (await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null))?.text() ?? '',
    async end() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function inStore(settings: Parameters<typeof openStore>[0], work: (store: QueueStore) => Promise<void>) {
  const store = openStore(settings);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

/** How often somebody took the lease of the organisation that cannot be decided. */
async function triesOf(settings: Parameters<typeof openStore>[0]): Promise<{ tries: number }> {
  let tries = 0;
  await inStore(settings, async (store) => {
    tries = Number(await store.redis.get(organizationKeys(store.prefix, ILL).fence));
  });
  return { tries };
}

/** Changes one byte in the middle of the snapshot. */
const damage = (settings: Parameters<typeof openStore>[0]) =>
  inStore(settings, async (store) => {
    const key = organizationKeys(store.prefix, ILL).snapshot;
    const bytes = (await store.redis.hgetBuffer(key, 'bytes'))!;
    bytes[bytes.length >> 1]! ^= 1;
    await store.redis.hset(key, 'bytes', bytes);
  });

describe('a state that does not open', () => {
  it('is told by status, doctor, health and metrics, while the other organisation goes on, until it is given up', async () => {
    const { here, settings, config, run, ingest, status, alerts } = decided();
    await damage(settings);
    ingest();
    const running = await workers(here, config);
    await until('the halt is noted', () => status(ILL).halt !== null);
    await until('the other one is decided', () => status(WELL).progress!.decided === status(WELL).logEnd);
    const text = run('status').stdout;
    expect(text).toMatch(/HALTED {5}nothing is decided since \S+Z, \d+ s: a snapshot does not open/);
    expect(text).toContain(
      `a.key.previous; if Redis was damaged, bring back its copy; where there is neither, \`pollwatch dead drop --organization ${ILL} state\``,
    );
    expect(text.split('HALTED')).toHaveLength(2);
    expect(run('dead', 'list').stdout).toMatch(new RegExp(`^${ILL}  state  `));
    const doctor = run('doctor', '--config', config);
    expect(doctor.status).toBe(2);
    expect(doctor.stdout).toContain(`BAD   PW-STATE-UNREAD  the state of ${ILL} in Redis does not open`);
    expect(doctor.stdout).not.toContain('PW-KEY-OTHER');
    expect(doctor.stdout).toContain(`ok    key of ${WELL}:`);
    const ready = JSON.parse(await running.get('/readyz')) as { status: string; parts: Record<string, string> };
    expect(ready).toMatchObject({
      status: 'not ready',
      parts: { decide: `nothing is decided of ${ILL}: see pollwatch status` },
    });
    const metrics = await running.get('/metrics');
    expect(
      Number(new RegExp(`pollwatch_halted_seconds{organization="${ILL}"} (\\S+)`).exec(metrics)?.[1]),
    ).toBeGreaterThan(0);
    expect(metrics).toContain(`pollwatch_halted_seconds{organization="${WELL}"} 0`);

    // all that is dead is not the state: it is given up by its name alone
    expect(run('dead', 'drop', '--organization', ILL, '--all').stdout).toBe('0 of 0 done\n');
    expect(run('dead', 'drop', '--organization', WELL, 'state').status).toBe(2);
    expect(run('dead', 'drop', '--organization', ILL, 'state').stdout).toBe('1 of 1 done\n');
    await until(
      'it counts anew',
      () => status(ILL).progress!.decided === status(ILL).logEnd && status(ILL).halt === null,
    );
    await until('health is well', async () => (await running.get('/readyz')).includes('"decide":"ready"'));
    // what waited in the log is counted, and told again with a higher version than before
    expect(status(ILL)).toMatchObject({ progress: { alerts }, depth: { stats: { dropped_states: 1 } } });
    await running.end();
  });

  it('because the key before was taken away too early is decided when it is back', async () => {
    const { here, config, run, ingest, status, alerts } = decided();
    rmSync(join(here.folder, 'a.key.previous'));
    renameSync(join(here.folder, 'a.key'), join(here.folder, 'before'));
    here.put('a.key', Buffer.alloc(32, 2));
    here.put('a.key.previous', Buffer.alloc(32, 1));
    ingest();
    rmSync(join(here.folder, 'a.key.previous'));
    const running = await workers(here, config);
    await until('the halt is noted', () => status(ILL).halt?.kind === 'state');
    await running.end();
    here.put('a.key.previous', Buffer.alloc(32, 1));
    expect(run('work', '--until-drained').status).toBe(0);
    expect(status(ILL)).toMatchObject({ halt: null, progress: { alerts } });
  });

  it('stays told while it lasts, also where the state opens and deciding fails', async () => {
    const { here, settings, config, ingest, status } = decided();
    await inStore(settings, async (store) => {
      // whoever decides orders documents there, and cannot
      const { pendingOrder } = organizationKeys(store.prefix, ILL);
      await store.redis.set(pendingOrder, 'damaged');
    });
    ingest();
    await workers(here, config);
    await until('the halt is noted', () => status(ILL).halt?.kind === 'fault');
    const { sinceMs, kind } = status(ILL).halt!;
    const { tries } = await triesOf(settings);
    await until('it was tried again, twice', async () => (await triesOf(settings)).tries >= tries + 2);
    expect(status(ILL).halt).toMatchObject({ sinceMs, kind });
  });

  it('is the state alone: evidence that does not open is missing from alerts, and they are decided all the same', async () => {
    const { settings, run, ingest, status, alerts } = decided();
    await inStore(settings, async (store) => {
      const keys = await store.redis.keys(`${store.prefix}:{${ILL}}:evidence:*`);
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) {
        const bytes = (await store.redis.getBuffer(key))!;
        bytes[bytes.length - 1]! ^= 1;
        await store.redis.set(key, bytes);
      }
    });
    ingest();
    const worked = run('work', '--until-drained');
    expect(worked.status).toBe(0);
    expect(worked.stderr.match(/lines kept for alerts do not open/g)).toHaveLength(1);
    expect(worked.stderr.trim().split('\n')).toHaveLength(1);
    expect(status(ILL)).toMatchObject({ halt: null, progress: { alerts } });
    expect(status(ILL).progress!.decided).toBe(status(ILL).logEnd);
  });

  it('does not keep a run that ends by itself from deciding the others, and ends it with what to do', async () => {
    const { settings, run, ingest, status } = decided();
    await damage(settings);
    ingest();
    const { status: code, stderr } = run('work', '--until-drained');
    expect(code).toBe(2);
    expect(stderr).toContain('nothing can be decided of an organisation; `pollwatch status` says why');
    expect(stderr).toContain(ILL);
    expect(status(WELL).progress!.decided).toBe(status(WELL).logEnd);
    expect(status(ILL).halt).toMatchObject({ kind: 'state' });
  });
});
