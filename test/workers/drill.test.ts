/**
 * A drill as a person runs it: the real command beside workers, a real Redis and a real mail server. What comes through is a
 * mail that says what it is, and nothing else anywhere; what does not is told with the step at which it stopped.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lintWording } from '../../src/alerts/wording-linter.ts';
import { HOUR } from '../../src/model/time.ts';
import { readStatus } from '../../src/operate/status.ts';
import { deadLetters } from '../../src/queue/dead-letters.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { readProgress } from '../../src/queue/progress.ts';
import { logEnd } from '../../src/queue/shard-store.ts';
import { drillLines, drillOf } from '../../src/shard/drill.ts';
import { pendingBodies } from '../distributed/fleet.ts';
import { SECRET } from '../laws/small-run.ts';
import { grade, proseOf } from '../mail/reading.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { alertIds, CLERK, INVENTORY, IT, type Office, ORG, office, pollwatch, write } from './mail-office.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** Runs `./pollwatch drill` against an office. */
const drill = (at: Office, args: string[] = [], inventory = INVENTORY) => pollwatch(at, ['drill', ...args], inventory);

describe('a drill', () => {
  it('comes through from log to mail server, says that it is one, and is told and counted nowhere as an alert', () =>
    office(redis, async (at) => {
      const { store, server } = at;
      const { status, said } = await drill(at);
      expect(status, said).toBe(0);
      expect(said).toMatch(/read\n.*analysed\n.*recognised, and a mail decided\n.*handed to the mail server\n\nPASSED/);
      const code = /DRILL-[0-9A-F]{4}/.exec(said)![0];
      expect(server.received).toHaveLength(1);
      const { to, mail } = server.received[0]!;
      expect(to).toEqual([IT]);
      expect(mail.subject).toBe(`[TLP:AMBER] DRILL: nothing happened, this is a test (${code})`);
      expect(mail.text).toMatch(/THIS IS A DRILL\. Nothing happened\./);
      expect(lintWording(`${mail.subject} ${mail.text!.replaceAll(/\s+/g, ' ')}`)).toEqual([]);
      expect(grade(proseOf(mail.text!))).toBeLessThanOrEqual(9);
      // what it leaves behind: no alert, no document of a source, and when it came through
      await until(
        'all is decided',
        async () => (await readProgress(store, ORG))!.decided === (await logEnd(store, ORG)),
      );
      const bodies = (await pendingBodies(store, ORG)).join('\n');
      expect(bodies).not.toContain('2001:db8');
      expect(bodies).not.toContain('drill');
      const [found] = await readStatus(store, new Map());
      expect(found).toMatchObject({ progress: { alerts: 0 }, drill: { passedCode: code, left: [] } });
      expect(Date.now() - found!.drill!.passedMs!).toBeLessThan(HOUR);
      // the same lines again, as a log that is read twice would have them, bring no second mail
      const again = drillLines(SECRET, Number.parseInt(code.slice(6), 16), Date.now());
      await write(store, 'again', 'combined', again);
      await until(
        'they are decided',
        async () => (await readProgress(store, ORG))!.decided === (await logEnd(store, ORG)),
      );
      expect(await store.redis.hlen(organizationKeys(store.prefix, ORG).mails)).toBe(0);
      expect(server.received).toHaveLength(1);
    }));

  it('that stops is told with the step and the reason: no worker, a mail server that refuses', async () => {
    await office(
      redis,
      async (at) =>
        expect((await drill(at, ['--wait', '1'])).said).toMatch(/NOT analysed: not within 1 s[\s\S]*FAILED/),
      { kinds: [] },
    );
    await office(
      redis,
      async (at) => {
        const { status, said } = await drill(at, ['--wait', '200']);
        expect(status).toBe(2);
        expect(said).toMatch(
          /NOT handed to the mail server: mail to it@county\.example\.gov was refused: EENVELOPE.*550/,
        );
      },
      { answers: { recipient: () => ({ code: 550, message: 'no such user' }) } },
    );
  });

  it('that one of two recipients does not get says who was refused and who got it, and the dead letter names them', async () => {
    const inventory = INVENTORY.replace(
      '{severity: critical}, to: [it], cc: [clerk]',
      '{severity: critical}, to: [it, clerk]',
    );
    const recipient = (address: string) => (address === CLERK ? { code: 550, message: 'no such user' } : null);
    await office(
      redis,
      async (at) => {
        const { status, said } = await drill(at, ['--wait', '200'], inventory);
        expect(status).toBe(2);
        expect(said).toMatch(
          /NOT handed to the mail server: mail to clerk@county\.example\.gov was refused: EENVELOPE.*550.*; it@county\.example\.gov got it\n +mend the address/,
        );
        expect(said).toMatch(/\nFAILED: an alert would not have reached clerk@county\.example\.gov\n$/);
        expect(at.server.received.map(({ to }) => to)).toEqual([[IT]]);
        const [letter] = await deadLetters(at.store, ORG);
        expect(letter).toMatchObject({ kind: 'mail', to: CLERK });
        const list = await pollwatch(at, ['dead', 'list'], inventory);
        expect(list.said).toContain(`(for ${CLERK})\n    EENVELOPE`);
        const shown = await pollwatch(at, ['dead', 'show', letter!.id], inventory);
        expect(JSON.parse(shown.said)).toMatchObject({ id: letter!.id, to: CLERK });
      },
      { inventory, answers: { recipient } },
    );
  });

  it('is not begun where nobody would be told, nor twice within a minute', () =>
    office(redis, async (at) => {
      const nobody = `version: 1\norganization: {id: ${ORG}, name: Example County}\n`;
      const alone = await drill(at, [], nobody);
      expect(alone).toMatchObject({ status: 2, said: expect.stringContaining('PW-MAIL-NOBODY') });
      expect((await drill(at)).status).toBe(0);
      expect(await drill(at)).toMatchObject({ status: 2, said: expect.stringContaining('PW-DRILL-SOON') });
    }));

  it('cannot be forged to hide a scan: who guesses an address without the secret is an alert like others', () =>
    office(redis, async ({ store }) => {
      const number = 0x1a2b;
      const forged = drillLines(new Uint8Array(32), number, Date.UTC(2026, 6, 14, 16));
      await write(store, 'web', 'combined', forged);
      await until('it is told', async () => (await alertIds(store, 'W11')).length === 1);
      expect(drillOf(SECRET, 0x20010db8, number << 16)).toBeNull();
    }));
});
