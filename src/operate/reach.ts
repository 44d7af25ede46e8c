/**
 * Reaches Redis before a command begins, so that a wrong address, password or certificate is told in a line with what to
 * do, instead of half a minute of silent attempts.
 */
import { connectionFault } from '../model/connection-fault.ts';
import type { RedisSettings } from '../model/installation.ts';
import { OperatorError } from '../model/problem.ts';
import type { WorkerHooks } from '../model/worker.ts';
import { missingRight } from '../queue/connection.ts';
import { openStore, type QueueStore } from '../queue/store.ts';

/** How long a server may take to answer for the first time, ms: a person waits, or servers are starting together. */
export const REACH_MS = { person: 3000, worker: 20_000 } as const;

/**
 * Tells when the connection of a store is lost, once, and when it is back: it is tried many times a second meanwhile, and
 * by every client of the process.
 */
export function tellOutages({ redis }: QueueStore, log: WorkerHooks['log']): void {
  let awaySinceMs: number | null = null;
  redis.on('ready', () => {
    if (awaySinceMs === null) return;
    log('info', 'Redis is back', { 'redis.away_s': Math.round((performance.now() - awaySinceMs) / 1000) });
    awaySinceMs = null;
  });
  redis.on('error', (error: Error) => {
    if (awaySinceMs !== null) return;
    awaySinceMs = performance.now();
    log('warn', 'Redis is away; what is in hand waits for it', { reason: reasonOf(error) });
  });
}

/** What a server says that a person must change, and no waiting will. */
const DENIED = /WRONGPASS|NOAUTH|NOPERM|invalid password|certificate|self.signed|unable to verify|handshake failure/i;

/** Opens the store once Redis answers. Throws an OperatorError when it does not answer in time or refuses. */
export async function reachStore(settings: RedisSettings, reachMs: number = REACH_MS.person): Promise<QueueStore> {
  let last: Error | null = null;
  let onDenied: (error: Error) => void = () => undefined;
  const denied = new Promise<never>((_, reject) => {
    onDenied = reject;
  });
  denied.catch(() => undefined);
  const store = openStore(settings, (error) => {
    last = error;
    if (DENIED.test(error.message)) onDenied(error);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(last ?? new Error(`no answer within ${reachMs / 1000} s`)), reachMs);
  });
  try {
    await Promise.race([store.redis.ping(), denied, late]);
    return store;
  } catch (cause) {
    store.redis.disconnect();
    throw unreachable(settings, last ?? (cause as Error), cause);
  } finally {
    clearTimeout(timer);
  }
}

/** "ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:6379" */
function reasonOf(fault: Error): string {
  const code = (fault as NodeJS.ErrnoException).code ?? '';
  return `${code}${code !== '' && fault.message !== '' ? ': ' : ''}${fault.message}` || fault.name;
}

function unreachable(settings: RedisSettings, fault: Error, cause: unknown): OperatorError {
  const { said: reason, hint } = connectionFault(reasonOf(fault), settings.url, 'redis');
  const isDenied = DENIED.test(reason);
  return new OperatorError(
    [
      {
        code: isDenied ? 'PW-REDIS-DENIED' : 'PW-REDIS-UNREACHABLE',
        message: `Redis at ${settings.url} ${isDenied ? 'refuses' : 'does not answer'} (${reason})`,
        hint: hint ?? (isDenied ? deniedHint(reason) : AWAY_HINT),
      },
    ],
    { cause },
  );
}

/** The OperatorError of an answer that says that the user of Redis may not do what was asked; null of any other error. */
export function withoutRights({ url }: RedisSettings, error: unknown): OperatorError | null {
  const told = missingRight(error);
  if (told === null) return null;
  const message = `Redis at ${url} refuses (${told})`;
  return new OperatorError([{ code: 'PW-REDIS-DENIED', message, hint: RIGHTS_HINT }], { cause: error });
}

const RIGHTS_HINT =
  'the user of Redis needs more rights: `pollwatch doctor` says which, and the command that gives them';

function deniedHint(reason: string): string {
  if (/NOPERM/.test(reason)) return RIGHTS_HINT;
  return 'check redis.username and redis.password_file, or POLLWATCH_REDIS_USERNAME and POLLWATCH_REDIS_PASSWORD[_FILE]';
}

const AWAY_HINT = 'start it (redis-server --appendonly yes), or name its address: redis.url or POLLWATCH_REDIS_URL';
