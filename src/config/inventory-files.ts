/**
 * Files beside the inventory: records that somebody keeps an eye on, one key a line, plain or as a hash that
 * `pollwatch protect` made; and published lists of scanners' networks, one a line.
 *   "Doe+1970-01-02" → {key: 'Doe+1970-01-02'}   "hmac-sha256:6f0c…" → {hash: '6f0c…'}   "# a remark" → nothing
 */
import { readFileSync, statSync } from 'node:fs';
import { createPrefixTable, type PrefixTable } from '../enrich/prefix-table.ts';
import { isPrefixFault, parsePrefix } from '../enrich/prefixes.ts';
import type { ProtectedRecord } from '../model/inventory.ts';

/** Records that a list may hold: officials and the voters of a confidentiality programme, not the whole roll. */
const RECORDS_MAX = 100_000;
const NETWORKS_MAX = 200_000;
const HASH_MARK = 'hmac-sha256:';

/** Why a file cannot be used. */
export interface FileFault {
  readonly message: string;
  readonly hint: string;
}

/** True for what `readProtectedRecords` and `readNetworks` answer when a file cannot be used. */
export function isFileFault(answer: object): answer is FileFault {
  return 'message' in answer;
}

/** Line of a protected record whose key must not be read by whoever reads the file. */
export function hashedLine(hash: string): string {
  return `${HASH_MARK}${hash}`;
}

/** Protected records of a file; `isOpen`: it holds plain keys and others than its owner may read it. */
export function readProtectedRecords(path: string): { records: ProtectedRecord[]; isOpen: boolean } | FileFault {
  const lines = linesOf(path, 'protected records');
  if (!Array.isArray(lines)) return lines;
  if (lines.length > RECORDS_MAX)
    return {
      message: `${lines.length} protected records; at most ${RECORDS_MAX} are watched`,
      hint: 'list those whose look-up by strangers is a danger by itself',
    };
  const records: ProtectedRecord[] = [];
  for (const { text, number } of lines) {
    const hash = text.startsWith(HASH_MARK) ? text.slice(HASH_MARK.length).toLowerCase() : null;
    if (hash === null) records.push({ key: text });
    else if (/^[0-9a-f]{64}$/.test(hash)) records.push({ hash });
    else return { message: `line ${number} of the file is no hash`, hint: 'make hashes with `pollwatch protect`' };
  }
  const isPlain = records.some((record) => 'key' in record);
  return { records, isOpen: isPlain && (statSync(path).mode & 0o077) !== 0 };
}

/** Networks of a list, as a table in which each has number 1. */
export function readNetworks(path: string): PrefixTable | FileFault {
  const lines = linesOf(path, 'networks');
  if (!Array.isArray(lines)) return lines;
  if (lines.length > NETWORKS_MAX)
    return { message: `${lines.length} networks; a list holds at most ${NETWORKS_MAX}`, hint: 'take a shorter list' };
  const prefixes = [];
  for (const { text, number } of lines) {
    const prefix = parsePrefix(text.split(/[\s,;#]/, 1)[0]!);
    if (isPrefixFault(prefix)) return { message: `line ${number} of the file: ${prefix.message}`, hint: prefix.hint };
    prefixes.push({ prefix, number: 1 });
  }
  return createPrefixTable(prefixes).table;
}

/** Lines that are neither empty nor a remark. */
function linesOf(path: string, what: string): { text: string; number: number }[] | FileFault {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    return { message: `the file of ${what} cannot be read (${code})`, hint: 'its path is relative to the inventory' };
  }
  return content
    .split(/\r?\n/)
    .map((text, i) => ({ text: text.trim(), number: i + 1 }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
}
