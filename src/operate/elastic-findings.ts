/**
 * Whether Elasticsearch is ready for alerts: it answers, its version, the indices of this and (in December) the next year,
 * made by a set-up that knows all fields of this program, and that the key may write and do no more. For `pollwatch doctor`.
 */
import { connectElasticsearch, refusalOf, serverVersion } from '../elastic/client.ts';
import { aliasOf } from '../elastic/index-names.ts';
import { indexProblems, missingIndices } from '../elastic/index-state.ts';
import { connectionFault } from '../model/connection-fault.ts';
import type { ElasticSettings } from '../model/installation.ts';
import { formatProblem } from '../model/problem.ts';
import type { ServerFinding } from './redis-findings.ts';

/** The oldest server that is supported. */
const OLDEST = [8, 19] as const;
const SET_UP = 'pollwatch setup elasticsearch';
/** Rights that the workers need, as the role in config/elasticsearch/ gives them: writing, not "index" with its mappings. */
const NEEDED = ['indices:data/write/index', 'indices:data/write/bulk', 'read', 'view_index_metadata', 'maintenance'];
/** Rights that a runtime key should not have: whoever steals it could delete alerts or make indices. */
const TOO_MUCH = ['delete', 'delete_index', 'create_index'];

/** Looks at the server. Never throws for what the server says or does not say. */
export async function elasticFindings(
  settings: ElasticSettings,
  organizations: readonly string[],
  nowMs: number,
): Promise<ServerFinding[]> {
  const client = connectElasticsearch(settings);
  try {
    const found: ServerFinding[] = [versionFinding(await serverVersion(client)), ...plainFindings(settings)];
    const problems = await indexProblems(client, settings.prefix);
    found.push(...problems.map((problem): ServerFinding => ({ state: 'bad', what: formatProblem(problem) })));
    // a server that nobody has set up lacks everything: said once
    if (!problems.some(({ code }) => code === 'PW-ELASTIC-NO-INDEX'))
      found.push(...missingFindings(await missingIndices(client, settings.prefix, organizations, nowMs), nowMs));
    found.push(...(await rightsFindings(client, settings)));
    return found;
  } catch (error) {
    const { kind, reason, status } = refusalOf(error);
    const { said, hint } = connectionFault(reason, settings.nodes[0] ?? '', 'elasticsearch');
    return [
      {
        state: 'bad',
        what: `Elasticsearch at ${settings.nodes.join(', ')}: ${status === null ? said : reason}`,
        fix:
          kind === 'operator'
            ? 'check elasticsearch.api_key_file, or username and password_file'
            : ((status === null ? hint : null) ?? 'is the address right (elasticsearch.nodes), and is it running?'),
      },
    ];
  } finally {
    await client.close();
  }
}

function versionFinding(version: readonly [number, number, number] | null): ServerFinding {
  if (version === null) return { state: 'ok', what: 'Elasticsearch answers (this key may not ask its version)' };
  const what = `Elasticsearch ${version.join('.')}`;
  const [major, minor] = version;
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return { state: 'ok', what };
  return { state: 'bad', what, fix: `${OLDEST.join('.')} or newer is needed: upgrade the server` };
}

/** A key or password that travels over the network in the open. */
function plainFindings({ nodes, apiKey, password }: ElasticSettings): ServerFinding[] {
  if (apiKey === null && password === null) return [];
  const open = nodes.filter((node) => {
    const { protocol, hostname } = new URL(node);
    return protocol === 'http:' && !/^(127\.|localhost$|\[::1\]$)/.test(hostname);
  });
  if (open.length === 0) return [];
  const what = `the key for Elasticsearch travels unencrypted to ${open.join(', ')}`;
  return [{ state: 'bad', what, fix: 'use https:// and, with a certification authority of your own, ca_file' }];
}

function missingFindings(missing: readonly string[], nowMs: number): ServerFinding[] {
  const year = new Date(nowMs).getUTCFullYear();
  const next = missing.filter((index) => index.endsWith(`-${year + 1}`));
  const now = missing.filter((index) => !next.includes(index));
  const found: ServerFinding[] = [];
  if (now.length > 0) {
    const what = `${now.length} indices of ${year} are missing, such as ${now[0]!}: their documents would become dead letters`;
    found.push({ state: 'bad', what, fix: SET_UP });
  }
  if (next.length > 0) {
    const what = `${next.length} indices of ${year + 1} are missing, such as ${next[0]!}: they are needed from 1 January on`;
    found.push({ state: 'look', what, fix: SET_UP });
  }
  if (missing.length === 0) found.push({ state: 'ok', what: `the indices of ${year} are there` });
  return found;
}

async function rightsFindings(
  client: ReturnType<typeof connectElasticsearch>,
  { prefix }: ElasticSettings,
): Promise<ServerFinding[]> {
  const names = [`${aliasOf(prefix, 'alerts')}-*`];
  try {
    const answer = await client.security.hasPrivileges({
      index: [{ names, privileges: [...NEEDED, ...TOO_MUCH] as 'read'[] }],
    });
    const rights: Record<string, boolean> = Object.values(answer.index)[0] ?? {};
    const lacks = NEEDED.filter((right) => rights[right] !== true);
    const tooMuch = TOO_MUCH.filter((right) => rights[right] === true);
    if (lacks.length > 0) {
      return [
        { state: 'bad', what: `the key for Elasticsearch lacks ${lacks.join(', ')} on ${names[0]!}`, fix: SET_UP },
      ];
    }
    if (tooMuch.length > 0) {
      const what = `the key for Elasticsearch may do more than write alerts: ${tooMuch.join(', ')}`;
      return [{ state: 'look', what, fix: `${SET_UP} --api-key-file FILE makes one that cannot` }];
    }
    return [{ state: 'ok', what: 'the key for Elasticsearch may write alerts and no more' }];
  } catch (error) {
    const { status } = refusalOf(error);
    if (status === 403) return [{ state: 'ok', what: 'the key for Elasticsearch may not ask what it may do' }];
    const what = 'Elasticsearch has no security switched on: whoever reaches it may read and change everything';
    return [{ state: 'look', what, fix: 'keep it on loopback, or switch xpack.security.enabled on' }];
  }
}
