/**
 * What was told last of how well an organisation's part works: the interval, and the numbers that the next one is
 * compared with. Any worker may tell of an interval; the first one does, and its documents go to the waiting ones in the
 * same step, so that an interval is told once and none is lost on the way to the index.
 */
import { organizationKeys } from './keys.ts';
import { type PendingDocument, pendingValue } from './pending.ts';
import { runScript, textOf } from './scripts.ts';
import type { QueueStore } from './store.ts';

/** The interval that was told last, and what was kept with it; null when nothing was told yet. */
export async function readHealth(
  store: QueueStore,
  org: string,
): Promise<{ interval: number; memory: unknown } | null> {
  const [interval, memory] = await store.redis.hmget(organizationKeys(store.prefix, org).health, 'interval', 'memory');
  if (typeof interval !== 'string' || typeof memory !== 'string') return null;
  return { interval: Number(interval), memory: JSON.parse(memory) as unknown };
}

/** Tells of an interval. 'told' when another worker has told of one since `before` (null = none was) was read. */
export async function commitHealth(
  store: QueueStore,
  org: string,
  told: {
    readonly before: number | null;
    readonly interval: number;
    readonly memory: unknown;
    readonly documents: readonly PendingDocument[];
  },
): Promise<'committed' | 'told'> {
  const keys = organizationKeys(store.prefix, org);
  const answer = await runScript(
    store.redis,
    'pwCommitHealth',
    [keys.health, keys.pending, keys.pendingOrder, keys.stats],
    [
      told.before ?? '',
      told.interval,
      JSON.stringify(told.memory),
      ...told.documents.flatMap((document) => [document.id, pendingValue(document)]),
    ],
  );
  return textOf(answer) === 'committed' ? 'committed' : 'told';
}
