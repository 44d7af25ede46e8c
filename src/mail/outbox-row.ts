/**
 * The row of the outbox that a planned mail becomes: what it covers, so that nobody is told the same revision twice, and an
 * id that is the same each time it is planned.
 */
import { createHash } from 'node:crypto';
import type { RenderedMail } from '../model/mail.ts';
import type { NewRow } from '../model/outbox.ts';
import { itemsOf, type MailTask } from './mail-task.ts';

/** The row of a mail. Its id is a digest, so that it can be shown and typed, and names nobody. */
export function rowOf(task: MailTask, mail: RenderedMail): NewRow {
  const covers = itemsOf(task).map(({ state }) => `${state.alert.id}|${task.recipient.address}|${state.revision}`);
  return { id: createHash('sha256').update(task.id).digest('hex').slice(0, 24), covers, mail };
}
