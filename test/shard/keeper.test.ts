/** When a keeper tells the days that are past: after what waits in the log, and not later than it must. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeOrigin, registerOrigin } from '../../src/queue/origins.ts';
import { readProgress } from '../../src/queue/progress.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { appendRecord, logEnd, readShard } from '../../src/queue/shard-store.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { openKeeper, type ShardKeeper } from '../../src/shard/keeper.ts';
import { sealed, unsealed } from '../../src/shard/sealed.ts';
import { decodeShard } from '../../src/shard/snapshot-form.ts';
import { tenantTools } from '../../src/shard/tenant.ts';
import { installationOf, pendingBodies, QUICK } from '../distributed/fleet.ts';
import { INVENTORIES, SECRET } from '../laws/small-run.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { chunksOf, ORG, scanJobs } from './folding.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** A keeper of an office whose one log is closed, so that its days are past as soon as all of it was folded. */
async function office(
  daysWaitMs: number,
  use: (keeper: ShardKeeper, store: QueueStore, read: (ip: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const installation = installationOf({
    redis: server.settings(),
    tenants: { [ORG]: INVENTORIES.none },
    times: QUICK,
  });
  const store = openStore(installation.redis);
  try {
    const { number } = await registerOrigin(store, ORG, 'access.log');
    await closeOrigin(store, ORG, number);
    const keeper = await openKeeper({
      store,
      tools: (await tenantTools(installation))(ORG)!,
      work: installation.work,
      worker: 'keeper',
      times: { leaseMs: 60_000, daysWaitMs },
      highestVersion: () => Promise.resolve(0),
    });
    let seq = 0;
    const read = async (ip: string) => {
      const line = `${ip} - - [14/Sep/2026:10:00:00 +0000] "GET /lookup HTTP/1.1" 200 5000 "-" "Mozilla/5.0"\n`;
      const [chunk] = chunksOf([{ format: 'combined', bytes: Buffer.from(line) }], 1 << 20);
      const { records } = scanJobs([[{ ...chunk!, ref: { ...chunk!.ref, seq: seq++ } }]], 'none');
      await appendRecord(store, ORG, records[0]!);
    };
    await use(keeper!, store, read);
    await keeper!.close();
  } finally {
    await store.close();
  }
}

/** Sources in the documents that wait for the index, by network owner. */
const sourcesTold = async (store: QueueStore) =>
  (await pendingBodies(store, ORG, 'sources')).map(
    (body) => (JSON.parse(body) as { pollwatch: { source: { count: number } } }).pollwatch.source.count,
  );

describe('days that are past', () => {
  it('wait while there are records to fold, and are told when the log is empty', async () => {
    await office(3_600_000, async (keeper, store, read) => {
      await read('192.0.2.1');
      expect(await keeper.pass(true)).toMatchObject({ records: 1, decided: true });
      await read('192.0.2.2');
      expect(await keeper.pass()).toMatchObject({ records: 1 });
      expect(await sourcesTold(store)).toEqual([]);
      expect((await readProgress(store, ORG))?.isSettled).toBe(false);
      // whether the pass before had time to decide, too, is up to the machine
      await until('the day is told', async () => {
        expect(await keeper.pass(true)).toMatchObject({ state: 'kept', records: 0 });
        return (await readProgress(store, ORG))?.isSettled === true;
      });
      expect(await sourcesTold(store)).toEqual([2]);
    });
  });

  it('are told before the next record when they have waited long enough, and again with it', async () => {
    await office(-1, async (keeper, store, read) => {
      await read('192.0.2.1');
      expect(await keeper.pass(true)).toMatchObject({ records: 1, decided: true });
      await read('192.0.2.2');
      expect(await keeper.pass()).toMatchObject({ records: 0, documents: 2 });
      expect(await sourcesTold(store)).toEqual([1]);
      await until('the day is told again', async () => {
        expect((await keeper.pass(true)).state).toBe('kept');
        return (await readProgress(store, ORG))?.isSettled === true;
      });
      expect(await sourcesTold(store)).toEqual([2]);
    });
  });
});

it('lines are late by the latest event where nothing holds the clock back, not by that nothing does', async () => {
  await office(3_600_000, async (keeper, _store, read) => {
    await read('192.0.2.1');
    expect(await keeper.pass(true)).toMatchObject({ records: 1, late: 0, decided: true });
    await read('192.0.2.2');
    expect(await keeper.pass(true)).toMatchObject({ records: 1, late: 0 });
  });
});

describe('an old log that is handed in later', () => {
  it('is told whole, although newer lines stand beside it: what it is about is dropped when it has ended, not before', async () => {
    await office(-1, async (keeper, store) => {
      const old = await registerOrigin(store, ORG, 'june.log');
      const append = async (origin: number, seq: number, day: string, paths: number[]) => {
        const lines = paths.map(
          (i) =>
            `198.51.100.7 - - [${day}:10:00:${String(i % 60).padStart(2, '0')} +0000] "GET /thing${i}/ HTTP/1.1" 404 162 "-" "x"\n`,
        );
        const [chunk] = chunksOf([{ format: 'combined', bytes: Buffer.from(lines.join('')) }], 1 << 20);
        const { records } = scanJobs([[{ ...chunk!, ref: { ...chunk!.ref, origin, seq } }]], 'none');
        await appendRecord(store, ORG, records[0]!);
      };
      const passUntilSettled = () =>
        until('everything is told', async () => {
          expect((await keeper.pass(true)).state).toBe('kept');
          return (await readProgress(store, ORG))?.isSettled === true;
        });
      await append(1, 0, '14/Sep/2026', [0]);
      for (let i = 0; i < 8; i++) await keeper.pass(true);
      await append(
        old.number,
        0,
        '01/Jun/2026',
        Array.from({ length: 30 }, (_, i) => i),
      );
      for (let i = 0; i < 8; i++) await keeper.pass(true);
      await append(
        old.number,
        1,
        '01/Jun/2026',
        Array.from({ length: 30 }, (_, i) => 30 + i),
      );
      await closeOrigin(store, ORG, old.number);
      await passUntilSettled();
      const alerts = (await pendingBodies(store, ORG)).map(
        (body) => JSON.parse(body) as { event: { code: string }; pollwatch: { evidence: { requests: number } } },
      );
      const probing = alerts.filter(({ event }) => event.code === 'W01');
      expect(probing.map(({ pollwatch }) => pollwatch.evidence.requests)).toEqual([60]);
    });
  });
});

it('what was sealed with the key before is sealed anew, however little has come, so that the old key can go', async () => {
  const redis = server.settings();
  const installation = installationOf({ redis, tenants: { [ORG]: INVENTORIES.none }, times: QUICK });
  const before = installation.tenants.get(ORG)!;
  const secret = new Uint8Array(32).fill(77);
  const store = openStore(redis);
  const keeperWith = async (keys: { secret: Uint8Array; previousSecret?: Uint8Array }) => {
    const tenants = new Map([[ORG, { ...before, ...keys }]]);
    const keeper = await openKeeper({
      store,
      tools: (await tenantTools({ ...installation, tenants }))(ORG)!,
      work: installation.work,
      worker: 'keeper',
      times: { leaseMs: 60_000 },
      highestVersion: () => Promise.resolve(0),
    });
    return keeper!;
  };
  const rows = async (keeper: ShardKeeper) => {
    await keeper.pass(true);
    await keeper.close();
    const { snapshot } = await readShard(store, ORG);
    const { setting } = (await tenantTools(installation))(ORG)!;
    return snapshot === null
      ? null
      : decodeShard(setting, unsealed(snapshot, createSeal(secret), ORG, 'snapshot')).state.ledger.rows;
  };
  try {
    await closeOrigin(store, ORG, (await registerOrigin(store, ORG, 'access.log')).number);
    const line = '192.0.2.1 - - [14/Sep/2026:10:00:00 +0000] "GET /lookup HTTP/1.1" 200 5000 "-" "Mozilla/5.0"\n';
    const { records } = scanJobs([chunksOf([{ format: 'combined', bytes: Buffer.from(line) }], 1 << 20)], 'none');
    // one as an older worker left it, one sealed
    await appendRecord(store, ORG, records[0]!);
    await appendRecord(store, ORG, sealed(records[0]!, createSeal(SECRET), ORG, 'record'));
    expect(await rows(await keeperWith({ secret: SECRET }))).toBeNull();
    expect(await rows(await keeperWith({ secret, previousSecret: SECRET }))).toBeGreaterThan(0);
    // the old key is not needed any more
    const keeper = await keeperWith({ secret });
    await keeper.pass(true);
    expect(keeper.at).toBe(await logEnd(store, ORG));
    await keeper.close();
  } finally {
    await store.close();
  }
});
