/**
 * Collects lines that arrive by themselves, per organisation and format, and commits them in chunks. What is not
 * committed yet stands in memory, under one bound for all, of which an organisation holds at most as much as is still
 * free: one whose queue is full leaves room for the others. At the bound a line is not taken, and whoever brought it
 * stops its sender or counts it as dropped.
 */
import { findFormat } from '../formats/index.ts';
import type { OriginReading } from '../model/installation.ts';
import { CHUNK_BYTES, CHUNK_MS, type ChunkWriter, openChunkWriter, type WriterSetting } from './chunk-writer.ts';
import type { IngestCounts } from './ingest-counts.ts';
import { readingOf } from './log-reading.ts';
import type { MessageLine } from './message-line.ts';
import { pause } from './pause.ts';

/** Bytes of lines that may wait in memory. With n organisations at their bound, one part in n + 1 is free. */
const INTAKE_BYTES_MAX = 16 * 1024 * 1024;
/** How often it is looked whether a chunk is due, ms. */
const LOOK_MS = 50;

export interface LineIntake {
  /** Takes a line; false when there is no room. */
  put(organization: string, line: MessageLine): boolean;
  /** Counts lines of an organisation that nobody took, to be told with its next chunk. */
  drop(organization: string, line: Pick<MessageLine, 'format'> | null, count: number): void;
  /** Commits until the signal comes and everything in hand is committed or cannot be. */
  run(signal: AbortSignal): Promise<void>;
}

interface Stream {
  readonly organization: string;
  readonly format: string;
  lines: Buffer[];
  bytes: number;
  sinceMs: number;
  dropped: number;
  committed: number;
  writer: ChunkWriter | null;
}

/** An intake for an origin named `name`. `settings` holds every organisation whose lines may come. */
export function createLineIntake(
  name: string,
  run: string,
  reading: OriginReading,
  settings: ReadonlyMap<string, WriterSetting>,
  counts: IngestCounts,
  fallback: string,
): LineIntake {
  const streams = new Map<string, Stream>();
  let heldBytes = 0;
  /** the same of each organisation */
  const heldOf = new Map<string, number>();
  const hold = (organization: string, bytes: number): void => {
    heldBytes += bytes;
    heldOf.set(organization, (heldOf.get(organization) ?? 0) + bytes);
  };

  // organisations and formats are declared: the map is as small as the configuration
  const streamOf = (organization: string, format: string): Stream => {
    const key = `${organization} ${format}`;
    let stream = streams.get(key);
    if (stream === undefined) {
      const start = { lines: [], bytes: 0, sinceMs: 0, dropped: 0, committed: 0, writer: null };
      stream = { organization, format, ...start };
      streams.set(key, stream);
    }
    return stream;
  };
  const nameOf = (stream: Stream): string => (reading.format === 'auto' ? `${name} ${stream.format}` : name);

  const commit = async (stream: Stream): Promise<boolean> => {
    const setting = settings.get(stream.organization)!;
    stream.writer ??= await openChunkWriter(
      setting,
      nameOf(stream),
      stream.organization === reading.organization ? reading.asset : 0,
      counts.of(stream.organization, nameOf(stream)),
    );
    const { writer } = stream;
    let count = 0;
    let bytes = 0;
    for (const line of stream.lines) {
      if (bytes + line.length > CHUNK_BYTES) break;
      writer.take(line, 0, line.length, stream.sinceMs);
      bytes += line.length;
      count++;
    }
    const times = { gzipMs: null, modifiedMs: null, receivedMs: Date.now() };
    const how = readingOf(findFormat(stream.format)!, writer.head.number, reading.timezone, null, times, null);
    const { dropped } = stream;
    const answer = await writer.flush(how, { run, lines: stream.committed + count }, dropped);
    if (answer !== 'committed') {
      // the lines stand here until they are committed
      writer.discard();
      if (answer === 'full') {
        setting.notices.begin(
          nameOf(stream),
          'PW-INGEST-FULL',
          'as much waits in the queue as may; what arrives is held back, or dropped and counted',
          'start more `pollwatch work analyze`, or raise the bound of queued bytes',
        );
      }
      return false;
    }
    setting.notices.end(nameOf(stream), 'PW-INGEST-FULL', 'the queue has room again');
    stream.lines.splice(0, count);
    stream.bytes -= bytes;
    hold(stream.organization, -bytes);
    stream.committed += count;
    stream.dropped -= dropped;
    stream.sinceMs = stream.lines.length > 0 ? Date.now() : 0;
    return true;
  };

  return {
    put(organization, { format, line }) {
      if ((heldOf.get(organization) ?? 0) >= INTAKE_BYTES_MAX - heldBytes) return false;
      const stream = streamOf(organization, format);
      const bytes = Buffer.from(`${line}\n`, 'latin1');
      stream.lines.push(bytes);
      stream.bytes += bytes.length;
      hold(organization, bytes.length);
      if (stream.sinceMs === 0) stream.sinceMs = Date.now();
      return true;
    },
    drop(organization, line, count) {
      const stream = streamOf(organization, line?.format ?? fallback);
      stream.dropped += count;
      counts.of(organization, nameOf(stream)).dropped += count;
    },
    async run(signal) {
      while (!signal.aborted) {
        const nowMs = Date.now();
        const due = [...streams.values()].filter(
          (stream) =>
            stream.bytes >= CHUNK_BYTES ||
            (stream.sinceMs > 0 && nowMs - stream.sinceMs >= CHUNK_MS) ||
            (stream.dropped > 0 && stream.lines.length === 0),
        );
        const answers = await Promise.all(due.map(commit));
        if (!answers.includes(true)) await pause(LOOK_MS, signal);
      }
      for (const stream of streams.values()) {
        while (stream.lines.length > 0 && (await commit(stream)));
        // for what the queue had no room for in the end, the count at least has
        if (stream.lines.length > 0) this.drop(stream.organization, stream, stream.lines.length);
        hold(stream.organization, -stream.bytes);
        Object.assign(stream, { lines: [], bytes: 0, sinceMs: 0 });
        if (stream.dropped > 0) await commit(stream);
      }
    },
  };
}
