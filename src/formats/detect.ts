/**
 * Which format an origin is in, from its first lines: the format that fits most of them.
 * Junk, binary and empty lines do not count against it as long as one text line in twenty fits; a file in which
 * fewer do is in no known format, and says so, rather than a thousand refused lines.
 */
import { latin1 } from './append-event.ts';
import { isBlank } from './combined-fields.ts';
import type { Format } from './format.ts';
import { formats } from './index.ts';

/** How many lines are looked at, and how much of each. */
const LINES_MAX = 200;
const LINE_BYTES_MAX = 16 * 1024;
/** One of this many text lines must fit. */
const SHARE = 20;

/** The format of the lines that `sampleBytes` starts with, or null when none fits. The last line may be cut. */
export function detectFormat(sampleBytes: Uint8Array): Format | null {
  const fitting = formats.map(() => 0);
  let lines = 0;
  let at = 0;
  while (at < sampleBytes.length && lines < LINES_MAX) {
    const lineFeed = sampleBytes.indexOf(10, at);
    const end = lineFeed < 0 ? sampleBytes.length : lineFeed;
    const line = latin1(sampleBytes, at, Math.min(end, at + LINE_BYTES_MAX)).replace(/\r$/, '');
    at = end + 1;
    if (isBlank(line)) continue;
    lines++;
    formats.forEach((format, i) => {
      if (format.looksLike(line)) fitting[i]!++;
    });
  }
  const most = Math.max(...fitting);
  return most > 0 && most * SHARE >= lines ? formats[fitting.indexOf(most)]! : null;
}
