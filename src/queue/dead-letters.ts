/**
 * Dead letters: chunks that no worker could read, records that could not be folded, documents that the index refuses and
 * mails that the mail server will not take, each with its reason. They stay
 * until a person has them tried again or drops them; until then a dead chunk counts as waiting, so that a wrong secret
 * makes the reader wait instead of emptying a year of logs into the dead letters.
 */
import type { NewRow } from '../model/outbox.ts';
import { refOf, refText } from './chunk-store.ts';
import { dispatch } from './dispatch.ts';
import { organizationKeys } from './keys.ts';
import { retryMail } from './mail-outbox.ts';
import { nudgeIndex, nudgeMail, type Queues } from './queues.ts';
import { runScript, textOf } from './scripts.ts';
import type { QueueStore } from './store.ts';

/** A chunk, a record, a document or a mail that was given up. */
export interface DeadLetter {
  /** "chunk:origin:seq", "record:index of the log", "doc:id" or "mail:id"; "state": the folded state (halt.ts) */
  readonly id: string;
  readonly kind: 'chunk' | 'record' | 'document' | 'mail' | 'state';
  /** why; may hold text of the log, so it is printed escaped */
  readonly reason: string;
  /** Unix ms */
  readonly at: number;
  /** of a document: its index and version */
  readonly index: string | null;
  readonly version: number | null;
  /** of a mail: the address that it was for */
  readonly to: string | null;
}

/** All dead letters of an organisation, the oldest first. */
export async function deadLetters(store: QueueStore, org: string): Promise<DeadLetter[]> {
  const keys = organizationKeys(store.prefix, org);
  const found = await store.redis.hgetall(keys.dead);
  const mails = Object.keys(found).flatMap((id) => mailOf(id) ?? []);
  const rows = mails.length === 0 ? [] : await store.redis.hmget(keys.mails, ...mails);
  const to = new Map(mails.map((id, i) => [`mail:${id}`, addressIn(rows[i])]));
  const letters = Object.entries(found).map(([id, json]) => letterOf(id, json, to.get(id) ?? null));
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
  const mail = mailOf(id);
  if (mail !== null) {
    if (!(await retryMail(store, org, mail, Date.now()))) return 'unknown';
    await nudgeMail(queues, org);
    return 'replayed';
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
  const mail = mailOf(id);
  if (mail !== null) {
    const places = [keys.mails, keys.mailStates, keys.mailDue, keys.mailWaiting, keys.stats, keys.dead];
    return textOf(await runScript(store.redis, 'pwDropMail', places, [mail])) as 'dropped' | 'unknown';
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

function letterOf(id: string, json: string, to: string | null): DeadLetter {
  const { reason, at, index, version } = JSON.parse(json) as Partial<DeadLetter>;
  return {
    id,
    kind: kindOf(id),
    reason: reason ?? '',
    at: at ?? 0,
    index: index ?? null,
    version: version ?? null,
    to,
  };
}

/** Whom the row of an outbox is for. */
function addressIn(row: string | null | undefined): string | null {
  return row == null ? null : (JSON.parse(row) as Pick<NewRow, 'mail'>).mail.to;
}

function kindOf(id: string): DeadLetter['kind'] {
  if (chunkOf(id) !== null) return 'chunk';
  if (recordOf(id) !== null) return 'record';
  return mailOf(id) !== null ? 'mail' : 'document';
}

function chunkOf(id: string): string | null {
  return /^chunk:(\d{1,4}:\d{1,15})$/.exec(id)?.[1] ?? null;
}

function recordOf(id: string): string | null {
  return /^record:(\d{1,15})$/.exec(id)?.[1] ?? null;
}

function mailOf(id: string): string | null {
  return /^mail:([0-9a-f]{24})$/.exec(id)?.[1] ?? null;
}

function documentOf(id: string): string | null {
  return id.startsWith('doc:') ? id.slice('doc:'.length) : null;
}
