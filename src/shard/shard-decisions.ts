/**
 * What a shard decides: about each source, what several sources of the organisation add up to, and what the sources of its
 * members and its own do. What nothing is new about is as it was (alert-memory.ts).
 */
import type { DecidedSources } from '../detect/decided-sources.ts';
import type { Decision } from '../detect/decision.ts';
import { decideAcross } from '../detect/members/index.ts';
import type { Member } from '../model/fact.ts';
import { withoutThoseOf } from '../run/campaigns.ts';
import { decideState, type Graded, type GradedSource } from '../run/deciding.ts';
import { gradeAll } from '../run/grading.ts';
import type { TellingSetting } from './alert-document.ts';
import { sightingsIn } from './fact-set.ts';
import type { Shard } from './shard.ts';
import { newSource, type SourceAlerts } from './source-alerts.ts';
import { isPast } from './told-alert.ts';

/** Decisions of the state by source, and those that several sources or members add up to. */
export function decideShard(
  shard: Shard,
  setting: TellingSetting,
  closedMs: number,
  memory: DecidedSources<SourceAlerts>,
): { sources: readonly SourceAlerts[]; others: Graded[] } {
  const { inventory, ruleSet, enricher, secret } = setting;
  const asOf = (hi: number, lo: number) => enricher.owner(hi, lo)?.number ?? 0;
  const make = (graded: GradedSource) => newSource(graded, secret);
  const { sources, others } = decideState(shard.state, { ruleSet, inventory, asOf }, make, memory);
  const across = acrossMembers(shard, sources, setting, closedMs, asOf);
  return { sources, others: withAcross(others, across, inventory) };
}

/** What several sources of an organisation add up to, but for campaigns that are told of several organisations, and then those. */
function withAcross(
  own: readonly Graded[],
  across: readonly Decision[],
  inventory: TellingSetting['inventory'],
): Graded[] {
  if (across.length === 0) return [...own];
  const stays = new Set(
    withoutThoseOf(
      own.map((g) => g.decision),
      across,
    ),
  );
  const severities = gradeAll(across, inventory);
  const theirs = across.map((decision, i) => ({ decision, severity: severities[i]! }));
  return [...own.filter((g) => stays.has(g.decision)), ...theirs];
}

/** Decisions over what members told, this organisation's own alerts among them, as far as they are past. */
function acrossMembers(
  { facts }: Shard,
  own: readonly SourceAlerts[],
  setting: TellingSetting,
  closedMs: number,
  asOf: (hi: number, lo: number) => number,
): Decision[] {
  if (facts.facts.size === 0) return [];
  const { inventory } = setting;
  const member = memberOf(setting);
  const ours = own
    .filter(({ isDrill }) => !isDrill)
    .flatMap(({ seen }) => seen)
    .filter(({ decision }) => isPast(decision, closedMs))
    .map(({ sighting }) => ({ ...sighting, member }));
  const isOff = (d: Decision) => inventory.detections.get(d.detection)?.off === true;
  const scene = { dayStartMs: inventory.dayStartMs, asOf };
  return decideAcross([...sightingsIn(facts), ...ours], scene).filter((d) => !isOff(d));
}

/** The organisation as others know it. */
export function memberOf({ organization, inventory }: TellingSetting): Member {
  const { level, parent } = inventory.organization;
  return { ...organization, level, parent };
}
