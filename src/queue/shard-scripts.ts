/**
 * The scripts of a shard, each one step: its log is read, and what the holder of the lease makes of it is committed with
 * documents, mails and facts, or refused as a whole. A record that nobody can fold is put aside.
 */
import { dropScript } from './drop-script.ts';
import { RUN_ID } from './lease-scripts.ts';
import { ADD_MAILS } from './mail-scripts.ts';

/** KEYS log, log base; ARGV absolute index, most bytes → {base, record …}; at least one record when there is one */
export const READ_LOG = `#!lua flags=no-writes
local base = tonumber(redis.call('GET', KEYS[2]) or '0')
local at, most, size = tonumber(ARGV[1]) - base, tonumber(ARGV[2]), 0
local found = {base}
while at >= 0 and size < most do
  local records = redis.call('LRANGE', KEYS[1], at, at + 15)
  if #records == 0 then break end
  for _, record in ipairs(records) do
    if #found > 1 and size + #record > most then return found end
    found[#found + 1] = record
    size = size + #record
  end
  at = at + #records
end
return found
`;

/**
 * KEYS lease, snapshot, log, log base, revisions, pending, pending order, generation, stats, then those of ADD_MAILS
 * ARGV 1 "fence:worker", 2 id of the commit, 3 "1" with a snapshot, 4 its bytes, 5 absolute index that it includes, 6 generation
 *      ('' = as it was), 7 number of counters, 8 of documents, 9 of revisions that are forgotten,
 *      then name, value of each counter; id, value, revision of each document; ids; what ADD_MAILS says
 * → 'committed' or 'fenced'. The id of the commit makes one that was sent twice over a broken connection count once.
 */
export const COMMIT_SHARD = `#!lua flags=allow-oom
${RUN_ID}
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. run then return 'fenced' end
if redis.call('HGET', KEYS[2], 'commit') == ARGV[2] then return 'committed' end
if ARGV[3] == '1' then
  local at, base = tonumber(ARGV[5]), tonumber(redis.call('GET', KEYS[4]) or '0')
  if at > base + redis.call('LLEN', KEYS[3]) then
    return redis.error_reply('SNAPSHOT includes records that the log does not have')
  end
  redis.call('HSET', KEYS[2], 'bytes', ARGV[4], 'at', ARGV[5])
  if at > base then
    redis.call('LTRIM', KEYS[3], at - base, -1)
    redis.call('SET', KEYS[4], ARGV[5])
  end
end
redis.call('HSET', KEYS[2], 'commit', ARGV[2])
if #ARGV[6] > 0 then redis.call('SET', KEYS[8], ARGV[6]) end
local at = 10
for _ = 1, tonumber(ARGV[7]) do
  redis.call('HINCRBY', KEYS[9], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for _ = 1, tonumber(ARGV[8]) do
  redis.call('HSET', KEYS[6], ARGV[at], ARGV[at + 1])
  redis.call('ZADD', KEYS[7], 'NX', redis.call('HINCRBY', KEYS[9], 'documents', 1), ARGV[at])
  redis.call('HSET', KEYS[5], ARGV[at], ARGV[at + 2])
  at = at + 3
end
for _ = 1, tonumber(ARGV[9]) do
  redis.call('HDEL', KEYS[5], ARGV[at])
  at = at + 1
end
${ADD_MAILS}
return 'committed'
`;

/**
 * KEYS lease, log, log base, dead, dead records, stats; ARGV "fence:worker", absolute index, JSON, most dead records
 * → 1, 0 = the lease was lost, 2 = there are as many as may be. An empty record stays in its place, so that whoever folds
 * the log again passes over it.
 */
export const BURY_RECORD = `#!lua flags=allow-oom
${RUN_ID}
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. run then return 0 end
local at = tonumber(ARGV[2]) - tonumber(redis.call('GET', KEYS[3]) or '0')
local record = at >= 0 and redis.call('LINDEX', KEYS[2], at)
if record and #record > 0 then
  if redis.call('HLEN', KEYS[5]) >= tonumber(ARGV[4]) then return 2 end
  redis.call('HSET', KEYS[5], ARGV[2], record)
  redis.call('HSET', KEYS[4], 'record:' .. ARGV[2], ARGV[3])
  redis.call('LSET', KEYS[2], at, '')
  redis.call('HINCRBY', KEYS[6], 'dead_records', 1)
end
return 1
`;

/** KEYS dead, dead records, log; ARGV absolute index → 'replayed', 'gone' (the record is), or 'unknown' */
export const REPLAY_RECORD = `#!lua flags=allow-oom
if redis.call('HEXISTS', KEYS[1], 'record:' .. ARGV[1]) == 0 then return 'unknown' end
local record = redis.call('HGET', KEYS[2], ARGV[1])
if not record then return 'gone' end
redis.call('HDEL', KEYS[1], 'record:' .. ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('RPUSH', KEYS[3], record)
return 'replayed'
`;

/** KEYS dead, dead records, stats; ARGV absolute index → 'dropped' or 'unknown' */
export const DROP_RECORD = dropScript('record', 'dropped_records');

/**
 * KEYS lease, revisions, facts; ARGV "fence:worker", then id, revision, value of each fact → 'committed' or 'fenced'.
 * Sent twice over a broken connection it writes the same.
 */
export const COMMIT_FACTS = `#!lua flags=allow-oom
${RUN_ID}
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. run then return 'fenced' end
for at = 2, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 2])
end
return 'committed'
`;

/** KEYS facts; ARGV id, value of each that was moved. One that was replaced meanwhile stays. */
export const SETTLE_FACTS = `#!lua flags=allow-oom
for at = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[at + 1] then redis.call('HDEL', KEYS[1], ARGV[at]) end
end
return 1
`;
