/**
 * A decide worker: for each organisation whose lease it gets, folds the records of the analyze workers into the shard,
 * decides, commits what is to be told, and takes what it tells of other organisations' business to their shards. Several
 * of these workers share the organisations between them; when one ends, its leases run out and others go on from what
 * was committed.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Installation } from '../src/model/installation.ts';
import type { WorkerHooks } from '../src/model/worker.ts';
import { isAway } from '../src/queue/connection.ts';
import { endHalt, noteHalt, readHalt } from '../src/queue/halt.ts';
import { nudgeIndex, nudgeMail, openQueues } from '../src/queue/queues.ts';
import { leaseLoss, logEnd } from '../src/queue/shard-store.ts';
import { openStore, organizations } from '../src/queue/store.ts';
import { createAlertMemories } from '../src/shard/alert-memory.ts';
import { moveFacts } from '../src/shard/facts.ts';
import { haltKind } from '../src/shard/halt.ts';
import { openKeeper, type ShardKeeper } from '../src/shard/keeper.ts';
import { senderOf } from '../src/shard/mail.ts';
import { tenantTools } from '../src/shard/tenant.ts';

/** Pause between two rounds in which nothing came, ms. */
const ROUND_MS = 100;
/** How long a lease lasts without a sign of life: longer than the longest decision, ms. */
const LEASE_MS = 60_000;
/** A lease is stretched at most this often where decisions take longer. */
const STRETCH_MAX = 16;
/** After this long without a record a lease is given back, so that others may share the work and memory is freed, ms. */
const IDLE_MS = 300_000;
/** Pause before an organisation is tried again that could not be read, ms. */
const AGAIN_MS = 5000;

/** The same where a newer program is needed to read it, ms. */
const NEWER_MS = 60_000;

/** What became of a lease that does not hold any more, in words. */
const LOSSES = {
  restarted: 'Redis was restarted, which ends all leases; this organisation is taken up again',
  'ran out': 'the lease of an organisation ran out over a decision; it is taken up again, for longer',
  taken: 'the lease of an organisation ran out over a decision, and another worker has taken it up',
} as const;

/** What tests shorten, and what asks the index. */
export interface DecideOptions {
  readonly leaseMs?: number;
  readonly roundMs?: number;
  readonly againMs?: number;
  readonly snapshotBytesMin?: number;
  readonly rulesWaitMs?: number;
  /** highest version that the index has of an organisation's alerts; 0 without an index */
  readonly highestVersion?: (organization: string) => Promise<number>;
}

/** Runs until the signal comes, then decides and commits what it has and gives its leases back. */
export async function runDecide(
  installation: Installation,
  signal: AbortSignal,
  hooks: WorkerHooks,
  options: DecideOptions = {},
): Promise<void> {
  const report = (error: Error) => hooks.ready('redis', false, error.message);
  const toolsOf = await tenantTools(installation);
  const store = openStore(installation.redis, report);
  const queues = openQueues(installation.redis, report);
  const worker = `decide-${process.pid}-${randomBytes(4).toString('hex')}`;
  const keepers = new Map<string, ShardKeeper>();
  const memories = createAlertMemories();
  /** when an organisation may be tried again, by performance.now() */
  const notBefore = new Map<string, number>();
  /** by how much longer a lease is taken than usual: twice as long each time that one ran out over a decision */
  const stretch = new Map<string, number>();
  /** how long the log was when an organisation's lease was given back for want of work, and when it has mails to plan */
  const rested = new Map<string, { at: number; mailMs: number }>();
  /** organisations that this worker could not decide when it tried last */
  const halted = new Set<string>();
  /** organisations that were taken up and not decided since */
  const undecided = new Set<string>();
  const senders = new Map([...installation.tenants].map(([org, tenant]) => [org, senderOf(installation, tenant)]));
  /** of these people are told even when there never was a line: that is what they must know */
  const mailing = [...senders].filter(([, sender]) => sender !== null).map(([org]) => org);

  /** A keeper that is there, or a new one when there is something to do; one new one a round, so that workers share. */
  async function keeperOf(org: string, mayOpen: boolean): Promise<ShardKeeper | null> {
    const known = keepers.get(org);
    const tools = toolsOf(org);
    if (known !== undefined || tools === null || !mayOpen) return known ?? null;
    const keeper = await openKeeper({
      store,
      tools,
      work: installation.work,
      worker,
      hooks,
      memories,
      sender: senders.get(org) ?? null,
      isIndexed: installation.elasticsearch !== null,
      times: {
        leaseMs: (options.leaseMs ?? LEASE_MS) * (stretch.get(org) ?? 1),
        ...(options.snapshotBytesMin !== undefined && { snapshotBytesMin: options.snapshotBytesMin }),
        ...(options.rulesWaitMs !== undefined && { rulesWaitMs: options.rulesWaitMs }),
      },
      highestVersion: options.highestVersion ?? (() => Promise.resolve(0)),
    });
    if (keeper !== null) {
      keepers.set(org, keeper);
      undecided.add(org);
    } else notBefore.set(org, performance.now() + 1000);
    return keeper;
  }

  async function hasWork(org: string): Promise<boolean> {
    const { at, mailMs } = rested.get(org) ?? {
      at: 0,
      mailMs: senders.get(org) == null ? Number.POSITIVE_INFINITY : 0,
    };
    return Date.now() >= mailMs || (await logEnd(store, org)) > at;
  }

  /** One organisation's turn. Returns whether anything came. */
  async function serve(org: string, keeper: ShardKeeper, now: boolean): Promise<boolean> {
    const { state, records, late, documents, decided } = await keeper.pass(now);
    const mails = state === 'lost' ? 'lost' : await keeper.mail();
    if (mails === 'lost') {
      keepers.delete(org);
      const loss = await leaseLoss(store, org, worker);
      if (loss !== 'restarted') stretch.set(org, Math.min(STRETCH_MAX, 2 * (stretch.get(org) ?? 1)));
      hooks.log('info', LOSSES[loss], { organization: org });
      return false;
    }
    hooks.count('folds', org, records);
    hooks.count('late', org, late);
    hooks.count('documents', org, documents);
    if (decided) hooks.count('decisions', org);
    if (decided && undecided.delete(org)) await goesOn(org);
    hooks.count('mails_planned', org, mails);
    if (documents > 0) await nudgeIndex(queues, org);
    if (mails > 0) await nudgeMail(queues, org);
    // facts that a worker left behind are moved by the first decision of the next one
    if (decided || now) await moveFacts(store, org, (to) => toolsOf(to)?.seal ?? null);
    if (keeper.isIdle(IDLE_MS)) {
      keepers.delete(org);
      rested.set(org, { at: keeper.at, mailMs: keeper.nextMailMs });
      await keeper.close();
    }
    return records > 0 || documents > 0;
  }

  async function drop(org: string, error: Error): Promise<void> {
    const keeper = keepers.get(org);
    keepers.delete(org);
    const kind = haltKind(error);
    const isNewer = kind === 'newer';
    notBefore.set(org, performance.now() + (isNewer ? NEWER_MS : (options.againMs ?? AGAIN_MS)));
    hooks.log(
      isNewer ? 'error' : isAway(error) ? 'debug' : 'warn',
      isNewer
        ? 'a newer pollwatch wrote what this worker cannot read: update it'
        : 'an organisation could not be decided; it is tried again',
      { organization: org, error },
    );
    await keeper?.close().catch(() => undefined);
    if (isAway(error)) return;
    await noteHalt(store, org, { kind, reason: error.message, sinceMs: Date.now(), worker }).catch(report);
    halted.add(org);
    tellHalts();
  }

  /** A note of a halt goes when the organisation was decided, whoever left it. */
  async function goesOn(org: string): Promise<void> {
    await endHalt(store, org);
    if (halted.delete(org)) tellHalts();
  }

  function tellHalts(): void {
    hooks.ready('decide', halted.size === 0, `nothing is decided of ${[...halted].join(', ')}: see pollwatch status`);
  }

  await store.redis.ping();
  hooks.ready('redis', true);
  while (!signal.aborted) {
    let came = false;
    let mayOpen = true;
    const read = await organizations(store).catch((error: Error) => {
      report(error);
      return [];
    });
    for (const org of new Set([...read, ...mailing])) {
      if (signal.aborted) break;
      if (!keepers.has(org) && (notBefore.get(org) ?? 0) > performance.now()) continue;
      try {
        const before = keepers.size;
        const keeper = await keeperOf(org, mayOpen && (keepers.has(org) || (await hasWork(org))));
        if (keepers.size > before) mayOpen = false;
        if (keeper !== null) came = (await serve(org, keeper, false)) || came;
        // another worker could
        if (keeper === null && halted.has(org) && (await readHalt(store, org)) === null) await goesOn(org);
        hooks.ready('redis', true);
      } catch (error) {
        await drop(org, error as Error);
      }
    }
    if (!came) await wait(options.roundMs ?? ROUND_MS, undefined, { signal }).catch(() => undefined);
  }
  for (const [org, keeper] of keepers) {
    try {
      await serve(org, keeper, true);
      await keeper.close();
    } catch (error) {
      await drop(org, error as Error);
    }
  }
  await queues.close();
  await store.close();
}
