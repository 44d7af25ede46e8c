/**
 * Waiting that ends early when the process is told to stop.
 */
import { setTimeout as wait } from 'node:timers/promises';

/** Waits `ms` milliseconds, or until the signal comes. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await wait(ms, undefined, { signal }).catch(() => undefined);
}
