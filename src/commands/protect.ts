/**
 * `pollwatch protect FILE`: the keys of protected records as lines that hide them, for the file that the inventory names as
 * protected_records. Only runs with the same key know them again, so it is said which one was used: that of the
 * installation where there is one (its file may name another than the inventory), else of the inventory, else the usual one.
 * The file of plain keys can then be kept elsewhere, or deleted.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { hashedLine } from '../config/inventory-files.ts';
import { loadSecret } from '../config/secret.ts';
import { protectedHash } from '../measure/protected-records.ts';
import { OperatorError, printable } from '../model/problem.ts';
import { inventoryOf } from '../run/office.ts';
import { OK } from './exit-status.ts';
import { isInstallation } from './is-installation.ts';
import type { Given } from './options.ts';

/** A key, and the file that it stands in. */
interface Chosen {
  readonly key: Uint8Array;
  readonly file: string;
  /** whose logs are read with it; null: whoever runs pollwatch here */
  readonly organization: string | null;
}

/**
 * Runs the command; returns the exit status. Throws an OperatorError when the file cannot be read, no key can be kept, or
 * the key would not be the one that the logs of the office are read with.
 */
export async function protectCommand(path: string, given: Given): Promise<number> {
  const { key, file, organization } = isInstallation(given) ? await ofInstallation(given) : await ofInventory(given);
  const lines = textOf(path)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const hashed = lines.map((line) => (line.startsWith(hashedLine('')) ? line : hashedLine(protectedHash(key, line))));
  process.stdout.write(hashed.map((line) => `${line}\n`).join(''));
  const whose = organization === null ? '' : ` of ${printable(organization)}`;
  process.stderr.write(
    `hidden with the key${whose} in ${printable(file)}: only who has this key knows the records again\n`,
  );
  return OK;
}

/** The key that the workers of an installation read an organisation's logs with. */
async function ofInstallation(given: Given): Promise<Chosen> {
  const { installationOf, organizationOption } = await import('./installation-option.ts');
  const { tenants } = installationOf(given);
  const { id, secret, secretFile = null } = tenants.get(organizationOption(given, [...tenants.keys()]))!;
  return secretFile === null ? noKey() : { key: secret, file: secretFile, organization: id };
}

/** The key of an inventory, or the usual one. */
async function ofInventory(given: Given): Promise<Chosen> {
  if (given.organization !== undefined) {
    throw new OperatorError([
      {
        code: 'PW-CLI-ORGANIZATION',
        message: 'an inventory is about one organization: --organization chooses among those of an installation',
        hint: 'leave it out, or name the installation file: --config pollwatch.yaml, or POLLWATCH_CONFIG',
      },
    ]);
  }
  const { keyFile, file: inventoryFile, organization } = await inventoryOf(given.config);
  const { key, file } = loadSecret(keyFile);
  if (file === null) return noKey();
  if (inventoryFile === null) return { key, file, organization: null };
  await refuseOtherKey(inventoryFile, { key, file });
  return { key, file, organization: organization.id };
}

/** Where POLLWATCH_CONFIG names an installation that reads this inventory with another key, the hashes would find nothing. */
async function refuseOtherKey(inventoryFile: string, { key, file }: Pick<Chosen, 'key' | 'file'>): Promise<void> {
  if (!isInstallation({})) return;
  const { installationOf } = await import('./installation-option.ts');
  const tenants = [...installationOf({}).tenants.values()];
  const tenant = tenants.find(
    (each) => each.inventoryFile !== null && resolve(each.inventoryFile) === resolve(inventoryFile),
  );
  if (tenant === undefined || Buffer.from(tenant.secret).equals(key)) return;
  throw new OperatorError([
    {
      code: 'PW-PROTECT-OTHER-KEY',
      message: `the workers read ${tenant.id} with the key in ${tenant.secretFile ?? 'another file'}, this inventory alone with ${file}`,
      file: inventoryFile,
      hint: `leave --config out and say --organization ${tenant.id}; for runs without workers, unset POLLWATCH_CONFIG`,
    },
  ]);
}

function noKey(): never {
  throw new OperatorError([
    {
      code: 'PW-PROTECT-PUBLIC-KEY',
      message: 'no secret key can be kept here: everybody could find out what the hashes stand for',
      hint: 'make a key file and name it: POLLWATCH_KEY_FILE=FILE, or privacy.key_file in the inventory',
    },
  ]);
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
