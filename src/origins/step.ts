/**
 * Reads several origins in step by event time, so that a log, its rotated files and the logs of other machines advance
 * together and the state holds no more of the past than it must. Alerts do not depend on it (law 1); memory does.
 */

/** How many origins are open at a time; each holds up to 512 KiB of buffer. */
export const OPEN_MAX = 64;

/** What the order of reading depends on. */
export interface OpenOrigin {
  /** event time (Unix ms) of the last event read; -Infinity while none was */
  lastMs: number;
  done: boolean;
}

/** Index of the open origin to read from next: the one that is furthest behind, unknown ones first; -1 = all done. */
export function nextOrigin(open: readonly OpenOrigin[]): number {
  let best = -1;
  for (let i = 0; i < open.length; i++) {
    const origin = open[i]!;
    if (origin.done) continue;
    if (best < 0 || position(origin) < position(open[best]!)) best = i;
  }
  return best;
}

function position(origin: OpenOrigin): number {
  return Number.isNaN(origin.lastMs) ? -Infinity : origin.lastMs;
}

/**
 * The order in which origins are opened: by the time of their first event (Unix ms; null = unknown, opened first), equal
 * ones in the order given. Returns indices.
 */
export function openingOrder(firstMs: readonly (number | null)[]): number[] {
  const at = (i: number) => firstMs[i] ?? -Infinity;
  return firstMs.map((_, i) => i).sort((a, b) => (at(a) === at(b) ? a - b : at(a) - at(b)));
}
