/**
 * When a shard is written anew as a whole: when twice as much log was folded since the last time as the snapshot is long, so
 * that all snapshots together are shorter than the log; and once when what is stored is sealed with the key before. Between
 * two of them the log stays in Redis, some three hundredths of the bytes of its lines, and a worker that takes the shard over folds it.
 */
import type { ShardCommit } from '../queue/shard-store.ts';

/** A snapshot is not made for less than this much of log. */
const BYTES_MIN = 1024 * 1024;
/** So much log is folded between two snapshots, in lengths of the last one. */
const LENGTHS = 2;

/** Snapshots of one shard. */
export interface Snapshots {
  /** So much of the log was folded, and so many of its events were late. */
  grew(bytes: number, late: number): void;
  /** What a commit says of a snapshot, which is made when it is due; null: it is not. `at`: index of the log behind it. */
  due(make: () => Uint8Array, at: number): Pick<Required<ShardCommit>, 'snapshot' | 'stats'> | null;
  /** The last one was committed. */
  committed(): void;
}

/** `storedBytes`: length of the one that stands; `isOldKey`: it may be sealed with a key that will go. */
export function createSnapshots(storedBytes: number, isOldKey: boolean, bytesMin = BYTES_MIN): Snapshots {
  let [length, grown, late] = [storedBytes, 0, 0];
  let isDue = isOldKey;
  let made = 0;
  return {
    grew(bytes, events) {
      grown += bytes;
      late += events;
    },
    due(make, at) {
      made = 0;
      if (!isDue && grown < Math.max(bytesMin, length * LENGTHS)) return null;
      const bytes = make();
      made = bytes.length;
      return { snapshot: { bytes, at }, stats: { late } };
    },
    committed() {
      if (made === 0) return;
      [length, grown, late, made] = [made, 0, 0, 0];
      isDue = false;
    },
  };
}
