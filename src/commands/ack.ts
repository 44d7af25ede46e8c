/**
 * `pollwatch ack ID`: says what was done about an alert, here and, where there is one, in Kibana; --from-kibana takes over
 * what was said there. It goes through the state like everything else, so it survives
 * late lines and new revisions of the alert, and shows in Elasticsearch once the alert's organisation was decided again.
 */
import { alertPrefix } from '../mail/message.ts';
import { OperatorError } from '../model/problem.ts';
import { appendRecord, documentsFrom, isDocument } from '../queue/shard-store.ts';
import { organizations, type QueueStore } from '../queue/store.ts';
import { type AckRecord, encodeAck } from '../shard/record.ts';
import { OK } from './exit-status.ts';
import { withStore } from './installation-option.ts';
import type { Given } from './options.ts';

/** Statuses that `--status` takes. */
export const ACK_STATUSES: readonly AckRecord['status'][] = ['ack', 'closed', 'suppressed', 'new'];

/** Runs the command; returns the exit status. Throws an OperatorError when no organisation has such an alert. */
export function ackCommand(shown: string | undefined, given: Given): Promise<number> {
  return withStore(given, async (store, installation) => {
    if (given.fromKibana === true) {
      const { ackFromKibana } = await import('./ack-kibana.ts');
      return ackFromKibana(store, installation);
    }
    if (shown === undefined) {
      const hint =
        'name one: pollwatch ack PW-0123ABCD; or take over what was said in Kibana: pollwatch ack --from-kibana';
      throw new OperatorError([{ code: 'PW-ACK-UNKNOWN', message: 'which alert?', hint }]);
    }
    const known = await organizations(store);
    const wanted = given.organization === undefined ? known : known.filter((each) => each === given.organization);
    for (const organization of wanted) {
      const id = await fullId(store, organization, shown);
      if (id === null) continue;
      const status = given.status ?? 'ack';
      await appendRecord(store, organization, encodeAck({ id, status, atMs: Date.now() }));
      process.stdout.write(`${organization}: ${id} is "${status}" as soon as a decide worker has seen it\n`);
      if (installation.kibana !== undefined) {
        const { ackToKibana } = await import('./ack-kibana.ts');
        await ackToKibana(installation, organization, id, status);
      }
      return OK;
    }
    throw new OperatorError([
      {
        code: 'PW-ACK-UNKNOWN',
        message: `there is no alert "${shown}"${given.organization === undefined ? '' : ` of ${given.organization}`}`,
        hint: 'give the number of a mail (PW-0123ABCD), or pollwatch.alert.id, which is the _id of the document',
      },
    ]);
  });
}

/** The id of an alert, given whole or as the number that mails show; null when there is no such alert, or no only one. */
async function fullId(store: QueueStore, organization: string, shown: string): Promise<string | null> {
  const prefix = alertPrefix(shown);
  if (prefix === null) return (await isDocument(store, organization, shown)) ? shown : null;
  const found = await documentsFrom(store, organization, prefix);
  return found.length === 1 ? found[0]! : null;
}
