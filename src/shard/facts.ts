/**
 * Facts on their way from the shard of a member to that of the organisation above it. A shard commits them to its own
 * outbox, beside the revision of the alert that they are of; from there they are appended to the other log and only then
 * taken out. Whoever dies in between leaves them where they are, and a fact that comes twice is one.
 */
import { createHash } from 'node:crypto';
import type { Fact, Sighting } from '../model/fact.ts';
import { settleFacts, takeFacts } from '../queue/facts.ts';
import type { Seal } from '../queue/seal.ts';
import { appendRecord } from '../queue/shard-store.ts';
import { noteOrganization, type QueueStore } from '../queue/store.ts';
import { encodeFacts } from './record.ts';
import { sealed } from './sealed.ts';

/** Facts in one record. */
const FACTS_AT_ONCE = 500;

/** What is kept of a fact that was told, with its alert's revision. */
export interface ToldFact {
  /** version of the fact */
  readonly fv?: number;
  /** digest of what it said, and to whom */
  readonly fd?: string;
  /** key of its source */
  readonly fk?: Fact['key'];
}

/** Digest of what a fact says to an organisation. */
export function factDigest(to: string, sighting: Sighting | null): string {
  return createHash('sha256')
    .update(JSON.stringify([to, sighting]))
    .digest('base64url')
    .slice(0, 22);
}

/**
 * Appends the facts of an organisation to the logs that they are for, sealed for whose log it is: `sealOf` gives the seal of an
 * organisation, null when this worker does not have its key. Such facts wait for a worker that does. Returns how many were moved.
 */
export async function moveFacts(
  store: QueueStore,
  org: string,
  sealOf: (organization: string) => Seal | null,
): Promise<number> {
  for (let moved = 0; ; ) {
    const waiting = (await takeFacts(store, org, FACTS_AT_ONCE)).filter(({ to }) => sealOf(to) !== null);
    if (waiting.length === 0) return moved;
    for (const [to, theirs] of Map.groupBy(waiting, (fact) => fact.to)) {
      const facts = theirs.map(({ text }) => JSON.parse(text) as Fact);
      await noteOrganization(store, to);
      await appendRecord(store, to, sealed(encodeFacts(facts), sealOf(to)!, to, 'record'));
    }
    await settleFacts(store, org, waiting);
    moved += waiting.length;
  }
}
