/**
 * Prepares a server: templates, this year's and next year's indices with their read aliases, and where the server has
 * them roles, a key for the workers and a lifecycle policy. Run by a person with the rights for it; the workers' own key
 * may create nothing. Running it again changes only what differs, and says what it did line by line.
 */
import { createHash } from 'node:crypto';
import lifecycle from '../../config/elasticsearch/lifecycle.json' with { type: 'json' };
import { connectionFault } from '../model/connection-fault.ts';
import type { ElasticSettings } from '../model/installation.ts';
import { OperatorError } from '../model/problem.ts';
import { type Client, connectElasticsearch, hasInterface, refusalOf, serverVersion } from './client.ts';
import { aliasOf, FAMILIES, type Family, nameProblems, yearOfIndex } from './index-names.ts';
import { setupAccess } from './roles.ts';
import {
  judgeLayout,
  LAYOUT,
  layoutIn,
  type MappingNode,
  mappingBeside,
  type Template,
  templatesFor,
} from './templates.ts';

export interface SetupOptions {
  /** Unix milliseconds: decides which years get indices */
  readonly now: number;
  /** years besides this one and the next, for logs of earlier years */
  readonly years?: readonly number[];
  /** let the server remove an index 400 days after its year, where it can */
  readonly lifecycle?: boolean;
  /** make a new key for the workers; it is shown once, in the result */
  readonly newKey?: boolean;
  /** told each thing that was done or found, one line each, no secrets */
  readonly say: (line: string) => void;
}

export interface SetupResult {
  readonly version: string;
  /** indices that were made */
  readonly created: string[];
  /** the new key in the form that the configuration takes, or null */
  readonly apiKey: string | null;
  /** false: this server knows no users, whoever reaches it may do everything */
  readonly hasSecurity: boolean;
  readonly hasLifecycle: boolean;
}

/** The oldest server that is supported. */
const OLDEST: readonly [number, number] = [8, 19];

/** Sets a server up for these organisations. Throws an OperatorError that says what a person must change. */
export async function setupElasticsearch(
  settings: ElasticSettings,
  organizations: readonly string[],
  options: SetupOptions,
): Promise<SetupResult> {
  const problems = nameProblems(settings.prefix, organizations);
  if (problems.length > 0) throw new OperatorError(problems);
  const client = connectElasticsearch(settings);
  try {
    return await setUp(client, settings.prefix, organizations, options);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const refusal = refusalOf(error);
    const { said, hint } = connectionFault(refusal.reason, settings.nodes[0] ?? '', 'elasticsearch');
    const isAway = refusal.status === null;
    throw new OperatorError(
      [
        {
          code: isAway ? 'PW-ELASTIC-UNREACHABLE' : 'PW-ELASTIC-REFUSED',
          message: `Elasticsearch at ${settings.nodes.join(', ')}: ${isAway ? said : refusal.reason}`,
          hint: (isAway ? hint : null) ?? HINTS[refusal.status ?? 0] ?? 'read what the server says; its log says more',
        },
      ],
      { cause: error },
    );
  } finally {
    await client.close();
  }
}

const HINTS: Readonly<Record<number, string>> = {
  0: 'is the address right (elasticsearch.nodes), and is the server running?',
  401: 'name who may set up: POLLWATCH_ELASTICSEARCH_SETUP_USERNAME and ..._SETUP_PASSWORD[_FILE], or ..._SETUP_API_KEY[_FILE]',
  403: 'setting up needs the cluster privileges manage_index_templates, manage_security, manage_ilm and monitor, and all rights on the indices that begin with the prefix',
};

async function setUp(
  client: Client,
  prefix: string,
  organizations: readonly string[],
  options: SetupOptions,
): Promise<SetupResult> {
  const { say } = options;
  const found = await serverVersion(client);
  const version = found?.join('.') ?? 'unknown';
  if (found !== null && (found[0] < OLDEST[0] || (found[0] === OLDEST[0] && found[1] < OLDEST[1]))) {
    throw new OperatorError([
      {
        code: 'PW-ELASTIC-VERSION',
        message: `Elasticsearch ${version} is too old; ${OLDEST.join('.')} or newer is needed`,
        hint: 'upgrade the server',
      },
    ]);
  }
  say(`server: Elasticsearch ${version}`);
  const hasLifecycle = await hasInterface(client, '/_ilm/status');
  const withLifecycle = options.lifecycle === true && hasLifecycle;
  await putTemplates(client, prefix, say);
  if (withLifecycle) {
    await client.ilm.putLifecycle({ name: prefix, policy: lifecycle.policy });
    say(`lifecycle policy ${prefix}: set`);
  } else if (options.lifecycle === true) {
    say(
      'lifecycle: this server has no index lifecycle management; run `pollwatch retention` from time to time instead',
    );
  }
  const year = new Date(options.now).getUTCFullYear();
  const years = [...new Set([...(options.years ?? []), year, year + 1])].sort((a, b) => a - b);
  const created: string[] = [];
  for (const family of FAMILIES) {
    const existing = await existingIndices(client, prefix, family);
    for (const organization of organizations) {
      const own = [...existing.keys()].filter((index) => yearOfIndex(index, prefix, family, organization) !== null);
      const wanted = years.map((y) => `${aliasOf(prefix, family, organization)}-${y}`);
      for (const index of new Set([...own, ...wanted])) {
        const meta = existing.get(index);
        const isNew = meta === undefined && (await createIndex(client, prefix, family, organization, index));
        if (isNew) {
          created.push(index);
          say(`index ${index}: made`);
        } else say(`index ${index}: ${await bringUpToDate(client, prefix, family, organization, index, meta)}`);
        if (withLifecycle) await putOnLifecycle(client, prefix, index);
      }
    }
  }
  const access = await setupAccess(client, prefix, organizations, { newKey: options.newKey === true, say });
  return { version, created, ...access, hasLifecycle };
}

async function putTemplates(client: Client, prefix: string, say: (line: string) => void): Promise<void> {
  const { component, indexTemplates } = templatesFor(prefix);
  const components = await orNothing(client.cluster.getComponentTemplate({ name: component.name }));
  const known = new Map<string, unknown>();
  for (const entry of components?.component_templates ?? []) known.set(entry.name, entry.component_template._meta);
  for (const { name } of indexTemplates) {
    const answer = await orNothing(client.indices.getIndexTemplate({ name }));
    for (const entry of answer?.index_templates ?? []) known.set(entry.name, entry.index_template._meta);
  }
  const newer = [...known].find(([, meta]) => judgeLayout(layoutIn(meta)) === 'newer');
  if (newer !== undefined) throw newerProblem(`template ${newer[0]}`);
  for (const { name, body } of [component, ...indexTemplates]) {
    const digest = digestOf({ name, body });
    const meta = known.get(name) as { digest?: unknown } | undefined;
    if (meta?.digest === digest) {
      say(`template ${name}: as it should be`);
      continue;
    }
    const signed = { ...body, name, _meta: { ...(body['_meta'] as object), digest } };
    if (name === component.name) {
      await client.cluster.putComponentTemplate(signed as Parameters<Client['cluster']['putComponentTemplate']>[0]);
    } else await client.indices.putIndexTemplate(signed);
    say(`template ${name}: ${meta === undefined ? 'made' : 'changed'}`);
  }
}

function newerProblem(what: string): OperatorError {
  return new OperatorError([
    {
      code: 'PW-ELASTIC-NEWER',
      message: `${what} on the server was made by a newer pollwatch (this one writes layout ${LAYOUT.major}.${LAYOUT.minor})`,
      hint: 'upgrade this pollwatch; nothing was changed',
    },
  ]);
}

/** What tells two versions of a template apart, since servers rewrite settings in a form of their own. */
function digestOf(template: Template): string {
  return createHash('sha256').update(JSON.stringify(template.body)).digest('hex').slice(0, 16);
}

/** Indices of a family with the `_meta` of their mapping. */
async function existingIndices(client: Client, prefix: string, family: Family): Promise<Map<string, unknown>> {
  const answer = await client.indices.getMapping({ index: `${prefix}-${family}-*`, allow_no_indices: true });
  return new Map(Object.entries(answer).map(([index, { mappings }]) => [index, mappings._meta ?? null]));
}

/** Makes an index; false when another set-up was faster. */
async function createIndex(
  client: Client,
  prefix: string,
  family: Family,
  organization: string,
  index: string,
): Promise<boolean> {
  try {
    await client.indices.create({
      index,
      aliases: { [aliasOf(prefix, family, organization)]: {}, [aliasOf(prefix, family)]: {} },
    });
    return true;
  } catch (error) {
    if (refusalOf(error).type === 'resource_already_exists_exception') return false;
    throw error;
  }
}

async function bringUpToDate(
  client: Client,
  prefix: string,
  family: Family,
  organization: string,
  index: string,
  meta: unknown,
): Promise<string> {
  const layout = layoutIn(meta);
  const judged = meta === undefined ? 'serves' : judgeLayout(layout);
  if (judged === 'newer') throw newerProblem(`index ${index}`);
  if (layout !== null && layout.major < LAYOUT.major) {
    throw new OperatorError([
      {
        code: 'PW-ELASTIC-OLDER',
        message: `index ${index} has layout ${layout.major}.${layout.minor}, which cannot be changed into ${LAYOUT.major}.${LAYOUT.minor}`,
        hint: 'copy it to another name or remove it, then set up again',
      },
    ]);
  }
  if (judged === 'older') {
    const { properties } = (await client.indices.getMapping({ index }))[index]!.mappings;
    const present = (properties ?? {}) as Readonly<Record<string, MappingNode>>;
    await client.indices.putMapping({ index, ...(mappingBeside(family, present) as object) });
  }
  const names = [aliasOf(prefix, family, organization), aliasOf(prefix, family)];
  const answer = await client.indices.getAlias({ index });
  const known = Object.keys(answer[index]?.aliases ?? {});
  const missing = names.filter((name) => !known.includes(name));
  if (missing.length > 0) {
    await client.indices.updateAliases({ actions: missing.map((alias) => ({ add: { index, alias } })) });
  }
  const done = [...(judged === 'older' ? ['new fields'] : []), ...(missing.length > 0 ? ['aliases'] : [])];
  return done.length === 0 ? 'as it should be' : `${done.join(' and ')} added`;
}

/** An index is as old as the end of its year, not as the day on which it was made. */
async function putOnLifecycle(client: Client, prefix: string, index: string): Promise<void> {
  const born = Date.UTC(Number(index.slice(-4)) + 1, 0, 1);
  await client.indices.putSettings({
    index,
    settings: { 'index.lifecycle.name': prefix, 'index.lifecycle.origination_date': born },
  });
}

/** The answer, or null when the server has no such thing. */
async function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (refusalOf(error).status === 404) return null;
    throw error;
  }
}
