/**
 * The same alerts: `analyze` over the files and the queue over chunks of them (a real Redis, worker processes, chunks out
 * of order, some of them twice) tell the same, with one, two and four analyze workers.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queueDepth } from '../../src/queue/depth.ts';
import { openStore } from '../../src/queue/store.ts';
import { createRandom } from '../laws/generator.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { canonicalDocuments } from '../shard/folding.ts';
import { disturb, drained, type FleetSetting, feed, pendingBodies, STEADY, standing, startFleet } from './fleet.ts';
import { lawOffices, type Office, sampleOffice } from './offices.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe('the queue', () => {
  let all: Map<string, Office>;
  beforeAll(async () => {
    all = await lawOffices(5);
    all.set('samples', await sampleOffice());
  });

  for (const [workers, chunkBytes] of [
    [1, 40_000],
    [2, 6000],
    [4, 15_000],
  ] as const) {
    it(`tells what analyze tells, with ${workers} analyze workers, chunks of ${chunkBytes} bytes, shuffled, some twice`, async () => {
      const tenants = Object.fromEntries([...all].map(([id, { inventory }]) => [id, inventory]));
      const setting: FleetSetting = { redis: server.settings(), tenants, times: STEADY };
      const store = openStore(setting.redis);
      try {
        const random = createRandom(workers);
        const lines = new Map<string, number>();
        for (const [id, { logs }] of all) {
          let fed = 0;
          for (const log of logs) fed += await feed(store, id, log, chunkBytes);
          lines.set(id, fed);
          await disturb(store, id, random);
        }
        const kinds = Array.from({ length: workers }, () => 'analyze' as const);
        const fleet = startFleet([...kinds, 'decide', 'decide'], setting);
        try {
          await drained(store, setting);
        } finally {
          expect(await fleet.stop()).toEqual(fleet.running.map(() => 0));
        }
        expect(fleet.deaths).toBe(0);
        for (const [id, { expected }] of all) {
          const found = canonicalDocuments(standing(await pendingBodies(store, id)));
          expect(found.length, id).toBe(expected.length);
          expect(found, id).toEqual(expected);
          const { stats, queuedBytes, deadLetters } = await queueDepth(store, id);
          expect(stats['lines'], id).toBe(lines.get(id));
          expect(stats['events']! + stats['skipped']! + stats['refused']!, id).toBe(lines.get(id));
          // each line stands in the summary of one day
          const days = (await pendingBodies(store, id, 'summaries')).map(
            (body) =>
              (JSON.parse(body) as { pollwatch: { summary: { kind: string; lines: number } } }).pollwatch.summary,
          );
          const totals = days.filter(({ kind }) => kind === 'total');
          expect(
            totals.reduce((sum, { lines: n }) => sum + n, 0),
            id,
          ).toBe(lines.get(id));
          expect({ queuedBytes, deadLetters }).toEqual({ queuedBytes: 0, deadLetters: 0 });
        }
        expect(all.get('samples')!.expected.length).toBeGreaterThan(50);
      } finally {
        await store.close();
      }
    });
  }
});
