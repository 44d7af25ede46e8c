/**
 * Runs workers until they are told to stop: one log, one set of metrics and one health address for all of a process. The
 * first SIGTERM or SIGINT lets each finish what it has in hand; a part that fails stops the others, and the process ends
 * with a fault, so that whoever supervises it starts it again.
 */
import packageJson from '../../package.json' with { type: 'json' };
import { listenOf } from '../config/installation.ts';
import { listen as listenSchema } from '../config/installation-schema.ts';
import type { Installation, Tenant } from '../model/installation.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import { LOG_LEVELS, type WorkerHooks } from '../model/worker.ts';
import { createDrainWatch, type Drained } from '../operate/drain.ts';
import { type HealthServer, type ReadinessCheck, startHealthServer } from '../operate/health-server.ts';
import { createLog, secretsOf } from '../operate/log.ts';
import { createMetrics, type IngestNumbers } from '../operate/metrics.ts';
import { REACH_MS, reachStore, tellOutages, withoutRights } from '../operate/reach.ts';
import { type Drain, numbersOf, readStatus } from '../operate/status.ts';
import { stopOnSignals } from '../operate/stop-signals.ts';
import type { QueueStore } from '../queue/store.ts';
import { claimKeys } from '../shard/key-check.ts';
import { FAULT, INTERRUPTED, OK, OPERATOR, TERMINATED } from './exit-status.ts';
import { type Given, stopOn } from './options.ts';

/** A worker: resolves when it was told to stop and has finished, or when there is nothing left to do. */
export interface Part {
  readonly name: string;
  readonly run: (installation: Installation, signal: AbortSignal, hooks: WorkerHooks) => Promise<void>;
}

/** What runs beside the parts. */
export interface AlwaysOnOptions {
  /** what readiness asks besides Redis, by name */
  readonly checks?: Readonly<Record<string, ReadinessCheck>>;
  /** what this process ingests, for the metrics */
  readonly ingest?: () => readonly IngestNumbers[];
  /** organisations whose lines or state this process seals or opens: with another key it does not begin */
  readonly sealing: readonly Tenant[];
  /** stop when everything that was ingested is decided, and indexed and mailed where this process does that */
  readonly untilDrained?: Drain;
}

/** How often an installation is asked whether everything is done, ms. */
const DRAINED_MS = 250;
const NOTHING_LEFT = { state: 'done' } as const;

/** Runs the parts; returns the exit status. Throws an OperatorError when something cannot begin as it is set up. */
export async function runAlwaysOn(
  installation: Installation,
  given: Given,
  parts: readonly Part[],
  options: AlwaysOnOptions,
): Promise<number> {
  const level = logLevel(given);
  const settings = given.listen === undefined ? installation.work.listen : listenOption(given.listen);
  const { log, flush } = createLog({ level, secrets: secretsOf(installation) });
  const stop = stopOnSignals({
    stopMs: installation.work.stopMs,
    onStop: (signal) => log('info', 'stopping: what is in hand is finished first', { 'signal.name': signal }),
    onEnd(signal, why) {
      log('warn', 'ended at once; what was not committed is done again at the next start', { why });
      flush();
      process.exit(signal === 'SIGTERM' ? TERMINATED : INTERRUPTED);
    },
  });
  let store: QueueStore | null = null;
  let server: HealthServer | null = null;
  try {
    store = await reachStore(installation.redis, REACH_MS.worker);
    tellOutages(store, log);
    stopOn(await claimKeys(store, options.sealing));
    const readiness = new Map<string, string | null>(parts.map(({ name }) => [name, 'starting']));
    const metrics = metricsOf(installation, store, options.ingest);
    const hooks: WorkerHooks = {
      log,
      count: metrics.count,
      ready(part, isReady, why) {
        // this process asks Redis itself whenever it is asked: what a worker saw last may be long over
        if (part !== 'redis') readiness.set(part, isReady ? null : (why ?? 'not ready'));
      },
    };
    const redis = store.redis;
    const checks = { redis: async () => void (await redis.ping()), ...options.checks };
    server = settings === null ? null : await listen(settings, { checks, parts: readiness, metrics });
    log('info', 'started', {
      'service.version': packageJson.version,
      parts: parts.map(({ name }) => name).join(' '),
      organizations: installation.tenants.size,
      health: server === null ? 'none' : `${settings!.host}:${server.port}`,
    });
    const [isWell, left] = await Promise.all([
      runParts(installation, parts, { stop, hooks }),
      options.untilDrained === undefined
        ? NOTHING_LEFT
        : stopWhenDrained(installation, store, options.untilDrained, stop),
    ]);
    if (left.state === 'mails-left')
      log('error', 'the mail server takes no mails; they wait for the next worker', { mails: left.mails });
    for (const organization of left.state === 'halted' ? left.organizations : [])
      log('error', 'nothing can be decided of an organisation; `pollwatch status` says why', { organization });
    log('info', 'ended');
    return isWell ? (left.state === 'done' ? OK : OPERATOR) : FAULT;
  } catch (error) {
    throw withoutRights(installation.redis, error) ?? error;
  } finally {
    stop.done();
    await server?.close();
    await store?.close();
    flush();
  }
}

/** Runs the parts to their end; false when one failed. Throws the OperatorError of a part that cannot begin. */
async function runParts(
  installation: Installation,
  parts: readonly Part[],
  { stop, hooks }: { stop: ReturnType<typeof stopOnSignals>; hooks: WorkerHooks },
): Promise<boolean> {
  const ended = await Promise.all(
    parts.map(async ({ name, run }): Promise<OperatorError | boolean> => {
      try {
        hooks.ready(name, true);
        await run(installation, stop.signal, hooks);
        return true;
      } catch (error) {
        if (error instanceof OperatorError) return error;
        hooks.log('error', 'a part failed; the others are stopped', { part: name, error: error as Error });
        return false;
      } finally {
        hooks.ready(name, false, 'ended');
        // a part that ended has failed or has nothing left to do: the process ends with it
        stop.stop();
      }
    }),
  );
  const problems = ended.flatMap((end) => (end instanceof OperatorError ? end.problems : []));
  if (problems.length > 0) throw new OperatorError(problems);
  return ended.every((end) => end === true);
}

/** Stops the parts when everything is done that can be; returns what is left. */
async function stopWhenDrained(
  { tenants }: Installation,
  store: QueueStore,
  drain: Drain,
  stop: ReturnType<typeof stopOnSignals>,
): Promise<Exclude<Drained, { state: 'busy' }>> {
  const watch = createDrainWatch(drain);
  while (!stop.signal.aborted) {
    const drained = watch.look(await readStatus(store, tenants), performance.now());
    if (drained.state === 'busy') {
      await pause(DRAINED_MS, stop.signal);
      continue;
    }
    stop.stop();
    return drained;
  }
  return NOTHING_LEFT;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

function metricsOf(
  installation: Installation,
  store: QueueStore,
  ingest: AlwaysOnOptions['ingest'],
): ReturnType<typeof createMetrics> {
  return createMetrics({
    organizations: [...installation.tenants.keys()],
    version: packageJson.version,
    ...(ingest === undefined ? {} : { ingest }),
    read: async () => (await readStatus(store, installation.tenants)).map((status) => numbersOf(status, Date.now())),
  });
}

async function listen(
  address: { host: string; port: number },
  told: Pick<Parameters<typeof startHealthServer>[0], 'checks' | 'parts' | 'metrics'>,
): Promise<HealthServer> {
  try {
    return await startHealthServer({ listen: address, version: packageJson.version, ...told });
  } catch (cause) {
    const problem: Problem = {
      code: 'PW-WORK-LISTEN',
      message: `health and metrics cannot be told at ${address.host}:${address.port} (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      hint: 'each process needs a port of its own: --listen PORT, or --listen none',
    };
    throw new OperatorError([problem], { cause });
  }
}

function listenOption(written: string): { host: string; port: number } | null {
  const result = listenSchema.safeParse(written);
  if (!result.success) {
    const [issue] = result.error.issues;
    stopOn([{ code: 'PW-CLI-LISTEN', message: `--listen is "${written}"`, hint: issue?.message ?? '' }]);
  }
  return listenOf(written);
}

/** `--log-level`, else POLLWATCH_LOG_LEVEL, else info; warn for what a person runs and waits for. */
function logLevel(given: Given): (typeof LOG_LEVELS)[number] {
  const usual = given.once === true || given.untilDrained === true ? 'warn' : 'info';
  const named = process.env['POLLWATCH_LOG_LEVEL'];
  const written = given.logLevel ?? (named === undefined || named === '' ? usual : named);
  const level = LOG_LEVELS.find((each) => each === written);
  if (level === undefined) {
    stopOn([
      {
        code: 'PW-CONFIG-VARIABLE',
        message: 'POLLWATCH_LOG_LEVEL is no level',
        hint: `it is one of: ${LOG_LEVELS.join(', ')}`,
      },
    ]);
  }
  return level ?? 'info';
}
