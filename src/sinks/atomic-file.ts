/**
 * Writes a result file whole or not at all: into a neighbour that is synced and then renamed over the target, so that a
 * crash or a full disk never leaves half a report. What is no plain file (/dev/stdout, a pipe) is written to directly.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { OperatorError } from '../model/problem.ts';

/** Writes the chunks to `path`. Throws OperatorError (PW-OUTPUT-WRITE) when it cannot; the old file then still stands. */
export function writeFileAtomic(path: string, chunks: Iterable<string>): void {
  let temporary: string | null = null;
  try {
    const target = resolveTarget(path);
    if (target.isPlain) temporary = `${target.path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
    const fd = openSync(temporary ?? target.path, temporary === null ? 'w' : 'wx', 0o666);
    try {
      let pending = '';
      for (const chunk of chunks) {
        pending += chunk;
        if (pending.length >= 65_536) {
          writeAll(fd, pending);
          pending = '';
        }
      }
      writeAll(fd, pending);
      if (temporary !== null) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (temporary !== null) renameSync(temporary, target.path);
    temporary = null;
  } catch (error) {
    if (temporary !== null) rmSync(temporary, { force: true });
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new OperatorError(
      [
        {
          code: 'PW-OUTPUT-WRITE',
          message: `cannot write ${path}: ${reason(String(error.code), error.message)}`,
          hint: hint(String(error.code)),
        },
      ],
      { cause: error },
    );
  }
}

/** Follows a symbolic link, so that the link stays and its file is replaced. */
function resolveTarget(path: string): { path: string; isPlain: boolean } {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { path, isPlain: true };
  return stat.isFile() || stat.isDirectory() ? { path: realpathSync(path), isPlain: true } : { path, isPlain: false };
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function reason(code: string, message: string): string {
  if (code === 'ENOENT') return 'its folder does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ENOSPC') return 'the disk is full';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EROFS') return 'the file system is read-only';
  return message;
}

function hint(code: string): string {
  if (code === 'ENOSPC') return 'free some space, or name a file on another disk';
  return 'name a file in a folder that you may write to';
}
