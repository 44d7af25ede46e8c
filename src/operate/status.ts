/**
 * How an installation stands: for each organisation what waits, what was read, how far each origin and the decisions are.
 * Read from the store alone, for `pollwatch status`, for the metrics, and to know when everything is done.
 */
import { parentOf, type Tenant } from '../model/installation.ts';
import { WEB_PANE } from '../model/time.ts';
import { type QueueDepth, queueDepth } from '../queue/depth.ts';
import { type DrillState, readDrill } from '../queue/drill.ts';
import { countFacts } from '../queue/facts.ts';
import { type Halt, readHalt } from '../queue/halt.ts';
import { type MailDepth, mailDepth } from '../queue/mail-outbox.ts';
import { type OriginState, readOrigins } from '../queue/origins.ts';
import { countPending } from '../queue/pending.ts';
import { readProgress, type ShardProgress } from '../queue/progress.ts';
import { logEnd } from '../queue/shard-store.ts';
import { organizations, type QueueStore } from '../queue/store.ts';
import type { OrganizationNumbers } from './metrics.ts';

/** One organisation at one moment. */
export interface OrganizationStatus {
  readonly organization: string;
  /** as people say it; the id where the configuration does not name it */
  readonly name: string;
  /** false: it has a state in Redis and is not configured (any more) */
  readonly isConfigured: boolean;
  readonly depth: QueueDepth;
  readonly origins: readonly OriginState[];
  readonly mail: MailDepth;
  /** null: there never was one */
  readonly drill: DrillState | null;
  /** null: nothing was decided yet */
  readonly progress: ShardProgress | null;
  /** why nothing can be decided; null: it can */
  readonly halt: Halt | null;
  /** absolute index behind the last record of the log */
  readonly logEnd: number;
  /** what it told of other organisations' business and is not in their logs yet */
  readonly waitingFacts: number;
}

/** The status of every organisation that is configured or has anything in Redis, by id. */
export async function readStatus(
  store: QueueStore,
  tenants: ReadonlyMap<string, Pick<Tenant, 'name'> & Partial<Pick<Tenant, 'id' | 'inventory'>>>,
): Promise<OrganizationStatus[]> {
  const ids = [...new Set([...tenants.keys(), ...(await organizations(store))])].sort();
  const read = (some: readonly string[]) => Promise.all(some.map((id) => statusOf(store, id, tenants.get(id))));
  const first = await read(ids);
  // facts travel after decisions, and to a parent: it is read behind those who may tell it something
  const facts = await Promise.all(ids.map((id) => countFacts(store, id)));
  const parents = parentsIn(tenants);
  const behind = new Map((await read(ids.filter((id) => parents.has(id)))).map((s) => [s.organization, s]));
  return first.map((status, i) => ({ ...(behind.get(status.organization) ?? status), waitingFacts: facts[i]! }));
}

function parentsIn(tenants: ReadonlyMap<string, Partial<Pick<Tenant, 'id' | 'inventory'>>>): Set<string> {
  const known = [...tenants.values()].filter((t): t is Pick<Tenant, 'id' | 'inventory'> => t.inventory !== undefined);
  const byId = new Map(known.map((tenant) => [tenant.id, tenant]));
  return new Set(known.map((tenant) => parentOf(tenant, byId)).filter((id) => id !== null));
}

async function statusOf(
  store: QueueStore,
  organization: string,
  tenant: Pick<Tenant, 'name'> | undefined,
): Promise<Omit<OrganizationStatus, 'waitingFacts'>> {
  // in the order in which a line travels, so that nothing slips past between two reads
  const depth = await queueDepth(store, organization);
  const end = await logEnd(store, organization);
  const [origins, progress, drill, halt] = await Promise.all([
    readOrigins(store, organization),
    readProgress(store, organization),
    readDrill(store, organization),
    readHalt(store, organization),
  ]);
  const mail = await mailDepth(store, organization, Date.now());
  const pendingDocuments = await countPending(store, organization);
  return {
    organization,
    name: tenant?.name ?? organization,
    isConfigured: tenant !== undefined,
    depth: { ...depth, pendingDocuments },
    origins,
    mail,
    drill,
    progress,
    halt,
    logEnd: end,
  };
}

/** What is waited for besides decisions. */
export interface Drain {
  /** documents stand in Elasticsearch */
  readonly isIndexed: boolean;
  /** mails are handed over; with a mail server that is away this can take days (see drain.ts) */
  readonly isMailed: boolean;
}

/**
 * Whether everything that was ingested of an organisation is decided, and what else is asked for is done. Dead
 * letters wait for a person, not for a worker. Where an origin is still followed, decisions that wait for their windows to
 * close are not waited for: that can take hours.
 */
export function isDrained(status: OrganizationStatus, { isIndexed, isMailed }: Drain): boolean {
  const { depth, mail, origins, progress, logEnd: end } = status;
  if (depth.waitingChunks > 0 || depth.flyingChunks > 0 || status.waitingFacts > 0) return false;
  if (isIndexed && depth.pendingDocuments > 0) return false;
  if (isMailed && mail.waiting > 0) return false;
  if (end === 0) return true;
  if (progress === null || progress.decided < end) return false;
  return progress.isSettled || origins.some((origin) => !origin.closed);
}

/** Now minus the latest event that was applied, ms; null where nothing was. An installation that replays old logs lags by years. */
export function lagMs({ progress }: OrganizationStatus, nowMs: number): number | null {
  return progress?.eventMs === null || progress === null ? null : Math.max(0, nowMs - progress.eventMs);
}

/**
 * How far the latest events of an origin lie ahead of when its lines came, ms: a wrong time zone or clock, mostly. Event time is
 * known to ten minutes, so this is the least that it can be; less than ten minutes are 0.
 */
export function aheadMs(origin: Pick<OriginState, 'number' | 'updatedMs'>, progress: ShardProgress | null): number {
  const eventMs = progress?.originMs?.[origin.number];
  if (eventMs === undefined || origin.updatedMs === 0) return 0;
  const ahead = eventMs - WEB_PANE - origin.updatedMs;
  return ahead < WEB_PANE ? 0 : ahead;
}

/** Events that came later than the lateness allows; they count in alerts all the same, as long as those may change. */
export function lateEvents({ depth, progress }: OrganizationStatus): number {
  return Math.max(progress?.late ?? 0, depth.stats['late'] ?? 0);
}

/** The numbers that Prometheus reads. */
export function numbersOf(status: OrganizationStatus, nowMs: number): OrganizationNumbers {
  const { organization, depth, mail, drill, origins, progress, halt } = status;
  const lag = lagMs(status, nowMs);
  return {
    organization,
    gauges: {
      queued_bytes: depth.queuedBytes,
      waiting_chunks: depth.waitingChunks,
      flying_chunks: depth.flyingChunks,
      flying_seconds: depth.flyingMs / 1000,
      log_records: depth.logRecords,
      state_bytes: depth.snapshotBytes,
      pending_documents: depth.pendingDocuments,
      waiting_facts: status.waitingFacts,
      dead_letters: depth.deadLetters,
      mails_waiting: mail.waiting,
      mails_oldest_seconds: mail.oldestMs / 1000,
      mails_failed: mail.failed,
      drill_passed_seconds:
        drill === null || drill.passedMs === null ? null : Math.max(0, nowMs - drill.passedMs) / 1000,
      alerts_held: progress?.mailsHeld?.alerts ?? 0,
      alerts_standing: progress?.alerts ?? null,
      halted_seconds: halt === null ? 0 : Math.max(0, nowMs - halt.sinceMs) / 1000,
      lag_seconds: lag === null ? null : lag / 1000,
    },
    counts: {
      ...depth.stats,
      chunks: depth.stats['applied_chunks'] ?? 0,
      late: lateEvents(status),
      facts_left_out: progress?.factsLeftOut ?? 0,
      dropped: origins.reduce((sum, origin) => sum + origin.dropped, 0),
    },
  };
}
