/**
 * The outbox of facts that an organisation tells the one above it. One of an alert that waits is replaced by the next, so
 * there are at most as many as alerts; whoever moved one takes it out only if no newer one has come since.
 *
 *   P:{org}:facts   HASH id of the alert → organisation SP text
 */
import { organizationKeys } from './keys.ts';
import { runScript, textOf } from './scripts.ts';
import { holder, type LeaseHolder, type Revision } from './shard-store.ts';
import type { QueueStore } from './store.ts';

/** A fact that waits. */
export interface WaitingFact {
  /** id of the alert that it is of */
  readonly id: string;
  /** id of the organisation that it is for */
  readonly to: string;
  readonly text: string;
}

/** Facts of one commit: each bound to the revision of its alert, which stands from the same step on. */
export type NewFact = WaitingFact & { readonly revision: Revision };

/** Facts that are committed in one step of the server. */
const FACTS_AT_ONCE = 500;

/** Commits facts with the revisions of their alerts. "fenced": the lease was lost, and of this step on nothing was written. */
export async function commitFacts(
  store: QueueStore,
  org: string,
  lease: LeaseHolder,
  facts: readonly NewFact[],
): Promise<'committed' | 'fenced'> {
  const keys = organizationKeys(store.prefix, org);
  for (let at = 0; at < facts.length; at += FACTS_AT_ONCE) {
    const values = facts
      .slice(at, at + FACTS_AT_ONCE)
      .flatMap(({ id, to, text, revision }) => [id, JSON.stringify(revision), `${to} ${text}`]);
    const places = [keys.lease, keys.revisions, keys.facts];
    if (textOf(await runScript(store.redis, 'pwCommitFacts', places, [holder(lease), ...values])) === 'fenced')
      return 'fenced';
  }
  return 'committed';
}

/** About `max` of the facts that wait. They stay until settleFacts. */
export async function takeFacts(store: QueueStore, org: string, max: number): Promise<WaitingFact[]> {
  const { facts } = organizationKeys(store.prefix, org);
  const found = new Map<string, WaitingFact>();
  for (let cursor = '0'; found.size < max; ) {
    const [next, pairs] = await store.redis.hscan(facts, cursor, 'COUNT', max);
    for (let i = 0; i < pairs.length; i += 2) found.set(pairs[i]!, factOf(pairs[i]!, pairs[i + 1]!));
    cursor = next;
    if (next === '0') break;
  }
  return [...found.values()];
}

/** Takes facts out that were moved, and are still the ones that were. */
export async function settleFacts(store: QueueStore, org: string, moved: readonly WaitingFact[]): Promise<void> {
  const { facts } = organizationKeys(store.prefix, org);
  for (let at = 0; at < moved.length; at += FACTS_AT_ONCE) {
    const values = moved.slice(at, at + FACTS_AT_ONCE).flatMap(({ id, to, text }) => [id, `${to} ${text}`]);
    await runScript(store.redis, 'pwSettleFacts', [facts], values);
  }
}

/** How many facts of an organisation wait. */
export function countFacts(store: QueueStore, org: string): Promise<number> {
  return store.redis.hlen(organizationKeys(store.prefix, org).facts);
}

function factOf(id: string, value: string): WaitingFact {
  const space = value.indexOf(' ');
  return { id, to: value.slice(0, space), text: value.slice(space + 1) };
}
