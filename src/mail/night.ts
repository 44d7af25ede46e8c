/**
 * Election night is one story for each system, of whatever kind: what is found there from the close of polls until the results
 * are told goes into one thread for each recipient (ELECTIONS 2c). What was told of a night, and which alerts belong to it.
 */
import type { Alert } from '../model/alert.ts';
import type { AlertState } from './mailable.ts';
import { type MailMemory, wasTold } from './memory.ts';
import type { Pending } from './pending.ts';

/** What one recipient was told of one night of one system. */
export interface NightTold {
  /** message id of the first mail */
  readonly root: string;
  readonly mails: number;
  readonly atMs: number;
}

export interface NightMemory {
  readonly lastMs: number;
  /** by address */
  readonly by: Readonly<Record<string, NightTold>>;
}

/** Names the night and the system that an alert belongs to; null outside of election nights and for alerts of no system. */
export function nightOf({ asset, window }: Pick<Alert, 'asset' | 'window'>): string | null {
  return asset === null || window?.night === undefined ? null : `${window.night} ${asset.id}`;
}

/** What a recipient was told of the night of an alert, or null. */
export function toldOfNight(memory: MailMemory, alert: Alert, address: string): NightTold | null {
  const night = nightOf(alert);
  return night === null ? null : (memory.nights?.[night]?.by[address] ?? null);
}

/** Notes one mail that told of these alerts: once for each night in it. `root` is used when it is the first of its night. */
export function noteNights(
  memory: MailMemory,
  states: readonly AlertState[],
  address: string,
  root: string,
  nowMs: number,
): void {
  const nights = new Set(states.map(({ alert }) => nightOf(alert)).filter((night) => night !== null));
  for (const night of nights) {
    memory.nights ??= {};
    const by = memory.nights[night]?.by ?? {};
    const told = by[address];
    memory.nights[night] = {
      lastMs: nowMs,
      by: { ...by, [address]: { root: told?.root ?? root, mails: (told?.mails ?? 0) + 1, atMs: nowMs } },
    };
  }
}

/**
 * The nights of a recipient that are not over: something that was told is neither closed nor withdrawn, or something is to be
 * told for the first time. While one is open, the end of a single finding starts no mail.
 */
export function openNights(
  states: readonly AlertState[],
  pending: readonly Pending[],
  memory: MailMemory,
  address: string,
): ReadonlySet<string> {
  const open = states.filter(
    ({ alert, status }) => (status === 'new' || status === 'ack') && wasTold(memory, alert, address),
  );
  const coming = pending.filter(({ kind }) => kind !== 'closed').map(({ state }) => state);
  return new Set([...open, ...coming].map(({ alert }) => nightOf(alert)).filter((night) => night !== null));
}

/** All that a recipient knows of a night with a mail about `items`, in the order of time. */
export function findingsOf(
  night: string,
  items: readonly Pending[],
  states: readonly AlertState[],
  memory: MailMemory,
  address: string,
): AlertState[] {
  const now = new Set(items.map(({ state }) => state));
  return states
    .filter((state) => nightOf(state.alert) === night)
    .filter((state) => now.has(state) || wasTold(memory, state.alert, address))
    .sort((a, b) => a.alert.startMs - b.alert.startMs || (a.alert.id < b.alert.id ? -1 : 1));
}
