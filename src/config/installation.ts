/**
 * Reads what an always-on installation is set up with: a YAML file, the inventories that it names, files with secrets, and
 * the environment, which wins. Everything is checked before anything starts, and all mistakes are told at once.
 *   organizations: [{inventory: county.yaml}]  →  Installation.tenants.get('us-xx-example')
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type {
  ElasticSettings,
  IngestOrigin,
  Installation,
  OriginReading,
  RedisSettings,
  RetentionDays,
  Tenant,
  WorkSettings,
} from '../model/installation.ts';
import type { Inventory } from '../model/inventory.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import { defaultInventory } from './build-inventory.ts';
import { CheckedYaml, type FileWords, type Path } from './checked-yaml.ts';
import { type InstallationFile, installationSchema } from './installation-schema.ts';
import { type InstallationVariables, readVariables } from './installation-variables.ts';
import { loadInventory } from './inventory.ts';
import { nearest } from './nearest.ts';
import { loadSecret } from './secret.ts';
import { readSecretFile, type SecretFileKind } from './secret-file.ts';

const WORDS: FileWords = { name: 'the installation file', example: 'config/pollwatch.example.yaml' };
const DEFAULT_REDIS = 'redis://127.0.0.1:6379/0';
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

type RedisFields = Omit<NonNullable<InstallationFile['redis']>, 'prefix'>;
type ElasticFields = Omit<NonNullable<InstallationFile['elasticsearch']>, 'prefix'>;
type OriginFields = NonNullable<InstallationFile['origins']>[number];

/**
 * The installation of a file (null = none: one organisation, Redis on this machine) and of the environment. Throws an
 * OperatorError with all problems; none of them shows a secret.
 */
export function loadInstallation(file: string | null, known: KnownNames, env = process.env): Installation {
  const problems: Problem[] = [];
  const variables = readVariables(env, problems);
  const source = file === null ? null : new CheckedYaml(textOf(file), file, installationSchema, WORDS);
  const content = (source === null ? { version: 1 } : source.check()) as InstallationFile | null;
  problems.unshift(...(source?.found() ?? []));
  if (content === null || problems.length > 0) throw new OperatorError(problems.map(asInventoryHint));

  const reader = new Reader(file, source, env, problems);
  const tenants = reader.tenants(content, known);
  const redis = reader.redis(content, variables);
  const elasticsearch = reader.elasticsearch(content, variables);
  const installation: Installation = {
    file: file === null ? null : resolve(file),
    redis,
    elasticsearch,
    tenants,
    rulesPaths: (content.rules ?? []).map((path) => reader.absolute(path)),
    origins: (content.origins ?? []).map((origin, i) =>
      reader.origin(origin, i, { tenants, redis, elasticsearch, known }),
    ),
    work: workOf(content.work ?? {}, variables),
    retention: retentionOf(content.retention ?? {}),
  };
  reader.originNames(content);
  problems.push(...(source?.found() ?? []));
  if (problems.length > 0) throw new OperatorError(problems);
  return installation;
}

/** Reads one file's sections; what is wrong is added to the problems, with its place where it has one. */
class Reader {
  private readonly folder: string;
  private readonly source: CheckedYaml | null;
  private readonly env: NodeJS.ProcessEnv;
  private readonly problems: Problem[];

  constructor(file: string | null, source: CheckedYaml | null, env: NodeJS.ProcessEnv, problems: Problem[]) {
    this.folder = file === null ? '.' : dirname(resolve(file));
    this.source = source;
    this.env = env;
    this.problems = problems;
  }

  /** A path of the file is relative to its folder. */
  absolute(path: string): string {
    return resolve(this.folder, path);
  }

  tenants(content: InstallationFile, known: KnownNames): Map<string, Tenant> {
    const tenants = new Map<string, Tenant>();
    const declared = content.organizations ?? [{ id: 'local', name: 'your office' }];
    declared.forEach((organization, i) => {
      const path: Path = ['organizations', i];
      const inventory = this.inventoryOf(organization, path, known);
      if (inventory === null) return;
      const { id, name } = inventory.organization;
      if (tenants.has(id)) {
        this.fail(path, 'PW-CONFIG-DUPLICATE', `there are two organizations "${id}"`, 'give each its own id');
        return;
      }
      const secret = this.secretOf(organization.key_file, inventory, path, declared.length === 1);
      tenants.set(id, { id, name, inventory, inventoryFile: inventory.file, secret });
    });
    return tenants;
  }

  redis(content: InstallationFile, { redis: given }: InstallationVariables): RedisSettings {
    const fields = content.redis ?? {};
    const settings = this.redisOf(fields, ['redis']);
    const url = given.url ?? settings.url;
    const cluster = given.cluster ?? settings.cluster;
    if (cluster && !/^\/?0?$/.test(new URL(url).pathname)) {
      this.fail(
        ['redis'],
        'PW-CONFIG-ADDRESS',
        'a Redis Cluster has only database 0',
        'leave the number out of the url',
      );
    }
    return {
      url,
      username: given.username ?? settings.username,
      password: given.password ?? this.named(given.passwordFile, 'POLLWATCH_REDIS_PASSWORD_FILE') ?? settings.password,
      ca: this.named(given.caFile, 'POLLWATCH_REDIS_CA_FILE', 'certificate') ?? settings.ca,
      cluster,
      prefix: given.prefix ?? fields.prefix ?? DEFAULT_PREFIX,
    };
  }

  elasticsearch(content: InstallationFile, { elasticsearch: given }: InstallationVariables): ElasticSettings | null {
    const fields = content.elasticsearch;
    const settings = this.elasticOf(fields ?? {}, ['elasticsearch']);
    const nodes = given.nodes ?? settings.nodes;
    if (nodes.length === 0) {
      if (fields !== undefined) {
        this.fail(
          ['elasticsearch'],
          'PW-CONFIG-MISSING-FIELD',
          'missing field "nodes" in elasticsearch',
          'name the addresses of its nodes here or in POLLWATCH_ELASTICSEARCH_URL',
        );
      }
      return null;
    }
    const password =
      given.password ?? this.named(given.passwordFile, 'POLLWATCH_ELASTICSEARCH_PASSWORD_FILE') ?? settings.password;
    return {
      nodes,
      apiKey: given.apiKey ?? this.named(given.apiKeyFile, 'POLLWATCH_ELASTICSEARCH_API_KEY_FILE') ?? settings.apiKey,
      username: given.username ?? settings.username,
      password,
      ca: this.named(given.caFile, 'POLLWATCH_ELASTICSEARCH_CA_FILE', 'certificate') ?? settings.ca,
      prefix: given.prefix ?? fields?.prefix ?? DEFAULT_PREFIX,
    };
  }

  origin(
    origin: OriginFields,
    index: number,
    setting: {
      tenants: ReadonlyMap<string, Tenant>;
      redis: RedisSettings;
      elasticsearch: ElasticSettings | null;
      known: KnownNames;
    },
  ): IngestOrigin {
    const path: Path = ['origins', index];
    const reading = this.reading(origin, path, setting.tenants, setting.known);
    const { name, files, syslog, redis_list: list, elasticsearch_index: ecs } = origin;
    const kinds = [files, origin.stdin, syslog, list, ecs].filter((kind) => kind !== undefined).length;
    if (kinds !== 1) {
      this.fail(
        path,
        'PW-CONFIG-ORIGIN',
        kinds === 0 ? `origin "${name}" does not say where its lines come from` : `origin "${name}" is of two kinds`,
        'give it one of: files, stdin, syslog, redis_list, elasticsearch_index',
      );
    }
    if (files !== undefined) return { kind: 'files', name, paths: files.map((f) => this.absolute(f)), reading };
    if (syslog !== undefined) return this.syslog(name, syslog, reading, [...path, 'syslog'], setting.tenants);
    if (list !== undefined) {
      const redis =
        list.url === undefined
          ? setting.redis
          : { ...this.redisOf(list, [...path, 'redis_list']), prefix: DEFAULT_PREFIX };
      return { kind: 'redis-list', name, redis, list: list.list, reading };
    }
    if (ecs !== undefined) {
      const own = this.elasticOf(ecs, [...path, 'elasticsearch_index']);
      const elasticsearch = ecs.nodes === undefined ? setting.elasticsearch : { ...own, prefix: DEFAULT_PREFIX };
      if (elasticsearch === null) {
        this.fail(
          [...path, 'elasticsearch_index'],
          'PW-CONFIG-MISSING-FIELD',
          `origin "${name}" does not say where Elasticsearch is`,
          'name nodes here, or fill in the section elasticsearch',
        );
      }
      return {
        kind: 'elasticsearch',
        name,
        elasticsearch: elasticsearch ?? { ...own, prefix: DEFAULT_PREFIX },
        index: ecs.index,
        reading,
      };
    }
    return { kind: 'stdin', name, reading };
  }

  /** Names of origins are told apart, and standard input can be read once. */
  originNames(content: InstallationFile): void {
    const seen = new Set<string>();
    let stdin = 0;
    content.origins?.forEach(({ name, stdin: isStdin }, i) => {
      if (seen.has(name)) {
        const hint = 'a name stands for one place where lines come from';
        this.fail(['origins', i, 'name'], 'PW-CONFIG-DUPLICATE', `there are two origins "${name}"`, hint);
      }
      seen.add(name);
      if (isStdin === true && ++stdin > 1) {
        this.fail(['origins', i, 'stdin'], 'PW-CONFIG-DUPLICATE', 'standard input can be read once', 'leave one out');
      }
    });
  }

  private inventoryOf(
    declared: NonNullable<InstallationFile['organizations']>[number],
    path: Path,
    known: KnownNames,
  ): Inventory | null {
    const { inventory: file, id, name } = declared;
    if (file !== undefined) {
      if (id !== undefined || name !== undefined) {
        this.fail(
          path,
          'PW-CONFIG-ORGANIZATION',
          'an organization has its id and name from its inventory',
          'leave id and name out, or leave inventory out',
        );
      }
      try {
        return loadInventory(this.absolute(file), known.detections);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        this.problems.push(...error.problems);
        return null;
      }
    }
    if (id === undefined || name === undefined) {
      const hint = 'write inventory: FILE, or id and name';
      this.fail(path, 'PW-CONFIG-ORGANIZATION', 'an organization needs an inventory, or an id and a name', hint);
      return null;
    }
    const inventory = defaultInventory();
    return { ...inventory, organization: { ...inventory.organization, id, name } };
  }

  private secretOf(keyFile: string | undefined, inventory: Inventory, path: Path, isAlone: boolean): Uint8Array {
    try {
      const named = keyFile === undefined ? inventory.keyFile : this.absolute(keyFile);
      if (named !== null && !isAlone && (this.env['POLLWATCH_KEY_FILE'] ?? '') !== '') {
        const hint = 'unset it, or leave key_file out everywhere when one key is meant for all';
        this.fail(path, 'PW-CONFIG-KEY', 'POLLWATCH_KEY_FILE would replace the key of this organization', hint);
        return new Uint8Array(0);
      }
      const { key, isDefault } = loadSecret(named, this.env);
      if (!isDefault) return key;
      this.fail(
        path,
        'PW-CONFIG-KEY',
        'no secret key can be kept here, and lines in transit are sealed with it',
        'make one (head -c 32 /dev/urandom > FILE; chmod 600 FILE) and name it: key_file, or POLLWATCH_KEY_FILE',
      );
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.problems.push(...error.problems);
    }
    return new Uint8Array(0);
  }

  private redisOf(fields: RedisFields, path: Path): Omit<RedisSettings, 'prefix'> {
    return {
      url: fields.url ?? DEFAULT_REDIS,
      username: fields.username ?? null,
      password: this.content(fields.password_file, [...path, 'password_file']),
      ca: this.content(fields.ca_file, [...path, 'ca_file'], 'certificate'),
      cluster: fields.cluster ?? false,
    };
  }

  private elasticOf(fields: ElasticFields, path: Path): Omit<ElasticSettings, 'prefix'> {
    return {
      nodes: fields.nodes ?? [],
      apiKey: this.content(fields.api_key_file, [...path, 'api_key_file']),
      username: fields.username ?? null,
      password: this.content(fields.password_file, [...path, 'password_file']),
      ca: this.content(fields.ca_file, [...path, 'ca_file'], 'certificate'),
    };
  }

  private reading(
    origin: OriginFields,
    path: Path,
    tenants: ReadonlyMap<string, Tenant>,
    known: KnownNames,
  ): OriginReading {
    const { format = 'auto' } = origin;
    if (format !== 'auto' && !known.formats.includes(format)) {
      const near = nearest(format, known.formats);
      const hint = near === null ? '`pollwatch formats` lists them' : `did you mean "${near}"?`;
      this.fail([...path, 'format'], 'PW-CONFIG-FORMAT', `there is no format "${format}"`, hint);
    }
    const organization = this.organizationOf(origin.organization, [...path, 'organization'], tenants);
    const inventory = tenants.get(organization)?.inventory;
    // what the inventory says of the log by its path, where this file does not say it
    const declared = inventory?.originFor(this.absolute(origin.files?.[0] ?? '')) ?? null;
    return {
      organization,
      format,
      timezone: origin.timezone ?? declared?.timezone ?? 'UTC',
      asset: origin.asset === undefined ? (declared?.asset ?? 0) : this.assetOf(origin.asset, inventory, path),
    };
  }

  private assetOf(id: string, inventory: Inventory | undefined, path: Path): number {
    const assets = inventory?.assets ?? [];
    const asset = assets.find((a) => a.id === id);
    if (asset !== undefined || inventory === undefined) return asset?.number ?? 0;
    const near = nearest(
      id,
      assets.map((a) => a.id),
    );
    const hint = near === null ? 'declare it in the inventory under assets' : `did you mean "${near}"?`;
    this.fail([...path, 'asset'], 'PW-CONFIG-UNKNOWN-ASSET', `there is no asset "${id}"`, hint);
    return 0;
  }

  /** Whose lines they are: the one that is named, or the only one there is. */
  private organizationOf(id: string | undefined, path: Path, tenants: ReadonlyMap<string, Tenant>): string {
    const ids = [...tenants.keys()];
    if (id === undefined) {
      if (ids.length <= 1) return ids[0] ?? '';
      this.fail(
        path.slice(0, -1),
        'PW-CONFIG-MISSING-FIELD',
        'there are several organizations: whose lines are these?',
        `add organization: one of ${ids.slice(0, 10).join(', ')}`,
      );
    } else if (tenants.has(id)) return id;
    else {
      const near = nearest(id, ids);
      const hint = near === null ? 'name its inventory under organizations' : `did you mean "${near}"?`;
      this.fail(path, 'PW-CONFIG-UNKNOWN-ORGANIZATION', `there is no organization "${id}"`, hint);
    }
    return '';
  }

  private syslog(
    name: string,
    fields: NonNullable<OriginFields['syslog']>,
    reading: OriginReading,
    path: Path,
    tenants: ReadonlyMap<string, Tenant>,
  ): IngestOrigin {
    const { transport, cert_file: cert, key_file: key, client_ca_file: clientCa } = fields;
    if (transport === 'tls' && (cert === undefined || key === undefined)) {
      this.fail(
        path,
        'PW-CONFIG-MISSING-FIELD',
        'a TLS listener needs a certificate and its key',
        'add cert_file and key_file',
      );
    }
    if (transport !== 'tls' && (cert ?? key ?? clientCa) !== undefined) {
      this.fail(
        path,
        'PW-CONFIG-VALUE',
        `certificates are for transport tls, this is ${transport}`,
        'write transport: tls',
      );
    }
    const peers = (fields.peers ?? []).map(({ cidr, common_name: commonName, organization }, i) => {
      const at = [...path, 'peers', i];
      if ((cidr === undefined) === (commonName === undefined)) {
        this.fail(at, 'PW-CONFIG-VALUE', 'a peer is told by one thing', 'write either cidr or common_name');
      }
      if (commonName !== undefined && clientCa === undefined) {
        const hint = 'add client_ca_file: without it nobody vouches for the name in a certificate';
        this.fail(at, 'PW-CONFIG-MISSING-FIELD', 'a common_name needs certificates that were checked', hint);
      }
      return {
        cidr: cidr ?? null,
        commonName: commonName ?? null,
        organization: this.organizationOf(organization, [...at, 'organization'], tenants),
      };
    });
    return {
      kind: 'syslog',
      name,
      transport,
      host: fields.host ?? DEFAULT_HOST,
      port: fields.port,
      tls:
        transport !== 'tls'
          ? null
          : {
              cert: this.content(cert, [...path, 'cert_file'], 'certificate') ?? '',
              key: this.content(key, [...path, 'key_file'], 'key') ?? '',
              clientCa: this.content(clientCa, [...path, 'client_ca_file'], 'certificate'),
            },
      peers,
      reading,
    };
  }

  /** Content of a file that a field names; null when none is named or it cannot serve (which is then a problem). */
  private content(file: string | undefined, path: Path, kind: SecretFileKind = 'secret'): string | null {
    if (file === undefined) return null;
    const { text, fault } = readSecretFile(this.absolute(file), kind);
    if (fault !== null) this.fail(path, 'PW-CONFIG-FILE', `${file}: ${fault.message}`, fault.hint);
    return text;
  }

  /** The same for a file that a variable names; undefined when none is. */
  named(file: string | undefined, variable: string, kind: SecretFileKind = 'secret'): string | undefined {
    if (file === undefined) return undefined;
    const { text, fault } = readSecretFile(resolve(file), kind);
    if (fault !== null) {
      this.problems.push({ code: 'PW-CONFIG-FILE', message: `${variable}: ${fault.message}`, file, hint: fault.hint });
    }
    return text ?? '';
  }

  private fail(path: Path, code: string, message: string, hint: string): void {
    if (this.source === null) this.problems.push({ code, message, hint });
    else this.source.fail(path, code, message, hint);
  }
}

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
  const reader = new Reader(null, null, env, problems);
  const apiKey = setup.apiKey ?? reader.named(setup.apiKeyFile, 'POLLWATCH_ELASTICSEARCH_SETUP_API_KEY_FILE') ?? null;
  const password =
    setup.password ?? reader.named(setup.passwordFile, 'POLLWATCH_ELASTICSEARCH_SETUP_PASSWORD_FILE') ?? null;
  if (problems.length > 0) throw new OperatorError(problems);
  if (apiKey === null && setup.username === undefined) return settings;
  return { ...settings, apiKey, username: setup.username ?? null, password };
}
