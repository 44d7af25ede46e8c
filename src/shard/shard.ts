/**
 * The shard of an organisation: what all records of its log add up to. Folding is the same merge that the threads of
 * `analyze` use, so the same lines give the same measures whatever the order of the records. Beside the measures stand
 * how far each origin has been read, what was read and refused, and what people said about alerts. Lines that are too
 * old to matter are dropped by event time. Its snapshot has one form for the same set of records. Pure: no store, no clock.
 */

import { encodeState, mergeDelta } from '../measure/delta.ts';
import { createState, holdState, type State, settleState } from '../measure/state.ts';
import type { Inventory } from '../model/inventory.ts';
import { handBack } from '../model/memory.ts';
import type { RuleSet } from '../model/rule.ts';
import type { Tally } from '../model/tally.ts';
import { mergeTally } from '../model/tally.ts';
import { DAY, dayOf, dayStart, WEB_PANE } from '../model/time.ts';
import { measureKey } from '../run/scan.ts';
import { type Horizon, prune, renumberRules } from './entries.ts';
import {
  addFact,
  createFactSet,
  type FactSet,
  type FactSetJson,
  factSetFromJson,
  factSetToJson,
  isEmptyFactSet,
  pruneFacts,
} from './fact-set.ts';
import {
  type AckRecord,
  type DeltaOrigin,
  type DeltaRecord,
  decodeRecord,
  pack,
  RuleListError,
  rulesDigest,
  type ShardRecord,
  type TallyJson,
  tallyFromJson,
  tallyToJson,
  unpack,
} from './record.ts';
import {
  createOriginTime,
  eventsBefore,
  latestOf,
  type OriginTime,
  passChunk,
  robustMaximum,
  type TimeRun,
} from './watermark.ts';

const MAGIC = 0x31535750;
/** Raised when an older program would misread a snapshot; snapshots of all versions up to this one are read. */
const SNAPSHOT_VERSION = 2;
/** The version of a snapshot without facts, which programs from before there were any read as well. */
const WITHOUT_FACTS = 1;

/** How long an alert may change after its day, in days of event time: it is told anew, or taken back. */
export const OPEN_DAYS = 8;
/** What a day is decided from besides itself, in days before it: F06 looks back over 30, a correlation may over more. */
const LOOK_BACK_DAYS = 30;
/** The same of pages that a source was given, which only windows of a day ask for. */
const VISIT_DAYS = 2;
/** The same of records that a source asked for, which are added up over a week (election.lookup_slow). */
const KEY_DAYS = 7;
/** The memory bound is relaxed when the state fills less than one part in this many. */
const RELAXED = 4;
/** Acknowledgements that are remembered; of more the oldest go. */
const ACKS_MAX = 100_000;
/** Lists of rules that are remembered: one for each set of rules that workers run with. */
const RULE_LISTS_MAX = 64;

/** What a shard is folded with. */
export interface ShardSetting {
  readonly inventory: Inventory;
  readonly ruleSet: RuleSet;
  /** the organisation's secret, which keys all hashes */
  readonly secret: Uint8Array;
}

export interface Shard {
  state: State;
  /** what was read, by origin; samples are shapes of lines */
  readonly tallies: Map<number, Tally>;
  /** how far each origin was folded */
  readonly times: Map<number, OriginTime>;
  /** for each origin, by day, the least stream offset of a chunk whose latest line is of that day */
  readonly offsets: Map<number, Map<number, number>>;
  /** for each origin, the stream offset behind the last byte of a chunk that was folded */
  readonly ends: Map<number, number>;
  /** what was read on each day, by number of the day */
  readonly days: Map<number, DayRead>;
  /** by alert id */
  readonly acks: Map<string, AckRecord>;
  /** what other organisations told, by alert id */
  readonly facts: FactSet;
  /** lists of rule names by their digest */
  readonly ruleLists: Map<string, readonly string[]>;
  /** first instants whose alerts may still change, because all that they are decided from is there; 0 = all may */
  readonly open: OpenSince;
  /** events that came when their time had passed; the one number here that depends on the order of records */
  late: number;
  /** matches of rules that this program does not have */
  unknownMatches: number;
}

/** What was read on a day. A job of chunks belongs to the day of its latest line. */
export interface DayRead {
  /** events that came when their time had passed */
  late: number;
  /** by origin */
  readonly tallies: Map<number, Tally>;
}

/** Unix ms, for alerts of packets and of requests; 0 = nothing was dropped yet. */
export interface OpenSince {
  packetsMs: number;
  requestsMs: number;
}

/** What folding a record did. */
export interface Folded {
  readonly kind: ShardRecord['kind'];
  /** events that came after the watermark had passed them */
  readonly late: number;
}

/** A shard of no records. */
export function createShard(setting: ShardSetting): Shard {
  return {
    state: emptyState(setting),
    tallies: new Map(),
    times: new Map(),
    offsets: new Map(),
    ends: new Map(),
    days: new Map(),
    acks: new Map(),
    facts: createFactSet(),
    ruleLists: new Map(),
    open: { packetsMs: 0, requestsMs: 0 },
    late: 0,
    unknownMatches: 0,
  };
}

function emptyState({ inventory, secret }: ShardSetting): State {
  const { a } = measureKey(secret);
  return createState(a, inventory.entriesMax === null ? undefined : inventory.entriesMax * 16);
}

/** Names of rules in the order of their numbers. */
export function ruleNames(ruleSet: RuleSet): string[] {
  return ruleSet.rules.map((r) => r.name);
}

/**
 * Folds a record. `lateBeforeMs`: events before this instant count as late; they are kept all the same. Throws a
 * RecordError or a DeltaError before anything is changed.
 */
export function foldRecord(
  shard: Shard,
  setting: ShardSetting,
  bytes: Uint8Array,
  lateBeforeMs = Number.NEGATIVE_INFINITY,
): Folded {
  const record = decodeRecord(bytes);
  switch (record.kind) {
    case 'rules':
      shard.ruleLists.set(record.digest, record.names);
      forgetOldest(shard.ruleLists, RULE_LISTS_MAX);
      return { kind: 'rules', late: 0 };
    case 'ack': {
      noteAck(shard.acks, { id: record.id, status: record.status, atMs: record.atMs });
      return { kind: 'ack', late: 0 };
    }
    case 'facts':
      for (const fact of record.facts) addFact(shard.facts, fact);
      return { kind: 'facts', late: 0 };
    case 'delta': {
      mergeDelta(shard.state, stateOf(shard, setting, record));
      handBack(record.state);
      holdState(shard.state);
      let late = 0;
      for (const origin of record.origins) {
        const came = origin.chunks.reduce((sum, { panes }) => sum + eventsBefore(panes, lateBeforeMs), 0);
        noteOrigin(shard, setting.inventory.dayStartMs, origin, came);
        late += came;
      }
      shard.late += late;
      return { kind: 'delta', late };
    }
  }
}

/** The state of a delta with the numbers that our rules have, without what was dropped before it came. */
function stateOf(shard: Shard, setting: ShardSetting, { rules, origins, state }: DeltaRecord): Uint8Array {
  const own = ruleNames(setting.ruleSet);
  const isOurs = rules === rulesDigest(own);
  const theirs = isOurs ? own : shard.ruleLists.get(rules);
  if (theirs === undefined) throw new RuleListError(rules);
  const horizon = horizonOf(shard.open, setting.ruleSet);
  const since = Math.max(horizon.packetsMs, horizon.requestsMs, horizon.visitsMs);
  const isOld = origins.some(({ chunks }) => chunks.some(({ panes }) => eventsBefore(panes, since) > 0));
  if (isOurs && !isOld) return state;
  let changed = emptyState(setting);
  mergeDelta(changed, state);
  if (!isOurs) changed = renumbered(shard, changed, theirs, own);
  if (isOld) changed = prune(changed, horizon, packetRulesOf(setting), setting.inventory.dayStartMs);
  return encodeState(changed);
}

function packetRulesOf({ ruleSet }: ShardSetting): ReadonlySet<number> {
  return new Set(ruleSet.rules.filter((r) => r.category === 'network').map((r) => r.number));
}

function renumbered(shard: Shard, state: State, theirs: readonly string[], own: readonly string[]): State {
  const numbers = new Map(own.map((name, number) => [name, number]));
  return renumberRules(
    state,
    theirs.map((name) => numbers.get(name) ?? -1),
    (entries) => {
      shard.unknownMatches += entries;
    },
  );
}

function noteOrigin(shard: Shard, dayStartMs: number, { origin, chunks, tally }: DeltaOrigin, late: number): void {
  mergeTally(shard.tallies, origin, structuredClone(tally));
  const time = shard.times.get(origin) ?? createOriginTime();
  shard.times.set(origin, time);
  const offsets = shard.offsets.get(origin) ?? new Map<number, number>();
  shard.offsets.set(origin, offsets);
  for (const mark of chunks) {
    passChunk(time, mark);
    shard.ends.set(origin, Math.max(shard.ends.get(origin) ?? 0, mark.end));
    const lastPane = mark.panes.at(-1)?.[0];
    if (lastPane === undefined) continue;
    const day = dayOf(lastPane * WEB_PANE, dayStartMs);
    offsets.set(day, Math.min(offsets.get(day) ?? Number.POSITIVE_INFINITY, mark.offset));
  }
  const lastPane = Math.max(...chunks.map(({ panes }) => panes.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY));
  const latestMs = Number.isFinite(lastPane) ? lastPane * WEB_PANE : (robustMaximum(time) ?? latestOf(shard.times));
  // lines that nobody can read, before any that somebody can
  if (latestMs === null) return;
  const day = dayOf(latestMs, dayStartMs);
  const read = shard.days.get(day) ?? { late: 0, tallies: new Map<number, Tally>() };
  shard.days.set(day, read);
  read.late += late;
  mergeTally(read.tallies, origin, structuredClone(tally));
}

/** Of two the later one counts, of two of the same instant the one whose status comes first in the alphabet. */
function noteAck(acks: Map<string, AckRecord>, ack: AckRecord): void {
  const known = acks.get(ack.id);
  if (known !== undefined && (known.atMs > ack.atMs || (known.atMs === ack.atMs && known.status <= ack.status))) return;
  acks.set(ack.id, ack);
  if (acks.size <= ACKS_MAX) return;
  const oldest = [...acks.values()].sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))[0]!;
  acks.delete(oldest.id);
}

function forgetOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

/** Whether all that a day is decided from is still in the state, for alerts of these categories. */
export function mayChange(
  { open }: Shard,
  { inventory }: ShardSetting,
  categories: readonly ('network' | 'web')[],
  day: number,
): boolean {
  const startMs = dayStart(day, inventory.dayStartMs);
  return categories.every((category) => startMs >= (category === 'network' ? open.packetsMs : open.requestsMs));
}

/** What is dropped where alerts since `open` may change. */
function horizonOf(open: OpenSince, ruleSet: RuleSet): Horizon {
  return {
    packetsMs: open.packetsMs - LOOK_BACK_DAYS * DAY,
    requestsMs: open.requestsMs - lookBackDays(ruleSet) * DAY,
    visitsMs: open.requestsMs - VISIT_DAYS * DAY,
    keysMs: open.requestsMs - KEY_DAYS * DAY,
  };
}

/** Days before a day that its alerts look back over. */
export function lookBackDays({ correlations }: Pick<RuleSet, 'correlations'>): number {
  return Math.max(LOOK_BACK_DAYS, ...correlations.map((c) => Math.ceil(c.timespanMs / DAY)));
}

/**
 * Drops lines that no alert of the last OPEN_DAYS days is decided from, by whole days before the latest line. `latestMs`
 * bounds what counts as the latest line, for clocks that run ahead. Returns whether anything went.
 */
export function pruneShard(shard: Shard, setting: ShardSetting, latestMs = Number.POSITIVE_INFINITY): boolean {
  const { dayStartMs } = setting.inventory;
  const factsWent = pruneFacts(shard.facts, dayStartMs, latestMs);
  const latest = latestOf(shard.times);
  if (latest === null) return factsWent;
  const { open } = shard;
  const since = dayStart(dayOf(Math.min(latest, latestMs), dayStartMs) - OPEN_DAYS, dayStartMs);
  const next = horizonOf({ packetsMs: since, requestsMs: since }, setting.ruleSet);
  for (const day of shard.days.keys()) if (dayStart(day, dayStartMs) < since) shard.days.delete(day);
  let firstMs = Number.POSITIVE_INFINITY;
  for (const pane of shard.state.timeline.keys()) firstMs = Math.min(firstMs, pane * WEB_PANE);
  const moves = {
    packets: since > open.packetsMs && firstMs < next.packetsMs,
    requests: since > open.requestsMs && firstMs < Math.max(next.requestsMs, next.visitsMs),
  };
  if (!moves.packets && !moves.requests) return factsWent;
  if (moves.packets) open.packetsMs = since;
  if (moves.requests) open.requestsMs = since;
  shard.state = prune(shard.state, horizonOf(open, setting.ruleSet), packetRulesOf(setting), dayStartMs);
  relax(shard.state);
  return true;
}

/**
 * A flood raises the sampling level of the memory bound; days later, when its lines were dropped, the level falls again,
 * a step at a time. What was sampled before counts for less than it stood for, and never for more.
 */
function relax({ ledger }: State): void {
  const units = ledger.touches.entries * 2 + ledger.visits.entries * 0.75;
  if (ledger.level > 0 && units * RELAXED < ledger.unitsMax) ledger.level--;
}

/**
 * Stream offsets before which no origin needs its evidence lines any more: of chunks whose latest line is older than
 * `days` before the latest line of all; of an origin that is no longer written, of all its chunks. Forgets those days.
 */
export function evidenceFloor(shard: Shard, dayStartMs: number, days: number): { origin: number; offset: number }[] {
  const latest = latestOf(shard.times);
  if (latest === null) return [];
  const today = dayOf(latest, dayStartMs);
  const floors: { origin: number; offset: number }[] = [];
  for (const [origin, offsets] of shard.offsets) {
    // stray lines of the future would keep all that comes behind them until their day is past
    for (const [day, offset] of offsets) {
      if (day <= today + 1) continue;
      offsets.delete(day);
      offsets.set(today, Math.min(offsets.get(today) ?? Number.POSITIVE_INFINITY, offset));
    }
    const past = [...offsets.keys()].filter((day) => day < today - days);
    if (past.length === 0) continue;
    for (const day of past) offsets.delete(day);
    const offset = offsets.size > 0 ? Math.min(...offsets.values()) : shard.ends.get(origin);
    if (offset !== undefined) floors.push({ origin, offset });
  }
  return floors;
}

interface SnapshotHead {
  rules: string;
  ruleLists: [string, readonly string[]][];
  tallies: [number, TallyJson][];
  times: [number, { next: number; runs: TimeRun[]; ahead: [number, TimeRun[]][] }][];
  offsets: [number, [number, number][]][];
  ends?: [number, number][];
  days: [number, { late: number; tallies: [number, TallyJson][] }][];
  acks: AckRecord[];
  facts?: FactSetJson;
  open: OpenSince;
  late: number;
  unknownMatches: number;
}

/**
 * The snapshot of a shard: for the same set of records the same bytes, but for the count of late lines. In the order of
 * arrival it takes a third of the time, and is read as the same.
 */
export function encodeShard(
  shard: Shard,
  setting: ShardSetting,
  arrangement: 'canonical' | 'arrival' = 'canonical',
): Uint8Array {
  settleState(shard.state);
  const byNumber = (a: readonly [number, unknown], b: readonly [number, unknown]) => a[0] - b[0];
  const byText = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1);
  const own = ruleNames(setting.ruleSet);
  const ruleLists = new Map(shard.ruleLists).set(rulesDigest(own), own);
  const head: SnapshotHead = {
    rules: rulesDigest(own),
    ruleLists: [...ruleLists].sort(byText),
    tallies: talliesToJson(shard.tallies),
    times: [...shard.times]
      .map(([n, { next, runs, ahead }]): SnapshotHead['times'][number] => [
        n,
        { next, runs, ahead: [...ahead].sort(byNumber) },
      ])
      .sort(byNumber),
    offsets: [...shard.offsets]
      .map(([n, offsets]): SnapshotHead['offsets'][number] => [n, [...offsets].sort(byNumber)])
      .sort(byNumber),
    ends: [...shard.ends].sort(byNumber),
    days: [...shard.days]
      .map(([day, { late, tallies }]): SnapshotHead['days'][number] => [day, { late, tallies: talliesToJson(tallies) }])
      .sort(byNumber),
    acks: [...shard.acks.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    open: shard.open,
    late: shard.late,
    unknownMatches: shard.unknownMatches,
    ...(isEmptyFactSet(shard.facts) ? {} : { facts: factSetToJson(shard.facts) }),
  };
  const version = head.facts === undefined ? WITHOUT_FACTS : SNAPSHOT_VERSION;
  return pack(head, encodeState(shard.state, arrangement), MAGIC, version);
}

function talliesToJson(tallies: ReadonlyMap<number, Tally>): [number, TallyJson][] {
  return [...tallies].map(([n, tally]): [number, TallyJson] => [n, tallyToJson(tally)]).sort((a, b) => a[0] - b[0]);
}

/** The shard of a snapshot, with the numbers that our rules have. Throws a RecordError or a DeltaError. */
export function decodeShard(setting: ShardSetting, bytes: Uint8Array): Shard {
  const { head, body } = unpack(bytes, MAGIC, SNAPSHOT_VERSION, 'snapshot');
  const from = head as SnapshotHead;
  const shard: Shard = { ...createShard(setting), facts: factSetFromJson(from.facts) };
  for (const [digest, names] of from.ruleLists) shard.ruleLists.set(digest, names);
  for (const [n, tally] of from.tallies) shard.tallies.set(n, tallyFromJson(tally));
  for (const [n, { next, runs, ahead }] of from.times) shard.times.set(n, { next, runs, ahead: new Map(ahead) });
  for (const [n, offsets] of from.offsets) shard.offsets.set(n, new Map(offsets));
  for (const [n, end] of from.ends ?? []) shard.ends.set(n, end);
  for (const [day, { late, tallies }] of from.days)
    shard.days.set(day, { late, tallies: new Map(tallies.map(([n, tally]) => [n, tallyFromJson(tally)])) });
  for (const ack of from.acks) shard.acks.set(ack.id, ack);
  Object.assign(shard.open, from.open);
  shard.late = from.late;
  shard.unknownMatches = from.unknownMatches;
  mergeDelta(shard.state, body);
  const own = ruleNames(setting.ruleSet);
  const theirs = shard.ruleLists.get(from.rules);
  if (from.rules !== rulesDigest(own) && theirs !== undefined)
    shard.state = renumbered(shard, shard.state, theirs, own);
  return shard;
}
