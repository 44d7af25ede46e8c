/**
 * Commits lines that were read in numbered batches, each line to the origin of its format. A batch can be read again from
 * its start: every origin remembers the last batch and how many lines of it stand there, and skips them. So a batch that
 * was read twice, because of a crash anywhere in between, counts once.
 *
 *   batch 17: 40 lines combined, 2 lines ecs → origin "list combined" at {batch: 17, done: 40}, "list ecs" at {17, 2}
 */
import { findFormat } from '../formats/index.ts';
import type { OriginReading } from '../model/installation.ts';
import { closeOrigin, readOrigins } from '../queue/origins.ts';
import { type ChunkWriter, openChunkWriter, type WriterSetting } from './chunk-writer.ts';
import type { IngestCounts } from './ingest-counts.ts';
import { readingOf } from './log-reading.ts';
import type { MessageLine } from './message-line.ts';
import { pause } from './pause.ts';

/** How often a commit is tried again while the queue is full, ms. */
const FULL_MS = 200;

/** What is committed as the position of every origin of a reader. */
export interface BatchPosition<Cursor> {
  readonly batch: number;
  /** lines of the batch that stand in this origin */
  readonly done: number;
  /** where the batch starts, in the reader's own words */
  readonly cursor: Cursor;
}

export interface BatchWriter<Cursor> {
  /** The youngest position of all origins, null at the start. */
  readonly last: BatchPosition<Cursor> | null;
  /** Commits all lines of a batch; false when it was stopped or somebody else writes: read `last` again. */
  write(batch: number, cursor: Cursor, lines: readonly MessageLine[]): Promise<boolean>;
  /** Marks the origins as ended. */
  close(): Promise<void>;
}

/** A writer for the reader named `name`. Its origins are "name format". */
export async function openBatchWriter<Cursor>(
  setting: WriterSetting,
  name: string,
  reading: OriginReading,
  counts: IngestCounts,
): Promise<BatchWriter<Cursor>> {
  const { store, tenant, notices, signal } = setting;
  const writers = new Map<string, ChunkWriter>();
  const writerOf = async (format: string): Promise<ChunkWriter> => {
    let writer = writers.get(format);
    if (writer === undefined) {
      const origin = `${name} ${format}`;
      writer = await openChunkWriter(setting, origin, reading.asset, counts.of(tenant.id, origin));
      writers.set(format, writer);
    }
    return writer;
  };
  for (const origin of await readOrigins(store, tenant.id)) {
    const format = origin.name.startsWith(`${name} `) ? origin.name.slice(name.length + 1) : '';
    if (findFormat(format) !== null) await writerOf(format);
  }

  const doneOf = (writer: ChunkWriter, batch: number): number => {
    const position = writer.head.position as BatchPosition<Cursor> | null;
    return position?.batch === batch ? position.done : 0;
  };
  const commitTo = async (
    format: string,
    batch: number,
    cursor: Cursor,
    lines: readonly string[],
  ): Promise<boolean> => {
    const writer = await writerOf(format);
    const times = { gzipMs: null, modifiedMs: null, receivedMs: Date.now() };
    const how = readingOf(findFormat(format)!, writer.head.number, reading.timezone, null, times, null);
    let done = doneOf(writer, batch);
    let taken = done;
    while (done < lines.length) {
      const line = taken < lines.length ? Buffer.from(`${lines[taken]!}\n`, 'latin1') : null;
      if (line !== null && writer.take(line, 0, line.length, Date.now()) > 0) {
        taken++;
        continue;
      }
      const answer = await writer.flush(how, { batch, done: taken, cursor } satisfies BatchPosition<Cursor>);
      if (answer === 'committed') {
        notices.end(writer.name, 'PW-INGEST-FULL', 'the queue has room again');
        done = taken;
        continue;
      }
      if (answer === 'moved' || signal.aborted) {
        writer.discard();
        return false;
      }
      notices.begin(
        writer.name,
        'PW-INGEST-FULL',
        'as much waits in the queue as may; reading waits too',
        'start more workers',
      );
      await pause(FULL_MS, signal);
    }
    return true;
  };

  return {
    get last() {
      const positions = [...writers.values()].map((writer) => writer.head.position as BatchPosition<Cursor> | null);
      return positions.reduce(
        (best, at) => (at !== null && (best === null || at.batch > best.batch) ? at : best),
        null,
      );
    },
    async write(batch, cursor, lines) {
      const byFormat = new Map<string, string[]>();
      for (const { format, line } of lines) {
        const list = byFormat.get(format);
        if (list === undefined) byFormat.set(format, [line]);
        else list.push(line);
      }
      for (const [format, texts] of byFormat) if (!(await commitTo(format, batch, cursor, texts))) return false;
      return true;
    },
    async close() {
      for (const writer of writers.values()) await closeOrigin(store, tenant.id, writer.head.number);
    },
  };
}
