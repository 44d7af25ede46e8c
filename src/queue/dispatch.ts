/**
 * From the outbox to the workers. Each organisation has a window: at most so many of its chunks are with the workers at a
 * time, the rest waits in its own outbox. The workers' queue is served in order of arrival, so a chunk waits for at most
 * one window of every other organisation, however much those were flooded with.
 *
 * The sweep brings back what fell between two steps: chunks that were dispatched and whose job is gone fly again; a job
 * that failed for good is taken apart, and a chunk that fails alone becomes a dead letter.
 */
import type { JobType } from 'bullmq';
import { type ChunkRef, refOf, refText } from './chunk-store.ts';
import { deadLetter } from './dead-letter.ts';
import { type OrganizationKeys, organizationKeys } from './keys.ts';
import { countPending } from './pending.ts';
import { addAnalyzeJobs, nudgeIndex, type Queues } from './queues.ts';
import { listOf, runScript, textOf } from './scripts.ts';
import type { QueueStore } from './store.ts';

/**
 * Chunks of one organisation that are with the workers at a time. 128 of 1 MiB are half a million lines, about a second of
 * one worker: enough to keep several busy, little enough to stand behind.
 */
export const WINDOW_CHUNKS = 128;
/**
 * Most chunks of a job. What lines of 16 chunks add up to takes two thirds of the time to make and to fold of what it takes
 * chunk by chunk; of more it hardly gets less.
 */
export const JOB_CHUNKS_MAX = 16;
/** While fewer chunks than this are under way, workers may be idle: then every one of them is to get something. */
const FEW_CHUNKS = 16;
/** Into how many jobs chunks are cut then, as far as there are chunks. */
const JOBS_AT_ONCE = 8;
/**
 * How long chunks wait for others after some were handed on, ms: at 300,000 lines a second a reader fills a job in this
 * time. Lines of a quiet log wait four times as long to become a chunk.
 */
const GATHER_MS = 250;
/** A chunk whose job was not found flies again after this long, ms: dispatch and adding the job are two steps. */
const LOST_MS = 30_000;
/** A chunk with the workers: "origin:seq" and the stamp of its dispatch. */
type Flight = readonly [text: string, stamp: string];

const FAILED_AT_ONCE = 100;
const UNFINISHED: JobType[] = ['waiting', 'active', 'delayed', 'prioritized', 'failed'];

/**
 * Hands chunks of an organisation to the workers as far as its window has room; where enough are under way, only as many
 * as fill a job, unless `few` says that more than that still are few. Returns how many. Called after a commit and after
 * finishing; a call that was missed is made up for by the next one or by the sweep.
 */
export async function dispatch(store: QueueStore, queues: Queues, org: string, few = FEW_CHUNKS): Promise<number> {
  return (await handOn(store, queues, org, few, 0)).chunks;
}

/**
 * The same, but chunks that come soon after others wait for more of them, so that a busy reader's are few large jobs. For
 * how long to wait until it is to be called again, ms; 0 = nothing gathers. Who never calls again leaves them to the
 * sweep.
 */
export async function gather(store: QueueStore, queues: Queues, org: string, gatherMs = GATHER_MS): Promise<number> {
  return (await handOn(store, queues, org, FEW_CHUNKS, gatherMs)).waitMs;
}

async function handOn(
  store: QueueStore,
  queues: Queues,
  org: string,
  few: number,
  gatherMs: number,
): Promise<{ chunks: number; waitMs: number }> {
  const keys = organizationKeys(store.prefix, org);
  const places = [keys.outbox, keys.flying, keys.gathering];
  const bounds = [WINDOW_CHUNKS, JOB_CHUNKS_MAX, few, gatherMs];
  const answer = listOf(await runScript(store.redis, 'pwDispatch', places, bounds));
  if (answer.length < 2) return { chunks: 0, waitMs: Number(answer[0] ?? 0) };
  const [stamp, flying, ...chunks] = answer.map(textOf);
  const isCut = gatherMs === 0 && Number(flying) < few;
  const perJob = isCut ? Math.min(JOB_CHUNKS_MAX, Math.ceil(chunks.length / JOBS_AT_ONCE)) : JOB_CHUNKS_MAX;
  await addAnalyzeJobs(queues, org, chunks, stamp!, perJob);
  return { chunks: chunks.length, waitMs: 0 };
}

/**
 * Looks after what fell between two steps, for the organisations that are given; again and at several places at once is
 * harmless. `lostMs`: how long a chunk may fly without a job.
 */
export async function sweep(
  store: QueueStore,
  queues: Queues,
  orgs: readonly string[],
  { lostMs = LOST_MS }: { lostMs?: number } = {},
): Promise<void> {
  await sweepFailed(store, queues);
  // read before the jobs: what is finished or given another job in between is known by its stamp
  const old = new Map<string, Flight[]>();
  for (const org of orgs) {
    const flights = await flyingSince(store, org, lostMs);
    if (flights.length > 0) old.set(org, flights);
  }
  if (old.size > 0) {
    const living = await chunksWithJobs(queues);
    for (const [org, flights] of old) {
      const lost = flights.filter(([text, stamp]) => !living.has(`${org}:${text}:${stamp}`));
      await relaunch(store, queues, org, lost);
    }
  }
  for (const org of orgs) {
    // those that wait for others to fill their job have waited long enough; what flies may be with a dead worker
    await dispatch(store, queues, org, WINDOW_CHUNKS);
    if ((await countPending(store, org)) > 0) await nudgeIndex(queues, org);
  }
}

/** Failed jobs: of several chunks → one job each; of one chunk → a dead letter. */
async function sweepFailed(store: QueueStore, queues: Queues): Promise<void> {
  for (;;) {
    const jobs = await queues.analyze.getFailed(0, FAILED_AT_ONCE - 1);
    for (const job of jobs) {
      // another sweep was here between the list and the job
      if (job === undefined) continue;
      const { org, chunks, stamp } = job.data;
      if (chunks.length > 1) {
        const flights = chunks.map((text): Flight => [text, stamp]);
        await relaunch(store, queues, org, flights);
      } else {
        await buryChunk(store, refOf(org, chunks[0]!), stamp, job.failedReason);
      }
      await job.remove();
    }
    if (jobs.length < FAILED_AT_ONCE) return;
  }
}

/** Chunks that have been with the workers for longer than `ms`. */
async function flyingSince(store: QueueStore, org: string, ms: number): Promise<Flight[]> {
  const keys = organizationKeys(store.prefix, org);
  const [seconds, micros] = await store.redis.time();
  const before = Number(seconds) * 1e6 + Number(micros) - ms * 1000;
  const found = await store.redis.zrangebyscore(keys.flying, '-inf', before, 'WITHSCORES');
  const flights: Flight[] = [];
  for (let i = 0; i < found.length; i += 2) flights.push([found[i]!, found[i + 1]!]);
  return flights;
}

/** "organisation:origin:seq:stamp" of every chunk that has a job. */
async function chunksWithJobs(queues: Queues): Promise<Set<string>> {
  const living = new Set<string>();
  for (const job of await queues.analyze.getJobs(UNFINISHED)) {
    // a job that ended while they were read is not there any more
    if (job !== undefined) for (const text of job.data.chunks) living.add(`${job.data.org}:${text}:${job.data.stamp}`);
  }
  return living;
}

/** Gives chunks a new job each, if nobody else did since the stamp that is given. */
async function relaunch(store: QueueStore, queues: Queues, org: string, chunks: readonly Flight[]): Promise<void> {
  if (chunks.length === 0) return;
  const keys = organizationKeys(store.prefix, org);
  const refs = chunks.map(([text]) => refOf(org, text));
  const [stamp, ...found] = listOf(
    await runScript(
      store.redis,
      'pwRelaunch',
      [keys.flying, keys.dead, keys.stats, ...refs.flatMap((ref) => relaunchKeys(keys, ref))],
      [
        refs.length,
        deadLetter('its lines are not in Redis any more, and were never applied'),
        ...chunks.flatMap(([text, given], i) => [text, refs[i]!.seq, given]),
      ],
    ),
  ).map(textOf);
  await addAnalyzeJobs(queues, org, found, stamp!, 1);
}

function relaunchKeys(keys: OrganizationKeys, ref: ChunkRef): string[] {
  return [keys.chunk(ref.origin, ref.seq), keys.seen(ref.origin)];
}

async function buryChunk(store: QueueStore, ref: ChunkRef, stamp: string, reason: string | undefined): Promise<void> {
  const keys = organizationKeys(store.prefix, ref.org);
  await runScript(
    store.redis,
    'pwBuryChunk',
    [keys.flying, keys.dead, keys.stats, keys.seen(ref.origin)],
    [refText(ref), ref.seq, stamp, deadLetter(reason ?? 'failed without a reason')],
  );
}
