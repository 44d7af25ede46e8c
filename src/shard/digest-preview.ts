/**
 * The digests that the contacts of an organisation would get now, to be looked at: the shard is read as it stands in the store,
 * beside whoever holds its lease. Nothing is sent, and nothing is changed.
 */
import type { Sender } from '../mail/envelope.ts';
import { DeltaError } from '../measure/delta.ts';
import type { RenderedMail } from '../model/mail.ts';
import { readOrigins } from '../queue/origins.ts';
import { LogTrimmedError, readLog, readShard, type ShardState } from '../queue/shard-store.ts';
import type { QueueStore } from '../queue/store.ts';
import { tell } from './documents.ts';
import { foldRecord } from './folding.ts';
import { digestsNow } from './mail.ts';
import { readSoFar } from './reading.ts';
import { RecordError } from './record.ts';
import { sortRevisions } from './revisions.ts';
import { unsealed, unsealedShard } from './sealed.ts';
import type { Shard } from './shard.ts';
import type { TenantTools } from './tenant.ts';

/** Bytes of the log that are read at a time. */
const READ_BYTES = 8 * 1024 * 1024;
/** The log may be trimmed while it is read, by whoever replaces the snapshot: then both are read again. */
const READS_MAX = 5;

/** The digests as of `nowMs`, Unix ms, one for each address whose contact gets any. Throws a RecordError as a worker does. */
export async function previewDigests(
  store: QueueStore,
  tools: TenantTools,
  sender: Sender,
  nowMs: number,
): Promise<RenderedMail[]> {
  const { setting, tenant } = tools;
  const { shard, stored } = await readWhole(store, tools);
  const told = sortRevisions(stored.revisions).alerts;
  const telling = {
    closedMs: Number.NEGATIVE_INFINITY,
    nowMs,
    generation: stored.generation,
    told,
    evidence: new Map(),
  };
  const { states } = await tell(shard, setting, telling);
  const read = await readSoFar(store, tenant.id, shard.tallies, await readOrigins(store, tenant.id), nowMs);
  // what nobody has been told yet may be told otherwise
  const known = states.filter(({ alert }) => told.has(alert.id));
  return digestsNow(sender, stored.mailMemory, known, nowMs, read);
}

async function readWhole(store: QueueStore, tools: TenantTools): Promise<{ shard: Shard; stored: ShardState }> {
  for (let reads = 1; ; reads++) {
    try {
      const stored = await readShard(store, tools.tenant.id);
      return { shard: await foldAll(store, tools, stored), stored };
    } catch (error) {
      if (!(error instanceof LogTrimmedError) || reads === READS_MAX) throw error;
    }
  }
}

/** The snapshot and what stands behind it in the log; what a worker would put aside is left out. */
async function foldAll(store: QueueStore, { setting, tenant, seal }: TenantTools, stored: ShardState): Promise<Shard> {
  const shard = unsealedShard(stored.snapshot, seal, tenant.id, setting);
  for (let at = stored.at; ; ) {
    const { records, next } = await readLog(store, tenant.id, at, READ_BYTES);
    if (records.length === 0) return shard;
    for (const record of records.filter(({ length }) => length > 0)) {
      try {
        foldRecord(shard, setting, unsealed(record, seal, tenant.id, 'record'));
      } catch (error) {
        if (!(error instanceof RecordError || error instanceof DeltaError)) throw error;
      }
    }
    at = next;
  }
}
