/**
 * The analyze and decide workers in one process over a real Redis: what they tell and when, what they do about chunks and
 * records that they cannot read, and that they go on where another stopped.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeState } from '../../src/measure/delta.ts';
import { createState } from '../../src/measure/state.ts';
import type { RedisSettings } from '../../src/model/installation.ts';
import { createTally } from '../../src/model/tally.ts';
import { SILENT_HOOKS, type WorkerHooks } from '../../src/model/worker.ts';
import { commitChunk } from '../../src/queue/chunk-store.ts';
import { deadLetters, replayDead } from '../../src/queue/dead-letters.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { closeOrigin, registerOrigin } from '../../src/queue/origins.ts';
import { readProgress } from '../../src/queue/progress.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { appendRecord, logEnd, readLog, readShard } from '../../src/queue/shard-store.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { measureKey } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import {
  type DeltaOrigin,
  decodeRecord,
  encodeAck,
  encodeDelta,
  encodeRules,
  rulesDigest,
} from '../../src/shard/record.ts';
import { ruleNames } from '../../src/shard/rule-numbers.ts';
import { unsealed } from '../../src/shard/sealed.ts';
import { decodeShard } from '../../src/shard/snapshot-form.ts';
import { tenantTools } from '../../src/shard/tenant.ts';
import { type AnalyzeOptions, runAnalyze } from '../../workers/analyze.ts';
import { type DecideOptions, runDecide } from '../../workers/decide.ts';
import { type FleetSetting, feed, installationOf, pendingBodies, QUICK } from '../distributed/fleet.ts';
import { SECRET } from '../laws/small-run.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';

const ORG = 'adams';
const INVENTORY = 'version: 1\norganization: {id: adams, name: Adams County}\n';
const CONTEXT = { origin: 1, referenceMs: Date.UTC(2026, 11, 31), timezone: 'UTC' };

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Workers of one process, and a store beside them. */
interface Running {
  store: QueueStore;
  redis: RedisSettings;
  /** lines of the log of the workers */
  said: string[];
}

async function running(
  work: FleetSetting['work'],
  use: (at: Running) => Promise<void>,
  options: { analyze?: AnalyzeOptions; decide?: DecideOptions; redis?: RedisSettings; isIndexed?: boolean } = {},
): Promise<void> {
  const redis = options.redis ?? server.settings();
  const setting: FleetSetting = {
    redis,
    tenants: { [ORG]: INVENTORY },
    times: QUICK,
    ...(work && { work }),
    isIndexed: options.isIndexed ?? true,
  };
  const store = openStore(redis);
  const stop = new AbortController();
  const said: string[] = [];
  const hooks: WorkerHooks = { ...SILENT_HOOKS, log: (level, message) => said.push(`${level}: ${message}`) };
  const installation = installationOf(setting);
  const workers = [
    runAnalyze(installation, stop.signal, hooks, { sweepMs: 100, lostMs: 1000, ...options.analyze }),
    runDecide(installation, stop.signal, hooks, { roundMs: 20, againMs: 100, ...options.decide }),
  ];
  try {
    await use({ store, redis, said });
  } finally {
    stop.abort();
    await Promise.all(workers);
    await store.close();
  }
}

/** Commits lines to an origin that stays open. */
async function write(store: QueueStore, name: string, format: string, lines: string, secret = SECRET): Promise<number> {
  const head = await registerOrigin(store, ORG, name);
  const answer = await commitChunk(store, ORG, head.number, {
    expectedSeq: head.seq,
    bytes: Buffer.from(lines),
    seal: createSeal(secret),
    position: null,
    format,
    context: { ...CONTEXT, origin: head.number },
    asset: 0,
    queuedBytesMax: 1 << 30,
  });
  expect(answer.state).toBe('committed');
  return head.number;
}

const packets = (minute: number, n: number) =>
  Array.from(
    { length: n },
    (_, i) =>
      `2026-09-14T10:${String(minute).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}.000000+00:00 gw01 kernel: [netfilter DROP] IN=eth0 OUT= SRC=198.51.100.9 DST=203.0.113.10 LEN=44 PROTO=TCP SPT=4000 DPT=${3000 + i} WINDOW=1024 RES=0x00 SYN URGP=0 \n`,
  ).join('');
const requests = (hour: number, n: number) =>
  Array.from(
    { length: n },
    (_, i) =>
      `198.51.100.7 - - [14/Sep/2026:${hour}:00:${String(i % 60).padStart(2, '0')} +0000] "GET /missing-${i} HTTP/1.1" 404 153 "-" "Mozilla/5.0"\n`,
  ).join('');

interface Body {
  event: { id: string };
  rule: { id: string };
  pollwatch: {
    alert: { status: string; revision: number; generation: number };
    evidence: { lines: { text: string }[] };
  };
}
const documents = async (store: QueueStore) =>
  (await pendingBodies(store, ORG)).map((body) => JSON.parse(body) as Body);
const told = async (store: QueueStore) => (await documents(store)).map((d) => d.rule.id).sort();
/** Whether what was folded is settled; progress is noted after the commit, so an older one may still stand. */
const isSettled = (store: QueueStore) => async () => {
  const progress = (await readProgress(store, ORG))!;
  return progress.isSettled && progress.decided >= (await logEnd(store, ORG));
};
const isTold = (store: QueueStore, id: string) => async () => (await told(store)).includes(id);

describe('the workers', () => {
  it('tell at once what only grows, and the rest when its window and the lateness are past in event time', async () => {
    await running({ latenessMs: 600_000 }, async ({ store }) => {
      await write(store, 'fw', 'netfilter', packets(0, 16));
      await write(store, 'web', 'combined', requests(10, 14));
      await until('the scan is told', isTold(store, 'F01'));
      expect(await told(store)).not.toContain('W01');
      expect((await readProgress(store, ORG))!.isSettled).toBe(false);
      // one origin is ahead, the other holds the watermark back
      await write(store, 'web', 'combined', requests(11, 1));
      await until('the later line is applied', async () => (await queueDepth(store, ORG)).stats['lines'] === 31);
      await until(
        'it is decided',
        async () => (await readProgress(store, ORG))!.decided === (await logEnd(store, ORG)),
      );
      expect(await told(store)).not.toContain('W01');
      await write(store, 'fw', 'netfilter', packets(50, 1));
      await until('the probing is told', isTold(store, 'W01'));
      const [probing] = (await documents(store)).filter((d) => d.rule.id === 'W01');
      expect(probing!.pollwatch.evidence.lines[0]!.text).toContain('/missing-');
    });
  });

  it('tell the rest when every origin is idle or closed', async () => {
    await running({ idleMs: 1500 }, async ({ store }) => {
      const web = await write(store, 'web', 'combined', requests(10, 14));
      await write(store, 'fw', 'netfilter', packets(0, 16));
      await until('the probing is told', isTold(store, 'W01'));
      await closeOrigin(store, ORG, web);
      await until('everything is settled', isSettled(store));
      expect(await pendingBodies(store, ORG, 'summaries')).not.toEqual([]);
    });
  });

  it('make no documents of days where no index takes them, and count alerts apart from them', async () => {
    for (const isIndexed of [true, false])
      await running(
        { idleMs: 1 },
        async ({ store }) => {
          await closeOrigin(store, ORG, await write(store, 'fw', 'netfilter', packets(0, 16)));
          await until('the scan is told', isTold(store, 'F01'));
          await until('everything is settled', isSettled(store));
          expect((await pendingBodies(store, ORG, 'summaries')).length > 0).toBe(isIndexed);
          expect((await pendingBodies(store, ORG, 'sources')).length > 0).toBe(isIndexed);
          const { stats } = await queueDepth(store, ORG);
          expect(stats['alerts']).toBe((await told(store)).length);
          expect(stats['documents']! > stats['alerts']!).toBe(isIndexed);
        },
        { isIndexed },
      );
  });

  it('go on from a snapshot: the log is trimmed, nothing is told twice, and what comes then adds to it', async () => {
    const redis = server.settings();
    const decide = { snapshotBytesMin: 1 };
    await running(
      { idleMs: 1 },
      async ({ store }) => {
        await write(store, 'fw', 'netfilter', packets(0, 16));
        await until('the scan is told', isTold(store, 'F01'));
        await until('the log is trimmed', async () => (await queueDepth(store, ORG)).logRecords === 0);
      },
      { redis, decide },
    );
    await running(
      { idleMs: 1 },
      async ({ store }) => {
        expect((await documents(store)).find((d) => d.rule.id === 'F01')!.pollwatch.alert).toMatchObject({
          generation: 1,
          revision: 1,
        });
        await write(store, 'fw', 'netfilter', packets(1, 20));
        const revision = async () =>
          (await documents(store)).find((d) => d.rule.id === 'F01')!.pollwatch.alert.revision;
        await until('it is told with what came', async () => (await revision()) === 2);
        const { snapshot, generation } = await readShard(store, ORG);
        expect(generation).toBe(1);
        const { setting } = (await tenantTools(installationOf({ redis, tenants: { [ORG]: INVENTORY }, times: QUICK })))(
          ORG,
        )!;
        expect(() => decodeShard(setting, snapshot!)).toThrow(/this program reads up to/);
        const opened = unsealed(snapshot!, createSeal(SECRET), ORG, 'snapshot');
        expect(decodeShard(setting, opened).state.ledger.rows).toBeGreaterThan(0);
        const id = (await documents(store)).find((d) => d.rule.id === 'F01')!.event.id;
        await appendRecord(store, ORG, encodeAck({ id, status: 'ack', atMs: 1 }));
        await until('the acknowledgement is told', async () => (await revision()) === 3);
        expect((await documents(store)).find((d) => d.event.id === id)!.pollwatch.alert.status).toBe('ack');
      },
      { redis, decide },
    );
  });

  it('stretch a lease that runs out over a decision, until it lasts', async () => {
    await running(
      { idleMs: 1 },
      async ({ store, said }) => {
        await write(store, 'fw', 'netfilter', packets(0, 16));
        await until('the scan is told', isTold(store, 'F01'));
        expect(
          said.filter((line) => line.includes('lease of an organisation ran out over a decision')).length,
        ).toBeGreaterThan(0);
      },
      // asking the index takes longer than the lease
      { decide: { leaseMs: 100, highestVersion: () => wait(500).then(() => 0) } },
    );
  });

  it('take a generation above the highest version that the index has', async () => {
    await running(
      { idleMs: 1 },
      async ({ store }) => {
        await write(store, 'fw', 'netfilter', packets(0, 16));
        await until('the scan is told', isTold(store, 'F01'));
        expect((await documents(store))[0]!.pollwatch.alert.generation).toBe(6);
      },
      { decide: { highestVersion: () => Promise.resolve(5 * 2 ** 32 + 77) } },
    );
  });

  it('bury a chunk that does not open, with its reason, and go on', async () => {
    await running({ idleMs: 1 }, async ({ store }) => {
      await write(store, 'fw', 'netfilter', packets(0, 16), new Uint8Array(32).fill(9));
      await write(store, 'fw', 'netfilter', packets(1, 16));
      await until('the scan is told', isTold(store, 'F01'));
      await until('the chunk is a dead letter', async () => (await deadLetters(store, ORG)).length === 1);
      expect((await deadLetters(store, ORG))[0]!.reason).toContain('does not open');
      await until('everything else is settled', isSettled(store));
      expect((await queueDepth(store, ORG)).stats['lines']).toBe(16);
    });
  });

  it('leave a record alone that a newer program wrote, and say so; nothing before it is lost', async () => {
    await running({ idleMs: 1 }, async ({ store, said }) => {
      await write(store, 'fw', 'netfilter', packets(0, 16));
      await until('the scan is told', isTold(store, 'F01'));
      const newer = Buffer.from(encodeAck({ id: 'x', status: 'ack', atMs: 1 }));
      newer.writeUInt32LE(99, 4);
      const end = await logEnd(store, ORG);
      await appendRecord(store, ORG, newer);
      await until('it is said', () => said.some((line) => line.startsWith('error: a newer pollwatch')));
      expect((await readProgress(store, ORG))!.decided).toBe(end);
      expect(await logEnd(store, ORG)).toBe(end + 1);
    });
  });

  it('put a record aside that is damaged, with its bytes, and go on behind it; tried again it counts', async () => {
    await running({ idleMs: 1 }, async ({ store, redis }) => {
      await write(store, 'fw', 'netfilter', packets(0, 16));
      await until('the scan is told', isTold(store, 'F01'));
      const end = await logEnd(store, ORG);
      const [{ event }] = (await documents(store)) as [Body];
      const damaged = Buffer.from(encodeAck({ id: event.id, status: 'ack', atMs: 1 }));
      damaged[damaged.length - 1]! ^= 255;
      await appendRecord(store, ORG, damaged);
      await write(store, 'web', 'netfilter', packets(1, 16));
      await until('what came behind it is decided', async () => {
        const progress = await readProgress(store, ORG);
        return progress!.isSettled && progress!.decided > end + 1;
      });
      const [letter, ...more] = await deadLetters(store, ORG);
      expect(more).toEqual([]);
      expect(letter).toMatchObject({ id: `record:${end}`, kind: 'record' });
      expect(letter!.reason).toBe(`record ${end} of the log: a record is damaged`);
      const { dead, deadRecords } = organizationKeys(store.prefix, ORG);
      expect(await store.redis.hgetBuffer(deadRecords, String(end))).toEqual(damaged);
      // as it would be if a newer program could read it
      damaged[damaged.length - 1]! ^= 255;
      await store.redis.hset(deadRecords, String(end), damaged);
      const queues = openQueues(redis);
      expect(await replayDead(store, queues, ORG, letter!.id)).toBe('replayed');
      await queues.close();
      expect(await store.redis.hlen(dead)).toBe(0);
      const status = async () => (await documents(store)).find((d) => d.event.id === event.id)!.pollwatch.alert.status;
      await until('it is told', async () => (await status()) === 'ack');
    });
  });

  it('put a record aside over which the fold breaks off, and read the shard again', async () => {
    await running({ idleMs: 1 }, async ({ store, said }) => {
      await write(store, 'fw', 'netfilter', packets(0, 16));
      await until('the scan is told', isTold(store, 'F01'));
      const rules = rulesDigest(ruleNames(rulesOf([])));
      const state = encodeState(createState(measureKey(SECRET).a));
      const broken = { origin: 1, chunks: [{ seq: 1, offset: 0, end: 9, panes: 7 }], tally: createTally() };
      await appendRecord(store, ORG, encodeDelta({ rules, origins: [broken as unknown as DeltaOrigin], state }));
      await write(store, 'web', 'netfilter', packets(1, 16));
      const isAll = async () => (await queueDepth(store, ORG)).stats['lines'] === 32;
      await until('what came behind it is decided', async () => {
        const progress = await readProgress(store, ORG);
        return (await isAll()) && progress!.decided === (await logEnd(store, ORG));
      });
      expect((await deadLetters(store, ORG)).map((letter) => letter.kind)).toEqual(['record']);
      expect(said).toContain('warn: an organisation could not be decided; it is tried again');
    });
  });

  it('leave a delta alone whose measures a newer program wrote', async () => {
    await running({ idleMs: 1 }, async ({ store, said }) => {
      const newer = new Uint32Array([0x31445750, 99, 0, 0, 0, 0]);
      const rules = rulesDigest(ruleNames(rulesOf([])));
      await write(store, 'fw', 'netfilter', packets(0, 16));
      await until('the scan is told', isTold(store, 'F01'));
      await appendRecord(store, ORG, encodeDelta({ rules, origins: [], state: new Uint8Array(newer.buffer) }));
      await until('it is said', () => said.some((line) => line.startsWith('error: a newer pollwatch')));
      expect(await deadLetters(store, ORG)).toEqual([]);
    });
  });

  it('fold a delta whose list of rules comes behind it, and put one aside whose list never comes', async () => {
    const delta = (names: string[]) =>
      encodeDelta({
        rules: rulesDigest(names),
        origins: [],
        state: encodeState(createState(measureKey(SECRET).a)),
      });
    await running(
      { idleMs: 1 },
      async ({ store, said }) => {
        await write(store, 'fw', 'netfilter', packets(0, 16));
        await until('the scan is told', isTold(store, 'F01'));
        await appendRecord(store, ORG, delta(['later']));
        await appendRecord(store, ORG, encodeRules(['later']));
        const isDecided = async () => (await readProgress(store, ORG))!.decided === (await logEnd(store, ORG));
        await until('both are decided', isDecided);
        expect(await deadLetters(store, ORG)).toEqual([]);
        await appendRecord(store, ORG, delta(['never']));
        await until('it is put aside', async () => (await deadLetters(store, ORG)).length === 1);
        expect((await deadLetters(store, ORG))[0]!.reason).toContain('a list of rules that did not come');
        expect(said).toContain('warn: an organisation waits for a list of rules');
        await until('the rest is decided', isDecided);
      },
      { decide: { rulesWaitMs: 100 } },
    );
  });

  it('leave chunks of an organisation or a format that they do not know to a worker that does, say so once, and are not ready', async () => {
    const redis = server.settings();
    const store = openStore(redis);
    const log = { name: 'fw', format: 'netfilter', bytes: Buffer.from(packets(0, 16)), context: CONTEXT };
    await feed(store, 'nobody', log, 1 << 20);
    const said: string[] = [];
    const ready = new Map<string, string | true>();
    const hooks: WorkerHooks = {
      ...SILENT_HOOKS,
      log: (level, message, fields) => said.push(`${level}: ${message}: ${String(fields?.['reason'])}`),
      ready: (part, isReady, why) => ready.set(part, isReady || (why ?? '')),
    };
    /** runs an analyze worker that knows these organisations until a condition holds */
    async function working(ids: string[], what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
      const stop = new AbortController();
      const tenants = Object.fromEntries(ids.map((id) => [id, INVENTORY.replace('adams', id)]));
      const installation = installationOf({ redis, tenants, times: QUICK });
      const options = { sweepMs: 50, lostMs: 60_000, times: { elsewhereMs: 20 } };
      const worker = runAnalyze(installation, stop.signal, hooks, options);
      try {
        await until(what, condition);
      } finally {
        stop.abort();
        await worker;
      }
    }
    const lines = async (org: string) => (await queueDepth(store, org)).stats['lines'] ?? 0;
    const queues = openQueues(redis);
    const offers = async () =>
      Math.max(0, ...(await queues.analyze.getJobs()).map((job) => (job === undefined ? 0 : job.attemptsStarted)));
    await write(store, 'new', 'format-of-tomorrow', 'a line\n');
    await write(store, 'fw', 'netfilter', packets(0, 16));
    // more often than a job has tries
    await working([ORG], 'the job was looked at often', async () => (await offers()) > 8 && (await lines(ORG)) === 16);
    expect(await deadLetters(store, 'nobody')).toEqual([]);
    expect(await deadLetters(store, ORG)).toEqual([]);
    expect(said.filter((line) => line.startsWith('error: chunks wait for a worker'))).toHaveLength(1);
    expect(ready.get('analyze')).toMatch(/update this worker .*(nobody|format-of-tomorrow)/);
    expect((await queueDepth(store, ORG)).queuedBytes).toBeGreaterThan(0);
    await working([ORG, 'nobody'], 'whoever knows it reads it', async () => (await lines('nobody')) === 16);
    await queues.close();
    await store.close();
  });

  it('say anew what their numbers of rules mean when Redis was away, for it may have forgotten', async () => {
    const own = await startOwn({ aof: true });
    const redis = own.settings();
    const store = openStore(redis);
    const stop = new AbortController();
    const installation = installationOf({ redis, tenants: { [ORG]: INVENTORY }, times: QUICK });
    const worker = runAnalyze(installation, stop.signal, SILENT_HOOKS, { sweepMs: 100, lostMs: 1000 });
    const kinds = async () =>
      (await readLog(store, ORG, 0, 1e7)).records.map(
        (record) => decodeRecord(unsealed(record, createSeal(SECRET), ORG, 'record')).kind,
      );
    try {
      await write(store, 'fw', 'netfilter', packets(0, 16));
      await until('the first', async () => (await kinds()).length === 2);
      await write(store, 'fw', 'netfilter', packets(1, 16));
      await until('the second', async () => (await kinds()).length === 3);
      await own.killHard();
      await own.restart();
      await write(store, 'fw', 'netfilter', packets(2, 16));
      await until('the third', async () => (await kinds()).filter((kind) => kind === 'delta').length === 3);
      expect(await kinds()).toEqual(['rules', 'delta', 'delta', 'rules', 'delta']);
    } finally {
      stop.abort();
      await worker;
      await store.close();
      await own.stop();
    }
  });
});
