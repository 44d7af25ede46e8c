/**
 * Why nothing of an organisation is decided: noted by the decide worker that could not read its state or its log, for
 * `status`, `doctor`, the metrics and health. Whoever decides it again takes the note away. It decides nothing itself.
 *
 *   P:{us-xx-example}:halt → kind state, reason "a snapshot does not open …", since 1795910400000, worker decide-17-0a1b2c3d
 */
import { organizationKeys } from './keys.ts';
import { runScript, textOf } from './scripts.ts';
import { type QueueStore, throwFirst } from './store.ts';

/**
 * What stands in the way. state: the snapshot cannot be read; newer: a newer program wrote it; records: as many records
 * were put aside as may be; fault: anything else.
 */
export type HaltKind = 'state' | 'newer' | 'records' | 'fault';

/** An organisation that stands still. */
export interface Halt {
  readonly kind: HaltKind;
  /** what the program said; shown escaped */
  readonly reason: string;
  /** since when, Unix ms of the machine that noted it first */
  readonly sinceMs: number;
  /** who tried last */
  readonly worker: string;
}

const REASON_MAX = 500;

/** Notes that it stands still; since when is kept from the first time. */
export async function noteHalt(store: QueueStore, org: string, halt: Halt): Promise<void> {
  const { kind, reason, sinceMs, worker } = halt;
  const key = organizationKeys(store.prefix, org).halt;
  const about = { kind, reason: reason.slice(0, REASON_MAX), worker };
  throwFirst(await store.redis.multi().hsetnx(key, 'since', sinceMs).hset(key, about).exec());
}

/** It is decided again; harmless where it always was. */
export async function endHalt(store: QueueStore, org: string): Promise<void> {
  await store.redis.del(organizationKeys(store.prefix, org).halt);
}

/** Why it stands still; null = it does not. */
export async function readHalt(store: QueueStore, org: string): Promise<Halt | null> {
  const found = await store.redis.hgetall(organizationKeys(store.prefix, org).halt);
  if (found['kind'] === undefined) return null;
  return {
    kind: found['kind'] as HaltKind,
    reason: found['reason'] ?? '',
    sinceMs: Number(found['since'] ?? 0),
    worker: found['worker'] ?? '',
  };
}

/**
 * Gives up a state that cannot be read: the organisation counts from now on, what waits in its log included. "unknown": its
 * state is not what stands in the way, and nothing was done.
 */
export async function dropState(store: QueueStore, org: string): Promise<'dropped' | 'unknown'> {
  const { halt, lease, snapshot, revisions, generation, stats } = organizationKeys(store.prefix, org);
  const answer = await runScript(store.redis, 'pwDropState', [halt, lease, snapshot, revisions, generation, stats], []);
  return textOf(answer) as 'dropped' | 'unknown';
}
