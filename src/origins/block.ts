/**
 * The contract of an origin's reader: bytes in, blocks of whole lines out.
 */

/** Bytes [start, end) hold whole lines; the last byte is a line feed. The buffer is reused by the next call of `next`. */
export interface Block {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** offset of bytes[0] in the uncompressed origin: the line at index i starts at baseOffset + i */
  baseOffset: number;
}

/** Size of a block; a longer line is refused as a whole ("line longer than 256 KiB") and counted. */
export const BLOCK_BYTES = 256 * 1024;

export interface BlockReader {
  /** The next block, or null at the end. Plain files answer at once, everything else with a promise. */
  next(): Block | null | Promise<Block | null>;
  /** bytes of the origin as stored (compressed size for .gz) that were read so far, for the progress bar */
  readonly bytesRead: number;
  /** lines that were too long, with the offset of the first of them; the pipeline counts them as refused */
  readonly overlong: { offset: number; text: string }[];
  /** set when the data ended too early (a cut gzip): everything before it was delivered */
  readonly fault: Error | null;
  close(): void;
}
