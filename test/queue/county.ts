/**
 * A county in a test of the queue room: an open store and queues under a prefix of its own, its secret, a reader that
 * commits numbered lines and mails, a worker's part that applies chunks, and sums over what then stands in Redis.
 */
import type { RedisSettings } from '../../src/model/installation.ts';
import type { NewRow } from '../../src/model/outbox.ts';
import {
  type ChunkRef,
  type CommitAnswer,
  commitChunk,
  finishChunks,
  type LoadedChunk,
  loadChunks,
} from '../../src/queue/chunk-store.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { registerOrigin } from '../../src/queue/origins.ts';
import { openQueues, type Queues } from '../../src/queue/queues.ts';
import { createSeal, sealLabel } from '../../src/queue/seal.ts';
import { acquireLease, commitShard } from '../../src/queue/shard-store.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';

export const seal = createSeal(Buffer.alloc(32, 7));
/** pause before a job is tried again, in tests */
const BACKOFF_MS = 20;

export interface Installed {
  readonly settings: RedisSettings;
  readonly store: QueueStore;
  readonly queues: Queues;
  close(): Promise<void>;
}

/** Opens store and queues. Errors of connections are told to nobody: servers are killed here. */
export function install(settings: RedisSettings): Installed {
  const store = openStore(settings);
  const queues = openQueues(settings, undefined, { backoffMs: BACKOFF_MS });
  return {
    settings,
    store,
    queues,
    async close() {
      await queues.close();
      await store.close();
    },
  };
}

/** Text of the nth chunk of an origin: its lines name it. */
export function linesOf(seq: number): string {
  return `line ${seq}.0\nline ${seq}.1\n`;
}

/** Registers an origin and commits `count` chunks from its head on; returns their references. */
export async function commitLines(store: QueueStore, org: string, count: number, name = 'log'): Promise<ChunkRef[]> {
  const head = await registerOrigin(store, org, name);
  const refs: ChunkRef[] = [];
  for (let seq = head.seq; seq < head.seq + count; seq++) {
    const answer = await commitText(store, org, head.number, seq, linesOf(seq));
    if (answer.state !== 'committed') throw new Error(`the commit of a test was answered ${answer.state}`);
    refs.push({ org, origin: head.number, seq });
  }
  return refs;
}

/** Commits one chunk. */
export function commitText(
  store: QueueStore,
  org: string,
  origin: number,
  expectedSeq: number,
  text: string,
  queuedBytesMax = 1e9,
): Promise<CommitAnswer> {
  return commitChunk(store, org, origin, {
    expectedSeq,
    bytes: Buffer.from(text),
    seal,
    position: { lines: expectedSeq },
    format: 'combined',
    context: { origin, referenceMs: 1_700_000_000_000, timezone: 'UTC' },
    asset: 0,
    queuedBytesMax,
  });
}

/** Mails into the outbox of an organisation, by a commit as whoever decides makes it. */
export async function commitMails(
  store: QueueStore,
  org: string,
  rows: readonly NewRow[],
  nowMs: number,
): Promise<void> {
  const fence = (await acquireLease(store, org, 'w', 60_000))!;
  const mail = { rows, memory: null, nowMs };
  const answer = await commitShard(store, org, { fence, worker: 'w', documents: [], stats: {}, mail });
  if (answer !== 'committed') throw new Error(`the commit of a test was answered ${answer}`);
}

/** What a worker does with a job, without analysis: the record is the text of the lines. */
export async function apply(
  store: QueueStore,
  refs: readonly ChunkRef[],
  look: (chunk: LoadedChunk) => void = () => undefined,
): ReturnType<typeof finishChunks> {
  const chunks = await loadChunks(store, refs, seal);
  for (const chunk of chunks) look(chunk);
  if (chunks.length === 0) return 'seen';
  const { org } = refs[0]!;
  const evidence = chunks.map(({ ref, offset, bytes }) => ({
    ref,
    offset,
    sealed: seal.seal(bytes, sealLabel(org, ref.origin, ref.seq, 'evidence')),
  }));
  const record = Buffer.concat(chunks.map((chunk) => chunk.bytes));
  const done = chunks.map((chunk) => chunk.ref);
  return finishChunks(store, org, done, record, evidence, { lines: 2 * done.length });
}

/** Lines that stand in the log of an organisation, in its order. */
export async function loggedLines(store: QueueStore, org: string): Promise<string[]> {
  const records = await store.redis.lrange(organizationKeys(store.prefix, org).log, 0, -1);
  return records.flatMap((record) => record.split('\n').filter((line) => line !== ''));
}

/** Bytes of the chunks that stand in Redis, counted, beside the sum that the scripts keep. */
export async function queuedBytes(
  store: QueueStore,
  org: string,
  refs: readonly ChunkRef[],
): Promise<{ counted: number; kept: number }> {
  const keys = organizationKeys(store.prefix, org);
  let counted = 0;
  for (const ref of refs) counted += await store.redis.strlen(keys.chunk(ref.origin, ref.seq));
  return { counted, kept: Number((await store.redis.get(keys.queued)) ?? 0) };
}
