/**
 * A Sigma rule → a tree of predicates. One YAML document in, one compiled rule out, or what is wrong with it and where.
 *   detection: {probe: {cs-uri-stem|contains: ['/.env', '/.git/']}, condition: probe}
 * Web server, proxy and firewall rules run; what our logs cannot carry is said, never guessed.
 * https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
 */
import { isMap, isScalar, isSeq, type Pair, type Node as YamlNode } from 'yaml';
import { METHODS } from '../model/batch.ts';
import type { Problem } from '../model/problem.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import { columnExists, columnNode, statusSet } from './columns.ts';
import { type Condition, parseCondition } from './condition.ts';
import { type Field, findField, NETWORK_FIELDS, nearest, WEB_FIELDS } from './fields.ts';
import { type Node, type PredicateTable, type Region, simplify, TEXTS, type TextName } from './predicate.ts';
import { type Pattern, STAR } from './sigma-string.ts';
import { type Context, MODIFIERS, type Modifier, NEVER, scalarOf, textPatterns, wantsFalse } from './values.ts';
import { at, textAt, textsAt, type YamlSource } from './yaml-source.ts';

/** Metadata that rules and correlations share. */
export interface Head {
  id: string;
  name: string;
  title: string;
  description: string;
  level: Level;
  techniques: string[];
  references: string[];
  falsePositives: string[];
  detection: string | null;
}

/** A rule that compiled: its tree and what only we read of it. */
export interface RuleDraft {
  head: Head;
  category: 'web' | 'network';
  node: Node;
  /** false under `pollwatch: {standalone: false}`: read by a detector in code, no alert of its own */
  standalone: boolean;
  mustMatch: string[];
  mustNotMatch: string[];
  source: YamlSource;
  position: YamlNode;
}

/** A rule that was left out, and why. */
export interface SkippedRule {
  file: string;
  title: string;
  /** `foreign`: not about web or firewall logs; `cannot`: our logs do not carry what it reads */
  kind: 'foreign' | 'cannot';
  reason: string;
}

const SIGMA_LEVELS: Record<string, Level> = {
  informational: 'info',
  info: 'info',
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'critical',
};

/** Reads what a document says about itself. `fallbackName` is the file name without ending. */
export function readHead(source: YamlSource, map: YamlNode, fallbackName: string, problems: Problem[]): Head {
  const title = textAt(map, 'title');
  if (title === '') problems.push(source.problem('PW-RULES-MISSING-KEY', 'the rule has no title', map));
  const id = textAt(map, 'id');
  if (id === '') {
    problems.push(
      source.problem('PW-RULES-MISSING-KEY', 'the rule has no id', map, 'add "id:" with a UUID of its own'),
    );
  } else if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) {
    problems.push(source.problem('PW-RULES-BAD-ID', `"${id}" is no UUID`, at(map, 'id')));
  }
  const written = textAt(map, 'level');
  const level = SIGMA_LEVELS[written.toLowerCase()];
  if (written !== '' && level === undefined) {
    problems.push(
      source.problem(
        'PW-RULES-BAD-LEVEL',
        `unknown level "${written}"`,
        at(map, 'level'),
        `one of ${LEVELS.join(', ')}`,
      ),
    );
  }
  const techniques = textsAt(map, 'tags')
    .map((tag) => /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase())
    .filter((tag) => tag !== undefined);
  const detection = textAt(at(map, 'pollwatch'), 'detection');
  return {
    id: id.toLowerCase(),
    name: textAt(map, 'name') || fallbackName,
    title,
    description: textAt(map, 'description').trim(),
    level: level ?? 'medium',
    techniques,
    references: textsAt(map, 'references'),
    falsePositives: textsAt(map, 'falsepositives'),
    detection: detection === '' ? null : detection,
  };
}

/** Compiles a rule document; null when it was skipped or is broken (then `skipped` or `problems` grew). */
export function compileRule(
  source: YamlSource,
  map: YamlNode,
  fallbackName: string,
  table: PredicateTable,
  problems: Problem[],
  skipped: SkippedRule[],
): RuleDraft | null {
  const title = textAt(map, 'title') || fallbackName;
  const skip = (kind: SkippedRule['kind'], reason: string) =>
    skipped.push({ file: source.file.file, title, kind, reason });
  const category = categoryOf(map);
  if ('foreign' in category) {
    if (source.file.named) {
      problems.push(
        source.problem(
          'PW-RULES-FOREIGN-LOGSOURCE',
          `rule "${title}" is for ${category.foreign}, which pollwatch does not read`,
          at(map, 'logsource') ?? map,
          'rules run on the logsource categories webserver, proxy and firewall',
        ),
      );
    } else skip('foreign', `for ${category.foreign}`);
    return null;
  }
  const own: Problem[] = [];
  const head = readHead(source, map, fallbackName, own);
  const context: Context = {
    source,
    table,
    title,
    fields: category.is === 'web' ? WEB_FIELDS : NETWORK_FIELDS,
    web: category.is === 'web',
    problems: own,
    cannot: [],
    unknown: [],
  };
  const node = compileDetection(context, map);
  // what a folder of somebody else's rules holds is listed; what the user named, or wrote for us, must be right
  if (source.file.named) own.push(...context.unknown);
  else context.cannot.push(...context.unknown.map((p) => p.message));
  if (own.length > 0) {
    problems.push(...own);
    return null;
  }
  if (context.cannot.length > 0) {
    skip('cannot', [...new Set(context.cannot)].join('; '));
    return null;
  }
  const extra = at(map, 'pollwatch');
  return {
    head,
    category: category.is,
    node: simplify(node),
    standalone: textAt(extra, 'standalone') !== 'false',
    mustMatch: textsOf(at(extra, 'must_match')),
    mustNotMatch: textsOf(at(extra, 'must_not_match')),
    source,
    position: map,
  };
}

function textsOf(node: YamlNode | undefined): string[] {
  return isSeq(node) ? node.items.flatMap((i) => (isScalar(i) && typeof i.value === 'string' ? [i.value] : [])) : [];
}

function categoryOf(map: YamlNode): { is: 'web' | 'network' } | { foreign: string } {
  const logsource = at(map, 'logsource');
  const category = textAt(logsource, 'category').toLowerCase();
  if (category === 'webserver' || category === 'proxy') return { is: 'web' };
  if (category === 'firewall') return { is: 'network' };
  const words = ['category', 'product', 'service'].flatMap((key) => {
    const value = textAt(logsource, key);
    return value === '' ? [] : [`${key} "${value}"`];
  });
  return { foreign: words.length === 0 ? 'no named log source' : words.join(', ') };
}

function compileDetection(c: Context, map: YamlNode): Node {
  const detection = at(map, 'detection');
  if (!isMap(detection)) {
    c.problems.push(c.source.problem('PW-RULES-MISSING-KEY', `rule "${c.title}" has no detection`, map));
    return NEVER;
  }
  const parts = new Map<string, Node>();
  for (const pair of detection.items) {
    const name = keyOf(pair);
    if (name !== 'condition' && name !== 'timeframe') parts.set(name, compileSearch(c, pair.value as YamlNode));
  }
  const written = at(detection, 'condition');
  const conditions = isSeq(written) ? (written.items as YamlNode[]) : written === undefined ? [] : [written];
  if (conditions.length === 0) {
    c.problems.push(c.source.problem('PW-RULES-MISSING-KEY', `rule "${c.title}" has no condition`, detection));
  }
  const nodes = conditions.map((node): Node => {
    const text = isScalar(node) ? String(node.value) : '';
    const tree = parseCondition(text, [...parts.keys()]);
    if (!('fault' in tree)) return assemble(tree, parts);
    const { fault } = tree;
    const name = /"([^"]+)", which/.exec(fault.message)?.[1];
    const near = name === undefined ? null : nearest(name, parts.keys());
    const hint = fault.hint ?? (near === null ? undefined : `did you mean "${near}"?`);
    // the column of a quoted or folded condition is that of its first character
    const shift = isScalar(node) && node.type === 'PLAIN' && node.source === text ? fault.at : 0;
    c.problems.push(c.source.problem('PW-RULES-CONDITION', fault.message, node, hint, shift));
    return NEVER;
  });
  return { op: 'or', nodes };
}

function assemble(tree: Condition, parts: ReadonlyMap<string, Node>): Node {
  if (tree.op === 'name') return parts.get(tree.name)!;
  if (tree.op === 'not') return { op: 'not', node: assemble(tree.node, parts) };
  return { op: tree.op, nodes: tree.nodes.map((n) => assemble(n, parts)) };
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

/** A named part of the detection: a map is "all of", a list "any of", bare values are keywords. */
function compileSearch(c: Context, node: YamlNode | null): Node {
  if (isMap(node)) {
    return {
      op: 'and',
      nodes: node.items.map((pair) => compileItem(c, keyOf(pair), pair.key as YamlNode, pair.value)),
    };
  }
  if (isSeq(node)) {
    const maps = node.items.filter((item) => isMap(item));
    const words = node.items.filter((item) => !isMap(item));
    const nodes = maps.map((item) => compileSearch(c, item));
    if (words.length > 0) nodes.push(compileKeywords(c, [], words as YamlNode[]));
    return { op: 'or', nodes };
  }
  if (isScalar(node)) return compileKeywords(c, [], [node]);
  c.problems.push(c.source.problem('PW-RULES-EMPTY', `an empty part in the detection of rule "${c.title}"`, node));
  return NEVER;
}

function compileItem(c: Context, key: string, keyNode: YamlNode, valueNode: unknown): Node {
  const [name, ...words] = key.split('|');
  const modifiers: Modifier[] = [];
  for (const word of words) {
    if ((MODIFIERS as readonly string[]).includes(word)) modifiers.push(word as Modifier);
    else {
      const near = nearest(word, MODIFIERS);
      const hint = near === null ? `supported: ${MODIFIERS.join(', ')}` : `did you mean "${near}"?`;
      c.unknown.push(
        c.source.problem('PW-RULES-UNKNOWN-MODIFIER', `modifier "${word}" is not supported`, keyNode, hint),
      );
      return NEVER;
    }
  }
  const values = (isSeq(valueNode) ? valueNode.items : [valueNode ?? null]) as YamlNode[];
  if (values.length === 0) {
    c.problems.push(c.source.problem('PW-RULES-EMPTY', `"${key}" has no values`, keyNode));
    return NEVER;
  }
  if (name === '') return compileKeywords(c, modifiers, values);
  const field = findField(c.fields, name!);
  if (field === undefined) {
    const near = nearest(name!, c.fields.keys());
    const hint = near === null ? 'config/rules/README.md lists the fields' : `did you mean "${near}"?`;
    c.unknown.push(
      c.source.problem('PW-RULES-UNKNOWN-FIELD', `unknown field "${name}" in rule "${c.title}"`, keyNode, hint),
    );
    return NEVER;
  }
  if (field.as === 'absent') {
    c.cannot.push(`${field.reason} ("${name}")`);
    return NEVER;
  }
  const node = compileField(c, field, modifiers, values, keyNode);
  return modifiers.includes('neq') ? { op: 'not', node } : node;
}

function compileField(
  c: Context,
  field: Field,
  modifiers: readonly Modifier[],
  values: YamlNode[],
  at: YamlNode,
): Node {
  const all = modifiers.includes('all');
  if (modifiers.includes('exists')) {
    const wanted = String(scalarOf(values[0])) !== 'false';
    const present =
      field.as === 'text'
        ? c.table.add(field.text, field.region === 'either' ? 'all' : field.region, [{ kind: 'present' }])
        : field.as === 'column'
          ? columnExists(field.column)
          : ({ op: 'always', value: true } satisfies Node);
    return wanted ? present : { op: 'not', node: present };
  }
  if (field.as === 'text') {
    const groups = values.map((v) => textPatterns(c, modifiers, v, dashIsEmpty(field.text)));
    const nodes = all
      ? groups.map((patterns) => textNode(c, field.text, field.region, patterns))
      : [textNode(c, field.text, field.region, groups.flat())];
    return { op: 'and', nodes };
  }
  const nodes = values.map((value): Node => {
    if (field.as === 'length') return lengthNode(c, modifiers, value, at);
    if (field.as === 'escapes') {
      return wantsFalse(value)
        ? { op: 'not', node: c.table.add('target', 'all', [{ kind: 'escapes' }]) }
        : c.table.add('target', 'all', [{ kind: 'escapes' }]);
    }
    return field.as === 'column' ? columnNode(c, field.column, modifiers, value, at) : NEVER;
  });
  return { op: all ? 'and' : 'or', nodes };
}

/** Servers write "-" for a header that was not sent; the batch has the empty range for it. */
function dashIsEmpty(name: TextName): boolean {
  return name !== 'target';
}

function textNode(c: Context, text: TextName, region: Region | 'either', patterns: Pattern[]): Node {
  if (region !== 'either') return c.table.add(text, region, patterns);
  const bordered = patterns.filter((p) =>
    p.kind === 'literal' || p.kind === 'glob' ? startsBordered(p) : p.kind === 'regex',
  );
  const nodes = [
    c.table.add(
      text,
      'all',
      patterns.filter((p) => p.kind !== 'empty'),
    ),
  ];
  if (bordered.length > 0) nodes.push(c.table.add(text, 'query', bordered));
  if (patterns.some((p) => p.kind === 'empty')) nodes.push(c.table.add(text, 'query', [{ kind: 'empty' }]));
  return { op: 'or', nodes: nodes.filter((n) => n.op !== 'text' || c.table.list[n.id]!.patterns.length > 0) };
}

function startsBordered(p: Pattern): boolean {
  return p.kind === 'literal' ? p.start : p.kind === 'glob' && p.tokens[0] !== STAR;
}

/** Bare words look at every text of the line, at its method and at its status. */
function compileKeywords(c: Context, modifiers: readonly Modifier[], values: YamlNode[]): Node {
  if (!c.web) {
    c.cannot.push('packets have no text for keywords');
    return NEVER;
  }
  const nodes = values.map((value): Node => {
    const patterns = textPatterns(c, modifiers.includes('re') ? modifiers : [...modifiers, 'contains'], value, false);
    const found: Node[] = TEXTS.map((text) => c.table.add(text, 'all', patterns));
    const word = String(scalarOf(value));
    const method = METHODS.indexOf(word.toUpperCase() as (typeof METHODS)[number]);
    if (method > 0) found.push({ op: 'method', mask: 1 << method });
    if (/^[1-9]\d\d$/.test(word)) found.push({ op: 'status', set: statusSet((n) => n === Number(word)) });
    return { op: 'or', nodes: found };
  });
  return { op: modifiers.includes('all') ? 'and' : 'or', nodes };
}

function lengthNode(c: Context, modifiers: readonly Modifier[], value: YamlNode, at: YamlNode): Node {
  const compare = modifiers.find((m) => m === 'lt' || m === 'lte' || m === 'gt' || m === 'gte');
  const bytes = Number(scalarOf(value));
  if (compare === undefined || !Number.isFinite(bytes)) {
    c.problems.push(
      c.source.problem('PW-RULES-MODIFIER', 'a length needs lt, lte, gt or gte and a number', at, 'e.g. "|gte: 7900"'),
    );
    return NEVER;
  }
  return c.table.add('target', 'all', [{ kind: 'length', compare, bytes }]);
}
