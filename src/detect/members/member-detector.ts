/**
 * Stage 2 over organisations: the contract of its detectors, and what they share. They read sightings (alerts about one
 * source each, told by the members) and nothing else: no line, path or target of a member comes here. A pure function of
 * the set of sightings: their order and how often they came is nothing.
 */
import type { Member, Sighting } from '../../model/fact.ts';
import { jointOutcome, jointSpan } from '../../model/joint.ts';
import { DAY, dayOf, HOUR } from '../../model/time.ts';
import type { Decision, DecisionKey } from '../decision.ts';

/** What a detector knows besides the sightings. */
export interface MemberScene {
  /** day_start of the organisation that decides */
  readonly dayStartMs: number;
  /** number of the AS that announces a source, or 0 */
  asOf(hi: number, lo: number): number;
}

/** A detector over sightings of several organisations. */
export interface MemberDetector {
  /** catalogue ids that it decides */
  readonly ids: readonly string[];
  /** Decisions about sightings, which are in canonical order and without those of the background class. */
  evaluate(sightings: readonly Sighting[], scene: MemberScene): Decision[];
}

/** What a decision over organisations is made of. */
export interface Shared {
  readonly detection: string;
  readonly key: DecisionKey;
  readonly day: number;
  readonly base: Decision['base'];
  readonly sightings: readonly Sighting[];
  readonly numbers: Readonly<Record<string, number>>;
  readonly thresholds: readonly string[];
  /** what speaks for us as the target, besides what the members found */
  readonly tailored: readonly string[];
}

/** The decision that sightings add up to. Its lines stay with the members: it shows none. */
export function sharedDecision(of: Shared): Decision {
  const { sightings } = of;
  const { startMs, endMs } = jointSpan(sightings);
  const members = membersOf(sightings);
  const sources = new Map(sightings.map((s) => [sourceOf(s), { hi: s.hi, lo: s.lo }]));
  const tailored = membersOf(sightings.filter((s) => s.verdict === 'tailored')).length;
  return {
    detection: of.detection,
    organization: 0,
    key: of.key,
    day: of.day,
    base: of.base,
    steps: [],
    outcome: jointOutcome(sightings),
    startMs,
    endMs,
    exhibit: { ...NOTHING_SHOWN, startMs, endMs },
    numbers: { jurisdictions: members.length, alerts: sightings.length, sources: sources.size, ...of.numbers },
    thresholds: of.thresholds,
    noise: [],
    tailored: [
      ...(tailored === 0 ? [] : [`${tailored} of ${members.length} organisations found that it was aimed at them`]),
      ...of.tailored,
    ],
    members: [...sources.values()].sort((a, b) => a.hi - b.hi || a.lo - b.lo),
    parts: [],
    shared: { members, firstSeenMs: startMs },
  };
}

const NOTHING_SHOWN = {
  lines: [],
  ports: [],
  allowedPorts: [],
  destinations: [],
  destinationsV6: [],
  hosts: [],
  asset: 0,
  otherAssets: [],
  isOutside: false,
  statusCounts: [],
  rateLimited: false,
  udpOnly: false,
};

/** Name of a source. */
export const sourceOf = ({ hi, lo }: Pick<Sighting, 'hi' | 'lo'>) => `${hi}:${lo}`;

/** The organisations of sightings, each once, by id; of two names of one the smaller stays. */
export function membersOf(sightings: readonly Sighting[]): Member[] {
  const members = new Map<string, Member>();
  for (const { member } of sightings) {
    const known = members.get(member.id);
    if (known === undefined || member.name < known.name) members.set(member.id, member);
  }
  return [...members.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Whether a member found it aimed at its systems. */
export const isAimed = (sightings: readonly Sighting[]) => sightings.some((s) => s.verdict === 'tailored');

/** A window is 24 hours and at most an hour more: it begins with a whole hour in which something ended. */
const PANE = HOUR;
const WINDOW = DAY + PANE;

/**
 * Sightings that stand together with enough others within 24 hours, by day: those of every window that holds one which
 * began on that day, and that `isEnough` says is one.
 */
export function togetherByDay(
  sightings: readonly Sighting[],
  dayStartMs: number,
  isEnough: (window: readonly Sighting[]) => boolean,
): [day: number, sightings: Sighting[]][] {
  const sorted = [...sightings].sort(inOrder);
  const days = new Map<number, Set<Sighting>>();
  for (const pane of new Set(sorted.map((s) => Math.floor(s.endMs / PANE)))) {
    const window = sorted.filter((s) => s.endMs >= pane * PANE && s.startMs < pane * PANE + WINDOW);
    if (!isEnough(window)) continue;
    for (const day of new Set(window.map((s) => dayOf(s.startMs, dayStartMs)))) {
      const together = days.get(day) ?? new Set<Sighting>();
      for (const s of window) together.add(s);
      days.set(day, together);
    }
  }
  return [...days].sort((a, b) => a[0] - b[0]).map(([day, set]) => [day, [...set].sort(inOrder)]);
}

/** The canonical order of sightings. */
export function inOrder(a: Sighting, b: Sighting): number {
  return (
    a.startMs - b.startMs ||
    a.hi - b.hi ||
    a.lo - b.lo ||
    (a.member.id < b.member.id ? -1 : a.member.id > b.member.id ? 1 : 0) ||
    (a.detection < b.detection ? -1 : a.detection > b.detection ? 1 : 0) ||
    a.endMs - b.endMs
  );
}

/** Groups by a name; without those for which there is none. */
export function groupedBy<T>(list: readonly T[], nameOf: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const name = nameOf(item);
    if (name === null) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
