/** Standard input into the queue: through a real pipe, packed or plain, as it comes and to its end. */

import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { IngestOrigin } from '../../src/model/installation.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { accessLine, accessLines, type Office, openOffice, READING, text } from './office.ts';

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

const origin: IngestOrigin = { kind: 'stdin', name: 'pipe', reading: READING };

it.each([
  ['plain', (bytes: Buffer) => bytes],
  ['gzip', (bytes: Buffer) => gzipSync(bytes)],
])('%s lines are read to the end, and the origin is closed', async (_, packed) => {
  const bytes = packed(Buffer.from(`${text(accessLines(0, 20_000))}${accessLine(20_000)}`));
  const parts = Array.from({ length: Math.ceil(bytes.length / 5000) }, (_, i) =>
    bytes.subarray(i * 5000, (i + 1) * 5000),
  );
  const run = office.start([origin], { stdin: Readable.from(parts) });
  await until('the end', async () => (await office.ingested())[0]?.closed === true);
  await run.stop();
  const [ingested] = await office.ingested();
  expect(ingested).toMatchObject({ name: 'pipe', format: 'combined' });
  expect(ingested!.lines).toEqual(accessLines(0, 20_001));
  expect(ingested!.seq).toBe(2);
});

it('lines that have come are committed while more are waited for', async () => {
  let end = false;
  async function* slow(): AsyncGenerator<string> {
    yield text(accessLines(0, 3));
    while (!end) await wait(10);
    yield text(accessLines(3, 4));
  }
  const run = office.start([origin], { stdin: slow() });
  await until('the first lines', async () => (await office.lines()).length === 3);
  end = true;
  await until('the last line', async () => (await office.lines()).length === 4);
  await run.stop();
  expect(await office.lines()).toEqual(accessLines(0, 4));
});
