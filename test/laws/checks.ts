/**
 * The laws as functions: each runs real parts and returns what is wrong, nothing when the law holds. A part that could
 * break the law is a parameter, for the tests of the tests.
 */
import type { State } from '../../src/measure/state.ts';
import type { Alert } from '../../src/model/alert.ts';
import { createRandom, filesOf, type Generated, shuffled, type Truth } from './generator.ts';
import {
  alertsFrom,
  canonical,
  canonicalBytes,
  cutFiles,
  type Files,
  type InventoryName,
  type Merge,
  mergeAsTree,
  type Parts,
  type Piece,
  realMerge,
  scan,
  wholeFiles,
  withoutReferences,
} from './small-run.ts';

/** Where two lists of canonical alerts differ: what stands in one only, by detection and key, and the first fields. */
export function alertDifferences(name: string, expected: readonly string[], found: readonly string[]): string[] {
  const out: string[] = [];
  const byId = (list: readonly string[]) =>
    new Map(list.map((text) => [(JSON.parse(text) as { id: string }).id, JSON.parse(text) as Record<string, unknown>]));
  const [a, b] = [byId(expected), byId(found)];
  const label = (alert: Record<string, unknown>) =>
    `${String(alert['detection'])} ${(alert['key'] as { text: string }).text} ${String(alert['day'])}`;
  for (const [id, alert] of a) {
    const other = b.get(id);
    if (other === undefined) out.push(`${name}: ${label(alert)} is missing`);
    else
      for (const [field, value] of Object.entries(alert)) {
        const [x, y] = [JSON.stringify(value), JSON.stringify(other[field])];
        if (x !== y) out.push(`${name}: ${label(alert)}: ${field} is ${y.slice(0, 300)} instead of ${x.slice(0, 300)}`);
      }
  }
  for (const [id, alert] of b) if (!a.has(id)) out.push(`${name}: ${label(alert)} should not stand`);
  if (out.length === 0 && expected.join('\n') !== found.join('\n')) out.push(`${name}: an alert stands twice`);
  return out;
}

function byteDifference(name: string, expected: Uint8Array, found: Uint8Array): string[] {
  if (Buffer.compare(expected, found) === 0) return [];
  let at = 0;
  while (at < expected.length && expected[at] === found[at]) at++;
  return [`${name}: the state differs at byte ${at} of ${expected.length} (${found.length} bytes)`];
}

export type Scan = (pieces: readonly Piece[], name: InventoryName) => { state: State };

/** Parts of the law of equal alerts that can be replaced. */
export interface SamePartsOptions extends Parts {
  merge?: Merge;
  scan?: Scan;
}

/**
 * Law 1: one pass, lines in another order, batches cut anywhere, and serialised deltas of a random partition merged as a
 * random tree give the same state and the same alerts.
 */
export async function checkSameLines(
  generated: Generated,
  name: InventoryName,
  parts: SamePartsOptions = {},
): Promise<string[]> {
  const random = createRandom(generated.seed + 1000);
  const run = parts.scan ?? scan;
  const files = filesOf(generated.lines);
  const once = run(wholeFiles(files), name).state;
  const bytes = canonicalBytes(once);
  const alerts = canonical(await alertsFrom(once, files, name, parts));
  const wrong: string[] = [];
  const compare = async (variant: string, state: State, read: Files, sameReferences: boolean): Promise<void> => {
    const found = canonicalBytes(state);
    wrong.push(
      ...(sameReferences
        ? byteDifference(variant, bytes, found)
        : byteDifference(variant, withoutReferences(bytes), withoutReferences(found))),
      ...alertDifferences(variant, alerts, canonical(await alertsFrom(state, read, name, parts))),
    );
  };

  const other = filesOf(generated.lines, (lines) => shuffled(lines, random));
  await compare('lines in another order', run(wholeFiles(other), name).state, other, false);

  const cut = shuffled(cutFiles(files, 9, random), random);
  await compare('batches cut anywhere', run(cut, name).state, files, true);

  const workers: Piece[][] = Array.from({ length: 2 + Math.floor(random() * 5) }, () => []);
  for (const piece of cutFiles(files, 25, random)) workers[Math.floor(random() * workers.length)]!.push(piece);
  const states = workers.map((pieces) => run(pieces, name).state);
  const merged = mergeAsTree(states, random, parts.merge ?? realMerge, name);
  await compare('deltas merged as a tree', merged, files, true);
  return wrong;
}

/** What is known of the generated lines, against alerts. */
export function checkTruths(truths: readonly Truth[], alerts: readonly Alert[]): string[] {
  const found = new Set(alerts.map((a) => `${a.detection} ${a.key.text}`));
  return truths
    .filter((t) => found.has(`${t.detection} ${t.key}`) !== t.fires)
    .map((t) => `${t.detection} of ${t.key} ${t.fires ? 'is missing' : 'should not stand'}`);
}
