/**
 * Reads what cannot be read in place: standard input, a pipe, and compressed files. Bytes are pulled chunk by chunk,
 * decompressed when their first bytes say gzip (RFC 1952, also several members) or Zstandard (RFC 8878, also several
 * frames), and cut into blocks of whole lines. The name of a file decides nothing.
 * When the data is cut or damaged, all lines before the damage are delivered and `fault` says so.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { BLOCK_BYTES, type Block, type BlockReader } from './block.ts';
import { type CutterSizes, createCutter } from './cutter.ts';

/** How bytes are packed, by their first four bytes. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/**
 * Compressed bytes that are decompressed at once. With ratios up to 1000 at most 8 MB wait to be read; where the data is
 * damaged, what zlib made of these last bytes is lost with it.
 */
const PACKED_BYTES = 8 * 1024;

/** Compression by content. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  if (head[0] === 0xfd && head[1] === 0x37 && head[2] === 0x7a && head[3] === 0x58) return 'xz';
  if (head[0] === 0x42 && head[1] === 0x5a && head[2] === 0x68 && head[3]! >= 0x31 && head[3]! <= 0x39) return 'bzip2';
  return 'none';
}

/** Where bytes come from: the next chunk, or null at the end. Errors reject. */
export interface ByteFeed {
  pull(): Promise<Uint8Array | null> | Uint8Array | null;
  close(): void;
}

/** The bytes of a stored file, in chunks that suit decompression. Throws when it cannot be opened. */
export function feedOfFile(path: string): ByteFeed {
  let fd = openSync(path, 'r');
  return {
    pull() {
      if (fd < 0) return null;
      const chunk = new Uint8Array(PACKED_BYTES);
      const count = readSync(fd, chunk, 0, PACKED_BYTES, null);
      return count === 0 ? null : chunk.subarray(0, count);
    },
    close() {
      if (fd >= 0) closeSync(fd);
      fd = -1;
    },
  };
}

/** The bytes of a readable stream (standard input, a pipe). */
export function feedOfStream(stream: AsyncIterable<Uint8Array | string>): ByteFeed {
  const iterator = stream[Symbol.asyncIterator]();
  return {
    async pull() {
      const { value, done } = await iterator.next();
      if (done === true) return null;
      return typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
    },
    close() {
      // a stream that is already broken may reject here; its error was seen by pull
      void iterator.return?.()?.catch(() => undefined);
    },
  };
}

/** Blocks of whole lines from a feed. `bytesRead` counts the bytes as they were fed (compressed). */
export function openStream(
  feed: ByteFeed,
  sizes: CutterSizes = { readBytes: BLOCK_BYTES, lineMax: BLOCK_BYTES },
): BlockReader {
  const cutter = createCutter(0, BLOCK_BYTES, sizes);
  let fault: Error | null = null;
  let bytesRead = 0;
  let isEnded = false;
  let chunk: Uint8Array = new Uint8Array(0);
  let at = 0;
  let unpacked: ByteFeed | null = null;
  const counted: ByteFeed = {
    close: () => feed.close(),
    async pull() {
      const next = await feed.pull();
      if (next !== null) bytesRead += next.length;
      return next;
    },
  };

  const next = async (): Promise<Block | null> => {
    while (!isEnded) {
      while (at < chunk.length) {
        const count = Math.min(cutter.readBytes, chunk.length - at);
        cutter.room().set(chunk.subarray(at, at + count), cutter.filled);
        at += count;
        const block = cutter.commit(count);
        if (block !== null) return block;
      }
      try {
        unpacked ??= await unpack(counted);
        const more = await unpacked.pull();
        if (more === null) isEnded = true;
        else {
          chunk = more;
          at = 0;
        }
      } catch (cause) {
        fault = cause instanceof Error ? cause : new Error(String(cause));
        isEnded = true;
      }
      if (isEnded) {
        (unpacked ?? feed).close();
        return cutter.finish();
      }
    }
    return null;
  };

  return {
    next,
    overlong: cutter.overlong,
    get bytesRead() {
      return bytesRead;
    },
    get fault() {
      return fault;
    },
    close() {
      isEnded = true;
      (unpacked ?? feed).close();
    },
  };
}

/** The same bytes unpacked, as their first four bytes demand. Damage and a cut reject `pull`, after all that came before. */
export async function unpack(feed: ByteFeed): Promise<ByteFeed> {
  let head = await feed.pull();
  while (head !== null && head.length < 4) {
    const more = await feed.pull();
    if (more === null) break;
    head = Buffer.concat([head, more]);
  }
  const first = head ?? new Uint8Array(0);
  const compression = compressionOf(first);
  let isFirst = head !== null;
  const whole: ByteFeed = {
    close: () => feed.close(),
    pull() {
      if (!isFirst) return feed.pull();
      isFirst = false;
      return first;
    },
  };
  return compression === 'gzip' || compression === 'zstd' ? decompressed(whole, compression) : whole;
}

/**
 * Drives a zlib stream by hand, one written chunk at a time: everything that came out of the bytes before an error is
 * handed on first, which piping and async iteration do not guarantee.
 */
function decompressed(feed: ByteFeed, compression: 'gzip' | 'zstd'): ByteFeed {
  const ready: Uint8Array[] = [];
  let error: Error | null = null;
  let isOver = false;
  let rest: Uint8Array | null = null;
  let member = start();

  function start(): Member {
    return startMember(compression, ready);
  }

  return {
    close() {
      member.stream.destroy();
      feed.close();
    },
    async pull() {
      for (;;) {
        const chunk = ready.shift();
        if (chunk !== undefined) return chunk;
        if (error !== null) throw error;
        if (isOver) return null;
        const packed: Uint8Array | null = rest ?? (await feed.pull());
        rest = null;
        if (packed === null) {
          isOver = true;
          if (!member.hasEnded) error = await member.end();
          continue;
        }
        if (member.hasEnded) {
          // zero bytes pad archives on tapes and block devices
          const from = packed.findIndex((b) => b !== 0);
          if (from < 0) continue;
          if (compressionOf(packed.subarray(from)) !== compression) {
            error = new Error(`bytes behind the end of the ${compression} data were not read`);
            isOver = true;
            continue;
          }
          member = start();
          rest = packed.subarray(from);
          continue;
        }
        error = await member.write(packed);
        if (error !== null) {
          error = new Error(`the ${compression} data is damaged: ${error.message}`, { cause: error });
          isOver = true;
        } else if (member.hasEnded && member.used < packed.length) rest = packed.subarray(member.used);
      }
    },
  };
}

interface Member {
  stream: Transform;
  /** the member ended before its input did */
  hasEnded: boolean;
  /** bytes of the last write that belonged to the member */
  used: number;
  write(chunk: Uint8Array): Promise<Error | null>;
  end(): Promise<Error | null>;
}

function startMember(compression: 'gzip' | 'zstd', ready: Uint8Array[]): Member {
  const stream = compression === 'gzip' ? createGunzip() : createZstdDecompress();
  let settle: (error: Error | null) => void = () => undefined;
  let failure: Error | null = null;
  let before = 0;
  const member: Member = {
    stream,
    hasEnded: false,
    used: 0,
    write(chunk) {
      if (failure !== null) return Promise.resolve(failure);
      before = stream.bytesWritten;
      return new Promise((resolve) => {
        settle = resolve;
        // when the member ends within the chunk the callback never comes, but 'end' does
        stream.write(chunk, () => setImmediate(() => settle(failure)));
      });
    },
    end() {
      if (failure !== null) return Promise.resolve(failure);
      return new Promise((resolve) => {
        settle = (error) =>
          resolve(error === null ? null : new Error(`the ${compression} data ends too early`, { cause: error }));
        stream.end();
      });
    },
  };
  stream.on('data', (chunk: Uint8Array) => ready.push(chunk));
  stream.on('error', (error: Error) => {
    failure = error;
    settle(error);
  });
  stream.on('end', () => {
    member.hasEnded = true;
    member.used = stream.bytesWritten - before;
    settle(null);
  });
  return member;
}
