/**
 * The progress bar of a run: share of the stored bytes read, lines per second, time left. Drawn on standard error and
 * only where that is a terminal; in a pipe, a file or a cron job nothing is written at all.
 */
import { SingleBar } from 'cli-progress';

/** A redraw at most every so many milliseconds. */
const REDRAW_MS = 100;

/** A rate from less time than this is noise. */
const RATE_AFTER_MS = 200;

export interface Progress {
  /** bytes as stored (compressed size) and lines read so far, over all origins */
  update(bytesRead: number, lines: number): void;
  stop(): void;
}

/** What the bar is drawn on: `process.stderr`, or a stand-in of a test. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean };

/** A bar over `totalBytes` stored bytes (0 = unknown, as for standard input: then only lines and rate are shown). */
export function createProgress(
  totalBytes: number,
  stream: ProgressStream = process.stderr,
  nowMs: () => number = () => performance.now(),
): Progress {
  if (stream.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  const isKnown = totalBytes > 0;
  const bar = new SingleBar({
    stream,
    format: isKnown ? '{bar} {percentage} %  {lines} lines  {rate}  {left}' : '{lines} lines  {rate}',
    barsize: 24,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    clearOnComplete: true,
    hideCursor: true,
    linewrap: false,
    fps: 1000 / REDRAW_MS,
  });
  const startedMs = nowMs();
  let drawnMs = -Infinity;
  bar.start(isKnown ? totalBytes : 1, 0, { lines: '0', rate: '', left: '' });
  return {
    update(bytesRead, lines) {
      const now = nowMs();
      if (now - drawnMs < REDRAW_MS) return;
      drawnMs = now;
      const spentMs = now - startedMs;
      const rate = spentMs < RATE_AFTER_MS ? '' : `${formatCount((lines / spentMs) * 1000)} lines/s`;
      bar.update(isKnown ? Math.min(bytesRead, totalBytes) : 0, {
        lines: formatCount(lines),
        rate,
        left: isKnown ? formatLeft(spentMs, bytesRead, totalBytes) : '',
      });
    },
    stop() {
      bar.stop();
    },
  };
}

/** 1234567 → "1,234,567" */
function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** "1 min 05 s left" at the speed so far; empty while nothing can be said. */
function formatLeft(spentMs: number, bytesRead: number, totalBytes: number): string {
  if (spentMs < RATE_AFTER_MS || bytesRead <= 0) return '';
  const seconds = Math.ceil((spentMs * Math.max(0, totalBytes - bytesRead)) / bytesRead / 1000);
  if (seconds < 60) return `${seconds} s left`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s left`;
}
