/**
 * Evidence lines, kept sealed per chunk for as long as an alert may show them, found by the stream offset of a line.
 */
import { organizationKeys } from './keys.ts';
import { runScript } from './scripts.ts';
import type { QueueStore } from './store.ts';

/** Sealed evidence lines of the chunk that a line stands in. */
export interface EvidenceBlob {
  readonly seq: number;
  /** stream offset of the chunk's first byte */
  readonly offset: number;
  readonly sealed: Buffer;
}

/** How many chunks one script forgets. */
const DROP_AT_ONCE = 500;

/** The evidence lines of the chunk that holds the byte at `offset` of an origin; null when none are kept. */
export async function evidenceBlob(
  store: QueueStore,
  org: string,
  origin: number,
  offset: number,
): Promise<EvidenceBlob | null> {
  const keys = organizationKeys(store.prefix, org);
  const index = keys.evidenceIndex(origin);
  const [seq, first] = await store.redis.zrevrangebyscore(index, offset, '-inf', 'WITHSCORES', 'LIMIT', 0, 1);
  if (seq === undefined) return null;
  const sealed = await store.redis.getBuffer(keys.evidence(origin, Number(seq)));
  return sealed === null ? null : { seq: Number(seq), offset: Number(first), sealed };
}

/** Forgets the evidence of chunks that end before a stream offset, some at a time. */
export async function dropEvidence(store: QueueStore, org: string, origin: number, before: number): Promise<void> {
  const keys = organizationKeys(store.prefix, org);
  const index = keys.evidenceIndex(origin);
  // the last chunk that begins before the offset may hold it
  const old = (await store.redis.zrangebyscore(index, '-inf', before)).slice(0, -1);
  for (let at = 0; at < old.length; at += DROP_AT_ONCE) {
    const some = old.slice(at, at + DROP_AT_ONCE);
    const places = some.map((seq) => keys.evidence(origin, Number(seq)));
    await runScript(store.redis, 'pwDropEvidence', [index, keys.evidenceBytes, ...places], some);
  }
}
