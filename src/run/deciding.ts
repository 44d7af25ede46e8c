/**
 * From a settled state to graded decisions: what is decided about each source and how grave that is, what several sources
 * add up to, and the campaigns of it all. Whoever decides again and again while lines come hands in what was decided
 * before; then what nothing is new about is neither decided nor graded again.
 *
 *   settled state, rules, inventory → { sources: [{ decisions, severities, sightings }], others: [{ decision, severity }] }
 */
import type { Severity } from '../alerts/severity.ts';
import { decide } from '../detect/decide.ts';
import type { DecidedSource, DecidedSources } from '../detect/decided-sources.ts';
import { byIdentity, type Decision } from '../detect/decision.ts';
import type { Settings } from '../detect/scene.ts';
import type { State } from '../measure/state.ts';
import type { Member } from '../model/fact.ts';
import type { Inventory } from '../model/inventory.ts';
import type { CompiledRuleSet } from '../rules/rule-set.ts';
import { campaignsIn, type Seen } from './campaigns.ts';
import { gradeAll, rankOf } from './grading.ts';
import { sightingOf } from './sightings.ts';

/** A decision, and how grave it is. */
export interface Graded {
  readonly decision: Decision;
  readonly severity: Severity;
}

/** What was decided about one source, how grave it is, and what others may be told of it. */
export interface GradedSource {
  readonly decisions: readonly Decision[];
  /** in the order of the decisions, as are their ranks (`rankOf`) */
  readonly severities: readonly Severity[];
  readonly ranks: readonly number[];
  /** without what is nobody else's business */
  readonly seen: readonly Seen[];
  /** the next time may give this same source */
  readonly isKept: boolean;
}

/** What a state comes to. */
export interface DecidedState<Source = GradedSource> {
  /** in the order of their keys */
  readonly sources: readonly Source[];
  /** what several sources add up to, and campaigns */
  readonly others: readonly Graded[];
}

/** What is decided with, and for whom. */
export interface DecidingSetting {
  readonly ruleSet: CompiledRuleSet;
  readonly inventory: Inventory;
  /** number of the AS that announces a source, or 0 */
  asOf(hi: number, lo: number): number;
  /** organisations of the run by number; the inventory's own unless given */
  readonly organizations?: readonly { readonly id: string; readonly name: string }[];
  /** decisions about sources keep what others are told of them; where they are remembered they always do */
  readonly keepsSignatures?: boolean;
}

/**
 * Decides about a settled state. `make`: what the reader keeps of a source; with a memory of the same state at an earlier
 * time it is asked only about sources of which something is new.
 */
export function decideState<Source extends GradedSource>(
  state: State,
  { ruleSet, inventory, asOf, organizations = [inventory.organization], keepsSignatures = false }: DecidingSetting,
  make: (graded: GradedSource) => Source,
  memory?: DecidedSources<Source>,
): DecidedState<Source> {
  const off = new Set([...inventory.detections].filter(([, o]) => o.off).map(([id]) => id));
  const keeps = keepsSignatures || memory !== undefined;
  const settings: Settings = {
    rules: ruleSet.rules,
    correlations: ruleSet.correlations,
    dayStartMs: inventory.dayStartMs,
    ownedHosts: inventory.ownedHosts,
    isDark: (address) => inventory.isDark(address),
    office: inventory,
    asOf,
    off,
    signs: keeps || !off.has('X03'),
  };
  const decided = decide(state.ledger, settings, memory);
  const members = organizations.map((organization) => memberOf(organization, inventory));
  const sources = decided.sources.map((source) => {
    source.made ??= make(gradedSource(source, inventory, members));
    return source.made;
  });
  const severities = gradeAll(decided.others, inventory, partsAmong(decided.others, sources));
  const others = decided.others.map((decision, i) => ({ decision, severity: severities[i]! }));
  const seen = sources.flatMap((source) => source.seen);
  const campaigns = campaignsIn(seen, { dayStartMs: inventory.dayStartMs, asOf }).filter((d) => !off.has(d.detection));
  const theirs = gradeAll(campaigns, inventory);
  // not deleted: an object that has lost a property takes five times the room
  if (!keeps) for (const source of sources) for (const d of source.decisions) d.signature = undefined;
  return { sources, others: [...others, ...campaigns.map((decision, i) => ({ decision, severity: theirs[i]! }))] };
}

/** The same as two lists, in the order of identity. */
export function decideAll(state: State, setting: DecidingSetting): { decisions: Decision[]; severities: Severity[] } {
  const { sources, others } = decideState(state, setting, (graded) => graded);
  const all = [...sources.flatMap(gradedOf), ...others];
  all.sort((a, b) => byIdentity(a.decision, b.decision));
  return { decisions: all.map(({ decision }) => decision), severities: all.map(({ severity }) => severity) };
}

/** All that raises a decision about a source is decided about the same source, so each is graded alone. */
function gradedSource(
  { found: { decisions }, isKept }: DecidedSource,
  inventory: Inventory,
  members: readonly Member[],
): GradedSource {
  const severities = gradeAll(decisions, inventory);
  const seen = decisions.flatMap((decision, i) => {
    const member = members[decision.organization] ?? inventory.organization;
    const sighting = sightingOf(decision, severities[i]!, member, inventory);
    return sighting === null ? [] : [{ sighting, decision }];
  });
  return { decisions, severities, ranks: severities.map(rankOf), seen, isKept };
}

function gradedOf({ decisions, severities }: GradedSource): Graded[] {
  return decisions.map((decision, i) => ({ decision, severity: severities[i]! }));
}

/** How grave those decisions about sources are that others are built on. */
function partsAmong(others: readonly Decision[], sources: readonly GradedSource[]): ReadonlyMap<Decision, Severity> {
  const parts = new Set(others.flatMap((d) => d.parts));
  const found = new Map<Decision, Severity>();
  if (parts.size === 0) return found;
  for (const { decisions, severities } of sources)
    for (const [i, d] of decisions.entries()) if (parts.has(d)) found.set(d, severities[i]!);
  return found;
}

function memberOf({ id, name }: { readonly id: string; readonly name: string }, inventory: Inventory): Member {
  const own = inventory.organization;
  return id === own.id ? own : { id, name, level: null, parent: null };
}
