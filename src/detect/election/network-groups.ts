/**
 * Sources of one network together: what each did stays below every threshold, and only the sum shows it. A group is an AS,
 * or the /24 (/48) where most of the AS's share stands in one, or where nobody knows the AS.
 */
import { prefixOf } from '../../model/address.ts';
import type { DecisionKey } from '../decision.ts';

/** A member of a group. */
export interface Member {
  readonly organization: number;
  readonly hi: number;
  readonly lo: number;
}

export interface Group<T> {
  readonly key: DecisionKey;
  readonly organization: number;
  readonly members: readonly T[];
}

/** Share of an AS's members in one block from which the block is what is named. */
const ONE_BLOCK = 0.8;

/** The groups of sources, in the order of their keys. `asOf` tells the AS of an address, 0 = unknown. */
export function groupsOf<T extends Member>(
  sources: readonly T[],
  asOf: (hi: number, lo: number) => number,
): Group<T>[] {
  return groupBy(sources, (s) => networkOf(s, asOf)).map((owner) => {
    if (owner.key.kind === 'prefix') return owner;
    const blocks = groupBy(owner.members, blockOf);
    return blocks.find(({ members }) => members.length >= ONE_BLOCK * owner.members.length) ?? owner;
  });
}

/** The AS of a source, or its block where nobody knows the AS. */
export function networkOf(source: Pick<Member, 'hi' | 'lo'>, asOf: (hi: number, lo: number) => number): DecisionKey {
  const as = asOf(source.hi, source.lo);
  return as === 0 ? blockOf(source) : { kind: 'as', hi: 0, lo: as };
}

function blockOf({ hi, lo }: Pick<Member, 'hi' | 'lo'>): DecisionKey {
  return { kind: 'prefix', ...prefixOf(hi, lo) };
}

function groupBy<T extends Member>(sources: readonly T[], of: (source: T) => DecisionKey): Group<T>[] {
  const groups = new Map<string, { key: DecisionKey; organization: number; members: T[] }>();
  for (const source of sources) {
    const key = of(source);
    const name = `${source.organization}/${key.kind}/${key.hi}/${key.lo}`;
    const group = groups.get(name) ?? { key, organization: source.organization, members: [] };
    group.members.push(source);
    groups.set(name, group);
  }
  return [...groups].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, group]) => group);
}
