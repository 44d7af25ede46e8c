/**
 * Reads the log of a shard from an index on and folds what it finds, in turns that are short enough for the lease, for a
 * decision that is due and for other organisations of the same worker.
 */
import { readLog } from '../queue/shard-store.ts';
import type { QueueStore } from '../queue/store.ts';
import type { Lease } from './lease.ts';
import type { recordTaker } from './log.ts';

/** Bytes of the log that are read at once, between two looks at the lease. */
const READ_BYTES = 4 * 1024 * 1024;
/** Longest that a turn folds without a look at anything else, ms. */
const TURN_MS = 1000;

/** What one turn folded. */
export interface Turn {
  /** "lost": somebody else holds the lease */
  readonly state: 'kept' | 'lost';
  readonly records: number;
  /** bytes of them in the log */
  readonly bytes: number;
  /** events that came when their time had passed */
  readonly late: number;
  /** everything that stood in the log was folded; false also where what is left waits for a list of rules */
  readonly isAtEnd: boolean;
}

/** A place in the log. */
export interface LogReader {
  /** absolute index up to which everything was folded */
  readonly at: number;
  /** Folds until the log is empty, the turn is over, or `until` (by performance.now()) has come. */
  fold(until: number): Promise<Turn>;
}

/** Goes on at an index of the log of an organisation; `folded` is told after each part that was read. */
export function createLogReader(
  { store, org }: { readonly store: QueueStore; readonly org: string },
  lease: Lease,
  take: ReturnType<typeof recordTaker>,
  start: number,
  folded: () => void,
): LogReader {
  let at = start;
  return {
    get at() {
      return at;
    },
    async fold(until) {
      const end = Math.min(until, performance.now() + TURN_MS);
      const sum = { records: 0, bytes: 0, late: 0 };
      for (;;) {
        const read = await readLog(store, org, at, READ_BYTES);
        const before = sum.records;
        let waits = false;
        for (const record of read.records) {
          const taken = await take(record, at);
          if (taken.state === 'lost') return { ...sum, state: 'lost', isAtEnd: false };
          waits = taken.state === 'waits';
          if (waits) break;
          sum.late += taken.late;
          sum.bytes += record.length;
          sum.records++;
          at++;
        }
        if (read.records.length === 0 || (waits && sum.records === before))
          return { ...sum, state: 'kept', isAtEnd: read.records.length === 0 };
        folded();
        if (!(await lease.hold())) return { ...sum, state: 'lost', isAtEnd: false };
        if (performance.now() > end) return { ...sum, state: 'kept', isAtEnd: false };
      }
    },
  };
}
