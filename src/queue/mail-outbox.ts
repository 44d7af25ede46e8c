/**
 * The outbox of mails in Redis: the contract of model/outbox.ts for one organisation. Rows come into it with the commit of a
 * shard and in no other way; a row that failed is a dead letter ("mail:ID") until a person has it tried again or drops it.
 */
import { GIVE_UP_MS, LEASE_MS, type NewRow, type Outbox, type OutboxRow, retryPauseMs } from '../model/outbox.ts';
import { deadLetter } from './dead-letter.ts';
import { organizationKeys } from './keys.ts';
import { listOf, runScript, textOf } from './scripts.ts';
import { type QueueStore, throwFirst } from './store.ts';

/** How an organisation's outbox stands. */
export interface MailDepth {
  /** mails that are not sent and did not fail */
  readonly waiting: number;
  /** of these, how many could be sent now */
  readonly due: number;
  readonly failed: number;
  /** how long the oldest has waited, ms */
  readonly oldestMs: number;
}

/** The outbox of an organisation. `worker` (see mail-hands.ts) is who takes rows; without it they are its own by the lease alone. */
export function openMailOutbox(store: QueueStore, org: string, worker = ''): Outbox {
  const keys = organizationKeys(store.prefix, org);
  const rowPlaces = [keys.mails, keys.mailStates, keys.mailDue, keys.mailWaiting, keys.stats, keys.dead];

  async function putBack(id: string, change: PutBack): Promise<void> {
    const { state, tries = '', addedMs = '', reason, dueMs = 0 } = change;
    const values = [id, state, tries, addedMs, reason, dueMs, deadLetter(reason)];
    await runScript(store.redis, 'pwPutBackMail', rowPlaces, values);
  }

  async function rowOf(id: string): Promise<OutboxRow | null> {
    const [row, state] = await Promise.all([store.redis.hget(keys.mails, id), store.redis.hget(keys.mailStates, id)]);
    return row === null || state === null ? null : parsed(id, row, state, 0);
  }

  const outbox: Outbox = {
    async take(most, nowMs) {
      const places = [keys.mails, keys.mailStates, keys.mailDue, keys.mailHands];
      const values = [nowMs, nowMs + LEASE_MS, most, worker];
      const found = listOf(await runScript(store.redis, 'pwTakeMails', places, values)).map(textOf);
      return Array.from({ length: found.length / 4 }, (_, i) => {
        const [id, row, state, due] = found.slice(4 * i, 4 * i + 4);
        return parsed(id!, row!, state!, Number(due));
      });
    },
    async sent(id, nowMs) {
      await runScript(store.redis, 'pwSentMail', [...rowPlaces, keys.drill], [id, nowMs]);
    },
    async again(id, reason, nowMs, pauseMs) {
      const row = await rowOf(id);
      if (row === null) return;
      const isOver = nowMs - row.addedMs >= GIVE_UP_MS;
      const dueMs = nowMs + (pauseMs ?? retryPauseMs(row.tries));
      await putBack(id, { state: isOver ? 'failed' : 'waiting', reason, dueMs });
    },
    failed: (id, reason) => putBack(id, { state: 'failed', reason }),
    async retryFailed(nowMs, reason = /^/) {
      const rows = (await outbox.listFailed()).filter((row) => reason.test(row.reason ?? ''));
      for (const { id } of rows) await putBack(id, { state: 'waiting', tries: 0, reason: '', dueMs: nowMs });
      return rows.length;
    },
    async listFailed() {
      const states = await store.redis.hgetall(keys.mailStates);
      const failed = Object.keys(states).filter((id) => states[id]!.startsWith('failed '));
      return (await Promise.all(failed.map(rowOf))).filter((row) => row !== null);
    },
    async oldestWaitMs(nowMs) {
      return (await mailDepth(store, org, nowMs)).oldestMs;
    },
  };
  return outbox;
}

/**
 * Has a mail that failed tried again because a person says so: as if it had just been added, so that it is tried for days
 * once more. False: there is none of this id that failed.
 */
export async function retryMail(store: QueueStore, org: string, id: string, nowMs: number): Promise<boolean> {
  const keys = organizationKeys(store.prefix, org);
  const places = [keys.mails, keys.mailStates, keys.mailDue, keys.mailWaiting, keys.stats, keys.dead];
  return (await runScript(store.redis, 'pwPutBackMail', places, [id, 'waiting', 0, nowMs, '', nowMs, ''])) === 1;
}

/** How an organisation's outbox stands. */
export async function mailDepth(store: QueueStore, org: string, nowMs: number): Promise<MailDepth> {
  const keys = organizationKeys(store.prefix, org);
  const [waiting, due, oldest, rows] = throwFirst(
    await store.redis
      .multi()
      .zcard(keys.mailWaiting)
      .zcount(keys.mailDue, '-inf', nowMs)
      .zrange(keys.mailWaiting, 0, '0', 'WITHSCORES')
      .hlen(keys.mails)
      .exec(),
  );
  const added = Number((oldest as string[])[1] ?? nowMs);
  return {
    waiting: Number(waiting),
    due: Number(due),
    failed: Number(rows) - Number(waiting),
    oldestMs: Math.max(0, nowMs - added),
  };
}

interface PutBack {
  readonly state: 'waiting' | 'failed';
  readonly tries?: number;
  readonly addedMs?: number;
  readonly reason: string;
  readonly dueMs?: number;
}

function parsed(id: string, row: string, text: string, dueMs: number): OutboxRow {
  const { covers, mail } = JSON.parse(row) as Pick<NewRow, 'covers' | 'mail'>;
  const [, state, tries, added, reason] = /^(\w+) (\d+) (\d+) ([\s\S]*)$/.exec(text)!;
  return {
    id,
    covers,
    mail,
    state: state as OutboxRow['state'],
    tries: Number(tries),
    addedMs: Number(added),
    dueMs,
    reason: reason === '' ? null : reason!,
  };
}
