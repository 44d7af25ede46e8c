/**
 * What documents of alerts are put together from: parts without what they lack, and parts that many alerts share.
 *   {id: "x", name: undefined} → {id: "x"};  {name: undefined} → undefined
 */
import { deepFreeze } from '../model/frozen.ts';

/** Parts that are remembered; forgotten all at once when full, which costs time only. */
const PARTS_MAX = 2000;
const parts = new Map<string, unknown>();

/** A part of documents that is the same for many alerts: frozen, so that whoever writes it may write it once. */
export function once(name: string, make: () => object | undefined): unknown {
  let known = parts.get(name);
  if (known === undefined && !parts.has(name)) {
    known = deepFreeze(make());
    if (parts.size >= PARTS_MAX) parts.clear();
    parts.set(name, known);
  }
  return known;
}

/** Words on one line, with one blank between two of them. */
export function oneLine(words: string): string {
  // nearly every text is one line already
  return / {2}|[^\S ]/.test(words) || words.startsWith(' ') || words.endsWith(' ')
    ? words.replace(/\s+/g, ' ').trim()
    : words;
}

/** A list without what stands in it again. */
export function unique(list: string[]): string[] {
  return list.length < 2 ? list : [...new Set(list)];
}

/** A text, or undefined where there is none. */
export function text(value: string | null | undefined): string | undefined {
  return value === null || value === '' ? undefined : value;
}

/** The texts of a list that are not empty, or undefined where there is none. */
export function texts(list: readonly string[]): readonly string[] | undefined {
  const kept = list.includes('') ? list.filter((value) => value !== '') : list;
  return kept.length === 0 ? undefined : kept;
}

/** What a part of a document has: the part itself, a copy without what it lacks, or undefined where it lacks everything. */
export function part<T extends object>(fields: T): T | undefined {
  let given = 0;
  let missing = 0;
  for (const name in fields) {
    if (fields[name] === undefined) missing++;
    else given++;
  }
  if (missing === 0 || given === 0) return given === 0 ? undefined : fields;
  const kept: Partial<T> = {};
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name];
  return kept as T;
}
