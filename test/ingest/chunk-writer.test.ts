/**
 * Chunks at their bounds: cut at line ends, full to the last byte, and every line in one of them; origins that are begun
 * while Redis is away, and where there are too many.
 */

import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHUNK_BYTES, openChunkWriter, REDIS_AWAY } from '../../src/ingest/chunk-writer.ts';
import { createIngestCounts } from '../../src/ingest/ingest-counts.ts';
import { createNotices, type Notice } from '../../src/ingest/notices.ts';
import { organizationKeys } from '../../src/queue/keys.ts';
import { ORIGINS_MAX } from '../../src/queue/origins.ts';
import { createSeal } from '../../src/queue/seal.ts';
import { type RedisServer, startOwn, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { accessLines, type Office, openOffice, text } from './office.ts';

let server: RedisServer;
let office: Office;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  office = openOffice(server.settings());
});
afterEach(() => office.close());

/** A log line of exactly so many bytes, with its line end. */
function lineOf(bytes: number, number: number): string {
  const head = `192.0.2.7 - - [14/Sep/2026:10:00:00 +0000] "GET /page-${number} HTTP/1.1" 200 5 "-" "`;
  return `${head}${'x'.repeat(bytes - head.length - 2)}"\n`;
}

describe('chunks', () => {
  for (const [what, length] of [
    ['fill a chunk to its last byte', 256],
    ['leave a byte free in each chunk', 257],
    ['are as long as the read that they came with', 65_536],
  ] as const) {
    it(`of lines that ${what} hold every line once`, async () => {
      const lines = Array.from({ length: Math.ceil((2.5 * CHUNK_BYTES) / length) }, (_, i) => lineOf(length, i));
      writeFileSync(office.path('access.log'), lines.join(''));
      await office.readOnce([office.files('access.log')]);
      const [origin] = await office.ingested();
      expect(origin!.lines.map((line) => `${line}\n`)).toEqual(lines);
      const sizes = origin!.loaded.map(({ bytes }) => bytes.length);
      expect(sizes).toHaveLength(3);
      expect(Math.max(...sizes)).toBe(Math.floor(CHUNK_BYTES / length) * length);
    });
  }
});

it('a log that begins while Redis is away waits for it, and says so', async () => {
  const own = await startOwn({ aof: true });
  const away = openOffice(own.settings());
  try {
    const tenant = away.installation([]).tenants.get('adams')!;
    const told: Notice[] = [];
    const notices = createNotices('adams', (notice) => told.push(notice));
    const { signal } = new AbortController();
    const setting = {
      store: away.store,
      tenant,
      seal: createSeal(tenant.secret),
      queuedBytesMax: 1e6,
      notices,
      signal,
    };
    await away.store.redis.ping();
    await own.killHard();
    const writer = openChunkWriter(setting, 'log', 0, createIngestCounts().of('adams', 'log'));
    // an early end would show below, as a rejection
    writer.catch(() => undefined);
    await until('the notice', () => told.some(({ code }) => code === REDIS_AWAY));
    await own.restart();
    expect((await writer).head.number).toBe(1);
    expect(told.map(({ isOver }) => isOver)).toEqual([false, true]);
  } finally {
    await away.close();
    await own.stop();
  }
});

it('a log for which there is no number left is told; the others are read', async () => {
  writeFileSync(office.path('b.log'), text(accessLines(0, 3)));
  await office.readOnce([office.files('b.log')]);
  const { origins } = organizationKeys(office.store.prefix, 'adams');
  const others = Array.from({ length: ORIGINS_MAX - 1 }, (_, i) => [`other ${i}`, i + 2] as const);
  await office.store.redis.hset(origins, Object.fromEntries(others));
  writeFileSync(office.path('a.log'), text(accessLines(0, 3)));
  writeFileSync(office.path('b.log'), text(accessLines(3, 5)), { flag: 'a' });
  const told: Notice[] = [];
  await office.readOnce([office.files('a.log', 'b.log')], { tell: (notice) => told.push(notice) });
  expect(told.map(({ code, origin }) => [code, origin])).toEqual([['PW-QUEUE-ORIGINS', office.path('a.log')]]);
  expect(await office.lines()).toEqual(accessLines(0, 5));
});
