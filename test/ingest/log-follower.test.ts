/**
 * Logs that are followed through every kind of rotation: afterwards every line stands in Redis, once, in its order.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIngestCounts } from '../../src/ingest/ingest-counts.ts';
import type { Notice } from '../../src/ingest/notices.ts';
import { openLogs } from '../../src/run/open-logs.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { until } from '../parts/until.ts';
import { accessLine, accessLines, type Office, openOffice, READING, type Running, text } from './office.ts';

/** uid and gid of nobody */
const NOBODY = 65534;

let server: RedisServer;
let office: Office;
let running: Running | null = null;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => {
  office = openOffice(server.settings());
});
afterEach(async () => {
  await running?.stop();
  running = null;
  await office.close();
});

const append = (name: string, lines: readonly string[]) => appendFileSync(office.path(name), text(lines));
const start = (...names: string[]) => {
  running = office.start([office.files(...names)]);
  return running;
};
const stop = async () => {
  await running?.stop();
  running = null;
};
/** Waits until so many lines are in Redis. */
const arrived = (count: number) => until(`${count} lines in Redis`, async () => (await office.lines()).length >= count);

describe('files read once', () => {
  it('are one origin with their rotated files, oldest first, and are closed at their end', async () => {
    writeFileSync(office.path('access.log.2.gz'), gzipSync(text(accessLines(0, 1000))));
    writeFileSync(office.path('access.log.1'), text(accessLines(1000, 2000)));
    writeFileSync(office.path('access.log'), text(accessLines(2000, 2500)));
    utimesSync(office.path('access.log.2.gz'), 1000, 1000);
    utimesSync(office.path('access.log.1'), 2000, 2000);
    await office.readOnce([office.files('access.log*')]);
    const [origin, ...others] = await office.ingested();
    expect(others).toEqual([]);
    expect(origin).toMatchObject({ name: `web ${office.path('access.log')}`, format: 'combined', closed: true });
    expect(origin!.lines).toEqual(accessLines(0, 2500));
    expect(origin!.offset).toBe(text(accessLines(0, 2500)).length);
  });

  it('are not read again by a second run, and what was added is', async () => {
    writeFileSync(office.path('access.log'), text(accessLines(0, 10)));
    await office.readOnce([office.files('*.log')]);
    append('access.log', accessLines(10, 15));
    await office.readOnce([office.files('*.log')]);
    await office.readOnce([office.files('*.log')]);
    expect(await office.lines()).toEqual(accessLines(0, 15));
  });

  it('come in chunks of whole lines of at most 1 MiB that are nearly full', async () => {
    writeFileSync(office.path('access.log'), text(accessLines(0, 40_000)));
    await office.readOnce([office.files('access.log')]);
    const [origin] = await office.ingested();
    const sizes = origin!.loaded.map(({ bytes }) => bytes.length);
    expect(origin!.lines).toEqual(accessLines(0, 40_000));
    expect(sizes.length).toBe(Math.ceil(text(accessLines(0, 40_000)).length / (1024 * 1024 - 200)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(1024 * 1024 - 200);
  });

  it('keep a last line without an end, and lines that end in CR LF', async () => {
    writeFileSync(office.path('access.log'), `${accessLine(0)}\r\n\n${accessLine(1)}`);
    await office.readOnce([office.files('access.log')]);
    expect(await office.lines()).toEqual([`${accessLine(0)}\r`, '', accessLine(1)]);
    appendFileSync(office.path('access.log'), `\n${accessLine(2)}\n`);
    await office.readOnce([office.files('access.log')]);
    expect(await office.lines()).toEqual([`${accessLine(0)}\r`, '', accessLine(1), accessLine(2)]);
  });

  it('count a line of more than 256 KiB, and a line stands in its stead', async () => {
    const long = 'A'.repeat(300_000);
    writeFileSync(office.path('access.log'), `${long}\n${accessLine(0)}\n${long}\n${accessLine(1)}\n${long}`);
    const counts = createIngestCounts();
    await office.readOnce([office.files('access.log')], { counts });
    const lines = await office.lines();
    expect(lines.filter((line) => line.startsWith('203.'))).toEqual(accessLines(0, 2));
    expect(lines.map((line) => line.startsWith('(a line of more than 256 KiB'))).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200);
    expect(counts.all().map(({ overlong }) => overlong)).toEqual([3]);
  });

  it('of several formats are read each in its own, with the year of its own file', async () => {
    const packet =
      'Sep 14 08:01:17 gw01 kernel: [fw DROP] IN=eth0 OUT= SRC=203.0.113.9 DST=198.51.100.1 PROTO=TCP SPT=1 DPT=2';
    writeFileSync(office.path('kern.log'), text([packet]));
    utimesSync(office.path('kern.log'), new Date('2024-10-01'), new Date('2024-10-01'));
    writeFileSync(office.path('access.log'), text(accessLines(0, 2)));
    await office.readOnce([office.files('*.log')]);
    const origins = await office.ingested();
    expect(origins.map(({ name, format }) => [name.split('/').at(-1), format])).toEqual(
      expect.arrayContaining([
        ['access.log', 'combined'],
        ['kern.log', 'netfilter'],
      ]),
    );
    const kern = origins.find(({ format }) => format === 'netfilter')!;
    expect(new Date(kern.loaded[0]!.context.referenceMs).toISOString()).toBe('2024-09-15T08:01:17.000Z');
    expect(kern.loaded[0]!.context.origin).toBe(kern.number);
  });

  it('have the year that somebody gave, as analyze reads them with it, whatever their own times say', async () => {
    const packet = (day: string) =>
      `${day} 08:01:17 gw01 kernel: [fw DROP] IN=eth0 OUT= SRC=203.0.113.9 DST=198.51.100.1 PROTO=TCP SPT=1 DPT=2`;
    writeFileSync(office.path('kern.log'), text([packet('Dec 30'), packet('Jan  2')]));
    const origin = office.files('kern.log');
    await office.readOnce([{ ...origin, reading: { ...READING, year: 2019 } }]);
    const { logs } = await openLogs([office.path('kern.log')], { format: 'auto', year: 2019 });
    const [kern] = await office.ingested();
    expect(kern!.loaded[0]!.context.referenceMs).toBe(logs[0]!.context.referenceMs);
    expect(new Date(kern!.loaded[0]!.context.referenceMs).toISOString()).toBe('2019-01-03T08:01:17.000Z');
  });

  it('are read in the format, the zone and the year in which analyze reads them', async () => {
    const fixtures = join(import.meta.dirname, '../formats');
    const named = [
      ['netfilter/iptables-kern.log', 'kern.log', '2026-10-02'],
      ['netfilter/ufw-kern.log', 'ufw.log', '2025-02-03'],
      ['netfilter/iptables-journald.log', 'journal.log', '2026-10-02'],
      ['combined/nginx-combined.log', 'access.log', '2026-10-02'],
      ['ecs/firewall.log', 'ecs.log', '2026-10-02'],
    ] as const;
    for (const [fixture, name, day] of named) {
      const bytes = readFileSync(join(fixtures, fixture));
      writeFileSync(office.path(name), bytes);
      writeFileSync(office.path(`packed-${name}.gz`), gzipSync(bytes));
      for (const file of [name, `packed-${name}.gz`]) utimesSync(office.path(file), new Date(day), new Date(day));
    }
    await office.readOnce([office.files('*.log', '*.gz')]);
    const paths = named.flatMap(([, name]) => [office.path(name), office.path(`packed-${name}.gz`)]);
    const { logs } = await openLogs(paths, { format: 'auto' });
    const origins = await office.ingested();
    expect(logs.length).toBe(10);
    for (const { origin, format, context } of logs) {
      const stem = origin.name.replace(/\.gz$/, '');
      const { format: read, context: how } = origins.find(({ name }) => name === `web ${stem}`)!.loaded[0]!;
      expect([stem, read, how.timezone]).toEqual([stem, format.name, context.timezone]);
      // of formats with a year it is the time of receipt and means nothing
      if (format.yearless) expect([stem, how.referenceMs]).toEqual([stem, context.referenceMs]);
    }
  });

  it('that are packed as xz, or are no text at all, are told and left alone', async () => {
    writeFileSync(office.path('access.log.3'), Buffer.from('fd377a585a000004e6d6b44600000000', 'hex'));
    writeFileSync(office.path('access.log.2'), Buffer.alloc(5000));
    writeFileSync(office.path('access.log.1'), text(accessLines(0, 5)));
    for (const n of [1, 2, 3]) utimesSync(office.path(`access.log.${n}`), n, n);
    const notices: string[] = [];
    const tell = (notice: { code: string; origin: string }) =>
      notices.push(`${notice.origin.slice(office.folder.length + 1)} ${notice.code}`);
    await office.readOnce([office.files('access.log*')], { tell });
    expect(notices.sort()).toEqual(['access.log.2 PW-FORMAT-UNKNOWN', 'access.log.3 PW-ORIGIN-COMPRESSION']);
    expect(await office.lines()).toEqual(accessLines(0, 5));
  });

  it('that fit no format are told and left, and are read when the format is said', async () => {
    writeFileSync(office.path('app.log'), 'key=value\nother=thing\n');
    const notices: string[] = [];
    await office.readOnce([office.files('app.log')], { tell: (notice) => notices.push(notice.code) });
    expect(notices).toEqual(['PW-FORMAT-UNKNOWN']);
    expect(await office.lines()).toEqual([]);
    const origin = office.files('app.log');
    await office.readOnce([{ ...origin, reading: { ...origin.reading, format: 'combined' } }]);
    expect(await office.lines()).toEqual(['key=value', 'other=thing']);
  });

  it('that are damaged give the lines before the damage, and are told', async () => {
    const packed = gzipSync(Buffer.from(text(accessLines(0, 5000))));
    writeFileSync(office.path('access.log.1.gz'), packed.subarray(0, packed.length - 2000));
    const notices: string[] = [];
    await office.readOnce([office.files('access.log*')], { tell: (notice) => notices.push(notice.code) });
    const lines = await office.lines();
    expect(notices).toEqual(['PW-INGEST-DAMAGED']);
    expect(lines.length).toBeGreaterThan(3000);
    expect(lines.slice(0, -1)).toEqual(accessLines(0, lines.length - 1));
  });
});

describe('a log that is followed', () => {
  it('gives lines within seconds as they are written, and a half line when it is whole', async () => {
    append('access.log', accessLines(0, 3));
    start('access.log');
    await arrived(3);
    appendFileSync(office.path('access.log'), accessLine(3).slice(0, 30));
    append('other.log', []);
    appendFileSync(office.path('access.log'), `${accessLine(3).slice(30)}\n${accessLine(4)}`);
    await arrived(4);
    expect(await office.lines()).toEqual(accessLines(0, 4));
    appendFileSync(office.path('access.log'), '\n');
    await arrived(5);
    expect(await office.lines()).toEqual(accessLines(0, 5));
  });

  it('that is renamed is read to its end, also what its server still writes, then the new one', async () => {
    append('access.log', accessLines(0, 100));
    start('access.log');
    await arrived(100);
    append('access.log', accessLines(100, 110));
    renameSync(office.path('access.log'), office.path('access.log.1'));
    append('access.log.1', accessLines(110, 120));
    append('access.log', accessLines(120, 130));
    await arrived(130);
    append('access.log.1', accessLines(130, 131));
    await arrived(131);
    appendFileSync(office.path('access.log.1'), accessLine(131));
    await arrived(132);
    append('access.log', accessLines(132, 135));
    await arrived(135);
    const [origin, ...others] = await office.ingested();
    expect(others).toEqual([]);
    expect([...origin!.lines].sort()).toEqual(accessLines(0, 135).sort());
  });

  it('that is copied and truncated is read to the end of the copy and from the start of the log', async () => {
    append('access.log', accessLines(0, 5000));
    start('access.log');
    await arrived(5000);
    await stop();
    append('access.log', accessLines(5000, 5100));
    copyFileSync(office.path('access.log'), office.path('access.log.1'));
    truncateSync(office.path('access.log'));
    append('access.log', accessLines(5100, 5110));
    start('access.log');
    await arrived(5110);
    expect(await office.lines()).toEqual(accessLines(0, 5110));
  });

  it('that is truncated while it is open, and has grown beyond its old size since, is noticed', async () => {
    append('access.log', accessLines(0, 10));
    start('access.log');
    await arrived(10);
    copyFileSync(office.path('access.log'), office.path('access.log.1'));
    truncateSync(office.path('access.log'));
    append('access.log', accessLines(10, 200));
    await arrived(200);
    append('access.log', accessLines(200, 201));
    await arrived(201);
    expect(await office.lines()).toEqual(accessLines(0, 201));
  });

  it('that was compressed while nobody looked is found by its content and read on from its place', async () => {
    append('access.log', accessLines(0, 3000));
    start('access.log');
    await arrived(3000);
    await stop();
    append('access.log', accessLines(3000, 3500));
    renameSync(office.path('access.log'), office.path('access.log.1'));
    expect(spawnSync('gzip', [office.path('access.log.1')]).status).toBe(0);
    append('access.log', accessLines(3500, 3600));
    start('access.log');
    await arrived(3600);
    expect(await office.lines()).toEqual(accessLines(0, 3600));
  });

  it('that was rotated three times while nobody looked loses nothing, and older files are left alone', async () => {
    writeFileSync(office.path('access.log.1'), text(accessLines(90_000, 90_010)));
    utimesSync(office.path('access.log.1'), 1000, 1000);
    append('access.log', accessLines(0, 300));
    start('access.log');
    await arrived(300);
    await stop();
    append('access.log', accessLines(300, 400));
    const later = Date.now() / 1000;
    const rotated = (name: string, bytes: string | Uint8Array, seconds: number) => {
      writeFileSync(office.path(name), bytes);
      utimesSync(office.path(name), later + seconds, later + seconds);
    };
    rotated('access.log.4', text(accessLines(90_000, 90_010)), -5000);
    rotated('access.log.3.zst', zstdCompressSync(text(accessLines(0, 400))), 10);
    rotated('access.log.2.gz', gzipSync(text(accessLines(400, 500))), 20);
    rotated('access.log.1', text(accessLines(500, 600)), 30);
    rmSync(office.path('access.log'));
    writeFileSync(office.path('access.log'), text(accessLines(600, 700)));
    start('access.log');
    await arrived(700);
    expect(await office.lines()).toEqual(accessLines(0, 700));
  });

  it('that is deleted is read to its end, and the next one of its name from its start', async () => {
    append('access.log', accessLines(0, 20));
    start('access.log');
    await arrived(20);
    append('access.log', accessLines(20, 25));
    rmSync(office.path('access.log'));
    await arrived(25);
    append('access.log', accessLines(25, 30));
    await arrived(30);
    expect(await office.lines()).toEqual(accessLines(0, 30));
  });

  it('that is replaced by a longer copy of itself, as rsync does, is read on', async () => {
    append('access.log', accessLines(0, 50));
    start('access.log');
    await arrived(50);
    writeFileSync(office.path('.access.log.tmp'), text(accessLines(0, 80)));
    renameSync(office.path('.access.log.tmp'), office.path('access.log'));
    await arrived(80);
    append('access.log', accessLines(80, 81));
    await arrived(81);
    expect(await office.lines()).toEqual(accessLines(0, 81));
  });

  it('appears later, and others of its pattern too, each as an origin of its own', async () => {
    const run = start('*.log');
    await until('the notice', () => run.notices.some(({ code }) => code === 'PW-INGEST-NO-FILE'));
    append('a.log', accessLines(0, 5));
    await arrived(5);
    append('b.log', accessLines(5, 9));
    await arrived(9);
    const origins = await office.ingested();
    expect(origins.map(({ name, lines }) => [name.split('/').at(-1), lines.length])).toEqual([
      ['a.log', 5],
      ['b.log', 4],
    ]);
    expect(run.notices.filter(({ code }) => code === 'PW-INGEST-NO-FILE').map(({ isOver }) => isOver)).toEqual([
      false,
      true,
    ]);
  });

  it('that may not be read, at the start or from now on, is told and read when it may', async () => {
    // root may read everything: the reader is a process of nobody
    chmodSync(office.folder, 0o755);
    append('access.log', accessLines(0, 5));
    chmodSync(office.path('access.log'), 0);
    const user = process.getuid?.() === 0 ? { uid: NOBODY } : {};
    const setting = JSON.stringify({ redis: office.redis, origins: [office.files('access.log')], ...user });
    const child = spawn(process.execPath, [join(import.meta.dirname, 'ingest-process.ts'), setting], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    const told = () =>
      said
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Notice)
        .filter(({ code }) => code === 'PW-INGEST-UNREADABLE')
        .map(({ isOver }) => isOver);
    try {
      await until('the notice', () => told().length === 1);
      chmodSync(office.path('access.log'), 0o644);
      await arrived(5);
      chmodSync(office.path('access.log'), 0);
      append('access.log', accessLines(5, 8));
      await until('the second notice', () => told().length === 3);
      chmodSync(office.path('access.log'), 0o644);
      await arrived(8);
      await until('the end of it', () => told().length === 4);
      expect(await office.lines()).toEqual(accessLines(0, 8));
      expect(told()).toEqual([false, true, false, true]);
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  });

  it('waits while the queue is full, says so once, and loses nothing', async () => {
    append('access.log', accessLines(0, 30_000));
    running = office.start([office.files('access.log')], {}, 30_000);
    const run = running;
    await until('the notice', () => run.notices.some(({ code }) => code === 'PW-INGEST-FULL'));
    expect((await office.lines()).length).toBeLessThan(30_000);
    expect(run.counts.all()[0]!.waitingSinceMs).toBeGreaterThan(0);
    await stop();
    expect(run.notices.filter(({ code }) => code === 'PW-INGEST-FULL').length).toBe(1);
    running = office.start([office.files('access.log')]);
    await arrived(30_000);
    expect(await office.lines()).toEqual(accessLines(0, 30_000));
  });

  it('that two processes read by mistake is told, and every line counts once', async () => {
    append('access.log', accessLines(0, 100));
    const one = office.start([office.files('access.log')]);
    const other = office.start([office.files('access.log')]);
    try {
      for (let n = 100; n < 800; n += 100) {
        append('access.log', accessLines(n, n + 100));
        await arrived(n + 100);
      }
      expect(await office.lines()).toEqual(accessLines(0, 800));
      expect([...one.notices, ...other.notices].map(({ code }) => code)).toContain('PW-INGEST-MOVED');
    } finally {
      await one.stop();
      await other.stop();
    }
  });
});
