/**
 * A run of the real parts in memory, in pieces: lines → scanner → states → one settled state → decisions → alerts.
 * Where a law could be broken by one part (merging, deciding, evidence), that part can be replaced, so that the tests
 * of the tests can plant a violation.
 */

import { parseInventory } from '../../src/config/inventory.ts';
import type { decide } from '../../src/detect/decide.ts';
import type { Decision } from '../../src/detect/decision.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import type { OriginContext } from '../../src/formats/format.ts';
import { findFormat } from '../../src/formats/index.ts';
import { encodeState, mergeDelta } from '../../src/measure/delta.ts';
import { TOUCH_WORDS, VISIT_WORDS } from '../../src/measure/entry.ts';
import { holdState, type State, settleState } from '../../src/measure/state.ts';
import type { Alert } from '../../src/model/alert.ts';
import type { Inventory } from '../../src/model/inventory.ts';
import { createTally, mergeTally, type Tally } from '../../src/model/tally.ts';
import { alertsOf } from '../../src/run/alerting.ts';
import { decideAll } from '../../src/run/deciding.ts';
import { collectEvidence, type EvidenceOrigin } from '../../src/run/evidence.ts';
import { gradeAll, gravest, rankOf } from '../../src/run/grading.ts';
import { createScanner, type Scanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { canonicalAlert } from './canonical-alert.ts';
import type { LineFormat } from './generator.ts';

export const SECRET = new Uint8Array(32).fill(7);
const FORMATS: readonly LineFormat[] = ['combined', 'netfilter'];

const ruleSet = rulesOf([]);
const enricher = createEnricher();

const ASSETS = `
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, hosts: [lookup.example.gov], cidrs: [203.0.113.10/32],
     url_prefixes: [/lookup], record_key_params: [voterid], criticality: critical}
  - {id: register, name: Registration, kind: registration, hosts: [vote.example.gov], url_prefixes: [/register], sensitivity: voter}
  - {id: pollbook, name: Poll books, kind: pollbook_sync, hosts: [vote.example.gov], url_prefixes: [/sync], clients: [192.0.2.0/26]}
  - {id: ems, name: Closed network, kind: ems_airgapped, cidrs: [10.77.0.0/24]}
  - {id: results, name: Results, kind: results_enr, hosts: [results.example.gov], cidrs: [203.0.113.11, "2001:db8:100::11"]}
owned: {cidrs: [203.0.113.0/26, "2001:db8:100::/48"], dark_cidrs: [203.0.113.32/27]}
`;

/** Where the time of lines is moved, an election would have to move with it: only one inventory has one. */
const CALENDAR = 'calendar: [{id: primary, election_day: 2026-09-15, enr: [2026-09-15T00:00, 2026-09-16T12:00]}]\n';

/** Inventories that the laws are tried under. */
export const INVENTORIES = {
  none: 'version: 1\norganization: {id: us-xx-laws, name: Law County}\n',
  /** American days, and systems of its own */
  assets: `version: 1\norganization: {id: us-xx-laws, name: Law County, timezone: UTC, day_start: "12:00Z"}\n${ASSETS}`,
  /** the least memory that can be set: some thousand entries */
  tight: `version: 1\norganization: {id: us-xx-laws, name: Law County, timezone: UTC}\n${ASSETS}${CALENDAR}memory: {entries_max: 1000}\n`,
} as const;
export type InventoryName = keyof typeof INVENTORIES;

/** A piece of a file: whole lines, and where they stand in it. */
export interface Piece {
  format: LineFormat;
  bytes: Uint8Array;
  baseOffset: number;
}

export type Files = Readonly<Record<LineFormat, Uint8Array>>;

interface Setting {
  inventory: Inventory;
  scanner: Scanner;
}
const settings = new Map<InventoryName, Setting>();

function settingOf(name: InventoryName): Setting {
  let setting = settings.get(name);
  if (setting === undefined) {
    const inventory = parseInventory(INVENTORIES[name], 'inventory.yaml');
    setting = { inventory, scanner: createScanner(ruleSet, inventory, SECRET) };
    settings.set(name, setting);
  }
  return setting;
}

/** The next run starts with new parts that remember nothing of the lines before. */
export function startAfresh(): void {
  settings.clear();
}

export function inventoryNamed(name: InventoryName): Inventory {
  return settingOf(name).inventory;
}

const contextOf = (format: LineFormat): OriginContext => ({
  origin: FORMATS.indexOf(format),
  referenceMs: Date.UTC(2026, 11, 31),
  timezone: 'UTC',
});

/** Each file as one piece. */
export function wholeFiles(files: Files): Piece[] {
  return FORMATS.map((format) => ({ format, bytes: files[format], baseOffset: 0 }));
}

/** Each file cut at line ends, at random places, into about `parts` pieces. */
export function cutFiles(files: Files, parts: number, random: () => number): Piece[] {
  return FORMATS.flatMap((format) => {
    const bytes = files[format];
    const cuts = new Set([0, bytes.length]);
    for (let i = 1; i < parts; i++) cuts.add(bytes.indexOf(10, Math.floor(random() * bytes.length)) + 1);
    const at = [...cuts].sort((a, b) => a - b);
    return at.slice(1).map((end, i) => ({ format, bytes: bytes.subarray(at[i]!, end), baseOffset: at[i]! }));
  });
}

/** What the pieces add up to, unsettled. */
export function scan(pieces: readonly Piece[], name: InventoryName): { state: State; tallies: Map<number, Tally> } {
  const { inventory, scanner } = settingOf(name);
  scanner.take();
  for (const { format, bytes, baseOffset } of pieces) {
    if (bytes.length === 0) continue;
    // a block stands somewhere in a buffer that is used again
    const buffer = new Uint8Array(bytes.length + 16).fill(10);
    buffer.set(bytes, 5);
    const context = contextOf(format);
    scanner.scanBlock(
      { bytes: buffer, start: 5, end: 5 + bytes.length, baseOffset: baseOffset - 5 },
      findFormat(format)!,
      context,
      { organization: 0, origin: context.origin, asset: 0, dayStartMs: inventory.dayStartMs },
    );
  }
  return scanner.take();
}

/** An empty state of an inventory. */
export function emptyState(name: InventoryName): State {
  const { scanner } = settingOf(name);
  scanner.take();
  return scanner.take().state;
}

export type Merge = (state: State, delta: Uint8Array) => void;

/** As threads hand over: encoded, merged, held. */
export const realMerge: Merge = (state, delta) => {
  mergeDelta(state, delta);
  holdState(state);
};

/** Merges states as a random tree: of the states that are left, any two are merged through the binary form. */
export function mergeAsTree(states: readonly State[], random: () => number, merge: Merge, name: InventoryName): State {
  const left = [...states];
  const take = () => left.splice(Math.floor(random() * left.length), 1)[0]!;
  while (left.length > 1) {
    const [into, other] = [take(), take()];
    // a worker settles or does not: it makes no difference
    if (random() < 0.5) settleState(other);
    merge(into, encodeState(other));
    left.push(into);
  }
  return left[0] ?? emptyState(name);
}

/** Canonical bytes: the state is settled by this. */
export function canonicalBytes(state: State): Uint8Array {
  settleState(state);
  return encodeState(state);
}

/** Words of a delta's header and of a row's head (see src/measure/delta.ts). */
const [HEADER, HEAD] = [6, 5] as const;

/** A copy of a delta in which each touch was changed. */
export function mapTouches(bytes: Uint8Array, change: (words: Uint32Array, at: number) => void): Uint8Array {
  const copy = bytes.slice();
  const words = new Uint32Array(copy.buffer);
  let at = HEADER;
  for (let row = 0; row < words[3]!; row++) {
    const [touches, visits] = [words[at + 3]!, words[at + 4]!];
    at += HEAD;
    for (let i = 0; i < touches; i++) change(words, at + i * TOUCH_WORDS);
    at += touches * TOUCH_WORDS + visits * VISIT_WORDS;
  }
  return copy;
}

/** The same without what only says where a line stood. */
export function withoutReferences(bytes: Uint8Array): Uint8Array {
  return mapTouches(bytes, (words, at) => words.fill(0, at + 5, at + 7));
}

export type Collect = typeof collectEvidence;
export type Decide = typeof decide;

/** Parts that a test of the tests replaces. */
export interface Parts {
  collect?: Collect;
  /** changes what was decided */
  decided?: (decisions: Decision[]) => Decision[];
}

/** Alerts of a state that is settled by this. */
export async function alertsFrom(state: State, files: Files, name: InventoryName, parts: Parts = {}): Promise<Alert[]> {
  const { inventory } = settingOf(name);
  settleState(state);
  const decided = decideAll(state, {
    ruleSet,
    inventory,
    asOf: (hi, lo) => enricher.owner(hi, lo)?.number ?? 0,
  }).decisions;
  const decisions = parts.decided?.(decided) ?? decided;
  const origins = new Map(FORMATS.map((format) => [FORMATS.indexOf(format), evidenceOrigin(format, files[format])]));
  const severities = gradeAll(decisions, inventory);
  const evidence = await (parts.collect ?? collectEvidence)(
    decisions,
    gravest(decisions, severities.map(rankOf)),
    origins,
    ruleSet,
    inventory,
    SECRET,
  );
  const organizations = [{ id: inventory.organization.id, name: inventory.organization.name }];
  return alertsOf(decisions, severities, evidence, { state, inventory, enricher, organizations });
}

function evidenceOrigin(format: LineFormat, bytes: Uint8Array): EvidenceOrigin {
  const lineAt = (offset: number) => {
    const end = bytes.indexOf(10, offset);
    return Buffer.from(bytes.subarray(offset, end < 0 ? bytes.length : end)).toString('latin1');
  };
  return {
    name: `${format}.log`,
    format: findFormat(format)!,
    context: contextOf(format),
    fetch: (offsets) => Promise.resolve(offsets.map(lineAt)),
  };
}

/** The canonical alerts as a sorted list of lines. */
export function canonical(alerts: readonly Alert[]): string[] {
  return alerts.map(canonicalAlert).sort();
}

/** Sum of tallies over all origins. */
export function totalOf(tallies: ReadonlyMap<number, Tally>): Tally {
  const sum = new Map<number, Tally>([[0, createTally()]]);
  for (const tally of tallies.values()) mergeTally(sum, 0, structuredClone(tally));
  return sum.get(0)!;
}
