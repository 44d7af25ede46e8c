/**
 * Reads ECS events that stand in Elasticsearch already: oldest first, in batches that end between two timestamps, so that
 * a batch holds the same documents whenever it is read again. The raw line where the document keeps it, else the document.
 *
 *   (2026-09-14T08:00:00.000Z, 2026-09-14T08:03:12.417Z] → 2,000 documents → chunks → the next batch begins behind it
 *
 * Documents are read one minute after their own time: one that is indexed later than that, with an older @timestamp, is
 * not seen. Needs the right to read the index, no other.
 * Reference: https://www.elastic.co/docs/reference/elasticsearch/rest-apis/paginate-search-results (search_after)
 */
import { type Client, connectElasticsearch, type estypes } from '../elastic/client.ts';
import type { IngestOrigin } from '../model/installation.ts';
import { type BatchWriter, openBatchWriter } from './batch-writer.ts';
import type { WriterSetting } from './chunk-writer.ts';
import { lineOfDocument } from './document-line.ts';
import type { IngestCounts } from './ingest-counts.ts';
import type { MessageLine } from './message-line.ts';
import { pause } from './pause.ts';

/** Documents that are asked for at a time; of the usual 1 to 2 KiB each, about two chunks. */
const PAGE = 2000;
/** Most documents of one and the same timestamp that a batch holds; an index with more has lost its times. */
const BATCH_MAX = 200_000;
/** How long a point in time lives between two requests. */
const KEEP_ALIVE = '2m';
/** How old documents must be to be read, ms: senders and the index's own refresh take their time. */
const LAG_MS = 60_000;
/** How often it is looked for new documents, ms. */
const LOOK_MS = 5000;
const TIME_FORMAT = 'strict_date_optional_time_nanos';

/** A batch: documents with a @timestamp after `after` up to and including `to`. */
interface TimeCursor {
  readonly after: string | null;
  readonly to: string;
}

interface Found {
  readonly time: string;
  readonly id: string;
  readonly line: MessageLine;
}

/** Reads until the signal comes; with `isOnce` all documents that are there now. `lagMs` is LAG_MS unless a test says otherwise. */
export async function readElasticIndex(
  origin: Extract<IngestOrigin, { kind: 'elasticsearch' }>,
  setting: WriterSetting,
  counts: IngestCounts,
  isOnce: boolean,
  lagMs = LAG_MS,
): Promise<void> {
  const { name, reading, index } = origin;
  const { signal, notices } = setting;
  const client = connectElasticsearch(origin.elasticsearch);
  try {
    let writer: BatchWriter<TimeCursor> = await openBatchWriter(setting, name, reading, counts);
    let isRepeat = writer.last !== null;
    while (!signal.aborted) {
      try {
        const { last } = writer;
        const until = isOnce ? null : new Date(Date.now() - lagMs).toISOString();
        // the last batch may not stand in all its origins yet
        const cursor = isRepeat && last !== null ? last.cursor : null;
        const after = cursor === null ? (last?.cursor.to ?? null) : cursor.after;
        const found = await findBatch(client, index, after, cursor?.to ?? until, cursor !== null, (source) =>
          lineOfDocument(source, reading),
        );
        notices.end(name, 'PW-INGEST-INDEX', 'the index is read again');
        const to = cursor?.to ?? found.at(-1)?.time;
        if (to === undefined) {
          if (isOnce) break;
          await pause(LOOK_MS, signal);
          continue;
        }
        const batch = cursor === null ? (last?.batch ?? 0) + 1 : last!.batch;
        const isWritten = await writer.write(
          batch,
          { after, to },
          found.map(({ line }) => line),
        );
        isRepeat = !isWritten;
        if (!isWritten && !signal.aborted) writer = await openBatchWriter(setting, name, reading, counts);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        notices.begin(
          name,
          'PW-INGEST-INDEX',
          `the index cannot be read: ${why.slice(0, 300)}`,
          'check address, rights (read) and that documents have an @timestamp of type date; it is tried again',
        );
        await pause(LOOK_MS, signal);
      }
    }
    if (isOnce && !signal.aborted) await writer.close();
  } finally {
    await client.close();
  }
}

/**
 * Documents behind `after`, at most up to `to`, in the order of time and id. When there are more than a page, those of
 * the last timestamp are all there or all left for the next batch; `isWhole` asks for everything up to `to`.
 */
async function findBatch(
  client: Client,
  index: string,
  after: string | null,
  to: string | null,
  isWhole: boolean,
  lineOf: (source: object) => MessageLine,
): Promise<Found[]> {
  const { id: pit } = await client.openPointInTime({ index, keep_alive: KEEP_ALIVE, ignore_unavailable: true });
  const range = {
    ...(after === null ? {} : { gt: after }),
    ...(to === null ? {} : { lte: to }),
    format: TIME_FORMAT,
  };
  const found: Found[] = [];
  let searchAfter: estypes.SortResults | undefined;
  try {
    for (;;) {
      const answer = await client.search<object>({
        pit: { id: pit, keep_alive: KEEP_ALIVE },
        size: PAGE,
        query: { range: { '@timestamp': range } },
        sort: [{ '@timestamp': { order: 'asc', format: TIME_FORMAT } }, { _shard_doc: { order: 'asc' } }],
        track_total_hits: false,
        ...(searchAfter === undefined ? {} : { search_after: searchAfter }),
      });
      const { hits } = answer.hits;
      for (const hit of hits) {
        // an index that hides its documents (no _source) tells nothing
        const line = lineOf(hit._source ?? {});
        found.push({ time: String(hit.sort?.[0]), id: `${hit._index} ${hit._id ?? ''}`, line });
      }
      if (hits.length < PAGE) break;
      const last = found.at(-1)!.time;
      if (!isWhole && found[0]!.time !== last) {
        while (found.at(-1)!.time === last) found.pop();
        break;
      }
      if (found.length >= BATCH_MAX) {
        throw new Error(`more than ${BATCH_MAX} documents of ${index} have the same @timestamp, ${last}`);
      }
      searchAfter = hits.at(-1)!.sort!;
    }
  } finally {
    await client.closePointInTime({ id: pit }).catch(() => undefined);
  }
  return found.sort((a, b) => compare(a.time, b.time) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
