/**
 * The values of a Sigma condition and their modifiers.
 *   `cs-uri|contains: '/.env'` → a literal without borders; `sc-status|gte: 400` → a test of short words
 */
import type { Node as YamlNode } from 'yaml';
import { isScalar } from 'yaml';
import type { Problem } from '../model/problem.ts';
import type { Field } from './fields.ts';
import type { Node, PredicateTable } from './predicate.ts';
import {
  base64,
  base64Offsets,
  compileRegex,
  globMatches,
  type Pattern,
  parseSigmaString,
  STAR,
  type Tokens,
  toPattern,
  utf16,
  windashVariants,
} from './sigma-string.ts';
import { scalarText, type YamlSource } from './yaml-source.ts';

/** What compiling one rule needs and collects. */
export interface Context {
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

/** Stands for what could not be compiled; the rule is refused anyway. */
export const NEVER: Node = { op: 'always', value: false };

/** The modifiers that values can have. */
export const MODIFIERS = [
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
export type Modifier = (typeof MODIFIERS)[number];

/** The value of a YAML scalar as Sigma sees it: numbers as they are written. */
export function scalarOf(node: unknown): string | boolean | null {
  if (!isScalar(node)) return null;
  return typeof node.value === 'boolean' ? node.value : scalarText(node);
}

/** True for the values that say no. */
export function wantsFalse(value: YamlNode): boolean {
  const written = String(scalarOf(value)).toLowerCase();
  return written === 'false' || written === '0' || written === 'no';
}

/** A value and its modifiers → the patterns of which one must match. */
export function textPatterns(c: Context, modifiers: readonly Modifier[], node: YamlNode, dash: boolean): Pattern[] {
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

/** True when a short plain text (a method, a status, a version) satisfies the value. */
export function wordTest(c: Context, modifiers: readonly Modifier[], value: YamlNode): (word: string) => boolean {
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
