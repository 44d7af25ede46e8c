/**
 * The shape of the file of an always-on installation (YAML, keys in snake_case), field by field with what it means. The
 * JSON Schema in config/schema/ is made from it; positions and hints of mistakes are added by installation.ts. Passwords
 * and keys never stand in it: it names the files that hold them.
 */
import { z } from 'zod';
import { detailsUrl, email } from './inventory-people.ts';
import { assetId, cidr, id, text, timezone } from './inventory-schema.ts';

const file = z.string().min(1, 'this must not be empty').max(4096, 'this is longer than 4,096 characters');
const port = z.int().min(1, 'a port is 1 to 65535').max(65_535, 'a port is 1 to 65535');
const userName = z.string().regex(/^[^\s:@]{1,200}$/, 'a user name has no spaces, colons or @');

/** redis://host:port/number of the database. */
export const redisUrl = z
  .string()
  .superRefine(addressCheck(['redis:', 'rediss:'], /^(\/\d{0,2})?$/, 'redis://127.0.0.1:6379/0'))
  .describe('redis:// or, with TLS, rediss://host:port/database; no user and no password');

/** http://host:port. */
export const nodeUrl = z
  .string()
  .superRefine(addressCheck(['http:', 'https:'], /^\/?$/, 'https://es1.example.gov:9200'))
  .describe('http:// or https://host:port of a node');

/** Address of Kibana, with its base path. */
export const kibanaUrl = z
  .string()
  .superRefine(addressCheck(['http:', 'https:'], /^(\/[A-Za-z0-9._~-]+)*\/?$/, 'https://kibana.example.gov'))
  .describe('http:// or https://host:port of Kibana, with the base path where there is one');

/** First part of the keys in Redis. */
export const redisPrefix = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'a prefix has small letters, digits, hyphens and underscores, at most 32');

/** First part of the names of indices. */
export const indexPrefix = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    'a prefix starts with a small letter and has letters, digits and hyphens, at most 32',
  );

/** [host:]port to listen on, or "none". */
export const listen = z
  .string()
  .regex(/^(none|((\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):)?\d{1,5})$/, 'write a port, host:port or "none"')
  .refine((written) => Number(/\d+$/.exec(written)?.[0] ?? 0) <= 65_535, 'a port is at most 65535')
  .describe(
    'port (on 127.0.0.1) or host:port of /healthz, /readyz and /metrics, each process its own; default "none". ' +
      'Nothing asks for a password there: keep it on loopback or behind something that does',
  );

const redisFields = {
  url: redisUrl.optional(),
  username: userName.optional().describe('ACL user; without it the default user'),
  password_file: file.optional().describe('file whose first line is the password'),
  ca_file: file.optional().describe('PEM of the certification authority, for rediss://'),
  cert_file: file.optional().describe('PEM of a certificate of ours, for a server that asks its clients for one'),
  key_file: file.optional().describe('PEM of its key'),
  cluster: z.boolean().optional().describe('true: the address is one of a Redis Cluster'),
};

const redis = z
  .strictObject({
    ...redisFields,
    prefix: redisPrefix.optional().describe('first part of every key; default pollwatch'),
  })
  .describe('where lines wait and the state is kept; default redis://127.0.0.1:6379/0');

const elasticFields = {
  nodes: z.array(nodeUrl).min(1, 'name at least one node').max(100).optional().describe('addresses of nodes'),
  api_key_file: file.optional().describe('file with the API key, as Elasticsearch encodes it'),
  username: userName.optional(),
  password_file: file.optional().describe('file whose first line is the password'),
  ca_file: file.optional().describe('PEM of the certification authority'),
};

const elasticsearch = z
  .strictObject({
    ...elasticFields,
    prefix: indexPrefix.optional().describe('first part of every index name; default pollwatch'),
  })
  .describe('where alerts go; without it they wait in Redis');

const kibana = z
  .strictObject({
    url: kibanaUrl.optional(),
    api_key_file: file.optional().describe('file with an API key, as Elasticsearch encodes it'),
    username: userName.optional(),
    password_file: file.optional().describe('file whose first line is the password'),
    ca_file: file.optional().describe('PEM of the certification authority'),
  })
  .describe('where `pollwatch setup kibana` makes spaces and dashboards, and `pollwatch ack` tells what was handled');

const organization = z
  .strictObject({
    inventory: file.optional().describe('inventory file of the organisation; relative to this file'),
    id: id.optional().describe('without an inventory: stands in alert ids and index names; do not change it later'),
    name: text.optional().describe('without an inventory: as people say it'),
    key_file: file
      .optional()
      .describe('the secret that hides values and seals lines in transit; else the inventory names it'),
  })
  .describe('whose logs are read: an inventory file, or an id and a name');

const syslog = z.strictObject({
  transport: z
    .enum(['udp', 'tcp', 'tls'])
    .describe('UDP loses lines when it is busy; they are counted where it can be'),
  host: z.string().min(1).max(253).optional().describe('address to listen on; default 127.0.0.1'),
  port,
  cert_file: file.optional().describe('PEM, for tls'),
  key_file: file.optional().describe('PEM, for tls'),
  client_ca_file: file.optional().describe('PEM: only clients with a certificate of this authority may send'),
  peers: z
    .array(
      z.strictObject({
        cidr: cidr.optional(),
        common_name: text.optional().describe("subject CN of the client's certificate"),
        organization: id,
      }),
    )
    .max(10_000)
    .optional()
    .describe('whose lines those of a sender are; the first that fits holds, else `organization`'),
  peers_only: z.boolean().optional().describe('true: who fits none of the peers is turned away; default false'),
});

const redisList = z.strictObject({
  ...redisFields,
  list: z.string().min(1).max(512).describe('list that Filebeat or Logstash pushes JSON documents to'),
});

const elasticIndex = z.strictObject({
  ...elasticFields,
  nodes: elasticFields.nodes.describe('addresses of nodes; without them everything is as in `elasticsearch`'),
  index: z.string().min(1).max(512).describe('index pattern of ECS events, e.g. logs-nginx.access-*'),
});

const origin = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'a name has letters, digits, dots, hyphens and underscores')
      .describe('stands in the state and in what is measured; do not change it later'),
    organization: id.optional().describe('whose lines these are; may be left out where there is only one'),
    format: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'this is no name of a format')
      .optional()
      .describe('see `pollwatch formats`; default auto'),
    timezone: timezone
      .optional()
      .describe('for lines that carry no zone; default what the inventory says of the log, else UTC'),
    asset: assetId.optional().describe('id of the asset in the inventory whose log this is'),
    files: z.array(file).min(1, 'name at least one file').max(1000).optional().describe('files or patterns to follow'),
    stdin: z.literal(true).optional().describe('standard input'),
    syslog: syslog.optional().describe('a listener (RFC 3164, RFC 5424)'),
    redis_list: redisList.optional().describe("Filebeat's or Logstash's Redis output"),
    elasticsearch_index: elasticIndex.optional().describe('ECS events that are in Elasticsearch already'),
  })
  .describe('where lines come from: one of files, stdin, syslog, redis_list, elasticsearch_index');

const work = z
  .strictObject({
    queued_bytes_max: z
      .int()
      .min(4 * 1024 * 1024, 'at least 4 MiB (4194304)')
      .max(1024 ** 4)
      .optional()
      .describe('sealed bytes that may wait per organisation; then files wait and listeners drop and count. 268435456'),
    lateness_seconds: z
      .int()
      .min(0)
      .max(7 * 86_400)
      .optional()
      .describe('how late lines may come by event time. 3600'),
    idle_seconds: z
      .int()
      .min(1)
      .max(7 * 86_400)
      .optional()
      .describe('after so long without lines an origin is waited for no more. 300'),
    evidence_days: z.int().min(1).max(400).optional().describe('how long lines of evidence are kept in Redis. 31'),
    stop_seconds: z.int().min(1).max(600).optional().describe('how long a graceful stop may take. 20'),
    listen: listen.optional(),
  })
  .describe('bounds and times of the workers; the numbers in the texts are the defaults');

/** Name or address of the mail server. */
export const mailServer = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39})$/,
    'write the name or the address of the server, without a port',
  )
  .describe('name or address of your mail server (it relays; mail is never sent to other servers)');
const mailPort = port;
export const mailSecurity = z
  .enum(['starttls', 'implicit', 'none'])
  .describe('starttls (default), implicit = TLS from the first byte, none = only to a server on this machine');
const mailUser = z.string().regex(/^[^\s\p{Cc}]{1,254}$/u, 'a user name has no spaces');

const mail = z
  .strictObject({
    server: mailServer.optional(),
    port: mailPort.optional().describe('default 587 with starttls, 465 with implicit, 25 with none'),
    security: mailSecurity.optional(),
    ca_file: file.optional().describe('PEM of the certification authority; without it those of the system'),
    server_name: mailServer
      .optional()
      .describe('name in the certificate of the server, where it differs from `server`'),
    auth: z
      .enum(['none', 'plain', 'login', 'xoauth2'])
      .optional()
      .describe('how to log in; default xoauth2 with token_file, plain with a username, else none'),
    username: mailUser.optional(),
    password_file: file.optional().describe('file whose first line is the password; read again when it changes'),
    token_file: file
      .optional()
      .describe('file whose first line is an OAuth 2 access token; read again when it changes'),
    from: email
      .optional()
      .describe('address that mails come from; your domain must let the server send for it (SPF, DKIM)'),
    details_url: detailsUrl.optional().describe('for organizations whose inventory names none'),
    test_recipient: email.optional().describe('test mode: every mail goes to this address and nowhere else'),
  })
  .describe('how people are told; without it nobody is mailed');

/** Mail addresses of the environment. */
export const mailAddress = email;

const days = z.int().min(1, 'at least a day').max(3650, 'at most ten years');

const retention = z
  .strictObject({
    alerts_days: days.optional().describe('alerts. 400'),
    sources_days: days.optional().describe('sources that matched a rule or have an alert. 400'),
    quiet_sources_days: days.optional().describe('people who only used the site: keyed hash and network. 90'),
    summaries_days: days.optional().describe("an organization's daily summary. 400"),
    refused_days: days.optional().describe('shapes of lines that could not be read. 90'),
    health_days: days.optional().describe('how well the installation worked, every five minutes. 30'),
  })
  .describe('how long `pollwatch retention` keeps what stands in Elasticsearch; the numbers are the defaults');

/** The whole file. */
export const installationSchema = z
  .strictObject({
    version: z.literal(1, 'this program reads version 1').describe('of this file format'),
    redis: redis.optional(),
    elasticsearch: elasticsearch.optional(),
    kibana: kibana.optional(),
    organizations: z
      .array(organization)
      .min(1, 'name at least one')
      .max(4000)
      .optional()
      .describe('default: one, called "your office", with the id local'),
    rules: z.array(file).max(100).optional().describe('Sigma rules of yours: files or folders; relative to this file'),
    origins: z.array(origin).max(4000).optional().describe('what `pollwatch ingest` reads'),
    mail: mail.optional(),
    work: work.optional(),
    retention: retention.optional(),
  })
  .describe('An always-on installation of pollwatch: queue, workers, Elasticsearch. `analyze` does not need it.');

/** The file as it stands. */
export type InstallationFile = z.infer<typeof installationSchema>;

/** The JSON Schema of the installation file, as published in config/schema/installation.schema.json. */
export function installationJsonSchema(): unknown {
  return { ...z.toJSONSchema(installationSchema), title: 'pollwatch installation' };
}

function addressCheck(protocols: readonly string[], path: RegExp, example: string) {
  return (written: string, context: z.RefinementCtx): void => {
    const fail = (message: string, hint: string): void =>
      context.addIssue({ code: 'custom', message, params: { code: 'PW-CONFIG-ADDRESS', hint } });
    const url = URL.parse(written);
    if (url === null || !protocols.includes(url.protocol) || url.hostname === '') {
      fail('this is no address', `write it like ${example}`);
    } else if (url.username !== '' || url.password !== '') {
      fail('an address holds no user and no password', 'write username and password_file (api_key_file) instead');
    } else if (!path.test(url.pathname) || url.search !== '' || url.hash !== '') {
      fail('there is more in this address than can be used', `write it like ${example}`);
    }
  };
}
