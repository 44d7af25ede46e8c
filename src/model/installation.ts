/**
 * What an always-on installation is set up with: where Redis, Elasticsearch and the mail server are, whose logs come from where, and the
 * bounds of the queue. Made by config/ from YAML and the environment; the queue, ingest and elastic rooms only read it.
 * Secrets stand here as plain text and nowhere else: nothing prints these records.
 */
import type { Inventory } from './inventory.ts';
import type { MailSettings } from './mail.ts';

/** How to reach Redis. */
export interface RedisSettings {
  /** redis:// or rediss://host:port/db, without user and password */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** PEM of the certification authority for rediss://, or null for the system's */
  readonly ca: string | null;
  /** PEM of our own certificate and its key, for a server that asks for one; null or undefined = none */
  readonly client?: { readonly cert: string; readonly key: string } | null;
  /** true when the address is one of a Redis Cluster */
  readonly cluster: boolean;
  /** first part of every key, default "pollwatch" */
  readonly prefix: string;
}

/** How to reach Elasticsearch. */
export interface ElasticSettings {
  /** http:// or https:// addresses of nodes */
  readonly nodes: readonly string[];
  /** API key (as Elasticsearch encodes it), or null */
  readonly apiKey: string | null;
  readonly username: string | null;
  readonly password: string | null;
  /** PEM of the certification authority, or null for the system's */
  readonly ca: string | null;
  /** first part of every index name, default "pollwatch" */
  readonly prefix: string;
}

/** How to reach Kibana; only `setup kibana` and `ack` do. */
export interface KibanaSettings {
  /** http:// or https:// address, with the base path where there is one */
  readonly url: string;
  /** API key (as Elasticsearch encodes it), or null */
  readonly apiKey: string | null;
  readonly username: string | null;
  readonly password: string | null;
  /** PEM of the certification authority, or null for the system's */
  readonly ca: string | null;
}

/** An organisation whose logs are read. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly inventory: Inventory;
  /** inventory file and rules, so that workers and threads can load the same again; null = defaults */
  readonly inventoryFile: string | null;
  /** the organisation's secret: hides values, seals lines in transit */
  readonly secret: Uint8Array;
  /** file that it stands in */
  readonly secretFile?: string | null;
  /** the secret before it, which still opens what was sealed with it */
  readonly previousSecret?: Uint8Array | null;
}

/** Where lines come from. */
export type IngestOrigin =
  | {
      readonly kind: 'files';
      readonly name: string;
      readonly paths: readonly string[];
      readonly reading: OriginReading;
    }
  | { readonly kind: 'stdin'; readonly name: string; readonly reading: OriginReading }
  | {
      readonly kind: 'syslog';
      readonly name: string;
      readonly transport: 'udp' | 'tcp' | 'tls';
      readonly host: string;
      readonly port: number;
      /** PEM texts, for tls */
      readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string | null } | null;
      /** organisation by peer network or by subject CN of the client's certificate; the first that fits, else reading.organization */
      /** whoever fits none of the peers is turned away; undefined = false */
      readonly isPeersOnly?: boolean;
      readonly peers: readonly {
        readonly cidr: string | null;
        readonly commonName: string | null;
        readonly organization: string;
      }[];
      readonly reading: OriginReading;
    }
  | {
      readonly kind: 'redis-list';
      readonly name: string;
      readonly redis: RedisSettings;
      /** list that Filebeat or Logstash pushes JSON documents to */
      readonly list: string;
      readonly reading: OriginReading;
    }
  | {
      readonly kind: 'elasticsearch';
      readonly name: string;
      readonly elasticsearch: ElasticSettings;
      /** index pattern of ECS events */
      readonly index: string;
      readonly reading: OriginReading;
    };

/** How the lines of an origin are read. */
export interface OriginReading {
  readonly organization: string;
  /** a format's name, or 'auto' */
  readonly format: string;
  /** IANA zone of lines that carry none */
  readonly timezone: string;
  /** number of the asset in the organisation's inventory, 0 = none */
  readonly asset: number;
  /** year of the last line that a file has now, where lines leave it out; told from the file's times unless it is given */
  readonly year?: number;
}

/** Bounds and times of the workers. */
export interface WorkSettings {
  /** sealed bytes that may wait per organisation before a file reader waits and a listener drops (and counts) */
  readonly queuedBytesMax: number;
  /** milliseconds that lines may come late by event time before a window counts as closed */
  readonly latenessMs: number;
  /** milliseconds without a chunk after which an origin no longer holds the watermark back */
  readonly idleMs: number;
  /** how long evidence lines are kept in Redis, in days of event time */
  readonly evidenceDays: number;
  /** how long a graceful stop may take */
  readonly stopMs: number;
  /** address of health, readiness and metrics; null = none */
  readonly listen: { readonly host: string; readonly port: number } | null;
}

/** Days that documents are kept in Elasticsearch; what is left out has the program's own number. */
export interface RetentionDays {
  readonly alerts?: number;
  /** sources that matched a rule or have an alert */
  readonly sources?: number;
  /** people who only used the site: keyed hash and network */
  readonly quietSources?: number;
  readonly summaries?: number;
  readonly refused?: number;
  readonly health?: number;
}

/** Everything an always-on installation is set up with. */
export interface Installation {
  readonly file: string | null;
  readonly redis: RedisSettings;
  readonly elasticsearch: ElasticSettings | null;
  /** undefined: nobody is mailed */
  readonly mail?: MailSettings;
  /** none = no Kibana is told anything */
  readonly kibana?: KibanaSettings;
  /** by id */
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly rulesPaths: readonly string[];
  readonly origins: readonly IngestOrigin[];
  readonly work: WorkSettings;
  /** none = the program's own */
  readonly retention?: RetentionDays;
}

/**
 * The organisation that a tenant tells what others should know: the one that its inventory names as its parent. Null where
 * it names none, itself, or one that is not of the installation: nothing is shared that nobody asked for.
 */
export function parentOf(
  { id, inventory }: Pick<Tenant, 'id' | 'inventory'>,
  tenants: ReadonlyMap<string, unknown>,
): string | null {
  const { parent } = inventory.organization;
  return parent !== null && parent !== id && tenants.has(parent) ? parent : null;
}
