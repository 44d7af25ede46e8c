/**
 * Three counties and their state through real workers: the state's alerts are those of one pass over what the counties
 * find, with any number of workers, chunks shuffled and delivered twice, workers killed, and a county that comes late.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/model/fact.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { countFacts, takeFacts } from '../../src/queue/facts.ts';
import { appendRecord, logEnd } from '../../src/queue/shard-store.ts';
import { noteOrganization, openStore, type QueueStore } from '../../src/queue/store.ts';
import { openKeeper } from '../../src/shard/keeper.ts';
import { encodeFacts } from '../../src/shard/record.ts';
import { tenantTools } from '../../src/shard/tenant.ts';
import { countyInventory, STATE_INVENTORY, sightingsOf, stateAlerts } from '../detect/deciding.ts';
import { oddPort, packet, page, request, SQL, times } from '../detect/log-lines.ts';
import { createRandom } from '../laws/generator.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { canonicalDocuments, documentsOfAlerts } from '../shard/folding.ts';
import {
  disturb,
  drained,
  type FedLog,
  type FleetSetting,
  feed,
  installationOf,
  pendingBodies,
  QUICK,
  STEADY,
  standing,
  startFleet,
} from './fleet.ts';

const STATE = 'us-xx';
/** a job that was cut in two while another worker had a part of it is sent again after this long */
const TIMES = { ...STEADY, lostMs: 5000 };
const COUNTIES = ['adams', 'baker', 'clay'] as const;
const idOf = (county: string) => `us-xx-${county}`;

/** What a county's firewall and web server wrote: a scan of all three, a tool that three addresses use, scans of its own. */
function linesOf(i: number): { firewall: string[]; web: string[] } {
  const scan = (source: string, from: number, first = 0) =>
    times(20, (k) => packet(source, from + k * 3, oddPort(first + k)));
  return {
    firewall: [
      ...scan('198.51.100.7', i * 7200),
      ...scan(`192.0.2.${10 + i}`, i * 600, 60 * i),
      ...times(250, (k) => packet(`100.64.${k}.${i + 1}`, k * 40, [23, 445, 8080][k % 3]!)),
      // the county's own business, and the same address at two of them
      ...(i < 2 ? scan('192.0.2.77', 90_000 + i * 60) : []),
    ],
    web: [
      ...times(7, (k) =>
        request(`198.51.100.${20 + i}`, 4000 + i * 900 + k * 60, `/voter?id=${SQL[k]}`, {
          agent: 'sqlmap/1.8#stable (https://sqlmap.org)',
          status: 500,
        }),
      ),
      ...times(400, (k) => page(`192.0.2.${100 + (k % 90)}`, k * 30, '/polling-places')),
    ],
  };
}

const logs = Object.fromEntries(
  COUNTIES.map((county, i) => {
    const { firewall, web } = linesOf(i);
    return [county, { 'firewall.log': firewall, 'access.log': web }];
  }),
);

function fedLogs(county: string): FedLog[] {
  const bytes = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''));
  const context = { referenceMs: Date.UTC(2026, 11, 31), timezone: 'UTC' };
  return [
    { name: 'firewall.log', format: 'netfilter', bytes: bytes(logs[county]!['firewall.log']!), context },
    { name: 'access.log', format: 'combined', bytes: bytes(logs[county]!['access.log']!), context },
  ];
}

const tenants = Object.fromEntries([
  [STATE, STATE_INVENTORY],
  ...COUNTIES.map((county) => [idOf(county), countyInventory(county)]),
]) as Record<string, string>;

let expected: string[] = [];
/** what the state says of the first two counties alone */
let ofTwo: string[] = [];
beforeAll(async () => {
  const sightings = [];
  for (const county of COUNTIES) {
    if (county === 'clay') ofTwo = canonicalDocuments(documentsOfAlerts(stateAlerts(sightings)));
    sightings.push(...(await sightingsOf(county, logs[county]!)));
  }
  expected = canonicalDocuments(documentsOfAlerts(stateAlerts(sightings)));
  expect(expected.length).toBeGreaterThan(ofTwo.length);
});

const told = async (store: QueueStore) => canonicalDocuments(standing(await pendingBodies(store, STATE)));
const codes = (bodies: readonly string[]) =>
  new Set(bodies.map((body) => (JSON.parse(body) as { event: { code: string } }).event.code));

async function feedAll(store: QueueStore, counties: readonly string[], chunkBytes = 3000): Promise<void> {
  for (const county of counties) for (const log of fedLogs(county)) await feed(store, idOf(county), log, chunkBytes);
}

describe('a state and three counties', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  for (const workers of [1, 2, 4]) {
    it(`tell what one pass tells, with ${workers} analyze and decide workers, chunks shuffled and some twice`, async () => {
      const setting: FleetSetting = { redis: server.settings(), tenants, times: TIMES };
      const store = openStore(setting.redis);
      const random = createRandom(workers);
      await feedAll(store, COUNTIES);
      for (const county of COUNTIES) await disturb(store, idOf(county), random);
      const kinds = times(workers, () => ['analyze', 'decide'] as const).flat();
      const fleet = startFleet(kinds, setting);
      try {
        await drained(store, setting);
        expect(await fleet.stop()).toEqual(kinds.map(() => 0));
      } finally {
        await fleet.stop();
      }
      expect(fleet.deaths).toBe(0);
      expect(codes(expected)).toEqual(new Set(['X03', 'X06']));
      expect(await told(store)).toEqual(expected);
      for (const county of COUNTIES) expect(await countFacts(store, idOf(county))).toBe(0);
      await store.close();
    });
  }

  it('hear of a county that comes late, and tell the rest then', async () => {
    const setting: FleetSetting = { redis: server.settings(), tenants, times: TIMES };
    const store = openStore(setting.redis);
    const fleet = startFleet(['analyze', 'decide'], setting);
    try {
      await feedAll(store, ['adams', 'baker']);
      await drained(store, setting);
      expect(await told(store)).toEqual(ofTwo);
      await feedAll(store, ['clay']);
      await drained(store, setting);
    } finally {
      await fleet.stop();
    }
    expect(await told(store)).toEqual(expected);
    await store.close();
  });

  it('lose nothing and count nothing twice when whoever decided a county dies before or after it told the state', async () => {
    const setting: FleetSetting = { redis: server.settings(), tenants, times: QUICK };
    const store = openStore(setting.redis);
    await feedAll(store, COUNTIES);
    const analyze = startFleet(['analyze'], setting);
    try {
      await until('everything is analysed', async () => {
        const depths = await Promise.all(COUNTIES.map((county) => queueDepth(store, idOf(county))));
        return depths.every((depth) => depth.waitingChunks + depth.flyingChunks === 0);
      });
    } finally {
      await analyze.stop();
    }
    const installation = installationOf(setting);
    for (const county of COUNTIES) {
      const id = idOf(county);
      const tools = (await tenantTools(installation))(id)!;
      const place = { store, tools, work: installation.work, times: { leaseMs: 2000 } };
      const keeper = await openKeeper({ ...place, worker: `of ${id}`, highestVersion: () => Promise.resolve(0) });
      expect((await keeper!.pass(true)).decided).toBe(true);
      // and here it dies: its lease is not given back, and its facts stand in its outbox
      expect(await countFacts(store, id)).toBeGreaterThan(0);
    }
    expect(await logEnd(store, STATE)).toBe(0);
    // one died a moment later: what it had was appended, and is still in the outbox
    const facts = (await takeFacts(store, idOf('adams'), 1000)).map(({ text }) => JSON.parse(text) as Fact);
    await noteOrganization(store, STATE);
    await appendRecord(store, STATE, encodeFacts(facts));
    const fleet = startFleet(['decide'], setting);
    try {
      await drained(store, setting);
    } finally {
      await fleet.stop();
    }
    expect(await told(store)).toEqual(expected);
    await store.close();
  });
});

describe('workers killed at random, Redis killed and restarted', () => {
  for (const seed of [1, 2]) {
    it(`change no alert of the state (seed ${seed})`, async () => {
      const server = await startOwn({ aof: true });
      const setting: FleetSetting = { redis: server.settings(), tenants, times: QUICK };
      const store = openStore(setting.redis, () => undefined);
      const random = createRandom(seed);
      const fleet = startFleet(['analyze', 'decide', 'decide'], setting);
      try {
        let isFed = false;
        const feeding = (async () => {
          for (const county of COUNTIES)
            for (const log of fedLogs(county)) await feed(store, idOf(county), log, 2000, () => wait(random() * 100));
          isFed = true;
        })();
        const killing = (async () => {
          for (let round = 0; round < 6 || !isFed; round++) {
            await wait(800 + random() * 1500);
            if (round === 3) await server.restart();
            else fleet.kill(random());
          }
        })();
        await Promise.all([feeding, killing]);
        await drained(store, setting);
        expect(fleet.deaths).toBeGreaterThan(3);
      } finally {
        await fleet.stop();
      }
      expect(await told(store)).toEqual(expected);
      await store.close();
      await server.stop();
    });
  }
});
