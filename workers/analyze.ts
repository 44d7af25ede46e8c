/**
 * An analyze worker: takes jobs of chunks from the queue, scans them as `analyze` would, and in one step records them as
 * applied, appends what they add up to to the log of their organisation's shard and keeps the lines that alerts may show.
 * A job that comes twice changes nothing; a job that ends this process is tried elsewhere, and alone in the end.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { findFormat } from '../src/formats/index.ts';
import type { Installation } from '../src/model/installation.ts';
import { handBack } from '../src/model/memory.ts';
import type { WorkerHooks } from '../src/model/worker.ts';
import { type ChunkEvidence, finishChunks, type LoadedChunk, loadChunks } from '../src/queue/chunk-store.ts';
import { isAway } from '../src/queue/connection.ts';
import { sweep } from '../src/queue/dispatch.ts';
import { createHandingOn } from '../src/queue/handing-on.ts';
import {
  type AnalyzeJob,
  ElsewhereError,
  openQueues,
  refsOfJob,
  startAnalyzeWorker,
  type WorkerTimes,
} from '../src/queue/queues.ts';
import { sealLabel } from '../src/queue/seal.ts';
import { appendRecord } from '../src/queue/shard-store.ts';
import { openStore, organizations } from '../src/queue/store.ts';
import { scanChunks } from '../src/shard/chunk.ts';
import { encodeRules } from '../src/shard/record.ts';
import { sealed } from '../src/shard/sealed.ts';
import { type TenantTools, tenantTools } from '../src/shard/tenant.ts';

/** How often chunks are looked after that fell between two steps. */
const SWEEP_MS = 5000;
/** What this worker lacks is said at most this often, and is taken back when no job has asked for it for this long, ms. */
const LACKING_MS = 60_000;

/** What tests shorten or replace. */
export interface AnalyzeOptions {
  /** one job at a time: scanning keeps a processor busy */
  readonly times?: WorkerTimes;
  readonly sweepMs?: number;
  /** after how long a chunk without a job flies again, ms */
  readonly lostMs?: number;
  readonly scan?: typeof scanChunks;
}

/**
 * Runs until the signal comes, then finishes the job in hand. Rejects when Redis cannot be spoken to at all; while it is
 * away later the worker waits for it.
 */
export async function runAnalyze(
  installation: Installation,
  signal: AbortSignal,
  hooks: WorkerHooks,
  options: AnalyzeOptions = {},
): Promise<void> {
  const report = (error: Error) => hooks.ready('redis', false, error.message);
  const toolsOf = await tenantTools(installation);
  const store = openStore(installation.redis, report);
  const queues = openQueues(installation.redis, report);
  const handingOn = createHandingOn(store, queues);
  const scan = options.scan ?? scanChunks;
  /** organisations whose shard was told what our numbers of rules mean */
  const introduced = new Set<string>();
  // a server that was away may have forgotten it
  store.redis.on('close', () => introduced.clear());

  /** when a job was met last that this worker cannot do, and when it was said, by performance.now() */
  let lackingAt: number | null = null;
  let lackingSaidAt = Number.NEGATIVE_INFINITY;

  async function handle(job: AnalyzeJob): Promise<void> {
    const tools = toolsOf(job.org);
    if (tools === null) throw lacking(job.org, `the organisation "${job.org}" is not in its configuration`);
    const loaded = await loadChunks(store, refsOfJob(job), tools.seal);
    const chunks = loaded.filter(({ format }) => findFormat(format) !== null);
    if (chunks.length > 0 && (await finish(tools, chunks)) === 'mixed')
      for (const chunk of chunks) await finish(tools, [chunk]);
    handingOn.now(job.org);
    hooks.ready('redis', true);
    for (const { bytes } of loaded) handBack(bytes);
    const unread = loaded.find((chunk) => !chunks.includes(chunk));
    if (unread !== undefined) throw lacking(job.org, `the format "${unread.format}" is not one of its formats`);
  }

  /** What keeps this worker from a job: ingest is newer, or has a newer configuration. The lines wait for it. */
  function lacking(organization: string, why: string): ElsewhereError {
    lackingAt = performance.now();
    const reason = `update this worker or its configuration: ${why}`;
    hooks.ready('analyze', false, reason);
    if (lackingAt - lackingSaidAt >= LACKING_MS) {
      lackingSaidAt = lackingAt;
      hooks.log('error', 'chunks wait for a worker that can read them', { organization, reason });
    }
    return new ElsewhereError(reason);
  }

  async function finish(tools: TenantTools, chunks: readonly LoadedChunk[]): ReturnType<typeof finishChunks> {
    const { id, inventory } = tools.tenant;
    const { record, evidence, stats } = scan(tools.scanner(), inventory.dayStartMs, tools.rulesDigest, chunks);
    const sealedRecord = sealed(record, tools.seal, id, 'record');
    handBack(record);
    const shown = evidence.map(({ ref, offset, lines }): ChunkEvidence => {
      const text = tools.seal.seal(lines, sealLabel(id, ref.origin, ref.seq, 'evidence'));
      handBack(lines);
      return { ref, offset, sealed: text };
    });
    if (!introduced.has(id)) {
      await appendRecord(store, id, encodeRules(tools.ruleNames));
      introduced.add(id);
    }
    const refs = chunks.map((chunk) => chunk.ref);
    const answer = await finishChunks(store, id, refs, sealedRecord, shown, stats);
    for (const bytes of [sealedRecord, ...shown.map((lines) => lines.sealed)]) handBack(bytes);
    if (answer === 'applied') {
      for (const name of COUNTED) hooks.count(name, id, stats[name] ?? 0);
      hooks.log('debug', 'chunks were analysed', { organization: id, chunks: refs.length, lines: stats['lines'] ?? 0 });
    }
    return answer;
  }

  await store.redis.ping();
  hooks.ready('redis', true);
  hooks.ready('analyze', true);
  const worker = startAnalyzeWorker(installation.redis, handle, report, options.times);
  worker.on('failed', (job, error) => {
    hooks.log(isAway(error) ? 'debug' : 'warn', 'a job of chunks failed', {
      organization: job?.data.org,
      chunks: job?.data.chunks.join(' '),
      error,
    });
  });
  while (!signal.aborted) {
    try {
      await sweep(
        store,
        queues,
        await organizations(store),
        options.lostMs === undefined ? {} : { lostMs: options.lostMs },
      );
      hooks.ready('redis', true);
      if (lackingAt !== null && performance.now() - lackingAt >= LACKING_MS) {
        lackingAt = null;
        hooks.ready('analyze', true);
      }
    } catch (error) {
      hooks.log(isAway(error) ? 'debug' : 'warn', 'chunks could not be looked after; they are looked after again', {
        error: error as Error,
      });
    }
    await wait(options.sweepMs ?? SWEEP_MS, undefined, { signal }).catch(() => undefined);
  }
  await worker.close();
  await handingOn.done();
  await queues.close();
  await store.close();
}

/** What is counted of the lines that were applied. */
const COUNTED = ['lines', 'events', 'skipped', 'refused', 'bytes', 'chunks'] as const;
