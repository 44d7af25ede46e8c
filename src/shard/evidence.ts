/**
 * The lines behind a shard's alerts: asked for by origin and offset, found in the packed lines of the chunk that held
 * them. Chunks that were opened are remembered up to a bound, because alerts are told again as they grow.
 */

import type { OriginContext } from '../formats/format.ts';
import { findFormat, formats } from '../formats/index.ts';
import { SealError } from '../queue/seal.ts';
import type { EvidenceOrigin } from '../run/evidence.ts';
import { EvidenceError, type EvidenceLines, openEvidence } from './chunk-evidence.ts';

/** Bytes of opened chunks that are remembered. */
const OPENED_BYTES_MAX = 64 * 1024 * 1024;

/** Packed lines of the chunk that holds the byte at `offset` of an origin, or null when none are kept. */
export type LoadEvidence = (origin: number, offset: number) => Promise<Uint8Array | null>;

/** Opened chunks of one organisation. */
export interface EvidenceMemory {
  /** The lines of the chunk that holds an offset, or null. */
  find(origin: number, offset: number): Promise<EvidenceLines | null>;
  /** the same, of chunks that were found before */
  known(origin: number, offset: number): EvidenceLines | null;
}

/**
 * A memory over a store of packed lines. Lines that do not open (a key that is gone, a damaged byte) are as those that are no
 * longer kept: an alert stands without them, and with them again when they open. `tell` hears why.
 */
export function createEvidenceMemory(
  load: LoadEvidence,
  bytesMax = OPENED_BYTES_MAX,
  tell: (error: Error) => void = () => undefined,
): EvidenceMemory {
  /** by origin, the opened chunks in the order in which they were used */
  const opened = new Map<number, { lines: EvidenceLines; bytes: number }[]>();
  let bytes = 0;
  const known = (origin: number, offset: number): EvidenceLines | null => {
    const list = opened.get(origin) ?? [];
    const at = list.findLastIndex(({ lines: { head } }) => head.offset <= offset && offset < head.end);
    if (at < 0) return null;
    const [entry] = list.splice(at, 1);
    list.push(entry!);
    return entry!.lines;
  };
  const read = async (origin: number, offset: number): Promise<{ lines: EvidenceLines; size: number } | null> => {
    try {
      const packed = await load(origin, offset);
      return packed === null ? null : { lines: openEvidence(packed), size: packed.length };
    } catch (error) {
      if (!(error instanceof SealError || error instanceof EvidenceError)) throw error;
      tell(error);
      return null;
    }
  };
  return {
    known,
    async find(origin, offset) {
      const before = known(origin, offset);
      if (before !== null) return before;
      const found = await read(origin, offset);
      if (found === null) return null;
      const { lines, size } = found;
      if (offset < lines.head.offset || offset >= lines.head.end) return null;
      const list = opened.get(origin) ?? [];
      opened.set(origin, list);
      list.push({ lines, bytes: size });
      bytes += size;
      for (const entries of opened.values())
        while (bytes > bytesMax && (entries !== list || entries.length > 1) && entries.length > 0)
          bytes -= entries.shift()!.bytes;
      return lines;
    },
  };
}

/** An origin as its shard knows it. */
export interface KnownOrigin {
  readonly number: number;
  readonly name: string;
}

/** The origins of a shard as evidence asks them. A line that is no longer kept is null. */
export function evidenceOrigins(
  origins: readonly KnownOrigin[],
  memory: EvidenceMemory,
): ReadonlyMap<number, EvidenceOrigin> {
  return new Map(origins.map(({ number, name }) => [number, evidenceOrigin(number, name, memory)]));
}

function evidenceOrigin(number: number, name: string, memory: EvidenceMemory): EvidenceOrigin {
  /** how the lines are read that were fetched last; more than one chunk's, and few */
  const readings = new Map<number, { format: string; context: OriginContext }>();
  const context: OriginContext = { origin: number, referenceMs: 0, timezone: 'UTC' };
  return {
    name,
    format: formats[0]!,
    context,
    async fetch(offsets) {
      readings.clear();
      const texts: (string | null)[] = [];
      for (const offset of offsets) {
        const lines = await memory.find(number, offset);
        texts.push(lines?.lineAt(offset) ?? null);
        if (lines !== null) readings.set(offset, lines.head);
      }
      return texts;
    },
    readingAt(offset) {
      const reading = readings.get(offset);
      const format = reading === undefined ? null : findFormat(reading.format);
      return reading === undefined || format === null
        ? null
        : { format, context: { ...reading.context, origin: number } };
    },
  };
}
