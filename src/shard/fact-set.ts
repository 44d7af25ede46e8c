/**
 * The facts that other organisations told one: a set, of which the higher version of each counts. It is the same whatever
 * the order in which facts came and however often. Old ones go by event time; at the bound those whose source has a large
 * hash go, so that of a source that stays all facts do.
 */
import { type Fact, laterFact, type Sighting } from '../model/fact.ts';
import { hashWords } from '../model/hash.ts';
import { DAY, dayOf, dayStart } from '../model/time.ts';

/** Facts that are kept: some 70 MB. */
const FACTS_MAX = 100_000;
/** How long alerts of facts may change, and what they look back over (campaign.jurisdiction_sweep: 30), in days. */
const OPEN_DAYS = 8;
const LOOK_BACK_DAYS = 31;
const SEED = 0x66_61_63_74;

export interface FactSet {
  /** by alert id */
  readonly facts: Map<string, Fact>;
  /** facts of sources whose hash lies above 2^(32 − level) are left out */
  level: number;
  /** facts that were left out for want of room; one that comes twice then counts twice */
  leftOut: number;
  /** first instant whose alerts may still change, Unix ms; 0 = all may */
  openMs: number;
}

/** A set of no facts. */
export function createFactSet(): FactSet {
  return { facts: new Map(), level: 0, leftOut: 0, openMs: 0 };
}

export function isEmptyFactSet({ facts, openMs }: FactSet): boolean {
  return facts.size === 0 && openMs === 0;
}

/** Adds a fact, unless a later one of its alert is there or it is too old to matter. `max` bounds the set; beyond it is counted. */
export function addFact(set: FactSet, fact: Fact, max = FACTS_MAX): void {
  if (fact.endMs < horizonOf(set.openMs)) return;
  if (isLeftOut(fact, set.level)) {
    set.leftOut++;
    return;
  }
  const known = set.facts.get(fact.id);
  set.facts.set(fact.id, known === undefined ? fact : laterFact(known, fact));
  while (set.facts.size > max && set.level < 32) {
    set.level++;
    for (const [id, one] of set.facts) if (isLeftOut(one, set.level) && set.facts.delete(id)) set.leftOut++;
  }
}

/** What the facts say, in the order of their alerts' ids. */
export function sightingsIn({ facts }: FactSet): Sighting[] {
  const byId = [...facts.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return byId.map(({ sighting }) => sighting).filter((sighting) => sighting !== null);
}

/** Drops facts that no alert of the last OPEN_DAYS is decided from. `latestMs` bounds what counts as the latest. */
export function pruneFacts(set: FactSet, dayStartMs: number, latestMs: number): boolean {
  let latest = Number.NEGATIVE_INFINITY;
  for (const { endMs } of set.facts.values()) if (endMs <= latestMs) latest = Math.max(latest, endMs);
  if (latest === Number.NEGATIVE_INFINITY) return false;
  const since = dayStart(dayOf(latest, dayStartMs) - OPEN_DAYS, dayStartMs);
  if (since <= set.openMs) return false;
  const before = set.facts.size;
  for (const [id, { endMs }] of set.facts) if (endMs < horizonOf(since)) set.facts.delete(id);
  if (set.facts.size === before) return false;
  set.openMs = since;
  if (set.level > 0 && set.facts.size * 4 < FACTS_MAX) set.level--;
  return true;
}

/** The set as JSON: of the same facts the same text. */
export interface FactSetJson {
  readonly facts: readonly Fact[];
  readonly level: number;
  /** absent = none */
  readonly leftOut?: number;
  readonly openMs: number;
}

export function factSetToJson({ facts, level, leftOut, openMs }: FactSet): FactSetJson {
  const list = [...facts.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { facts: list, level, ...(leftOut > 0 && { leftOut }), openMs };
}

export function factSetFromJson(json: FactSetJson | undefined): FactSet {
  const set = createFactSet();
  if (json === undefined) return set;
  for (const fact of json.facts) set.facts.set(fact.id, fact);
  return Object.assign(set, { level: json.level, leftOut: json.leftOut ?? 0, openMs: json.openMs });
}

/** Whether all that an alert of a day is decided from is still in the set. */
export function factsMayChange({ openMs }: FactSet, dayStartMs: number, day: number): boolean {
  return dayStart(day, dayStartMs) >= openMs;
}

/** Whether a day is so far back that nothing of it is in the set. */
export function areFactsForgotten({ openMs }: FactSet, dayStartMs: number, day: number): boolean {
  return dayStart(day + 1, dayStartMs) <= horizonOf(openMs);
}

function horizonOf(openMs: number): number {
  return openMs - LOOK_BACK_DAYS * DAY;
}

function isLeftOut({ key }: Fact, level: number): boolean {
  return level > 0 && hashWords(SEED, key[0], key[1]) >= 2 ** (32 - level);
}
