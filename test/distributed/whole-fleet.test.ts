/**
 * A whole fleet over a real Redis and a real Elasticsearch: logs that grow and are rotated, workers of every kind that are
 * killed at random, Redis killed and restarted, Elasticsearch killed in the middle and started again. Afterwards every
 * line is accounted for, in Redis and in the summaries of the days, and the alerts in the index are those of `analyze`.
 */

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { parseInventory } from '../../src/config/inventory.ts';
import { type Client, connectElasticsearch } from '../../src/elastic/client.ts';
import { aliasOf } from '../../src/elastic/index-names.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import type { IngestOrigin } from '../../src/model/installation.ts';
import { deadLetters } from '../../src/queue/dead-letters.ts';
import { queueDepth } from '../../src/queue/depth.ts';
import { readOrigins } from '../../src/queue/origins.ts';
import { countPending } from '../../src/queue/pending.ts';
import { openStore } from '../../src/queue/store.ts';
import { createRandom } from '../laws/generator.ts';
import { ownPrefix, START_MS, settingsFor, startElasticsearch } from '../parts/elasticsearch.ts';
import { startOwn } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { canonicalDocuments } from '../shard/folding.ts';
import { drained, type FedLog, type FleetSetting, linesOf, QUICK, standing, startFleet, startWorker } from './fleet.ts';
import { lawOffices, type Office } from './offices.ts';

/** Parts that each log is written in, with a rotation between two. */
const PARTS = 6;
/** Times at which something dies: workers, at two of them Redis, at one Elasticsearch, which comes back at another one. */
const ROUNDS = { least: 12, redis: [2, 8], elasticGone: 4, elasticBack: 7 };

it('loses no line and no alert whatever is killed (seed 1)', { timeout: 900_000 + START_MS }, async () => {
  const random = createRandom(1);
  const offices = await lawOffices(3);
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-fleet-'));
  const redis = await startOwn({ aof: true });
  const elastic = await startElasticsearch({ version: '9.2.4' });
  const elasticsearch = settingsFor(elastic.url, ownPrefix('fleet'));
  const client = connectElasticsearch(elasticsearch);
  await setupElasticsearch(elasticsearch, [...offices.keys()], { now: Date.UTC(2026, 9, 1), say: () => undefined });
  const setting: FleetSetting = {
    redis: redis.settings(),
    tenants: Object.fromEntries([...offices].map(([id, { inventory }]) => [id, inventory])),
    times: QUICK,
    elasticsearch,
    origins: [...offices].map(([id, office]) => originOf(folder, id, office)),
  };
  const store = openStore(setting.redis, () => undefined);
  const fleet = startFleet(['ingest', 'analyze', 'analyze', 'decide', 'decide', 'index'], setting);
  try {
    let isWritten = false;
    const writing = (async () => {
      for (let part = 0; part < PARTS; part++) {
        for (const [id, { logs }] of offices) for (const log of logs) rotate(join(folder, id), log, part);
        await wait(1500 + random() * 1500);
      }
      isWritten = true;
    })();
    const killing = (async () => {
      for (let round = 0; round < ROUNDS.least || !isWritten; round++) {
        await wait(500 + random() * 1500);
        fleet.kill(random());
        if (ROUNDS.redis.includes(round)) await redis.restart();
        if (round === ROUNDS.elasticGone) await elastic.kill();
        if (round === ROUNDS.elasticBack) await elastic.start();
      }
    })();
    await Promise.all([writing, killing]);
    expect(fleet.deaths).toBeGreaterThan(6);

    const readOf = async (id: string) => (await readOrigins(store, id)).reduce((sum, { offset }) => sum + offset, 0);
    for (const [id, office] of offices)
      await until(`everything of ${id} is read`, async () => (await readOf(id)) === bytesOf(office));
    // nothing follows the logs any more: what they hold is all
    await fleet.retire('ingest');
    expect(await startWorker('ingest-once', setting).ended).toBe(0);
    await drained(store, setting, 300_000);
    for (const id of offices.keys())
      await until(`nothing of ${id} waits`, async () => (await countPending(store, id)) === 0);
  } finally {
    await fleet.stop();
  }

  for (const [id, office] of offices) {
    const { stats, queuedBytes, flyingChunks, waitingChunks } = await queueDepth(store, id);
    const lines = office.logs.reduce((sum, { bytes }) => sum + linesOf(bytes), 0);
    expect(stats['lines'], id).toBe(lines);
    expect(stats['events']! + stats['skipped']! + stats['refused']!, id).toBe(lines);
    expect({ queuedBytes, flyingChunks, waitingChunks }, id).toEqual({
      queuedBytes: 0,
      flyingChunks: 0,
      waitingChunks: 0,
    });
    expect(await deadLetters(store, id), id).toEqual([]);
    const told = await documentsIn(client, aliasOf(elasticsearch.prefix, 'alerts', id));
    expect(canonicalDocuments(standing(told.map((document) => JSON.stringify(document)))), id).toEqual(office.expected);
    const days = await documentsIn(client, aliasOf(elasticsearch.prefix, 'summaries', id));
    expect(sumOf(days, 'lines'), id).toBe(lines);
    expect(sumOf(days, 'alerts'), id).toBe(office.expected.length);
  }
  await client.close();
  await store.close();
  await elastic.stop();
  await redis.stop();
  rmSync(folder, { recursive: true });
});

/** An office's logs, which are followed through their rotation. */
function originOf(folder: string, id: string, { inventory, logs }: Office): IngestOrigin {
  mkdirSync(join(folder, id));
  const timezone = parseInventory(inventory, 'inventory.yaml').organization.timezone ?? 'UTC';
  return {
    kind: 'files',
    name: id,
    paths: logs.map((log) => join(folder, id, `${nameOf(log)}*`)),
    reading: { organization: id, format: 'auto', timezone, asset: 0, year: 2026 },
  };
}

/** Writes one of the parts of a log as the log, after what stood there was rotated. */
function rotate(folder: string, log: FedLog, part: number): void {
  const path = join(folder, nameOf(log));
  for (let old = part - 1; old > 0; old--) renameSync(`${path}.${old}`, `${path}.${old + 1}`);
  if (part > 0) renameSync(path, `${path}.1`);
  const from = part === 0 ? 0 : lineEnd(log.bytes, part / PARTS);
  writeFileSync(`${folder}.new`, log.bytes.subarray(from, lineEnd(log.bytes, (part + 1) / PARTS)));
  renameSync(`${folder}.new`, path);
}

/** Offset behind the line at a share of bytes. */
function lineEnd(bytes: Uint8Array, share: number): number {
  const lineFeed = bytes.indexOf(10, Math.floor(bytes.length * share));
  return lineFeed < 0 ? bytes.length : lineFeed + 1;
}

const nameOf = (log: FedLog) => basename(log.name);
const bytesOf = ({ logs }: Office) => logs.reduce((sum, { bytes }) => sum + bytes.length, 0);

type Document = { event: { ingested?: string }; pollwatch: { summary?: Record<string, unknown> } };

/** All documents behind an alias, without the time at which they were written. */
async function documentsIn(client: Client, index: string): Promise<Document[]> {
  await client.indices.refresh({ index });
  const { hits } = await client.search<Document>({ index, size: 10_000 });
  return hits.hits.map(({ _source: document }) => {
    delete document!.event.ingested;
    return document!;
  });
}

/** Sum of a number over the summaries of whole days. */
function sumOf(days: readonly Document[], name: string): number {
  const totals = days.map(({ pollwatch }) => pollwatch.summary).filter((summary) => summary?.['kind'] === 'total');
  return totals.reduce((sum, summary) => sum + Number(summary![name]), 0);
}
