/**
 * The outbox: mails that were decided and are not yet known to be sent. A row is written in the commit that stores the alert
 * and the planner's memory, and is unique: by its id, and by each (alert, recipient, revision) that it covers. Sending has
 * two steps, "sending" and "sent"; whoever dies between them leaves a row that is taken again when its lease is over, with
 * the same message id, by which the recipient's system knows it. The memory one serves a run without queues.
 */
import type { RenderedMail } from '../model/mail.ts';
import { DAY, MINUTE } from '../model/time.ts';
import type { MailTask } from './plan.ts';
import { itemsOf } from './plan.ts';

/** A row in "sending" is taken again after this; longer than the longest try (see send.ts). */
export const LEASE_MS = 5 * MINUTE;
/** First pause after a try that failed for now; doubled each time up to the longest. */
export const RETRY_FIRST_MS = MINUTE;
export const RETRY_LONGEST_MS = 15 * MINUTE;
/** After this a row is given up (RFC 5321 4.5.4.1: four to five days) and somebody must look at it. */
export const GIVE_UP_MS = 5 * DAY;
/** An outbox whose oldest row has waited longer deserves an alarm of its own (ELECTIONS 5). */
export const STALE_MS = 10 * MINUTE;
/** Finished rows are kept this long, so that a late writer cannot add them again. */
const KEEP_MS = 14 * DAY;

export interface NewRow {
  readonly id: string;
  /** "alert|recipient|revision" for each that the mail tells; empty for digests */
  readonly covers: readonly string[];
  readonly mail: RenderedMail;
}

export interface OutboxRow extends NewRow {
  readonly state: 'waiting' | 'sending' | 'sent' | 'failed';
  /** tries so far, with the one that is on */
  readonly tries: number;
  readonly addedMs: number;
  /** when it is taken next */
  readonly dueMs: number;
  /** why the last try failed, or null */
  readonly reason: string | null;
}

/** What a store of mails promises. Redis and memory hold the same. */
export interface Outbox {
  /** Adds rows; one whose id or any of whose covers is known is left out. Returns the ids that were added. */
  add(rows: readonly NewRow[], nowMs: number): Promise<string[]>;
  /** Takes up to `most` rows that are due, oldest first, and marks them as being sent until the lease is over. */
  take(most: number, nowMs: number): Promise<OutboxRow[]>;
  /** The row was handed over: it is never taken again. */
  sent(id: string, nowMs: number): Promise<void>;
  /** The row waits for another try, or is given up when it has waited too long. */
  again(id: string, reason: string, nowMs: number): Promise<void>;
  /** The row needs somebody: it is kept with its reason and not tried again. */
  failed(id: string, reason: string, nowMs: number): Promise<void>;
  /** Puts failed rows back, once what was wrong is mended. Returns how many. */
  retryFailed(nowMs: number): Promise<number>;
  /** Rows that failed, with their reasons. */
  listFailed(): Promise<OutboxRow[]>;
  /** How long the oldest unsent row has waited, in milliseconds; 0 = none waits. */
  oldestWaitMs(nowMs: number): Promise<number>;
}

/** The row of a mail. */
export function rowOf(task: MailTask, mail: RenderedMail): NewRow {
  const covers = itemsOf(task).map(({ state }) => `${state.alert.id}|${task.recipient.address}|${state.revision}`);
  return { id: task.id, covers, mail };
}

/** Pause before the next try, after so many. */
export function retryPauseMs(tries: number): number {
  return Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.min(20, Math.max(0, tries - 1)));
}

type Kept = { -readonly [K in keyof OutboxRow]: OutboxRow[K] };

/** An outbox in memory; `rows` are what another one held before (see `snapshot`). */
export function createMemoryOutbox(rows: readonly OutboxRow[] = []): Outbox & { snapshot(): OutboxRow[] } {
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
        if (kept.has(id) || covers.some((cover) => covered.has(cover))) continue;
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
    retryFailed(nowMs) {
      const rows = [...kept.values()].filter(({ state }) => state === 'failed');
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
