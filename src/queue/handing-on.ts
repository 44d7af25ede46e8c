/**
 * Hands committed chunks on to the workers, after a commit and when a job is finished. A chunk is safe once it is
 * committed; this only saves it from waiting for the next sweep. While a call for an organisation is on, or its chunks
 * gather, others for it become one more: a busy reader is not held up.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { dispatch, gather } from './dispatch.ts';
import type { Queues } from './queues.ts';
import type { QueueStore } from './store.ts';

/** Longest that the end waits for the last calls, ms: their chunks are committed, or were not. */
const DONE_MS = 1000;

/** Hands on what waits in an organisation's outbox. What fails is left to the sweep of the workers. */
export interface HandingOn {
  now(organization: string): void;
  /** Hands on at once what gathers still. Resolves when no call is on; while Redis is away nobody waits for it. */
  done(): Promise<void>;
}

/** Makes it for one process. */
export function createHandingOn(store: QueueStore, queues: Queues): HandingOn {
  /** organisations with a call on, and whether another is to follow */
  const on = new Map<string, { again: boolean; ended: Promise<void> }>();
  const ending = new AbortController();

  async function handOn(organization: string): Promise<void> {
    const call = on.get(organization)!;
    do {
      call.again = false;
      try {
        if (ending.signal.aborted) await dispatch(store, queues, organization);
        else {
          const waitMs = await gather(store, queues, organization);
          if (waitMs === 0) continue;
          await wait(waitMs, undefined, { signal: ending.signal }).catch(() => undefined);
          call.again = true;
        }
      } catch {
        // the chunk is in its outbox: the workers' sweep finds it there
      }
    } while (call.again);
    on.delete(organization);
  }

  return {
    now(organization) {
      const call = on.get(organization);
      if (call !== undefined) {
        call.again = true;
        return;
      }
      const begun = { again: false, ended: Promise.resolve() };
      on.set(organization, begun);
      begun.ended = handOn(organization);
    },
    async done() {
      ending.abort();
      const ended = Promise.all([...on.values()].map((call) => call.ended));
      await Promise.race([ended, wait(DONE_MS, undefined, { ref: false })]);
    },
  };
}
