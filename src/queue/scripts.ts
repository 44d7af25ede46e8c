/**
 * The scripts that Redis runs as one step each: either all of a script happened or nothing. Every script gets all its
 * keys through KEYS and touches one organisation only. Those that finish work may run when the memory is full, because
 * they are what makes room.
 *
 * Reference: https://redis.io/docs/latest/develop/programmability/eval-intro/ (script flags: Redis 7.0)
 */
import type { Cluster, Redis } from 'ioredis';
import * as chunks from './chunk-scripts.ts';
import * as documents from './document-scripts.ts';
import * as leases from './lease-scripts.ts';
import * as mails from './mail-scripts.ts';
import * as shards from './shard-scripts.ts';

const SCRIPTS = {
  pwNameOrigin: chunks.NAME_ORIGIN,
  pwCommitChunk: chunks.COMMIT_CHUNK,
  pwDispatch: chunks.DISPATCH,
  pwFinishChunks: chunks.FINISH_CHUNKS,
  pwDropEvidence: chunks.DROP_EVIDENCE,
  pwRelaunch: chunks.RELAUNCH,
  pwBuryChunk: chunks.BURY_CHUNK,
  pwReplayChunk: chunks.REPLAY_CHUNK,
  pwDropChunk: chunks.DROP_CHUNK,
  pwAcquireLease: leases.ACQUIRE_LEASE,
  pwHoldLease: leases.HOLD_LEASE,
  pwLeaseLoss: leases.LEASE_LOSS,
  pwReadLog: shards.READ_LOG,
  pwCommitShard: shards.COMMIT_SHARD,
  pwCommitHealth: documents.COMMIT_HEALTH,
  pwCommitFacts: shards.COMMIT_FACTS,
  pwSettleFacts: shards.SETTLE_FACTS,
  pwDonePending: documents.DONE_PENDING,
  pwBuryRecord: shards.BURY_RECORD,
  pwReplayRecord: shards.REPLAY_RECORD,
  pwDropRecord: shards.DROP_RECORD,
  pwReplayDocument: documents.REPLAY_DOCUMENT,
  pwDropDocument: documents.DROP_DOCUMENT,
  pwTakeMails: mails.TAKE_MAILS,
  pwSentMail: mails.SENT_MAIL,
  pwPutBackMail: mails.PUT_BACK_MAIL,
  pwDropMail: mails.DROP_MAIL,
  pwBeatMailer: mails.BEAT_MAILER,
  pwFreeMails: mails.FREE_MAILS,
  pwClaimKey: leases.CLAIM_KEY,
  pwDropState: leases.DROP_STATE,
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
