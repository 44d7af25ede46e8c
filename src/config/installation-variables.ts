/**
 * What the environment says of an always-on installation: it wins over the file, so that one file serves many machines and
 * secrets need stand in none. Each value is checked like the field that it replaces.
 *   POLLWATCH_REDIS_URL=rediss://redis.example.gov:6380/0  →  redis.url
 */
import type { z } from 'zod';
import type { Problem } from '../model/problem.ts';
import {
  indexPrefix,
  kibanaUrl,
  listen,
  mailAddress,
  mailSecurity,
  mailServer,
  nodeUrl,
  redisPrefix,
  redisUrl,
} from './installation-schema.ts';
import { nearest } from './nearest.ts';
import { VARIABLES } from './variable-names.ts';

/** Values of the environment that stand for fields of the file; undefined = not given. */
export interface InstallationVariables {
  readonly redis: {
    readonly url: string | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly passwordFile: string | undefined;
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    readonly cluster: boolean | undefined;
    readonly prefix: string | undefined;
  };
  readonly elasticsearch: {
    readonly nodes: readonly string[] | undefined;
    readonly apiKey: string | undefined;
    readonly apiKeyFile: string | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly passwordFile: string | undefined;
    readonly caFile: string | undefined;
    readonly prefix: string | undefined;
  };
  readonly kibana: {
    readonly url: string | undefined;
    readonly apiKey: string | undefined;
    readonly apiKeyFile: string | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly passwordFile: string | undefined;
    readonly caFile: string | undefined;
  };
  /** who sets Elasticsearch up, when it is not who writes alerts */
  readonly setup: {
    readonly apiKey: string | undefined;
    readonly apiKeyFile: string | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly passwordFile: string | undefined;
  };
  readonly mail: {
    readonly server: string | undefined;
    readonly port: number | undefined;
    readonly security: string | undefined;
    readonly caFile: string | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly passwordFile: string | undefined;
    readonly token: string | undefined;
    readonly tokenFile: string | undefined;
    readonly from: string | undefined;
    readonly testRecipient: string | undefined;
  };
  readonly listen: string | undefined;
}

/** Groups whose misspelt members are told; other variables that begin with POLLWATCH_ are nobody's business. */
const GROUPS = /^POLLWATCH_(REDIS|ELASTICSEARCH|MAIL|KIBANA)_/;

/** Reads and checks the variables; what is wrong is left out and added to `problems`, which never show a value. */
export function readVariables(env: NodeJS.ProcessEnv, problems: Problem[]): InstallationVariables {
  for (const name of Object.keys(env)) {
    if (!GROUPS.test(name) || (VARIABLES as readonly string[]).includes(name)) continue;
    const near = nearest(name, VARIABLES);
    problems.push({
      code: 'PW-CONFIG-VARIABLE',
      message: `there is no variable ${name}`,
      hint: near === null ? 'pollwatch work --help lists them' : `did you mean ${near}?`,
    });
  }
  const read = (name: (typeof VARIABLES)[number]): string | undefined => {
    const value = env[name];
    return value === undefined || value === '' ? undefined : value;
  };
  const checked = (name: (typeof VARIABLES)[number], schema: z.ZodType<string>): string | undefined => {
    const value = read(name);
    const wrong = value === undefined ? [] : wrongWith(name, value, schema);
    problems.push(...wrong);
    return wrong.length > 0 ? undefined : value;
  };
  const cluster = read('POLLWATCH_REDIS_CLUSTER');
  if (cluster !== undefined && cluster !== 'true' && cluster !== 'false') {
    problems.push({
      code: 'PW-CONFIG-VARIABLE',
      message: 'POLLWATCH_REDIS_CLUSTER is neither true nor false',
      hint: 'write true when POLLWATCH_REDIS_URL is an address of a Redis Cluster',
    });
  }
  const port = read('POLLWATCH_MAIL_PORT');
  const isPort = port !== undefined && /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535;
  if (port !== undefined && !isPort) {
    problems.push({
      code: 'PW-CONFIG-VARIABLE',
      message: 'POLLWATCH_MAIL_PORT: a port is 1 to 65535',
      hint: '587 for starttls, 465 for implicit',
    });
  }
  const nodes = read('POLLWATCH_ELASTICSEARCH_URL')
    ?.split(',')
    .map((node) => node.trim());
  const wrongNodes = (nodes ?? []).flatMap((node) => wrongWith('POLLWATCH_ELASTICSEARCH_URL', node, nodeUrl));
  problems.push(...wrongNodes);
  return {
    redis: {
      url: checked('POLLWATCH_REDIS_URL', redisUrl),
      username: read('POLLWATCH_REDIS_USERNAME'),
      password: read('POLLWATCH_REDIS_PASSWORD'),
      passwordFile: read('POLLWATCH_REDIS_PASSWORD_FILE'),
      caFile: read('POLLWATCH_REDIS_CA_FILE'),
      certFile: read('POLLWATCH_REDIS_CERT_FILE'),
      keyFile: read('POLLWATCH_REDIS_KEY_FILE'),
      cluster: cluster === undefined ? undefined : cluster === 'true',
      prefix: checked('POLLWATCH_REDIS_PREFIX', redisPrefix),
    },
    elasticsearch: {
      nodes: wrongNodes.length > 0 ? undefined : nodes,
      apiKey: read('POLLWATCH_ELASTICSEARCH_API_KEY'),
      apiKeyFile: read('POLLWATCH_ELASTICSEARCH_API_KEY_FILE'),
      username: read('POLLWATCH_ELASTICSEARCH_USERNAME'),
      password: read('POLLWATCH_ELASTICSEARCH_PASSWORD'),
      passwordFile: read('POLLWATCH_ELASTICSEARCH_PASSWORD_FILE'),
      caFile: read('POLLWATCH_ELASTICSEARCH_CA_FILE'),
      prefix: checked('POLLWATCH_ELASTICSEARCH_PREFIX', indexPrefix),
    },
    kibana: {
      url: checked('POLLWATCH_KIBANA_URL', kibanaUrl),
      apiKey: read('POLLWATCH_KIBANA_API_KEY'),
      apiKeyFile: read('POLLWATCH_KIBANA_API_KEY_FILE'),
      username: read('POLLWATCH_KIBANA_USERNAME'),
      password: read('POLLWATCH_KIBANA_PASSWORD'),
      passwordFile: read('POLLWATCH_KIBANA_PASSWORD_FILE'),
      caFile: read('POLLWATCH_KIBANA_CA_FILE'),
    },
    setup: {
      apiKey: read('POLLWATCH_ELASTICSEARCH_SETUP_API_KEY'),
      apiKeyFile: read('POLLWATCH_ELASTICSEARCH_SETUP_API_KEY_FILE'),
      username: read('POLLWATCH_ELASTICSEARCH_SETUP_USERNAME'),
      password: read('POLLWATCH_ELASTICSEARCH_SETUP_PASSWORD'),
      passwordFile: read('POLLWATCH_ELASTICSEARCH_SETUP_PASSWORD_FILE'),
    },
    mail: {
      server: checked('POLLWATCH_MAIL_SERVER', mailServer),
      port: isPort ? Number(port) : undefined,
      security: checked('POLLWATCH_MAIL_SECURITY', mailSecurity),
      caFile: read('POLLWATCH_MAIL_CA_FILE'),
      username: read('POLLWATCH_MAIL_USERNAME'),
      password: read('POLLWATCH_MAIL_PASSWORD'),
      passwordFile: read('POLLWATCH_MAIL_PASSWORD_FILE'),
      token: read('POLLWATCH_MAIL_TOKEN'),
      tokenFile: read('POLLWATCH_MAIL_TOKEN_FILE'),
      from: checked('POLLWATCH_MAIL_FROM', mailAddress),
      testRecipient: checked('POLLWATCH_MAIL_TEST_RECIPIENT', mailAddress),
    },
    listen: checked('POLLWATCH_LISTEN', listen),
  };
}

function wrongWith(name: string, value: string, schema: z.ZodType<string>): Problem[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  return result.error.issues.map((issue) => {
    const { code, hint } = issue.code === 'custom' ? (issue.params ?? {}) : {};
    return {
      code: typeof code === 'string' ? code : 'PW-CONFIG-VARIABLE',
      message: `${name}: ${issue.message}`,
      hint: typeof hint === 'string' ? hint : 'config/pollwatch.example.yaml shows how it is written',
    };
  });
}
