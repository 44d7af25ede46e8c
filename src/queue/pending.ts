/**
 * Documents that wait for the index. A shard's commit puts them here with their version; who has indexed one removes it
 * only if no newer version has come since.
 *
 *   value = version SP index LF body
 */
import { deadLetter } from './dead-letter.ts';
import { organizationKeys } from './keys.ts';
import { runScript } from './scripts.ts';
import type { QueueStore } from './store.ts';

/** A document on its way to the index. */
export interface PendingDocument {
  readonly id: string;
  readonly index: string;
  /** external version: generation × 2³² + revision */
  readonly version: number;
  /** the whole document as JSON */
  readonly body: string;
}

/**
 * Dead documents of an organisation that are kept; some 60 MB. An index that refuses more is wrong as a whole, and the
 * memory is everybody's: more are only counted, as dead_documents_left_out.
 */
const DEAD_DOCUMENTS_MAX = 20_000;

/** How many documents one script settles: each is a few steps of the server, which does nothing else meanwhile. */
const SETTLED_AT_ONCE = 1000;

/** Up to `max` documents, those first that have waited longest. They stay until donePending. */
export async function takePending(store: QueueStore, org: string, max: number): Promise<PendingDocument[]> {
  const keys = organizationKeys(store.prefix, org);
  if (max < 1) return [];
  const ids = await store.redis.zrange(keys.pendingOrder, 0, String(max - 1));
  if (ids.length === 0) return [];
  const values = await store.redis.hmget(keys.pending, ...ids);
  // what was indexed between the two reads is not there any more
  return ids.flatMap((id, i) => (typeof values[i] === 'string' ? [documentOf(id, values[i])] : []));
}

/**
 * Settles documents by id and version: `done` stand in the index (or a newer one does), `dead` are refused for good and
 * become dead letters with their reason. One of which a newer version waits stays.
 */
export async function donePending(
  store: QueueStore,
  org: string,
  done: readonly Pick<PendingDocument, 'id' | 'version'>[],
  dead: readonly (Pick<PendingDocument, 'id' | 'version'> & { readonly index?: string; readonly reason: string })[],
  deadMax = DEAD_DOCUMENTS_MAX,
): Promise<void> {
  for (let at = 0; at < Math.max(done.length, dead.length); at += SETTLED_AT_ONCE) {
    await settle(store, org, done.slice(at, at + SETTLED_AT_ONCE), dead.slice(at, at + SETTLED_AT_ONCE), deadMax);
  }
}

/** How many documents of an organisation wait. */
export function countPending(store: QueueStore, org: string): Promise<number> {
  return store.redis.hlen(organizationKeys(store.prefix, org).pending);
}

/** The value of a document that waits. Throws a RangeError for an index that would break it. */
export function pendingValue({ index, version, body }: PendingDocument): string {
  if (/[\n\r]/.test(index) || !Number.isSafeInteger(version) || version < 0) {
    throw new RangeError('a document has a whole version and an index on one line');
  }
  return `${version} ${index}\n${body}`;
}

async function settle(
  store: QueueStore,
  org: string,
  done: Parameters<typeof donePending>[2],
  dead: Parameters<typeof donePending>[3],
  deadMax: number,
): Promise<void> {
  const keys = organizationKeys(store.prefix, org);
  await runScript(
    store.redis,
    'pwDonePending',
    [keys.pending, keys.pendingOrder, keys.dead, keys.deadDocuments, keys.stats],
    [
      done.length,
      dead.length,
      deadMax,
      ...done.flatMap(({ id, version }) => [id, version]),
      ...dead.flatMap(({ id, version, index, reason }) => [id, version, deadLetter(reason, { index, version })]),
    ],
  );
}

function documentOf(id: string, value: string): PendingDocument {
  const head = value.indexOf(' ');
  const lineEnd = value.indexOf('\n');
  return {
    id,
    version: Number(value.slice(0, head)),
    index: value.slice(head + 1, lineEnd),
    body: value.slice(lineEnd + 1),
  };
}
