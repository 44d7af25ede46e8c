/**
 * A list of documents as the search that Kibana's Discover makes of it in a dashboard: all fields of the first 500 in the
 * order of the list.
 *   severity descending, then time → rows with a text for each column
 */
import type { Client, estypes } from '../../src/elastic/client.ts';
import { parseKql, queryOf } from './kql.ts';
import type { TimeSpan } from './lens-aggregations.ts';
import type { StoredList } from './saved-file.ts';

/** Documents that Kibana shows at most (discover:sampleSize). */
export const SHOWN_MAX = 500;

/** Documents of a list, each with its id and a text per column (null = it has none). */
export async function runList(
  client: Client,
  { pattern, query, columns, sort }: StoredList,
  { fromMs, toMs }: Pick<TimeSpan, 'fromMs' | 'toMs'>,
): Promise<{ rows: { id: string; texts: (string | null)[] }[]; tookMs: number; total: number }> {
  const iso = (ms: number) => new Date(ms).toISOString();
  const answer = await client.search({
    index: pattern,
    size: SHOWN_MAX,
    query: {
      bool: {
        filter: [{ range: { '@timestamp': { gte: iso(fromMs), lte: iso(toMs) } } }, queryOf(parseKql(query))],
      },
    },
    sort: sort.map(([field, order]): estypes.SortCombinations => ({ [field]: { order, unmapped_type: 'boolean' } })),
    fields: [{ field: '*', include_unmapped: true }],
    _source: false,
    version: true,
    track_total_hits: true,
    request_cache: false,
  });
  const rows = answer.hits.hits.map(({ _id: id, fields = {} }) => ({
    id: id!,
    texts: columns.map((field) => textOf((fields as Record<string, unknown[]>)[field])),
  }));
  const { total } = answer.hits;
  return { rows, tookMs: answer.took, total: typeof total === 'number' ? total : (total?.value ?? 0) };
}

const textOf = (values: readonly unknown[] | undefined): string | null =>
  values === undefined || values.length === 0 ? null : values.map(String).join(', ');
