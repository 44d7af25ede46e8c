/**
 * Looks at the members of a family: identity, size, and the first bytes as they were before compression. What cannot be
 * opened is told and looked at again next time; a file that vanished in between is no trouble at all.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { gzipTime } from '../origins/open-origins.ts';
import { compressionOf, feedOfFile, unpack } from '../origins/stream.ts';
import { type FoundFile, HEAD_BYTES } from './file-mark.ts';
import type { LogFamily } from './log-family.ts';
import type { Notices } from './notices.ts';

/** What the first bytes of a file say. */
interface FileHead extends Pick<FoundFile, 'head' | 'isPacked' | 'gzipMs'> {
  /** packed in a way that is not read */
  isForeign: boolean;
}

/** Heads that were read, by what the file looked like: only files that changed are read again. */
export type HeadCache = Map<string, FileHead>;

/** The members of a family that can be read. `cache` is replaced by what this look needs. */
export async function lookAt(family: LogFamily, cache: HeadCache, notices: Notices): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const used: HeadCache = new Map();
  for (const { path, isNamed } of family.members) {
    let fd = -1;
    try {
      fd = openSync(path, 'r');
      const stat = fstatSync(fd, { bigint: true });
      const id = `${stat.dev}:${stat.ino}`;
      const key = `${id}:${stat.size}:${stat.mtimeNs}`;
      const head = cache.get(key) ?? (await readHead(fd, path));
      used.set(key, head);
      const { isForeign, ...known } = head;
      if (isForeign) {
        notices.begin(
          path,
          'PW-ORIGIN-COMPRESSION',
          'this is xz or bzip2 data, which is not read directly',
          'let the log be packed with gzip or zstd, or name the unpacked file',
        );
        continue;
      }
      found.push({ path, isNamed, id, sizeBytes: Number(stat.size), modifiedMs: Number(stat.mtimeMs), ...known });
      notices.end(path, 'PW-INGEST-UNREADABLE', 'it can be read again');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOENT') tellUnreadable(path, code, notices);
    } finally {
      if (fd >= 0) closeSync(fd);
    }
  }
  cache.clear();
  for (const [key, head] of used) cache.set(key, head);
  return found;
}

/** Tells that a file cannot be opened or read; it is tried again. */
export function tellUnreadable(path: string, code: string | undefined, notices: Notices): void {
  const isRight = code === 'EACCES' || code === 'EPERM';
  notices.begin(
    path,
    'PW-INGEST-UNREADABLE',
    isRight ? 'this process may not read the file' : `the file cannot be read (${code ?? 'unknown error'})`,
    isRight ? 'give its user the right (often: the group adm); it is tried again' : 'check the disk; it is tried again',
  );
}

async function readHead(fd: number, path: string): Promise<FileHead> {
  const bytes = new Uint8Array(HEAD_BYTES);
  const stored = bytes.subarray(0, readSync(fd, bytes, 0, HEAD_BYTES, 0));
  const compression = compressionOf(stored);
  if (compression !== 'gzip' && compression !== 'zstd')
    return { head: stored, isPacked: false, gzipMs: null, isForeign: compression !== 'none' };
  const head = new Uint8Array(HEAD_BYTES);
  let filled = 0;
  const feed = await unpack(feedOfFile(path));
  try {
    while (filled < HEAD_BYTES) {
      const more = await feed.pull();
      if (more === null) break;
      const part = more.subarray(0, HEAD_BYTES - filled);
      head.set(part, filled);
      filled += part.length;
    }
  } catch (cause) {
    // cut short: it is still being written, or damaged; whoever reads its lines tells
    if (filled === 0) throw new Error('the compressed file cannot be read', { cause });
  } finally {
    feed.close();
  }
  return {
    head: head.subarray(0, filled),
    isPacked: true,
    gzipMs: compression === 'gzip' ? gzipTime(stored) : null,
    isForeign: false,
  };
}
