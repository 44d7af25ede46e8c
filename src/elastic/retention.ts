/**
 * Removes what is kept long enough, on any server: an index when the last day of its year is old enough, and documents
 * within a year by searching for old days and deleting what was found. Days are those of the log. People who looked up
 * their polling place (sources without any match) are kept for a shorter time than those who probed.
 */
import { OperatorError, printable } from '../model/problem.ts';
import { type Client, type estypes, refusalOf } from './client.ts';
import { aliasOf, FAMILIES, type Family, yearOfIndex } from './index-names.ts';

/** Days that documents are kept. */
export interface Retention {
  readonly alerts: number;
  /** sources that matched a rule or have an alert */
  readonly sources: number;
  /** sources without any match: no address, only a keyed hash and the network */
  readonly quietSources: number;
  readonly summaries: number;
  readonly refused: number;
  /** how well the installation worked, every five minutes */
  readonly health: number;
}

/** What is kept unless an office says otherwise: more than a year, so that two elections can be compared. */
export const RETENTION: Retention = {
  alerts: 400,
  sources: 400,
  quietSources: 90,
  summaries: 400,
  refused: 90,
  health: 30,
};

export interface RetentionOptions {
  readonly prefix: string;
  readonly organizations: readonly string[];
  readonly now: number;
  readonly retention?: Retention;
  /** only say what would be removed */
  readonly dryRun?: boolean;
  readonly say: (line: string) => void;
}

const DAY_MS = 86_400_000;
/** Documents that are looked for and deleted at a time. */
const PAGE = 1000;
const KEEP_SEARCH = '1m';

/** Removes old indices and documents; returns how many. Throws the client's error when the server refuses. */
export async function applyRetention(
  client: Client,
  options: RetentionOptions,
): Promise<{ indices: number; documents: number }> {
  const { prefix, organizations, now, say } = options;
  const keep = options.retention ?? RETENTION;
  let indices = 0;
  let documents = 0;
  for (const family of FAMILIES) {
    const names = Object.keys(await client.indices.get({ index: `${prefix}-${family}-*`, features: ['aliases'] }));
    for (const organization of organizations) {
      for (const index of names.sort((a, b) => (a < b ? -1 : 1))) {
        const year = yearOfIndex(index, prefix, family, organization);
        if (year === null) continue;
        const longest = family === 'sources' ? Math.max(keep.sources, keep.quietSources) : keep[family];
        if (Date.UTC(year + 1, 0, 1) + longest * DAY_MS <= now) {
          if (options.dryRun !== true) await client.indices.delete({ index });
          indices++;
          say(`index ${index}: ${options.dryRun === true ? 'would be removed' : 'removed'}`);
          continue;
        }
        await client.indices.refresh({ index });
        for (const { what, query } of oldParts(family, keep, now)) {
          const n =
            options.dryRun === true
              ? (await client.count({ index, query })).count
              : await deleteAll(client, index, query);
          documents += n;
          if (n > 0)
            say(
              `${n} ${what} of ${aliasOf(prefix, family, organization)}: ${options.dryRun === true ? 'would be removed' : 'removed'}`,
            );
        }
      }
    }
  }
  return { indices, documents };
}

type Query = estypes.QueryDslQueryContainer;

/** What of a family is older than it may be; a day counts from its end. */
function oldParts(family: Family, keep: Retention, now: number): { what: string; query: Query }[] {
  const before = (days: number): Query => ({
    range: { 'pollwatch.day': { lt: new Date(now - days * DAY_MS).toISOString().slice(0, 10) } },
  });
  if (family !== 'sources') return [{ what: 'documents', query: before(keep[family]) }];
  const matched: Query = { term: { 'pollwatch.source.matched': true } };
  return [
    { what: 'sources without a match', query: { bool: { filter: [before(keep.quietSources)], must_not: [matched] } } },
    { what: 'sources', query: { bool: { filter: [before(keep.sources), matched] } } },
  ];
}

/** Deletes by searching and bulk requests: delete_by_query is a module that not every distribution has. */
async function deleteAll(client: Client, index: string, query: Query): Promise<number> {
  let pit = (await client.openPointInTime({ index, keep_alive: KEEP_SEARCH })).id;
  let deleted = 0;
  try {
    for (let after: estypes.SortResults | null = null; ; ) {
      const page: estypes.SearchResponse = await client.search({
        pit: { id: pit, keep_alive: KEEP_SEARCH },
        size: PAGE,
        query,
        sort: ['_shard_doc'],
        _source: false,
        ...(after === null ? {} : { search_after: after }),
      });
      pit = page.pit_id ?? pit;
      const { hits } = page.hits;
      if (hits.length === 0) break;
      after = hits.at(-1)?.sort ?? null;
      const answer = await client.bulk({
        operations: hits.map(({ _id }) => ({ delete: { _index: index, _id: _id! } })),
      });
      deleted += deletedOf(answer, index);
      if (hits.length < PAGE) break;
    }
  } finally {
    await client.closePointInTime({ id: pit }).catch((error: unknown) => refusalOf(error));
  }
  return deleted;
}

/**
 * How many of a request are gone; one that somebody else has deleted counts as well. Throws an OperatorError where the server
 * refused some: what is kept longer than it may be must not look removed.
 */
function deletedOf({ items }: estypes.BulkResponse, index: string): number {
  const results = items.flatMap(({ delete: item }) => item ?? []);
  const refused = results.filter(({ status }) => status >= 300 && status !== 404);
  const [first] = refused;
  if (first === undefined) return results.length;
  const isDenied = first.status === 401 || first.status === 403;
  throw new OperatorError([
    {
      code: 'PW-ELASTIC-REFUSED',
      message: `${refused.length} documents of ${index} were not removed: ${printable(first.error?.reason ?? `status ${first.status}`)}`,
      hint: isDenied ? MAY_DELETE : 'run it again; what was removed stays removed',
    },
  ]);
}

/** What to do where the server says that who asks may not delete: the key of the workers may not. */
export const MAY_DELETE =
  'name who may delete: POLLWATCH_ELASTICSEARCH_SETUP_USERNAME and ..._SETUP_PASSWORD[_FILE], or ..._SETUP_API_KEY[_FILE]';
