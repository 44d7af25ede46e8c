/**
 * Keeps the shard of one organisation for as long as it holds its lease: folds what was appended to the log, decides when
 * it is worth it, and commits documents, snapshot and the end of the log that it includes. What is in memory is nothing
 * but snapshot and log, so a keeper that loses its lease is thrown away and another goes on from what was committed.
 */

import type { Sender } from '../mail/envelope.ts';
import type { WorkSettings } from '../model/installation.ts';
import { DAY } from '../model/time.ts';
import { SILENT_HOOKS, type WorkerHooks } from '../model/worker.ts';
import { queueDepth } from '../queue/depth.ts';
import { evidenceBlob } from '../queue/evidence-store.ts';
import { commitFacts } from '../queue/facts.ts';
import { type OriginState, readOrigins } from '../queue/origins.ts';
import { sealLabel } from '../queue/seal.ts';
import {
  acquireLease,
  commitShard,
  logEnd,
  type MailCommit,
  readShard,
  releaseLease,
  type ShardCommit,
} from '../queue/shard-store.ts';
import type { QueueStore } from '../queue/store.ts';
import { type AlertMemories, createAlertMemories } from './alert-memory.ts';
import { type ClosedDays, closeDays, type DayTelling } from './days.ts';
import { type Tidings, tell } from './documents.ts';
import { createEvidenceMemory, type EvidenceMemory, evidenceOrigins } from './evidence.ts';
import { evidenceFloor } from './evidence-floor.ts';
import { foldRecord } from './folding.ts';
import { holdLease } from './lease.ts';
import { recordTaker } from './log.ts';
import { createLogReader } from './log-reader.ts';
import { openShardMails, type ToTell } from './mail.ts';
import { createPastDays } from './past-days.ts';
import { createProgressNote } from './progress-note.ts';
import { pruneShard } from './pruning.ts';
import { readSoFar } from './reading.ts';
import { forgetDays, noteAlerts, noteDays, sortRevisions } from './revisions.ts';
import { sealedShard, unsealedShard } from './sealed.ts';
import { createSnapshots } from './snapshots.ts';
import { createStandings, type QueueSight } from './standings.ts';
import type { TenantTools } from './tenant.ts';
import type { Told } from './told-alert.ts';
import { latestOf, type OriginStanding, passGaps, watermarkOf } from './watermark.ts';

/** Revisions that are forgotten with one command. */
const FORGOTTEN_AT_ONCE = 2000;
/** Past days are told when the log is empty, for nobody waits for them; after this long also while it is not, ms. */
const DAYS_WAIT_MS = 120_000;
/** Deciding takes at most one part in this many of the time while there are records to fold, and half of it while not. */
const DECIDING_SHARE = 10;
/** Without an index nobody takes documents of days, and there are as many as sources: none are made. */
const NO_DAYS: ClosedDays = { documents: [], isDue: false, forgotten: [], nextMs: Number.POSITIVE_INFINITY };
/** A long log is decided in between for the first time after this long, ms. */
const FIRST_MS = 2000;
/** When the log has been empty for this long everything is decided, ms; at once where no origin will bring another line. */
const DRAINED_MS = 500;
/** Without records only time changes what origins say: they are looked at this often, so that a round of many is short, ms. */
const QUIET_LOOK_MS = 1000;

/** Times and bounds of a keeper. */
export interface KeeperTimes {
  /** how long a lease lasts without a sign of life, ms */
  readonly leaseMs: number;
  /** bytes of log below which no snapshot is made */
  readonly snapshotBytesMin?: number;
  /** how long a delta waits for its list of rules, ms; default RULES_WAIT_MS */
  readonly rulesWaitMs?: number;
  /** longest that past days wait while there are records to fold, ms; default two minutes */
  readonly daysWaitMs?: number;
}

/** Where a keeper works. */
export interface KeeperPlace {
  readonly store: QueueStore;
  readonly tools: TenantTools;
  readonly work: WorkSettings;
  /** name of the worker, unique among all */
  readonly worker: string;
  readonly times: KeeperTimes;
  /** false: no index takes documents, so that only alerts are made, which are few; default true */
  readonly isIndexed?: boolean;
  /** how people are mailed; null or undefined: nobody is */
  readonly sender?: Sender | null;
  /** what was decided before by the same worker, of all its shards */
  readonly memories?: AlertMemories;
  /** told of records that wait or are put aside */
  readonly hooks?: Pick<WorkerHooks, 'log' | 'count'>;
  /** highest version that the index has of the organisation's alerts; asked when the shard is new */
  highestVersion(organization: string): Promise<number>;
}

/** What one pass did. */
export interface Pass {
  /** "lost": somebody else holds the lease, this keeper is of no use any more */
  readonly state: 'kept' | 'lost';
  readonly records: number;
  readonly late: number;
  readonly documents: number;
  readonly decided: boolean;
}

const NOTHING: Pass = { state: 'kept', records: 0, late: 0, documents: 0, decided: false };
const LOST: Pass = { state: 'lost', records: 0, late: 0, documents: 0, decided: false };

/** A keeper with its lease. */
export interface ShardKeeper {
  /** Folds, and decides and commits when it is due. `now` = at once: the worker stops. */
  pass(now?: boolean): Promise<Pass>;
  /** Plans the mails that the clock alone brings. Returns how many rows were committed since it was last called. */
  mail(): Promise<number | 'lost'>;
  /** absolute index of the log up to which everything was folded */
  readonly at: number;
  /** when there may be mails to send without another record, Unix ms; +Infinity = nobody is mailed */
  readonly nextMailMs: number;
  /** whether nothing has changed for this many ms and nothing waits to be told */
  isIdle(ms: number): boolean;
  /** Gives the lease back. */
  close(): Promise<void>;
}

/** Takes the lease and reads the shard; null while somebody else holds it. */
export async function openKeeper(place: KeeperPlace): Promise<ShardKeeper | null> {
  const { store, tools, worker, times } = place;
  const { id } = tools.tenant;
  const fence = await acquireLease(store, id, worker, times.leaseMs);
  if (fence === null) return null;
  try {
    return await keeperOf(place, fence);
  } catch (error) {
    await releaseLease(store, id, worker, fence);
    throw error;
  }
}

async function keeperOf(place: KeeperPlace, fence: number): Promise<ShardKeeper> {
  const { store, tools, worker, work, times } = place;
  const { setting, tenant, seal } = tools;
  const org = tenant.id;
  const stored = await readShard(store, org);
  const shard = unsealedShard(stored.snapshot, seal, org, setting);
  const revisions = sortRevisions(stored.revisions);
  const lease = holdLease(store, org, worker, fence, times.leaseMs);
  const snapshots = createSnapshots(
    stored.snapshot?.length ?? 0,
    tenant.previousSecret != null,
    times.snapshotBytesMin,
  );
  const days = createPastDays(times.daysWaitMs ?? DAYS_WAIT_MS);
  const evidenceLines = evidenceMemory(place);
  const memories = place.memories ?? createAlertMemories();
  const mails = place.sender == null ? null : openShardMails(place.sender, stored.mailMemory);
  const standingsOf = createStandings(work.idleMs);
  const progress = createProgressNote({ store, org, worker, hooks: place.hooks ?? SILENT_HOOKS });
  /** what people are mailed about, as it was decided last; null before that */
  let toTell: ToTell | null = null;
  /** mails that were committed since somebody asked */
  let mailed = 0;
  let { generation } = stored;
  /** a decision would say something else than the last one */
  let isDirty = true;
  /** when a record was folded last, and when the next decision is due, by performance.now() */
  let changedAt = performance.now();
  let nextDecision = performance.now() + FIRST_MS;
  /** how long the last decision took, and when it ended, ms */
  let decidingMs = 0;
  let decidedAt = Number.NEGATIVE_INFINITY;
  /** when the origins were looked at last */
  let lookedAt = Number.NEGATIVE_INFINITY;
  let watermark = Number.NEGATIVE_INFINITY;
  /** windows that ended before were past when it was decided last; and how many alerts waited for theirs */
  let toldUntil = Number.NEGATIVE_INFINITY;
  let waiting = 0;
  /** no origin had a chunk on its way when it was decided last */
  let isDone = false;

  const take = recordTaker(
    {
      store,
      org,
      worker,
      fence,
      hooks: place.hooks ?? SILENT_HOOKS,
      seal,
      ...(times.rulesWaitMs !== undefined && { rulesWaitMs: times.rulesWaitMs }),
    },
    (record) => foldRecord(shard, setting, record, lateBefore()),
  );
  const log = createLogReader({ store, org }, lease, take, stored.at, () => {
    changedAt = performance.now();
    // what comes after a pause is rarely alone: it waits as it would if there had been none
    if (!isDirty) nextDecision = Math.max(nextDecision, changedAt + decidingMs * (DECIDING_SHARE - 1));
    isDirty = true;
    days.changed();
  });

  /** Events from before this instant came late: where nothing holds the clock back, the latest event is the clock. */
  function lateBefore(): number {
    const clock = watermark === Number.POSITIVE_INFINITY ? latestOf(shard.times) : watermark;
    return (clock ?? Number.NEGATIVE_INFINITY) - work.latenessMs;
  }

  /** What the queue holds, read before the log: what was applied until now stands in the log that is read afterwards. */
  async function lookAtQueue(): Promise<QueueSight> {
    const origins = await readOrigins(store, org);
    const { waitingChunks, flyingChunks } = await queueDepth(store, org);
    return { origins, nothingWaits: waitingChunks + flyingChunks === 0 };
  }

  /** How far all origins have been read, not further than a day from now. */
  function advance(standings: readonly OriginStanding[], isAtEnd: boolean): void {
    if (isAtEnd)
      for (const { number, seq, isDone: isOver } of standings) {
        const time = shard.times.get(number);
        if (isOver && time !== undefined) passGaps(time, seq);
      }
    const reached = watermarkOf(shard.times, standings);
    watermark = reached === Number.POSITIVE_INFINITY ? reached : Math.min(reached, Date.now() + DAY);
  }

  /** Origins by the time that the log was read; one whose first chunk came meanwhile is asked for. */
  async function originsOf({ origins }: QueueSight): Promise<readonly OriginState[]> {
    const isKnown = new Set(origins.map(({ number }) => number));
    return [...shard.tallies.keys()].every((n) => isKnown.has(n)) ? origins : readOrigins(store, org);
  }

  async function decide(seen: QueueSight, standings: readonly OriginStanding[]): Promise<Pass> {
    const started = performance.now();
    if (!(await lease.hold(true))) return LOST;
    const origins = await originsOf(seen);
    const nowMs = Date.now();
    if (generation === 0) generation = 1 + Math.floor((await place.highestVersion(org)) / 2 ** 32);
    const closedMs = watermark - work.latenessMs;
    const tidings = await tell(shard, setting, {
      closedMs,
      nowMs,
      generation,
      told: revisions.alerts,
      evidence: evidenceOrigins(origins, evidenceLines),
      memory: memories.of(org),
      isMailed: mails !== null,
    });
    memories.told(org);
    if ((await commit(tidings, origins, nowMs)) === 'lost') return LOST;
    const telling: DayTelling = {
      closedMs,
      isOver: origins.every(({ closed }) => closed) && standings.every((origin) => origin.isDone),
      nowMs: nowMs - work.latenessMs,
      generation,
      told: revisions.days,
      alerts: tidings.alerts,
      origins: new Map(origins.map((origin) => [origin.number, origin])),
    };
    const closed = place.isIndexed === false ? NO_DAYS : closeDays(shard, setting, telling);
    forgetDays(revisions, closed.forgotten);
    days.decided(closed);
    toldUntil = closedMs;
    waiting = tidings.waiting;
    isDirty = false;
    isDone = standings.every((origin) => origin.isDone);
    progress.decided(log.at, shard, origins, tidings);
    await note();
    decidedAt = performance.now();
    decidingMs = decidedAt - started;
    nextDecision = decidedAt + decidingMs * (DECIDING_SHARE - 1);
    return { ...NOTHING, documents: tidings.documents.length, decided: true };
  }

  /** Commits what was decided: documents and mails, a snapshot when one is due, and then what other organisations are told. */
  async function commit(tidings: Tidings, origins: readonly OriginState[], nowMs: number): Promise<'kept' | 'lost'> {
    for (const { id, f } of tidings.same) revisions.alerts.set(id, { ...revisions.alerts.get(id)!, f });
    const snapshot = snapshots.due(() => sealedShard(shard, setting, seal, org), log.at);
    const mail = await planMail(tidings, nowMs, origins);
    if (!(await lease.hold(true))) return 'lost';
    const { documents } = tidings;
    const step: ShardCommit = {
      fence,
      worker,
      documents,
      generation,
      ...(mail !== null && { mail }),
      ...snapshot,
      stats: { alerts: documents.length, ...snapshot?.stats },
      ...(snapshot !== null && {
        dropEvidenceBefore: evidenceFloor(shard, tenant.inventory.dayStartMs, work.evidenceDays),
      }),
    };
    if ((await commitShard(store, org, step)) === 'fenced') return 'lost';
    snapshots.committed();
    toTell = mails === null ? null : { states: tidings.states, drills: tidings.drills };
    noteMailed(mail);
    noteAlerts(revisions, tidings);
    const facts = tidings.facts.map(({ fact, to, more }) => {
      const revision: Told = { ...revisions.alerts.get(fact.id)!, ...more };
      revisions.alerts.set(fact.id, revision);
      return { id: fact.id, to, text: JSON.stringify(fact), revision };
    });
    return (await commitFacts(store, org, { fence, worker }, facts)) === 'fenced' ? 'lost' : 'kept';
  }

  async function planMail(from: ToTell, nowMs: number, origins: readonly OriginState[]): Promise<MailCommit | null> {
    if (mails === null) return null;
    return mails.plan(from, nowMs, () => readSoFar(store, org, shard.tallies, origins, nowMs));
  }

  function noteMailed(mail: MailCommit | null): void {
    mails?.committed();
    mailed += mail?.rows.length ?? 0;
  }

  /** What the clock alone brings: waits that are over, digests, escalations. */
  async function remind(): Promise<'kept' | 'lost'> {
    if (mails === null || toTell === null || Date.now() < mails.nextMs) return 'kept';
    const mail = await planMail(toTell, Date.now(), await readOrigins(store, org));
    if (mail !== null) {
      const step: ShardCommit = { fence, worker, documents: [], mail, stats: {} };
      if (!(await lease.hold()) || (await commitShard(store, org, step)) === 'fenced') return 'lost';
    }
    const before = JSON.stringify(mails.held);
    noteMailed(mail);
    if (JSON.stringify(mails.held) !== before) await note();
    return 'kept';
  }

  const note = () => progress.write(waiting === 0 && isDone && !days.isWaiting, shard, mails?.held ?? null);

  /** Commits some of the documents of past days; after the last what was dropped goes. */
  async function tellDays(): Promise<Pass> {
    const { documents, isLast } = days.take();
    if (!(await lease.hold())) return LOST;
    if (documents.length > 0 && (await commitShard(store, org, { fence, worker, documents, stats: {} })) === 'fenced')
      return LOST;
    noteDays(revisions, documents);
    if (isLast) {
      if ((await forget()) === 'lost') return LOST;
      days.done();
      // what is dropped was told before, and what an origin that is still behind will bring is told before it is dropped
      pruneShard(shard, setting, Math.min(watermark, Date.now() + DAY));
      await note();
    }
    return { ...NOTHING, documents: documents.length };
  }

  /** Forgets revisions, some at a time, so that the store is not kept from others. */
  async function forget(): Promise<'kept' | 'lost'> {
    const { useless } = revisions;
    while (useless.length > 0) {
      const dropRevisions = useless.slice(-FORGOTTEN_AT_ONCE);
      const step: ShardCommit = { fence, worker, documents: [], dropRevisions, stats: {} };
      if ((await commitShard(store, org, step)) === 'fenced') return 'lost';
      useless.length -= dropRevisions.length;
    }
    return 'kept';
  }

  /** Whether there is reason to decide although nothing was folded: windows may have closed, or a day. */
  function isLater(standings: readonly OriginStanding[], isDayPast: boolean): boolean {
    if (waiting > 0) return watermark - work.latenessMs > toldUntil;
    const isComplete = standings.every((origin) => origin.isDone);
    return (isComplete && !progress.isSettled) || (isDayPast && watermark === Number.POSITIVE_INFINITY);
  }

  return {
    async pass(now = false) {
      if (!(await lease.hold())) return LOST;
      // days that were begun are finished from one state; the first pass after a decision without any has only to drop
      if (days.isUnderWay) return tellDays();
      const isDayPast = Date.now() - work.latenessMs >= days.nextMs;
      const isLookedAt = progress.isSettled || performance.now() - lookedAt < QUIET_LOOK_MS;
      if (!now && !isDirty && !isDayPast && isLookedAt && (await logEnd(store, org)) === log.at) return NOTHING;
      lookedAt = performance.now();
      const seen = await lookAtQueue();
      const { state, records, bytes, late, isAtEnd } = await log.fold(nextDecision);
      snapshots.grew(bytes, late);
      if (state === 'lost') return LOST;
      if (days.isWaiting && isAtEnd) return tellDays();
      const standings = standingsOf(seen, isAtEnd);
      advance(standings, isAtEnd);
      const isRested = performance.now() - decidedAt >= decidingMs;
      const isDrained =
        (isAtEnd && watermark === Number.POSITIVE_INFINITY) ||
        (records === 0 && isRested && performance.now() - changedAt >= DRAINED_MS);
      const isReason = isDirty || isLater(standings, isDayPast);
      if (!isReason || !(now || isDrained || performance.now() >= nextDecision)) return { ...NOTHING, records, late };
      const decided = await decide(seen, standings);
      return { ...decided, records, late };
    },
    async mail() {
      const isHeld = await remind();
      const made = mailed;
      mailed = 0;
      return isHeld === 'lost' ? 'lost' : made;
    },
    get nextMailMs() {
      return mails?.nextMs ?? Number.POSITIVE_INFINITY;
    },
    get at() {
      return log.at;
    },
    isIdle: (ms) =>
      !isDirty && progress.isSettled && days.nextMs === Number.POSITIVE_INFINITY && performance.now() - changedAt > ms,
    close: () => lease.release(),
  };
}

function evidenceMemory({ store, tools, hooks = SILENT_HOOKS }: KeeperPlace): EvidenceMemory {
  const { id } = tools.tenant;
  let isSaid = false;
  const load = async (origin: number, offset: number) => {
    const blob = await evidenceBlob(store, id, origin, offset);
    return blob === null ? null : tools.seal.open(blob.sealed, sealLabel(id, origin, blob.seq, 'evidence'));
  };
  return createEvidenceMemory(load, undefined, (error) => {
    // where one does not open, others do not either: once is enough
    if (!isSaid)
      hooks.log('warn', 'lines kept for alerts do not open; alerts stand without them', { organization: id, error });
    isSaid = true;
  });
}
