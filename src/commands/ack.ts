/**
 * `pollwatch ack ID`: says what was done about an alert. It goes through the state like everything else, so it survives
 * late lines and new revisions of the alert, and shows in Elasticsearch once the alert's organisation was decided again.
 */
import { OperatorError } from '../model/problem.ts';
import { organizationKeys } from '../queue/keys.ts';
import { appendRecord } from '../queue/shard-store.ts';
import { organizations } from '../queue/store.ts';
import { type AckRecord, encodeAck } from '../shard-record.ts';
import { OK } from './exit-status.ts';
import { withStore } from './installation-option.ts';
import type { Given } from './options.ts';

/** Statuses that `--status` takes. */
export const ACK_STATUSES: readonly AckRecord['status'][] = ['ack', 'closed', 'suppressed', 'new'];

/** Runs the command; returns the exit status. Throws an OperatorError when no organisation has such an alert. */
export function ackCommand(id: string, given: Given): Promise<number> {
  return withStore(given, async (store) => {
    const known = await organizations(store);
    const wanted = given.organization === undefined ? known : known.filter((each) => each === given.organization);
    for (const organization of wanted) {
      const { revisions } = organizationKeys(store.prefix, organization);
      if ((await store.redis.hexists(revisions, id)) === 0) continue;
      const status = given.status ?? 'ack';
      await appendRecord(store, organization, encodeAck({ id, status, atMs: Date.now() }));
      process.stdout.write(`${organization}: ${id} is "${status}" as soon as a decide worker has seen it\n`);
      return OK;
    }
    throw new OperatorError([
      {
        code: 'PW-ACK-UNKNOWN',
        message: `there is no alert "${id}"${given.organization === undefined ? '' : ` of ${given.organization}`}`,
        hint: 'the id of an alert stands in pollwatch.alert.id and is the _id of its document',
      },
    ]);
  });
}
