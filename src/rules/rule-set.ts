/**
 * A rule set: rule files in, all rules and correlations compiled and numbered out, or all problems at once.
 * Pure: whoever calls has read the files (rule-folder.ts). Numbers follow the order of the files; built-in ones first.
 */
import { isMap } from 'yaml';
import { OperatorError, type Problem } from '../model/problem.ts';
import type { Correlation, Item, Rule, RuleSet } from '../model/rule.ts';
import { type CorrelationDraft, readCorrelation } from './correlation.ts';
import { nearest } from './fields.ts';
import { createPredicateTable, type Node, type TextPredicate } from './predicate.ts';
import { compileRule, type RuleDraft, type SkippedRule } from './sigma.ts';
import { at, openYaml, type RuleFile } from './yaml-source.ts';

/** Rules of one set, built-in and the user's together; higher numbers are kept for measures without a rule. */
const RULES_MAX = 900;

/** A rule set with what the matcher runs on. */
export interface CompiledRuleSet extends RuleSet {
  /** tree of each rule, by number */
  readonly trees: readonly Node[];
  /** all predicates over texts, by number */
  readonly predicates: readonly TextPredicate[];
  /** rules that were left out, and why */
  readonly skipped: readonly SkippedRule[];
  /** raw log lines of the built-in rules that must and must not match, by number */
  readonly examples: readonly { mustMatch: readonly string[]; mustNotMatch: readonly string[] }[];
}

/** Compiles rule files. Throws an OperatorError that lists everything that is wrong with them. */
export function compileRuleSet(files: readonly RuleFile[]): CompiledRuleSet {
  const problems: Problem[] = [];
  const skipped: SkippedRule[] = [];
  const table = createPredicateTable();
  const drafts: RuleDraft[] = [];
  const correlations: CorrelationDraft[] = [];
  for (const file of files) {
    const source = openYaml(file, problems);
    for (const [i, map] of source.documents.entries()) {
      const fallback = nameOfFile(file.file) + (i === 0 ? '' : `-${i + 1}`);
      if (at(map, 'correlation') !== undefined && isMap(at(map, 'correlation'))) {
        const draft = readCorrelation(source, map, fallback, problems);
        if (draft !== null) correlations.push(draft);
      } else {
        const draft = compileRule(source, map, fallback, table, problems, skipped);
        if (draft !== null) drafts.push(draft);
      }
    }
  }
  checkDoubles([...drafts, ...correlations], problems);
  if (drafts.length > RULES_MAX) {
    const draft = drafts[RULES_MAX]!;
    problems.push(
      draft.source.problem(
        'PW-RULES-TOO-MANY',
        `${drafts.length} rules are more than ${RULES_MAX}`,
        draft.position,
        'give fewer rules: those for logs of web servers, proxies and firewalls are the only ones that run',
      ),
    );
  }
  const { resolved, items, counted } = resolve(drafts, correlations, problems, skipped);
  if (problems.length > 0) throw new OperatorError(problems);
  const rules = drafts.map(
    (draft, number): Rule => ({
      number,
      ...draft.head,
      category: draft.category,
      file: draft.source.file.file,
      origin: draft.source.file.origin,
      item: items[number]!,
      standalone: draft.standalone && !counted.has(number),
    }),
  );
  return {
    rules,
    correlations: resolved,
    trees: drafts.map((d) => d.node),
    predicates: table.list,
    skipped,
    examples: drafts.map((d) => ({ mustMatch: d.mustMatch, mustNotMatch: d.mustNotMatch })),
  };
}

function nameOfFile(file: string): string {
  return file
    .slice(file.lastIndexOf('/') + 1)
    .replace(/\.ya?ml$/, '')
    .replace(/\.correlation$/, '');
}

function checkDoubles(drafts: readonly (RuleDraft | CorrelationDraft)[], problems: Problem[]): void {
  const ids = new Map<string, string>();
  const names = new Map<string, string>();
  for (const { head, source, position } of drafts) {
    for (const [map, key, value] of [
      [ids, 'id', head.id],
      [names, 'name', head.name],
    ] as const) {
      const first = map.get(value);
      if (first === undefined) map.set(value, source.file.file);
      else {
        problems.push(
          source.problem(
            'PW-RULES-DOUBLE',
            `the ${key} "${value}" stands twice; first in ${first}`,
            at(position, key) ?? position,
            `give every rule ${key === 'id' ? 'an id' : 'a name'} of its own`,
          ),
        );
      }
    }
  }
}

function resolve(
  drafts: readonly RuleDraft[],
  correlations: readonly CorrelationDraft[],
  problems: Problem[],
  skipped: SkippedRule[],
): { resolved: Correlation[]; items: Item[]; counted: Set<number> } {
  const numbers = new Map<string, number>();
  for (const [number, draft] of drafts.entries()) {
    numbers.set(draft.head.name, number);
    numbers.set(draft.head.id, number);
    // SigmaHQ's correlations refer to files' titles nowhere, but to ids in any case
    numbers.set(draft.head.id.toUpperCase(), number);
  }
  const leftOut = new Set(skipped.map((s) => nameOfFile(s.file)));
  const items = drafts.map((): Item => 'none');
  const claimed = new Map<number, CorrelationDraft>();
  const counted = new Set<number>();
  const resolved: Correlation[] = [];
  for (const draft of correlations) {
    const list: number[] = [];
    let incomplete = false;
    for (const { name, node } of draft.rules) {
      const number = numbers.get(name);
      if (number === undefined) {
        if (leftOut.has(name) && !draft.source.file.named) {
          incomplete = true;
          continue;
        }
        const near = nearest(name, numbers.keys());
        const isCorrelation = correlations.some((c) => c.head.name === name || c.head.id === name);
        const hint = isCorrelation
          ? 'a correlation can count rules only, not other correlations'
          : near === null
            ? 'rules are named by "name:" or "id:"'
            : `did you mean "${near}"?`;
        problems.push(draft.source.problem('PW-RULES-UNKNOWN-RULE', `no rule is called "${name}"`, node, hint));
        continue;
      }
      list.push(number);
      if (!draft.generate) counted.add(number);
      if (draft.item === 'none') continue;
      const other = claimed.get(number);
      if (other !== undefined && other.item !== draft.item) {
        problems.push(
          draft.source.problem(
            'PW-RULES-TWO-COUNTS',
            `"${other.head.name}" counts another field of rule "${name}" already (${other.item}, here ${draft.item})`,
            node,
            'give this correlation a rule of its own: copy the rule under another name and id',
          ),
        );
      } else {
        claimed.set(number, draft);
        items[number] = draft.item;
      }
    }
    if (incomplete) {
      const reason = 'a rule that it counts was left out';
      skipped.push({ file: draft.source.file.file, title: draft.head.title, kind: 'cannot', reason });
      continue;
    }
    resolved.push({
      ...draft.head,
      file: draft.source.file.file,
      origin: draft.source.file.origin,
      type: draft.type,
      rules: list,
      timespanMs: draft.timespanMs,
      threshold: draft.threshold,
      statusClasses: draft.statusClasses,
    });
  }
  return { resolved, items, counted };
}
