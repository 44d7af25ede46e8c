/**
 * Whether a Redis can be trusted with lines and state: its version, that it keeps what it has (append-only file), never
 * throws keys away to make room, has a bound of memory, tells the same time as this machine, and lets this user do what
 * the workers do. For `pollwatch doctor`.
 */
import { missingRight } from '../queue/connection.ts';
import type { QueueStore } from '../queue/store.ts';
import { missingRights, rightsCommand } from './redis-rights.ts';

/** One thing that was looked at. */
export interface ServerFinding {
  /** bad: it will lose data or not work; look: it may */
  readonly state: 'ok' | 'look' | 'bad';
  readonly what: string;
  /** what to do, when it is not well */
  readonly fix?: string;
}

/** Scripts use flags of Redis 7.0. */
const OLDEST = [7, 0] as const;
/** Clocks that differ by more confuse whoever reads when something was committed, ms. */
const SKEW_MS = 5000;
/**
 * Looks at the server that a store is connected to; rights come first, for without them nothing else can be asked. Throws
 * what the connection throws.
 */
export async function redisFindings(store: QueueStore, nowMs: () => number = Date.now): Promise<ServerFinding[]> {
  const rights = await rightsFindings(store);
  try {
    return [...(await serverFindings(store, nowMs)), ...rights];
  } catch (cause) {
    // it stands among the rights that are missing
    if (missingRight(cause) === null || rights.every(({ state }) => state === 'ok')) throw cause;
    return rights;
  }
}

async function serverFindings(store: QueueStore, nowMs: () => number): Promise<ServerFinding[]> {
  const server = infoOf(await ask(store, 'INFO', 'server'));
  const memory = infoOf(await ask(store, 'INFO', 'memory'));
  const persistence = infoOf(await ask(store, 'INFO', 'persistence'));
  return [
    versionFinding(server.get('redis_version') ?? '', server.get('valkey_version')),
    await persistenceFinding(store, persistence),
    evictionFinding(memory.get('maxmemory_policy') ?? 'unknown'),
    memoryFinding(memory),
    await clockFinding(store, nowMs),
  ];
}

function versionFinding(redis: string, valkey: string | undefined): ServerFinding {
  const what = valkey === undefined ? `Redis ${redis}` : `Valkey ${valkey} (as Redis ${redis})`;
  const [major = 0, minor = 0] = redis.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return { state: 'ok', what };
  return { state: 'bad', what, fix: `${OLDEST.join('.')} or newer is needed: upgrade the server` };
}

async function persistenceFinding(store: QueueStore, info: ReadonlyMap<string, string>): Promise<ServerFinding> {
  const on = 'redis-cli config set appendonly yes, and appendonly yes in redis.conf';
  if (info.get('aof_enabled') !== '1') {
    const what = 'Redis keeps nothing on disk (appendonly no): when it ends, lines and state are gone';
    return { state: 'bad', what, fix: on };
  }
  if (info.get('aof_last_write_status') === 'err') {
    return { state: 'bad', what: 'Redis could not write its append-only file', fix: 'look at its disk and its log' };
  }
  const fsync = await configOf(store, 'appendfsync');
  if (fsync === 'no') {
    const what = 'Redis leaves it to the system when its append-only file reaches the disk (appendfsync no)';
    return { state: 'look', what, fix: 'appendfsync everysec: a power cut then loses at most a second' };
  }
  return { state: 'ok', what: `Redis keeps an append-only file${fsync === null ? '' : `, appendfsync ${fsync}`}` };
}

function evictionFinding(policy: string): ServerFinding {
  if (policy === 'noeviction') return { state: 'ok', what: 'Redis never throws keys away (noeviction)' };
  const what = `Redis throws keys away when its memory is full (maxmemory-policy ${policy}): lines and state would be lost`;
  return { state: 'bad', what, fix: 'redis-cli config set maxmemory-policy noeviction, and the same in redis.conf' };
}

function memoryFinding(info: ReadonlyMap<string, string>): ServerFinding {
  const used = Number(info.get('used_memory') ?? 0);
  const most = Number(info.get('maxmemory') ?? 0);
  const usedText = `${Math.ceil(used / 1024 ** 2)} MiB used`;
  if (most === 0) {
    return {
      state: 'look',
      what: `Redis has no bound of memory (${usedText}): when the machine has none left, the system ends it`,
      fix: 'set maxmemory to what the machine can spare; at the bound logs wait instead',
    };
  }
  const share = used / most;
  const what = `Redis: ${usedText} of ${Math.floor(most / 1024 ** 2)} MiB`;
  if (share < 0.8) return { state: 'ok', what };
  if (share >= 1) return { state: 'bad', what: `${what}: it is full, and logs wait`, fix: MORE_MEMORY };
  return { state: 'look', what, fix: MORE_MEMORY };
}

const MORE_MEMORY = 'raise maxmemory, start more workers, or lower work.queued_bytes_max';

async function clockFinding(store: QueueStore, nowMs: () => number): Promise<ServerFinding> {
  const before = nowMs();
  const [seconds, micros] = await store.redis.time();
  const after = nowMs();
  const theirs = Number(seconds) * 1000 + Number(micros) / 1000;
  // within the time that the question took nothing can be said
  const skewMs = theirs < before ? before - theirs : Math.max(0, theirs - after);
  const what = `clocks of Redis and of this machine differ by ${(skewMs / 1000).toFixed(1)} s`;
  return skewMs <= SKEW_MS ? { state: 'ok', what } : { state: 'look', what, fix: 'let NTP set the clocks of both' };
}

async function rightsFindings(store: QueueStore): Promise<ServerFinding[]> {
  let user: string;
  try {
    user = String(await ask(store, 'ACL', 'WHOAMI'));
  } catch (cause) {
    if (missingRight(cause) === null) throw cause;
    const what = 'what this user of Redis may do cannot be asked (it lacks acl|whoami)';
    return [{ state: 'look', what, fix: rightsCommand('USER', store.prefix) }];
  }
  const missing = await missingRights(store, user);
  const named = `user "${user}" of Redis`;
  const fix = rightsCommand(user, store.prefix);
  if (missing === null)
    return [{ state: 'look', what: `what ${named} may do cannot be asked (it lacks acl|dryrun)`, fix }];
  if (missing.length === 0) return [{ state: 'ok', what: `${named} may do what the workers do` }];
  const what = `${named} may not do everything that the workers do: ${missing.join(', ')}`;
  return [{ state: 'bad', what, fix }];
}

async function configOf(store: QueueStore, name: string): Promise<string | null> {
  try {
    const answer = await ask(store, 'CONFIG', 'GET', name);
    return Array.isArray(answer) ? String(answer[1] ?? '') : null;
  } catch {
    // hosted servers refuse CONFIG; what INFO says must do
    return null;
  }
}

function ask(store: QueueStore, command: string, ...args: string[]): Promise<unknown> {
  return store.redis.call(command, ...args);
}

function infoOf(text: unknown): Map<string, string> {
  const pairs = String(text)
    .split(/\r?\n/)
    .filter((line) => line.includes(':') && !line.startsWith('#'))
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]);
  return new Map(pairs);
}
