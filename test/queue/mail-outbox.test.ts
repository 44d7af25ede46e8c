/**
 * The outbox of mails against a real Redis, alone and as a cluster: rows come with the commit of a shard, each once, and
 * whoever dies between two steps of sending loses none and sends none twice that was noted.
 */
import { describe, expect, it } from 'vitest';
import { GIVE_UP_MS, KEEP_MS, LEASE_MS, type NewRow, RETRY_LONGEST_MS } from '../../src/model/outbox.ts';
import { DAY, MINUTE } from '../../src/model/time.ts';
import { deadLetters, dropDead, replayDead } from '../../src/queue/dead-letters.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { mailDepth, openMailOutbox } from '../../src/queue/mail-outbox.ts';
import { acquireLease, commitShard, type MailCommit, readShard } from '../../src/queue/shard-store.ts';
import type { Installed } from './county.ts';
import { freshly, SERVERS } from './installed.ts';

const ORG = 'adams';
const NOW = Date.UTC(2026, 10, 3, 20);

function row(n: number, covers: readonly string[] = [`alert-${n}|it@example.gov|1`]): NewRow {
  return {
    id: n.toString(16).padStart(24, '0'),
    covers,
    mail: {
      from: { name: 'pollwatch', address: 'pollwatch@example.gov' },
      to: 'it@example.gov',
      subject: `Alert ${n} “naïve” \r\n`,
      text: `text ${n}`,
      html: '',
      messageId: `<${n}@example.gov>`,
      inReplyTo: null,
      headers: {},
      dateMs: NOW,
    },
  };
}

describe.each(SERVERS)('with $kind the outbox', ({ cluster }) => {
  let pw: Installed;
  const fresh = freshly(cluster, (opened) => {
    pw = opened;
  });
  const outbox = () => openMailOutbox(pw.store, ORG);
  const commit = async (rows: NewRow[], more: Partial<MailCommit> = {}, fence?: number) => {
    const held = fence ?? (await acquireLease(pw.store, ORG, 'w', 60_000))!;
    const mail = { rows, memory: null, nowMs: NOW, ...more };
    return commitShard(pw.store, ORG, { fence: held, worker: 'w', documents: [], stats: {}, mail });
  };
  const ids = async (nowMs: number) => (await outbox().take(10, nowMs)).map((taken) => Number.parseInt(taken.id, 16));

  it('has the rows of a commit, and the memory of the planner with them', () =>
    fresh(async () => {
      await commit([row(1), row(2)], { memory: '{"told":1}' });
      expect((await readShard(pw.store, ORG)).mailMemory).toBe('{"told":1}');
      await commit([row(3)]);
      expect((await readShard(pw.store, ORG)).mailMemory).toBe('{"told":1}');
      const taken = await outbox().take(10, NOW);
      expect(taken[0]).toEqual({
        ...row(1),
        state: 'sending',
        tries: 1,
        addedMs: NOW,
        dueMs: NOW + LEASE_MS,
        reason: null,
      });
      expect(taken.map((each) => each.id)).toEqual([row(1).id, row(2).id, row(3).id]);
    }));

  it('has nothing of a commit whose lease was lost: neither rows nor memory', () =>
    fresh(async () => {
      const fence = (await acquireLease(pw.store, ORG, 'w', 60_000))!;
      await acquireLease(pw.store, ORG, 'w', 60_000);
      expect(await commit([row(1)], { memory: '{}' }, fence)).toBe('fenced');
      expect(await ids(NOW)).toEqual([]);
      expect((await readShard(pw.store, ORG)).mailMemory).toBeNull();
    }));

  it('takes each id and each (alert, recipient, revision) once, also when it was sent long ago', () =>
    fresh(async () => {
      await commit([row(1), row(1), row(2, row(1).covers), row(3)]);
      expect(await ids(NOW)).toEqual([1, 3]);
      await outbox().sent(row(1).id, NOW);
      await commit([row(1), row(4, row(1).covers)], { nowMs: NOW + KEEP_MS - 1 });
      expect(await ids(NOW + 1)).toEqual([]);
      expect((await queueDepth(pw.store, ORG)).stats).toMatchObject({ mails: 2, mails_sent: 1 });
      // what was told is not remembered for ever
      await commit([row(5)], { nowMs: NOW + KEEP_MS + 1 });
      const { mailTold } = organizationKeys(pw.store.prefix, ORG);
      expect(await pw.store.redis.zcard(mailTold)).toBe(2);
    }));

  it('takes a row of several alerts as long as one of them was not told', () =>
    fresh(async () => {
      await commit([row(1), row(2)]);
      await commit([row(4, ['other', ...row(1).covers]), row(5, [...row(1).covers, ...row(2).covers]), row(6, [])]);
      expect(await ids(NOW)).toEqual([1, 2, 4, 6]);
      await commit([row(7, ['other'])]);
      expect(await ids(NOW)).toEqual([]);
    }));

  it('gives a row to one taker, and to another when its lease is over', () =>
    fresh(async () => {
      await commit([row(1)]);
      const [a, b] = await Promise.all([ids(NOW), ids(NOW)]);
      expect([...a, ...b]).toEqual([1]);
      expect(await ids(NOW + LEASE_MS - 1)).toEqual([]);
      expect(await outbox().take(1, NOW + LEASE_MS)).toMatchObject([{ tries: 2, mail: row(1).mail }]);
      await outbox().sent(row(1).id, NOW);
      // a late word of who took it first brings it not back
      await outbox().again(row(1).id, 'too late', NOW);
      expect(await ids(NOW + DAY)).toEqual([]);
      expect(await mailDepth(pw.store, ORG, NOW)).toEqual({ waiting: 0, due: 0, failed: 0, oldestMs: 0 });
    }));

  it('waits longer after each try, and after five days lays a row aside where a person finds it', () =>
    fresh(async () => {
      await commit([row(1)]);
      const pauses: number[] = [];
      let now = NOW;
      for (let tries = 0; tries < 6; tries++) {
        expect(await ids(now)).toEqual([1]);
        await outbox().again(row(1).id, 'ECONNECTION: away', now);
        const before = now;
        while ((await mailDepth(pw.store, ORG, now)).due === 0) now += MINUTE;
        pauses.push((now - before) / MINUTE);
      }
      expect(pauses).toEqual([1, 2, 4, 8, 15, 15]);
      expect(pauses.at(-1)! * MINUTE).toBe(RETRY_LONGEST_MS);
      expect(await outbox().oldestWaitMs(now)).toBe(now - NOW);
      await ids(now);
      await outbox().again(row(1).id, 'still away', NOW + GIVE_UP_MS);
      expect(await deadLetters(pw.store, ORG)).toMatchObject([
        { id: `mail:${row(1).id}`, kind: 'mail', reason: 'still away' },
      ]);
      expect(await mailDepth(pw.store, ORG, now)).toMatchObject({ waiting: 0, due: 0, failed: 1 });
    }));

  it('has rows that failed tried again or dropped by a person, or by the reason that was mended', () =>
    fresh(async () => {
      await commit([row(1), row(2), row(3)]);
      expect(await ids(NOW)).toEqual([1, 2, 3]);
      await outbox().failed(row(1).id, 'EAUTH: Invalid login: 535', NOW);
      await outbox().failed(row(2).id, 'EENVELOPE: 550 no such user', NOW);
      await outbox().failed(row(3).id, 'EENVELOPE: 550 no such user', NOW);
      expect((await outbox().listFailed()).map((each) => `${each.reason}`).sort()).toEqual([
        'EAUTH: Invalid login: 535',
        'EENVELOPE: 550 no such user',
        'EENVELOPE: 550 no such user',
      ]);
      expect(await outbox().retryFailed(NOW + DAY, /^EAUTH/)).toBe(1);
      expect(await outbox().take(9, NOW + DAY)).toMatchObject([
        // it has waited since it was added: people were not told all that time
        { id: row(1).id, tries: 1, addedMs: NOW, reason: null },
      ]);
      expect(await replayDead(pw.store, pw.queues, ORG, `mail:${row(2).id}`)).toBe('replayed');
      expect(await pw.queues.mail.getJobCountByTypes('waiting')).toBe(1);
      expect(await dropDead(pw.store, ORG, `mail:${row(3).id}`)).toBe('dropped');
      expect(await dropDead(pw.store, ORG, `mail:${row(3).id}`)).toBe('unknown');
      expect(await replayDead(pw.store, pw.queues, ORG, `mail:${row(9).id}`)).toBe('unknown');
      expect(await deadLetters(pw.store, ORG)).toEqual([]);
      expect((await queueDepth(pw.store, ORG)).stats).toMatchObject({ mails_failed: 3, dropped_mails: 1 });
    }));

  it('keeps a row waiting while the log-in is refused: due at once, as old as it is, and given up after five days', () =>
    fresh(async () => {
      await commit([row(1)]);
      for (let tries = 1; tries <= 4; tries++) {
        const at = NOW + tries * 10 * MINUTE;
        expect(await ids(at)).toEqual([1]);
        await outbox().again(row(1).id, 'EAUTH: Invalid login: 535', at, 0);
        expect(await mailDepth(pw.store, ORG, at)).toEqual({ waiting: 1, due: 1, failed: 0, oldestMs: at - NOW });
      }
      expect((await queueDepth(pw.store, ORG)).stats['mails_failed']).toBeUndefined();
      expect(await ids(NOW + GIVE_UP_MS)).toEqual([1]);
      await outbox().again(row(1).id, 'EAUTH: Invalid login: 535', NOW + GIVE_UP_MS, 0);
      expect(await mailDepth(pw.store, ORG, NOW + GIVE_UP_MS)).toMatchObject({ waiting: 0, failed: 1 });
      const counted = async () => (await queueDepth(pw.store, ORG)).stats['mails_failed'];
      expect(await counted()).toBe(1);
      // a password that is as wrong as the one before: the same mail failed, not another
      expect(await outbox().retryFailed(NOW + GIVE_UP_MS, /^EAUTH/)).toBe(1);
      expect(await ids(NOW + GIVE_UP_MS)).toEqual([1]);
      await outbox().again(row(1).id, 'EAUTH: Invalid login: 535', NOW + GIVE_UP_MS, 0);
      expect(await mailDepth(pw.store, ORG, NOW + GIVE_UP_MS)).toMatchObject({ waiting: 0, failed: 1 });
      expect(await counted()).toBe(1);
      // the password is mended at last, and the one try that is left meets a server that is busy: a person has to look
      expect(await outbox().retryFailed(NOW + GIVE_UP_MS, /^EAUTH/)).toBe(1);
      expect(await ids(NOW + GIVE_UP_MS)).toEqual([1]);
      await outbox().again(row(1).id, 'busy', NOW + GIVE_UP_MS);
      expect(await replayDead(pw.store, pw.queues, ORG, `mail:${row(1).id}`)).toBe('replayed');
      expect(await outbox().take(1, Date.now())).toMatchObject([{ tries: 1, reason: null }]);
      expect((await mailDepth(pw.store, ORG, Date.now())).oldestMs).toBeLessThan(MINUTE);
      // what a person had tried anew is counted anew, and what was sent leaves nothing behind
      await outbox().failed(row(1).id, 'no such user', Date.now());
      expect(await counted()).toBe(2);
      expect(await outbox().retryFailed(NOW)).toBe(1);
      await outbox().sent(row(1).id, NOW);
      expect(await pw.store.redis.exists(organizationKeys(pw.store.prefix, ORG).mailStates)).toBe(0);
    }));

  it('has nothing tried again that did not fail: it would be sent twice', () =>
    fresh(async () => {
      await commit([row(1)]);
      expect(await ids(NOW)).toEqual([1]);
      expect(await replayDead(pw.store, pw.queues, ORG, `mail:${row(1).id}`)).toBe('unknown');
      expect(await ids(NOW + 1)).toEqual([]);
      await outbox().sent(row(1).id, NOW + 2);
      expect(await mailDepth(pw.store, ORG, NOW + 2)).toMatchObject({ waiting: 0, failed: 0 });
    }));
});
