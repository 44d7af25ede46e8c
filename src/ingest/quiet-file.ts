/**
 * How long an open file is waited for: whether more comes, whether its last line will still get an end, and when it can be
 * closed. A rotated file is written on for a moment, a compressed one may still be being written.
 */
import type { TailLines } from './line-tail.ts';
import type { Notices } from './notices.ts';
import type { OpenLog } from './open-log.ts';

/** A rotated file that was not written to for so long gets its last line taken although it has no end, ms. */
export const SETTLE_MS = 5000;

/** What is waited for. */
export interface Patience {
  /** nothing: files are read to the end as they are */
  readonly isOnce: boolean;
  /** how long a rotated file must be quiet, ms */
  readonly settleMs: number;
}

/** Whether lines may be there now. `isNewest`: it is the log itself, not what it was rotated into. */
export function hasMore(log: OpenLog, isNewest: boolean, patience: Patience, nowMs: number): boolean {
  if (log.isOver) return false;
  if (log.rest.length > 0 || log.plain === null) return true;
  const { sizeBytes } = log.plain.stat();
  const { place, readTo } = log.tail;
  return sizeBytes > readTo || (readTo > place && isSettled(log, isNewest, patience, nowMs));
}

/** Whether an open file was cut below what was read of it. */
export function isCut(log: OpenLog): boolean {
  return log.plain !== null && log.plain.stat().sizeBytes < log.tail.readTo;
}

/** Whether a file can be closed: there is another one to be held open, and it is read and quiet. */
export function isDone(log: OpenLog, isNewest: boolean, { settleMs }: Patience, nowMs: number): boolean {
  if (log.isOver) return true;
  if (log.plain === null || log.tail.readTo > log.tail.place || log.rest.length > 0) return false;
  return !isNewest && nowMs - log.plain.stat().modifiedMs >= settleMs;
}

/**
 * The next lines of a file, the last one without its end when it will get none. Null = none now; "unfinished" = it is
 * damaged so far, and may still be being written. When it is damaged and quiet, that is told, and it ends there.
 */
export async function nextLines(
  log: OpenLog,
  isNewest: boolean,
  patience: Patience,
  nowMs: number,
  notices: Notices,
): Promise<TailLines | 'unfinished' | null> {
  try {
    const lines = await log.tail.next();
    if (lines !== null) return lines;
  } catch (error) {
    const { path, modifiedMs } = log.marked.file;
    if (!patience.isOnce && nowMs - modifiedMs < patience.settleMs) return 'unfinished';
    const why = error instanceof Error ? error.message : String(error);
    notices.begin(path, 'PW-INGEST-DAMAGED', why, 'the lines before the damage were read; copy the file again');
  }
  if (!isSettled(log, isNewest, patience, nowMs)) return null;
  const lines = log.tail.finish();
  if (lines === null) log.isOver = log.plain === null || patience.isOnce || log.isFinished;
  else log.isFinished = true;
  return lines;
}

/** Whether the line that a file ends with will get no end any more. */
function isSettled(log: OpenLog, isNewest: boolean, { isOnce, settleMs }: Patience, nowMs: number): boolean {
  if (isOnce || log.plain === null) return true;
  const { modifiedMs, isLinked } = log.plain.stat();
  return (!isNewest || !isLinked) && nowMs - modifiedMs >= settleMs;
}
