/**
 * The same numbers counted from the documents themselves, without Elasticsearch: every row of an answer must be one of
 * these, with these values, and no row that was left out may have been larger than one that is there.
 */
import { fits, parseKql } from './kql.ts';
import { partsOf, type Row, type TimeSpan } from './lens-aggregations.ts';
import type { StoredColumn, StoredLayer } from './saved-file.ts';

/** A document as it was written. */
export type Body = Readonly<Record<string, unknown>>;

/** All values of a dotted field; dates as Unix ms. */
export function valuesOf(body: Body, field: string): (string | number | boolean)[] {
  let found: unknown[] = [body];
  for (const part of field.split('.')) {
    found = found.flatMap((node) => {
      const inner = typeof node === 'object' && node !== null ? (node as Body)[part] : undefined;
      return inner === undefined ? [] : Array.isArray(inner) ? inner : [inner];
    });
  }
  return found as (string | number | boolean)[];
}

const DATES = /^\d{4}-\d\d-\d\d(T|$)/;
const numberOf = (value: unknown): number =>
  typeof value === 'string' && DATES.test(value) ? Date.parse(value) : Number(value);

const timeOf = (body: Body): number => Date.parse(String(body['@timestamp']));
const REDUCED: Readonly<Record<string, number>> = {
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
  '7d': 7 * 86_400_000,
};

/** What is wrong with an answer: rows that the documents do not give, values that differ, rows that are missing. */
export function differences(
  layer: StoredLayer,
  rows: readonly Row[],
  bodies: readonly Body[],
  span: TimeSpan,
): string[] {
  const query = parseKql(layer.query);
  const own = bodies.filter(
    (body) => timeOf(body) >= span.fromMs && timeOf(body) <= span.toMs && fits(query, (field) => valuesOf(body, field)),
  );
  const { buckets, measures } = partsOf(layer);
  const wrong: string[] = [];
  for (const { keys, values } of rows) {
    let group = own;
    for (const [i, key] of keys.entries()) {
      const column = layer.columns[buckets[i]!]!;
      group = group.filter((body) => keysOf(column, body, span).includes(String(key)));
    }
    for (const id of measures) {
      const expected = measureOf(layer.columns[id]!, group, span);
      if (!expected.some((each) => isSame(each, values[id] ?? null))) {
        wrong.push(
          `[${keys.join(', ')}] ${layer.columns[id]!.label}: ${String(values[id])}, and the documents say ${expected.join(' or ')}`,
        );
      }
    }
  }
  return [...wrong, ...leftOut(layer, rows, own, span)];
}

/** The first bucket column has the largest groups there are. */
function leftOut(layer: StoredLayer, rows: readonly Row[], own: readonly Body[], span: TimeSpan): string[] {
  const [id] = partsOf(layer).buckets;
  if (id === undefined) return rows.length === 1 ? [] : [`${rows.length} rows instead of one`];
  const column = layer.columns[id]!;
  if (column.operationType !== 'terms') return [];
  const there = new Set(rows.map(({ keys }) => String(keys[0])));
  const all = new Set(own.flatMap((body) => keysOf(column, body, span)));
  const size = Number(column.params['size']);
  // a bucket without inner buckets gives no row
  const isNested = partsOf(layer).buckets.length > 1;
  if (!isNested && there.size !== Math.min(size, all.size))
    return [`${there.size} buckets of ${all.size}, at most ${size}`];
  const by = (column.params['orderBy'] as { columnId?: string }).columnId;
  if (by === undefined) return [];
  const sizeOf = (key: string) => {
    const group = own.filter((body) => keysOf(column, body, span).includes(key));
    return Number(measureOf(layer.columns[by]!, group, span)[0] ?? Number.NEGATIVE_INFINITY);
  };
  const least = Math.min(...[...there].map(sizeOf));
  return [...all].filter((key) => !there.has(key) && sizeOf(key) > least).map((key) => `${key} is larger and left out`);
}

function keysOf(column: StoredColumn, body: Body, span: TimeSpan): string[] {
  if (column.operationType === 'date_histogram') {
    return [String(Math.floor(timeOf(body) / span.stepMs) * span.stepMs)];
  }
  if (column.operationType === 'filters') {
    const parts = column.params['filters'] as { label: string; input: { query: string } }[];
    return parts.filter((p) => fits(parseKql(p.input.query), (field) => valuesOf(body, field))).map((p) => p.label);
  }
  return valuesOf(body, column.sourceField!).map(String);
}

/** The values that a measure may have: several where documents of the same instant differ. */
function measureOf(column: StoredColumn, group: readonly Body[], span: TimeSpan): (string | number | null)[] {
  const { operationType, sourceField, filter, reducedTimeRange } = column;
  const query = parseKql(filter?.query ?? '');
  const own = group.filter(
    (body) =>
      fits(query, (field) => valuesOf(body, field)) &&
      (reducedTimeRange === undefined || timeOf(body) >= span.toMs - REDUCED[reducedTimeRange]!),
  );
  if (operationType === 'count') return [own.length];
  const values = own.flatMap((body) => valuesOf(body, sourceField!));
  if (operationType === 'unique_count') return [new Set(values.map(String)).size];
  if (operationType === 'last_value') {
    const latest = Math.max(...own.map(timeOf));
    const last = own.filter((body) => timeOf(body) === latest).map((body) => valuesOf(body, sourceField!)[0]);
    return own.length === 0 ? [null] : last.map((value) => (typeof value === 'number' ? value : String(value)));
  }
  const numbers = values.map(numberOf).sort((a, b) => a - b);
  if (operationType === 'sum') return [numbers.reduce((a, b) => a + b, 0)];
  if (numbers.length === 0) return [null];
  if (operationType === 'max') return [numbers.at(-1)!];
  if (operationType === 'min') return [numbers[0]!];
  const middle = (numbers.length - 1) / 2;
  return [(numbers[Math.floor(middle)]! + numbers[Math.ceil(middle)]!) / 2];
}

function isSame(expected: string | number | null, found: string | number | null): boolean {
  if (typeof expected === 'number' && typeof found === 'number') {
    return Math.abs(expected - found) <= Math.abs(expected) * 1e-6;
  }
  return expected === found;
}
