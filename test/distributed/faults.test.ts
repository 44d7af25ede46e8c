/**
 * Nothing received is lost, nothing counts twice: workers that are killed at random, Redis killed and restarted while it
 * is written to, a lease that is lost in the middle of a fold, a chunk that kills whoever scans it. Afterwards every line
 * is accounted for and the alerts are those of the undisturbed run.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadLetters, replayDead } from '../../src/queue/dead-letters.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { dispatch } from '../../src/queue/dispatch.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { openKeeper } from '../../src/shard/keeper.ts';
import { tenantTools } from '../../src/shard/tenant.ts';
import { createRandom } from '../laws/generator.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { canonicalDocuments } from '../shard/folding.ts';
import {
  disturb,
  drained,
  type FedLog,
  type FleetSetting,
  feed,
  installationOf,
  linesOf,
  pendingBodies,
  QUICK,
  standing,
  startFleet,
} from './fleet.ts';
import { lawOffices, type Office, sampleOffice } from './offices.ts';

/** What `work` of a fleet came to is what `analyze` told, and every line was counted once. */
async function expectUndisturbed(store: QueueStore, offices: ReadonlyMap<string, Office>): Promise<void> {
  for (const [id, { logs, expected }] of offices) {
    const { stats, queuedBytes, deadLetters: dead, flyingChunks } = await queueDepth(store, id);
    const lines = logs.reduce((sum, { bytes }) => sum + linesOf(bytes), 0);
    expect(stats['lines'], id).toBe(lines);
    expect(stats['events']! + stats['skipped']! + stats['refused']!, id).toBe(lines);
    expect({ queuedBytes, dead, flyingChunks }).toEqual({ queuedBytes: 0, dead: 0, flyingChunks: 0 });
    expect(canonicalDocuments(standing(await pendingBodies(store, id))), id).toEqual(expected);
  }
}

const tenantsOf = (offices: ReadonlyMap<string, Office>) =>
  Object.fromEntries([...offices].map(([id, { inventory }]) => [id, inventory]));

describe('workers killed at random, Redis killed and restarted', () => {
  for (const seed of [1, 2]) {
    it(`change no alert and lose no line (seed ${seed})`, async () => {
      const offices = await lawOffices(3);
      offices.set('samples', await sampleOffice());
      const server = await startOwn({ aof: true });
      const setting: FleetSetting = { redis: server.settings(), tenants: tenantsOf(offices), times: QUICK };
      const store = openStore(setting.redis, () => undefined);
      const random = createRandom(seed);
      const fleet = startFleet(['analyze', 'analyze', 'decide', 'decide'], setting);
      try {
        let isFed = false;
        const feeding = (async () => {
          for (const [id, { logs }] of offices)
            for (const log of logs) await feed(store, id, log, 20_000, () => wait(random() * 60));
          isFed = true;
        })();
        const killing = (async () => {
          for (let round = 0; round < 8 || !isFed; round++) {
            await wait(1000 + random() * 2000);
            if (round % 4 === 2) await server.restart();
            else fleet.kill(random());
          }
        })();
        await Promise.all([feeding, killing]);
        await drained(store, setting);
        expect(fleet.deaths).toBeGreaterThan(3);
      } finally {
        await fleet.stop();
      }
      await expectUndisturbed(store, offices);
      await store.close();
      await server.stop();
    }, 400_000);
  }
});

describe('a shard', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('whose lease is lost between fold and commit is committed by its new holder alone', async () => {
    const [id, office] = [...(await lawOffices(2))][1]!;
    const setting: FleetSetting = { redis: server.settings(), tenants: { [id]: office.inventory }, times: QUICK };
    const store = openStore(setting.redis);
    const fleet = startFleet(['analyze'], setting);
    try {
      for (const log of office.logs) await feed(store, id, log, 20_000);
      await disturb(store, id, createRandom(3));
      await until('everything is analysed', async () => {
        const depth = await queueDepth(store, id);
        return depth.waitingChunks + depth.flyingChunks === 0;
      });
    } finally {
      await fleet.stop();
    }
    const installation = installationOf(setting);
    const tools = (await tenantTools(installation))(id)!;
    const place = { store, tools, work: installation.work, times: { leaseMs: 60_000 } };
    const open = (worker: string, highestVersion: () => Promise<number>) =>
      openKeeper({ ...place, worker, highestVersion });
    let second = await open('second', () => Promise.resolve(0));
    await second!.close();
    const first = await open('first', async () => {
      // the first one sleeps for so long that its lease runs out, and another one does the work
      await store.redis.del(organizationKeys(store.prefix, id).lease);
      second = await open('second', () => Promise.resolve(7 * 2 ** 32));
      expect((await second!.pass(true)).documents).toBe(office.expected.length);
      return 0;
    });
    const documents = async () => canonicalDocuments(standing(await pendingBodies(store, id)));
    expect((await first!.pass(true)).state).toBe('lost');
    expect(await documents()).toEqual(office.expected);
    // what the first one would have told has another generation
    const versions = (await pendingBodies(store, id)).map(
      (body) => (JSON.parse(body) as { pollwatch: { alert: { generation: number } } }).pollwatch.alert.generation,
    );
    expect(new Set(versions)).toEqual(new Set([8]));
    expect((await first!.pass(true)).state).toBe('lost');
    expect((await second!.pass(true)).state).toBe('kept');
    expect(await open('third', () => Promise.resolve(0))).toBeNull();
    await first!.close();
    expect(await open('third', () => Promise.resolve(0))).toBeNull();
    await second!.close();
    const third = await open('third', () => Promise.resolve(0));
    expect(await third!.pass(true)).toMatchObject({ state: 'kept', documents: 0 });
    await third!.close();
    expect(await documents()).toEqual(office.expected);
    await store.close();
  });
});

describe('a chunk that kills whoever scans it', () => {
  it('ends in the dead letters with its reason, the rest goes on, and replayed to a healthy fleet it counts', async () => {
    const server = await startRedis();
    const [id, office] = [...(await lawOffices(3))][0]!;
    const POISON = '/poison-page';
    const poisonous: FedLog = {
      name: 'poison.log',
      format: 'combined',
      bytes: Buffer.from(
        `192.0.2.7 - - [14/Sep/2026:10:00:00 +0000] "GET ${POISON} HTTP/1.1" 200 5 "-" "Mozilla/5.0"\n`,
      ),
      context: { referenceMs: Date.UTC(2026, 11, 31), timezone: 'UTC' },
    };
    const setting: FleetSetting = {
      redis: server.settings(),
      tenants: { [id]: office.inventory },
      times: { ...QUICK, lockMs: 2000, stalledMax: 1 },
      poison: POISON,
    };
    const store = openStore(setting.redis);
    const all = [office.logs[0]!, poisonous, ...office.logs.slice(1)];
    for (const log of all) await feed(store, id, log, 20_000);
    await disturb(store, id, createRandom(4));
    const fleet = startFleet(['analyze', 'analyze', 'decide'], setting);
    try {
      await drained(store, setting);
    } finally {
      await fleet.stop();
    }
    expect(fleet.deaths).toBeGreaterThan(1);
    const dead = await deadLetters(store, id);
    expect(dead.map(({ reason }) => reason)).toEqual([expect.stringMatching(/stalled/)]);
    const lines = office.logs.reduce((sum, { bytes }) => sum + linesOf(bytes), 0);
    expect((await queueDepth(store, id)).stats['lines']).toBe(lines);
    expect(canonicalDocuments(standing(await pendingBodies(store, id)))).toEqual(office.expected);

    const queues = openQueues(setting.redis);
    await replayDead(store, queues, id, dead[0]!.id);
    await dispatch(store, queues, id);
    const { poison: _, ...healthy } = setting;
    const second = startFleet(['analyze', 'decide'], healthy);
    try {
      await until('the chunk is analysed', async () => (await queueDepth(store, id)).stats['lines'] === lines + 1);
      await drained(store, healthy);
    } finally {
      await second.stop();
    }
    expect(await deadLetters(store, id)).toEqual([]);
    expect(canonicalDocuments(standing(await pendingBodies(store, id)))).toEqual(office.expected);
    await queues.close();
    await store.close();
    await server.stop();
  }, 400_000);
});
