/**
 * Records that an office has declared as protected (officials, voters in an address confidentiality programme): whether a
 * request asks for one of them. Only keyed hashes of their keys are held: HMAC-SHA-256 under the organisation's secret, of
 * the key as people write it, in small letters, parts joined by "+".
 *   ?lastname=Doe&dob=1970-01-02 with the parameters lastname+dob → the hash of "doe+1970-01-02"
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { textOf } from './request-systems.ts';

/** Longest value of a key that is looked at. */
const VALUE_MAX = 200;
const PARAMETERS_MAX = 32;

export interface ProtectedRecords {
  /**
   * Number (never 0) of the protected record that the query bytes[query, end) of a request to a system names, else 0.
   */
  find(bytes: Uint8Array, query: number, end: number, system: number): number;
}

/** The hash under which a record's key is kept: 64 hex characters. */
export function protectedHash(secret: Uint8Array | KeyObject, recordKey: string): string {
  return createHmac('sha256', secret).update('protected record\0').update(plainKey(recordKey)).digest('hex');
}

/**
 * `hashes` are the protected records; `keysOf` the parameters that name a record of a system, in each list those that do
 * so together. Null where nothing is protected.
 */
export function createProtectedRecords(
  secrets: readonly Uint8Array[],
  hashes: ReadonlySet<string>,
  keysOf: (system: number) => readonly (readonly string[])[],
): ProtectedRecords | null {
  if (hashes.size === 0) return null;
  // a key that is prepared once: preparing it takes longer than hashing
  const keys = secrets.map((secret) => createSecretKey(secret));
  return {
    find(bytes, query, end, system) {
      const names = keysOf(system);
      if (names.length === 0 || query >= end) return 0;
      const values = parametersOf(textOf(bytes, query + 1, end));
      for (const list of names) {
        const parts = list.map((name) => values.get(name.toLowerCase()) ?? '');
        if (parts.length === 0 || parts.includes('')) continue;
        for (const key of keys) {
          const hash = protectedHash(key, parts.join('+'));
          if (hashes.has(hash)) return Number.parseInt(hash.slice(0, 8), 16) || 1;
        }
      }
      return 0;
    },
  };
}

/** Values by name in small letters, decoded once. */
function parametersOf(query: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of query.split('&', PARAMETERS_MAX)) {
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    values.set(decoded(pair.slice(0, equals)).toLowerCase(), decoded(pair.slice(equals + 1)).slice(0, VALUE_MAX));
  }
  return values;
}

/** latin1 text of a query as the text that it stands for */
function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  const bytes = spaced.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A key as it is compared: small letters, single spaces. */
function plainKey(recordKey: string): string {
  return recordKey.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim();
}
