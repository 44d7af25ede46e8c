/** `pollwatch digest` as a person runs it beside workers: it shows what a contact would read now, and leaves everything as it was. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../src/model/time.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { readProgress } from '../../src/queue/progress.ts';
import { logEnd } from '../../src/queue/shard-store.ts';
import { probingLog } from '../cli/pollwatch.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { alertIds, CLERK, INVENTORY, IT, ORG, office, pollwatch, write } from './mail-office.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe('a digest that is looked at beforehand', () => {
  it('says to each contact that gets one what is open and what was read, and nothing is sent or changed', () =>
    office(redis, async (at) => {
      const { store, server } = at;
      await write(store, 'web', 'combined', probingLog());
      await until('it is told', async () => (await alertIds(store, 'W05')).length === 1);
      const [id] = await alertIds(store, 'W05');
      await until('it is folded', async () => (await queueDepth(store, ORG)).logRecords > 0);
      const keys = organizationKeys(store.prefix, ORG);
      const stored = async () => ({
        memory: await store.redis.get(keys.mailMemory),
        mails: await store.redis.hgetall(keys.mails),
        end: await logEnd(store, ORG),
        received: server.received.length,
      });
      const before = await stored();
      const { status, said } = await pollwatch(at, ['digest'], INVENTORY);
      expect(status, said).toBe(0);
      const [toIt, toClerk, ...more] = said.split(/^=+$/m);
      expect(more).toEqual([]);
      expect(toIt).toContain(`To: ${IT}\nSubject: [TLP:AMBER] digest: `);
      expect(toClerk).toContain(`To: ${CLERK}\n`);
      expect(toIt).toContain('46 lines of 1 log were read.');
      expect(said).toContain(`(PW-${id!.slice(0, 8).toUpperCase()})`);
      expect(said).toContain('nothing is sent');
      expect(await stored()).toEqual(before);

      expect((await pollwatch(at, ['ack', id!, '--status', 'closed'], INVENTORY)).status).toBe(0);
      await until('it is decided', async () => (await logEnd(store, ORG)) > before.end);
      // a record that no decide worker need have seen yet: it stands in the log
      expect((await pollwatch(at, ['digest'], INVENTORY)).said).toContain(
        `(PW-${id!.slice(0, 8).toUpperCase()}). Closed.`,
      );
    }));

  it('says whose times cannot be right, for alerts of them wait, or are told with the wrong hour', () =>
    office(redis, async (at) => {
      const { store } = at;
      const ahead = new Date(Date.now() + 6 * HOUR).toUTCString().split(/[ ,]+/);
      const [, day, month, year, time] = ahead;
      const line = `198.51.100.7 - - [${day}/${month}/${year}:${time} +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0"\n`;
      await write(store, 'web', 'combined', line);
      await until('it is decided', async () => (await readProgress(store, ORG))?.originMs?.[1] !== undefined);
      const { said } = await pollwatch(at, ['digest'], INVENTORY);
      expect(said).toContain('digest: not everything was read');
      expect(said.replace(/\s+/g, ' ')).toMatch(
        /The times in the log “web” lie [56] hours ahead: its time zone or its clock is wrong\./,
      );
    }));

  it('is none where nobody is mailed, or no contact wants one', () =>
    office(redis, async (at) => {
      const nobody = `version: 1\norganization: {id: ${ORG}, name: Example County}\n`;
      expect(await pollwatch(at, ['digest'], nobody)).toMatchObject({
        status: 2,
        said: expect.stringContaining('sends alerts to nobody'),
      });
      const quiet = INVENTORY.replaceAll('verified:', 'digest: none, verified:').replace(
        'digest: none, digest: none',
        'digest: none',
      );
      expect(await pollwatch(at, ['digest'], quiet)).toMatchObject({
        status: 2,
        said: expect.stringContaining('PW-DIGEST-NOBODY'),
      });
    }));
});
