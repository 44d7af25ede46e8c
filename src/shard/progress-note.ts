/**
 * What the holder of a lease says of itself in the store, for `status`, the metrics, and whoever waits until everything was
 * decided.
 */
import type { HeldAlerts } from '../mail/held.ts';
import type { WorkerHooks } from '../model/worker.ts';
import type { OriginState } from '../queue/origins.ts';
import { noteProgress, type ShardProgress } from '../queue/progress.ts';
import type { QueueStore } from '../queue/store.ts';
import type { Tidings } from './documents.ts';
import type { Shard } from './shard.ts';
import { latestOf, robustMaximum } from './watermark.ts';

/** Whose progress it is. */
export interface ProgressPlace {
  readonly store: QueueStore;
  readonly org: string;
  readonly worker: string;
  readonly hooks: Pick<WorkerHooks, 'log'>;
}

/** Progress of one shard. */
export interface ProgressNote {
  /** as it was written last: no decision is awaited without another line */
  readonly isSettled: boolean;
  /** A decision was committed about the log below an index. */
  decided(at: number, shard: Shard, origins: readonly OriginState[], tidings: Tidings): void;
  /** Writes it; `held`: alerts whose mails find no place, or null. */
  write(isSettled: boolean, shard: Shard, held: HeldAlerts | null): Promise<void>;
}

/** Nothing was decided yet. */
export function createProgressNote({ store, org, worker, hooks }: ProgressPlace): ProgressNote {
  let isSettled = false;
  let last: Pick<ShardProgress, 'decided' | 'eventMs' | 'originMs' | 'alertMs' | 'alerts'> = {
    decided: 0,
    eventMs: null,
    alertMs: null,
    alerts: 0,
  };
  /** facts that were said to be left out: said again when they have doubled */
  let leftOutSaid = 0;
  return {
    get isSettled() {
      return isSettled;
    },
    decided(at, { times }, origins, { latestMs, standing }) {
      const reached = origins.flatMap(({ number, closed }) => {
        const ms = closed ? null : robustMaximum(times.get(number) ?? { runs: [] });
        return ms === null ? [] : [[number, ms]];
      });
      const originMs = Object.fromEntries(reached);
      last = { decided: at, eventMs: latestOf(times), originMs, alertMs: latestMs, alerts: standing };
    },
    async write(settled, { facts, late }, held) {
      isSettled = settled;
      const factsLeftOut = facts.leftOut;
      if (factsLeftOut > 2 * leftOutSaid) {
        leftOutSaid = factsLeftOut;
        hooks.log('warn', LEFT_OUT, { organization: org, facts: factsLeftOut });
      }
      const left = factsLeftOut === 0 ? {} : { factsLeftOut };
      const mailsHeld = held === null ? {} : { mailsHeld: held };
      await noteProgress(store, org, { ...last, isSettled, late, ...left, ...mailsHeld, worker });
    },
  };
}

const LEFT_OUT = 'other organisations tell more than is kept: what they told of some sources is left out';
