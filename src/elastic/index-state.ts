/**
 * What stands on the server before a worker writes: are the indices there, made by a set-up that knows all fields of
 * this program, and which versions do their documents have. For the start of a worker and for `doctor`.
 */
import type { ElasticSettings } from '../model/installation.ts';
import type { Problem } from '../model/problem.ts';
import { type Client, connectElasticsearch } from './client.ts';
import { aliasOf, FAMILIES } from './index-names.ts';
import { judgeLayout, LAYOUT, layoutIn } from './templates.ts';

const SET_UP = 'run: pollwatch setup elasticsearch';

/**
 * Why a worker must not write: no index, an older layout (fields would be refused), a newer one (they would mean
 * something else). Empty when it may. Throws the client's error when the server does not answer.
 */
export async function indexProblems(client: Client, prefix: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  const others = new Map<string, OtherLayout>();
  for (const family of FAMILIES) {
    const index = aliasOf(prefix, family);
    const answer = await client.indices.getMapping({ index, ignore_unavailable: true, allow_no_indices: true });
    const found = Object.entries(answer);
    if (found.length === 0) {
      problems.push({
        code: 'PW-ELASTIC-NO-INDEX',
        message: `Elasticsearch has no index behind ${index}`,
        hint: SET_UP,
      });
    }
    for (const [name, { mappings }] of found) {
      const layout = layoutIn(mappings._meta);
      const judged = judgeLayout(layout);
      if (judged === 'serves') continue;
      const has = layout === null ? 'an unknown layout' : `layout ${layout.major}.${layout.minor}`;
      const alike = others.get(`${judged} ${has}`);
      if (alike === undefined) others.set(`${judged} ${has}`, { judged, has, names: [name] });
      else alike.names.push(name);
    }
  }
  return [...problems, ...[...others.values()].map(layoutProblem)];
}

/** Indices that have one layout, which is not the one that this program writes. */
interface OtherLayout {
  readonly judged: 'older' | 'newer';
  readonly has: string;
  readonly names: string[];
}

/** After an upgrade all indices of all offices have the older one: said once. */
function layoutProblem({ judged, has, names }: OtherLayout): Problem {
  const which = names.length === 1 ? `index ${names[0]!} has` : `${names.length} indices, such as ${names[0]!}, have`;
  const message = `${which} ${has}; this pollwatch writes ${LAYOUT.major}.${LAYOUT.minor}`;
  return judged === 'older'
    ? { code: 'PW-ELASTIC-OLDER', message, hint: SET_UP }
    : { code: 'PW-ELASTIC-NEWER', message, hint: 'upgrade this worker' };
}

/**
 * Indices that a day will need and that are not there, by name: this year's, and in December the next year's. Throws
 * the client's error when the server does not answer.
 */
export async function missingIndices(
  client: Client,
  prefix: string,
  organizations: readonly string[],
  now: number,
): Promise<string[]> {
  const today = new Date(now);
  const years = [today.getUTCFullYear(), ...(today.getUTCMonth() === 11 ? [today.getUTCFullYear() + 1] : [])];
  const missing: string[] = [];
  for (const family of FAMILIES) {
    const known = new Set(Object.keys(await client.indices.getAlias({ index: `${prefix}-${family}-*` })));
    for (const organization of organizations) {
      for (const year of years) {
        const index = `${aliasOf(prefix, family, organization)}-${year}`;
        if (!known.has(index)) missing.push(index);
      }
    }
  }
  return missing;
}

/**
 * The highest external version among an organisation's documents, 0 when there are none: a state that begins anew takes
 * a generation above it. Throws the client's error when the server does not answer.
 */
export async function highestVersion(settings: ElasticSettings, organization: string): Promise<number> {
  const client = connectElasticsearch(settings);
  try {
    let highest = 0;
    // documents of health have versions of their own, which no state gives
    for (const family of FAMILIES.filter((each) => each !== 'health')) {
      const index = aliasOf(settings.prefix, family, organization);
      const fields =
        family === 'alerts'
          ? ['pollwatch.alert.generation', 'pollwatch.alert.revision']
          : ['pollwatch.generation', 'pollwatch.revision'];
      // what was written in the last seconds is not searchable before
      await client.indices.refresh({ index, ignore_unavailable: true });
      const answer = await client.search({
        index,
        ignore_unavailable: true,
        size: 1,
        version: true,
        _source: false,
        sort: fields.map((field) => ({ [field]: { order: 'desc', unmapped_type: 'long' } })),
      });
      highest = Math.max(highest, answer.hits.hits[0]?._version ?? 0);
    }
    return highest;
  } finally {
    await client.close();
  }
}
