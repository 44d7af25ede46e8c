/**
 * The ingest worker: starts all origins of an installation and reads them into the queue until the signal comes, or, with
 * `once`, to their end. Standard input ends when it ends. What is in hand at the end is committed.
 */
import { setMaxListeners } from 'node:events';
import { createTurns, followFiles } from '../src/ingest/file-follower.ts';
import { createIngestCounts, type IngestCounts } from '../src/ingest/ingest-counts.ts';
import { createNotices, type Notice } from '../src/ingest/notices.ts';
import { readRedisList } from '../src/ingest/redis-list.ts';
import { readStream } from '../src/ingest/stream-reader.ts';
import { listenSyslog } from '../src/ingest/syslog-listener.ts';
import type { Installation } from '../src/model/installation.ts';
import { OperatorError } from '../src/model/problem.ts';
import { createHandingOn } from '../src/queue/handing-on.ts';
import { openQueues } from '../src/queue/queues.ts';
import { createSeal } from '../src/queue/seal.ts';
import { openStore } from '../src/queue/store.ts';

/** What may be said about a run. */
export interface IngestOptions {
  /** files, lists and indices as they are now, then no more; listeners are not started */
  readonly once?: boolean;
  /** what standard input is; process.stdin unless a test says otherwise */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
  /** gets what a person should know, each thing once */
  readonly tell?: (notice: Notice) => void;
  /** gets the counts of the run, from createIngestCounts; metrics read them with `all()` */
  readonly counts?: IngestCounts;
  /** how long a rotated file must be quiet until its last line is taken without its end, ms */
  readonly settleMs?: number;
}

/**
 * Reads until the signal comes or everything is read. Throws an OperatorError before anything starts for an origin whose
 * organisation is not set up; rejects with the first error of an origin that cannot go on, after the others have stopped.
 */
export async function runIngest(
  installation: Installation,
  signal: AbortSignal,
  options: IngestOptions = {},
): Promise<void> {
  const { origins, tenants, work } = installation;
  const unknown = origins.flatMap((origin) => {
    const peers = origin.kind === 'syslog' ? origin.peers.map((peer) => peer.organization) : [];
    return [origin.reading.organization, ...peers].filter((id) => !tenants.has(id)).map((id) => ({ origin, id }));
  });
  if (unknown.length > 0) {
    throw new OperatorError(
      unknown.map(({ origin, id }) => ({
        code: 'PW-INGEST-ORGANIZATION',
        message: `the origin ${origin.name} has lines of ${id}, which is not set up`,
        hint: 'name the organisation in the configuration',
      })),
    );
  }
  const counts = options.counts ?? createIngestCounts();
  const tell = options.tell ?? (() => undefined);
  const store = openStore(installation.redis);
  const queues = openQueues(installation.redis);
  const handingOn = createHandingOn(store, queues);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  // every origin waits for it
  setMaxListeners(0, both);
  const settings = new Map(
    [...tenants.values()].map((tenant) => [
      tenant.id,
      {
        store,
        tenant,
        seal: createSeal(tenant.secret),
        committed: handingOn.now,
        queuedBytesMax: work.queuedBytesMax,
        notices: createNotices(tenant.id, tell),
        signal: both,
      },
    ]),
  );
  const isOnce = options.once ?? false;
  const following = {
    isOnce,
    turns: createTurns(),
    ...(options.settleMs === undefined ? {} : { settleMs: options.settleMs }),
  };
  try {
    const ended = await Promise.allSettled(
      origins.map(async (origin) => {
        try {
          const setting = settings.get(origin.reading.organization)!;
          if (origin.kind === 'files') await followFiles(origin, setting, counts, following);
          else if (origin.kind === 'stdin') await readStream(origin, options.stdin ?? process.stdin, setting, counts);
          else if (origin.kind === 'redis-list') await readRedisList(origin, setting, counts, isOnce);
          else if (origin.kind === 'elasticsearch') {
            // its client is as large as all the rest: only whoever reads an index loads it
            const { readElasticIndex } = await import('../src/ingest/elastic-index.ts');
            await readElasticIndex(origin, setting, counts, isOnce);
          } else if (origin.kind === 'syslog' && !isOnce) await listenSyslog(origin, settings, counts, both);
        } catch (error) {
          stop.abort();
          throw error;
        }
      }),
    );
    const failed = ended.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } finally {
    await handingOn.done();
    await queues.close();
    await store.close();
  }
}
