/**
 * Reads the list that Filebeat's or Logstash's Redis output pushes JSON documents to. Documents are moved in batches to a
 * list of our own beside it, committed, and only then deleted: a crash at any moment loses none and repeats none.
 *
 *   filebeat → filebeat.pollwatch:17 (batch 17) → chunks → deleted
 *
 * One reader per list: documents that two processes moved into the same batch are all committed, but by one of them.
 * Reference: https://redis.io/docs/latest/commands/lmove/ (reliable queue)
 */
import type { IngestOrigin } from '../model/installation.ts';
import { connect } from '../queue/connection.ts';
import { type BatchWriter, openBatchWriter } from './batch-writer.ts';
import { CHUNK_MS, type WriterSetting } from './chunk-writer.ts';
import { lineOfText } from './document-line.ts';
import type { IngestCounts } from './ingest-counts.ts';
import { pause } from './pause.ts';

/** Documents of a batch: with the usual 1 to 2 KiB each, about a chunk. */
const BATCH_MAX = 1000;
/** How often an empty list is asked again, ms. */
const EMPTY_MS = 200;

/** Where a batch stands. */
interface ListCursor {
  readonly key: string;
}

/** Reads until the signal comes; with `isOnce` until the list is empty. */
export async function readRedisList(
  origin: Extract<IngestOrigin, { kind: 'redis-list' }>,
  setting: WriterSetting,
  counts: IngestCounts,
  isOnce: boolean,
): Promise<void> {
  const { name, list, reading } = origin;
  const { signal, notices } = setting;
  const redis = connect(origin.redis, 'commands', (error) =>
    notices.begin(name, 'PW-INGEST-LIST', `the list cannot be reached: ${error.message}`, 'it is tried again'),
  );
  // a hash tag puts both lists into one slot of a cluster
  const tag = /\{[^}]+\}/.test(list) ? list : `{${list}}`;
  const keyOf = (batch: number): string => `${tag}.pollwatch:${batch}`;
  /** Fills the list of a batch, unless it has documents from before a crash; how many it has. */
  const fill = async (key: string): Promise<number> => {
    let count = await redis.llen(key);
    const untilMs = Date.now() + CHUNK_MS;
    while (count < BATCH_MAX && !signal.aborted) {
      const pipeline = redis.pipeline();
      for (let i = count; i < BATCH_MAX; i++) pipeline.lmove(list, key, 'LEFT', 'RIGHT');
      for (const [error, document] of (await pipeline.exec()) ?? []) {
        if (error !== null) throw error;
        if (document !== null) count++;
      }
      if (count === BATCH_MAX || isOnce || Date.now() >= untilMs) break;
      await pause(EMPTY_MS, signal);
    }
    return count;
  };

  try {
    let writer: BatchWriter<ListCursor> = await openBatchWriter(setting, name, reading, counts);
    while (!signal.aborted) {
      try {
        // the batch that was committed last may not be committed to all its origins, or not be deleted yet
        const batch = writer.last?.batch ?? 1;
        const isLeft = writer.last !== null && (await redis.exists(keyOf(batch))) === 1;
        const now = writer.last === null || isLeft ? batch : batch + 1;
        const key = keyOf(now);
        const count = isLeft ? await redis.llen(key) : await fill(key);
        if (count === 0) {
          if (isOnce) break;
          continue;
        }
        const documents = await redis.lrangeBuffer(key, 0, count - 1);
        const lines = documents.map((document) => lineOfText(document.toString('utf8'), reading));
        if (await writer.write(now, { key }, lines)) {
          await redis.del(key);
          notices.end(name, 'PW-INGEST-LIST', 'the list is read again');
        } else if (!signal.aborted) writer = await openBatchWriter(setting, name, reading, counts);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        notices.begin(name, 'PW-INGEST-LIST', `the list cannot be read: ${why}`, 'check the address and the rights');
        await pause(CHUNK_MS, signal);
      }
    }
    if (isOnce && !signal.aborted) await writer.close();
  } finally {
    redis.disconnect();
  }
}
