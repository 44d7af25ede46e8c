/**
 * What is left of a configuration when everything is taken out that does not have the shape of its schema, so that the rest
 * can be checked as well and all mistakes are told at once. Nothing ever starts with it.
 *   {kind: "results", id: "a"} of a list of assets whose kind must be known  →  the list without this asset
 */
import type { z } from 'zod';

/** Mistakes that are taken out of one file. */
const ROUNDS_MAX = 1000;

/** Content of the schema's shape, and which items of its lists stand where in the file. */
export interface Remains {
  readonly content: unknown;
  /** for a list of which something was taken out, by its path in the file as JSON: places of the items that are left */
  readonly places: ReadonlyMap<string, readonly number[]>;
}

/** Takes out values until the rest fits; null when nothing fits. `raw` is not changed. */
export function whatIsLeft(schema: z.ZodType, raw: unknown): Remains | null {
  const content = structuredClone(raw);
  const places = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const result = schema.safeParse(content, { reportInput: true });
    if (result.success) return { content: result.data, places };
    const wrong = result.error.issues.flatMap(placesOf);
    if (wrong.some((path) => path.length === 0)) return null;
    // from the back, so that what is taken out moves nothing that is still to go
    const order = [...new Map(wrong.map((path) => [JSON.stringify(path), path])).values()].sort(lastFirst);
    if (!order.map((path) => takeOut(content, path, places)).includes(true)) return null;
  }
  return null;
}

/** Where the file has what stands at a path of the remains. */
export function placeInFile(path: readonly PropertyKey[], places: Remains['places']): PropertyKey[] {
  const found: PropertyKey[] = [];
  for (const step of path) {
    const kept = typeof step === 'number' ? places.get(JSON.stringify(found)) : undefined;
    found.push(kept === undefined ? step : (kept[step as number] ?? step));
  }
  return found;
}

/** What a mistake of shape takes with it: the value, the field that nobody knows, or what lacks a field. */
function placesOf(issue: z.core.$ZodIssue): PropertyKey[][] {
  const path = [...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => [...path, key]);
  return [issue.input === undefined && issue.code !== 'custom' ? path.slice(0, -1) : path];
}

function lastFirst(a: readonly PropertyKey[], b: readonly PropertyKey[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y) continue;
    return typeof x === 'number' && typeof y === 'number' ? y - x : String(x) < String(y) ? 1 : -1;
  }
  return b.length - a.length;
}

/** Takes a value out of its list or group of fields; false: it is not there any more. */
function takeOut(content: unknown, path: readonly PropertyKey[], places: Map<string, number[]>): boolean {
  const above = path.slice(0, -1);
  const last = path.at(-1)!;
  const parent = above.reduce<unknown>(
    (value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step],
    content,
  );
  if (Array.isArray(parent)) {
    const at = Number(last);
    if (!(at < parent.length)) return false;
    const key = JSON.stringify(placeInFile(above, places));
    const kept = places.get(key) ?? parent.map((_, i) => i);
    places.set(key, kept);
    kept.splice(at, 1);
    parent.splice(at, 1);
    return true;
  }
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, last)) return false;
  return Reflect.deleteProperty(parent, last);
}
