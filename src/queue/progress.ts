/**
 * How far the decisions of an organisation are, written by whoever holds its lease after each commit: for `status`, the
 * metrics, and to know when everything that was ingested is decided. Only people and scripts read it; a line that was
 * lost or is late changes no alert.
 */
import type { Level } from '../model/rule.ts';
import { organizationKeys } from './keys.ts';
import type { QueueStore } from './store.ts';

/** What the holder of a lease says of itself. */
export interface ShardProgress {
  /** absolute index of the first record of the log that no committed decision has seen */
  readonly decided: number;
  /** false while decisions wait for their windows to close: more alerts may come without more lines */
  readonly isSettled: boolean;
  /** latest event time that was applied (robust: without stray lines of the future), Unix ms; null = none */
  readonly eventMs: number | null;
  /** the same for each origin that is not closed, by its number */
  readonly originMs?: Readonly<Record<string, number>>;
  /** event time of the latest alert, Unix ms; null = none */
  readonly alertMs: number | null;
  /** events that came when their time had passed, since the organisation began */
  readonly late: number;
  /** facts of other organisations that were left out, for there are more than are kept; absent = none */
  readonly factsLeftOut?: number;
  /** alerts whose mail is due and finds no place: how many, the gravest, when a place opens for it (Unix ms); absent = none */
  readonly mailsHeld?: { readonly alerts: number; readonly worst: Level; readonly opensMs: number };
  /** alerts that stand */
  readonly alerts: number;
  /** who holds the lease */
  readonly worker: string;
}

/** Writes it. */
export async function noteProgress(store: QueueStore, org: string, progress: ShardProgress): Promise<void> {
  await store.redis.set(organizationKeys(store.prefix, org).progress, JSON.stringify(progress));
}

/** Reads it; null when nobody has decided anything yet. */
export async function readProgress(store: QueueStore, org: string): Promise<ShardProgress | null> {
  const text = await store.redis.get(organizationKeys(store.prefix, org).progress);
  return text === null ? null : (JSON.parse(text) as ShardProgress);
}
