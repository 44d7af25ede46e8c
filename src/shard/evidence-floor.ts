/**
 * How far back lines are kept that alerts may show: by the days of the lines, not by when they came.
 */
import { dayOf } from '../model/time.ts';
import type { Shard } from './shard.ts';
import { latestOf } from './watermark.ts';

/**
 * Stream offsets before which no origin needs its evidence lines any more: of chunks whose latest line is older than
 * `days` before the latest line of all; of an origin that is no longer written, of all its chunks. Forgets those days.
 */
export function evidenceFloor(shard: Shard, dayStartMs: number, days: number): { origin: number; offset: number }[] {
  const latest = latestOf(shard.times);
  if (latest === null) return [];
  const today = dayOf(latest, dayStartMs);
  const floors: { origin: number; offset: number }[] = [];
  for (const [origin, offsets] of shard.offsets) {
    // stray lines of the future would keep all that comes behind them until their day is past
    for (const [day, offset] of offsets) {
      if (day <= today + 1) continue;
      offsets.delete(day);
      offsets.set(today, Math.min(offsets.get(today) ?? Number.POSITIVE_INFINITY, offset));
    }
    const past = [...offsets.keys()].filter((day) => day < today - days);
    if (past.length === 0) continue;
    for (const day of past) offsets.delete(day);
    const offset = offsets.size > 0 ? Math.min(...offsets.values()) : shard.ends.get(origin);
    if (offset !== undefined) floors.push({ origin, offset });
  }
  return floors;
}
