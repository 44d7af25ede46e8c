/**
 * The last drill of an organisation: which mails belong to it, and when one was handed over. Written by the commit of its
 * mails and by whoever sends them (see mail-scripts.ts); read for digests, `status` and `doctor`.
 */
import { organizationKeys } from './keys.ts';
import type { QueueStore } from './store.ts';

/** A drill, and the last that came through. */
export interface DrillState {
  /** what its mails are called by, e.g. "DRILL-4F2A"; null = none was begun */
  readonly code: string | null;
  /** Unix ms of the machine on which it was begun; null = never */
  readonly startedMs: number | null;
  /** when a mail of a drill was last handed to the mail server, Unix ms; null = never */
  readonly passedMs: number | null;
}

/** Reads it; null when there never was one. */
export async function readDrill(store: QueueStore, org: string): Promise<DrillState | null> {
  const found = await store.redis.hgetall(organizationKeys(store.prefix, org).drill);
  if (Object.keys(found).length === 0) return null;
  const time = (name: string) => (found[name] === undefined ? null : Number(found[name]));
  return { code: found['code'] ?? null, startedMs: time('started_ms'), passedMs: time('passed_ms') };
}

/** Notes that a drill was begun. */
export async function noteDrill(store: QueueStore, org: string, code: string, startedMs: number): Promise<void> {
  await store.redis.hset(organizationKeys(store.prefix, org).drill, { code, started_ms: String(startedMs) });
}
