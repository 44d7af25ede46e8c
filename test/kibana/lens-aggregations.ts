/**
 * A Lens layer as the search that Kibana would make of it, and its answer as rows: bucket columns become nested
 * aggregations in the order of `columnOrder`, measures stand in the innermost.
 *   terms(severity), count → {aggs: {severity: {terms: …}}} → [{keys: ["high"], values: {alerts: 3}}, …]
 */
import type { Client, estypes } from '../../src/elastic/client.ts';
import { parseKql, queryOf } from './kql.ts';
import type { StoredColumn, StoredLayer } from './saved-file.ts';

/** The time that is looked at, Unix ms, and the width of a step. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** One row of an answer: a key for each bucket column, a value for each measure. */
export interface Row {
  readonly keys: readonly (string | number)[];
  readonly values: Readonly<Record<string, string | number | null>>;
}

type Aggregations = Record<string, estypes.AggregationsAggregationContainer>;
type Container = estypes.AggregationsAggregationContainer;

/** Bucket columns and measures of a layer, in their order. */
export function partsOf({ columns, columnOrder }: StoredLayer): { buckets: string[]; measures: string[] } {
  return {
    buckets: columnOrder.filter((id) => columns[id]!.isBucketed),
    measures: columnOrder.filter((id) => !columns[id]!.isBucketed),
  };
}

/** The search behind a layer. */
function searchOf(layer: StoredLayer, span: TimeSpan): { query: estypes.QueryDslQueryContainer; aggs: Aggregations } {
  const { buckets, measures } = partsOf(layer);
  let aggs: Aggregations = Object.fromEntries(measures.flatMap((id) => measureOf(id, layer.columns[id]!, span)));
  for (const [i, id] of [...buckets].reverse().entries()) {
    // a bucket that has buckets in it is ordered by a measure of its own
    const by =
      i === 0 ? undefined : (layer.columns[id]!.params['orderBy'] as { columnId?: string } | undefined)?.columnId;
    const own = by === undefined ? {} : Object.fromEntries(measureOf(by, layer.columns[by]!, span));
    aggs = { [id]: { ...bucketOf(layer, id, span), aggs: { ...own, ...aggs } } };
  }
  const { fromMs, toMs } = span;
  const query = {
    bool: {
      filter: [{ range: { '@timestamp': { gte: iso(fromMs), lte: iso(toMs) } } }, queryOf(parseKql(layer.query))],
    },
  };
  return { query, aggs };
}

/** Runs it. */
export async function runLayer(
  client: Client,
  layer: StoredLayer,
  span: TimeSpan,
): Promise<{ rows: Row[]; tookMs: number; total: number }> {
  const { query, aggs } = searchOf(layer, span);
  const answer = await client.search({
    index: layer.pattern,
    size: 0,
    query,
    aggs,
    track_total_hits: true,
    // an answer that is remembered says nothing of how long it takes
    request_cache: false,
  });
  if (answer._shards.failed > 0)
    throw new Error(`${layer.id}: ${JSON.stringify(answer._shards.failures?.[0]?.reason ?? 'a shard failed')}`);
  const total = typeof answer.hits.total === 'number' ? answer.hits.total : (answer.hits.total?.value ?? 0);
  const { buckets, measures } = partsOf(layer);
  const rows: Row[] = [];
  const walk = (node: Answered, level: number, keys: readonly (string | number)[]): void => {
    const id = buckets[level];
    if (id === undefined) {
      const values = measures.map((m) => [m, readValue(m, layer.columns[m]!, node, total)] as const);
      rows.push({ keys, values: Object.fromEntries(values) });
      return;
    }
    const found = (node[id] as { buckets: Answered[] | Record<string, Answered> }).buckets;
    const list = Array.isArray(found)
      ? found.map((bucket) => [(bucket['key_as_string'] ?? bucket['key']) as string | number, bucket] as const)
      : inOrder(layer.columns[id]!, Object.entries(found));
    const isTime = layer.columns[id]!.operationType === 'date_histogram';
    for (const [key, bucket] of list) walk(bucket, level + 1, [...keys, isTime ? (bucket['key'] as number) : key]);
  };
  walk((answer.aggregations ?? {}) as unknown as Answered, 0, []);
  return { rows, tookMs: answer.took, total };
}

/** Filters as the column names them; servers sort them. */
function inOrder<T>({ params }: StoredColumn, entries: [string, T][]): [string, T][] {
  const names = (params['filters'] as { label: string }[]).map(({ label }) => label);
  return entries.sort(([a], [b]) => names.indexOf(a) - names.indexOf(b));
}

type Answered = Record<string, unknown>;

const iso = (ms: number): string => new Date(ms).toISOString();
const REDUCED: Readonly<Record<string, number>> = {
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
  '7d': 7 * 86_400_000,
};

function bucketOf({ columns }: StoredLayer, id: string, span: TimeSpan): Container {
  const { operationType, sourceField, params } = columns[id]!;
  if (operationType === 'date_histogram') {
    return { date_histogram: { field: sourceField!, fixed_interval: `${span.stepMs}ms`, min_doc_count: 0 } };
  }
  if (operationType === 'filters') {
    const parts = params['filters'] as { label: string; input: { query: string } }[];
    return { filters: { filters: Object.fromEntries(parts.map((p) => [p.label, queryOf(parseKql(p.input.query))])) } };
  }
  if (operationType === 'terms') {
    const orderBy = params['orderBy'] as { type: string; columnId?: string };
    const by = orderBy.columnId;
    const order = by === undefined ? { _key: 'asc' as const } : { [orderPath(by, columns[by]!)]: 'desc' as const };
    const size = Number(params['size']);
    const accurate = params['accuracyMode'] === true ? { shard_size: Math.max(1000, size * 1.5 + 10) } : {};
    return { terms: { field: sourceField!, size, order, ...accurate } };
  }
  throw new Error(`no translation of the bucket ${operationType}`);
}

/** How a bucket names the measure that it is ordered by. */
function orderPath(id: string, column: StoredColumn): string {
  if (column.operationType === 'count' && column.filter === undefined) return '_count';
  const isWrapped = column.filter !== undefined || column.reducedTimeRange !== undefined;
  if (column.operationType === 'count') return `${id}.doc_count`;
  return isWrapped ? `${id}>value` : id;
}

function measureOf(id: string, column: StoredColumn, span: TimeSpan): [string, Container][] {
  const { operationType, sourceField: field, filter, reducedTimeRange } = column;
  const inner = METRICS[operationType]?.(field!);
  if (inner === undefined) throw new Error(`no translation of the measure ${operationType}`);
  const conditions = [
    ...(filter === undefined ? [] : [queryOf(parseKql(filter.query))]),
    ...(reducedTimeRange === undefined
      ? []
      : [{ range: { '@timestamp': { gte: iso(span.toMs - REDUCED[reducedTimeRange]!), lte: iso(span.toMs) } } }]),
  ];
  if (conditions.length > 0) {
    return [[id, { filter: { bool: { filter: conditions } }, ...(inner === null ? {} : { aggs: { value: inner } }) }]];
  }
  return inner === null ? [] : [[id, inner]];
}

/** null = the number of documents, which every bucket has by itself. */
const METRICS: Readonly<Record<string, (field: string) => Container | null>> = {
  count: () => null,
  sum: (field) => ({ sum: { field } }),
  max: (field) => ({ max: { field } }),
  min: (field) => ({ min: { field } }),
  median: (field) => ({ percentiles: { field, percents: [50] } }),
  unique_count: (field) => ({ cardinality: { field } }),
  last_value: (field) => ({ top_hits: { size: 1, sort: [{ '@timestamp': 'desc' }], _source: [field] } }),
};

function readValue(id: string, column: StoredColumn, bucket: Answered, total: number): string | number | null {
  const { operationType, filter, reducedTimeRange } = column;
  const isWrapped = filter !== undefined || reducedTimeRange !== undefined;
  const outer = isWrapped ? (bucket[id] as Answered) : bucket;
  if (operationType === 'count') return Number(outer['doc_count'] ?? total);
  const node = (isWrapped ? outer['value'] : bucket[id]) as Answered;
  if (operationType === 'median') return numberOrNull((node['values'] as Record<string, unknown>)['50.0']);
  if (operationType !== 'last_value') return numberOrNull(node['value']);
  const hit = (node['hits'] as { hits: { _source?: Answered }[] }).hits[0];
  const found = column
    .sourceField!.split('.')
    .reduce<unknown>((at, part) => (at as Answered | undefined)?.[part], hit?._source);
  const first: unknown = Array.isArray(found) ? found[0] : found;
  return first === undefined ? null : (first as string | number);
}

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);
