/**
 * Tells every five minutes how well each organisation's part of the installation works (src/shard/health.ts): numbers of the
 * store as documents for the index. Several of these workers do no harm: of an interval the first one tells.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { DataSet } from '../src/enrich/bundled.ts';
import { createEnricher } from '../src/enrich/enricher.ts';
import { knownScannersDataSet } from '../src/enrich/known-scanners.ts';
import type { Installation, Tenant } from '../src/model/installation.ts';
import type { WorkerHooks } from '../src/model/worker.ts';
import { readStatus } from '../src/operate/status.ts';
import { isAway } from '../src/queue/connection.ts';
import { commitHealth, readHealth } from '../src/queue/health-store.ts';
import { openStore, type QueueStore } from '../src/queue/store.ts';
import { type HealthMemory, healthDocuments } from '../src/shard/health.ts';
import { HEALTH_MS } from '../src/shard/health-document.ts';

/** How often it is looked whether an interval is over, ms. */
const LOOK_MS = 15_000;

/** What tests shorten. */
export interface HealthOptions {
  readonly intervalMs?: number;
  readonly lookMs?: number;
}

/** Runs until the signal comes. An installation without Elasticsearch has nobody to tell. */
export async function runHealth(
  installation: Installation,
  signal: AbortSignal,
  hooks: WorkerHooks,
  options: HealthOptions = {},
): Promise<void> {
  const store = openStore(installation.redis, (error) => hooks.ready('redis', false, error.message));
  const dataSetsOf = dataSetReader();
  const intervalMs = options.intervalMs ?? HEALTH_MS;
  try {
    while (!signal.aborted) {
      try {
        await tellHealth(installation, store, dataSetsOf, { nowMs: Date.now(), intervalMs });
      } catch (error) {
        const level = isAway(error) ? 'debug' : 'warn';
        hooks.log(level, 'the state of the installation could not be told; it is tried again', {
          error: error as Error,
        });
      }
      await wait(options.lookMs ?? LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await store.close();
  }
}

/** Tells of each configured organisation whose interval has not been told; returns how many documents there were. */
export async function tellHealth(
  { tenants, elasticsearch }: Installation,
  store: QueueStore,
  dataSetsOf: (tenant: Tenant) => readonly DataSet[],
  { nowMs, intervalMs }: { nowMs: number; intervalMs: number },
): Promise<number> {
  const interval = Math.floor(nowMs / intervalMs);
  let documents = 0;
  for (const status of await readStatus(store, tenants)) {
    const tenant = tenants.get(status.organization);
    // whoever never sent a line has no place in the queue yet
    if (tenant === undefined || status.origins.length === 0) continue;
    const before = await readHealth(store, tenant.id);
    if (before !== null && before.interval >= interval) continue;
    const made = healthDocuments(status, (before?.memory as HealthMemory | undefined) ?? null, nowMs, {
      organization: { id: tenant.id, name: tenant.name },
      inventory: tenant.inventory,
      indexPrefix: elasticsearch?.prefix ?? 'pollwatch',
      dataSets: dataSetsOf(tenant),
    });
    const answer = await commitHealth(store, tenant.id, {
      before: before?.interval ?? null,
      interval,
      memory: made.memory,
      documents: made.documents.map(({ id, index, version, body }) => ({
        id,
        index,
        version,
        body: JSON.stringify(body),
      })),
    });
    if (answer === 'committed') documents += made.documents.length;
  }
  return documents;
}

/** Data sets and lists that answer for a tenant's sources, asked once each: opening them takes memory that is needed elsewhere. */
export function dataSetReader(): (tenant: Tenant) => readonly DataSet[] {
  const known = new Map<string, readonly DataSet[]>();
  return ({ inventory }) => {
    const key = JSON.stringify(inventory.databases);
    const found = known.get(key) ?? [
      ...createEnricher({ databases: inventory.databases }).dataSets(),
      knownScannersDataSet(),
    ];
    known.set(key, found);
    return found;
  };
}
