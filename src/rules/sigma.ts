/**
 * A Sigma rule → a tree of predicates. One YAML document in, one compiled rule out, or what is wrong with it and where.
 *   detection: {probe: {cs-uri-stem|contains: ['/.env', '/.git/']}, condition: probe}
 * Web server, proxy and firewall rules run; what our logs cannot carry is said, never guessed.
 * https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
 */
import { RE2JS } from 're2js';
import { isMap, isScalar, isSeq, type Pair, type Node as YamlNode } from 'yaml';
import { parseAddress } from '../model/address.ts';
import { ACTION, type Batch, FLAG, METHODS, NO_SIZE, TRANSPORTS } from '../model/batch.ts';
import type { Problem } from '../model/problem.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import { type Condition, parseCondition } from './condition.ts';
import { type Column, type Field, findField, NETWORK_FIELDS, nearest, WEB_FIELDS } from './fields.ts';
import {
  type Node,
  type PredicateTable,
  type Region,
  simplify,
  TEXTS,
  type TextName,
  VERSION_NAMES,
} from './predicate.ts';
import {
  ANY,
  base64,
  base64Offsets,
  type Pattern,
  parseSigmaString,
  STAR,
  type Tokens,
  toPattern,
  utf16,
  windashVariants,
} from './sigma-string.ts';
import { at, scalarText, textAt, textsAt, type YamlSource } from './yaml-source.ts';

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

interface Context {
  source: YamlSource;
  table: PredicateTable;
  title: string;
  fields: ReadonlyMap<string, Field>;
  web: boolean;
  problems: Problem[];
  /** reasons why our logs cannot show what the rule looks for */
  cannot: string[];
  /** unknown fields and modifiers: an error in a rule that was named, a reason in a folder */
  unknown: Problem[];
}

const NEVER: Node = { op: 'always', value: false };

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
    if (words.length > 0) nodes.push(compileKeywords(c, [], words as YamlNode[], node));
    return { op: 'or', nodes };
  }
  if (isScalar(node)) return compileKeywords(c, [], [node], node);
  c.problems.push(c.source.problem('PW-RULES-EMPTY', `an empty part in the detection of rule "${c.title}"`, node));
  return NEVER;
}

const MODIFIERS = [
  'contains',
  'startswith',
  'endswith',
  'all',
  'cased',
  'neq',
  're',
  'i',
  'm',
  's',
  'cidr',
  'exists',
  'lt',
  'lte',
  'gt',
  'gte',
  'windash',
  'base64',
  'base64offset',
  'utf16',
  'utf16le',
  'utf16be',
  'wide',
] as const;
type Modifier = (typeof MODIFIERS)[number];

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
  if (name === '') return compileKeywords(c, modifiers, values, keyNode);
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

/** The value of a YAML scalar as Sigma sees it: numbers as they are written. */
function scalarOf(node: unknown): string | boolean | null {
  if (!isScalar(node)) return null;
  return typeof node.value === 'boolean' ? node.value : scalarText(node);
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

function wantsFalse(value: YamlNode): boolean {
  const written = String(scalarOf(value)).toLowerCase();
  return written === 'false' || written === '0' || written === 'no';
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

/** A value and its modifiers → the patterns of which one must match. */
function textPatterns(c: Context, modifiers: readonly Modifier[], node: YamlNode, dash: boolean): Pattern[] {
  const value = scalarOf(node);
  if (value === null) return [{ kind: 'empty' }];
  const text = String(value);
  if (modifiers.includes('re')) {
    const flags = ['i', 'm', 's'].filter((f) => modifiers.includes(f as Modifier)).join('');
    const fault = regexFault(text, flags);
    if (fault === null) return [{ kind: 'regex', source: text, flags }];
    c.problems.push(
      c.source.problem(
        'PW-RULES-REGEX',
        `the regular expression does not compile: ${fault}`,
        node,
        'RE2 syntax: no look-around, no back-references',
      ),
    );
    return [];
  }
  for (const m of modifiers) {
    if (m === 'cidr' || m === 'lt' || m === 'lte' || m === 'gt' || m === 'gte') {
      c.problems.push(c.source.problem('PW-RULES-MODIFIER', `"${m}" does not apply to a text field`, node));
      return [];
    }
  }
  const cased = modifiers.includes('cased');
  const texts = modifiers.includes('windash') ? windashVariants(text) : [text];
  const patterns = texts
    .flatMap((t) => variantsOf(t, modifiers))
    .map((tokens) => toPattern(border(tokens, modifiers), cased));
  const [only] = patterns;
  if (dash && only?.kind === 'literal' && only.start && only.end && only.bytes.length === 1 && only.bytes[0] === 45) {
    patterns.push({ kind: 'empty' });
  }
  return patterns;
}

function variantsOf(text: string, modifiers: readonly Modifier[]): Tokens[] {
  const encoded = modifiers.includes('base64') || modifiers.includes('base64offset');
  const wide = modifiers.find((m) => m === 'utf16' || m === 'utf16le' || m === 'utf16be' || m === 'wide');
  if (!encoded && wide === undefined) return [parseSigmaString(text)];
  let bytes: Uint8Array = new TextEncoder().encode(text);
  if (wide !== undefined) bytes = utf16(bytes, wide === 'utf16' ? 'bom' : wide === 'utf16be' ? 'be' : 'le');
  if (!encoded) return [[...bytes]];
  const texts = modifiers.includes('base64offset') ? base64Offsets(bytes) : [base64(bytes)];
  return texts.map((t) => [...Buffer.from(t, 'latin1')]);
}

function border(tokens: Tokens, modifiers: readonly Modifier[]): Tokens {
  const contains = modifiers.includes('contains');
  return [
    ...(contains || modifiers.includes('endswith') ? [STAR] : []),
    ...tokens,
    ...(contains || modifiers.includes('startswith') ? [STAR] : []),
  ];
}

function regexFault(source: string, flags: string): string | null {
  try {
    compileRegex(source, flags);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

const compiled = new Map<string, RE2JS>();

/**
 * A regular expression with Sigma's flags (i, m, s) in the linear-time engine, compiled once: there are as many as the
 * rules have. Throws when it does not compile.
 */
export function compileRegex(source: string, flags: string): RE2JS {
  const name = `${flags}/${source}`;
  const known = compiled.get(name);
  if (known !== undefined) return known;
  let bits = 0;
  if (flags.includes('i')) bits |= RE2JS.CASE_INSENSITIVE;
  if (flags.includes('m')) bits |= RE2JS.MULTILINE;
  if (flags.includes('s')) bits |= RE2JS.DOTALL;
  const regex = RE2JS.compile(source, bits);
  compiled.set(name, regex);
  return regex;
}

/** Bare words look at every text of the line, at its method and at its status. */
function compileKeywords(c: Context, modifiers: readonly Modifier[], values: YamlNode[], position: unknown): Node {
  if (!c.web) {
    c.cannot.push('packets have no text for keywords');
    return NEVER;
  }
  void position;
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

function statusSet(test: (status: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 1000 }, (_, n) => (n > 0 && test(n) ? 1 : 0));
}

/** True when a short plain text (a method, a status, a version) satisfies the value. */
function wordTest(c: Context, modifiers: readonly Modifier[], value: YamlNode): (word: string) => boolean {
  const written = scalarOf(value);
  const compare = modifiers.find((m) => m === 'lt' || m === 'lte' || m === 'gt' || m === 'gte');
  if (compare !== undefined) {
    const limit = Number(written);
    return (word) => {
      const n = Number(word);
      return compare === 'lt' ? n < limit : compare === 'lte' ? n <= limit : compare === 'gt' ? n > limit : n >= limit;
    };
  }
  if (modifiers.includes('re')) {
    const patterns = textPatterns(c, modifiers, value, false);
    const regex = patterns[0]?.kind === 'regex' ? compileRegex(patterns[0].source, patterns[0].flags) : null;
    return (word) => regex?.matcher(word).find() ?? false;
  }
  if (written === null) return (word) => word === '';
  const tokens = border(parseSigmaString(String(written)), modifiers);
  const cased = modifiers.includes('cased');
  return (word) => globMatches(tokens, Buffer.from(word, 'latin1'), 0, word.length, cased);
}

/**
 * Tokens against bytes[start, end), from left to right: only the last star is ever tried again, so that the work is at
 * most the product of both lengths.
 */
export function globMatches(tokens: Tokens, bytes: Uint8Array, start: number, end: number, cased: boolean): boolean {
  let t = 0;
  let i = start;
  let star = -1;
  let mark = start;
  while (i < end) {
    const token = tokens[t];
    if (token === STAR) {
      star = t++;
      mark = i;
    } else if (token !== undefined && (token === ANY || same(token, bytes[i]!, cased))) {
      t++;
      i++;
    } else if (star >= 0) {
      t = star + 1;
      i = ++mark;
    } else return false;
  }
  while (tokens[t] === STAR) t++;
  return t === tokens.length;
}

function same(a: number, b: number, cased: boolean): boolean {
  if (a === b) return true;
  if (cased) return false;
  const l = a | 32;
  return l >= 97 && l <= 122 && (b | 32) === l;
}

const ALLOWED = ['allow', 'allowed', 'accept', 'accepted', 'permit', 'permitted', 'pass', 'passed', 'forward', 'built'];
const DENIED = ['deny', 'denied', 'drop', 'dropped', 'block', 'blocked', 'reject', 'rejected'];
const PROTOCOLS: Record<string, string> = {
  '6': 'tcp',
  '17': 'udp',
  '1': 'icmp',
  '58': 'ipv6-icmp',
  icmpv6: 'ipv6-icmp',
};

function columnExists(name: Column): Node {
  switch (name) {
    case 'method':
      return { op: 'method', mask: ~1 & ((1 << METHODS.length) - 1) };
    case 'status':
      return { op: 'status', set: statusSet(() => true) };
    case 'version':
      return { op: 'version', set: Uint8Array.from(VERSION_NAMES, (_, i) => (i > 0 ? 1 : 0)) };
    case 'size':
      return { op: 'row', test: (b, r) => b.size[r] !== NO_SIZE };
    case 'source_port':
      return { op: 'row', test: (b, r) => b.sourcePort[r] !== 0 };
    case 'destination_port':
      return { op: 'row', test: (b, r) => b.destinationPort[r] !== 0 };
    case 'destination_ip':
      return { op: 'row', test: (b, r) => b.destination2[r] !== 0 || b.destination0[r] !== 0 };
    case 'action':
    case 'blocked':
      return { op: 'row', test: (b, r) => b.action[r] !== ACTION.none };
    case 'transport':
      return { op: 'row', test: (b, r) => b.transport[r] !== 0 };
    case 'source_ip':
    case 'malformed':
    case 'outbound':
      return { op: 'always', value: true };
  }
}

function columnNode(c: Context, name: Column, modifiers: readonly Modifier[], value: YamlNode, at: YamlNode): Node {
  switch (name) {
    case 'method': {
      const test = wordTest(c, modifiers, value);
      let mask = 0;
      for (const [code, method] of METHODS.entries()) if (test(code === 0 ? '' : method)) mask |= 1 << code;
      const written = scalarOf(value);
      if (mask === 0 && written !== null) {
        c.cannot.push(`the method "${written}" is not told apart from other unusual ones (use "other")`);
      }
      return { op: 'method', mask };
    }
    case 'status': {
      const test = wordTest(c, modifiers, value);
      return { op: 'status', set: statusSet((n) => test(String(n))) };
    }
    case 'version': {
      const test = wordTest(c, modifiers, value);
      const set = Uint8Array.from(VERSION_NAMES, (version, i) =>
        test(version) || (i > 0 && test(`HTTP/${version}`)) || (version.endsWith('.0') && test(version.slice(0, 1)))
          ? 1
          : 0,
      );
      return { op: 'version', set };
    }
    case 'malformed':
      return wantsFalse(value) ? { op: 'not', node: { op: 'malformed' } } : { op: 'malformed' };
    case 'outbound': {
      const want = !wantsFalse(value);
      return { op: 'row', test: (b, r) => ((b.flags[r]! & FLAG.outbound) !== 0) === want };
    }
    case 'size':
      return numberNode(c, modifiers, value, (b, r) => b.size[r]!, NO_SIZE);
    case 'source_port':
      return numberNode(c, modifiers, value, (b, r) => b.sourcePort[r]!, 0);
    case 'destination_port':
      return numberNode(c, modifiers, value, (b, r) => b.destinationPort[r]!, 0);
    case 'action':
    case 'blocked': {
      const test = wordTest(c, modifiers, value);
      const allow = name === 'action' ? ALLOWED.some(test) : test('false') || test('0') || test('no');
      const deny = name === 'action' ? DENIED.some(test) : test('true') || test('1') || test('yes');
      return {
        op: 'row',
        test: (b, r) => (allow && b.action[r] === ACTION.allow) || (deny && b.action[r] === ACTION.deny),
      };
    }
    case 'transport': {
      const test = wordTest(c, modifiers, value);
      const set = Uint8Array.from(TRANSPORTS, (transport, code) =>
        code > 0 && (test(transport) || Object.entries(PROTOCOLS).some(([n, t]) => t === transport && test(n))) ? 1 : 0,
      );
      return { op: 'row', test: (b, r) => set[b.transport[r]!] === 1 };
    }
    case 'source_ip':
    case 'destination_ip':
      return addressNode(c, name, modifiers, value, at);
  }
}

function numberNode(
  c: Context,
  modifiers: readonly Modifier[],
  value: YamlNode,
  read: (b: Batch, r: number) => number,
  none: number,
): Node {
  const written = scalarOf(value);
  if (modifiers.every((m) => m === 'all' || m === 'neq') && typeof written === 'string' && /^\d{1,10}$/.test(written)) {
    const wanted = Number(written);
    return { op: 'row', test: (b, r) => read(b, r) === wanted };
  }
  const test = wordTest(c, modifiers, value);
  return {
    op: 'row',
    test: (b, r) => {
      const n = read(b, r);
      return test(n === none ? '' : String(n));
    },
  };
}

/** An address or a network as four words and a prefix length over 128 bits (IPv4 as ::ffff:a.b.c.d). */
function addressNode(c: Context, name: Column, modifiers: readonly Modifier[], value: YamlNode, at: YamlNode): Node {
  const written = scalarOf(value);
  const fail = (message: string): Node => {
    c.problems.push(
      c.source.problem('PW-RULES-ADDRESS', message, value ?? at, 'an address, a network (|cidr), or a.b.*'),
    );
    return NEVER;
  };
  if (written === null || typeof written === 'boolean') return fail(`"${name}" needs an address`);
  const strange = modifiers.find(
    (m) => m !== 'cidr' && m !== 'all' && m !== 'startswith' && m !== 'neq' && m !== 'cased',
  );
  if (strange !== undefined) return fail(`"${strange}" does not apply to an address`);
  const network = toNetwork(modifiers.includes('startswith') ? `${written}*` : written);
  if (network === null) return fail(`"${written}" is no address and no network`);
  const { words, masks } = network;
  const match = (w0: number, w1: number, w2: number, w3: number): boolean =>
    (w0 & masks[0]!) === words[0]! &&
    (w1 & masks[1]!) === words[1]! &&
    (w2 & masks[2]!) === words[2]! &&
    (w3 & masks[3]!) === words[3]!;
  if (name === 'destination_ip') {
    return {
      op: 'row',
      test: (b, r) => match(b.destination0[r]!, b.destination1[r]!, b.destination2[r]!, b.destination3[r]!),
    };
  }
  return {
    op: 'row',
    test: (b, r) => {
      if ((b.flags[r]! & FLAG.ipv6) === 0) return match(0, 0, 0xffff, b.sourceLo[r]!);
      const hi = b.sourceHi[r]!;
      return match(hi === 0xffffffff ? 0 : hi, b.sourceLo[r]!, b.sourceIidHi[r]!, b.sourceIidLo[r]!);
    },
  };
}

function toNetwork(written: string): { words: Int32Array; masks: Int32Array } | null {
  let text = written.trim();
  let bits = -1;
  const octets = /^((?:\d{1,3}\.){1,3})\*$/.exec(text)?.[1];
  if (octets !== undefined) {
    const n = octets.split('.').length - 1;
    text = octets + Array.from({ length: 4 - n }, () => '0').join('.');
    bits = 8 * n;
  }
  const slash = text.indexOf('/');
  if (slash >= 0) {
    if (!/^\d{1,3}$/.test(text.slice(slash + 1))) return null;
    bits = Number(text.slice(slash + 1));
    text = text.slice(0, slash);
  }
  const address = parseAddress(text);
  if (address === null) return null;
  const v4 = 'v4' in address;
  if (bits > (v4 ? 32 : 128)) return null;
  const width = bits < 0 ? 128 : v4 ? 96 + bits : bits;
  const full = v4 ? [0, 0, 0xffff, address.v4] : address.v6;
  const masks = Int32Array.from({ length: 4 }, (_, i) => {
    const n = Math.min(32, Math.max(0, width - 32 * i));
    return n === 0 ? 0 : -1 << (32 - n);
  });
  return { words: Int32Array.from(full, (w, i) => w & masks[i]!), masks };
}
