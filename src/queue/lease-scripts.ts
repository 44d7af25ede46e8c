/**
 * The scripts that say who may work on an organisation, each one step: who has its key, and who holds the lease of its shard; and
 * the one that lets a shard begin anew.
 */

/**
 * Which process of the server this is. A lease holds only while the process that gave it lives: one that was killed, or
 * a replica that took over, may have forgotten what it had acknowledged last, and a holder that still counts on that
 * would commit what nobody can repeat. So it is fenced, reads the shard again and goes on from what is there.
 */
export const RUN_ID = `local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')`;

/**
 * KEYS lease, fence, snapshot, generation; ARGV worker, ms → the fence, or nil when somebody else holds the lease. With
 * another process of the server than before, documents get a new generation: the index may have versions that were
 * forgotten here, and would take no second document with the same one.
 */
export const ACQUIRE_LEASE = `#!lua flags=allow-oom
${RUN_ID}
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, -#run) == run and string.match(held, '^%d+:(.*):') ~= ARGV[1] then return nil end
local fence = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], string.format('%.0f', fence) .. ':' .. ARGV[1] .. ':' .. run, 'PX', ARGV[2])
if redis.call('HGET', KEYS[3], 'run') ~= run then
  redis.call('HSET', KEYS[3], 'run', run)
  if redis.call('EXISTS', KEYS[4]) == 1 then redis.call('INCR', KEYS[4]) end
end
return fence
`;

/** KEYS lease; ARGV "fence:worker", ms (0 = give it back) → 1 when it was held */
export const HOLD_LEASE = `#!lua flags=allow-oom
${RUN_ID}
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. run then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`;

/** KEYS lease, snapshot; ARGV worker → why a lease that it held does not hold any more: 'restarted', 'ran out' or 'taken' */
export const LEASE_LOSS = `#!lua flags=no-writes
${RUN_ID}
local held = redis.call('GET', KEYS[1])
if redis.call('HGET', KEYS[2], 'run') ~= run or (held and string.sub(held, -#run) ~= run) then return 'restarted' end
if not held or string.match(held, '^%d+:(.*):') == ARGV[1] then return 'ran out' end
return 'taken'
`;

/** KEYS key mark; ARGV mark of the key, mark of the key before ('' = none) → 'first', 'same', 'changed' or 'other' */
export const CLAIM_KEY = `#!lua flags=allow-oom
local stands = redis.call('GET', KEYS[1])
if stands == ARGV[1] then return 'same' end
if stands and stands ~= ARGV[2] then return 'other' end
redis.call('SET', KEYS[1], ARGV[1])
return stands and 'changed' or 'first'
`;

/**
 * KEYS halt, lease, snapshot, revisions, generation, stats → 'dropped', or 'unknown' where the state is not what stands in the
 * way. Whoever holds the lease may commit nothing any more. What was told before has lower versions than what is told from now on.
 */
export const DROP_STATE = `#!lua flags=allow-oom
if redis.call('HGET', KEYS[1], 'kind') ~= 'state' then return 'unknown' end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
redis.call('HDEL', KEYS[3], 'bytes', 'at')
if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('INCR', KEYS[5]) end
redis.call('HINCRBY', KEYS[6], 'dropped_states', 1)
return 'dropped'
`;
