/**
 * How much of an organisation's logs is where, for metrics, `status` and readiness.
 */
import { organizationKeys } from './keys.ts';
import { type QueueStore, throwFirst } from './store.ts';

/** Numbers of one organisation at one moment. */
export interface QueueDepth {
  /** sealed bytes of chunks that are not applied, dead ones included */
  readonly queuedBytes: number;
  /** chunks that wait for room in the organisation's window */
  readonly waitingChunks: number;
  /** chunks that are with the workers */
  readonly flyingChunks: number;
  /** how long the oldest of them has been there, ms by the server's clock */
  readonly flyingMs: number;
  /** records that no snapshot includes */
  readonly logRecords: number;
  readonly snapshotBytes: number;
  readonly pendingDocuments: number;
  readonly deadLetters: number;
  /** counters since the beginning, by name */
  readonly stats: Readonly<Record<string, number>>;
}

/** Reads them. They belong to one moment: the server reads them in one transaction. */
export async function queueDepth(store: QueueStore, org: string): Promise<QueueDepth> {
  const keys = organizationKeys(store.prefix, org);
  const [seconds, micros] = await store.redis.time();
  const [queued, waiting, flying, oldest, log, snapshot, pending, dead, stats] = throwFirst(
    await store.redis
      .multi()
      .get(keys.queued)
      .llen(keys.outbox)
      .zcard(keys.flying)
      .zrange(keys.flying, 0, '0', 'WITHSCORES')
      .llen(keys.log)
      .hstrlen(keys.snapshot, 'bytes')
      .hlen(keys.pending)
      .hlen(keys.dead)
      .hgetall(keys.stats)
      .exec(),
  );
  const since = Number((oldest as string[])[1] ?? Number.POSITIVE_INFINITY);
  return {
    queuedBytes: Number(queued ?? 0),
    waitingChunks: Number(waiting),
    flyingChunks: Number(flying),
    flyingMs: Math.max(0, (Number(seconds) * 1e6 + Number(micros) - since) / 1000),
    logRecords: Number(log),
    snapshotBytes: Number(snapshot),
    pendingDocuments: Number(pending),
    deadLetters: Number(dead),
    stats: Object.fromEntries(Object.entries(stats as Record<string, string>).map(([k, v]) => [k, Number(v)])),
  };
}
