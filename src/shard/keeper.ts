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
import { noteProgress, type ShardProgress } from '../queue/progress.ts';
import { sealLabel } from '../queue/seal.ts';
import {
  acquireLease,
  commitShard,
  logEnd,
  type MailCommit,
  readLog,
  readShard,
  releaseLease,
  renewLease,
  type ShardCommit,
  type ShardDocument,
} from '../queue/shard-store.ts';
import type { QueueStore } from '../queue/store.ts';
import { createAlertMemory } from './alert-memory.ts';
import { type ClosedDays, closeDays, type DayTelling, isToldDay, type ToldDay } from './days.ts';
import { type Told, tell } from './documents.ts';
import { createEvidenceMemory, type EvidenceMemory, evidenceOrigins } from './evidence.ts';
import { recordTaker } from './log.ts';
import { openShardMails, type ToTell } from './mail.ts';
import { readSoFar } from './reading.ts';
import { sealed, unsealed } from './sealed.ts';
import { createShard, decodeShard, encodeShard, evidenceFloor, foldRecord, pruneShard, type Shard } from './shard.ts';
import type { TenantTools } from './tenant.ts';
import { latestOf, type OriginStanding, passGaps, robustMaximum, watermarkOf } from './watermark.ts';

/** Bytes of the log that are read at once, between two looks at the lease. */
const READ_BYTES = 4 * 1024 * 1024;
/** Longest that a pass folds without a look at anything else, ms. */
const TURN_MS = 1000;
/** A snapshot is not made for less than this much of log. */
const SNAPSHOT_BYTES_MIN = 1024 * 1024;
/** Revisions that are forgotten with one command. */
const FORGOTTEN_AT_ONCE = 2000;
/** Documents of a past day that are committed at once, and about how many bytes of them. */
const LEFT_AT_ONCE = 500;
const LEFT_BYTES = 1024 * 1024;
/** Past days are told when the log is empty, for nobody waits for them; after this long also while it is not, ms. */
const DAYS_WAIT_MS = 120_000;
/** Deciding takes at most one part in this many of the time. */
const DECIDING_SHARE = 10;
/** Without an index nobody takes documents of days, and there are as many as sources: none are made. */
const NO_DAYS: ClosedDays = { documents: [], isDue: false, forgotten: [], nextMs: Number.POSITIVE_INFINITY };
/** A long log is decided in between for the first time after this long, ms. */
const FIRST_MS = 2000;
/**
 * When the log has been empty for this long everything is decided, whatever it costs, ms; at once where no origin will
 * bring another line.
 */
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
  const { setting, tenant } = tools;
  const org = tenant.id;
  const { dayStartMs } = tenant.inventory;
  const stored = await readShard(store, org);
  const { seal } = tools;
  const shard: Shard =
    stored.snapshot === null
      ? createShard(setting)
      : decodeShard(setting, unsealed(stored.snapshot, seal, org, 'snapshot'));
  const told = new Map<string, Told>();
  const toldDays = new Map<number, ToldDay>();
  /** revisions that nobody needs: of alerts of the past, and of documents that are told once */
  const useless: string[] = [];
  for (const [id, revision] of stored.revisions)
    if (isToldDay(revision)) toldDays.set(revision.day, revision);
    else if ('brief' in revision) told.set(id, revision as Told);
    else useless.push(id);
  const evidenceLines = evidenceMemory(place);
  const memory = createAlertMemory();
  const mails = place.sender == null ? null : openShardMails(place.sender, stored.mailMemory);
  /** what people are mailed about, as it was decided last; null before that */
  let toTell: ToTell | null = null;
  /** mails that were committed since somebody asked */
  let mailed = 0;
  let { generation } = stored;
  let at = stored.at;
  let snapshotBytes = stored.snapshot?.length ?? 0;
  let grownBytes = 0;
  let lateUncounted = 0;
  /** facts that were said to be left out */
  let leftOutSaid = 0;
  /** what is stored may be sealed with the key before, which will go: it is written anew once, however little has come */
  let isOldKey = tenant.previousSecret != null;
  let heldUntil = performance.now() + times.leaseMs;
  /** a decision would say something else than the last one */
  let isDirty = true;
  let lastRecord = performance.now();
  let nextDecision = performance.now() + FIRST_MS;
  let watermark = Number.NEGATIVE_INFINITY;
  let toldUntil = Number.NEGATIVE_INFINITY;
  let waiting = 0;
  let isSettled = false;
  let isDone = false;
  let decided: Pick<ShardProgress, 'eventMs' | 'originMs' | 'alertMs' | 'alerts'> = {
    eventMs: null,
    alertMs: null,
    alerts: 0,
  };
  /** documents of past days that are still to be told, from the state of the last decision */
  let leaving: Iterator<ShardDocument> | null = null;
  /** the first of them was taken: nothing is folded until the last was */
  let isLeaving = false;
  /** since when days wait to be told because there were records to fold, by performance.now() */
  let daysWaitSince: number | null = null;
  /** end of the first day that has not been told, Unix ms */
  let nextDayMs = Number.POSITIVE_INFINITY;
  let changedAt = performance.now();
  /** when the origins were looked at last */
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** when an origin was met that has no time of its own */
  const metAt = new Map<number, number>();

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

  /** Events from before this instant came late: where nothing holds the clock back, the latest event is the clock. */
  function lateBefore(): number {
    const clock = watermark === Number.POSITIVE_INFINITY ? latestOf(shard.times) : watermark;
    return (clock ?? Number.NEGATIVE_INFINITY) - work.latenessMs;
  }

  /** Renews the lease when a third of it is gone, or at once. */
  async function hold(now = false): Promise<boolean> {
    if (!now && heldUntil - performance.now() > (times.leaseMs * 2) / 3) return true;
    const asked = performance.now();
    if (!(await renewLease(store, org, worker, fence, times.leaseMs))) return false;
    heldUntil = asked + times.leaseMs;
    return true;
  }

  async function fold(): Promise<{
    state: 'kept' | 'lost';
    records: number;
    late: number;
    origins: OriginState[];
    /** everything that was applied before this pass was folded */
    isAtEnd: boolean;
    nothingWaits: boolean;
  }> {
    // read before the log: what was applied until now stands in the log that is read below
    const origins = await readOrigins(store, org);
    const depth = await queueDepth(store, org);
    const until = performance.now() + TURN_MS;
    let records = 0;
    let late = 0;
    let isAtEnd = false;
    for (;;) {
      const read = await readLog(store, org, at, READ_BYTES);
      let waits = false;
      const before = records;
      for (const record of read.records) {
        const taken = await take(record, at);
        if (taken.state === 'lost')
          return { state: 'lost', records, late, origins, isAtEnd: false, nothingWaits: false };
        waits = taken.state === 'waits';
        if (taken.state === 'waits') break;
        late += taken.late;
        grownBytes += record.length;
        records++;
        at++;
      }
      isAtEnd = read.records.length === 0;
      if (isAtEnd || (waits && records === before)) break;
      isDirty = true;
      // the next decision tells what is left to be told then
      leaving = null;
      changedAt = lastRecord = performance.now();
      if (!(await hold())) return { state: 'lost', records, late, origins, isAtEnd: false, nothingWaits: false };
      // a decision is due, or other organisations of this worker are
      if (performance.now() > Math.min(nextDecision, until)) break;
    }
    lateUncounted += late;
    return {
      state: 'kept',
      records,
      late,
      origins,
      isAtEnd,
      nothingWaits: depth.waitingChunks + depth.flyingChunks === 0,
    };
  }

  function standingsOf(origins: readonly OriginState[], isAtEnd: boolean, nothingWaits: boolean): OriginStanding[] {
    const nowMs = Date.now();
    return origins.map(({ number, seq, applied, closed, updatedMs }) => {
      const since = updatedMs > 0 ? updatedMs : (metAt.get(number) ?? nowMs);
      if (updatedMs === 0) metAt.set(number, since);
      return {
        number,
        seq,
        isDone: isAtEnd && (applied >= seq || nothingWaits),
        isQuiet: closed || nowMs - since > work.idleMs,
      };
    });
  }

  async function decide(
    origins: readonly OriginState[],
    standings: readonly OriginStanding[],
  ): Promise<{ state: 'kept' | 'lost'; documents: number }> {
    const started = performance.now();
    if (!(await hold(true))) return { state: 'lost', documents: 0 };
    // an origin whose first chunk came while the log was read
    const isKnown = new Set(origins.map(({ number }) => number));
    const known = [...shard.tallies.keys()].every((n) => isKnown.has(n)) ? origins : await readOrigins(store, org);
    const nowMs = Date.now();
    if (generation === 0) generation = 1 + Math.floor((await place.highestVersion(org)) / 2 ** 32);
    const closedMs = watermark - work.latenessMs;
    const tidings = await tell(shard, setting, {
      closedMs,
      nowMs,
      generation,
      told,
      evidence: evidenceOrigins(known, evidenceLines),
      memory,
    });
    for (const { id, f } of tidings.same) told.set(id, { ...told.get(id)!, f });
    const isGrown = isOldKey || grownBytes >= Math.max(times.snapshotBytesMin ?? SNAPSHOT_BYTES_MIN, snapshotBytes);
    const bytes = isGrown ? sealed(encodeShard(shard, setting, 'arrival'), seal, org, 'snapshot') : null;
    const mail = await planMail(tidings, nowMs, known);
    if (!(await hold(true))) return { state: 'lost', documents: 0 };
    const commit: ShardCommit = {
      fence,
      worker,
      documents: tidings.documents,
      generation,
      ...(mail !== null && { mail }),
      stats: { alerts: tidings.documents.length, ...(bytes !== null && { late: lateUncounted }) },
      ...(bytes !== null && {
        snapshot: { bytes, at },
        dropEvidenceBefore: evidenceFloor(shard, dayStartMs, work.evidenceDays),
      }),
    };
    if ((await commitShard(store, org, commit)) === 'fenced') return { state: 'lost', documents: 0 };
    toTell = mails === null ? null : { states: tidings.states, drills: tidings.drills };
    noteMailed(mail);
    for (const { id, version, digest, more } of tidings.documents) told.set(id, { ...more, v: version, d: digest });
    for (const id of tidings.forgotten) told.delete(id);
    useless.push(...tidings.forgotten);
    const facts = tidings.facts.map(({ fact, to, more }) => {
      const revision: Told = { ...told.get(fact.id)!, ...more };
      told.set(fact.id, revision);
      return { id: fact.id, to, text: JSON.stringify(fact), revision };
    });
    if ((await commitFacts(store, org, { fence, worker }, facts)) === 'fenced') return { state: 'lost', documents: 0 };
    if (bytes !== null) {
      snapshotBytes = bytes.length;
      grownBytes = 0;
      lateUncounted = 0;
      isOldKey = false;
    }
    const dayTelling: DayTelling = {
      closedMs,
      isOver: known.every(({ closed }) => closed) && standings.every(({ isDone }) => isDone),
      nowMs: nowMs - work.latenessMs,
      generation,
      told: toldDays,
      alerts: tidings.alerts,
      origins: new Map(known.map((origin) => [origin.number, origin])),
    };
    const days = place.isIndexed === false ? NO_DAYS : closeDays(shard, setting, dayTelling);
    const { documents, isDue, forgotten, nextMs } = days;
    useless.push(...forgotten);
    for (const [day, { id }] of toldDays) if (forgotten.includes(id)) toldDays.delete(day);
    leaving = documents[Symbol.iterator]();
    daysWaitSince = isDue ? (daysWaitSince ?? performance.now()) : null;
    isLeaving = daysWaitSince !== null && performance.now() - daysWaitSince > (times.daysWaitMs ?? DAYS_WAIT_MS);
    nextDayMs = nextMs;
    toldUntil = closedMs;
    waiting = tidings.waiting;
    isDirty = false;
    isDone = standings.every((origin) => origin.isDone);
    decided = {
      eventMs: latestOf(shard.times),
      originMs: Object.fromEntries(
        known.flatMap(({ number, closed }) => {
          const ms = closed ? null : robustMaximum(shard.times.get(number) ?? { runs: [] });
          return ms === null ? [] : [[number, ms]];
        }),
      ),
      alertMs: tidings.latestMs,
      alerts: tidings.standing,
    };
    await note();
    nextDecision = performance.now() + (performance.now() - started) * (DECIDING_SHARE - 1);
    return { state: 'kept', documents: tidings.documents.length };
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
      const commit: ShardCommit = { fence, worker, documents: [], mail, stats: {} };
      if (!(await hold()) || (await commitShard(store, org, commit)) === 'fenced') return 'lost';
    }
    const before = JSON.stringify(mails.held);
    noteMailed(mail);
    if (JSON.stringify(mails.held) !== before) await note();
    return 'kept';
  }

  async function note(): Promise<void> {
    isSettled = waiting === 0 && isDone && leaving === null;
    const factsLeftOut = shard.facts.leftOut;
    // said again when it has doubled
    if (factsLeftOut > 2 * leftOutSaid) {
      leftOutSaid = factsLeftOut;
      place.hooks?.log(
        'warn',
        'other organisations tell more than is kept: what they told of some sources is left out',
        {
          organization: org,
          facts: factsLeftOut,
        },
      );
    }
    const left = factsLeftOut === 0 ? {} : { factsLeftOut };
    const held = mails?.held == null ? {} : { mailsHeld: mails.held };
    await noteProgress(store, org, { decided: at, isSettled, ...decided, late: shard.late, ...left, ...held, worker });
  }

  /** Commits some of the documents of past days; after the last what was dropped goes. */
  async function leave(from: Iterator<ShardDocument>): Promise<Pass> {
    isLeaving = true;
    const documents: ShardDocument[] = [];
    let isLast = false;
    for (let bytes = 0; documents.length < LEFT_AT_ONCE && bytes < LEFT_BYTES; ) {
      const next = from.next();
      isLast = next.done === true;
      if (next.done === true) break;
      documents.push(next.value);
      bytes += next.value.body.length;
    }
    if (!(await hold())) return LOST;
    if (documents.length > 0 && (await commitShard(store, org, { fence, worker, documents, stats: {} })) === 'fenced')
      return LOST;
    for (const { id, version, digest, more } of documents)
      if (more?.['kind'] === 'day') toldDays.set(Number(more['day']), { ...more, v: version, d: digest } as ToldDay);
      else useless.push(id);
    if (isLast) {
      if ((await forget()) === 'lost') return LOST;
      leaving = null;
      isLeaving = false;
      daysWaitSince = null;
      // what is dropped was told before
      // and what an origin that is still behind will bring is told before it is dropped
      pruneShard(shard, setting, Math.min(watermark, Date.now() + DAY));
      await note();
    }
    return { state: 'kept', records: 0, late: 0, documents: documents.length, decided: false };
  }

  /** Forgets revisions, some at a time, so that the store is not kept from others. */
  async function forget(): Promise<'kept' | 'lost'> {
    while (useless.length > 0) {
      const dropRevisions = useless.slice(-FORGOTTEN_AT_ONCE);
      const commit: ShardCommit = { fence, worker, documents: [], dropRevisions, stats: {} };
      if ((await commitShard(store, org, commit)) === 'fenced') return 'lost';
      useless.length -= dropRevisions.length;
    }
    return 'kept';
  }

  return {
    async pass(now = false) {
      if (!(await hold())) return LOST;
      // days that were begun are finished from one state; the first pass after a decision without any has only to drop
      if (leaving !== null && (isLeaving || daysWaitSince === null)) return leave(leaving);
      const isDayPast = Date.now() - work.latenessMs >= nextDayMs;
      const isLookedAt = isSettled || performance.now() - lookedAt < QUIET_LOOK_MS;
      if (!now && !isDirty && !isDayPast && isLookedAt && (await logEnd(store, org)) === at) return NOTHING;
      lookedAt = performance.now();
      const { state, records, late, origins, isAtEnd, nothingWaits } = await fold();
      if (state === 'lost') return LOST;
      if (leaving !== null && isAtEnd) return leave(leaving);
      const standings = standingsOf(origins, isAtEnd, nothingWaits);
      if (isAtEnd)
        for (const { number, seq, isDone } of standings) {
          const time = shard.times.get(number);
          if (isDone && time !== undefined) passGaps(time, seq);
        }
      const limit = Date.now() + DAY;
      const reached = watermarkOf(shard.times, standings);
      watermark = reached === Number.POSITIVE_INFINITY ? reached : Math.min(reached, limit);
      // windows may have closed without another line
      const isComplete = standings.every((origin) => origin.isDone);
      const isLater =
        waiting > 0
          ? watermark - work.latenessMs > toldUntil
          : (isComplete && !isSettled) || (isDayPast && watermark === Number.POSITIVE_INFINITY);
      const isDrained =
        (isAtEnd && watermark === Number.POSITIVE_INFINITY) ||
        (records === 0 && performance.now() - lastRecord >= DRAINED_MS);
      if ((!isDirty && !isLater) || !(now || isDrained || performance.now() >= nextDecision))
        return { state: 'kept', records, late, documents: 0, decided: false };
      const decided = await decide(origins, standings);
      return { state: decided.state, records, late, documents: decided.documents, decided: decided.state === 'kept' };
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
      return at;
    },
    isIdle: (ms) =>
      !isDirty && isSettled && nextDayMs === Number.POSITIVE_INFINITY && performance.now() - changedAt > ms,
    close: () => releaseLease(store, org, worker, fence),
  };
}

function evidenceMemory({ store, tools }: KeeperPlace): EvidenceMemory {
  const { id } = tools.tenant;
  return createEvidenceMemory(async (origin, offset) => {
    const blob = await evidenceBlob(store, id, origin, offset);
    return blob === null ? null : tools.seal.open(blob.sealed, sealLabel(id, origin, blob.seq, 'evidence'));
  });
}
