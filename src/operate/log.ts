/**
 * The log of workers: one JSON object per line in ECS names, to standard error. It says what the program does and never
 * holds a line of a log that is read, nor a secret: values of fields that are called like secrets are left out, errors are
 * cut down to what they say, and the secrets of the installation are replaced wherever they stand.
 *   {"@timestamp":"2026-11-03T20:14:05.120Z","log.level":"info","message":"chunk applied","organization.id":"us-xx-a"}
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Installation } from '../model/installation.ts';
import type { LogLevel, WorkerHooks } from '../model/worker.ts';

/** Fields that never have a value in the log, at the top and one level down. */
const SECRET_FIELDS = ['password', 'apiKey', 'api_key', 'secret', 'token', 'authorization', 'headers', 'auth'];
/** Shorter texts are no secrets: replacing them would garble everything. */
const SECRET_LENGTH_MIN = 4;
const CENSOR = '[secret]';
/** Longest message and stack of an error, in characters. */
const ERROR_LENGTH_MAX = 2000;

/** What a log needs to know. */
export interface LogSettings {
  readonly level: LogLevel | 'silent';
  /** texts that must not appear, as `secretsOf` finds them */
  readonly secrets: readonly string[];
  /** default: standard error */
  readonly stream?: DestinationStream;
}

/** The log of a process. */
export interface ProcessLog {
  readonly log: WorkerHooks['log'];
  /** Writes what is still held back. */
  readonly flush: () => void;
}

/** Opens the log. Lines leave the process at once: who is killed has said what it did. */
export function createLog({ level, secrets, stream }: LogSettings): ProcessLog {
  const hidden = [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN);
  const forms = hidden.flatMap((secret) => [JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  const logger: Logger = pino(
    {
      level,
      base: { 'process.pid': process.pid, 'service.name': 'pollwatch' },
      messageKey: 'message',
      errorKey: 'error',
      timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ 'log.level': label }) },
      serializers: { error: errorFields },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: CENSOR },
      hooks: { streamWrite: (line) => forms.reduce((text, secret) => text.replaceAll(secret, CENSOR), line) },
    },
    stream ?? pino.destination({ dest: 2, sync: true }),
  );
  return {
    log(at: LogLevel, message, fields = {}) {
      const { organization, ...others } = fields;
      logger[at]({ ...(organization === undefined ? {} : { 'organization.id': organization }), ...others }, message);
    },
    flush: () => logger.flush(),
  };
}

/** Every secret that an installation holds, for `createLog`: passwords, API keys, private keys, secrets as text. */
export function secretsOf(installation: Installation): string[] {
  const { redis, elasticsearch, mail, kibana, tenants, origins } = installation;
  const found: (string | null | undefined)[] = [
    redis.password,
    redis.client?.key,
    elasticsearch?.apiKey,
    elasticsearch?.password,
  ];
  found.push(kibana?.apiKey, kibana?.password);
  const logIn = mail?.smtp.auth;
  if (logIn?.method === 'plain' || logIn?.method === 'login') found.push(logIn.password);
  if (logIn?.method === 'xoauth2') found.push(logIn.accessToken);
  for (const { secret } of tenants.values()) {
    const bytes = Buffer.from(secret);
    found.push(bytes.toString('hex'), bytes.toString('base64'), bytes.toString('latin1'));
  }
  for (const origin of origins) {
    if (origin.kind === 'redis-list') found.push(origin.redis.password, origin.redis.client?.key);
    if (origin.kind === 'elasticsearch') found.push(origin.elasticsearch.apiKey, origin.elasticsearch.password);
    if (origin.kind === 'syslog') found.push(origin.tls?.key);
  }
  return found.filter((secret): secret is string => typeof secret === 'string');
}

/**
 * What an error says, and nothing that hangs on it: clients of servers keep commands, requests and headers there.
 */
function errorFields(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { message: String(error).slice(0, ERROR_LENGTH_MAX) };
  const { code } = error as NodeJS.ErrnoException;
  const { cause } = error;
  return {
    type: error.name,
    message: error.message.slice(0, ERROR_LENGTH_MAX),
    ...(typeof code === 'string' ? { code } : {}),
    stack_trace: (error.stack ?? '').slice(0, ERROR_LENGTH_MAX),
    ...(cause instanceof Error ? { cause: cause.message.slice(0, ERROR_LENGTH_MAX) } : {}),
  };
}
