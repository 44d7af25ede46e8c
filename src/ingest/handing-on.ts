/**
 * Hands committed chunks on to the workers. A chunk is safe once it is committed; this only saves it from waiting for the
 * next sweep. While a call for an organisation is on, others for it become one more: a busy reader is not held up.
 */
import { dispatch } from '../queue/dispatch.ts';
import type { Queues } from '../queue/queues.ts';
import type { QueueStore } from '../queue/store.ts';

/** Hands on what waits in an organisation's outbox. What fails is left to the sweep of the workers. */
export interface HandingOn {
  now(organization: string): void;
  /** Resolves when no call is on. */
  done(): Promise<void>;
}

/** Makes it for one process. */
export function createHandingOn(store: QueueStore, queues: Queues): HandingOn {
  /** organisations with a call on, and whether another is to follow */
  const on = new Map<string, { again: boolean; ended: Promise<void> }>();

  async function handOn(organization: string): Promise<void> {
    const call = on.get(organization)!;
    do {
      call.again = false;
      try {
        await dispatch(store, queues, organization);
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
      await Promise.all([...on.values()].map(({ ended }) => ended));
    },
  };
}
