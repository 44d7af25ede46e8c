/**
 * The laws as functions: each runs real parts and returns what is wrong, nothing when the law holds. A part that could
 * break the law is a parameter, for the tests of the tests.
 */

import { covered, type State } from '../../src/measure/state.ts';
import type { Alert } from '../../src/model/alert.ts';
import { REFUSED_SAMPLES, type Tally } from '../../src/model/tally.ts';
import { canonicalAlert } from './canonical-alert.ts';
import { createRandom, filesOf, type Generated, generate, type LineFormat, shuffled, type Truth } from './generator.ts';
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
  totalOf,
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

const DAY_MS = 86_400_000;
/** Dates as both logs write them. */
const DATE = /\d{4}-\d\d-\d\d|\d\d\/[A-Z][a-z]{2}\/\d{4}/g;

/** The summary without the paths that it names as examples. */
function withoutExamples({ summary, paths }: Alert): string {
  const longestFirst = [...paths].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((text, path) => text.replaceAll(path, 'PATH'), summary).replace(/PATH(, PATH)+/g, 'PATH');
}

/** An alert as it would stand without the shift; its id, a hash of the day among others, is written out. */
function shiftedBack(alert: Alert, days: number, withEvidence: boolean): string {
  const day = new Date(Date.parse(alert.day) - days * DAY_MS).toISOString().slice(0, 10);
  const back: Alert = {
    ...alert,
    id: `${alert.detection} ${alert.key.text} ${day}`,
    day,
    startMs: alert.startMs - days * DAY_MS,
    endMs: alert.endMs - days * DAY_MS,
    lines: withEvidence
      ? alert.lines.map((l) => ({ ...l, timeMs: l.timeMs - days * DAY_MS, text: l.text.replace(DATE, 'DATE') }))
      : [],
    paths: withEvidence ? alert.paths : [],
    summary: withEvidence ? alert.summary : withoutExamples(alert),
  };
  return canonicalAlert(back);
}

/**
 * Law 2: the same lines on other days give the same alerts on those days. Of lines of one instant, which are shown goes
 * by the hash of their text, which holds the date: evidence is compared where no two lines share a second.
 */
export async function checkShift(
  seed: number,
  days: number,
  name: InventoryName,
  distinctSeconds: boolean,
  parts: Parts = {},
): Promise<string[]> {
  const alertsOn = async (shiftDays: number) => {
    const files = filesOf(generate(seed, { shiftDays, distinctSeconds }).lines);
    const alerts = await alertsFrom(scan(wholeFiles(files), name).state, files, name, parts);
    return alerts.map((a) => shiftedBack(a, shiftDays, distinctSeconds)).sort();
  };
  return alertDifferences(`${days} days later`, await alertsOn(0), await alertsOn(days));
}

/** Law 1, of interleaving: the alerts of a source are those that it has without the others. */
export async function checkInterleaving(
  alone: Generated,
  others: readonly Generated[],
  name: InventoryName,
  run: Scan = scan,
): Promise<string[]> {
  const ofSources = async (generated: readonly Generated[]) => {
    const lines = generated.flatMap((g) => g.lines).sort((a, b) => a.timeMs - b.timeMs);
    const files = filesOf(lines);
    const alerts = await alertsFrom(run(wholeFiles(files), name).state, files, name);
    return alerts.filter((a) => a.key.kind === 'source');
  };
  const expected = await ofSources([alone]);
  const found = await ofSources([...others, alone]);
  const names = new Set(canonicalSources(alone));
  return alertDifferences(
    'among others',
    canonical(expected),
    canonical(found.filter((a) => names.has(a.key.text) || expected.some((e) => e.key.text === a.key.text))),
  );
}

/** Keys of the sources that a log names, as alerts write them. */
function canonicalSources(generated: Generated): string[] {
  return generated.lines.flatMap((line) => {
    const source = /SRC=(\S+)|^(?:\S+:443 )?([\d.]+) - /.exec(line.text);
    return source === null ? [] : [(source[1] ?? source[2])!];
  });
}

export type TallyOf = (bytes: Uint8Array, format: LineFormat) => { tally: Tally; state: State };

/** The real counts of bytes in a format. */
export const realTally: TallyOf = (bytes, format) => {
  const { state, tallies } = scan([{ format, bytes, baseOffset: 0 }], 'none');
  return { tally: totalOf(tallies), state };
};

/** Law 3: every line ends as an event, skipped or refused, and what the state holds are these events and no others. */
export function checkNothingLost(bytes: Uint8Array, format: LineFormat, tallyOf: TallyOf = realTally): string[] {
  const { tally, state } = tallyOf(bytes, format);
  const sum = (counts: Iterable<number>) => [...counts].reduce((a, b) => a + b, 0);
  const skipped = sum(tally.skipped.values());
  const refused = sum([...tally.refused.values()].map((kind) => kind.count));
  const lines = bytes.filter((b) => b === 10).length;
  const wrong: string[] = [];
  const equal = (what: string, found: number, expected: number) => {
    if (found !== expected) wrong.push(`${what}: ${found} instead of ${expected}`);
  };
  equal('lines', tally.lines, lines);
  equal('events, skipped and refused lines', tally.events + skipped + refused, lines);
  equal('bytes', tally.bytes, bytes.length);
  equal(
    'events in prefixes',
    state.prefixes.reduce((a, b) => a + b, 0),
    tally.events,
  );
  equal('events in the time line', sum([...state.timeline.values()].map(([all]) => all)), tally.events);
  equal('requests and packets', covered(state, 'requests') + covered(state, 'packets'), tally.events);
  for (const [reason, { count, samples }] of tally.refused)
    if (samples.length !== Math.min(count, REFUSED_SAMPLES)) wrong.push(`${reason}: ${samples.length} samples`);
  return wrong;
}

/** What is known of the generated lines, against alerts. */
export function checkTruths(truths: readonly Truth[], alerts: readonly Alert[]): string[] {
  const found = new Set(alerts.map((a) => `${a.detection} ${a.key.text}`));
  return truths
    .filter((t) => found.has(`${t.detection} ${t.key}`) !== t.fires)
    .map((t) => `${t.detection} of ${t.key} ${t.fires ? 'is missing' : 'should not stand'}`);
}
