/**
 * The last drill of an organisation: how far it has come, and when one came through. Written by whoever begins it, by the
 * commit of its mails, and by whoever sends them (see mail-scripts.ts); read for digests, `status` and `doctor`.
 */
import { organizationKeys } from './keys.ts';
import type { QueueStore } from './store.ts';

/** A drill, and the last that came through. */
export interface DrillState {
  /** the last that was begun, e.g. "DRILL-4F2A"; null = none */
  readonly code: string | null;
  /** Unix ms of the machine on which it was begun; null = never */
  readonly startedMs: number | null;
  /** the last that was recognised and has mails */
  readonly plannedCode: string | null;
  /** ids of its mails that are not sent yet */
  readonly left: readonly string[];
  /** the last whose mails were all handed to the mail server, and when, Unix ms; null = none */
  readonly passedCode: string | null;
  readonly passedMs: number | null;
}

/** Reads it; null when there never was one. */
export async function readDrill(store: QueueStore, org: string): Promise<DrillState | null> {
  const found = await store.redis.hgetall(organizationKeys(store.prefix, org).drill);
  if (Object.keys(found).length === 0) return null;
  const time = (name: string) => (found[name] === undefined ? null : Number(found[name]));
  return {
    code: found['code'] ?? null,
    startedMs: time('started_ms'),
    plannedCode: found['planned_code'] ?? null,
    left: (found['left'] ?? '').split(' ').filter((id) => id !== ''),
    passedCode: found['passed_code'] ?? null,
    passedMs: time('passed_ms'),
  };
}

/** Notes that a drill was begun. */
export async function noteDrill(store: QueueStore, org: string, code: string, startedMs: number): Promise<void> {
  await store.redis.hset(organizationKeys(store.prefix, org).drill, { code, started_ms: String(startedMs) });
}
