/**
 * The list of Filebeat's and Logstash's Redis output: raw lines where the documents carry them, whole documents where they
 * do not, and none lost or repeated by kills.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { IngestOrigin } from '../../src/model/installation.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { accessLine, accessLines, type Office, openOffice, READING } from './office.ts';

let server: RedisServer;
let office: Office;
let list: string;
let origin: IngestOrigin;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  office = openOffice(server.settings());
  list = `${office.redis.prefix}-filebeat`;
  origin = { kind: 'redis-list', name: 'beats', redis: office.redis, list, reading: READING };
});
afterEach(() => office.close());

const shipped = (n: number) =>
  JSON.stringify({ '@timestamp': '2026-09-14T08:00:00.000Z', message: accessLine(n), host: { name: 'web01' } });
const left = async () => (await office.store.redis.keys(`*${list}*`)).length;

it('gives the raw line of a document, else the document, else the text itself, each in its format', async () => {
  const event = { '@timestamp': '2026-09-14T08:01:00Z', source: { ip: '203.0.113.9' }, url: { original: '/é' } };
  await office.store.redis.rpush(
    list,
    shipped(0),
    JSON.stringify({ ...event, event: { original: accessLine(1) }, message: 'something else' }),
    JSON.stringify({ ...event, 'event.original': accessLine(2) }),
    JSON.stringify(event),
    JSON.stringify({ message: 'no log that is known' }),
    accessLine(3),
    '"{',
    JSON.stringify({ message: `${accessLine(4)}\n` }),
  );
  await office.readOnce([origin]);
  const origins = await office.ingested();
  const of = (format: string) => origins.find(({ name }) => name === `beats ${format}`)!;
  expect(of('combined').lines).toEqual([...accessLines(0, 4), '"{', accessLine(4)]);
  expect(of('ecs').lines.map((line) => Buffer.from(line, 'latin1').toString('utf8'))).toEqual([
    JSON.stringify(event),
    JSON.stringify({ message: 'no log that is known' }),
  ]);
  expect(origins.map(({ closed }) => closed)).toEqual([true, true]);
  expect(await left()).toBe(0);
});

it('a document of a hundred thousand levels holds nothing up: a line that says so stands in for it', async () => {
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  await office.store.redis.rpush(list, shipped(0), deep, shipped(1));
  await office.readOnce([origin]);
  const origins = await office.ingested();
  const of = (format: string) => origins.find(({ name }) => name === `beats ${format}`)?.lines;
  expect(of('combined')).toEqual(accessLines(0, 2));
  expect(of('ecs')).toEqual(['(a document of too many levels stood here; it was not kept)']);
  expect(await left()).toBe(0);
});

it('is followed as documents come, also more than a batch, in their order', async () => {
  const run = office.start([origin]);
  await office.store.redis.rpush(list, ...Array.from({ length: 5000 }, (_, n) => shipped(n)));
  await until('the first', async () => (await office.lines()).length === 5000);
  await office.store.redis.rpush(list, shipped(5000));
  await until('the next', async () => (await office.lines()).length === 5001);
  await run.stop();
  expect(await office.lines()).toEqual(accessLines(0, 5001));
  expect(await left()).toBe(0);
});

it('loses nothing and repeats nothing when its reader is killed again and again', async () => {
  const launch = (): ChildProcess =>
    spawn(
      process.execPath,
      [join(import.meta.dirname, 'ingest-process.ts'), JSON.stringify({ redis: office.redis, origins: [origin] })],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  // lines of two formats, so that a batch may stand in one origin and not yet in the other
  const document = (n: number) =>
    n % 3 === 0 ? JSON.stringify({ '@timestamp': '2026-09-14T08:00:00Z', n }) : shipped(n);
  let child = launch();
  let pushed = 0;
  try {
    for (let round = 0; round < 12; round++) {
      const documents = Array.from({ length: 700 + 97 * round }, () => document(pushed++));
      await office.store.redis.rpush(list, ...documents);
      // no time to wait for anything: the kill comes at any point of the work
      await wait(200 + ((round * 137) % 600));
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      child = launch();
    }
    await until('all lines', async () => (await office.lines()).length >= pushed);
    await until('the lists to be gone', async () => (await left()) === 0);
    const lines = await office.lines();
    expect(lines.length).toBe(pushed);
    expect(new Set(lines).size).toBe(pushed);
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});
