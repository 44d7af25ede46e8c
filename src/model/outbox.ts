/**
 * The outbox: mails that were decided and are not yet known to be sent. A row is written in the commit that stores the alert
 * and the planner's memory, and is unique: by its id, and by each (alert, recipient, revision) that it covers. Sending has
 * two steps, "sending" and "sent"; whoever dies between them leaves a row that is taken again when that is known, or its lease
 * is over, with the same message id, by which the recipient's system knows it. queue/mail-outbox.ts keeps it in Redis; who sends
 * (mail/deliver.ts) knows this contract only.
 */
import type { RenderedMail } from './mail.ts';
import { DAY, MINUTE } from './time.ts';

/**
 * A row in "sending" is taken again after this; longer than the longest try (see mail/send.ts). Whoever can see that the
 * sender is dead need not wait for it (queue/mail-hands.ts).
 */
export const LEASE_MS = 5 * MINUTE;
/** First pause after a try that failed for now; doubled each time up to the longest. */
const RETRY_FIRST_MS = MINUTE;
export const RETRY_LONGEST_MS = 15 * MINUTE;
/** After this a row is given up (RFC 5321 4.5.4.1: four to five days) and somebody must look at it. */
export const GIVE_UP_MS = 5 * DAY;
/** An outbox whose oldest row has waited longer deserves an alarm of its own (ELECTIONS 5). */
export const STALE_MS = 10 * MINUTE;
/** What was sent is known for this long, so that a late writer cannot add it again. */
export const KEEP_MS = 14 * DAY;

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

/** What is done with rows once they stand in an outbox. */
export interface Outbox {
  /** Takes up to `most` rows that are due, oldest first, and marks them as being sent until the lease is over. */
  take(most: number, nowMs: number): Promise<OutboxRow[]>;
  /** The row was handed over: it is never taken again. */
  sent(id: string, nowMs: number): Promise<void>;
  /**
   * The row waits for another try, or is given up when it has waited too long since it was added. `pauseMs` is how long;
   * left out, it grows with the tries.
   */
  again(id: string, reason: string, nowMs: number, pauseMs?: number): Promise<void>;
  /** The row needs somebody: it is kept with its reason and not tried again. */
  failed(id: string, reason: string, nowMs: number): Promise<void>;
  /**
   * Puts failed rows back, once what was wrong may be mended: all, or those whose reason begins so. They have waited since
   * they were added, and those that were given up for that get one try. Returns how many.
   */
  retryFailed(nowMs: number, reason?: RegExp): Promise<number>;
  /** Rows that failed, with their reasons. */
  listFailed(): Promise<OutboxRow[]>;
  /** How long the oldest unsent row has waited, in milliseconds; 0 = none waits. */
  oldestWaitMs(nowMs: number): Promise<number>;
}

/** Pause before the next try, after so many. */
export function retryPauseMs(tries: number): number {
  return Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** Math.min(20, Math.max(0, tries - 1)));
}
