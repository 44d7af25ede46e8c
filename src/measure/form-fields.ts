/**
 * Which fields of a form an attack was put into: the names of the parameters of a request's query whose name or value
 * holds characters that a query, a script or a template needs. Asked only of requests in which a rule found an attack.
 *   ?lastname=x'+OR+1=1--&dob=1970-01-01 → [hash of "lastname"]
 */
import { type HashKey, hashRange } from '../model/hash.ts';
import { isOdd } from './record-keys.ts';
import { textOf } from './request-systems.ts';

/** Parameters of one request that are looked at. */
const PARAMETERS_MAX = 64;
/** A field that cannot be named: the attack holds no such character. */
export const NOT_TOLD = 0;

export interface FormFields {
  /** Hashes of the names of the attacked fields, each once, none where none can be told. The list is used again. */
  attacked(bytes: Uint8Array, query: number, end: number): readonly number[];
  /** Whether a system's owner names a field, by the hash of its name. */
  isDeclared(system: number, field: number): boolean;
}

/** Names are hashed under `key`; `declared` are the names of fields by number of the system. */
export function createFormFields(key: HashKey, declared: readonly (readonly string[])[]): FormFields {
  const found: number[] = [];
  const known = declared.map((names) => new Set(names.map((name) => hashText(name.toLowerCase(), key) || 1)));
  return {
    isDeclared: (system, field) => known[system]?.has(field) ?? false,
    attacked(bytes, query, end) {
      found.length = 0;
      let at = query + 1;
      for (let p = 0; p < PARAMETERS_MAX && at < end; p++) {
        let stop = at;
        let nameEnd = -1;
        let isAttacked = false;
        for (; stop < end && bytes[stop] !== 0x26; stop++) {
          const c = bytes[stop]!;
          const isOperator = isBracket(c) || isOdd(bytes, stop, end);
          if (nameEnd < 0 && (c === 0x3d || isOperator)) nameEnd = stop;
          // an equals sign inside a value compares; at its end it pads base64
          else if (c === 0x3d && stop + 1 < end && bytes[stop + 1] !== 0x26 && bytes[stop + 1] !== 0x3d)
            isAttacked = true;
          if (isOperator) isAttacked = true;
        }
        if (isAttacked && nameEnd > at) {
          const name = hashText(textOf(bytes, at, nameEnd).toLowerCase(), key) || 1;
          if (!found.includes(name)) found.push(name);
        }
        at = stop + 1;
      }
      return found;
    },
  };
}

function hashText(text: string, key: HashKey): number {
  const bytes = Buffer.from(text, 'latin1');
  return hashRange(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length, key);
}

/** [ ] * # */
function isBracket(c: number): boolean {
  return c === 0x5b || c === 0x5d || c === 0x2a || c === 0x23;
}
