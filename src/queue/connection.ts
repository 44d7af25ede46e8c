/**
 * Connections to Redis: one server or a cluster, with TLS and ACL user. They reconnect by themselves; a command that
 * could not be sent within some twenty attempts throws, and whoever sent it tries again or gives the job back.
 *
 * Reference: https://redis.github.io/ioredis/, https://docs.bullmq.io/guide/connections
 */
import { isIP } from 'node:net';
import { Cluster, Redis, ReplyError } from 'ioredis';
import type { RedisSettings } from '../model/installation.ts';

/** How often a command is tried over new connections before it throws; with the delays below about half a minute. */
const COMMAND_RETRIES = 20;
/** Longest pause between two attempts to connect, ms. */
const RECONNECT_MS_MAX = 2000;

/** Gets errors of connections: ECONNREFUSED while Redis restarts. Nothing is lost by them, commands tell their own. */
export type ReportError = (error: Error) => void;

/**
 * Connects. "blocking" is for workers that wait for jobs: their commands wait for Redis for ever, as BullMQ demands.
 * Throws a TypeError when the URL is none.
 */
export function connect(
  settings: RedisSettings,
  use: 'commands' | 'blocking',
  report: ReportError = () => undefined,
): Redis | Cluster {
  const url = new URL(settings.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 6379 : Number(url.port);
  const options = {
    maxRetriesPerRequest: use === 'blocking' ? null : COMMAND_RETRIES,
    enableReadyCheck: true,
    connectTimeout: 10_000,
    ...(settings.username === null ? {} : { username: settings.username }),
    ...(settings.password === null ? {} : { password: settings.password }),
    ...(url.protocol === 'rediss:'
      ? {
          tls: {
            ...(settings.ca === null ? {} : { ca: settings.ca }),
            ...settings.client,
            ...(isIP(host) === 0 ? { servername: host } : {}),
          },
        }
      : {}),
  };
  const redis = settings.cluster
    ? new Cluster([{ host, port }], { redisOptions: options, clusterRetryStrategy: pause, slotsRefreshTimeout: 5000 })
    : new Redis({ ...options, host, port, db: Number(url.pathname.slice(1) || 0), retryStrategy: pause });
  redis.on('error', report);
  if (redis instanceof Cluster) redis.on('node error', report);
  return redis;
}

/** First words of answers by which a server says that it cannot now: it loads, fails over, has no memory, disk or replica. */
const NOT_NOW = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|OOM|BUSY)\b/;
/** Whether an error says that there is no connection: who keeps one tells that once for all of the process. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return error.message.startsWith('LOADING');
  return isRefusal(error) || AWAY_CODES.includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Errors of the library about connections, and of the system. */
const CONNECTION_ERRORS = ['AbortError', 'MaxRetriesPerRequestError', 'ClusterAllFailedError'];
const AWAY_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH'];

/** What the server says of a right that its user lacks; null of any other error. */
export function missingRight(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  if (/\bNOPERM\b/.test(error.message)) return error.message;
  // of a transaction that was broken off, why it was
  const { previousErrors = [] } = error as { previousErrors?: readonly unknown[] };
  return previousErrors.map(missingRight).find((told) => told !== null) ?? null;
}

/** Whether an error says that Redis is away or cannot now, and nothing about what it was asked. */
export function isRefusal(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return NOT_NOW.test(error.message);
  return CONNECTION_ERRORS.includes(error.name) || error.message === 'Connection is closed.';
}

function pause(attempt: number): number {
  return Math.min(50 * attempt, RECONNECT_MS_MAX);
}

/**
 * The library hangs the whole command on its errors, the password of a login and the lines of a chunk among its
 * arguments. Whoever logs an error of ours gets the name of the command and no more.
 */
Object.defineProperty(Object.getPrototypeOf((ReplyError as { prototype: Error }).prototype), 'command', {
  configurable: true,
  set(this: Error, command: { name: string }) {
    Object.defineProperty(this, 'command', { value: { name: command.name }, enumerable: true, configurable: true });
  },
});
