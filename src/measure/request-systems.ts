/**
 * Which declared system a request went to, by the host that the server wrote and the path: asked of the inventory once
 * for each pair of them.
 */
import type { Batch } from '../model/batch.ts';
import { type HashKey, hashRange, hashWords, lane } from '../model/hash.ts';

/** Pairs of host and path that are remembered; forgotten all at once when full, which costs time only. */
const PAIRS_MAX = 100_000;
/** Longest part of a host or a path that is looked at. */
const TEXT_MAX = 255;

export interface RequestSystems {
  /** Number of the asset that a row's request went to, 0 = none. `view` is over the batch's bytes. */
  systemOf(batch: Batch, view: DataView, row: number, pathHash: number): number;
}

/** `ask` tells the asset of a host ('' = the log has none) and a path; texts are latin1. */
export function createRequestSystems(key: HashKey, ask: (host: string, path: string) => number): RequestSystems {
  // by 53 bits: of 100,000 names or paths two share 32, and the first that came would answer for both
  const known = new Map<number, number>();
  return {
    systemOf(batch, view, row, pathHash) {
      const { bytes } = batch;
      const start = batch.hostStart[row]!;
      const end = batch.hostEnd[row]!;
      const target = batch.targetStart[row]!;
      const query = batch.queryStart[row]!;
      let nameHash = 0;
      let nameB = 0;
      if (end > start) {
        nameHash = hashRange(bytes, view, start, end, key);
        nameB = lane.b & 0x1fffff;
      }
      hashRange(bytes, view, target, query, key);
      const wide = hashWords(2, lane.b, nameHash, nameB) & 0x1fffff;
      const memo = hashWords(1, nameHash, pathHash) + wide * 4294967296;
      let system = known.get(memo);
      if (system === undefined) {
        system = ask(
          textOf(bytes, start, Math.min(end, start + TEXT_MAX)),
          textOf(bytes, target, Math.min(query, target + TEXT_MAX)),
        );
        if (known.size >= PAIRS_MAX) known.clear();
        known.set(memo, system);
      }
      return system;
    },
  };
}

/** latin1 text of a range of bytes */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  let s = '';
  for (let i = start; i < end; i++) s += String.fromCharCode(bytes[i]!);
  return s;
}
