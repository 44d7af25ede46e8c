/**
 * Matches stand under the numbers of rules, and a number means a rule only in one list of names: a record or a snapshot that
 * was written with other rules is read with the numbers that ours have.
 */
import type { State } from '../measure/state.ts';
import type { RuleSet } from '../model/rule.ts';
import { renumberRules } from './entries.ts';
import type { Shard } from './shard.ts';

/** Names of rules in the order of their numbers. */
export function ruleNames(ruleSet: RuleSet): string[] {
  return ruleSet.rules.map((r) => r.name);
}

/** A state of the rules `theirs` with the numbers that they have among `own`; matches of rules that we lack are counted. */
export function renumbered(shard: Shard, state: State, theirs: readonly string[], own: readonly string[]): State {
  const numbers = new Map(own.map((name, number) => [name, number]));
  return renumberRules(
    state,
    theirs.map((name) => numbers.get(name) ?? -1),
    (entries) => {
      shard.unknownMatches += entries;
    },
  );
}
