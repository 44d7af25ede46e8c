/** Chunks at their bounds: cut at line ends, full to the last byte, and every line in one of them. */
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHUNK_BYTES } from '../../src/ingest/chunk-writer.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { type Office, openOffice } from './office.ts';

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
