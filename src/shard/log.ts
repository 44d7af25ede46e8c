/**
 * Takes records of a shard's log one after the other. What a newer program wrote waits for one. What nobody can read (a
 * damaged record, one that makes the fold throw) goes to the organisation's dead letters, and the log goes on behind it.
 * A delta whose list of rules stands further on in the log gets it from there; where it stands nowhere it waits for a while.
 */
import { DeltaError } from '../measure/delta.ts';
import type { WorkerHooks } from '../model/worker.ts';
import type { Seal } from '../queue/seal.ts';
import { buryRecord, readLog } from '../queue/shard-store.ts';
import type { QueueStore } from '../queue/store.ts';
import type { Folded } from './folding.ts';
import { decodeRecord, isFromNewer, RecordError, RuleListError } from './record.ts';
import { unsealed } from './sealed.ts';

/**
 * How long a delta waits for its list of rules, ms. A worker says its list again with the first job after it lost Redis:
 * this outlasts a failover and a restart of all workers. Its organisation stands still meanwhile.
 */
const RULES_WAIT_MS = 600_000;
/** How often the log is searched for the list meanwhile, ms, and how much of it is read at once. */
const SEARCH_MS = 5000;
const SEARCH_BYTES = 4 * 1024 * 1024;

/** As many records were put aside as may be: the log stands still at this one until a person has looked. */
export class DeadRecordsError extends Error {
  constructor(index: number, cause: unknown) {
    super(`record ${index} of the log cannot be folded either, and no more are put aside; see \`pollwatch dead\``, {
      cause,
    });
    this.name = 'DeadRecordsError';
  }
}

/** Whose log it is, and who holds its lease. */
export interface LogPlace {
  readonly store: QueueStore;
  readonly org: string;
  readonly worker: string;
  readonly fence: number;
  readonly hooks: Pick<WorkerHooks, 'log' | 'count'>;
  readonly seal: Seal;
  readonly rulesWaitMs?: number;
}

/** What became of a record; "waits": nothing, it is taken again later; "lost": somebody else holds the lease. */
export interface Taken {
  readonly state: 'folded' | 'buried' | 'waits' | 'lost';
  /** events that came when their time had passed */
  readonly late: number;
}

/**
 * Makes the function that takes a record at an absolute index with `fold`, which is foldRecord on the shard. It throws
 * what `fold` throws of a newer program's record, and after burying one that may have left the shard half changed: then
 * the shard is to be read again.
 */
export function recordTaker(
  place: LogPlace,
  fold: (record: Uint8Array) => Folded,
): (record: Uint8Array, index: number) => Promise<Taken> {
  const { store, org, worker, fence, hooks, seal } = place;
  let waits = { index: -1, since: 0, searchAt: 0 };

  async function take(record: Uint8Array, index: number): Promise<Taken> {
    // one that was buried
    if (record.length === 0) return { state: 'folded', late: 0 };
    try {
      return { state: 'folded', late: fold(unsealed(record, seal, org, 'record')).late };
    } catch (error) {
      if (isFromNewer(error)) throw error;
      if (error instanceof RuleListError) {
        const found = await awaitRules(index, error);
        if (found !== 'never') return found === 'waits' ? { state: 'waits', late: 0 } : take(record, index);
      }
      const reason = error instanceof Error ? error.message : String(error);
      const answer = await buryRecord(store, org, worker, fence, index, `record ${index} of the log: ${reason}`);
      if (answer === 'lost') return { state: 'lost', late: 0 };
      if (answer === 'full') throw new DeadRecordsError(index, error);
      hooks.count('dead_letters', org);
      hooks.log('error', 'a record could not be folded and was put aside', {
        organization: org,
        index,
        error: error as Error,
      });
      if (error instanceof RecordError || error instanceof DeltaError) return { state: 'buried', late: 0 };
      throw new Error(`folding record ${index} broke off; it was put aside and the shard is read again`, {
        cause: error,
      });
    }
  }

  /** Folds the list that a delta refers to, if the log has it further on. */
  async function awaitRules(index: number, { digest, message }: RuleListError): Promise<'found' | 'waits' | 'never'> {
    const now = performance.now();
    if (waits.index !== index) {
      waits = { index, since: now, searchAt: now };
      hooks.log('warn', 'an organisation waits for a list of rules', { organization: org, index, reason: message });
    }
    if (now < waits.searchAt) return 'waits';
    waits.searchAt = now + SEARCH_MS;
    const list = await findRules(store, org, index + 1, digest);
    if (list !== null) fold(list);
    if (list !== null) return 'found';
    return now - waits.since < (place.rulesWaitMs ?? RULES_WAIT_MS) ? 'waits' : 'never';
  }

  return take;
}

/** The record of a list of rules from an index of the log on; null when it is not there. */
async function findRules(store: QueueStore, org: string, from: number, digest: string): Promise<Uint8Array | null> {
  for (let at = from; ; ) {
    const { records, next } = await readLog(store, org, at, SEARCH_BYTES);
    for (const bytes of records) if (isRulesOf(bytes, digest)) return bytes;
    if (records.length === 0) return null;
    at = next;
  }
}

function isRulesOf(bytes: Uint8Array, digest: string): boolean {
  try {
    const record = decodeRecord(bytes);
    return record.kind === 'rules' && record.digest === digest;
  } catch (error) {
    // what cannot be read is dealt with when its turn comes
    if (error instanceof RecordError) return false;
    throw error;
  }
}
