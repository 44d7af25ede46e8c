/**
 * The state of one organisation between two workers: a log of records that anybody may append to, and a snapshot that
 * only the holder of the lease replaces. A lease runs out by itself and with the server that gave it; its fence, a
 * counter, makes a holder that slept too long unable to write. A commit is one step: snapshot, end of the log that it includes, documents, their revisions.
 */
import { randomBytes } from 'node:crypto';
import { KEEP_MS, type NewRow } from '../model/outbox.ts';
import { deadLetter } from './dead-letter.ts';
import { dropEvidence } from './evidence-store.ts';
import { organizationKeys } from './keys.ts';
import { type PendingDocument, pendingValue } from './pending.ts';
import { counterValues, listOf, runScript, textOf } from './scripts.ts';
import { type QueueStore, throwFirst } from './store.ts';

/** What is kept of a document that was made: enough to know whether it must be made again. */
export interface Revision {
  /** external version */
  readonly v: number;
  /** digest of what was rendered */
  readonly d: string;
  /** what else its maker keeps */
  readonly [more: string]: unknown;
}

/** A document of a commit. */
export interface ShardDocument extends PendingDocument {
  /** digest of what is rendered */
  readonly digest: string;
  /** kept with its revision besides v and d */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Who holds the lease of an organisation. */
export interface LeaseHolder {
  readonly fence: number;
  readonly worker: string;
}

/** What one fold changed. */
export interface ShardCommit extends LeaseHolder {
  /** the folded state and the absolute index of the first record that it does not include */
  readonly snapshot?: { readonly bytes: Uint8Array; readonly at: number };
  readonly documents: readonly ShardDocument[];
  /** ids whose revision is forgotten */
  readonly dropRevisions?: readonly string[];
  readonly generation?: number;
  /** added to the organisation's counters; whole numbers */
  readonly stats: Readonly<Record<string, number>>;
  /** mails that are to be sent, and what their planner remembers */
  readonly mail?: MailCommit;
  /** evidence of chunks that end before these stream offsets is forgotten, after the commit */
  readonly dropEvidenceBefore?: readonly { readonly origin: number; readonly offset: number }[];
}

/** Mails of a commit. One whose id is known, or all of whose covers are, is left out. */
export interface MailCommit {
  readonly rows: readonly NewRow[];
  /** the planner's memory as JSON; null = as it was */
  readonly memory: string | null;
  /** Unix ms of the machine */
  readonly nowMs: number;
  /** rows that are those of a drill: it has passed when all of them are sent */
  readonly drill?: { readonly code: string; readonly rows: readonly string[] };
}

/** Where a fold begins. */
export interface ShardState {
  readonly snapshot: Buffer | null;
  /** absolute index of the first record that the snapshot does not include */
  readonly at: number;
  readonly revisions: Map<string, Revision>;
  /** 0 = none was given yet */
  readonly generation: number;
  /** what the planner of mails remembers, as JSON; null = nobody was mailed yet */
  readonly mailMemory: string | null;
}

/** The log was trimmed behind a reader's back: somebody else holds the lease now. Read the shard again. */
export class LogTrimmedError extends Error {
  constructor(from: number, base: number) {
    super(`the log begins at ${base}, ${from} was asked for`);
    this.name = 'LogTrimmedError';
  }
}

/** Bounds of one step of a commit, so that the server is not kept from others: documents and bytes. */
const DOCUMENTS_AT_ONCE = 500;
const BYTES_AT_ONCE = 8 * 1024 * 1024;
/**
 * Records that are put aside of an organisation. Each holds what up to 16 chunks of lines add up to, which nobody may lose
 * unseen: beyond that something is wrong with the program, and its log stands still until somebody looks.
 */
const DEAD_RECORDS_MAX = 1000;
/** Redis takes values of 512 MiB. */
const SNAPSHOT_BYTES_MAX = 500 * 1024 * 1024;

/**
 * Takes the lease of an organisation for some ms. Returns the fence, null when somebody else holds it; the name of a
 * worker is its own among all, and when it asks again its earlier fence is void. A restart of Redis ends all leases and
 * raises the generation.
 */
export async function acquireLease(store: QueueStore, org: string, worker: string, ms: number): Promise<number | null> {
  const keys = organizationKeys(store.prefix, org);
  const places = [keys.lease, keys.fence, keys.snapshot, keys.generation];
  const fence = await runScript(store.redis, 'pwAcquireLease', places, [worker, ms]);
  return fence === null ? null : Number(fence);
}

/** Holds the lease for some ms more. Returns false when it was lost: then nothing that was folded may be committed. */
export async function renewLease(
  store: QueueStore,
  org: string,
  worker: string,
  fence: number,
  ms: number,
): Promise<boolean> {
  const { lease } = organizationKeys(store.prefix, org);
  return (await runScript(store.redis, 'pwHoldLease', [lease], [holder({ fence, worker }), ms])) === 1;
}

/**
 * Why a lease that a worker held does not hold any more: Redis was restarted, which ends all leases; it ran out; another
 * worker has it.
 */
export async function leaseLoss(
  store: QueueStore,
  org: string,
  worker: string,
): Promise<'restarted' | 'ran out' | 'taken'> {
  const { lease, snapshot } = organizationKeys(store.prefix, org);
  return textOf(await runScript(store.redis, 'pwLeaseLoss', [lease, snapshot], [worker])) as Awaited<
    ReturnType<typeof leaseLoss>
  >;
}

/** Gives the lease back; harmless when it was lost. */
export async function releaseLease(store: QueueStore, org: string, worker: string, fence: number): Promise<void> {
  await runScript(
    store.redis,
    'pwHoldLease',
    [organizationKeys(store.prefix, org).lease],
    [holder({ fence, worker }), 0],
  );
}

/** Snapshot, revisions and generation, for who has just taken the lease. */
export async function readShard(store: QueueStore, org: string): Promise<ShardState> {
  const keys = organizationKeys(store.prefix, org);
  const [snapshot, at, base, revisions, generation, mailMemory] = await Promise.all([
    store.redis.hgetBuffer(keys.snapshot, 'bytes'),
    store.redis.hget(keys.snapshot, 'at'),
    store.redis.get(keys.logBase),
    store.redis.hgetall(keys.revisions),
    store.redis.get(keys.generation),
    store.redis.get(keys.mailMemory),
  ]);
  return {
    snapshot,
    at: Number(at ?? base ?? 0),
    revisions: new Map(Object.entries(revisions).map(([id, json]) => [id, JSON.parse(json) as Revision])),
    generation: Number(generation ?? 0),
    mailMemory,
  };
}

/**
 * Records of the log from an absolute index on, up to about `maxBytes` and at least one if there is one; `next` is where
 * to read on. Throws a LogTrimmedError when they are not there any more.
 */
export async function readLog(
  store: QueueStore,
  org: string,
  from: number,
  maxBytes: number,
): Promise<{ records: Buffer[]; next: number }> {
  const keys = organizationKeys(store.prefix, org);
  const answer = listOf(await runScript(store.redis, 'pwReadLog', [keys.log, keys.logBase], [from, maxBytes]));
  const base = Number(answer[0]);
  if (from < base) throw new LogTrimmedError(from, base);
  const records = answer.slice(1).filter((record) => Buffer.isBuffer(record));
  return { records, next: from + records.length };
}

/** Absolute index behind the last record of the log. */
export async function logEnd(store: QueueStore, org: string): Promise<number> {
  const keys = organizationKeys(store.prefix, org);
  const [base, length] = throwFirst(await store.redis.multi().get(keys.logBase).llen(keys.log).exec());
  return Number(base ?? 0) + Number(length);
}

/**
 * Puts a record that cannot be folded among the dead letters of its organisation; an empty one stays in its place. "lost":
 * the lease is, "full": there are as many as may be; nothing was done.
 */
export async function buryRecord(
  store: QueueStore,
  org: string,
  worker: string,
  fence: number,
  index: number,
  reason: string,
  recordsMax = DEAD_RECORDS_MAX,
): Promise<'buried' | 'lost' | 'full'> {
  const keys = organizationKeys(store.prefix, org);
  const places = [keys.lease, keys.log, keys.logBase, keys.dead, keys.deadRecords, keys.stats];
  const values = [holder({ fence, worker }), index, deadLetter(reason), recordsMax];
  const answer = await runScript(store.redis, 'pwBuryRecord', places, values);
  return answer === 2 ? 'full' : answer === 1 ? 'buried' : 'lost';
}

/** Appends a record that belongs to no chunk: an acknowledgement, a fact of another organisation. It may come twice. */
export async function appendRecord(store: QueueStore, org: string, record: Uint8Array): Promise<void> {
  await store.redis.rpush(organizationKeys(store.prefix, org).log, Buffer.from(record));
}

/**
 * Commits a fold. Documents go first in steps of bounded size, then the rest with the snapshot: a worker that dies in
 * between leaves documents that the next fold makes again, with the same versions. "fenced": the lease was lost, and of
 * this step and those after it nothing was written. Throws a RangeError for a snapshot that Redis cannot hold.
 */
export async function commitShard(
  store: QueueStore,
  org: string,
  commit: ShardCommit,
): Promise<'committed' | 'fenced'> {
  if ((commit.snapshot?.bytes.length ?? 0) > SNAPSHOT_BYTES_MAX) {
    throw new RangeError(`a snapshot of ${commit.snapshot!.bytes.length} bytes is more than Redis holds in one value`);
  }
  const steps = stepsOf(commit.documents);
  for (const [i, documents] of steps.entries()) {
    if ((await commitStep(store, org, commit, documents, i === steps.length - 1)) === 'fenced') return 'fenced';
  }
  for (const { origin, offset } of commit.dropEvidenceBefore ?? []) await dropEvidence(store, org, origin, offset);
  return 'committed';
}

/** Documents in steps of bounded size; at least one step. */
function stepsOf(documents: readonly ShardDocument[]): ShardDocument[][] {
  const steps: ShardDocument[][] = [[]];
  let size = 0;
  for (const document of documents) {
    let step = steps[steps.length - 1]!;
    if (step.length >= DOCUMENTS_AT_ONCE || (step.length > 0 && size + document.body.length > BYTES_AT_ONCE)) {
      step = [];
      steps.push(step);
      size = 0;
    }
    step.push(document);
    size += document.body.length;
  }
  return steps;
}

async function commitStep(
  store: QueueStore,
  org: string,
  commit: ShardCommit,
  documents: readonly ShardDocument[],
  isLast: boolean,
): Promise<'committed' | 'fenced'> {
  const keys = organizationKeys(store.prefix, org);
  const snapshot = isLast ? commit.snapshot : undefined;
  const counters = isLast ? counterValues(commit.stats) : [];
  const forgotten = isLast ? (commit.dropRevisions ?? []) : [];
  const mail = isLast ? commit.mail : undefined;
  const places = [keys.lease, keys.snapshot, keys.log, keys.logBase, keys.revisions, keys.pending, keys.pendingOrder];
  const { mails, mailStates, mailDue, mailWaiting, mailTold, mailMemory, drill } = keys;
  const mailPlaces = [mails, mailStates, mailDue, mailWaiting, mailTold, mailMemory, drill];
  const answer = await runScript(
    store.redis,
    'pwCommitShard',
    [...places, keys.generation, keys.stats, ...mailPlaces],
    [
      holder(commit),
      randomBytes(12).toString('base64url'),
      snapshot === undefined ? 0 : 1,
      snapshot?.bytes ?? '',
      snapshot?.at ?? 0,
      commit.generation ?? '',
      counters.length / 2,
      documents.length,
      forgotten.length,
      ...counters,
      ...documents.flatMap((document) => [
        document.id,
        pendingValue(document),
        JSON.stringify({ ...document.more, v: document.version, d: document.digest } satisfies Revision),
      ]),
      ...forgotten,
      ...mailValues(mail),
    ],
  );
  return textOf(answer) as 'committed' | 'fenced';
}

/** What the script's part for mails reads. */
function mailValues(mail: MailCommit | undefined): (string | number)[] {
  const { rows = [], memory = null, nowMs = 0, drill } = mail ?? {};
  return [
    rows.length,
    nowMs,
    nowMs - KEEP_MS,
    memory ?? '',
    drill?.code ?? '',
    drill?.rows.join(' ') ?? '',
    ...rows.flatMap(({ id, covers, mail: rendered }) => [
      id,
      JSON.stringify({ covers, mail: rendered }),
      covers.length,
      ...covers,
    ]),
  ];
}

/** The holder of a lease as it stands in the lease's key. */
export function holder({ fence, worker }: LeaseHolder): string {
  return `${fence}:${worker}`;
}

/** Whether a document of this id was ever told, and is not forgotten. */
export async function isDocument(store: QueueStore, org: string, id: string): Promise<boolean> {
  return (await store.redis.hexists(organizationKeys(store.prefix, org).revisions, id)) === 1;
}

/** What is kept of a document that was told, or null. */
export async function documentRevision(store: QueueStore, org: string, id: string): Promise<Revision | null> {
  const text = await store.redis.hget(organizationKeys(store.prefix, org).revisions, id);
  return text === null ? null : (JSON.parse(text) as Revision);
}

/** Ids of told documents that begin with a text, which must hold no character that means something in a pattern. */
export async function documentsFrom(store: QueueStore, org: string, beginning: string): Promise<string[]> {
  const { revisions } = organizationKeys(store.prefix, org);
  const found = new Set<string>();
  for (let cursor = '0'; ; ) {
    const [next, pairs] = await store.redis.hscan(revisions, cursor, 'MATCH', `${beginning}*`, 'COUNT', 1000);
    for (let i = 0; i < pairs.length; i += 2) found.add(pairs[i]!);
    if (next === '0') return [...found];
    cursor = next;
  }
}
