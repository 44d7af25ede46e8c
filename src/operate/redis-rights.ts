/**
 * What a user of Redis must be allowed for the workers: which commands they and the library of the queues send, alone and
 * from scripts, and the least rights that hold them. For `pollwatch doctor`, and for whoever makes that user.
 *
 *   prefix "pollwatch" → on resetkeys ~pollwatch:* ~{pollwatch:* … -@all +@read +@write …
 *
 * Reference: https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
import type { QueueStore } from '../queue/store.ts';

/**
 * Each command as a worker would send it. K = a key of an organisation, J = one of the job queues; a test holds the list to
 * what a server saw.
 */
const SAMPLES = [
  ...['PING', 'TIME', 'INFO server', 'CLIENT SETNAME x', 'MULTI', 'EXEC', 'EVAL x 1 K', 'EVALSHA 0 1 K'],
  ...[
    'SCRIPT EXISTS 0',
    'SCRIPT LOAD x',
    'DEL K',
    'UNLINK K',
    'EXISTS K',
    'TYPE J',
    'PEXPIRE K 1',
    'PTTL K',
    'PERSIST J',
  ],
  ...['GET K', 'SET K x', 'STRLEN K', 'GETRANGE K 0 1', 'INCR K', 'INCRBY K 1', 'DECRBY K 1'],
  ...['GETBIT K 0', 'SETBIT K 0 1', 'BITCOUNT K'],
  ...['HGET K f', 'HMGET K f', 'HGETALL K', 'HLEN K', 'HSTRLEN K f', 'HEXISTS K f', 'HSCAN K 0'],
  ...['HSET K f x', 'HMSET J f x', 'HSETNX K f x', 'HINCRBY K f 1', 'HDEL K f'],
  ...[
    'LLEN K',
    'LRANGE K 0 1',
    'LINDEX K 0',
    'LPOS J x',
    'LPUSH J x',
    'RPUSH K x',
    'LPOP K',
    'LSET K 0 x',
    'LREM J 0 x',
  ],
  ...['LTRIM K 0 1', 'RPOPLPUSH J J', 'SADD K x', 'SREM J x', 'SMEMBERS K', 'SISMEMBER J x', 'SCARD J'],
  ...['ZADD K 0 x', 'ZREM K x', 'ZCARD K', 'ZCOUNT K 0 1', 'ZSCORE K x', 'ZRANGE K 0 1', 'ZRANGEBYSCORE K 0 1'],
  ...['ZRANGEBYLEX J - +', 'ZREVRANGE J 0 1', 'ZREVRANGEBYSCORE J 1 0', 'ZREMRANGEBYSCORE K 0 1', 'ZPOPMIN J'],
  ...['BZPOPMIN J 1', 'XADD J * f x', 'XTRIM J MAXLEN 1'],
];

/** Names as the server counts them: "hset", "script|load". */
export const USED_COMMANDS: readonly string[] = SAMPLES.map((sample) => {
  const [name = '', sub = ''] = sample.toLowerCase().split(' ');
  return name === 'client' || name === 'script' ? `${name}|${sub}` : name;
});

/** What a user of the workers needs, as ACL SETUSER takes it: its keys, and no command that reaches beyond them. */
export function rightsOf(prefix: string): string[] {
  const keys = ['resetkeys', `~${prefix}:*`, `~{${prefix}:*`, 'resetchannels'];
  // categories, so that a newer version of the queues' library finds what it needs; without what is not about one key
  const kinds = ['-@all', '+@read', '+@write', '+@connection', '+@transaction', '-@dangerous'];
  const beyond = ['-function', '-scan', '-randomkey', '-dbsize'];
  const single = ['+eval', '+evalsha', '+script|exists', '+script|load', '+time', '+info'];
  const cluster = ['+cluster|slots', '+cluster|info'];
  return ['on', ...keys, ...kinds, ...beyond, ...single, ...cluster, '+acl|whoami', '+acl|dryrun'];
}

/** The same as a command for a shell, quoted. */
export function rightsCommand(user: string, prefix: string): string {
  const quoted = [user, ...rightsOf(prefix)].map((word) => (/^[\w@+-]+$/.test(word) ? word : `'${word}'`));
  return `redis-cli acl setuser ${quoted.join(' ')}; then redis-cli acl save, where users stand in a file`;
}

/** Commands of the workers that a user may not send; null = the server does not say, for this user may not ask. */
export async function missingRights(store: QueueStore, user: string): Promise<string[] | null> {
  const keys: Readonly<Record<string, string>> = { K: `${store.prefix}:{doctor}:x`, J: `{${store.prefix}:jobs}:x` };
  const missing: string[] = [];
  for (const [i, sample] of SAMPLES.entries()) {
    const words = sample.split(' ').map((word) => keys[word] ?? word);
    try {
      // runs nothing; says whether it could
      const answer = await store.redis.call('ACL', 'DRYRUN', user, ...words);
      if (String(answer) !== 'OK') missing.push(USED_COMMANDS[i]!.toUpperCase());
    } catch (cause) {
      if (/NOPERM/.test(String(cause))) return null;
      throw cause;
    }
  }
  return missing;
}
