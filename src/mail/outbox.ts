/**
 * The outbox of a run without queues: rows in memory, which its state commits with the rest (`snapshot`). The contract, and
 * what it promises to whoever dies half-way, stands in model/outbox.ts.
 */
import { createHash } from 'node:crypto';
import type { RenderedMail } from '../model/mail.ts';
import {
  GIVE_UP_MS,
  KEEP_MS,
  LEASE_MS,
  type NewRow,
  type Outbox,
  type OutboxRow,
  retryPauseMs,
} from '../model/outbox.ts';
import type { MailTask } from './plan.ts';
import { itemsOf } from './plan.ts';

/** The row of a mail. Its id is a digest, so that it can be shown and typed, and names nobody. */
export function rowOf(task: MailTask, mail: RenderedMail): NewRow {
  const covers = itemsOf(task).map(({ state }) => `${state.alert.id}|${task.recipient.address}|${state.revision}`);
  return { id: createHash('sha256').update(task.id).digest('hex').slice(0, 24), covers, mail };
}

type Kept = { -readonly [K in keyof OutboxRow]: OutboxRow[K] };

/** An outbox that is filled one commit at a time. */
export interface MemoryOutbox extends Outbox {
  /** Adds rows; one whose id is known, or all of whose covers are, is left out. Returns the ids that were added. */
  add(rows: readonly NewRow[], nowMs: number): Promise<string[]>;
  /** all rows, for the commit */
  snapshot(): OutboxRow[];
}

/** An outbox in memory; `rows` are what another one held before (see `snapshot`). */
export function createMemoryOutbox(rows: readonly OutboxRow[] = []): MemoryOutbox {
  const kept = new Map<string, Kept>(rows.map((row) => [row.id, { ...row }]));
  const covered = new Set(rows.flatMap(({ covers }) => covers));
  const open = (id: string): Kept => {
    const row = kept.get(id);
    if (row === undefined) throw new Error(`no mail ${id} in the outbox`);
    return row;
  };
  return {
    add(added, nowMs) {
      forget(nowMs);
      const ids: string[] = [];
      for (const { id, covers, mail } of added) {
        if (kept.has(id) || (covers.length > 0 && covers.every((cover) => covered.has(cover)))) continue;
        kept.set(id, { id, covers, mail, state: 'waiting', tries: 0, addedMs: nowMs, dueMs: nowMs, reason: null });
        for (const cover of covers) covered.add(cover);
        ids.push(id);
      }
      return Promise.resolve(ids);
    },
    take(most, nowMs) {
      const due = [...kept.values()]
        .filter(({ state, dueMs }) => (state === 'waiting' || state === 'sending') && dueMs <= nowMs)
        .sort((a, b) => a.dueMs - b.dueMs || a.addedMs - b.addedMs || (a.id < b.id ? -1 : 1))
        .slice(0, most);
      for (const row of due) Object.assign(row, { state: 'sending', tries: row.tries + 1, dueMs: nowMs + LEASE_MS });
      return Promise.resolve(due.map((row) => ({ ...row })));
    },
    sent(id, nowMs) {
      Object.assign(open(id), { state: 'sent', dueMs: nowMs, reason: null });
      return Promise.resolve();
    },
    again(id, reason, nowMs) {
      const row = open(id);
      const isOver = nowMs - row.addedMs >= GIVE_UP_MS;
      Object.assign(row, { state: isOver ? 'failed' : 'waiting', reason, dueMs: nowMs + retryPauseMs(row.tries) });
      return Promise.resolve();
    },
    failed(id, reason, nowMs) {
      Object.assign(open(id), { state: 'failed', reason, dueMs: nowMs });
      return Promise.resolve();
    },
    retryFailed(nowMs, reason = /^/) {
      const rows = [...kept.values()].filter((row) => row.state === 'failed' && reason.test(row.reason ?? ''));
      for (const row of rows) Object.assign(row, { state: 'waiting', tries: 0, addedMs: nowMs, dueMs: nowMs });
      return Promise.resolve(rows.length);
    },
    listFailed() {
      return Promise.resolve([...kept.values()].filter(({ state }) => state === 'failed').map((row) => ({ ...row })));
    },
    oldestWaitMs(nowMs) {
      const waiting = [...kept.values()].filter(({ state }) => state === 'waiting' || state === 'sending');
      return Promise.resolve(waiting.reduce((most, row) => Math.max(most, nowMs - row.addedMs), 0));
    },
    snapshot: () => [...kept.values()].map((row) => ({ ...row })),
  };

  function forget(nowMs: number): void {
    for (const row of kept.values()) {
      if (row.state !== 'sent' || row.dueMs > nowMs - KEEP_MS) continue;
      kept.delete(row.id);
      for (const cover of row.covers) covered.delete(cover);
    }
  }
}
