/**
 * A real ingest process is killed with SIGKILL again and again, and Redis too, while a log grows and is rotated in every
 * way: afterwards every line stands in Redis exactly once.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RedisServer, startOwn } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { accessLines, type Office, openOffice, text } from './office.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startOwn({ aof: true });
});
afterAll(() => server.stop());

/** Numbers in [0, 1) that depend on the seed alone. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function launch(office: Office): ChildProcess {
  const setting = JSON.stringify({ redis: office.redis, origins: [office.files('access.log')] });
  return spawn(process.execPath, [join(import.meta.dirname, 'ingest-process.ts'), setting], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** Moves access.log.1 to .2 and so on, in one of the ways of logrotate. */
function rotate(office: Office, how: number): void {
  const path = (n: number, end = '') => office.path(n === 0 ? 'access.log' : `access.log.${n}${end}`);
  // more than a run has rotations: none is deleted
  for (let n = 60; n >= 1; n--) {
    for (const end of ['', '.gz']) if (existsSync(path(n, end))) renameSync(path(n, end), path(n + 1, end));
  }
  if (how < 0.6) renameSync(path(0), path(1));
  else {
    copyFileSync(path(0), path(1));
    truncateSync(path(0));
  }
  if (existsSync(path(2)) && how % 0.2 < 0.1) spawnSync('gzip', [path(2)]);
}

it.each([1, 2, 3])('no line is lost and none is there twice after many kills (seed %i)', async (seed) => {
  const office = openOffice(server.settings());
  const random = chance(seed);
  let child = launch(office);
  let written = 0;
  let kills = 0;
  let rotations = 0;
  const append = (count: number) => {
    appendFileSync(office.path('access.log'), text(accessLines(written, written + count)));
    written += count;
  };
  try {
    // what was rotated away before the first look was never asked for
    append(1000);
    await until('the first lines', async () => (await office.lines()).length > 0);
    for (let round = 0; round < 40; round++) {
      append(Math.floor(random() * 4000));
      if (random() < 0.25) {
        rotate(office, random());
        rotations++;
      }
      // a moment that is no time to wait for anything: the kill comes at any point of the work
      await wait(random() * 250);
      if (random() < 0.3) {
        await kill(child, 'SIGKILL');
        kills++;
        if (random() < 0.3) await server.restart();
        child = launch(office);
      }
    }
    await until('all lines', async () => (await office.lines()).length >= written);
    await kill(child, 'SIGTERM');
    expect(child.exitCode).toBe(0);
    const lines = await office.lines();
    expect([kills > 4, rotations > 4]).toEqual([true, true]);
    expect(lines.length).toBe(written);
    expect(new Set(lines).size).toBe(written);
    expect([...lines].sort()).toEqual(accessLines(0, written).sort());
  } finally {
    await kill(child, 'SIGKILL');
    await office.close();
  }
});
