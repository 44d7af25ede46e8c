/**
 * The organisation's secret key: it hides parameter values and keeps an attacker from preparing hash collisions. It is
 * made on first use and kept for longer than any counting window (election.lookup_enum reads 45 days), readable by its
 * owner alone. Where nothing can be kept a public default stands in, and `doctor` says so.
 *
 * A new key takes the place of an old one by renaming: `mv key key.previous`, then a new `key`. As long as the previous one
 * is there it opens what was sealed with it, and finds records that were listed under it.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { OperatorError } from '../model/problem.ts';

export interface Secret {
  /** 32 bytes or more */
  key: Uint8Array;
  /** the key before it, of FILE.previous beside it, as long as that file is there; else null */
  previous: Uint8Array | null;
  /** file that it stands in; null = the public default */
  file: string | null;
  /** true when anybody knows it: values that are hidden with it can be guessed */
  isDefault: boolean;
}

const KEY_BYTES = 32;
const KEY_MAX_BYTES = 4096;

/**
 * The key of POLLWATCH_KEY_FILE, else of `keyFile` (the inventory's privacy.key_file), else of the user's state folder,
 * where it is made on first use. Throws an OperatorError when a file that was named cannot serve.
 */
export function loadSecret(keyFile: string | null = null, env: NodeJS.ProcessEnv = process.env): Secret {
  const fromEnv = env['POLLWATCH_KEY_FILE'];
  const named = fromEnv === undefined || fromEnv === '' ? keyFile : resolve(fromEnv);
  if (named !== null) return { ...keysOf(named), file: named, isDefault: false };
  const stateHome = env['XDG_STATE_HOME'];
  let file: string;
  try {
    file = join(
      stateHome?.startsWith('/') ? stateHome : join(env['HOME'] ?? homedir(), '.local/state'),
      'pollwatch/key',
    );
    createKey(file);
  } catch {
    // no home, a read-only disk, no permission: the run is worth more than the key
    return { key: defaultKey(), previous: null, file: null, isDefault: true };
  }
  return { ...keysOf(file), file, isDefault: false };
}

/** Makes the file unless it is there. Whoever comes second finds the first one's key: a link never replaces. */
function createKey(file: string): void {
  if (exists(file)) return;
  makeFolder(dirname(file));
  const beside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(beside, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx', flush: true });
    linkSync(beside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(beside, { force: true });
  }
}

/**
 * Makes a folder and those above it. One by one: the recursive call of Node never returns where a folder can have no
 * new one although it exists (/proc, homes that an automounter makes).
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** The key of a file, and the one that it took the place of. */
function keysOf(file: string): Pick<Secret, 'key' | 'previous'> {
  const before = previousKeyFile(file);
  return { key: readKey(file), previous: exists(before) ? readKey(before) : null };
}

/** Where the key stands that a new one took the place of. */
export function previousKeyFile(file: string): string {
  return `${file}.previous`;
}

function readKey(file: string): Uint8Array {
  let key: Uint8Array;
  try {
    key = readFileSync(file);
  } catch (cause) {
    const problem = {
      code: 'PW-CONFIG-KEY',
      message: `the secret key cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      file,
      hint: 'make one: head -c 32 /dev/urandom > FILE; chmod 600 FILE; machines that work together need the same',
    };
    throw new OperatorError([problem], { cause });
  }
  if (key.length >= KEY_BYTES && key.length <= KEY_MAX_BYTES) return key;
  throw new OperatorError([
    {
      code: 'PW-CONFIG-KEY',
      message: `a secret key has ${KEY_BYTES} to ${KEY_MAX_BYTES} bytes, this file has ${key.length}`,
      file,
      hint: 'make one: head -c 32 /dev/urandom > FILE; chmod 600 FILE; machines that work together need the same',
    },
  ]);
}

/** Fixed and public: equal in every copy of the program. */
function defaultKey(): Uint8Array {
  return Buffer.from('pollwatch public default key, v1', 'latin1');
}
