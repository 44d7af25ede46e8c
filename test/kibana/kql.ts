/**
 * The part of KQL that our dashboards use: `field: value`, `field: (a or b)`, `field: *`, `field >= 7`, and, or, not,
 * brackets. Read into a tree, which is turned into a query for Elasticsearch or asked of a document.
 * Reference: https://www.elastic.co/docs/explore-analyze/query-filter/languages/kql
 */
import type { estypes } from '../../src/elastic/client.ts';

type Comparison = ':' | '>' | '>=' | '<' | '<=';
export type Kql =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly parts: readonly Kql[] }
  | { readonly kind: 'or'; readonly parts: readonly Kql[] }
  | { readonly kind: 'not'; readonly part: Kql }
  | {
      readonly kind: 'field';
      readonly field: string;
      readonly comparison: Comparison;
      readonly values: readonly string[];
    };

/** Reads an expression. Throws for anything else than the part of KQL that is used. */
export function parseKql(text: string): Kql {
  const tokens = text.match(/"[^"]*"|>=|<=|[():<>]|[^\s():<>"]+/g) ?? [];
  if (tokens.length === 0) return { kind: 'all' };
  let at = 0;
  const is = (word: string) => tokens[at]?.toLowerCase() === word;
  const next = (): string => {
    const token = tokens[at++];
    if (token === undefined) throw new Error(`KQL ends too early: ${text}`);
    return token;
  };
  const list = (kind: 'and' | 'or', part: () => Kql): Kql => {
    const parts = [part()];
    while (is(kind)) {
      at++;
      parts.push(part());
    }
    return parts.length === 1 ? parts[0]! : { kind, parts };
  };
  const either = (): Kql => list('or', () => list('and', one));
  const one = (): Kql => {
    if (is('not')) {
      at++;
      return { kind: 'not', part: one() };
    }
    if (is('(')) {
      at++;
      const inner = either();
      if (next() !== ')') throw new Error(`KQL lacks a bracket: ${text}`);
      return inner;
    }
    const field = next();
    const comparison = next() as Comparison;
    if (![':', '>', '>=', '<', '<='].includes(comparison))
      throw new Error(`KQL: no comparison behind ${field}: ${text}`);
    return { kind: 'field', field, comparison, values: is('(') ? several() : [plain(next())] };
  };
  const several = (): string[] => {
    at++;
    const values = [plain(next())];
    while (is('or')) {
      at++;
      values.push(plain(next()));
    }
    if (next() !== ')') throw new Error(`KQL lacks a bracket: ${text}`);
    return values;
  };
  const tree = either();
  if (at < tokens.length) throw new Error(`KQL: "${tokens[at]!}" comes unexpectedly in ${text}`);
  return tree;
}

const plain = (token: string): string => token.replace(/^"|"$/g, '');

/** Fields that an expression names. */
export function fieldsOfKql(kql: Kql): string[] {
  if (kql.kind === 'field') return [kql.field];
  if (kql.kind === 'not') return fieldsOfKql(kql.part);
  return kql.kind === 'all' ? [] : kql.parts.flatMap(fieldsOfKql);
}

const RANGES = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' } as const;

/** The query that Elasticsearch answers. */
export function queryOf(kql: Kql): estypes.QueryDslQueryContainer {
  if (kql.kind === 'all') return { match_all: {} };
  if (kql.kind === 'not') return { bool: { must_not: [queryOf(kql.part)] } };
  if (kql.kind === 'and') return { bool: { filter: kql.parts.map(queryOf) } };
  if (kql.kind === 'or') return { bool: { should: kql.parts.map(queryOf), minimum_should_match: 1 } };
  const { field, comparison, values } = kql;
  if (comparison !== ':') return { range: { [field]: { [RANGES[comparison]]: Number(values[0]) } } };
  if (values.length === 1 && values[0] === '*') return { exists: { field } };
  return { terms: { [field]: [...values] } };
}

/** Whether a document fits; the values of a field are given by `read`. */
export function fits(kql: Kql, read: (field: string) => readonly unknown[]): boolean {
  if (kql.kind === 'all') return true;
  if (kql.kind === 'not') return !fits(kql.part, read);
  if (kql.kind === 'and') return kql.parts.every((part) => fits(part, read));
  if (kql.kind === 'or') return kql.parts.some((part) => fits(part, read));
  const { comparison, values } = kql;
  const found = read(kql.field);
  if (comparison === '>') return found.some((value) => Number(value) > Number(values[0]));
  if (comparison === '>=') return found.some((value) => Number(value) >= Number(values[0]));
  if (comparison === '<') return found.some((value) => Number(value) < Number(values[0]));
  if (comparison === '<=') return found.some((value) => Number(value) <= Number(values[0]));
  if (values.length === 1 && values[0] === '*') return found.length > 0;
  return found.some((value) => values.includes(String(value)));
}
