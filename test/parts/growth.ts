/**
 * Whether work takes time in proportion to the length of what it is given, without a clock on the wall: it is done over one
 * long text, and over short ones that are as long in all. What is linear takes about the same both ways, on any machine and
 * whoever else is busy on it; what is quadratic takes PIECES times as long over the long one.
 */

const PIECES = 32;
/** Between the two: a cache that is too small for the long text doubles its time, nothing linear takes twelve times as long. */
export const LINEAR_MAX = 12;
/** The least of so many measurements counts; there are fewer as soon as two agree that it is linear. */
const ROUNDS = 6;
/** Below this (µs) a measurement says nothing: some systems count processor time by ticks of ten milliseconds. */
const LEAST_US = 10_000;

/**
 * How many times the processor time of `work` grows when the same `length` is given as a whole instead of in PIECES. `work` is
 * called with the length to make its text of, and with a number unlike that of every other call, for what remembers texts.
 */
export function growth(length: number, work: (length: number, nth: number) => void): number {
  let [whole, parts] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let nth = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const inParts = processorTime(() => {
      for (let piece = 0; piece < PIECES; piece++) work(length / PIECES, nth++);
    });
    parts = Math.min(parts, inParts);
    whole = Math.min(
      whole,
      processorTime(() => work(length, nth++)),
    );
    if (round > 0 && whole / Math.max(parts, LEAST_US) < LINEAR_MAX) break;
  }
  return whole / Math.max(parts, LEAST_US);
}

/** Microseconds of this thread alone: what compiles and collects garbage beside it does not count. */
function processorTime(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
