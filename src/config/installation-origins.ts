/**
 * The section `origins` of an installation file: where lines come from, whose they are and how they are read. What the
 * inventory says of a log by its path (asset, time zone) holds where the section does not say it.
 *   {name: lookup, files: [/var/log/nginx/lookup*.log]} → {kind: 'files', name: 'lookup', paths: […], reading: {…}}
 */
import type { ElasticSettings, IngestOrigin, OriginReading, RedisSettings, Tenant } from '../model/installation.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Path } from './checked-yaml.ts';
import type { InstallationFields } from './installation-fields.ts';
import type { InstallationFile } from './installation-schema.ts';
import { nearest } from './nearest.ts';

/** Prefix of servers that an origin only reads from: nothing of ours stands there. */
const FOREIGN_PREFIX = 'pollwatch';
const DEFAULT_HOST = '127.0.0.1';

type OriginFields = NonNullable<InstallationFile['origins']>[number];

/** What the origins are read against. */
export interface OriginSetting {
  readonly tenants: ReadonlyMap<string, Tenant>;
  /** an organisation that may be there, or may have more assets: mistakes elsewhere keep it from being known */
  readonly isUnsure: (id: string) => boolean;
  readonly redis: RedisSettings;
  readonly elasticsearch: ElasticSettings | null;
  /** names of formats */
  readonly formats: readonly string[];
}

/** The origins of a file; what is wrong with them is told through `fields`. */
export function originsOf(
  content: InstallationFile,
  fields: InstallationFields,
  setting: OriginSetting,
): IngestOrigin[] {
  const origins = (content.origins ?? []).map((origin, i) => originOf(fields, origin, i, setting));
  checkNames(fields, content);
  return origins;
}

function originOf(
  fields: InstallationFields,
  origin: OriginFields,
  index: number,
  setting: OriginSetting,
): IngestOrigin {
  const path: Path = ['origins', index];
  const reading = readingOf(fields, origin, path, setting);
  const { name, files, syslog, redis_list: list, elasticsearch_index: ecs } = origin;
  const kinds = [files, origin.stdin, syslog, list, ecs].filter((kind) => kind !== undefined).length;
  if (kinds !== 1) {
    fields.fail(
      path,
      'PW-CONFIG-ORIGIN',
      kinds === 0 ? `origin "${name}" does not say where its lines come from` : `origin "${name}" is of two kinds`,
      'give it one of: files, stdin, syslog, redis_list, elasticsearch_index',
    );
  }
  if (files !== undefined) return { kind: 'files', name, paths: files.map((f) => fields.absolute(f)), reading };
  if (syslog !== undefined) return syslogOf(fields, name, syslog, reading, [...path, 'syslog'], setting);
  if (list !== undefined) {
    const redis =
      list.url === undefined
        ? setting.redis
        : { ...fields.redis(list, [...path, 'redis_list']), prefix: FOREIGN_PREFIX };
    return { kind: 'redis-list', name, redis, list: list.list, reading };
  }
  if (ecs !== undefined) {
    const own = fields.elasticsearch(ecs, [...path, 'elasticsearch_index']);
    const elasticsearch = ecs.nodes === undefined ? setting.elasticsearch : { ...own, prefix: FOREIGN_PREFIX };
    if (elasticsearch === null) {
      fields.fail(
        [...path, 'elasticsearch_index'],
        'PW-CONFIG-MISSING-FIELD',
        `origin "${name}" does not say where Elasticsearch is`,
        'name nodes here, or fill in the section elasticsearch',
      );
    }
    return {
      kind: 'elasticsearch',
      name,
      elasticsearch: elasticsearch ?? { ...own, prefix: FOREIGN_PREFIX },
      index: ecs.index,
      reading,
    };
  }
  return { kind: 'stdin', name, reading };
}

/** Names of origins are told apart, and standard input can be read once. */
function checkNames(fields: InstallationFields, content: InstallationFile): void {
  const seen = new Set<string>();
  let stdin = 0;
  content.origins?.forEach(({ name, stdin: isStdin }, i) => {
    if (seen.has(name)) {
      const hint = 'a name stands for one place where lines come from';
      fields.fail(['origins', i, 'name'], 'PW-CONFIG-DUPLICATE', `there are two origins "${name}"`, hint);
    }
    seen.add(name);
    if (isStdin === true && ++stdin > 1) {
      fields.fail(['origins', i, 'stdin'], 'PW-CONFIG-DUPLICATE', 'standard input can be read once', 'leave one out');
    }
  });
}

function readingOf(
  fields: InstallationFields,
  origin: OriginFields,
  path: Path,
  setting: OriginSetting,
): OriginReading {
  const { tenants, formats } = setting;
  const { format = 'auto' } = origin;
  if (format !== 'auto' && !formats.includes(format)) {
    const near = nearest(format, formats);
    const hint = near === null ? '`pollwatch formats` lists them' : `did you mean "${near}"?`;
    fields.fail([...path, 'format'], 'PW-CONFIG-FORMAT', `there is no format "${format}"`, hint);
  }
  const organization = organizationOf(fields, origin.organization, [...path, 'organization'], setting);
  const inventory = tenants.get(organization)?.inventory;
  // what the inventory says of the log by its path, where this file does not say it
  const declared = inventory?.originFor(fields.absolute(origin.files?.[0] ?? '')) ?? null;
  return {
    organization,
    format,
    timezone: origin.timezone ?? declared?.timezone ?? inventory?.organization.timezone ?? 'UTC',
    asset:
      origin.asset === undefined || setting.isUnsure(organization)
        ? (declared?.asset ?? 0)
        : assetOf(fields, origin.asset, inventory, path),
  };
}

function assetOf(fields: InstallationFields, id: string, inventory: Inventory | undefined, path: Path): number {
  const assets = inventory?.assets ?? [];
  const asset = assets.find((a) => a.id === id);
  if (asset !== undefined || inventory === undefined) return asset?.number ?? 0;
  const near = nearest(
    id,
    assets.map((a) => a.id),
  );
  const hint = near === null ? 'declare it in the inventory under assets' : `did you mean "${near}"?`;
  fields.fail([...path, 'asset'], 'PW-CONFIG-UNKNOWN-ASSET', `there is no asset "${id}"`, hint);
  return 0;
}

/** Whose lines they are: the one that is named, or the only one there is. */
function organizationOf(
  fields: InstallationFields,
  id: string | undefined,
  path: Path,
  { tenants, isUnsure }: OriginSetting,
): string {
  const ids = [...tenants.keys()];
  if (id === undefined) {
    if (ids.length <= 1) return ids[0] ?? '';
    fields.fail(
      path.slice(0, -1),
      'PW-CONFIG-MISSING-FIELD',
      'there are several organizations: whose lines are these?',
      `add organization: one of ${ids.slice(0, 10).join(', ')}`,
    );
  } else if (tenants.has(id) || isUnsure(id)) return id;
  else {
    const near = nearest(id, ids);
    const hint = near === null ? 'name its inventory under organizations' : `did you mean "${near}"?`;
    fields.fail(path, 'PW-CONFIG-UNKNOWN-ORGANIZATION', `there is no organization "${id}"`, hint);
  }
  return '';
}

function syslogOf(
  fields: InstallationFields,
  name: string,
  listener: NonNullable<OriginFields['syslog']>,
  reading: OriginReading,
  path: Path,
  setting: OriginSetting,
): IngestOrigin {
  const { transport, cert_file: cert, key_file: key, client_ca_file: clientCa } = listener;
  if (transport === 'tls' && (cert === undefined || key === undefined)) {
    fields.fail(
      path,
      'PW-CONFIG-MISSING-FIELD',
      'a TLS listener needs a certificate and its key',
      'add cert_file and key_file',
    );
  }
  if (transport !== 'tls' && (cert ?? key ?? clientCa) !== undefined) {
    fields.fail(
      path,
      'PW-CONFIG-VALUE',
      `certificates are for transport tls, this is ${transport}`,
      'write transport: tls',
    );
  }
  const peers = (listener.peers ?? []).map(({ cidr, common_name: commonName, organization }, i) => {
    const at = [...path, 'peers', i];
    if ((cidr === undefined) === (commonName === undefined)) {
      fields.fail(at, 'PW-CONFIG-VALUE', 'a peer is told by one thing', 'write either cidr or common_name');
    }
    if (commonName !== undefined && clientCa === undefined) {
      const hint = 'add client_ca_file: without it nobody vouches for the name in a certificate';
      fields.fail(at, 'PW-CONFIG-MISSING-FIELD', 'a common_name needs certificates that were checked', hint);
    }
    return {
      cidr: cidr ?? null,
      commonName: commonName ?? null,
      organization: organizationOf(fields, organization, [...at, 'organization'], setting),
    };
  });
  if (listener.peers_only === true && peers.length === 0) {
    const hint = 'name them under peers, or leave peers_only out';
    fields.fail([...path, 'peers_only'], 'PW-CONFIG-VALUE', 'nobody may send: there are no peers', hint);
  }
  return {
    kind: 'syslog',
    name,
    transport,
    host: listener.host ?? DEFAULT_HOST,
    port: listener.port,
    tls:
      transport !== 'tls'
        ? null
        : {
            cert: fields.content(cert, [...path, 'cert_file'], 'certificate') ?? '',
            key: fields.content(key, [...path, 'key_file'], 'key') ?? '',
            clientCa: fields.content(clientCa, [...path, 'client_ca_file'], 'certificate'),
          },
    peers,
    ...(listener.peers_only === true && { isPeersOnly: true }),
    reading,
  };
}
