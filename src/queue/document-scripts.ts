/**
 * The scripts of documents that wait for the index, each one step: those of an interval of health are added, what the index
 * has or refuses is taken out, and what it refused can be tried again or given up.
 */
import { dropScript } from './drop-script.ts';

/**
 * KEYS health, pending, pending order, stats
 * ARGV 1 interval that was told before ('' = none), 2 this one, 3 what is kept with it, then id, value of each document
 * → 'committed', or 'told' when another worker was faster
 */
export const COMMIT_HEALTH = `#!lua flags=allow-oom
if (redis.call('HGET', KEYS[1], 'interval') or '') ~= ARGV[1] then return 'told' end
redis.call('HSET', KEYS[1], 'interval', ARGV[2], 'memory', ARGV[3])
for at = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  redis.call('ZADD', KEYS[3], 'NX', redis.call('HINCRBY', KEYS[4], 'documents', 1), ARGV[at])
end
return 'committed'
`;

/**
 * KEYS pending, pending order, dead, dead documents, stats
 * ARGV 1 number of documents that stand in the index, 2 of those that it refuses, 3 most dead documents, then id, version of each; id, version,
 *      JSON of each. A document of which a newer version waits stays.
 */
export const DONE_PENDING = `#!lua flags=allow-oom
local at = 4
local function waits(id, version)
  local value = redis.call('HGET', KEYS[1], id)
  return value and string.match(value, '^%d+') == version and value
end
for _ = 1, tonumber(ARGV[1]) do
  local id = ARGV[at]
  if waits(id, ARGV[at + 1]) then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
    redis.call('HINCRBY', KEYS[5], 'indexed', 1)
    if redis.call('HDEL', KEYS[4], id) == 1 then redis.call('HDEL', KEYS[3], 'doc:' .. id) end
  end
  at = at + 2
end
for _ = 1, tonumber(ARGV[2]) do
  local id = ARGV[at]
  local value = waits(id, ARGV[at + 1])
  if value then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
    if redis.call('HLEN', KEYS[4]) < tonumber(ARGV[3]) or redis.call('HEXISTS', KEYS[4], id) == 1 then
      redis.call('HSET', KEYS[4], id, value)
      redis.call('HSET', KEYS[3], 'doc:' .. id, ARGV[at + 2])
      redis.call('HINCRBY', KEYS[5], 'dead_documents', 1)
    else
      redis.call('HINCRBY', KEYS[5], 'dead_documents_left_out', 1)
    end
  end
  at = at + 3
end
return 1
`;

/** KEYS pending, pending order, dead, dead documents, stats; ARGV id → 'replayed' or 'unknown' */
export const REPLAY_DOCUMENT = `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[3], 'doc:' .. ARGV[1]) == 0 then return 'unknown' end
local value = redis.call('HGET', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
if value and redis.call('HSETNX', KEYS[1], ARGV[1], value) == 1 then
  redis.call('ZADD', KEYS[2], redis.call('HINCRBY', KEYS[5], 'documents', 1), ARGV[1])
end
return 'replayed'
`;

/** KEYS dead, dead documents, stats; ARGV id → 'dropped' or 'unknown' */
export const DROP_DOCUMENT = dropScript('doc', 'dropped_documents');
