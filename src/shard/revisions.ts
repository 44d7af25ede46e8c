/**
 * What is kept of the documents that a shard has told, sorted by kind: of alerts and of past days, until nothing can change
 * them any more; the rest is of no use as soon as it was told.
 */

import { append } from '../model/long-lists.ts';
import type { Revision, ShardDocument } from '../queue/shard-store.ts';
import { isToldDay, type ToldDay } from './days.ts';
import type { Tidings } from './documents.ts';
import type { Told } from './told-alert.ts';

/** Of one shard, as it stands in the store. */
export interface Revisions {
  /** by alert id */
  readonly alerts: Map<string, Told>;
  /** by number of the day */
  readonly days: Map<number, ToldDay>;
  /** ids that nobody needs: of alerts and days of the past, and of documents that are told once */
  readonly useless: string[];
}

/** Sorts what stands in the store. */
export function sortRevisions(stored: ReadonlyMap<string, Revision>): Revisions {
  const revisions: Revisions = { alerts: new Map(), days: new Map(), useless: [] };
  for (const [id, revision] of stored)
    if (isToldDay(revision)) revisions.days.set(revision.day, revision);
    else if ('brief' in revision) revisions.alerts.set(id, revision as Told);
    else revisions.useless.push(id);
  return revisions;
}

/** Alerts that were committed, and those that nothing can change any more. */
export function noteAlerts({ alerts, useless }: Revisions, { documents, forgotten }: Tidings): void {
  for (const { id, version, digest, more } of documents) alerts.set(id, { ...more, v: version, d: digest });
  for (const id of forgotten) alerts.delete(id);
  append(useless, forgotten);
}

/** Documents of past days that were committed. */
export function noteDays({ days, useless }: Revisions, documents: readonly ShardDocument[]): void {
  for (const { id, version, digest, more } of documents)
    if (more?.['kind'] === 'day') days.set(Number(more['day']), { ...more, v: version, d: digest } as ToldDay);
    else useless.push(id);
}

/** Days that nothing can change any more, by the ids of their summaries. */
export function forgetDays({ days, useless }: Revisions, ids: readonly string[]): void {
  append(useless, ids);
  for (const [day, { id }] of days) if (ids.includes(id)) days.delete(day);
}
