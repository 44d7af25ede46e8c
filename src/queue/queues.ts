/**
 * The job queues: "analyze" carries references to chunks, "index" says that documents of an organisation wait, "mail" that
 * mails do. Jobs are nudges: what is true stands in the store, a job that comes twice or is lost changes nothing (see sweep).
 *
 * Reference: https://docs.bullmq.io/
 */
import { setTimeout as wait } from 'node:timers/promises';
import { DelayedError, type Job, Queue, Worker } from 'bullmq';
import type { RedisSettings } from '../model/installation.ts';
import { type ChunkRef, refOf } from './chunk-store.ts';
import { connect, isRefusal, type ReportError } from './connection.ts';
import { jobPrefix } from './keys.ts';

/** A job of the queue "analyze". */
export interface AnalyzeJob {
  readonly org: string;
  /** "origin:seq" of each chunk */
  readonly chunks: readonly string[];
  /** when they were dispatched, microseconds of the server's clock: an older stamp than the store's is out of date */
  readonly stamp: string;
}

/** A job of the queue "index" or "mail". */
export interface NudgeJob {
  readonly org: string;
}

/** The open queues. */
export interface Queues {
  readonly analyze: Queue<AnalyzeJob>;
  readonly index: Queue<NudgeJob>;
  readonly mail: Queue<NudgeJob>;
  close(): Promise<void>;
}

/** Bounds that tests shorten. */
export interface QueueTimes {
  /** pause before the first retry, ms; doubles */
  readonly backoffMs?: number;
}

/** Bounds of a worker that tests shorten. */
export interface WorkerTimes {
  /** jobs that one worker has in hand; 1 for work that keeps the processor busy */
  readonly concurrency?: number;
  /** how long a job without a sign of life stays with its worker, ms */
  readonly lockMs?: number;
  /** how often such jobs are looked for, ms */
  readonly stalledMs?: number;
  /** worker deaths that a job survives */
  readonly stalledMax?: number;
  /** after how long a job that this worker cannot do is offered to all of them again, ms */
  readonly elsewhereMs?: number;
  /** first pause before a job whose work Redis refused is tried again, ms; doubles up to twenty times this */
  readonly refusedMs?: number;
}

/** Tries of a job of several chunks before each of them is tried alone, and of one chunk before it is a dead letter. */
const TRIES = { several: 2, single: 4 } as const;
const BACKOFF_MS = 1000;
/** A killed worker's job is taken by another at most this often: fewer would bury good chunks in a rolling restart. */
const STALLED_MAX = 5;

/** A job that this worker cannot do waits this long before the next one looks at it, ms. */
const ELSEWHERE_MS = 5000;

/**
 * Thrown by a handler that lacks what a job needs (a newer configuration, a newer program). It says nothing about the
 * job: it goes back to the queue for whoever has it, later, and none of its tries is used up.
 */
export class ElsewhereError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ElsewhereError';
  }
}

/** Opens the queues for adding jobs and for looking at them. */
export function openQueues(
  settings: RedisSettings,
  report: ReportError = () => undefined,
  { backoffMs = BACKOFF_MS }: QueueTimes = {},
): Queues {
  const connection = connect(settings, 'commands', report);
  const options = {
    connection,
    prefix: jobPrefix(settings.prefix),
    defaultJobOptions: {
      removeOnComplete: true,
      removeOnFail: false,
      backoff: { type: 'exponential', delay: backoffMs },
    },
  };
  const analyze = new Queue<AnalyzeJob>('analyze', options);
  const index = new Queue<NudgeJob>('index', options);
  const mail = new Queue<NudgeJob>('mail', options);
  for (const queue of [analyze, index, mail]) queue.on('error', report);
  return {
    analyze,
    index,
    mail,
    async close() {
      await Promise.all([analyze.close(), index.close(), mail.close()]);
      connection.disconnect();
    },
  };
}

/** Puts chunks that were dispatched into the queue, several to a job. */
export async function addAnalyzeJobs(
  queues: Queues,
  org: string,
  chunks: readonly string[],
  stamp: string,
  perJob: number,
): Promise<void> {
  const jobs = [];
  for (let at = 0; at < chunks.length; at += perJob) {
    const some = chunks.slice(at, at + perJob);
    jobs.push({
      name: 'chunks',
      data: { org, chunks: some, stamp },
      opts: {
        jobId: `${org}-${some[0]!.replace(':', '-')}-${stamp}`,
        attempts: some.length > 1 ? TRIES.several : TRIES.single,
      },
    });
  }
  if (jobs.length > 0) await queues.analyze.addBulk(jobs);
}

/** References of a job of the queue "analyze". */
export function refsOfJob(job: AnalyzeJob): ChunkRef[] {
  return job.chunks.map((text) => refOf(job.org, text));
}

/** Says that documents of an organisation wait. While its job waits that is one nudge; while it runs, one more follows. */
export async function nudgeIndex(queues: Queues, org: string): Promise<void> {
  await nudge(queues.index, 'documents', org);
}

/** The same of mails. */
export async function nudgeMail(queues: Queues, org: string): Promise<void> {
  await nudge(queues.mail, 'mails', org);
}

async function nudge(queue: Queue<NudgeJob>, name: string, org: string): Promise<void> {
  const deduplication = { id: org, keepLastIfActive: true };
  await queue.add(name, { org }, { deduplication, removeOnFail: true, attempts: 1 });
}

/**
 * Starts a worker of the queue "analyze". A job that throws is tried again; `close()` of the worker waits for the job in
 * hand.
 */
export function startAnalyzeWorker(
  settings: RedisSettings,
  handle: (job: AnalyzeJob) => Promise<void>,
  report: ReportError = () => undefined,
  times: WorkerTimes = {},
): Worker<AnalyzeJob> {
  return startWorker('analyze', settings, handle, report, times);
}

/** Starts a worker of a queue of nudges. */
export function startNudgeWorker(
  name: 'index' | 'mail',
  settings: RedisSettings,
  handle: (job: NudgeJob) => Promise<void>,
  report: ReportError = () => undefined,
  times: WorkerTimes = {},
): Worker<NudgeJob> {
  return startWorker(name, settings, handle, report, times);
}

function startWorker<Data>(
  name: string,
  settings: RedisSettings,
  handle: (data: Data) => Promise<void>,
  report: ReportError,
  times: WorkerTimes,
): Worker<Data> {
  const { concurrency = 1, lockMs = 30_000, stalledMs = 15_000, stalledMax = STALLED_MAX } = times;
  const { refusedMs = 500, elsewhereMs = ELSEWHERE_MS } = times;
  const connection = connect(settings, 'blocking', report);
  const closing = new AbortController();
  /** What Redis refuses says nothing about the job: it is tried on, and none of its tries is used up. */
  async function outlast(data: Data): Promise<void> {
    for (let pauseMs = refusedMs; ; pauseMs = Math.min(2 * pauseMs, 20 * refusedMs)) {
      try {
        return await handle(data);
      } catch (error) {
        if (!isRefusal(error) || closing.signal.aborted) throw error;
        report(error);
        await wait(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }
  async function work(job: Job<Data>, token?: string): Promise<void> {
    try {
      await outlast(job.data);
    } catch (error) {
      if (!(error instanceof ElsewhereError)) throw error;
      await job.moveToDelayed(Date.now() + elsewhereMs, token);
      throw new DelayedError(error.message);
    }
  }
  const worker = new Worker<Data>(name, work, {
    connection,
    prefix: jobPrefix(settings.prefix),
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledMs,
    maxStalledCount: stalledMax,
  });
  worker.on('error', report);
  worker.on('closing', () => closing.abort());
  // the worker closes what it made itself; this connection is ours
  worker.on('closed', () => connection.disconnect());
  return worker;
}
