/**
 * Turns what the user named (files, patterns, `-`) into origins: where lines come from. Each is opened once to see that
 * it can be read, how it is packed, and its first bytes, from which its format is told. What cannot be read becomes a
 * problem with a hint; the others go on. A file that is named twice, or by two links, is read once.
 */
import { type BigIntStats, closeSync, constants, fstatSync, globSync, openSync, readSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Problem } from '../model/problem.ts';
import { BLOCK_BYTES, type Block, type BlockReader } from './block.ts';
import { openRange } from './range.ts';
import { type ByteFeed, type Compression, compressionOf, feedOfFile, feedOfStream, openStream } from './stream.ts';

/** How much of the start of an origin format detection may look at. */
export const PEEK_BYTES = 64 * 1024;

/** Of the first bytes, more control bytes than one in this many are no text log. */
const BINARY_SHARE = 10;

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

/** A refusal to read something, with what to do about it. */
class UnreadableError extends Error {
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint: string) {
    super(message);
    this.name = 'UnreadableError';
    this.code = code;
    this.hint = hint;
  }
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

/** The first block was read before; the buffer behind it is not touched until the second is asked for. */
function replayed(reader: BlockReader, first: Block | null): BlockReader {
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

function failedReader(fault: Error | null): BlockReader {
  return { next: () => null, bytesRead: 0, overlong: [], fault, close: () => undefined };
}

function peekOf(block: Block | null): Uint8Array {
  if (block === null) return new Uint8Array(0);
  return block.bytes.slice(block.start, Math.min(block.end, block.start + PEEK_BYTES));
}

/**
 * A pipe with a name, or one that the shell made (`<(command)`). Without a writer it is empty: nothing waits forever.
 * The first read is ours, because polling a pipe that never had a writer reports nothing at all.
 */
function feedOfPipe(path: string): ByteFeed {
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

function refusePacked(compression: Compression, path: string): void {
  if (compression !== 'xz' && compression !== 'bzip2') return;
  const unpack = compression === 'xz' ? 'xz -dc' : 'bzip2 -dc';
  throw new UnreadableError(
    'PW-ORIGIN-COMPRESSION',
    `this is ${compression} data, which is not read directly`,
    `${unpack} ${path} | pollwatch analyze -`,
  );
}

function tester(compression: Compression): string {
  return compression === 'zstd' ? 'zstd -t' : 'gzip -t';
}

const MAGIC: readonly (readonly [readonly number[], string, string])[] = [
  [[0xff, 0xfe], 'text in UTF-16', 'convert it: iconv -f UTF-16 -t UTF-8 FILE | pollwatch analyze -'],
  [[0xfe, 0xff], 'text in UTF-16', 'convert it: iconv -f UTF-16 -t UTF-8 FILE | pollwatch analyze -'],
  [
    [0x4c, 0x50, 0x4b, 0x53, 0x48, 0x48, 0x52, 0x48],
    'a systemd journal',
    'export it: journalctl --file FILE -o json | pollwatch analyze -',
  ],
  [[0x50, 0x4b, 3, 4], 'a zip archive', 'unpack it first'],
  [[0xd4, 0xc3, 0xb2, 0xa1], 'a packet capture', 'name a log; packet captures are not read'],
  [[0x0a, 0x0d, 0x0d, 0x0a], 'a packet capture', 'name a log; packet captures are not read'],
];

/** Refuses what is no text. A few raw bytes are usual: attackers put them into requests. */
function refuseBinary(peek: Uint8Array, path: string): void {
  const known = MAGIC.find(([magic]) => magic.every((b, i) => peek[i] === b));
  let controls = 0;
  for (const b of peek) if (b < 32 ? b < 9 || b > 13 : b === 127) controls++;
  if (known === undefined && controls * BINARY_SHARE <= peek.length) return;
  throw new UnreadableError(
    'PW-ORIGIN-BINARY',
    `this is ${known?.[1] ?? 'binary data'}, not a text log`,
    (known?.[2] ?? 'name the text log; unpack or convert the file first').replace('FILE', path),
  );
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

function problemOf(path: string, error: unknown): Problem {
  if (error instanceof UnreadableError) {
    return { code: error.code, message: error.message, file: path, hint: error.hint };
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const known: Record<string, [string, string, string]> = {
    ENOENT: ['PW-ORIGIN-MISSING', 'there is no such file', 'check the path and its spelling'],
    ENOTDIR: ['PW-ORIGIN-MISSING', 'there is no such file', 'check the path and its spelling'],
    EACCES: [
      'PW-ORIGIN-UNREADABLE',
      'you may not read this file',
      'run it as a user who may (often: a member of the group adm), or ask for a copy',
    ],
    EPERM: ['PW-ORIGIN-UNREADABLE', 'you may not read this file', 'run it as a user who may'],
    ELOOP: ['PW-ORIGIN-UNREADABLE', 'its symbolic links go in a circle', 'name the file itself'],
    ENAMETOOLONG: ['PW-ORIGIN-MISSING', 'the path is too long', 'check the path'],
  };
  const [problemCode, message, hint] = known[code] ?? [
    'PW-ORIGIN-UNREADABLE',
    `it cannot be read (${code === '' ? 'unknown error' : code})`,
    'check the disk and the permissions',
  ];
  return { code: problemCode, message, file: path, hint };
}
