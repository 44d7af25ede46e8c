/**
 * The scripts of chunks, each one step: a chunk is committed with the position of its reader, handed on, and gone when what
 * it adds up to stands in the log. Whatever a worker does twice or too late changes nothing.
 */

/** KEYS origins; ARGV name, most origins → its number, 0 = no more numbers */
export const NAME_ORIGIN = `#!lua
local number = redis.call('HGET', KEYS[1], ARGV[1])
if number then return tonumber(number) end
number = redis.call('HLEN', KEYS[1]) + 1
if number > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], number)
return number
`;

/**
 * KEYS origin, chunk, outbox, queued, stats
 * ARGV 1 expected seq, 2 "origin:seq", 3 sealed bytes ('' = only the position moves), 4 raw length, 5 JSON of how to read
 *      it, 6 position, 7 format, 8 context, 9 asset, 10 dropped, 11 most queued bytes, 12 token, 13 ms of the writer's clock
 * → {state, …}. The token makes a commit that was sent twice over a broken connection count once.
 */
export const COMMIT_CHUNK = `#!lua
local head = redis.call('HMGET', KEYS[1], 'seq', 'offset', 'token')
if not head[1] then return {'unknown'} end
if head[3] == ARGV[12] then return {'committed'} end
if head[1] ~= ARGV[1] then
  return {'moved', redis.call('HMGET', KEYS[1], 'seq', 'offset', 'position', 'format', 'context', 'closed')}
end
if #ARGV[3] > 0 then
  local value = head[2] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5] .. '\\n' .. ARGV[3]
  local queued = tonumber(redis.call('GET', KEYS[4]) or '0')
  if queued > 0 and queued + #value > tonumber(ARGV[11]) then return {'full', queued} end
  redis.call('SET', KEYS[2], value)
  redis.call('RPUSH', KEYS[3], ARGV[2])
  redis.call('INCRBY', KEYS[4], #value)
  redis.call('HINCRBY', KEYS[1], 'seq', 1)
  redis.call('HINCRBY', KEYS[1], 'offset', ARGV[4])
  redis.call('HINCRBY', KEYS[5], 'committed_chunks', 1)
  redis.call('HINCRBY', KEYS[5], 'committed_bytes', ARGV[4])
end
redis.call('HINCRBY', KEYS[1], 'dropped', ARGV[10])
redis.call('HSET', KEYS[1], 'position', ARGV[6], 'format', ARGV[7], 'context', ARGV[8], 'asset', ARGV[9],
  'token', ARGV[12], 'updated', ARGV[13], 'closed', 0)
return {'committed'}
`;

/**
 * KEYS outbox, flying, gathering; ARGV window, chunks of a full job, few, ms to gather (0 = none)
 * → {stamp, how many flew before, "origin:seq" …}; {ms} when chunks gather for that long; {} when nothing goes.
 * While few fly, workers may be idle and everything goes that waits, but for what comes so soon behind the last that others
 * are likely to follow. Else chunks wait until they fill a job for which the window has room: else every chunk that is
 * finished under load would let one through, and jobs would be of one chunk when it matters most that they are not.
 */
export const DISPATCH = `#!lua
local flying = redis.call('ZCARD', KEYS[2])
local take = math.min(tonumber(ARGV[1]) - flying, redis.call('LLEN', KEYS[1]))
local full, gather = tonumber(ARGV[2]), tonumber(ARGV[4])
if flying >= tonumber(ARGV[3]) or (gather > 0 and take > full) then take = take - take % full end
if take < 1 then return {} end
if gather > 0 and take < full then
  local left = redis.call('PTTL', KEYS[3])
  if left > 0 then return {left} end
end
if gather > 0 then redis.call('SET', KEYS[3], '1', 'PX', gather) end
local refs = redis.call('LPOP', KEYS[1], take)
local clock = redis.call('TIME')
local stamp = string.format('%.0f', clock[1] * 1000000 + clock[2])
for _, ref in ipairs(refs) do redis.call('ZADD', KEYS[2], stamp, ref) end
return {stamp, flying, unpack(refs)}
`;

/**
 * KEYS log, queued, flying, dead, stats, evidence bytes, then for each chunk: seen, chunk, evidence, evidence index
 * ARGV 1 number of chunks, 2 number of counters, 3 record, 4 most bytes of evidence, then for each chunk: "origin:seq",
 *      seq, stream offset, sealed evidence ('' = none), its last bytes ('' = not asked), then for each counter: name, value
 * → 'applied', 'seen' (all were applied before), 'mixed' (some were; nothing was done), or 'gone': a chunk that is not
 *   what was read. A server that came back with less than it had acknowledged (a power cut, a replica that took over) has
 *   its readers cut those lines again, perhaps elsewhere, under the same numbers; nothing was done.
 */
export const FINISH_CHUNKS = `#!lua flags=allow-oom
local chunks, counters = tonumber(ARGV[1]), tonumber(ARGV[2])
local applied, gone = 0, 0
for i = 0, chunks - 1 do
  local tail = ARGV[9 + 5 * i]
  if redis.call('GETBIT', KEYS[7 + 4 * i], ARGV[6 + 5 * i]) == 1 then applied = applied + 1
  elseif #tail > 0 and redis.call('GETRANGE', KEYS[8 + 4 * i], -#tail, -1) ~= tail then gone = gone + 1 end
end
if applied + gone > 0 and chunks > 1 and applied < chunks then return 'mixed' end
if gone > 0 then return 'gone' end
for i = 0, chunks - 1 do
  local seen, chunk, evidence, index = KEYS[7 + 4 * i], KEYS[8 + 4 * i], KEYS[9 + 4 * i], KEYS[10 + 4 * i]
  local ref, seq, offset, lines = ARGV[5 + 5 * i], ARGV[6 + 5 * i], ARGV[7 + 5 * i], ARGV[8 + 5 * i]
  redis.call('ZREM', KEYS[3], ref)
  redis.call('HDEL', KEYS[4], 'chunk:' .. ref)
  if applied == 0 then
    redis.call('SETBIT', seen, seq, 1)
    redis.call('DECRBY', KEYS[2], redis.call('STRLEN', chunk))
    redis.call('DEL', chunk)
    if #lines > 0 and tonumber(redis.call('GET', KEYS[6]) or '0') + #lines > tonumber(ARGV[4]) then
      redis.call('HINCRBY', KEYS[5], 'evidence_left_out', #lines)
    elseif #lines > 0 then
      redis.call('SET', evidence, lines)
      redis.call('ZADD', index, offset, seq)
      redis.call('INCRBY', KEYS[6], #lines)
    end
  end
end
if applied > 0 then return 'seen' end
if #ARGV[3] > 0 then redis.call('RPUSH', KEYS[1], ARGV[3]) end
local at = 5 + 5 * chunks
for i = 0, counters - 1 do redis.call('HINCRBY', KEYS[5], ARGV[at + 2 * i], ARGV[at + 2 * i + 1]) end
redis.call('HINCRBY', KEYS[5], 'applied_chunks', chunks)
return 'applied'
`;

/** KEYS evidence index, evidence bytes, then the evidence of each chunk; ARGV its seq. What is gone already is no harm. */
export const DROP_EVIDENCE = `#!lua flags=allow-oom
for i, seq in ipairs(ARGV) do
  redis.call('DECRBY', KEYS[2], redis.call('STRLEN', KEYS[2 + i]))
  redis.call('UNLINK', KEYS[2 + i])
  redis.call('ZREM', KEYS[1], seq)
end
return #ARGV
`;

/**
 * KEYS flying, dead, stats, then for each chunk: chunk, seen
 * ARGV 1 number of chunks, 2 JSON of a dead letter whose bytes are gone, then for each chunk: "origin:seq", seq, stamp
 * → {new stamp, "origin:seq" …} of those that still fly with the stamp that was given. Chunks without bytes fly no more.
 */
export const RELAUNCH = `#!lua flags=allow-oom
local clock = redis.call('TIME')
local stamp = string.format('%.0f', clock[1] * 1000000 + clock[2])
local found = {stamp}
for i = 0, tonumber(ARGV[1]) - 1 do
  local ref, seq, given = ARGV[3 + 3 * i], ARGV[4 + 3 * i], ARGV[5 + 3 * i]
  local score = redis.call('ZSCORE', KEYS[1], ref)
  if score and tonumber(score) == tonumber(given) then
    if redis.call('EXISTS', KEYS[4 + 2 * i]) == 1 then
      redis.call('ZADD', KEYS[1], stamp, ref)
      found[#found + 1] = ref
    else
      redis.call('ZREM', KEYS[1], ref)
      if redis.call('GETBIT', KEYS[5 + 2 * i], seq) == 0 then
        redis.call('HSET', KEYS[2], 'chunk:' .. ref, ARGV[2])
        redis.call('HINCRBY', KEYS[3], 'dead_chunks', 1)
      end
    end
  end
end
return found
`;

/** KEYS flying, dead, stats, seen; ARGV "origin:seq", seq, stamp, JSON → 1 when it is a dead letter now */
export const BURY_CHUNK = `#!lua flags=allow-oom
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[3]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('GETBIT', KEYS[4], ARGV[2]) == 1 then return 0 end
redis.call('HSET', KEYS[2], 'chunk:' .. ARGV[1], ARGV[4])
redis.call('HINCRBY', KEYS[3], 'dead_chunks', 1)
return 1
`;

/** KEYS dead, outbox, chunk; ARGV "origin:seq" → 'replayed', 'gone' (the bytes are), or 'unknown' */
export const REPLAY_CHUNK = `#!lua flags=allow-oom
if redis.call('HEXISTS', KEYS[1], 'chunk:' .. ARGV[1]) == 0 then return 'unknown' end
if redis.call('EXISTS', KEYS[3]) == 0 then return 'gone' end
redis.call('HDEL', KEYS[1], 'chunk:' .. ARGV[1])
redis.call('RPUSH', KEYS[2], ARGV[1])
return 'replayed'
`;

/** KEYS dead, chunk, queued, seen, stats; ARGV "origin:seq", seq → 'dropped' or 'unknown' */
export const DROP_CHUNK = `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[1], 'chunk:' .. ARGV[1]) == 0 then return 'unknown' end
local length = string.match(redis.call('GETRANGE', KEYS[2], 0, 63), '^%d+ (%d+) ')
redis.call('DECRBY', KEYS[3], redis.call('STRLEN', KEYS[2]))
redis.call('DEL', KEYS[2])
redis.call('SETBIT', KEYS[4], ARGV[2], 1)
redis.call('HINCRBY', KEYS[5], 'dropped_chunks', 1)
redis.call('HINCRBY', KEYS[5], 'dropped_bytes', length or 0)
return 'dropped'
`;
