/**
 * How the origins of a shard stand: whether chunks of them are on their way, and whether they may still bring lines.
 */
import type { OriginState } from '../queue/origins.ts';
import type { OriginStanding } from './watermark.ts';

/** What was seen of the queue before the log was read. */
export interface QueueSight {
  readonly origins: readonly OriginState[];
  /** no chunk waited, and none was with a worker */
  readonly nothingWaits: boolean;
}

/** Makes the function that says how origins stand; one is quiet when it was idle for `idleMs`. */
export function createStandings(idleMs: number): (seen: QueueSight, isAtEnd: boolean) => OriginStanding[] {
  /** when an origin was met that has no time of its own */
  const metAt = new Map<number, number>();
  return ({ origins, nothingWaits }, isAtEnd) => {
    const nowMs = Date.now();
    return origins.map(({ number, seq, applied, closed, updatedMs }) => {
      const since = updatedMs > 0 ? updatedMs : (metAt.get(number) ?? nowMs);
      if (updatedMs === 0) metAt.set(number, since);
      return {
        number,
        seq,
        isDone: isAtEnd && (applied >= seq || nothingWaits),
        isQuiet: closed || nowMs - since > idleMs,
      };
    });
  };
}
