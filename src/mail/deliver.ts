/**
 * Takes what is due from the outbox, hands it to the mail server one by one, and notes what became of it. Called again and
 * again by whoever runs the mailer: a queue worker, or a run without queues. Safe at any point of dying: see model/outbox.ts.
 */
import type { Delivery } from '../model/mail.ts';
import type { Outbox, OutboxRow } from '../model/outbox.ts';
import type { Mailer } from './send.ts';

/** Rows of one round; then whoever runs it looks at the rest of the world. */
const ROUND = 50;
/** A server that is away for so many mails in a row is left alone until the next round. */
const AWAY_AFTER = 2;

/** What became of a round. */
export interface Delivered {
  sent: number;
  again: number;
  failed: number;
  /** why the round ended early: the server is away, or does not let us log in; null = it did not */
  stopped: 'away' | 'refused' | null;
}

/** What a round is told, and tells. */
export interface Round {
  /** ends the round between two mails */
  readonly signal?: AbortSignal;
  /** breaks off a mail that is being sent: somebody else may take it from here on */
  readonly lost?: () => AbortSignal;
  /** told of each mail that was tried */
  readonly tell?: (row: OutboxRow, delivery: Delivery) => void;
}

/**
 * One round. `clock` gives Unix milliseconds; it decides when things are tried, never what they say. Rows are taken one at a
 * time, so that a lease never runs while others are being sent.
 */
export async function deliverDue(
  outbox: Outbox,
  mailer: Pick<Mailer, 'send'>,
  clock: () => number,
  { signal, lost, tell }: Round = {},
): Promise<Delivered> {
  const delivered: Delivered = { sent: 0, again: 0, failed: 0, stopped: null };
  let away = 0;
  for (let tried = 0; tried < ROUND && delivered.stopped === null && signal?.aborted !== true; tried++) {
    const [row] = await outbox.take(1, clock());
    if (row === undefined) break;
    const delivery = await mailer.send(row.mail, lost?.());
    away = delivery.state === 'again' && delivery.isAway ? away + 1 : 0;
    switch (delivery.state) {
      case 'sent':
        await outbox.sent(row.id, clock());
        delivered.sent++;
        break;
      case 'again':
        await outbox.again(row.id, delivery.reason, clock());
        delivered.again++;
        if (away >= AWAY_AFTER) delivered.stopped = 'away';
        break;
      case 'never':
        await outbox.failed(row.id, delivery.reason, clock());
        delivered.failed++;
        break;
      case 'refused':
        // a server that is asked too often locks the account: who runs the mailer pauses, the mail need not
        await outbox.again(row.id, delivery.reason, clock(), 0);
        delivered.again++;
        delivered.stopped = 'refused';
        break;
    }
    tell?.(row, delivery);
  }
  return delivered;
}
