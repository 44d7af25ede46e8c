/**
 * What `pollwatch doctor` says of an always-on installation: its file and the environment, Redis, Elasticsearch, mail, and
 * files with secrets that others can read. Nothing is changed.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Installation } from '../model/installation.ts';
import { formatProblem, OperatorError, printable } from '../model/problem.ts';
import { counted } from '../model/quantity-words.ts';
import { elasticFindings } from '../operate/elastic-findings.ts';
import { reachStore } from '../operate/reach.ts';
import { redisFindings, type ServerFinding } from '../operate/redis-findings.ts';
import { missingRight } from '../queue/connection.ts';
import { readHalt } from '../queue/halt.ts';
import type { QueueStore } from '../queue/store.ts';
import { haltRemedy } from '../shard/halt.ts';
import { keyFinding, otherKey, unreadState } from '../shard/key-check.ts';
import { mailFindings } from './doctor-mail.ts';
import { staleFindings } from './doctor-stale.ts';
import { installationOf } from './installation-option.ts';
import type { Given } from './options.ts';

/** Everything that was looked at. Throws an OperatorError with the mistakes of the file or the environment. */
export async function installationFindings(given: Given): Promise<ServerFinding[]> {
  const installation = installationOf(given);
  const { tenants, origins, elasticsearch, file } = installation;
  const from = file === null ? 'the environment' : printable(file);
  const found: ServerFinding[] = [
    {
      state: 'ok',
      what: `installation ${from}: ${counted(tenants.size, 'organization')}, ${counted(origins.length, 'origin')}`,
    },
    ...secretFileFindings(file),
    ...parentFindings(installation),
    ...staleInventories(installation),
  ];
  found.push(...(await storeFindings(installation)));
  if (elasticsearch === null) {
    const what = 'no Elasticsearch is configured: alerts stay in Redis';
    return [
      ...found,
      { state: 'look', what, fix: 'add elasticsearch: {nodes: [...]}, or set POLLWATCH_ELASTICSEARCH_URL' },
    ];
  }
  return [...found, ...(await elasticFindings(elasticsearch, [...tenants.keys()], Date.now()))];
}

/** Redis, and what is told of mail with it; that it cannot be reached is a finding like others. */
async function storeFindings(installation: Installation): Promise<ServerFinding[]> {
  let store: QueueStore;
  try {
    store = await reachStore(installation.redis);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const unreachable = error.problems.map(
      (problem): ServerFinding => ({ state: 'bad', what: formatProblem(problem) }),
    );
    return [...unreachable, ...(await mailFindings(installation, null, Date.now()))];
  }
  try {
    const redis = await redisFindings(store);
    const nowMs = Date.now();
    try {
      return [
        ...redis,
        ...(await keyFindings(store, installation)),
        ...(await mailFindings(installation, store, nowMs)),
      ];
    } catch (error) {
      // told among the rights
      if (missingRight(error) === null) throw error;
      return [...redis, ...(await mailFindings(installation, null, nowMs))];
    }
  } finally {
    await store.close();
  }
}

/** For each organisation the file of its key, whether it is the one that everything is sealed with, and what else halts it. */
async function keyFindings(store: QueueStore, { tenants }: Installation): Promise<ServerFinding[]> {
  const found: ServerFinding[] = [];
  for (const tenant of tenants.values()) {
    const standing = await keyFinding(store, tenant);
    if (standing === 'other') {
      found.push({ state: 'bad', what: formatProblem(otherKey(tenant)) });
      continue;
    }
    if (standing === 'unread') {
      found.push({ state: 'bad', what: formatProblem(unreadState(tenant)) });
      continue;
    }
    const halt = await readHalt(store, tenant.id);
    if (halt !== null) {
      const what = `nothing is decided of ${tenant.id}: ${printable(halt.reason)}`;
      found.push({ state: 'bad', what, fix: haltRemedy(halt.kind, tenant.id, tenant.secretFile ?? null) });
    }
    const rest =
      standing === 'first' ? ': nothing is sealed with it yet; every machine of the installation needs it' : '';
    found.push({ state: 'ok', what: `key of ${tenant.id}: ${printable(tenant.secretFile ?? 'none')}${rest}` });
  }
  return found;
}

/** What has grown old in the inventories: contacts, agreements with scanners, the calendar. */
function staleInventories({ tenants }: Pick<Installation, 'tenants'>): ServerFinding[] {
  return [...tenants.values()].flatMap(({ inventoryFile }) =>
    inventoryFile === null ? [] : staleFindings(inventoryFile),
  );
}

/** Organisations whose parent is not of this installation: they mean to share, and share nothing. */
export function parentFindings({ tenants }: Pick<Installation, 'tenants'>): ServerFinding[] {
  return [...tenants.values()].flatMap(({ id, inventory }): ServerFinding[] => {
    const { parent } = inventory.organization;
    if (parent === null || parent === id || tenants.has(parent)) return [];
    const what = `organization ${id} names ${parent} as its parent, which is not of this installation: it tells nobody`;
    return [{ state: 'look', what, fix: `add the inventory of ${parent} to organizations, or mend the name` }];
  });
}

/** Files that the installation file names as secret and that others than their owner can read. */
function secretFileFindings(file: string | null): ServerFinding[] {
  if (file === null) return [];
  const named = [
    ...readFileSync(file, 'utf8').matchAll(
      /^[^#\n]*\b(?:password_file|api_key_file|key_file|token_file):\s*["']?([^\s"',}]+)/gm,
    ),
  ];
  return named.flatMap(([, path]): ServerFinding[] => {
    const absolute = new URL(path!, `file://${file}`).pathname;
    const stat = statSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined || (stat.mode & 0o077) === 0) return [];
    const what = `secret file ${printable(path!)} can be read by others than its owner`;
    return [{ state: 'look', what, fix: `chmod 600 ${printable(absolute)}` }];
  });
}
