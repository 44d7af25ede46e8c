/**
 * Mails in the hands of workers, against a real Redis: what a dead one had is free within its time, what a living one has
 * never is, and nobody is taken for dead because the server was away.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MINUTE } from '../../src/model/time.ts';
import { openMailHands } from '../../src/queue/mail-hands.ts';
import { openMailOutbox } from '../../src/queue/mail-outbox.ts';
import { acquireLease, commitShard } from '../../src/queue/shard-store.ts';
import { openStore, type QueueStore } from '../../src/queue/store.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';

const ORG = 'adams';
const NOW = Date.UTC(2026, 10, 3, 20);
const TIMES = { beatMs: 100, lostMs: 500, deadMs: 800, graceMs: 400 };
const SENDER = { from: { name: 'p', address: 'p@example.gov' }, to: 'it@example.gov', inReplyTo: null, headers: {} };

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** Puts mails into the outbox and has workers take one each. */
async function inHandOf(store: QueueStore, workers: readonly string[]): Promise<void> {
  const fence = (await acquireLease(store, ORG, 'w', 60_000))!;
  const rows = workers.map((_, n) => ({
    id: n.toString(16).padStart(24, '0'),
    covers: [`alert-${n}|it@example.gov|1`],
    mail: { ...SENDER, subject: `${n}`, text: '', html: '', messageId: `<${n}@example.gov>`, dateMs: NOW },
  }));
  const mail = { rows, memory: null, nowMs: NOW };
  await commitShard(store, ORG, { fence, worker: 'w', documents: [], stats: {}, mail });
  for (const worker of workers) expect(await openMailOutbox(store, ORG, worker).take(1, NOW)).toHaveLength(1);
}

describe('a mail in hand', () => {
  it('is free when its worker beats no more, and not as long as it does, whatever the clocks of the machines say', async () => {
    const store = openStore(server.settings());
    const [living, dead, other] = ['living', 'dead', 'other'].map((name) => openMailHands(store, name, TIMES));
    await living!.beat([ORG]);
    await dead!.beat([ORG]);
    await inHandOf(store, ['living', 'dead']);
    const ends = [living!.start(() => [ORG]), other!.start(() => [])];
    let freed = 0;
    await until('one is free', async () => {
      freed += await other!.free(ORG, NOW - MINUTE);
      return freed > 0;
    });
    const [row, ...more] = await openMailOutbox(store, ORG, 'other').take(10, NOW);
    expect([row!.mail.subject, row!.tries, more]).toEqual(['1', 2, []]);
    // it is in the other's hands now, which beat for no organisation yet
    await other!.beat([ORG]);
    expect(await living!.free(ORG, NOW)).toBe(0);
    for (const end of ends) end();
    await store.close();
  });

  it('is not taken from those who could not reach the server either; they break off what they send', async () => {
    // a server of its own: it stands still for all
    const own = await startOwn();
    const settings = own.settings();
    const [store, others] = [openStore(settings), openStore(settings)];
    const [sender, other] = [openMailHands(store, 'sender', TIMES), openMailHands(others, 'other', TIMES)];
    await sender.beat([ORG]);
    await inHandOf(store, ['sender', 'dead']);
    const sending = other.lost();
    const ends = [other.start(() => [])];
    await until('one that is dead is known to be', async () => {
      await sender.beat([ORG]);
      return (await other.free(ORG, NOW)) === 1;
    });
    await store.redis.client('PAUSE', 1200, 'ALL');
    // on its way while the server stands still: by then the sender's last beat is old
    const asked = other.free(ORG, NOW);
    await until('what is being sent is broken off', () => sending.aborted);
    expect(await asked).toBe(0);
    // the server is back, and the sender is slower to come back than who asks: it has a moment for that
    await until('the other beats again', () => !other.lost().aborted);
    expect(await other.free(ORG, NOW)).toBe(0);
    ends.push(sender.start(() => [ORG]));
    const since = Date.now();
    await until('others would have been freed', async () => {
      expect(await other.free(ORG, NOW)).toBe(0);
      return Date.now() - since > 2 * TIMES.deadMs;
    });
    for (const end of ends) end();
    await Promise.all([store.close(), others.close()]);
    await own.stop();
  });
});
