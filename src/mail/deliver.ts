/**
 * Takes what is due from the outbox, hands it to the mail server one by one, and notes what became of it. Called again and
 * again by whoever runs the mailer: a queue worker, or a run without queues. Safe at any point of dying: see outbox.ts.
 */
import type { Outbox } from '../model/outbox.ts';
import type { Mailer } from './send.ts';

/** Rows of one round; then whoever runs it looks at the rest of the world. */
const ROUND = 50;
/** A server that is away for so many mails in a row is left alone until the next round. */
const AWAY_AFTER = 2;

export interface Delivered {
  sent: number;
  again: number;
  failed: number;
}

/**
 * One round. `clock` gives Unix milliseconds; it decides when things are tried, never what they say. Rows are taken one at a
 * time, so that a lease never runs while others are being sent.
 */
export async function deliverDue(
  outbox: Outbox,
  mailer: Pick<Mailer, 'send'>,
  clock: () => number,
): Promise<Delivered> {
  const delivered: Delivered = { sent: 0, again: 0, failed: 0 };
  for (let away = 0; away < AWAY_AFTER && delivered.sent + delivered.again + delivered.failed < ROUND; ) {
    const [row] = await outbox.take(1, clock());
    if (row === undefined) break;
    const delivery = await mailer.send(row.mail);
    switch (delivery.state) {
      case 'sent':
        await outbox.sent(row.id, clock());
        delivered.sent++;
        away = 0;
        break;
      case 'again':
        await outbox.again(row.id, delivery.reason, clock());
        delivered.again++;
        away = delivery.isAway ? away + 1 : 0;
        break;
      case 'never':
        await outbox.failed(row.id, delivery.reason, clock());
        delivered.failed++;
        away = 0;
        break;
    }
  }
  return delivered;
}
