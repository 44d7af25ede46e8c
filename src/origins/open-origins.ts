/**
 * Turns what the user named (files, patterns, `-`) into origins: where lines come from. Each is opened once to see that
 * it can be read, how it is packed, and its first bytes, from which its format is told. What cannot be read becomes a
 * problem with a hint; the others go on. A file that is named twice, or by two links, is read once.
 */
import { type BigIntStats, closeSync, fstatSync, globSync, openSync, readSync, statSync } from 'node:fs';
import type { Problem } from '../model/problem.ts';
import { BLOCK_BYTES, type Block, type BlockReader } from './block.ts';
import { failedReader, feedOfPipe, replayed } from './piped.ts';
import { openRange } from './range.ts';
import { type ByteFeed, type Compression, compressionOf, feedOfFile, feedOfStream, openStream } from './stream.ts';
import { problemOf, refuseBinary, refusePacked, tester, UnreadableError } from './unreadable.ts';

/** How much of the start of an origin format detection may look at. */
const PEEK_BYTES = 64 * 1024;

export interface OriginOptions {
  /** what `-` reads; `process.stdin` unless a test says otherwise */
  stdin?: AsyncIterable<Uint8Array | string>;
  /** time of receipt of `-`, Unix ms; `Date.now()` unless given */
  receivedMs?: number;
}

/** One origin that can be read. */
export interface Origin {
  /** number in the order of the arguments, from 0 */
  id: number;
  /** the path as the user named it, or "standard input" */
  name: string;
  /** path to read; null for standard input and pipes */
  path: string | null;
  /** bytes as stored (compressed); 0 when unknown */
  sizeBytes: number;
  compression: Compression;
  /** true when it holds nothing */
  isEmpty: boolean;
  /** the first 64 KiB of its lines, decompressed (fewer when its first block is shorter) */
  peek: Uint8Array;
  /** time in the gzip header, file modification time, time of receipt; Unix ms, null when there is none */
  gzipMs: number | null;
  modifiedMs: number | null;
  receivedMs: number;
  /** Last complete line of a plain file (latin1, no line end); null when it cannot be had without reading everything. */
  lastLine(): string | null;
  /** Blocks of its lines, from the start. Standard input and pipes can be opened once. */
  open(): BlockReader;
}

/** What could not be read, by name. */
export interface UnreadOrigin {
  name: string;
  problem: Problem;
}

/** Opens everything that was named. Never rejects on account of a file: what fails is in `unread`. */
export async function openOrigins(
  paths: readonly string[],
  options: OriginOptions = {},
): Promise<{ origins: Origin[]; unread: UnreadOrigin[] }> {
  const origins: Origin[] = [];
  const unread: UnreadOrigin[] = [];
  const seen = new Set<string>();
  const receivedMs = options.receivedMs ?? Date.now();
  for (const path of paths.flatMap((named) => expand(named, unread))) {
    try {
      const origin = await openOne(path, origins.length, receivedMs, seen, options);
      if (origin !== null) origins.push(origin);
    } catch (error) {
      unread.push({ name: path, problem: problemOf(path, error) });
    }
  }
  return { origins, unread };
}

/** A pattern that the shell did not expand, as the files that it names. */
function expand(named: string, unread: UnreadOrigin[]): string[] {
  if (named === '-' || !/[*?[{]/.test(named) || statSync(named, { throwIfNoEntry: false }) !== undefined)
    return [named];
  const found = globSync(named)
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    .sort();
  if (found.length === 0) {
    unread.push({
      name: named,
      problem: {
        code: 'PW-ORIGIN-NO-MATCH',
        message: `no file matches ${named}`,
        hint: 'check the folder with ls; a pattern does not reach into other folders unless it says **',
      },
    });
  }
  return found;
}

async function openOne(
  path: string,
  id: number,
  receivedMs: number,
  seen: Set<string>,
  options: OriginOptions,
): Promise<Origin | null> {
  if (path === '-') {
    if (seen.has('-')) return null;
    seen.add('-');
    return openPiped(id, 'standard input', feedOfStream(options.stdin ?? process.stdin), receivedMs);
  }
  const stat = statSync(path, { bigint: true });
  const identity = `${stat.dev}:${stat.ino}`;
  if (seen.has(identity)) return null;
  seen.add(identity);
  if (stat.isDirectory()) {
    throw new UnreadableError(
      'PW-ORIGIN-DIRECTORY',
      'this is a folder, not a log file',
      `name the files in it, for example ${path.replace(/\/+$/, '')}/*.log*`,
    );
  }
  if (stat.isFIFO()) return openPiped(id, path, feedOfPipe(path), receivedMs);
  if (!stat.isFile()) {
    if (path === '/dev/null') return emptyOrigin(id, path, receivedMs);
    throw new UnreadableError('PW-ORIGIN-NOT-A-FILE', 'this is a device or a socket, not a log file', 'name a file');
  }
  return openFile(path, id, stat, receivedMs);
}

async function openFile(path: string, id: number, stat: BigIntStats, receivedMs: number): Promise<Origin> {
  const sizeBytes = Number(stat.size);
  const head = headOf(path);
  const compression = compressionOf(head);
  refusePacked(compression, path);
  const isPlain = compression === 'none';
  const open = (): BlockReader => {
    if (isPlain) return openRange(path, 0, sizeBytes);
    try {
      return openStream(feedOfFile(path));
    } catch (cause) {
      return failedReader(new Error('the file can no longer be opened', { cause }));
    }
  };
  const reader = open();
  const peek = peekOf(await reader.next());
  const { fault } = reader;
  reader.close();
  // a file that gives no line at all has nothing to deliver before the damage
  if (fault !== null && peek.length === 0) {
    throw new UnreadableError(
      'PW-ORIGIN-DAMAGED',
      fault.message,
      `copy the file again; test it with ${tester(compression)}`,
    );
  }
  refuseBinary(peek, path);
  return {
    id,
    name: path,
    path,
    sizeBytes,
    compression,
    isEmpty: peek.length === 0,
    peek,
    gzipMs: compression === 'gzip' ? gzipTime(head) : null,
    modifiedMs: Number(stat.mtimeMs),
    receivedMs,
    lastLine: () => (isPlain ? lastLineOf(path, sizeBytes) : null),
    open,
  };
}

/** Standard input or a pipe: its first block is read now, kept, and handed out first when it is opened. */
async function openPiped(id: number, name: string, feed: ByteFeed, receivedMs: number): Promise<Origin> {
  const reader = openStream(feed);
  const first = await reader.next();
  const peek = peekOf(first);
  try {
    if (reader.fault !== null && first === null) {
      throw new UnreadableError(
        'PW-ORIGIN-DAMAGED',
        reader.fault.message,
        'check the command that writes into the pipe',
      );
    }
    refuseBinary(peek, name);
  } catch (error) {
    reader.close();
    throw error;
  }
  let isOpened = false;
  return {
    id,
    name,
    path: null,
    sizeBytes: 0,
    compression: 'none',
    isEmpty: first === null,
    peek,
    gzipMs: null,
    modifiedMs: null,
    receivedMs,
    lastLine: () => null,
    open() {
      if (isOpened) return failedReader(new Error(`${name} can be read only once`));
      isOpened = true;
      return replayed(reader, first);
    },
  };
}

function emptyOrigin(id: number, name: string, receivedMs: number): Origin {
  return {
    id,
    name,
    path: null,
    sizeBytes: 0,
    compression: 'none',
    isEmpty: true,
    peek: new Uint8Array(0),
    gzipMs: null,
    modifiedMs: null,
    receivedMs,
    lastLine: () => null,
    open: () => failedReader(null),
  };
}

function peekOf(block: Block | null): Uint8Array {
  if (block === null) return new Uint8Array(0);
  return block.bytes.slice(block.start, Math.min(block.end, block.start + PEEK_BYTES));
}

/** First bytes as stored. */
function headOf(path: string): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const head = new Uint8Array(16);
    return head.subarray(0, readSync(fd, head, 0, head.length, 0));
  } finally {
    closeSync(fd);
  }
}

/** MTIME of a gzip header (RFC 1952 2.3.1), Unix ms; 0 there means none. */
export function gzipTime(head: Uint8Array): number | null {
  if (head.length < 8) return null;
  const seconds = head[4]! + head[5]! * 0x100 + head[6]! * 0x10000 + head[7]! * 0x1000000;
  return seconds === 0 ? null : seconds * 1000;
}

/** Reads back from the end for the last line that ends in a line feed and is not empty. */
function lastLineOf(path: string, sizeBytes: number): string | null {
  let fd = -1;
  try {
    fd = openSync(path, 'r');
    const to = Math.min(sizeBytes, fstatSync(fd).size);
    const from = Math.max(0, to - BLOCK_BYTES);
    const bytes = Buffer.alloc(to - from);
    const filled = readSync(fd, bytes, 0, bytes.length, from);
    const lines = bytes.toString('latin1', 0, filled).split('\n');
    // behind the last line feed stands a line that may still be written
    const rest = lines.pop()!;
    if (from > 0) lines.shift();
    const last = lines.findLast((line) => line.trim() !== '') ?? (from === 0 && lines.length === 0 ? rest : '');
    return last === '' ? null : last.replace(/\r$/, '');
  } catch {
    // it was readable a moment ago; the reader of its lines will say what happened
    return null;
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}
