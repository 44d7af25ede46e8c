/**
 * campaign.jurisdiction_sweep: one source, or several of one network block, have alerts at many organisations one after
 * the other: at least 5 within 30 days. That the order of their first alerts follows the alphabet (Spearman at least 0.8)
 * is noted: in 2016 the states' systems were gone through alphabetically (DHS and FBI, 2019).
 * What proves it: the members' own alerts and when the first of each began. Info; medium where the order is alphabetical
 * and there are 6 or more: an order by chance comes as near to it once in 34 times with six, once in 15 with five.
 * Assumed: a member's name is what a list of them is sorted by. Around it: another order, or another block for each.
 */

import { prefixOf } from '../../model/address.ts';
import type { Member, Sighting } from '../../model/fact.ts';
import { DAY, dayOf, dayStart } from '../../model/time.ts';
import type { Decision, DecisionKey } from '../decision.ts';
import {
  groupedBy,
  type MemberDetector,
  type MemberScene,
  membersOf,
  sharedDecision,
  sourceOf,
} from './member-detector.ts';

const JURISDICTIONS_MIN = 5;
const DAYS = 30;
const ALPHABETICAL = 0.8;
const ORDERED_MIN = 6;

export const jurisdictionSweep: MemberDetector = {
  ids: ['campaign.jurisdiction_sweep'],
  evaluate(all, scene) {
    const bySource = [...groupedBy(all, sourceOf).values()].flatMap((sightings) => {
      const [{ hi, lo }] = sightings as [Sighting];
      return sweeps({ kind: 'source', hi, lo }, sightings, scene);
    });
    const isAlone = new Set(bySource.map((d) => `${blockOf(d.key)} ${d.day}`));
    const byBlock = [...groupedBy(all, blockOf).values()].flatMap((sightings) => {
      if (new Set(sightings.map(sourceOf)).size < 2) return [];
      const prefix = prefixOf(sightings[0]!.hi, sightings[0]!.lo);
      // where one address did all of it, the block says nothing more
      return sweeps({ kind: 'prefix', ...prefix }, sightings, scene).filter(
        (d) => d.members.length > 1 && !isAlone.has(`${blockOf(d.key)} ${d.day}`),
      );
    });
    return [...bySource, ...byBlock];
  },
};

const blockOf = ({ hi, lo }: { hi: number; lo: number }) => sourceOf(prefixOf(hi, lo));

/** One decision for each day on which something began, and by which enough organisations were reached. */
function sweeps(key: DecisionKey, all: readonly Sighting[], { dayStartMs }: MemberScene): Decision[] {
  if (membersOf(all).length < JURISDICTIONS_MIN) return [];
  const byDay = groupedBy(all, (s) => String(dayOf(s.startMs, dayStartMs)));
  return [...byDay.keys()].map(Number).flatMap((day) => {
    const sightings = [...byDay].flatMap(([d, some]) => (Number(d) <= day && Number(d) > day - DAYS ? some : []));
    const members = membersOf(sightings);
    if (members.length < JURISDICTIONS_MIN) return [];
    const order = orderOf(members, sightings);
    const isOrdered = order >= ALPHABETICAL;
    const decision = sharedDecision({
      detection: 'campaign.jurisdiction_sweep',
      key,
      day,
      base: isOrdered && members.length >= ORDERED_MIN ? 'medium' : 'info',
      sightings,
      numbers: { days: span(sightings), order_percent: Math.round(order * 100) },
      thresholds: [`alerts at ${JURISDICTIONS_MIN} organisations within ${DAYS} days`],
      tailored: isOrdered ? ['the organisations were reached nearly in alphabetical order'] : [],
    });
    // it began up to 30 days ago, and whoever is reached later that day can change the order
    return { ...decision, settlesMs: dayStart(day + 1, dayStartMs) };
  });
}

/** Rank correlation (Spearman) of the order in which organisations were reached with that of their names; 1 = the same. */
export function orderOf(members: readonly Member[], sightings: readonly Sighting[]): number {
  const first = new Map<string, number>();
  for (const { member, startMs } of sightings)
    first.set(member.id, Math.min(first.get(member.id) ?? Number.POSITIVE_INFINITY, startMs));
  const names = [...members].sort((a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()) || compare(a.id, b.id));
  const x = ranks(names.map(({ id }) => first.get(id)!));
  const mean = (x.length - 1) / 2;
  let both = 0;
  let ofX = 0;
  let ofY = 0;
  for (const [i, rank] of x.entries()) {
    both += (rank - mean) * (i - mean);
    ofX += (rank - mean) ** 2;
    ofY += (i - mean) ** 2;
  }
  return ofX === 0 || ofY === 0 ? 0 : both / Math.sqrt(ofX * ofY);
}

/** Ranks of values, from 0; equal ones share the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  return values.map((v) => {
    const below = values.filter((other) => other < v).length;
    const equal = values.filter((other) => other === v).length;
    return below + (equal - 1) / 2;
  });
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Days from the first beginning to the last, at least one. */
function span(sightings: readonly Sighting[]): number {
  const first = sightings.reduce((ms, s) => Math.min(ms, s.startMs), Number.POSITIVE_INFINITY);
  const last = sightings.reduce((ms, s) => Math.max(ms, s.startMs), Number.NEGATIVE_INFINITY);
  return Math.max(1, Math.ceil((last - first) / DAY));
}
