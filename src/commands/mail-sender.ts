/**
 * How an organisation is mailed, for commands that have no sense where nobody is: `drill` and `digest`. Where nobody is mailed
 * they end with why, and what to add.
 */
import type { Sender } from '../mail/envelope.ts';
import type { Installation, Tenant } from '../model/installation.ts';
import { OperatorError } from '../model/problem.ts';
import { senderOf } from '../shard/mail.ts';

/** Whom mails come from. Throws an OperatorError where nobody would be mailed, and says why. */
export function mailSenderOf(installation: Installation, tenant: Tenant): Sender {
  const sender = senderOf(installation, tenant);
  if (sender === null) throw nobodyMailed(installation, tenant);
  return sender;
}

/** Why nobody is mailed. */
export function nobodyMailed({ mail }: Installation, { id }: Tenant): OperatorError {
  return new OperatorError([
    mail === undefined
      ? {
          code: 'PW-CONFIG-MAIL',
          message: 'this installation has no mail server, so no alert would reach anybody',
          hint: 'add mail: {server: smtp.example.gov, from: pollwatch@example.gov}',
        }
      : {
          code: 'PW-MAIL-NOBODY',
          message: `the inventory of ${id} sends alerts to nobody`,
          hint: 'add contacts and routing; config/inventory.example.yaml shows how',
        },
  ]);
}
