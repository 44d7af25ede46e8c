/**
 * What people ask about rules: which there are, what one looks for and with which numbers, and what a set of rules says
 * to a log. Data for the `rules` command; wording and escaping are the command's.
 */
import { type Batch, FLAG } from '../model/batch.ts';
import type { HashKey } from '../model/hash.ts';
import type { Correlation, Rule } from '../model/rule.ts';
import { nearest } from './fields.ts';
import { type EventTexts, type Fragment, fragmentOf } from './fragment.ts';
import { createDigests, createMatcher, createMatches } from './matcher.ts';
import { TEXTS, textPredicates } from './predicate.ts';
import type { CompiledRuleSet } from './rule-set.ts';
import type { SkippedRule } from './sigma.ts';
import type { Pattern } from './sigma-string.ts';

/** One line of the list of rules. */
export interface CatalogueEntry {
  kind: 'rule' | 'correlation';
  /** DETECTIONS id (W05 …) or '' */
  detection: string;
  name: string;
  title: string;
  level: string;
  techniques: readonly string[];
  file: string;
  origin: 'builtin' | 'user';
  /** "one match is an alert", "counted by …", "read by a detector in code", "≥ 2 distinct path in 24 h" */
  counting: string;
}

/** All rules and correlations, by detection and name; and what was left out, with reasons. */
export function listRules(ruleSet: CompiledRuleSet): { entries: CatalogueEntry[]; skipped: readonly SkippedRule[] } {
  const entries = [
    ...ruleSet.rules.map((rule) => ({ ...entryOf(rule), kind: 'rule' as const, counting: countingOf(ruleSet, rule) })),
    ...ruleSet.correlations.map((c) => ({
      ...entryOf(c),
      kind: 'correlation' as const,
      counting: conditionOf(ruleSet, c),
    })),
  ];
  const order = (e: CatalogueEntry) => `${e.detection === '' ? '~' : e.detection}\0${e.name}`;
  entries.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return { entries, skipped: ruleSet.skipped };
}

function entryOf(r: Rule | Correlation): Omit<CatalogueEntry, 'kind' | 'counting'> {
  const { name, title, level, techniques, file, origin } = r;
  return { detection: r.detection ?? '', name, title, level, techniques, file, origin };
}

function countingOf(ruleSet: CompiledRuleSet, rule: Rule): string {
  const counters = ruleSet.correlations.filter((c) => c.rules.includes(rule.number)).map((c) => c.name);
  if (counters.length > 0) {
    return `counted by ${counters.join(', ')}${rule.standalone ? '; one match is an alert too' : ''}`;
  }
  return rule.standalone ? 'one match is an alert' : 'read by a detector in code';
}

function conditionOf(ruleSet: CompiledRuleSet, c: Correlation): string {
  const status = c.statusClasses.length === 0 ? '' : ` answered ${c.statusClasses.map((n) => `${n}xx`).join(' or ')}`;
  const span = timespanWords(c.timespanMs);
  if (c.type === 'event_count') return `≥ ${c.threshold} matches${status} in ${span} from one source`;
  if (c.type === 'value_count') {
    const item = ruleSet.rules[c.rules[0]!]?.item.replaceAll('_', ' ') ?? 'value';
    return `≥ ${c.threshold} distinct ${item}s${status} in ${span} from one source`;
  }
  const order = c.type === 'temporal_ordered' ? ', in this order' : '';
  return `a match${status} of each of ${c.rules.length} rules in ${span} from one source${order}`;
}

/** 86400000 → "24 h" */
export function timespanWords(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 2) return `${ms / 1000} s`;
  if (minutes < 120) return `${minutes} min`;
  return minutes <= 2880 ? `${minutes / 60} h` : `${minutes / 1440} d`;
}

/** Everything about one rule or correlation. */
export interface Explanation {
  entry: CatalogueEntry;
  id: string;
  description: string;
  references: readonly string[];
  falsePositives: readonly string[];
  /** what it looks for: the text, and the first of the values */
  looksFor: { text: string; values: string[]; more: number }[];
  /** rules that a correlation counts */
  counts: string[];
  /** example lines that must and must not match */
  mustMatch: readonly string[];
  mustNotMatch: readonly string[];
}

/** Values of one predicate that an explanation shows. */
const VALUES_SHOWN = 12;

/** Explains a rule or correlation by name or id; or says which name is near. */
export function explainRule(ruleSet: CompiledRuleSet, idOrName: string): Explanation | { near: string | null } {
  const wanted = idOrName.toLowerCase();
  const is = (r: { id: string; name: string }) => r.id === wanted || r.name.toLowerCase() === wanted;
  const rule = ruleSet.rules.find(is);
  if (rule !== undefined) {
    const looksFor = [...textPredicates(ruleSet.trees[rule.number]!)].map((id) => {
      const { text, region, patterns } = ruleSet.predicates[id]!;
      const values = patterns.map(patternWords);
      const what = region === 'all' ? TEXTS[text]! : `${TEXTS[text]!} ${region}`;
      return { text: what, values: values.slice(0, VALUES_SHOWN), more: Math.max(0, values.length - VALUES_SHOWN) };
    });
    const { mustMatch, mustNotMatch } = ruleSet.examples[rule.number]!;
    const entry: CatalogueEntry = { ...entryOf(rule), kind: 'rule', counting: countingOf(ruleSet, rule) };
    return { ...about(rule), entry, looksFor, counts: [], mustMatch, mustNotMatch };
  }
  const correlation = ruleSet.correlations.find(is);
  if (correlation !== undefined) {
    const counting = conditionOf(ruleSet, correlation);
    const entry: CatalogueEntry = { ...entryOf(correlation), kind: 'correlation', counting };
    const counts = correlation.rules.map((number) => ruleSet.rules[number]!.name);
    return { ...about(correlation), entry, looksFor: [], counts, mustMatch: [], mustNotMatch: [] };
  }
  const names = [...ruleSet.rules, ...ruleSet.correlations].map((r) => r.name);
  return { near: nearest(idOrName, names) };
}

function about(r: Rule | Correlation): Pick<Explanation, 'id' | 'description' | 'references' | 'falsePositives'> {
  return { id: r.id, description: r.description, references: r.references, falsePositives: r.falsePositives };
}

function patternWords(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'literal': {
      const text = Buffer.from(pattern.bytes).toString('utf8');
      return `${pattern.start ? '' : '*'}${text}${pattern.end ? '' : '*'}`;
    }
    case 'glob':
      return pattern.tokens.map((t) => (t === -2 ? '*' : t === -1 ? '?' : String.fromCharCode(t))).join('');
    case 'regex':
      return `/${pattern.source}/${pattern.flags}`;
    case 'present':
      return '(any)';
    case 'empty':
      return '(none)';
    case 'length':
      return `length ${pattern.compare} ${pattern.bytes}`;
    case 'escapes':
      return '(the path leaves its root)';
  }
}

/** A rule that matched an event of a batch, and on which fragment. */
export interface RuleHit {
  row: number;
  rule: Rule;
  /** null when it matched by columns alone */
  fragment: Fragment | null;
  /** the raw text of the fragment, latin1, unescaped */
  matched: string | null;
}

/** Runs a rule set over a batch and says what matched where: `rules test`. Does not count: correlations are not run. */
export function testRules(ruleSet: CompiledRuleSet, batch: Batch, key: HashKey): RuleHit[] {
  const matches = createMatches(1024);
  createMatcher(ruleSet, key).match(batch, matches, createDigests(batch.n));
  return Array.from({ length: matches.n }, (_, i) => {
    const row = matches.row[i]!;
    const rule = ruleSet.rules[matches.rule[i]!]!;
    const texts = textsOf(batch, row);
    const fragment = fragmentOf(ruleSet, rule.number, texts);
    const matched = fragment === null ? null : texts[fragment.field]!.slice(fragment.start, fragment.end);
    return { row, rule, fragment, matched };
  });
}

/** The texts of a row as logged. */
function textsOf(batch: Batch, row: number): EventTexts & Required<Omit<EventTexts, 'malformed'>> {
  const text = (start: Uint32Array, end: Uint32Array) =>
    Buffer.from(batch.bytes.subarray(start[row]!, end[row]!)).toString('latin1');
  return {
    target: text(batch.targetStart, batch.targetEnd),
    user_agent: text(batch.userAgentStart, batch.userAgentEnd),
    referrer: text(batch.referrerStart, batch.referrerEnd),
    host: text(batch.hostStart, batch.hostEnd),
    user: text(batch.userStart, batch.userEnd),
    malformed: (batch.flags[row]! & FLAG.malformed) !== 0,
  };
}
