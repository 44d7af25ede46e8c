/**
 * The outbox of mails in Redis, as scripts of one step each. A row is a JSON that never changes, beside it a short text of
 * how it stands, and two orders: when it is taken next, and how long it has waited.
 *
 *   state = "waiting|sending|failed" SP tries SP added (Unix ms) SP reason
 *
 * Beside the states "failed:ID" says that a mail was counted as failed, which it is once however often it fails again.
 */

/**
 * Part of the commit of a shard: rows and the planner's memory, in the step that stores the alerts' revisions. Expects
 * `at` and KEYS 10 mails, 11 states, 12 due, 13 waiting, 14 told, 15 memory, 16 drill; ARGV from `at` on: number of rows, Unix
 * ms, Unix ms before which what was told is forgotten, memory ('' = as it was), code of a drill ('' = none) and its rows, then
 * id, JSON, number of covers, covers of each.
 */
export const ADD_MAILS = `
local rows, now = tonumber(ARGV[at]), ARGV[at + 1]
if rows > 0 then redis.call('ZREMRANGEBYSCORE', KEYS[14], '-inf', '(' .. ARGV[at + 2]) end
if #ARGV[at + 3] > 0 then redis.call('SET', KEYS[15], ARGV[at + 3]) end
if #ARGV[at + 4] > 0 then
  redis.call('HSET', KEYS[16], 'planned_code', ARGV[at + 4], 'planned_ms', now, 'left', ARGV[at + 5])
end
at = at + 6
for _ = 1, rows do
  local id, covers = ARGV[at], tonumber(ARGV[at + 2])
  local isKnown, news = redis.call('ZSCORE', KEYS[14], id), covers == 0
  for i = 1, covers do news = news or not redis.call('ZSCORE', KEYS[14], ARGV[at + 2 + i]) end
  if news and not isKnown then
    redis.call('HSET', KEYS[10], id, ARGV[at + 1])
    redis.call('HSET', KEYS[11], id, 'waiting 0 ' .. now .. ' ')
    redis.call('ZADD', KEYS[12], now, id)
    redis.call('ZADD', KEYS[13], now, id)
    redis.call('ZADD', KEYS[14], now, id)
    for i = 1, covers do redis.call('ZADD', KEYS[14], now, ARGV[at + 2 + i]) end
    redis.call('HINCRBY', KEYS[9], 'mails', 1)
  end
  at = at + 3 + covers
end
`;

/** KEYS mails, states, due, hands; ARGV Unix ms, end of the lease, most rows, worker ('' = none) → {id, JSON, state, due …} */
export const TAKE_MAILS = `#!lua flags=allow-oom
local found = {}
local due = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
for i = 1, #due, 2 do
  local id = due[i]
  local row, state = redis.call('HGET', KEYS[1], id), redis.call('HGET', KEYS[2], id)
  if row and state then
    local tries, rest = string.match(state, '^%a+ (%d+) (.*)$')
    state = 'sending ' .. (tonumber(tries) + 1) .. ' ' .. rest
    redis.call('HSET', KEYS[2], id, state)
    redis.call('ZADD', KEYS[3], ARGV[2], id)
    if #ARGV[4] > 0 then redis.call('HSET', KEYS[4], id, ARGV[4]) else redis.call('HDEL', KEYS[4], id) end
    for _, value in ipairs({id, row, state, ARGV[2]}) do found[#found + 1] = value end
  else
    redis.call('ZREM', KEYS[3], id)
  end
end
return found
`;

/** KEYS mail workers; ARGV worker → ms of the server's clock. Beats of more than a day ago are forgotten. */
export const BEAT_MAILER = `#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 86400000)
return now
`;

/**
 * KEYS hands, states, due, mail workers; ARGV Unix ms from which they are due, ms without a beat, the server's clock when who asks
 * beat last, ms that this may be ago → rows that are free now. A question that was long on its way frees nothing.
 */
export const FREE_MAILS = `#!lua flags=allow-oom
local time = redis.call('TIME')
local now, freed = time[1] * 1000 + math.floor(time[2] / 1000), 0
if now - tonumber(ARGV[3]) >= tonumber(ARGV[4]) then return 0 end
local hands = redis.call('HGETALL', KEYS[1])
for i = 1, #hands, 2 do
  local id, beat = hands[i], redis.call('ZSCORE', KEYS[4], hands[i + 1])
  local state = redis.call('HGET', KEYS[2], id)
  if not state or string.sub(state, 1, 8) ~= 'sending ' then
    redis.call('HDEL', KEYS[1], id)
  elseif not beat or now - tonumber(beat) >= tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZADD', KEYS[3], ARGV[1], id)
    freed = freed + 1
  end
end
return freed
`;

/** KEYS mails, states, due, waiting, stats, dead, drill; ARGV id, Unix ms → 1, 0 = no such row. A drill has passed with its last row. */
export const SENT_MAIL = `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1], 'failed:' .. ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[6], 'mail:' .. ARGV[1])
redis.call('HINCRBY', KEYS[5], 'mails_sent', 1)
redis.call('HSET', KEYS[5], 'mail_sent_ms', ARGV[2])
local left = redis.call('HGET', KEYS[7], 'left')
if left and string.find(left, ARGV[1], 1, true) then
  left = string.gsub(left, ARGV[1], '')
  redis.call('HSET', KEYS[7], 'left', left)
  if not string.find(left, '%x') then
    redis.call('HSET', KEYS[7], 'passed_ms', ARGV[2], 'passed_code', redis.call('HGET', KEYS[7], 'planned_code'))
  end
end
return 1
`;

/**
 * KEYS mails, states, due, waiting, stats, dead; ARGV id, "waiting" or "failed", tries ('' = as they are), added ('' = as it
 * is), reason, when it is due, JSON of a dead letter → 1, 0 = no such row. Tries begin anew for a row that failed and for no
 * other: one that is being sent would be sent twice.
 */
export const PUT_BACK_MAIL = `#!lua flags=allow-oom
local state = redis.call('HGET', KEYS[2], ARGV[1])
if not state then return 0 end
local tries, added = string.match(state, '^%a+ (%d+) (%d+) ')
if #ARGV[3] > 0 and string.sub(state, 1, 7) ~= 'failed ' then return 0 end
if #ARGV[3] > 0 then tries = ARGV[3] end
if #ARGV[4] > 0 then added = ARGV[4] end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ' ' .. tries .. ' ' .. added .. ' ' .. ARGV[5])
if ARGV[2] == 'failed' then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('HSET', KEYS[6], 'mail:' .. ARGV[1], ARGV[7])
  if redis.call('HSETNX', KEYS[2], 'failed:' .. ARGV[1], '1') == 1 then redis.call('HINCRBY', KEYS[5], 'mails_failed', 1) end
else
  if #ARGV[4] > 0 then redis.call('HDEL', KEYS[2], 'failed:' .. ARGV[1]) end
  redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1])
  redis.call('ZADD', KEYS[4], added, ARGV[1])
  redis.call('HDEL', KEYS[6], 'mail:' .. ARGV[1])
end
return 1
`;

/** KEYS mails, states, due, waiting, stats, dead; ARGV id → 'dropped' or 'unknown' */
export const DROP_MAIL = `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[6], 'mail:' .. ARGV[1]) == 0 then return 'unknown' end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1], 'failed:' .. ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('HINCRBY', KEYS[5], 'dropped_mails', 1)
return 'dropped'
`;
