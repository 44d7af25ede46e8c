/**
 * The scripts that Redis runs as one step each: either all of a script happened or nothing. Every script gets all its
 * keys through KEYS and touches one organisation only. Those that finish work may run when the memory is full, because
 * they are what makes room.
 *
 * Reference: https://redis.io/docs/latest/develop/programmability/eval-intro/ (script flags: Redis 7.0)
 */
import type { Cluster, Redis } from 'ioredis';
import { ADD_MAILS, BEAT_MAILER, DROP_MAIL, FREE_MAILS, PUT_BACK_MAIL, SENT_MAIL, TAKE_MAILS } from './mail-scripts.ts';

/** KEYS origins; ARGV name, most origins → its number, 0 = no more numbers */
const NAME_ORIGIN = `#!lua
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
const COMMIT_CHUNK = `#!lua
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
const DISPATCH = `#!lua
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
const FINISH_CHUNKS = `#!lua flags=allow-oom
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
const DROP_EVIDENCE = `#!lua flags=allow-oom
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
const RELAUNCH = `#!lua flags=allow-oom
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
const BURY_CHUNK = `#!lua flags=allow-oom
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) ~= tonumber(ARGV[3]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('GETBIT', KEYS[4], ARGV[2]) == 1 then return 0 end
redis.call('HSET', KEYS[2], 'chunk:' .. ARGV[1], ARGV[4])
redis.call('HINCRBY', KEYS[3], 'dead_chunks', 1)
return 1
`;

/** KEYS dead, outbox, chunk; ARGV "origin:seq" → 'replayed', 'gone' (the bytes are), or 'unknown' */
const REPLAY_CHUNK = `#!lua flags=allow-oom
if redis.call('HEXISTS', KEYS[1], 'chunk:' .. ARGV[1]) == 0 then return 'unknown' end
if redis.call('EXISTS', KEYS[3]) == 0 then return 'gone' end
redis.call('HDEL', KEYS[1], 'chunk:' .. ARGV[1])
redis.call('RPUSH', KEYS[2], ARGV[1])
return 'replayed'
`;

/** KEYS dead, chunk, queued, seen, stats; ARGV "origin:seq", seq → 'dropped' or 'unknown' */
const DROP_CHUNK = `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[1], 'chunk:' .. ARGV[1]) == 0 then return 'unknown' end
local length = string.match(redis.call('GETRANGE', KEYS[2], 0, 63), '^%d+ (%d+) ')
redis.call('DECRBY', KEYS[3], redis.call('STRLEN', KEYS[2]))
redis.call('DEL', KEYS[2])
redis.call('SETBIT', KEYS[4], ARGV[2], 1)
redis.call('HINCRBY', KEYS[5], 'dropped_chunks', 1)
redis.call('HINCRBY', KEYS[5], 'dropped_bytes', length or 0)
return 'dropped'
`;

/**
 * Which process of the server this is. A lease holds only while the process that gave it lives: one that was killed, or
 * a replica that took over, may have forgotten what it had acknowledged last, and a holder that still counts on that
 * would commit what nobody can repeat. So it is fenced, reads the shard again and goes on from what is there.
 */
const RUN_ID = `local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')`;

/**
 * KEYS lease, fence, snapshot, generation; ARGV worker, ms → the fence, or nil when somebody else holds the lease. With
 * another process of the server than before, documents get a new generation: the index may have versions that were
 * forgotten here, and would take no second document with the same one.
 */
const ACQUIRE_LEASE = `#!lua flags=allow-oom
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
const HOLD_LEASE = `#!lua flags=allow-oom
${RUN_ID}
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. run then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`;

/** KEYS lease, snapshot; ARGV worker → why a lease that it held does not hold any more: 'restarted', 'ran out' or 'taken' */
const LEASE_LOSS = `#!lua flags=no-writes
${RUN_ID}
local held = redis.call('GET', KEYS[1])
if redis.call('HGET', KEYS[2], 'run') ~= run or (held and string.sub(held, -#run) ~= run) then return 'restarted' end
if not held or string.match(held, '^%d+:(.*):') == ARGV[1] then return 'ran out' end
return 'taken'
`;

/** KEYS log, log base; ARGV absolute index, most bytes → {base, record …}; at least one record when there is one */
const READ_LOG = `#!lua flags=no-writes
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
const COMMIT_SHARD = `#!lua flags=allow-oom
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
 * KEYS health, pending, pending order, stats
 * ARGV 1 interval that was told before ('' = none), 2 this one, 3 what is kept with it, then id, value of each document
 * → 'committed', or 'told' when another worker was faster
 */
const COMMIT_HEALTH = `#!lua flags=allow-oom
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
const DONE_PENDING = `#!lua flags=allow-oom
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

/**
 * KEYS lease, log, log base, dead, dead records, stats; ARGV "fence:worker", absolute index, JSON, most dead records
 * → 1, 0 = the lease was lost, 2 = there are as many as may be. An empty record stays in its place, so that whoever folds
 * the log again passes over it.
 */
const BURY_RECORD = `#!lua flags=allow-oom
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
const REPLAY_RECORD = `#!lua flags=allow-oom
if redis.call('HEXISTS', KEYS[1], 'record:' .. ARGV[1]) == 0 then return 'unknown' end
local record = redis.call('HGET', KEYS[2], ARGV[1])
if not record then return 'gone' end
redis.call('HDEL', KEYS[1], 'record:' .. ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('RPUSH', KEYS[3], record)
return 'replayed'
`;

/** KEYS dead, dead records, stats; ARGV absolute index → 'dropped' or 'unknown' */
const DROP_RECORD = `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[1], 'record:' .. ARGV[1]) == 0 then return 'unknown' end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HINCRBY', KEYS[3], 'dropped_records', 1)
return 'dropped'
`;

/** KEYS pending, pending order, dead, dead documents, stats; ARGV id → 'replayed' or 'unknown' */
const REPLAY_DOCUMENT = `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[3], 'doc:' .. ARGV[1]) == 0 then return 'unknown' end
local value = redis.call('HGET', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
if value and redis.call('HSETNX', KEYS[1], ARGV[1], value) == 1 then
  redis.call('ZADD', KEYS[2], redis.call('HINCRBY', KEYS[5], 'documents', 1), ARGV[1])
end
return 'replayed'
`;

/** KEYS dead, dead documents, stats; ARGV id → 'dropped' or 'unknown' */
const DROP_DOCUMENT = `#!lua flags=allow-oom
if redis.call('HDEL', KEYS[1], 'doc:' .. ARGV[1]) == 0 then return 'unknown' end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HINCRBY', KEYS[3], 'dropped_documents', 1)
return 'dropped'
`;

/**
 * KEYS lease, revisions, facts; ARGV "fence:worker", then id, revision, value of each fact → 'committed' or 'fenced'.
 * Sent twice over a broken connection it writes the same.
 */
const COMMIT_FACTS = `#!lua flags=allow-oom
${RUN_ID}
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. run then return 'fenced' end
for at = 2, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 2])
end
return 'committed'
`;

/** KEYS facts; ARGV id, value of each that was moved. One that was replaced meanwhile stays. */
const SETTLE_FACTS = `#!lua flags=allow-oom
for at = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[at + 1] then redis.call('HDEL', KEYS[1], ARGV[at]) end
end
return 1
`;

/** KEYS key mark; ARGV mark of the key, mark of the key before ('' = none) → 'first', 'same', 'changed' or 'other' */
const CLAIM_KEY = `#!lua flags=allow-oom
local stands = redis.call('GET', KEYS[1])
if stands == ARGV[1] then return 'same' end
if stands and stands ~= ARGV[2] then return 'other' end
redis.call('SET', KEYS[1], ARGV[1])
return stands and 'changed' or 'first'
`;

const SCRIPTS = {
  pwNameOrigin: NAME_ORIGIN,
  pwCommitChunk: COMMIT_CHUNK,
  pwDispatch: DISPATCH,
  pwFinishChunks: FINISH_CHUNKS,
  pwDropEvidence: DROP_EVIDENCE,
  pwRelaunch: RELAUNCH,
  pwBuryChunk: BURY_CHUNK,
  pwReplayChunk: REPLAY_CHUNK,
  pwDropChunk: DROP_CHUNK,
  pwAcquireLease: ACQUIRE_LEASE,
  pwHoldLease: HOLD_LEASE,
  pwLeaseLoss: LEASE_LOSS,
  pwReadLog: READ_LOG,
  pwCommitShard: COMMIT_SHARD,
  pwCommitHealth: COMMIT_HEALTH,
  pwCommitFacts: COMMIT_FACTS,
  pwSettleFacts: SETTLE_FACTS,
  pwDonePending: DONE_PENDING,
  pwBuryRecord: BURY_RECORD,
  pwReplayRecord: REPLAY_RECORD,
  pwDropRecord: DROP_RECORD,
  pwReplayDocument: REPLAY_DOCUMENT,
  pwDropDocument: DROP_DOCUMENT,
  pwTakeMails: TAKE_MAILS,
  pwSentMail: SENT_MAIL,
  pwPutBackMail: PUT_BACK_MAIL,
  pwDropMail: DROP_MAIL,
  pwBeatMailer: BEAT_MAILER,
  pwFreeMails: FREE_MAILS,
  pwClaimKey: CLAIM_KEY,
} as const;

export type ScriptName = keyof typeof SCRIPTS;
type Argument = string | number | Uint8Array;
/** What a script answers: bulk strings are Buffers. */
export type ScriptAnswer = Buffer | number | null | ScriptAnswer[];
type Runner = Record<string, (...values: (string | number | Buffer)[]) => Promise<ScriptAnswer>>;

/** Runs a script by its hash; a server that does not know it (it was restarted) gets its text. Texts of it are Buffers. */
export function runScript(
  redis: Redis | Cluster,
  name: ScriptName,
  keys: readonly string[],
  values: readonly Argument[],
): Promise<ScriptAnswer> {
  const runner = redis as unknown as Runner;
  if (runner[name] === undefined) redis.defineCommand(name, { lua: SCRIPTS[name] });
  return runner[`${name}Buffer`]!(keys.length, ...keys, ...values.map(plain));
}

/**
 * Counters as name, value, name, value … for a script. Throws a RangeError for what Redis could not add: a script that
 * fails half-way is not undone, so nothing that can fail may reach it.
 */
export function counterValues(counters: Readonly<Record<string, number>>): (string | number)[] {
  const wrong = Object.keys(counters).filter((name) => !Number.isSafeInteger(counters[name]));
  if (wrong.length > 0) throw new RangeError(`counters are whole numbers: ${wrong.join(', ')}`);
  return Object.entries(counters).flat();
}

/** An answer that is a text. */
export function textOf(answer: ScriptAnswer | undefined): string {
  return Buffer.isBuffer(answer) ? answer.toString('utf8') : String(answer);
}

/** An answer that is a list. */
export function listOf(answer: ScriptAnswer | undefined): ScriptAnswer[] {
  return Array.isArray(answer) ? answer : [];
}

/** ioredis takes Buffers as bytes, and would write other arrays of bytes as text. */
function plain(value: Argument): string | number | Buffer {
  if (typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
