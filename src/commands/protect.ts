/**
 * `pollwatch protect FILE`: the keys of protected records as lines that hide them, for the file that the inventory names as
 * protected_records. Hashed with the key of the inventory that is named (or the usual one): only runs with that key know
 * them again. The file of plain keys can then be kept elsewhere, or deleted.
 */
import { readFileSync } from 'node:fs';
import { hashedLine } from '../config/inventory-files.ts';
import { loadSecret } from '../config/secret.ts';
import { protectedHash } from '../measure/protected-records.ts';
import { OperatorError } from '../model/problem.ts';
import { inventoryOf } from '../run/office.ts';
import { OK } from './exit-status.ts';
import type { Given } from './options.ts';

/** Runs the command; returns the exit status. Throws an OperatorError when the file cannot be read or no key can be kept. */
export async function protectCommand(path: string, given: Given): Promise<number> {
  const { key, isDefault } = loadSecret((await inventoryOf(given.config)).keyFile);
  if (isDefault) {
    throw new OperatorError([
      {
        code: 'PW-PROTECT-PUBLIC-KEY',
        message: 'no secret key can be kept here: everybody could find out what the hashes stand for',
        hint: 'make a key file and name it: POLLWATCH_KEY_FILE=FILE, or privacy.key_file in the inventory',
      },
    ]);
  }
  const lines = textOf(path)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const hashed = lines.map((line) => (line.startsWith(hashedLine('')) ? line : hashedLine(protectedHash(key, line))));
  process.stdout.write(hashed.map((line) => `${line}\n`).join(''));
  return OK;
}

function textOf(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (cause) {
    const problem = {
      code: 'PW-PROTECT-UNREADABLE',
      message: `the file cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      file: path,
      hint: 'name a file with one key a line, as it stands in the address of a look-up: an id, or parts joined by "+"',
    };
    throw new OperatorError([problem], { cause });
  }
}
