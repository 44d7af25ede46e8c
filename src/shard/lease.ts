/**
 * The lease of a shard for as long as it is held: renewed when a good part of it is gone, and asked for before anything is
 * done that takes long.
 */
import { releaseLease, renewLease } from '../queue/shard-store.ts';
import type { QueueStore } from '../queue/store.ts';

/** A lease that was given. */
export interface Lease {
  readonly fence: number;
  readonly worker: string;
  /** Renews it when a third of it is gone, or at once. False when it was lost: nothing may be committed any more. */
  hold(now?: boolean): Promise<boolean>;
  /** Gives it back. */
  release(): Promise<void>;
}

/** Holds the lease of an organisation that was given with `fence` just now, for `ms` each time. */
export function holdLease(store: QueueStore, org: string, worker: string, fence: number, ms: number): Lease {
  let heldUntil = performance.now() + ms;
  return {
    fence,
    worker,
    async hold(now = false) {
      if (!now && heldUntil - performance.now() > (ms * 2) / 3) return true;
      const asked = performance.now();
      if (!(await renewLease(store, org, worker, fence, ms))) return false;
      heldUntil = asked + ms;
      return true;
    },
    release: () => releaseLease(store, org, worker, fence),
  };
}
