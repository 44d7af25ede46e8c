/**
 * From a line of a log to a mailbox: the analyze, decide and mail workers over a real Redis and a real mail server. The
 * machine's clock is set where hours must pass; nothing waits for them.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/model/time.ts';
import type { WorkerHooks } from '../../src/model/worker.ts';
import { readStatus } from '../../src/operate/status.ts';
import { deadLetters, replayDead } from '../../src/queue/dead-letters.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { mailDepth } from '../../src/queue/mail-outbox.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { appendRecord } from '../../src/queue/shard-store.ts';
import { encodeAck } from '../../src/shard/record.ts';
import { runMail } from '../../workers/mail.ts';
import { installationOf, pendingBodies, startFleet, startWorker } from '../distributed/fleet.ts';
import { type Answers, startServer } from '../mail/smtp.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { alertIds, CLERK, INVENTORY, IT, NOON, type Office, ORG, office, SOC, write } from './mail-office.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
afterEach(() => {
  vi.useRealTimers();
});

/** A scan that the firewall denied, and what it let through afterwards: critical on a critical system. */
function letIn(source: string, minute = 0): string {
  const packet = (at: string, action: string, port: number) =>
    `2026-07-14T${at}.000000+00:00 gw01 kernel: [netfilter ${action}] IN=eth0 OUT= SRC=${source} DST=203.0.113.10 LEN=44 PROTO=TCP SPT=4000 DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0 \n`;
  const at = (hour: number, second: number) =>
    `${hour}:${String(minute).padStart(2, '0')}:${String(second).padStart(2, '0')}`;
  return [
    ...Array.from({ length: 20 }, (_, i) => packet(at(15, i), 'DROP', 3000 + i)),
    ...Array.from({ length: 3 }, (_, i) => packet(at(16, i), 'ACCEPT', 22)),
  ].join('');
}

function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: ms });
}

/**
 * Sets the clock when no mail is in a worker's hand: how long a server may take to answer is counted by the same clock, so
 * that a jump would cut off what is being sent, and by a clock that stands it would not be tried again.
 */
async function passTo({ store, ready }: Pick<Office, 'store' | 'ready'>, ms: number): Promise<void> {
  const { mailStates } = organizationKeys(store.prefix, ORG);
  await until('no mail is in hand', async () => {
    const { due } = await mailDepth(store, ORG, Date.now());
    const isPaused = (ready.get('mail server') ?? true) !== true;
    const states = await store.redis.hvals(mailStates);
    return (due === 0 || isPaused) && states.every((state) => !state.startsWith('sending '));
  });
  setClock(ms);
}

describe('a critical alert', () => {
  it('is in the mailboxes of who acts and who has a copy, once, and its row is gone', () =>
    office(redis, async ({ store, server, mails, said }) => {
      await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
      await until('both have it', () => server.received.length === 2);
      await until('it is noted', async () => (await queueDepth(store, ORG)).stats['mails_sent'] === 2);
      const [id] = await alertIds(store, 'F18');
      const number = `PW-${id!.slice(0, 8).toUpperCase()}`;
      expect(mails()).toEqual([
        `${CLERK}: [TLP:AMBER] CRITICAL: traffic let in after a scan (${number})`,
        `${IT}: [TLP:AMBER] CRITICAL: traffic let in after a scan (${number})`,
      ]);
      const keys = organizationKeys(store.prefix, ORG);
      expect(await store.redis.hlen(keys.mails)).toBe(0);
      expect(await mailDepth(store, ORG, Date.now())).toEqual({ waiting: 0, due: 0, failed: 0, oldestMs: 0 });
      // more of the same is a new revision, and nothing that deserves another mail
      const before = (await queueDepth(store, ORG)).stats['alerts']!;
      await write(store, 'fw', 'netfilter', letIn('198.51.100.9', 1));
      await until('it was told anew', async () => (await queueDepth(store, ORG)).stats['alerts']! > before);
      expect(server.received).toHaveLength(2);
      expect(said.filter((line) => line.includes('handed over'))).toHaveLength(2);
      // the log names nobody
      expect(said.join('\n')).not.toMatch(/@county|@state/);
    }));

  it('goes on to the next contact when nobody acknowledges, not when somebody does, and tells its end', () =>
    office(redis, async ({ store, server, mails, ready }) => {
      setClock(NOON);
      await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
      await write(store, 'fw2', 'netfilter', letIn('198.51.100.77'));
      await until('both alerts are mailed', () => server.received.length === 4);
      const [one, other] = await alertIds(store, 'F18');
      await appendRecord(store, ORG, encodeAck({ id: one!, status: 'ack', atMs: NOON + MINUTE }));
      await until('it is acknowledged', async () =>
        (await pendingBodies(store, ORG)).some((body) => body.includes('"status":"ack"')),
      );
      await passTo({ store, ready }, NOON + 31 * MINUTE);
      await until('the next contact is told', () => server.received.length === 5);
      const number = `PW-${other!.slice(0, 8).toUpperCase()}`;
      expect(mails().filter((mail) => mail.startsWith(SOC))).toEqual([
        `${SOC}: [TLP:AMBER] CRITICAL, NO REPLY: traffic let in after a … (${number})`,
      ]);
      await appendRecord(store, ORG, encodeAck({ id: other!, status: 'closed', atMs: NOON + 40 * MINUTE }));
      // ordinary mails to one contact come an hour apart
      await passTo({ store, ready }, NOON + 95 * MINUTE);
      await until('its end is told to all three', () => server.received.length === 8);
      expect(mails().filter((mail) => mail.includes('CLOSED'))).toEqual(
        [CLERK, IT, SOC].map((who) => `${who}: [TLP:AMBER] CRITICAL, CLOSED: traffic let in after a sc… (${number})`),
      );
      const closed = server.received.filter(({ mail }) => mail.subject?.includes('CLOSED'));
      const firsts = server.received.map(({ mail }) => mail.messageId);
      for (const { mail } of closed) expect(firsts).toContain(mail.inReplyTo);
      await passTo({ store, ready }, NOON + 3 * HOUR);
      await appendRecord(store, ORG, encodeAck({ id: 'f'.repeat(32), status: 'ack', atMs: NOON + 3 * HOUR }));
      await until('all is decided again', async () => (await mailDepth(store, ORG, Date.now())).waiting === 0);
      expect(server.received).toHaveLength(8);
    }));
});

describe('a critical alert that finds no place', () => {
  it('stands in the status until it is mailed', () =>
    office(
      redis,
      async ({ store, server, ready }) => {
        setClock(NOON);
        await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
        await until('the first is mailed', () => server.received.length === 2);
        await write(store, 'fw2', 'netfilter', letIn('198.51.100.77'));
        const held = async () => (await readStatus(store, new Map()))[0]!.progress?.mailsHeld;
        await until('the second is held back', async () => (await held()) !== undefined);
        expect(await held()).toEqual({ alerts: 1, worst: 'critical', opensMs: expect.any(Number) });
        expect((await held())!.opensMs).toBeGreaterThan(NOON + 59 * MINUTE);
        await until('no row waits', async () => (await mailDepth(store, ORG, Date.now())).waiting === 0);
        await passTo({ store, ready }, NOON + 61 * MINUTE);
        await until('it is mailed', () => server.received.some(({ to }) => to[0] === IT) && server.received.length > 3);
        await until('nothing is held back', async () => (await held()) === undefined);
      },
      { inventory: INVENTORY.replace('per_hour: 60, per_day: 500', 'per_hour: 1, per_day: 500') },
    ));
});

describe('a mail server', () => {
  it('that is away for an hour gets each mail once when it is back, and meanwhile the workers say that nobody is told', async () => {
    await office(redis, async ({ store, server, said, ready, setting }) => {
      setClock(NOON);
      const { port } = server;
      await server.close();
      await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
      await until('they wait', async () => (await mailDepth(store, ORG, Date.now())).waiting === 2);
      for (let minute = 1; minute <= 60; minute += 7) {
        await passTo({ store, ready }, NOON + minute * MINUTE);
        await until('they were tried', async () => (await mailDepth(store, ORG, Date.now())).due === 0);
      }
      expect((await mailDepth(store, ORG, Date.now())).oldestMs).toBeGreaterThan(55 * MINUTE);
      expect(ready.get('mail server')).toBe('does not answer');
      await until('it is said', () => ready.get('mail') !== true);
      expect(said.join('\n')).toMatch(/error: mails have waited for more than ten minutes/);
      const back = await startServer({}, {}, port);
      await passTo({ store, ready }, NOON + 80 * MINUTE);
      await until('all have come', () => back.received.length === 3);
      await until('all are noted', async () => (await mailDepth(store, ORG, Date.now())).waiting === 0);
      // the two that waited, and the next contact, because nobody could acknowledge
      expect(back.received.map(({ to }) => `${to[0]}`).sort()).toEqual([CLERK, IT, SOC]);
      expect(new Set(back.received.map(({ mail }) => mail.messageId)).size).toBe(3);
      await until('it is well again', () => ready.get('mail') === true && ready.get('mail server') === true);
      await back.close();
      expect(setting.mail?.smtp.port).toBe(port);
    });
  });

  it('that refuses one recipient for good keeps the others not waiting; a person has it tried again', async () => {
    const answers: Answers = {
      recipient: (address) => (address === IT ? { code: 550, message: `no such user ${IT}` } : null),
    };
    await office(
      redis,
      async ({ store, server, said, setting }) => {
        await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
        await until('one is laid aside', async () => (await deadLetters(store, ORG)).length === 1);
        await until('the other has it', () => server.received.length === 1);
        const [letter] = await deadLetters(store, ORG);
        expect(letter).toMatchObject({ kind: 'mail', reason: expect.stringContaining('550') });
        const told = said.find((line) => line.includes('refused for good'))!;
        expect(told).toContain('550');
        expect(told).not.toContain('it@');
        delete answers.recipient;
        const queues = openQueues(setting.redis);
        expect(await replayDead(store, queues, ORG, letter!.id)).toBe('replayed');
        await until('it has come', () => server.received.length === 2);
        expect(await deadLetters(store, ORG)).toEqual([]);
        await queues.close();
      },
      { answers },
    );
  });

  it('that is busy is asked again later, and gets the same mail', async () => {
    let refused = 0;
    const answers: Answers = {
      data: () => {
        if (refused >= 2) return null;
        refused++;
        return { code: 451, message: 'try again later' };
      },
    };
    await office(
      redis,
      async ({ store, server, ready }) => {
        setClock(NOON);
        await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
        await until('both were put off', () => refused === 2);
        await until('both wait', async () => (await mailDepth(store, ORG, Date.now())).due === 0);
        await passTo({ store, ready }, NOON + 2 * MINUTE);
        await until('both have come', () => server.received.length === 2);
        expect(await deadLetters(store, ORG)).toEqual([]);
      },
      { answers },
    );
  });

  it('that refuses the password is not asked again and again, and gets everything when the password is right', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollwatch-mail-'));
    const secretFile = join(folder, 'password');
    writeFileSync(secretFile, 'wrong\n');
    const answers: Answers = { auth: ({ password }) => password === 'right' };
    try {
      await office(
        redis,
        async ({ store, server, said, ready }) => {
          await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
          await until('the log-in is refused', () => ready.get('mail server') === 'refuses the log-in');
          // a log-in is about no mail: none is laid aside
          expect(await mailDepth(store, ORG, Date.now())).toMatchObject({ waiting: 2, failed: 0 });
          expect(server.methods).toHaveLength(1);
          expect(said.join('\n')).not.toContain('wrong');
          writeFileSync(secretFile, 'right\n');
          await until('both have come', () => server.received.length === 2);
          await until('it is noted', async () => (await mailDepth(store, ORG, Date.now())).waiting === 0);
          expect(await deadLetters(store, ORG)).toEqual([]);
        },
        {
          answers,
          smtp: { auth: { method: 'plain', user: 'pollwatch', password: 'wrong' }, secretFile },
        },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('that refuses a log-in for a while gets everything when it takes it again, and nobody has to do anything', async () => {
    let isLocked = true;
    await office(
      redis,
      async ({ store, server, ready }) => {
        await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
        await until('the log-in is refused', () => ready.get('mail server') === 'refuses the log-in');
        isLocked = false;
        await until('both have come', () => server.received.length === 2);
        await until('it is noted', async () => (await mailDepth(store, ORG, Date.now())).waiting === 0);
        expect(await deadLetters(store, ORG)).toEqual([]);
      },
      {
        answers: { auth: () => !isLocked },
        smtp: { auth: { method: 'plain', user: 'pollwatch', password: 'right' } },
        mailTimes: { refusedMs: 100 },
      },
    );
  });
});

describe('a log-in that stays refused', () => {
  it('is told after ten minutes, counts no mail as failed, and after five days each once', () =>
    office(
      redis,
      async ({ store, server, said, ready }) => {
        setClock(NOON);
        await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
        await until('the log-in is refused', () => ready.get('mail server') === 'refuses the log-in');
        await passTo({ store, ready }, NOON + 11 * MINUTE);
        await until('it is told', () => ready.get('mail') === 'mails have waited for 11 minutes');
        expect(said.filter((line) => line.includes('people are not told'))).toHaveLength(1);
        const asked = server.methods.length;
        await until('it was asked three times more', () => server.methods.length >= asked + 3);
        expect(await mailDepth(store, ORG, Date.now())).toMatchObject({ waiting: 2, failed: 0 });
        expect((await queueDepth(store, ORG)).stats['mails_failed']).toBeUndefined();
        await passTo({ store, ready }, NOON + 5 * DAY);
        await until('they are given up', async () => (await deadLetters(store, ORG)).length === 2);
        for (const letter of await deadLetters(store, ORG)) expect(letter.reason).toMatch(/^EAUTH: .*535/);
        const later = server.methods.length;
        await until('others were tried', () => server.methods.length >= later + 3);
        expect((await queueDepth(store, ORG)).stats['mails_failed']).toBe(2);
      },
      {
        answers: { auth: () => false },
        smtp: { auth: { method: 'plain', user: 'pollwatch', password: 'wrong' } },
        mailTimes: { refusedMs: 50 },
      },
    ));
});

describe('workers that are killed', () => {
  it('between handing a mail over and noting it send it again with the same message id, and no third time', async () => {
    const killed = Promise.withResolvers<void>();
    let kill: (() => void) | null = null;
    const answers: Answers = {
      data: () => {
        // the whole mail is here, the answer is not there yet
        kill?.();
        killed.resolve();
        return null;
      },
    };
    await office(
      redis,
      async ({ store, server, setting }) => {
        await write(store, 'fw', 'netfilter', letIn('198.51.100.9'));
        await until('two rows wait', async () => (await mailDepth(store, ORG, Date.now())).due === 2);
        const victim = startWorker('mail', setting);
        kill = () => victim.child.kill('SIGKILL');
        await killed.promise;
        expect(await victim.ended).toBe('SIGKILL');
        kill = null;
        await until('the server has it', () => server.received.length === 1);
        const stop = new AbortController();
        const now = Date.now();
        const quiet: WorkerHooks = { log: () => undefined, count: () => undefined, ready: () => undefined };
        const installation = installationOf(setting);
        // by a clock that stands still no lease is ever over: it goes by the beats of who sends alone
        const options = { sweepMs: 20, clock: () => now + 1000, hands: { beatMs: 50, deadMs: 3000, graceMs: 200 } };
        const other = runMail(installation, stop.signal, quiet, options);
        await until('the other mail has come', () => server.received.length === 2);
        await until('the first has come again', () => server.received.length === 3);
        await until('nothing waits', async () => (await mailDepth(store, ORG, now)).waiting === 0);
        stop.abort();
        await other;
        const ids = server.received.map(({ mail }) => mail.messageId);
        expect(new Set(ids).size).toBe(2);
        expect(ids[2]).toBe(ids[0]);
        expect(server.received[2]!.mail.text).toBe(server.received[0]!.mail.text);
      },
      { answers, kinds: ['analyze', 'decide'] },
    );
  });

  it('while they decide and send lose no mail and write none twice', async () => {
    await office(
      redis,
      async ({ store, server, setting }) => {
        const fleet = startFleet(['analyze', 'decide', 'decide', 'mail', 'mail'], setting);
        try {
          const told = async () => Number((await queueDepth(store, ORG)).stats['mails'] ?? 0);
          for (let n = 0; n < 12; n++) {
            await write(store, 'fw', 'netfilter', letIn(`198.51.100.${n}`));
            await until('it is planned', async () => (await told()) > n);
            fleet.kill((n * 0.37) % 1);
          }
          // a row that was being sent when its worker died is taken again after five minutes; the others are gone
          const covers = async () =>
            (await store.redis.zrange(organizationKeys(store.prefix, ORG).mailTold, 0, '-1')).filter((cover) =>
              cover.includes(`|${IT}|`),
            );
          await until('all are planned', async () => (await covers()).length === 12);
          await until('what nobody holds is sent', async () => (await mailDepth(store, ORG, Date.now())).due === 0);
          expect(fleet.deaths).toBeGreaterThan(5);
          const alerts = new Set((await covers()).map((cover) => cover.split('|')[0]));
          expect(alerts.size).toBe(12);
          const held = (await mailDepth(store, ORG, Date.now())).waiting;
          const ids = new Set(server.received.map(({ mail }) => mail.messageId));
          expect(ids.size).toBeGreaterThanOrEqual((await told()) - held);
          expect(ids.size).toBeLessThanOrEqual(await told());
          // handed over twice was only what a killed worker had not noted
          expect(server.received.length - ids.size).toBeLessThanOrEqual(fleet.deaths);
        } finally {
          await fleet.stop();
        }
      },
      { kinds: [] },
    );
  });
});

describe('by the clock', () => {
  it('a digest in the morning says what was read and that no drill came through, also where no log ever came', () =>
    office(redis, async ({ store, server, mails, ready }) => {
      setClock(NOON);
      await until(
        'it was looked at',
        async () => (await store.redis.exists(organizationKeys(store.prefix, ORG).mailMemory)) === 1,
      );
      // weekly out of season: Monday, July 20
      await passTo({ store, ready }, NOON + 6 * DAY);
      await until('both have a digest', () => server.received.length === 2);
      expect(mails()[0]).toBe(`${CLERK}: [TLP:AMBER] digest: not everything was read, Mon, Jul 20`);
      expect(server.received[0]!.mail.text).toMatch(/No line of any log was read\./);
      await write(store, 'web', 'combined', web(40));
      await until('it is read', async () => (await queueDepth(store, ORG)).stats['lines'] === 40);
      await until('it is folded', async () => (await queueDepth(store, ORG)).logRecords > 0);
      await passTo({ store, ready }, NOON + 13 * DAY);
      await until('both have another, and the state a sign of life', () => server.received.length === 5);
      const digest = server.received.find(({ to, mail }) => to[0] === IT && mail.subject?.includes('Jul 27'))!;
      expect(digest.mail.text).toMatch(/40 lines of 1 log were read\./);
      expect(digest.mail.text).toMatch(/has brought nothing for/);
      expect(digest.mail.text).toMatch(/No drill from log to mailbox has come through yet\./);
    }));

  it('a storm of five hundred alerts in a minute is a handful of mails in which each alert is told', () =>
    office(redis, async ({ store, server, ready }) => {
      setClock(NOON);
      for (let batch = 0; batch < 5; batch++) {
        const lines = Array.from({ length: 100 }, (_, i) => probes(batch * 100 + i)).join('');
        await write(store, 'web', 'combined', lines);
      }
      await until('all are read', async () => (await queueDepth(store, ORG)).stats['lines'] === 3000);
      await until('all are decided', async () => (await alertIds(store, 'W11')).length === 500);
      const left = async () => {
        const covers = await store.redis.zrange(organizationKeys(store.prefix, ORG).mailTold, 0, '-1');
        const told = new Set(covers.filter((cover) => cover.includes(`|${IT}|`)).map((cover) => cover.split('|')[0]));
        return (await alertIds(store, 'W11')).filter((id) => !told.has(id));
      };
      expect(await left()).toHaveLength(500);
      await passTo({ store, ready }, NOON + 3 * MINUTE);
      await until('each is told', async () => (await left()).length === 0);
      await passTo({ store, ready }, NOON + 3 * HOUR);
      await until('nothing waits', async () => (await mailDepth(store, ORG, Date.now())).waiting === 0);
      expect(server.received.length).toBeLessThanOrEqual(8);
      expect(server.received.length).toBeGreaterThan(0);
      for (const { raw } of server.received) expect(raw).not.toMatch(/^bcc:/im);
    }));
});

/** Pages that people ask for. */
function web(n: number): string {
  return Array.from(
    { length: n },
    (_, i) =>
      `192.0.2.${i} - - [20/Jul/2026:17:00:${String(i % 60).padStart(2, '0')} +0000] "GET /page-${i} HTTP/1.1" 200 1530 "-" "Mozilla/5.0"\n`,
  ).join('');
}

/** A source that sends database commands, and what would be a header of a mail. */
function probes(n: number): string {
  const ip = `198.51.${100 + (n >> 8)}.${n & 255}`;
  const tries = [
    '1%27%20UNION%20SELECT%20a%20FROM%20b--',
    '1;DROP%20TABLE%20c',
    '1%27%20OR%201=1--%0d%0aBcc:%20evil@evil.example',
  ];
  return Array.from(
    { length: 6 },
    (_, i) =>
      `${ip} - - [14/Jul/2026:16:00:0${i} +0000] "GET /lookup?id=${tries[i % 3]} HTTP/1.1" 200 153 "-" "x\\r\\nBcc: evil@evil.example"\n`,
  ).join('');
}
