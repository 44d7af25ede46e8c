/**
 * Reads what an always-on installation is set up with: a YAML file, the inventories that it names, files with secrets, and
 * the environment, which wins. Everything is checked before anything starts, and all mistakes are told at once.
 *   organizations: [{inventory: county.yaml}]  →  Installation.tenants.get('us-xx-example')
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type {
  ElasticSettings,
  Installation,
  KibanaSettings,
  RedisSettings,
  RetentionDays,
  Tenant,
  WorkSettings,
} from '../model/installation.ts';
import type { Inventory } from '../model/inventory.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import { defaultInventory } from './build-inventory.ts';
import { CheckedYaml, type FileWords, type Path } from './checked-yaml.ts';
import { InstallationFields } from './installation-fields.ts';
import { mailOf } from './installation-mail.ts';
import { originsOf } from './installation-origins.ts';
import { type InstallationFile, installationSchema } from './installation-schema.ts';
import { type InstallationVariables, readVariables } from './installation-variables.ts';
import { InventoryError, loadInventory } from './inventory.ts';
import { loadSecret, type Secret } from './secret.ts';

const WORDS: FileWords = { name: 'the installation file', example: 'config/pollwatch.example.yaml' };
const DEFAULT_PREFIX = 'pollwatch';
const DEFAULT_HOST = '127.0.0.1';
/** Defaults of the section `work`; `work.listen` has none. */
const WORK = {
  queuedBytesMax: 256 * 1024 * 1024,
  latenessSeconds: 3600,
  idleSeconds: 300,
  evidenceDays: 31,
  stopSeconds: 20,
};

/** What the names in the file are checked against. */
export interface KnownNames {
  readonly formats: readonly string[];
  readonly detections: readonly string[];
}

/** Said of what lacks something, which may be what is wrong with the shape of the file and was told already. */
const OF_WHAT_IS_MISSING = [
  ...['PW-CONFIG-MISSING-FIELD', 'PW-CONFIG-ORIGIN', 'PW-CONFIG-ORGANIZATION', 'PW-CONFIG-VALUE', 'PW-MAIL-AUTH'],
];

/**
 * The installation of a file (null = none: one organisation, Redis on this machine) and of the environment. Throws an
 * OperatorError with all problems; none of them shows a secret. `coming`: a file with a secret that is about to be made, and
 * is not missed.
 */
export function loadInstallation(
  file: string | null,
  known: KnownNames,
  env = process.env,
  coming: string | null = null,
): Installation {
  const problems: Problem[] = [];
  const variables = readVariables(env, problems);
  const source = file === null ? null : new CheckedYaml(textOf(file), file, installationSchema, WORDS);
  const checked = source === null ? { version: 1 } : source.check();
  // the rest is checked as well, so that all mistakes are told at once
  const muted = checked === null || problems.length > 0 ? OF_WHAT_IS_MISSING : [];
  const content = (checked ?? source?.rest(muted) ?? null) as InstallationFile | null;
  if (content === null) throw new OperatorError([...(source?.found() ?? []), ...problems].map(asInventoryHint));
  if (checked !== null && muted.length > 0) source?.mute(muted);

  const fields = new InstallationFields(file, source, problems, coming);
  const reading = { fields, env, problems, unsure: new Set<string>() };
  const tenants = tenantsOf(reading, content, known);
  const areAllKnown = tenants.size === Math.max(1, source?.count('organizations') ?? 1);
  const isUnsure = (id: string): boolean => reading.unsure.has(id) || (!areAllKnown && !tenants.has(id));
  const redis = redisOf(reading, content, variables);
  const elasticsearch = elasticsearchOf(reading, content, variables);
  const mail = mailOf(fields, content.mail, variables.mail);
  const kibana = kibanaOf(reading, content, variables);
  const { formats } = known;
  const installation: Installation = {
    file: file === null ? null : resolve(file),
    redis,
    elasticsearch,
    ...(mail === null ? {} : { mail }),
    ...(kibana === null ? {} : { kibana }),
    tenants,
    rulesPaths: (content.rules ?? []).map((path) => fields.absolute(path)),
    origins: originsOf(content, fields, { tenants, isUnsure, redis, elasticsearch, formats }),
    work: workOf(content.work ?? {}, variables),
    retention: retentionOf(content.retention ?? {}),
  };
  problems.push(...(source?.found() ?? []));
  if (problems.length > 0) throw new OperatorError(problems.map(asInventoryHint));
  return installation;
}

/** What the sections are read with. */
interface Reading {
  readonly fields: InstallationFields;
  readonly env: NodeJS.ProcessEnv;
  readonly problems: Problem[];
  /** organisations of whose inventory parts had to be left out */
  readonly unsure: Set<string>;
}

function tenantsOf(reading: Reading, content: InstallationFile, known: KnownNames): Map<string, Tenant> {
  const tenants = new Map<string, Tenant>();
  const declared = content.organizations ?? [{ id: 'local', name: 'your office' }];
  declared.forEach((organization, i) => {
    const path: Path = ['organizations', i];
    const inventory = inventoryOf(reading, organization, path, known);
    if (inventory === null) return;
    const { id, name } = inventory.organization;
    if (tenants.has(id)) {
      reading.fields.fail(path, 'PW-CONFIG-DUPLICATE', `there are two organizations "${id}"`, 'give each its own id');
      return;
    }
    const isAlone = declared.length === 1;
    const { key, previous, file } = secretOf(reading, organization.key_file, inventory, path, isAlone);
    const keys = { secret: key, secretFile: file, previousSecret: previous };
    tenants.set(id, { id, name, inventory, inventoryFile: inventory.file, ...keys });
  });
  return tenants;
}

function redisOf(reading: Reading, content: InstallationFile, { redis: given }: InstallationVariables): RedisSettings {
  const fields = content.redis ?? {};
  const settings = reading.fields.redis(fields, ['redis']);
  const url = given.url ?? settings.url;
  const cluster = given.cluster ?? settings.cluster;
  if (cluster && !/^\/?0?$/.test(new URL(url).pathname)) {
    reading.fields.fail(
      ['redis'],
      'PW-CONFIG-ADDRESS',
      'a Redis Cluster has only database 0',
      'leave the number out of the url',
    );
  }
  return {
    url,
    username: given.username ?? settings.username,
    password:
      given.password ?? reading.fields.named(given.passwordFile, 'POLLWATCH_REDIS_PASSWORD_FILE') ?? settings.password,
    ca: reading.fields.named(given.caFile, 'POLLWATCH_REDIS_CA_FILE', 'certificate') ?? settings.ca,
    client: clientOf(reading, given, settings.client ?? null),
    cluster,
    prefix: given.prefix ?? fields.prefix ?? DEFAULT_PREFIX,
  };
}

/** The certificate that the environment names, with its key; else that of the file. */
function clientOf(
  { fields }: Reading,
  { certFile, keyFile }: InstallationVariables['redis'],
  inFile: NonNullable<RedisSettings['client']> | null,
): NonNullable<RedisSettings['client']> | null {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const hint = 'set POLLWATCH_REDIS_CERT_FILE and POLLWATCH_REDIS_KEY_FILE, or neither';
    fields.fail(['redis'], 'PW-CONFIG-VARIABLE', 'a certificate and its key belong together', hint);
  }
  const cert = fields.named(certFile, 'POLLWATCH_REDIS_CERT_FILE', 'certificate');
  const key = fields.named(keyFile, 'POLLWATCH_REDIS_KEY_FILE', 'key');
  return cert === undefined || key === undefined ? inFile : { cert, key };
}

function elasticsearchOf(
  reading: Reading,
  content: InstallationFile,
  { elasticsearch: given }: InstallationVariables,
): ElasticSettings | null {
  const fields = content.elasticsearch;
  const settings = reading.fields.elasticsearch(fields ?? {}, ['elasticsearch']);
  const nodes = given.nodes ?? settings.nodes;
  if (nodes.length === 0) {
    if (fields !== undefined) {
      reading.fields.fail(
        ['elasticsearch'],
        'PW-CONFIG-MISSING-FIELD',
        'missing field "nodes" in elasticsearch',
        'name the addresses of its nodes here or in POLLWATCH_ELASTICSEARCH_URL',
      );
    }
    return null;
  }
  const password =
    given.password ??
    reading.fields.named(given.passwordFile, 'POLLWATCH_ELASTICSEARCH_PASSWORD_FILE') ??
    settings.password;
  return {
    nodes,
    apiKey:
      given.apiKey ?? reading.fields.named(given.apiKeyFile, 'POLLWATCH_ELASTICSEARCH_API_KEY_FILE') ?? settings.apiKey,
    username: given.username ?? settings.username,
    password,
    ca: reading.fields.named(given.caFile, 'POLLWATCH_ELASTICSEARCH_CA_FILE', 'certificate') ?? settings.ca,
    prefix: given.prefix ?? fields?.prefix ?? DEFAULT_PREFIX,
  };
}

function kibanaOf(
  { fields: files }: Reading,
  content: InstallationFile,
  { kibana: given }: InstallationVariables,
): KibanaSettings | null {
  const fields = content.kibana;
  const url = given.url ?? fields?.url;
  if (url === undefined) {
    if (fields !== undefined)
      files.fail(
        ['kibana'],
        'PW-CONFIG-MISSING-FIELD',
        'missing field "url" in kibana',
        'name its address here or in POLLWATCH_KIBANA_URL',
      );
    return null;
  }
  const file = (name: 'api_key_file' | 'password_file' | 'ca_file') =>
    files.content(fields?.[name], ['kibana', name], name === 'ca_file' ? 'certificate' : 'secret');
  return {
    url,
    apiKey: given.apiKey ?? files.named(given.apiKeyFile, 'POLLWATCH_KIBANA_API_KEY_FILE') ?? file('api_key_file'),
    username: given.username ?? fields?.username ?? null,
    password:
      given.password ?? files.named(given.passwordFile, 'POLLWATCH_KIBANA_PASSWORD_FILE') ?? file('password_file'),
    ca: files.named(given.caFile, 'POLLWATCH_KIBANA_CA_FILE', 'certificate') ?? file('ca_file'),
  };
}

function inventoryOf(
  reading: Reading,
  declared: NonNullable<InstallationFile['organizations']>[number],
  path: Path,
  known: KnownNames,
): Inventory | null {
  const { inventory: file, id, name } = declared;
  if (file !== undefined) {
    if (id !== undefined || name !== undefined) {
      reading.fields.fail(
        path,
        'PW-CONFIG-ORGANIZATION',
        'an organization has its id and name from its inventory',
        'leave id and name out, or leave inventory out',
      );
    }
    try {
      return loadInventory(reading.fields.absolute(file), known.detections);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      reading.problems.push(...error.problems);
      const { inventory = null, isWhole = false } = error instanceof InventoryError ? error : {};
      if (inventory !== null && !isWhole) reading.unsure.add(inventory.organization.id);
      return inventory;
    }
  }
  if (id === undefined || name === undefined) {
    const hint = 'write inventory: FILE, or id and name';
    reading.fields.fail(
      path,
      'PW-CONFIG-ORGANIZATION',
      'an organization needs an inventory, or an id and a name',
      hint,
    );
    return null;
  }
  const inventory = defaultInventory();
  return { ...inventory, organization: { ...inventory.organization, id, name } };
}

function secretOf(
  reading: Reading,
  keyFile: string | undefined,
  inventory: Inventory,
  path: Path,
  isAlone: boolean,
): Pick<Secret, 'key' | 'previous' | 'file'> {
  try {
    const named = keyFile === undefined ? inventory.keyFile : reading.fields.absolute(keyFile);
    if (named !== null && !isAlone && (reading.env['POLLWATCH_KEY_FILE'] ?? '') !== '') {
      const hint = 'unset it, or leave key_file out everywhere when one key is meant for all';
      reading.fields.fail(path, 'PW-CONFIG-KEY', 'POLLWATCH_KEY_FILE would replace the key of this organization', hint);
      return NO_SECRET;
    }
    const secret = loadSecret(named, reading.env);
    if (!secret.isDefault) return secret;
    reading.fields.fail(
      path,
      'PW-CONFIG-KEY',
      'no secret key can be kept here, and lines in transit are sealed with it',
      'make one (head -c 32 /dev/urandom > FILE; chmod 600 FILE) and name it: key_file, or POLLWATCH_KEY_FILE',
    );
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    if (keyFile === undefined) reading.problems.push(...error.problems);
    else
      for (const { code, message, hint = '' } of error.problems)
        reading.fields.fail([...path, 'key_file'], code, `${keyFile}: ${message}`, hint);
  }
  return NO_SECRET;
}

/** Stands where a problem was noted: nothing starts with it. */
const NO_SECRET = { key: new Uint8Array(0), previous: null, file: null };

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const problem: Problem = {
      code: 'PW-CONFIG-UNREADABLE',
      message: `the installation file cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      file,
      hint: 'check the path after --config; config/pollwatch.example.yaml shows what it looks like',
    };
    throw new OperatorError([problem], { cause });
  }
}

/** Who names an inventory where the installation file belongs is told so. */
function asInventoryHint(problem: Problem): Problem {
  const field = /^unknown field "(organization|assets|owned|databases|privacy|detections|memory)"$/.exec(
    problem.message,
  );
  if (problem.code !== 'PW-CONFIG-UNKNOWN-FIELD' || field === null) return problem;
  return {
    ...problem,
    hint: `"${field[1]}" belongs in an inventory: keep that file, and name it here: organizations: [{inventory: FILE}]`,
  };
}

function workOf(fields: NonNullable<InstallationFile['work']>, variables: InstallationVariables): WorkSettings {
  return {
    queuedBytesMax: fields.queued_bytes_max ?? WORK.queuedBytesMax,
    latenessMs: (fields.lateness_seconds ?? WORK.latenessSeconds) * 1000,
    idleMs: (fields.idle_seconds ?? WORK.idleSeconds) * 1000,
    evidenceDays: fields.evidence_days ?? WORK.evidenceDays,
    stopMs: (fields.stop_seconds ?? WORK.stopSeconds) * 1000,
    listen: listenOf(variables.listen ?? fields.listen ?? 'none'),
  };
}

function retentionOf(fields: NonNullable<InstallationFile['retention']>): RetentionDays {
  return {
    ...(fields.alerts_days === undefined ? {} : { alerts: fields.alerts_days }),
    ...(fields.sources_days === undefined ? {} : { sources: fields.sources_days }),
    ...(fields.quiet_sources_days === undefined ? {} : { quietSources: fields.quiet_sources_days }),
    ...(fields.summaries_days === undefined ? {} : { summaries: fields.summaries_days }),
    ...(fields.refused_days === undefined ? {} : { refused: fields.refused_days }),
    ...(fields.health_days === undefined ? {} : { health: fields.health_days }),
  };
}

/** "9464" → 127.0.0.1:9464; "[::1]:9464" → ::1, port 9464; "none" → null. */
export function listenOf(written: string): { host: string; port: number } | null {
  if (written === 'none') return null;
  const at = written.lastIndexOf(':');
  const host = at < 0 ? DEFAULT_HOST : written.slice(0, at).replace(/^\[|\]$/g, '');
  return { host, port: Number(written.slice(at + 1)) };
}

/**
 * How to reach Elasticsearch for setting it up: POLLWATCH_ELASTICSEARCH_SETUP_… name a user or key with the rights for it;
 * without them it is who writes alerts. Throws an OperatorError when a file cannot be read.
 */
export function setupSettings(settings: ElasticSettings, env = process.env): ElasticSettings {
  const problems: Problem[] = [];
  const { setup } = readVariables(env, problems);
  const fields = new InstallationFields(null, null, problems);
  const apiKey = setup.apiKey ?? fields.named(setup.apiKeyFile, 'POLLWATCH_ELASTICSEARCH_SETUP_API_KEY_FILE') ?? null;
  const password =
    setup.password ?? fields.named(setup.passwordFile, 'POLLWATCH_ELASTICSEARCH_SETUP_PASSWORD_FILE') ?? null;
  if (problems.length > 0) throw new OperatorError(problems);
  if (apiKey === null && setup.username === undefined) return settings;
  return { ...settings, apiKey, username: setup.username ?? null, password };
}
