/**
 * Acknowledging in one place shows in the other: `pollwatch ack --from-kibana` takes over what analysts acknowledged or
 * closed in Kibana Security, and `pollwatch ack ID` says it there. Neither takes back what the other side went further with.
 */
import { connectKibana } from '../kibana/client.ts';
import { type Handled, handledIn, tellKibana } from '../kibana/workflow.ts';
import type { Installation } from '../model/installation.ts';
import { OperatorError, printable } from '../model/problem.ts';
import { DAY } from '../model/time.ts';
import { appendRecord, documentRevision } from '../queue/shard-store.ts';
import type { QueueStore } from '../queue/store.ts';
import { type AckRecord, encodeAck } from '../shard/record.ts';
import { OK } from './exit-status.ts';
import { kibanaOf, scopesOf } from './setup-kibana.ts';

/** Alerts of Kibana that are looked at: ours may change for eight days, and are handled a while later. */
const LOOK_BACK_MS = 30 * DAY;
/** A status is only taken over by one that goes further. */
const ORDER: readonly AckRecord['status'][] = ['new', 'ack', 'closed', 'suppressed'];

/** Takes over what Kibana says; returns the exit status. */
export async function ackFromKibana(store: QueueStore, installation: Installation): Promise<number> {
  const kibana = connectKibana(kibanaOf(installation));
  const found = new Map<string, Handled>();
  for (const scope of scopesOf(installation)) {
    const { handled, isWhole } = await handledIn(kibana, scope, Date.now() - LOOK_BACK_MS);
    for (const each of handled) {
      const known = found.get(each.id);
      if (known === undefined || ORDER.indexOf(each.status) > ORDER.indexOf(known.status)) found.set(each.id, each);
    }
    if (!isWhole)
      process.stdout.write('there are more handled alerts than one search gives: only some were looked at\n');
  }
  let taken = 0;
  for (const { id, organization, status } of found.values()) {
    if (!installation.tenants.has(organization)) continue;
    const revision = await documentRevision(store, organization, id);
    const now = (revision?.['status'] ?? null) as AckRecord['status'] | 'withdrawn' | null;
    // forgotten, withdrawn, or at least as far
    if (now === null || now === 'withdrawn' || ORDER.indexOf(now) >= ORDER.indexOf(status)) continue;
    await appendRecord(store, organization, encodeAck({ id, status, atMs: Date.now() }));
    process.stdout.write(`${organization}: ${printable(id)} is "${status}" as soon as a decide worker has seen it\n`);
    taken++;
  }
  process.stdout.write(`${found.size} alerts are handled in Kibana, ${taken} were not here yet\n`);
  return OK;
}

/** Says in Kibana, where there is one, what became of an alert. What was said here stands whether or not Kibana answers. */
export async function ackToKibana(
  installation: Installation,
  organization: string,
  id: string,
  status: AckRecord['status'],
): Promise<void> {
  if (installation.kibana === undefined || installation.elasticsearch === null) return;
  const kibana = connectKibana(installation.kibana);
  try {
    let updated = 0;
    for (const scope of scopesOf(installation))
      if (scope.organization === null || scope.organization.id === organization)
        updated += await tellKibana(kibana, scope, id, status);
    if (updated > 0) process.stdout.write(`Kibana: ${updated} of its alerts set\n`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    process.stdout.write(`Kibana was not told: ${error.problems[0]!.message}\n`);
  }
}
