/**
 * Scanners that survey the whole Internet, by the networks that their owners publish (config/lists/known-scanners.csv): who
 * an address is listed as. A fact of its own beside what a sender claims to be and what the office has authorised; it
 * proves nothing, and lowers nothing (ELECTIONS 7). Read when it is asked for the first time.
 *   162.142.125.7 → {name: 'Censys', list: 'known-scanners', date: '2026-10-15'}
 */
import { readFileSync } from 'node:fs';
import type { Listing } from '../model/inventory.ts';
import type { DataSet } from './bundled.ts';
import { createPrefixTable, type PrefixTable } from './prefix-table.ts';
import { isPrefixFault, parsePrefix } from './prefixes.ts';

const FILE = new URL('../../config/lists/known-scanners.csv', import.meta.url);

interface KnownScanners {
  readonly table: PrefixTable;
  readonly names: readonly string[];
  readonly date: string;
}

let known: KnownScanners | undefined;

function read(): KnownScanners {
  const names: string[] = [];
  const prefixes = [];
  let date = '';
  for (const line of readFileSync(FILE, 'utf8').split('\n')) {
    if (line.startsWith('# date: ')) date = line.slice('# date: '.length).trim();
    if (line === '' || line.startsWith('#')) continue;
    const [name = '', network = ''] = line.split(',');
    const prefix = parsePrefix(network);
    if (isPrefixFault(prefix)) throw new Error(`known-scanners.csv: ${network}: ${prefix.message}`);
    if (!names.includes(name)) names.push(name);
    prefixes.push({ prefix, number: names.indexOf(name) + 1 });
  }
  return { table: createPrefixTable(prefixes).table, names, date };
}

/** The list as a data set: its name, and the day on which it was made. */
export function knownScannersDataSet(): DataSet {
  known ??= read();
  return { name: 'known-scanners', date: known.date, attribution: '' };
}

/** Who an address (four words, IPv4 as 0, 0, 0xffff, address) is listed as, or null. */
export function knownScanner(w0: number, w1: number, w2: number, w3: number): Listing | null {
  known ??= read();
  const number = known.table.find(w0, w1, w2, w3);
  return number === 0 ? null : { name: known.names[number - 1]!, list: 'known-scanners', date: known.date };
}
