/**
 * Waiting in a test: for what must come to hold, looking again and again. The bound is a guard against waiting for ever
 * and no measure of speed: a busy machine may take as long as it needs.
 */

/** Below the time that vitest gives a test, so that a test says what it waited for. */
const PATIENCE_MS = 200_000;

/** Waits until a claim holds, looking every 20 ms, by a clock that no test sets. Throws after `ms` with what was waited for. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms: number = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms in vain until ${what}`);
    await pause(20);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
