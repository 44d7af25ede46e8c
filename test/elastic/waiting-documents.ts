/**
 * Documents that wait in a real Redis, put there as a decide worker puts them, and an index worker that can be stopped.
 */
import type { IndexedDocument } from '../../src/elastic/bulk.ts';
import type { ElasticSettings, Installation, RedisSettings } from '../../src/model/installation.ts';
import type { LogFields, WorkerHooks } from '../../src/model/worker.ts';
import { registerOrigin } from '../../src/queue/origins.ts';
import { acquireLease, commitShard, releaseLease } from '../../src/queue/shard-store.ts';
import type { QueueStore } from '../../src/queue/store.ts';
import { type IndexOptions, runIndex } from '../../workers/index-alerts.ts';

/** Commits documents of an organisation as pending. */
export async function commitDocuments(
  store: QueueStore,
  org: string,
  documents: readonly IndexedDocument[],
): Promise<void> {
  await registerOrigin(store, org, 'access.log');
  const fence = await acquireLease(store, org, 'test', 600_000);
  if (fence === null) throw new Error('the lease is taken');
  const committed = await commitShard(store, org, {
    fence,
    worker: 'test',
    documents: documents.map((d) => ({ ...d, digest: `${d.version}` })),
    stats: {},
  });
  if (committed !== 'committed') throw new Error(committed);
  await releaseLease(store, org, 'test', fence);
}

export interface RunningWorker {
  /** what it counted, by name */
  readonly counts: Map<string, number>;
  readonly logged: { message: string; fields: LogFields | undefined }[];
  /** null = ready, else why not; by part */
  readonly readiness: Map<string, string | null>;
  /** the worker's end; rejects when it failed */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts an index worker in this process. */
export function startWorker(
  redis: RedisSettings,
  elasticsearch: ElasticSettings,
  options: IndexOptions = {},
): RunningWorker {
  const installation: Installation = {
    file: null,
    redis,
    elasticsearch,
    tenants: new Map(),
    rulesPaths: [],
    origins: [],
    work: { queuedBytesMax: 1, latenessMs: 0, idleMs: 1000, evidenceDays: 1, stopMs: 1000, listen: null },
  };
  const counts = new Map<string, number>();
  const logged: RunningWorker['logged'] = [];
  const readiness = new Map<string, string | null>();
  const hooks: WorkerHooks = {
    log: (_level, message, fields) => void logged.push({ message, fields }),
    count: (what, _org, by = 1) => void counts.set(what, (counts.get(what) ?? 0) + by),
    ready: (part, isReady, why) => void readiness.set(part, isReady ? null : (why ?? '')),
  };
  const stop = new AbortController();
  const ended = runIndex(installation, stop.signal, hooks, { sweepMs: 100, againMs: 100, ...options });
  // who waits for the end gets the fault; nobody waiting is no fault of the test process
  ended.catch(() => undefined);
  return {
    counts,
    logged,
    readiness,
    ended,
    async stop() {
      stop.abort();
      await ended;
    },
  };
}
