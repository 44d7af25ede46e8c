/**
 * Dead letters: chunks that no worker could read, records that could not be folded and documents that the index refuses,
 * each with its reason. They stay
 * until a person has them tried again or drops them; until then a dead chunk counts as waiting, so that a wrong secret
 * makes the reader wait instead of emptying a year of logs into the dead letters.
 */
import { refOf, refText } from './chunk-store.ts';
import { dispatch } from './dispatch.ts';
import { organizationKeys } from './keys.ts';
import { nudgeIndex, type Queues } from './queues.ts';
import { runScript, textOf } from './scripts.ts';
import type { QueueStore } from './store.ts';

/** A chunk, a record or a document that was given up. */
export interface DeadLetter {
  /** "chunk:origin:seq", "record:index of the log" or "doc:id" */
  readonly id: string;
  readonly kind: 'chunk' | 'record' | 'document';
  /** why; may hold text of the log, so it is printed escaped */
  readonly reason: string;
  /** Unix ms */
  readonly at: number;
  /** of a document: its index and version */
  readonly index: string | null;
  readonly version: number | null;
}

/** All dead letters of an organisation, the oldest first. */
export async function deadLetters(store: QueueStore, org: string): Promise<DeadLetter[]> {
  const found = await store.redis.hgetall(organizationKeys(store.prefix, org).dead);
  const letters = Object.entries(found).map(([id, json]) => letterOf(id, json));
  return letters.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** Has a dead letter tried again. "gone": its lines are not there any more; it can only be dropped. */
export async function replayDead(
  store: QueueStore,
  queues: Queues,
  org: string,
  id: string,
): Promise<'replayed' | 'gone' | 'unknown'> {
  const keys = organizationKeys(store.prefix, org);
  const record = recordOf(id);
  if (record !== null) {
    const places = [keys.dead, keys.deadRecords, keys.log];
    return textOf(await runScript(store.redis, 'pwReplayRecord', places, [record])) as 'replayed' | 'gone' | 'unknown';
  }
  const text = chunkOf(id);
  if (text === null) {
    const document = documentOf(id);
    if (document === null) return 'unknown';
    const places = [keys.pending, keys.pendingOrder, keys.dead, keys.deadDocuments, keys.stats];
    const answer = textOf(await runScript(store.redis, 'pwReplayDocument', places, [document]));
    if (answer === 'replayed') await nudgeIndex(queues, org);
    return answer as 'replayed' | 'unknown';
  }
  const ref = refOf(org, text);
  const places = [keys.dead, keys.outbox, keys.chunk(ref.origin, ref.seq)];
  const answer = textOf(await runScript(store.redis, 'pwReplayChunk', places, [refText(ref)]));
  if (answer === 'replayed') await dispatch(store, queues, org);
  return answer as 'replayed' | 'gone' | 'unknown';
}

/** Gives a dead letter up: its lines or its document are deleted and counted as dropped. */
export async function dropDead(store: QueueStore, org: string, id: string): Promise<'dropped' | 'unknown'> {
  const keys = organizationKeys(store.prefix, org);
  const record = recordOf(id);
  if (record !== null) {
    const places = [keys.dead, keys.deadRecords, keys.stats];
    return textOf(await runScript(store.redis, 'pwDropRecord', places, [record])) as 'dropped' | 'unknown';
  }
  const text = chunkOf(id);
  if (text === null) {
    const places = [keys.dead, keys.deadDocuments, keys.stats];
    const document = documentOf(id);
    if (document === null) return 'unknown';
    return textOf(await runScript(store.redis, 'pwDropDocument', places, [document])) as 'dropped' | 'unknown';
  }
  const ref = refOf(org, text);
  const places = [keys.dead, keys.chunk(ref.origin, ref.seq), keys.queued, keys.seen(ref.origin), keys.stats];
  const answer = await runScript(store.redis, 'pwDropChunk', places, [refText(ref), ref.seq]);
  return textOf(answer) as 'dropped' | 'unknown';
}

function letterOf(id: string, json: string): DeadLetter {
  const { reason, at, index, version } = JSON.parse(json) as Partial<DeadLetter>;
  return {
    id,
    kind: chunkOf(id) !== null ? 'chunk' : recordOf(id) !== null ? 'record' : 'document',
    reason: reason ?? '',
    at: at ?? 0,
    index: index ?? null,
    version: version ?? null,
  };
}

function chunkOf(id: string): string | null {
  return /^chunk:(\d{1,4}:\d{1,15})$/.exec(id)?.[1] ?? null;
}

function recordOf(id: string): string | null {
  return /^record:(\d{1,15})$/.exec(id)?.[1] ?? null;
}

function documentOf(id: string): string | null {
  return id.startsWith('doc:') ? id.slice('doc:'.length) : null;
}
