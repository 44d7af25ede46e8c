/**
 * Lines of one origin → chunks: collected up to 1 MiB, cut at line ends, and committed together with the place that the
 * reader goes on from, so that a reader that is killed at any moment neither loses nor repeats a line.
 *
 *   take(block) … take(block) → flush(reading, position) → "committed"
 *
 * A commit whose answer was lost is tried again; when it turns out to have counted, it counts once. While Redis is away
 * the writer keeps its lines and tries on.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OriginContext } from '../formats/format.ts';
import type { Tenant } from '../model/installation.ts';
import { OperatorError } from '../model/problem.ts';
import { commitChunk } from '../queue/chunk-store.ts';
import { isAway } from '../queue/connection.ts';
import { type OriginHead, registerOrigin } from '../queue/origins.ts';
import type { Seal } from '../queue/seal.ts';
import type { QueueStore } from '../queue/store.ts';
import type { OriginCounts } from './ingest-counts.ts';
import type { Notices } from './notices.ts';
import { pause } from './pause.ts';

/** Longest chunk, raw bytes; a longer one would only be for a single longer line, and lines end at 256 KiB. */
export const CHUNK_BYTES = 1024 * 1024;
/** How long lines wait for more lines, ms. */
export const CHUNK_MS = 1000;

/** Code of the notice that Redis cannot be spoken to, which is so for all origins of a process at the same time. */
export const REDIS_AWAY = 'PW-INGEST-REDIS-AWAY';
const REDIS_REFUSES = 'PW-INGEST-REDIS';
/** First and longest pause before a commit is tried again, ms. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 5000;

/** What every origin of an organisation is written with. */
export interface WriterSetting {
  readonly store: QueueStore;
  readonly tenant: Tenant;
  readonly seal: Seal;
  readonly queuedBytesMax: number;
  readonly notices: Notices;
  /** told after each commit of lines: they can be handed on to the workers */
  readonly committed?: (organization: string) => void;
  /** ends waiting; a commit in hand is finished or thrown away whole */
  readonly signal: AbortSignal;
}

/** How the lines of a chunk are to be read. */
export interface ChunkReading {
  readonly format: string;
  readonly context: OriginContext;
}

/**
 * "moved": somebody else wrote, or an earlier process of ours did: the lines in hand are thrown away, `head` says where
 * to read on. "full": the lines are kept, try later. "stopped": the signal came while Redis was away.
 */
export type FlushAnswer = 'committed' | 'moved' | 'full' | 'stopped';

export interface ChunkWriter {
  /** how far the origin is committed */
  readonly head: OriginHead;
  readonly name: string;
  readonly counts: OriginCounts;
  /** bytes in hand */
  readonly pendingBytes: number;
  /** Unix ms of the first line in hand; 0 when there is none */
  readonly pendingSinceMs: number;
  /** Takes whole lines of bytes[start, end) as long as the chunk has room; returns how many bytes it took. */
  take(bytes: Uint8Array, start: number, end: number, nowMs: number): number;
  /** Commits what is in hand, also when that is only a new position. */
  flush(reading: ChunkReading, position: unknown, dropped?: number): Promise<FlushAnswer>;
  /** Throws away what is in hand. */
  discard(): void;
}

/**
 * Finds or makes the origin of this name; while Redis is away it waits, as a commit does. Throws an OperatorError when
 * the organisation has too many.
 */
export async function openChunkWriter(
  setting: WriterSetting,
  name: string,
  asset: number,
  counts: OriginCounts,
): Promise<ChunkWriter> {
  const { store, tenant, seal, queuedBytesMax, notices, signal } = setting;
  let head = await register(setting, name);
  let buffer = Buffer.alloc(0);
  let filled = 0;
  let sinceMs = 0;
  /** size of the last chunk: what the next one is likely to need */
  let expected = 0;

  const commit = async (reading: ChunkReading, position: unknown, dropped: number) => {
    const bytes = buffer.subarray(0, filled);
    const chunk = { expectedSeq: head.seq, bytes, seal, position, asset, dropped, queuedBytesMax, ...reading };
    for (let retryMs = RETRY_MS; ; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      try {
        // a Redis that was restored from an older copy, or emptied, may not know the origin any more
        const known = retryMs === RETRY_MS ? head : await registerOrigin(store, tenant.id, name);
        const answer =
          known.number === head.number
            ? await commitChunk(store, tenant.id, head.number, chunk)
            : { state: 'moved' as const, head: known };
        tellBack(notices, name);
        return answer;
      } catch (error) {
        if (error instanceof RangeError || error instanceof OperatorError) throw error;
        tellAway(notices, name, error);
        if (signal.aborted) return null;
        await pause(retryMs, signal);
      }
    }
  };

  return {
    name,
    counts,
    get head() {
      return head;
    },
    get pendingBytes() {
      return filled;
    },
    get pendingSinceMs() {
      return sinceMs;
    },
    take(bytes, start, end, nowMs) {
      let stop = end;
      if (filled + end - start > CHUNK_BYTES) {
        const room = CHUNK_BYTES - filled;
        // a search from before the first byte would begin at the last one
        const last = room === 0 ? -1 : bytes.lastIndexOf(10, start + room - 1);
        stop = last < start ? start : last + 1;
      }
      const count = stop - start;
      if (count === 0) return 0;
      if (filled + count > buffer.length) {
        const wanted = Math.max(2 * buffer.length, filled + count, expected);
        const grown = roomFor(Math.min(CHUNK_BYTES, wanted));
        buffer.copy(grown, 0, 0, filled);
        buffer = grown;
      }
      buffer.set(bytes.subarray(start, stop), filled);
      if (filled === 0) sinceMs = nowMs;
      filled += count;
      return count;
    },
    async flush(reading, position, dropped = 0) {
      const answer = await commit(reading, position, dropped);
      if (answer === null) return 'stopped';
      if (answer.state === 'full') {
        if (counts.waitingSinceMs === 0) counts.waitingSinceMs = Date.now();
        return 'full';
      }
      counts.waitingSinceMs = 0;
      const isOurs =
        answer.state === 'committed' ||
        // the answer to an earlier try was lost on its way
        (answer.head.seq === head.seq + 1 && isDeepStrictEqual(answer.head.position, asJson(position)));
      if (isOurs) {
        const chunks = filled > 0 ? 1 : 0;
        head = {
          ...head,
          seq: head.seq + chunks,
          offset: head.offset + filled,
          position: asJson(position),
          ...reading,
        };
        counts.bytes += filled;
        counts.chunks += chunks;
        counts.committedMs = Date.now();
        if (chunks > 0) setting.committed?.(tenant.id);
      } else if (answer.state === 'moved') head = answer.head;
      expected = filled;
      filled = 0;
      sinceMs = 0;
      if (buffer.length > CHUNK_BYTES / 4) {
        if (buffer.length === CHUNK_BYTES && spare.length < SPARE_MAX) spare.push(buffer);
        buffer = Buffer.alloc(0);
      }
      return isOurs ? 'committed' : 'moved';
    },
    discard() {
      filled = 0;
      sinceMs = 0;
    },
  };
}

/** Rooms for whole chunks that no origin needs now: of thousands of origins few have many lines at the same time. */
const spare: Buffer<ArrayBuffer>[] = [];
const SPARE_MAX = 4;

function roomFor(bytes: number): Buffer<ArrayBuffer> {
  return (bytes > CHUNK_BYTES / 2 ? spare.pop() : undefined) ?? Buffer.allocUnsafe(bytes);
}

async function register({ store, tenant, notices, signal }: WriterSetting, name: string): Promise<OriginHead> {
  for (let retryMs = RETRY_MS; ; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
    try {
      const head = await registerOrigin(store, tenant.id, name);
      tellBack(notices, name);
      return head;
    } catch (error) {
      if (error instanceof RangeError || error instanceof OperatorError || signal.aborted) throw error;
      tellAway(notices, name, error);
      await pause(retryMs, signal);
    }
  }
}

function tellAway(notices: Notices, name: string, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  const code = isAway(error) ? REDIS_AWAY : REDIS_REFUSES;
  notices.begin(name, code, `Redis does not take lines: ${why}`, 'they wait; see `pollwatch doctor`');
}

function tellBack(notices: Notices, name: string): void {
  for (const code of [REDIS_AWAY, REDIS_REFUSES]) notices.end(name, code, 'Redis takes lines again');
}

/** A value as it comes back from Redis. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
