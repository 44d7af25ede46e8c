/**
 * Documents of past days that wait to be told, from the state of the last decision: there may be as many as sources, so they
 * are told some at a time, and while there are records to fold they wait, since nobody waits for them.
 *
 *   decided → wait until the log is empty, or long enough → under way: nothing is folded until the last was taken
 */
import type { ShardDocument } from '../queue/shard-store.ts';
import type { ClosedDays } from './days.ts';

/** Documents that are committed at once, and about how many bytes of them. */
const AT_ONCE = 500;
const BYTES_AT_ONCE = 1024 * 1024;

/** Past days of one shard. */
export interface PastDays {
  /** documents wait, or the state is still to be pruned */
  readonly isWaiting: boolean;
  /** nothing is to be folded until the last was taken */
  readonly isUnderWay: boolean;
  /** end of the first day that has not been told, Unix ms */
  readonly nextMs: number;
  /** A decision was committed, and these days closed. */
  decided(days: Pick<ClosedDays, 'documents' | 'isDue' | 'nextMs'>): void;
  /** The state has changed: the next decision tells what is left. */
  changed(): void;
  /** The next documents; afterwards they are under way. */
  take(): { readonly documents: ShardDocument[]; readonly isLast: boolean };
  /** All were committed. */
  done(): void;
}

/** Nothing waits yet. `waitMs`: how long days wait while there are records to fold. */
export function createPastDays(waitMs: number): PastDays {
  let leaving: Iterator<ShardDocument> | null = null;
  let isBegun = false;
  /** since when days wait, by performance.now(); null: no day has closed, there is only to prune */
  let waitsSince: number | null = null;
  let nextMs = Number.POSITIVE_INFINITY;
  return {
    get isWaiting() {
      return leaving !== null;
    },
    get isUnderWay() {
      return leaving !== null && (isBegun || waitsSince === null);
    },
    get nextMs() {
      return nextMs;
    },
    decided(days) {
      leaving = days.documents[Symbol.iterator]();
      waitsSince = days.isDue ? (waitsSince ?? performance.now()) : null;
      isBegun = waitsSince !== null && performance.now() - waitsSince > waitMs;
      nextMs = days.nextMs;
    },
    changed() {
      leaving = null;
    },
    take() {
      isBegun = true;
      const documents: ShardDocument[] = [];
      let isLast = false;
      for (let bytes = 0; leaving !== null && documents.length < AT_ONCE && bytes < BYTES_AT_ONCE; ) {
        const next = leaving.next();
        isLast = next.done === true;
        if (next.done === true) break;
        documents.push(next.value);
        bytes += next.value.body.length;
      }
      return { documents, isLast };
    },
    done() {
      leaving = null;
      isBegun = false;
      waitsSince = null;
    },
  };
}
