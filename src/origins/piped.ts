/**
 * Reading what can be read only once: a pipe with a name, and the first block, which was looked at before it is read.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Block, BlockReader } from './block.ts';
import { type ByteFeed, feedOfStream } from './stream.ts';

/** The first block was read before; the buffer behind it is not touched until the second is asked for. */
export function replayed(reader: BlockReader, first: Block | null): BlockReader {
  let isFirst = true;
  return {
    next() {
      if (!isFirst) return reader.next();
      isFirst = false;
      return first;
    },
    get bytesRead() {
      return reader.bytesRead;
    },
    get overlong() {
      return reader.overlong;
    },
    get fault() {
      return reader.fault;
    },
    close: () => reader.close(),
  };
}

/** A reader that gives nothing, because of a fault or because there is nothing. */
export function failedReader(fault: Error | null): BlockReader {
  return { next: () => null, bytesRead: 0, overlong: [], fault, close: () => undefined };
}

/**
 * A pipe with a name, or one that the shell made (`<(command)`). Without a writer it is empty: nothing waits forever.
 * The first read is ours, because polling a pipe that never had a writer reports nothing at all.
 */
export function feedOfPipe(path: string): ByteFeed {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const head = new Uint8Array(4096);
  let count = 0;
  try {
    count = readSync(fd, head);
    if (count === 0) {
      closeSync(fd);
      return { pull: () => null, close: () => undefined };
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') {
      closeSync(fd);
      throw new Error('the pipe cannot be read', { cause });
    }
  }
  const rest = feedOfStream(new Socket({ fd, readable: true, writable: false }));
  let isFirst = count > 0;
  return {
    pull() {
      if (!isFirst) return rest.pull();
      isFirst = false;
      return head.subarray(0, count);
    },
    close: () => rest.close(),
  };
}
