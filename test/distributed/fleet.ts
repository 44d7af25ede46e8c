/**
 * A fleet for tests: real worker processes over a real Redis, fed with chunks of logs as a reader would commit them, and
 * what they add up to in the end.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseInventory } from '../../src/config/inventory.ts';
import type { Family } from '../../src/elastic/index-names.ts';
import type { OriginContext } from '../../src/formats/format.ts';
import type {
  ElasticSettings,
  IngestOrigin,
  Installation,
  RedisSettings,
  Tenant,
  WorkSettings,
} from '../../src/model/installation.ts';
import type { MailSettings } from '../../src/model/mail.ts';
import { isDrained, readStatus } from '../../src/operate/status.ts';
import { commitChunk } from '../../src/queue/chunk-store.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { closeOrigin, registerOrigin } from '../../src/queue/origins.ts';
import { takePending } from '../../src/queue/pending.ts';
import { createSeal } from '../../src/queue/seal.ts';
import type { QueueStore } from '../../src/queue/store.ts';
import { shuffled } from '../laws/generator.ts';
import { SECRET } from '../laws/small-run.ts';
import { until } from '../parts/until.ts';

/** A fleet as plain values, so that its processes can be given it. */
export interface FleetSetting {
  readonly redis: RedisSettings;
  /** inventory as text, by organisation */
  readonly tenants: Readonly<Record<string, string>>;
  readonly times: FleetTimes;
  readonly work?: Partial<WorkSettings>;
  /** how people are mailed; nobody is unless given */
  readonly mail?: MailSettings;
  /** a text in a chunk that kills whoever scans it */
  readonly poison?: string;
  /** false: without an index; default with one */
  readonly isIndexed?: boolean;
  /** the server that index workers write to */
  readonly elasticsearch?: ElasticSettings;
  /** what ingest workers read */
  readonly origins?: readonly IngestOrigin[];
  /** write everything to standard error */
  readonly isLoud?: boolean;
}

/** Shorter than in life, so that what waits for a time-out can be tested; ms. */
export interface FleetTimes {
  readonly sweepMs: number;
  readonly lostMs: number;
  readonly lockMs: number;
  readonly stalledMs: number;
  readonly stalledMax: number;
  readonly leaseMs: number;
}

/** Times of a fleet in which nobody dies: as in life, but for the sweep. */
export const STEADY: FleetTimes = {
  sweepMs: 500,
  lostMs: 30_000,
  lockMs: 30_000,
  stalledMs: 15_000,
  stalledMax: 5,
  leaseMs: 60_000,
};

/** Times of a fleet in which workers die. */
export const QUICK: FleetTimes = {
  sweepMs: 500,
  lostMs: 5000,
  lockMs: 4000,
  stalledMs: 1000,
  stalledMax: 50,
  leaseMs: 5000,
};

/** An index that is configured, so that documents are made for it; only a fleet with index workers asks it anything. */
const NO_SERVER: ElasticSettings = {
  nodes: ['http://127.0.0.1:9'],
  apiKey: null,
  username: null,
  password: null,
  ca: null,
  prefix: 'pollwatch',
};

/** The installation of a fleet. */
export function installationOf(setting: FleetSetting): Installation {
  const { redis, tenants, work, isIndexed, mail, elasticsearch = NO_SERVER, origins = [] } = setting;
  const all = Object.entries(tenants).map(([id, text]): Tenant => {
    const inventory = parseInventory(text, 'inventory.yaml');
    return { id, name: inventory.organization.name, inventory, inventoryFile: null, secret: SECRET };
  });
  return {
    file: null,
    redis,
    elasticsearch: isIndexed === false ? null : elasticsearch,
    ...(mail === undefined ? {} : { mail }),
    tenants: new Map(all.map((tenant) => [tenant.id, tenant])),
    rulesPaths: [],
    origins,
    work: {
      queuedBytesMax: 1 << 30,
      latenessMs: 3_600_000,
      idleMs: 300_000,
      evidenceDays: 31,
      stopMs: 20_000,
      listen: null,
      ...work,
    },
  };
}

const ENTRY = join(import.meta.dirname, 'worker-entry.ts');

/** "ingest-once" reads everything to its end, closes the origins and ends. */
export type WorkerKind = 'ingest' | 'ingest-once' | 'analyze' | 'decide' | 'index' | 'mail';

/** A process of a fleet. */
export interface WorkerProcess {
  readonly kind: WorkerKind;
  readonly child: ChildProcess;
  /** resolves with the exit code or the signal */
  readonly ended: Promise<number | string>;
}

/** Starts a worker. */
export function startWorker(kind: WorkerKind, setting: FleetSetting): WorkerProcess {
  const child = spawn(process.execPath, [ENTRY, kind], {
    env: { ...process.env, FLEET: JSON.stringify(setting) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return { kind, child, ended };
}

/** Workers that are replaced when they end before they were asked to. */
export interface Fleet {
  /** those that run now */
  readonly running: readonly WorkerProcess[];
  /** how many ended by themselves or were killed */
  readonly deaths: number;
  /** kill -9 of one that runs; `choose` in [0, 1) */
  kill(choose: number): void;
  /** Stops the workers of a kind for good. */
  retire(kind: WorkerKind): Promise<void>;
  stop(): Promise<(number | string)[]>;
}

/** Starts a fleet and keeps it at its size. */
export function startFleet(kinds: readonly WorkerKind[], setting: FleetSetting): Fleet {
  const running: WorkerProcess[] = [];
  let isStopping = false;
  let deaths = 0;
  /** kinds that are not started again */
  const retired = new Set<WorkerKind>();
  const launch = (kind: WorkerKind): void => {
    const worker = startWorker(kind, setting);
    running.push(worker);
    void worker.ended.then(() => {
      if (isStopping) return;
      running.splice(running.indexOf(worker), 1);
      if (retired.has(kind)) return;
      deaths++;
      launch(kind);
    });
  };
  for (const kind of kinds) launch(kind);
  return {
    running,
    get deaths() {
      return deaths;
    },
    kill: (choose) => running[Math.floor(choose * running.length)]?.child.kill('SIGKILL'),
    async retire(kind) {
      retired.add(kind);
      await stopWorkers(running.filter((worker) => worker.kind === kind));
    },
    stop() {
      isStopping = true;
      return stopWorkers(running);
    },
  };
}

/** Asks workers to stop; their exit codes. Those that do not within the deadline are killed. */
function stopWorkers(workers: readonly WorkerProcess[], ms = 120_000): Promise<(number | string)[]> {
  return Promise.all(
    workers.map(async ({ child, ended }) => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), ms);
      const code = await ended;
      clearTimeout(late);
      return code;
    }),
  );
}

/** A log as a reader hands it on. */
export interface FedLog {
  readonly name: string;
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly context: Pick<OriginContext, 'referenceMs' | 'timezone'>;
}

/**
 * Commits a log in chunks of about `chunkBytes`, cut at line ends, and closes its origin; goes on from what was committed
 * when Redis was away. `between` is called before each chunk. Returns how many lines the log has.
 */
export async function feed(
  store: QueueStore,
  org: string,
  log: FedLog,
  chunkBytes: number,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const seal = createSeal(SECRET);
  const { bytes, format, context, name } = log;
  for (;;) {
    try {
      let head = await registerOrigin(store, org, name);
      while (head.offset < bytes.length) {
        await between();
        const lineFeed = bytes.indexOf(10, Math.min(bytes.length - 1, head.offset + chunkBytes));
        const end = lineFeed < 0 ? bytes.length : lineFeed + 1;
        const answer = await commitChunk(store, org, head.number, {
          expectedSeq: head.seq,
          bytes: bytes.subarray(head.offset, end),
          seal,
          position: end,
          format,
          context: { ...context, origin: head.number },
          asset: 0,
          queuedBytesMax: 1 << 30,
        });
        if (answer.state === 'full') throw new Error('the queue is full');
        head = answer.state === 'moved' ? answer.head : { ...head, seq: head.seq + 1, offset: end };
      }
      await closeOrigin(store, org, head.number);
      return linesOf(bytes);
    } catch (error) {
      if (!(error instanceof Error && /Connection is closed|ECONN|max retries|LOADING|EPIPE/i.test(error.message)))
        throw error;
    }
  }
}

/** Line feeds in bytes. */
export function linesOf(bytes: Uint8Array): number {
  let lines = 0;
  for (let i = bytes.indexOf(10); i >= 0; i = bytes.indexOf(10, i + 1)) lines++;
  return lines;
}

/** Brings the chunks that wait into another order, and lets about a third of them stand there twice. */
export async function disturb(store: QueueStore, org: string, random: () => number): Promise<void> {
  const { outbox } = organizationKeys(store.prefix, org);
  const waiting = await store.redis.lrange(outbox, 0, -1);
  const twice = [...waiting, ...waiting.filter(() => random() < 0.33)];
  await store.redis
    .multi()
    .del(outbox)
    .rpush(outbox, ...shuffled(twice, random))
    .exec();
}

/** Waits until everything that was fed is decided. Throws after the deadline, with how far it is. */
export async function drained(store: QueueStore, setting: FleetSetting, ms = 200_000): Promise<void> {
  const { tenants } = installationOf(setting);
  let last = '';
  try {
    await until(
      'everything that was fed is decided',
      async () => {
        const all = await readStatus(store, tenants);
        last = all
          .map(({ organization, depth, progress, logEnd: end }) => {
            const { waitingChunks, flyingChunks, flyingMs, logRecords } = depth;
            const far = { waitingChunks, flyingChunks, flyingMs, logRecords, end, ...progress };
            return `${organization} ${JSON.stringify(far)}`;
          })
          .join('\n');
        return all.every(
          (status) =>
            isDrained(status, { isIndexed: false, isMailed: false }) &&
            (status.progress?.isSettled ?? status.logEnd === 0),
        );
      },
      ms,
    );
  } catch (cause) {
    throw new Error(`it is not drained:\n${last}`, { cause });
  }
}

/** Bodies of the documents of a family that wait for the index: of each the newest. */
export async function pendingBodies(store: QueueStore, org: string, family: Family = 'alerts'): Promise<string[]> {
  const waiting = await takePending(store, org, 1_000_000);
  return waiting.filter(({ index }) => index.startsWith(`pollwatch-${family}-`)).map((document) => document.body);
}

/** Bodies without those of alerts that were taken back. */
export function standing(bodies: readonly string[]): string[] {
  const statusOf = (body: string) =>
    (JSON.parse(body) as { pollwatch: { alert: { status: string } } }).pollwatch.alert.status;
  return bodies.filter((body) => statusOf(body) !== 'withdrawn');
}
