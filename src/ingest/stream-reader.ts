/**
 * Reads standard input into an origin, to its end: lines, packed or plain, as `analyze -` reads them. A pipe cannot be
 * read again: what was not committed when the process is killed is gone with it.
 */
import { randomBytes } from 'node:crypto';
import { findFormat } from '../formats/index.ts';
import type { IngestOrigin } from '../model/installation.ts';
import { feedOfStream, unpack } from '../origins/stream.ts';
import { closeOrigin } from '../queue/origins.ts';
import { CHUNK_MS, openChunkWriter, type WriterSetting } from './chunk-writer.ts';
import type { IngestCounts } from './ingest-counts.ts';
import { type TailLines, tailOfFeed } from './line-tail.ts';
import { formatOf, readingOf } from './log-reading.ts';
import { pause } from './pause.ts';

/** How often a commit is tried again while the queue is full, ms. */
const FULL_MS = 200;

/** Reads until the stream ends or the signal comes; what is in hand is committed. */
export async function readStream(
  origin: Extract<IngestOrigin, { kind: 'stdin' }>,
  stream: AsyncIterable<Uint8Array | string>,
  setting: WriterSetting,
  counts: IngestCounts,
): Promise<void> {
  const { reading, name } = origin;
  const { notices, signal, store, tenant } = setting;
  const writer = await openChunkWriter(setting, name, reading.asset, counts.of(tenant.id, name));
  const run = randomBytes(9).toString('base64url');
  const times = { year: reading.year, gzipMs: null, modifiedMs: null, receivedMs: Date.now() };
  let format = reading.format === 'auto' ? null : findFormat(reading.format);
  let committed = 0;

  const flush = async (): Promise<void> => {
    if (writer.pendingBytes === 0 || format === null) return;
    const how = readingOf(format, writer.head.number, reading.timezone, null, times, null);
    const bytes = writer.pendingBytes;
    for (;;) {
      const answer = await writer.flush(how, { run, bytes: committed + bytes });
      if (answer === 'committed') break;
      if (answer === 'moved') {
        throw new Error(`another process writes to the origin ${name}; what this one had in hand is lost`);
      }
      if (signal.aborted) return;
      notices.begin(
        name,
        'PW-INGEST-FULL',
        'as much waits in the queue as may; reading waits too',
        'start more workers',
      );
      await pause(FULL_MS, signal);
    }
    notices.end(name, 'PW-INGEST-FULL', 'the queue has room again');
    committed += bytes;
  };
  const put = async (lines: TailLines): Promise<void> => {
    format ??= formatOf(reading, lines.bytes.subarray(lines.start, lines.end));
    if (format === null) {
      notices.begin(
        name,
        'PW-FORMAT-UNKNOWN',
        'no known log format fits its first lines',
        '`pollwatch formats` lists what is read; say which with --format, or as the format of the origin',
      );
      return;
    }
    if (lines.isOverlong) writer.counts.overlong++;
    for (let at = lines.start; at < lines.end; ) {
      at += writer.take(lines.bytes, at, lines.end, Date.now());
      if (at < lines.end) await flush();
    }
  };

  const tail = tailOfFeed(await unpack(feedOfStream(stream)));
  try {
    while (!signal.aborted) {
      let arrived: { lines: TailLines | null } | null = null;
      let failure: unknown = null;
      const waiting = new AbortController();
      void tail.next().then(
        (lines) => {
          arrived = { lines };
          waiting.abort();
        },
        (error: unknown) => {
          failure = error;
          waiting.abort();
        },
      );
      const either = AbortSignal.any([signal, waiting.signal]);
      // while nothing comes, what is in hand is committed when it is due
      while (!either.aborted) {
        await pause(CHUNK_MS, either);
        if (!either.aborted) await flush();
      }
      if (failure !== null) {
        const why = failure instanceof Error ? failure.message : 'unknown error';
        notices.begin(
          name,
          'PW-INGEST-DAMAGED',
          why,
          'the lines before the damage were read; check what writes the pipe',
        );
      }
      const { lines } = (arrived ?? { lines: null }) as { lines: TailLines | null };
      if (lines !== null) await put(lines);
      else if (!signal.aborted) {
        for (let last = tail.finish(); last !== null; last = tail.finish()) await put(last);
        await flush();
        await closeOrigin(store, tenant.id, writer.head.number);
        return;
      }
      if (writer.pendingBytes > 0 && Date.now() - writer.pendingSinceMs >= CHUNK_MS) await flush();
    }
    await flush();
  } finally {
    tail.close();
  }
}
