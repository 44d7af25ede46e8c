/**
 * How a record of the log gets into a shard: the same merge that the threads of `analyze` use, so the same lines give the same
 * measures whatever the order of the records. A record of a worker with other rules gets the numbers that ours have; lines
 * that are too old to matter are dropped by event time. Pure: no store, no clock.
 */
import { encodeState, mergeDelta } from '../measure/delta.ts';
import { holdState } from '../measure/state.ts';
import { handBack } from '../model/memory.ts';
import { mergeTally, type Tally } from '../model/tally.ts';
import { dayOf, WEB_PANE } from '../model/time.ts';
import { prune } from './entries.ts';
import { addFact } from './fact-set.ts';
import { horizonOf, packetRulesOf } from './pruning.ts';
import {
  type AckRecord,
  type DeltaOrigin,
  type DeltaRecord,
  decodeRecord,
  RuleListError,
  rulesDigest,
  type ShardRecord,
} from './record.ts';
import { renumbered, ruleNames } from './rule-numbers.ts';
import { emptyState, type Shard, type ShardSetting } from './shard.ts';
import { createOriginTime, eventsBefore, latestOf, passChunk, robustMaximum } from './watermark.ts';

/** Acknowledgements that are remembered; of more the oldest go. */
const ACKS_MAX = 100_000;
/** Lists of rules that are remembered: one for each set of rules that workers run with. */
const RULE_LISTS_MAX = 64;

/** What folding a record did. */
export interface Folded {
  readonly kind: ShardRecord['kind'];
  /** events that came after the watermark had passed them */
  readonly late: number;
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
