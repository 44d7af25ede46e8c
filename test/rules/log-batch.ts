/**
 * Log lines as a batch for the tests of rules: raw combined or netfilter lines in, one full batch out.
 */

import { findFormat } from '../../src/formats/index.ts';
import { type Batch, createBatch } from '../../src/model/batch.ts';
import { createTally } from '../../src/model/tally.ts';

/** All lines as one batch; throws when a line is no event, so that row n is line n. */
export function batchOf(lines: readonly string[], format = 'combined'): Batch {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
  const batch = createBatch(lines.length + 1);
  batch.bytes = bytes;
  const tally = createTally();
  const context = { origin: 0, referenceMs: Date.UTC(2026, 11, 31), timezone: '0' };
  findFormat(format)!.fill!(bytes, 0, bytes.length, 0, batch, context, tally);
  if (batch.n !== lines.length) {
    throw new Error(`${lines.length} lines gave ${batch.n} events: ${JSON.stringify([...tally.refused])}`);
  }
  return batch;
}

/** One request as a combined line. Quotes and control bytes in the texts are the caller's business. */
export function requestLine(
  request: string,
  options: {
    status?: number;
    size?: number;
    referrer?: string;
    userAgent?: string;
    source?: string;
    user?: string;
  } = {},
): string {
  const {
    status = 404,
    size = 153,
    referrer = '-',
    userAgent = 'Mozilla/5.0',
    source = '203.0.113.7',
    user = '-',
  } = options;
  return `${source} - ${user} [14/Sep/2026:10:00:00 +0000] "${request}" ${status} ${size} "${referrer}" "${userAgent}"`;
}
