/**
 * Chunks of lines on their way: committed by a reader together with its position, loaded by a worker, and finished in one
 * step that records the chunk as applied, appends what it added to the organisation's log and deletes the lines. A chunk
 * counts once however often it is delivered: a bit per chunk says for ever that it was applied.
 *
 *   value of a chunk = stream offset SP raw length SP JSON of how to read it LF sealed bytes
 */
import { randomBytes } from 'node:crypto';
import type { OriginContext } from '../formats/format.ts';
import { handBack } from '../model/memory.ts';
import { organizationKeys } from './keys.ts';
import { headOf, type OriginHead } from './origins.ts';
import { counterValues, listOf, runScript, type ScriptAnswer, textOf } from './scripts.ts';
import { type Seal, SealError, sealLabel } from './seal.ts';
import type { QueueStore } from './store.ts';

/** Names one chunk. */
export interface ChunkRef {
  readonly org: string;
  /** number of its origin */
  readonly origin: number;
  /** its number within the origin, from 0 */
  readonly seq: number;
  /** of a chunk that was loaded: its last sealed bytes, which no other chunk has */
  readonly tail?: Uint8Array;
}

/** How many bytes tell a chunk from another one that got its number later: as many as a nonce has. */
const TAIL_BYTES = 12;

/**
 * Bytes of sealed evidence that are kept of an organisation. Ordinary days leave 10 bytes a line, a flood of requests
 * that are all different 150.
 */
const EVIDENCE_BYTES_MAX = 256 * 1024 * 1024;

/** What a reader commits. */
export interface ChunkCommit {
  /** seq of the head that the reader read on from */
  readonly expectedSeq: number;
  /** raw lines, whole, each ends with a line feed; none = only the position moves and no chunk is made */
  readonly bytes: Uint8Array;
  readonly seal: Seal;
  /** where the reader goes on after these bytes; any JSON */
  readonly position: unknown;
  readonly format: string;
  readonly context: OriginContext;
  /** number of the asset in the organisation's inventory, 0 = none */
  readonly asset: number;
  /** lines that a listener has dropped since its last commit */
  readonly dropped?: number;
  /** sealed bytes that may wait; a chunk is taken in any case when nothing waits */
  readonly queuedBytesMax: number;
}

/**
 * "moved": somebody else committed to this origin; read on from the head that is given. "full": as much waits as may, or
 * Redis has no memory left; nothing was committed, try later.
 */
export type CommitAnswer =
  | { readonly state: 'committed'; readonly seq: number }
  | { readonly state: 'moved'; readonly head: OriginHead }
  | { readonly state: 'full'; readonly queued: number };

/** A chunk that is to be read. */
export interface LoadedChunk {
  readonly ref: ChunkRef;
  /** stream offset of its first byte */
  readonly offset: number;
  readonly bytes: Buffer;
  readonly format: string;
  readonly context: OriginContext;
  readonly asset: number;
}

/** Evidence lines of one chunk. */
export interface ChunkEvidence {
  readonly ref: ChunkRef;
  /** stream offset of the chunk's first byte */
  readonly offset: number;
  readonly sealed: Uint8Array;
}

interface Reading {
  format: string;
  context: OriginContext;
  asset: number;
}

/**
 * Commits the lines and the reader's position in one step, and puts the chunk into the outbox (see dispatch). Throws a
 * RangeError over 64 MiB, an Error for an origin that was not registered.
 */
export async function commitChunk(
  store: QueueStore,
  org: string,
  origin: number,
  chunk: ChunkCommit,
): Promise<CommitAnswer> {
  const keys = organizationKeys(store.prefix, org);
  const seq = chunk.expectedSeq;
  const reading = JSON.stringify({
    format: chunk.format,
    context: chunk.context,
    asset: chunk.asset,
  } satisfies Reading);
  const sealed = chunk.bytes.length === 0 ? '' : chunk.seal.seal(chunk.bytes, chunkLabel(org, origin, seq, reading));
  let answer: ScriptAnswer[];
  try {
    answer = listOf(
      await runScript(
        store.redis,
        'pwCommitChunk',
        [keys.origin(origin), keys.chunk(origin, seq), keys.outbox, keys.queued, keys.stats],
        [
          seq,
          `${origin}:${seq}`,
          sealed,
          chunk.bytes.length,
          reading,
          JSON.stringify(chunk.position ?? null),
          chunk.format,
          JSON.stringify(chunk.context),
          chunk.asset,
          chunk.dropped ?? 0,
          chunk.queuedBytesMax,
          randomBytes(12).toString('base64url'),
          Date.now(),
        ],
      ),
    );
  } catch (error) {
    // a server without memory answers what our own bound answers: wait
    if (!(error instanceof Error && /\bOOM\b/.test(error.message))) throw error;
    return { state: 'full', queued: Number((await store.redis.get(keys.queued)) ?? 0) };
  }
  // answered: it will not be sent again
  if (typeof sealed !== 'string') handBack(sealed);
  const state = textOf(answer[0]);
  if (state === 'committed') return { state, seq };
  if (state === 'full') return { state, queued: Number(answer[1]) };
  if (state === 'unknown') throw new Error(`the organisation ${org} has no origin ${origin}`);
  const fields = listOf(answer[1]).map((field) => (field === null ? null : textOf(field)));
  return { state: 'moved', head: headOf(origin, fields) };
}

/**
 * The chunks of one organisation, opened, in the order that was given. One whose bytes are not there was applied before
 * and is left out. Throws a SealError for one that does not open.
 */
export async function loadChunks(store: QueueStore, refs: readonly ChunkRef[], seal: Seal): Promise<LoadedChunk[]> {
  const wanted = [...new Map(refs.map((ref) => [`${ref.org}:${ref.origin}:${ref.seq}`, ref])).values()];
  const found = await Promise.all(
    wanted.map(async (ref) => {
      const keys = organizationKeys(store.prefix, ref.org);
      const value = await store.redis.getBuffer(keys.chunk(ref.origin, ref.seq));
      if (value === null) await land(store, ref);
      return value === null ? null : openChunk(ref, value, seal);
    }),
  );
  return found.filter((chunk) => chunk !== null);
}

/** A chunk that was applied before does not fly any more. One whose lines are gone without that is left to the sweep. */
async function land(store: QueueStore, ref: ChunkRef): Promise<void> {
  const keys = organizationKeys(store.prefix, ref.org);
  if ((await store.redis.getbit(keys.seen(ref.origin), ref.seq)) === 1) {
    await store.redis.zrem(keys.flying, refText(ref));
  }
}

/**
 * Records chunks of one organisation as applied, appends `record` to its log, keeps the evidence lines, adds to the
 * counters (whole numbers) and deletes the chunks, in one step. "seen": all were applied before, nothing was done.
 * "mixed": some were; nothing was done, the caller finishes them one at a time. "gone": the chunk that was loaded is not
 * there any more and was not applied, because Redis came back with less than it had; nothing was done, its reader commits
 * the lines again. Evidence beyond `evidenceBytesMax` in all is left out and counted (`evidence_left_out`, bytes), so that
 * a flood does not fill the memory that all organisations share: its alerts have no lines then. Throws a RangeError for a chunk that is
 * named twice, of another organisation, for evidence of none of them, or for a counter that is no whole number.
 */
export async function finishChunks(
  store: QueueStore,
  org: string,
  refs: readonly ChunkRef[],
  record: Uint8Array,
  evidence: readonly ChunkEvidence[],
  stats: Readonly<Record<string, number>>,
  evidenceBytesMax = EVIDENCE_BYTES_MAX,
): Promise<'applied' | 'seen' | 'mixed' | 'gone'> {
  const keys = organizationKeys(store.prefix, org);
  const byRef = new Map(evidence.map((lines) => [refText(lines.ref), lines]));
  const names = new Set(refs.map(refText));
  if (names.size !== refs.length || refs.some((ref) => ref.org !== org)) {
    throw new RangeError('chunks are finished once each, of one organisation at a time');
  }
  if (evidence.some((lines) => !names.has(refText(lines.ref)))) {
    throw new RangeError('evidence belongs to one of the chunks that are finished');
  }
  if (refs.length === 0) return 'seen';
  const chunkKeys: string[] = [];
  const chunkValues: (string | number | Uint8Array)[] = [];
  for (const ref of refs) {
    const lines = byRef.get(refText(ref));
    chunkKeys.push(keys.seen(ref.origin), keys.chunk(ref.origin, ref.seq));
    chunkKeys.push(keys.evidence(ref.origin, ref.seq), keys.evidenceIndex(ref.origin));
    chunkValues.push(refText(ref), ref.seq, lines?.offset ?? 0, lines?.sealed ?? '', ref.tail ?? '');
  }
  const counters = counterValues(stats);
  const answer = await runScript(
    store.redis,
    'pwFinishChunks',
    [keys.log, keys.queued, keys.flying, keys.dead, keys.stats, keys.evidenceBytes, ...chunkKeys],
    [refs.length, counters.length / 2, record, evidenceBytesMax, ...chunkValues, ...counters],
  );
  return textOf(answer) as 'applied' | 'seen' | 'mixed' | 'gone';
}

/** A chunk within its organisation, as it stands in the outbox: "origin:seq". */
export function refText(ref: Pick<ChunkRef, 'origin' | 'seq'>): string {
  return `${ref.origin}:${ref.seq}`;
}

/** The chunk of an "origin:seq". */
export function refOf(org: string, text: string): ChunkRef {
  const [origin, seq] = text.split(':').map(Number);
  return { org, origin: origin!, seq: seq! };
}

function openChunk(ref: ChunkRef, value: Buffer, seal: Seal): LoadedChunk {
  const lineEnd = value.indexOf(0x0a);
  const header = /^(\d+) (\d+) (\{.*\})$/s.exec(value.toString('utf8', 0, Math.max(0, lineEnd)));
  if (header === null) throw new SealError('a chunk without its header line');
  const { format, context, asset } = JSON.parse(header[3]!) as Reading;
  const bytes = seal.open(value.subarray(lineEnd + 1), chunkLabel(ref.org, ref.origin, ref.seq, header[3]!));
  const tail = Buffer.from(value.subarray(-TAIL_BYTES));
  // a value that came in several pieces of the connection was put together, and is nobody else's
  if (value.length === value.buffer.byteLength) handBack(value);
  return { ref: { ...ref, tail }, offset: Number(header[1]), bytes, format, context, asset };
}

/** How a chunk is to be read is authenticated with it. */
function chunkLabel(org: string, origin: number, seq: number, reading: string): string {
  return `${sealLabel(org, origin, seq, 'chunk')} ${reading}`;
}
