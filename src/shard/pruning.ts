/**
 * What a shard lets go of: lines that no alert which may still change is decided from, by whole days before the latest line;
 * and until when an alert may change. By event time alone. Pure: no store, no clock.
 */
import type { State } from '../measure/state.ts';
import type { RuleSet } from '../model/rule.ts';
import { DAY, dayOf, dayStart, WEB_PANE } from '../model/time.ts';
import { type Horizon, prune } from './entries.ts';
import { pruneFacts } from './fact-set.ts';
import type { OpenSince, Shard, ShardSetting } from './shard.ts';
import { latestOf } from './watermark.ts';

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
export function horizonOf(open: OpenSince, ruleSet: RuleSet): Horizon {
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

/** Numbers of the rules that read packets: what they matched stays as long as packets do. */
export function packetRulesOf({ ruleSet }: ShardSetting): ReadonlySet<number> {
  return new Set(ruleSet.rules.filter((r) => r.category === 'network').map((r) => r.number));
}
