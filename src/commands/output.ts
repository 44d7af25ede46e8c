/**
 * Where a stream of results goes that nobody wants to hold in memory (`parse`): a file that appears whole or not at all,
 * or standard output; and whether a place can be written to, asked before any work is done. A file is written under a temporary name beside its place and renamed when it is complete; what is not complete when
 * the program ends (Ctrl-C, a fault) is removed. Devices and pipes that already exist (/dev/null) are written directly.
 * A reader that goes away (`pollwatch parse … | head`) ends the program quietly.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  globSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Problem } from '../model/problem.ts';

export interface Output {
  /** Text in UTF-8. Resolves when the output can take more; false when its reader has gone. */
  write(text: string): Promise<boolean>;
  /** Completes the output: the file gets its name. */
  commit(): Promise<void>;
}

const unfinished = new Set<string>();

/** Removes every file that was begun and not completed. Called when the program ends for whatever reason. */
export function discardUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
  unfinished.clear();
}

/** Opens `path` for writing; "-" is standard output. Throws what the file system throws (see `outputProblem`). */
export function openOutput(path: string): Output {
  return path === '-' ? standardOutput() : fileOutput(path);
}

/**
 * Why nothing could be written to `path`, found before any work is done; null when it can. `read` are the files that the
 * run reads (logs, inventory, rule files; a pattern stands for what it matches now): a result never replaces one of them.
 */
export function outputProblem(path: string, option: string, read: readonly string[]): Problem | null {
  if (path === '-') return null;
  const problem = (message: string, hint: string): Problem => ({ code: 'PW-CLI-OUTPUT', file: path, message, hint });
  const elsewhere = `choose another place with ${option}`;
  if (path === '') return { ...problem(`${option} needs the name of a file`, elsewhere), file: option };
  try {
    const existing = statSync(path, { throwIfNoEntry: false });
    if (existing?.isDirectory()) return problem(`${option} names a folder`, 'name a file in it');
    if (existing?.isFile() === true && isOneOf(existing, read))
      return problem(
        `${option} would replace a file that is to be read`,
        `leave it out of what is read, or ${elsewhere}`,
      );
    accessSync(existing !== undefined && !existing.isFile() ? path : dirname(path), constants.W_OK);
    return null;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return problem('the folder does not exist', `make it, or ${elsewhere}`);
    return problem(`it cannot be written here (${code ?? 'unknown'})`, elsewhere);
  }
}

/** Whether one of the files (or of what a pattern matches) is this very file, by whatever name. */
function isOneOf(file: Stats, read: readonly string[]): boolean {
  for (const name of read) {
    const names = existsSync(name) || !/[*?[{]/.test(name) ? [name] : globSync(name);
    for (const each of names) {
      const stat = statSync(each, { throwIfNoEntry: false });
      if (stat?.dev === file.dev && stat.ino === file.ino) return true;
    }
  }
  return false;
}

/** Whether two places are one file. The folders must exist; the file need not. */
export function isSamePlace(a: string, b: string): boolean {
  const place = (path: string): string =>
    existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  try {
    const one = place(a);
    return one === place(b) && (!existsSync(one) || statSync(one).isFile());
  } catch {
    // a folder that is not there: said elsewhere
    return false;
  }
}

function fileOutput(path: string): Output {
  // a symbolic link keeps pointing where it points: its target is replaced
  const target = existsSync(path) ? realpathSync(path) : path;
  const direct = existsSync(target) && !statSync(target).isFile();
  const temporary = direct ? target : join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  const fd = openSync(temporary, direct ? 'a' : 'w');
  if (!direct) unfinished.add(temporary);
  return {
    write(text) {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      return Promise.resolve(true);
    },
    commit() {
      closeSync(fd);
      if (!direct) {
        renameSync(temporary, target);
        unfinished.delete(temporary);
      }
      return Promise.resolve();
    },
  };
}

function standardOutput(): Output {
  const { stdout } = process;
  return {
    write(text) {
      if (stdout.destroyed || !stdout.writable) return Promise.resolve(false);
      return new Promise((resolve) => {
        // the callback comes when the text has left this process, or with the reader's departure
        stdout.write(text, (fault) => resolve(fault === null || fault === undefined));
      });
    },
    commit: () => Promise.resolve(),
  };
}
