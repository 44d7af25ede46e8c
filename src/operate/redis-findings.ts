/**
 * Whether a Redis can be trusted with lines and state: its version, that it keeps what it has (append-only file), never
 * throws keys away to make room, has a bound of memory, tells the same time as this machine, and lets this user do what
 * the workers do. For `pollwatch doctor`.
 */
import type { QueueStore } from '../queue/store.ts';

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
/** One command of each kind that the workers use; the others are in the same categories. */
const COMMANDS = ['EVALSHA', 'SCRIPT|LOAD', 'MULTI', 'RPUSH', 'HSET', 'SETBIT', 'ZADD', 'XADD', 'BZPOPMIN', 'PUBLISH'];

/** Looks at the server that a store is connected to. Throws what the connection throws. */
export async function redisFindings(store: QueueStore, nowMs: () => number = Date.now): Promise<ServerFinding[]> {
  const server = infoOf(await ask(store, 'INFO', 'server'));
  const memory = infoOf(await ask(store, 'INFO', 'memory'));
  const persistence = infoOf(await ask(store, 'INFO', 'persistence'));
  return [
    versionFinding(server.get('redis_version') ?? '', server.get('valkey_version')),
    await persistenceFinding(store, persistence),
    evictionFinding(memory.get('maxmemory_policy') ?? 'unknown'),
    memoryFinding(memory),
    await clockFinding(store, nowMs),
    ...(await rightsFindings(store)),
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
  return { state: 'look', what, fix: 'raise maxmemory, start more workers, or lower work.queued_bytes_max' };
}

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
    return [{ state: 'look', what: `what this user of Redis may do cannot be asked (${messageOf(cause)})` }];
  }
  const refused: string[] = [];
  for (const command of COMMANDS) {
    try {
      // runs nothing; says whether it could
      const answer = String(await ask(store, 'ACL', 'DRYRUN', user, ...sampleOf(command, store.prefix)));
      if (answer !== 'OK') refused.push(command);
    } catch (cause) {
      const message = messageOf(cause);
      // a user without rights for ACL itself is told nothing; the workers will be
      if (/NOPERM/.test(message))
        return [{ state: 'ok', what: `user "${user}" of Redis (its rights cannot be asked)` }];
      refused.push(command);
    }
  }
  if (refused.length === 0) return [{ state: 'ok', what: `user "${user}" of Redis may do what the workers do` }];
  return [
    {
      state: 'bad',
      what: `user "${user}" of Redis may not do everything that the workers do: ${refused.join(', ')}`,
      fix: `redis-cli acl setuser ${user} ${rightsOf(store.prefix)
        .map((right) => (/^[-+]/.test(right) ? right : `'${right}'`))
        .join(' ')}`,
    },
  ];
}

/** What a user of the workers needs, as ACL SETUSER takes it: its keys, and no command that reaches beyond them. */
export function rightsOf(prefix: string): string[] {
  return ['on', `~${prefix}:*`, `~{${prefix}:*`, '&*', '+@all', '-@dangerous', '+info', '+acl|whoami', '+acl|dryrun'];
}

/** A command with arguments as a worker would send it. */
function sampleOf(command: string, prefix: string): string[] {
  const key = `${prefix}:{doctor}:x`;
  const samples: Readonly<Record<string, string[]>> = {
    EVALSHA: ['EVALSHA', '0'.repeat(40), '1', key],
    'SCRIPT|LOAD': ['SCRIPT', 'LOAD', 'return 1'],
    MULTI: ['MULTI'],
    RPUSH: ['RPUSH', key, 'x'],
    HSET: ['HSET', key, 'x', 'x'],
    SETBIT: ['SETBIT', key, '0', '1'],
    ZADD: ['ZADD', key, '0', 'x'],
    XADD: ['XADD', `{${prefix}:jobs}:analyze:events`, '*', 'x', 'x'],
    BZPOPMIN: ['BZPOPMIN', `{${prefix}:jobs}:analyze:marker`, '1'],
    PUBLISH: ['PUBLISH', 'x', 'x'],
  };
  return samples[command]!;
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

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
