/** What the user names becomes origins; what cannot be read is said and stops nothing. Real files, pipes, gz and zst. */
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOrigins } from '../../src/origins/open-origins.ts';
import { readAll } from './reading.ts';

const folder = mkdtempSync(join(tmpdir(), 'pollwatch-origins-'));
const at = (name: string) => join(folder, name);
const LINES = Array.from({ length: 20_000 }, (_, i) => `192.0.2.${i % 250} - - line ${i} ${(i * 7919) % 1000003}`);
const TEXT = `${LINES.join('\n')}\n`;

async function one(path: string) {
  const { origins, unread } = await openOrigins([path]);
  expect(unread).toEqual([]);
  expect(origins).toHaveLength(1);
  return origins[0]!;
}

const texts = async (path: string) => (await readAll((await one(path)).open())).map((l) => l.text);

beforeAll(() => writeFileSync(at('plain.log'), TEXT));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('files', () => {
  it('reads plain, gzip and zstd files to the same lines, whatever their names', async () => {
    writeFileSync(at('packed.log'), gzipSync(TEXT));
    writeFileSync(at('packed.txt'), zstdCompressSync(TEXT));
    writeFileSync(at('plain.gz'), TEXT);
    for (const name of ['plain.log', 'packed.log', 'packed.txt', 'plain.gz'])
      expect(await texts(at(name))).toEqual(LINES);
    expect((await one(at('packed.log'))).compression).toBe('gzip');
    expect((await one(at('packed.txt'))).compression).toBe('zstd');
    expect((await one(at('plain.gz'))).compression).toBe('none');
  });

  it('reads all members of a gzip file, all frames of a zstd file, and ignores padding', async () => {
    const half = TEXT.length >> 1;
    const members = [TEXT.slice(0, half), TEXT.slice(half)];
    writeFileSync(at('members.gz'), Buffer.concat([...members.map((m) => gzipSync(m)), Buffer.alloc(512)]));
    writeFileSync(at('frames.zst'), Buffer.concat(members.map((m) => zstdCompressSync(m))));
    for (const name of ['members.gz', 'frames.zst']) {
      const reader = (await one(at(name))).open();
      expect((await readAll(reader)).map((l) => l.text)).toEqual(LINES);
      expect(reader.fault).toBeNull();
    }
  });

  it.each([
    ['gz', gzipSync(TEXT)],
    ['zst', zstdCompressSync(TEXT)],
  ])('delivers what stands before the cut of a %s file and says that it is cut', async (kind, packed) => {
    writeFileSync(at(`cut.${kind}`), packed.subarray(0, Math.floor(packed.length * 0.6)));
    const reader = (await one(at(`cut.${kind}`))).open();
    const lines = (await readAll(reader)).map((l) => l.text);
    expect(reader.fault?.message).toContain('ends too early');
    expect(lines.length).toBeGreaterThan(LINES.length / 4);
    // the last one may be cut within the line
    expect(lines.slice(0, -1)).toEqual(LINES.slice(0, lines.length - 1));
    expect(LINES[lines.length - 1]!.startsWith(lines[lines.length - 1]!)).toBe(true);
  });

  it('delivers what stands before a damaged byte of a gzip file, and says so', async () => {
    const packed = Buffer.from(gzipSync(TEXT));
    packed.fill(0xff, packed.length >> 1, (packed.length >> 1) + 64);
    writeFileSync(at('damaged.gz'), packed);
    const reader = (await one(at('damaged.gz'))).open();
    const lines = await readAll(reader);
    expect(reader.fault?.message).toContain('damaged');
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.slice(0, 100).map((l) => l.text)).toEqual(LINES.slice(0, 100));
  });

  it('delivers a gzip file that is followed by something else up to its last 8 KiB at least, and says so', async () => {
    writeFileSync(at('tail.gz'), Buffer.concat([gzipSync(TEXT), Buffer.from('plain tail\n')]));
    const reader = (await one(at('tail.gz'))).open();
    const lines = (await readAll(reader)).map((l) => l.text);
    expect(lines.length).toBeGreaterThan(LINES.length * 0.8);
    expect(lines.slice(0, -1)).toEqual(LINES.slice(0, lines.length - 1));
    expect(reader.fault?.message).toContain('damaged');
  });

  it('can be opened twice and tells size, times and the first and last lines', async () => {
    writeFileSync(at('facts.log'), `${TEXT}half a li`);
    utimesSync(at('facts.log'), 1_700_000_000, 1_700_000_000);
    const origin = await one(at('facts.log'));
    expect(await readAll(origin.open())).toHaveLength(LINES.length + 1);
    expect(await readAll(origin.open())).toHaveLength(LINES.length + 1);
    expect(origin.modifiedMs).toBe(1_700_000_000_000);
    expect(origin.sizeBytes).toBe(TEXT.length + 9);
    expect(origin.lastLine()).toBe(LINES[LINES.length - 1]);
    expect(origin.peek).toHaveLength(64 * 1024);
    expect(Buffer.from(origin.peek).toString('latin1')).toBe(TEXT.slice(0, 64 * 1024));
  });

  it('counts stored bytes while reading, so that a bar ends at the size', async () => {
    writeFileSync(at('count.gz'), gzipSync(TEXT));
    for (const name of ['plain.log', 'count.gz']) {
      const origin = await one(at(name));
      const reader = origin.open();
      await readAll(reader);
      expect(reader.bytesRead).toBe(origin.sizeBytes);
    }
  });

  it("reads the time in the gzip header, as gzip wrote it from the log's modification time", async () => {
    writeFileSync(at('stamped.log'), 'a\n');
    utimesSync(at('stamped.log'), 1_600_000_000, 1_600_000_000);
    execFileSync('gzip', ['-k', at('stamped.log')]);
    expect((await one(at('stamped.log.gz'))).gzipMs).toBe(1_600_000_000_000);
    writeFileSync(at('unstamped.gz'), gzipSync('a\n'));
    expect((await one(at('unstamped.gz'))).gzipMs).toBeNull();
  });

  it('treats an empty file as an origin without lines', async () => {
    writeFileSync(at('empty.log'), '');
    const origin = await one(at('empty.log'));
    expect(origin.isEmpty).toBe(true);
    expect(await readAll(origin.open())).toEqual([]);
    expect(origin.lastLine()).toBeNull();
  });

  it('reads a file as long as it was when it was named, finishing the line that was being written', async () => {
    writeFileSync(at('growing.log'), 'one\ntwo\nthr');
    const origin = await one(at('growing.log'));
    appendFileSync(at('growing.log'), 'ee\nfour\n');
    expect((await readAll(origin.open())).map((l) => l.text)).toEqual(['one', 'two', 'three']);
  });

  it('says that a file became shorter while it was read', async () => {
    writeFileSync(at('shrinking.log'), TEXT);
    const origin = await one(at('shrinking.log'));
    truncateSync(at('shrinking.log'), 300_000);
    const reader = origin.open();
    expect((await readAll(reader)).length).toBeGreaterThan(1000);
    expect(reader.fault?.message).toContain('became shorter');
  });

  it('says that a file vanished before it was read', async () => {
    writeFileSync(at('vanishing.log'), TEXT);
    const origin = await one(at('vanishing.log'));
    rmSync(at('vanishing.log'));
    const reader = origin.open();
    expect(await readAll(reader)).toEqual([]);
    expect(reader.fault?.message).toContain('can no longer be opened');
  });
});

describe('arguments', () => {
  it('expands a pattern in a fixed order, leaves folders out, and reads each file once', async () => {
    mkdirSync(at('many/inner.log'), { recursive: true });
    for (const name of ['b.log', 'a.log', 'c.log.1']) writeFileSync(at(`many/${name}`), `${name}\n`);
    symlinkSync(at('many/a.log'), at('many/z.log'));
    const { origins, unread } = await openOrigins([at('many/*.log*'), at('many/../many/b.log'), at('many/a.log')]);
    expect(unread).toEqual([]);
    expect(origins.map((o) => [o.id, o.name])).toEqual([
      [0, at('many/a.log')],
      [1, at('many/b.log')],
      [2, at('many/c.log.1')],
    ]);
  });

  it('reports what cannot be read, each with a hint, and opens the rest', async () => {
    symlinkSync(at('loop'), at('loop'));
    writeFileSync(at('binary.log'), Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 256)));
    writeFileSync(at('archive.xz'), Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]));
    writeFileSync(at('head-only.gz'), gzipSync(TEXT).subarray(0, 6));
    writeFileSync(at('wide.log'), Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('line\n', 'utf16le')]));
    const names = ['no-such.log', 'no-such-*.log', '.', 'loop', 'binary.log', 'archive.xz', 'head-only.gz', 'wide.log'];
    const { origins, unread } = await openOrigins([...names.map(at), at('plain.log')]);
    expect(origins.map((o) => o.name)).toEqual([at('plain.log')]);
    expect(origins[0]!.id).toBe(0);
    const codes = Object.fromEntries(unread.map((u) => [u.name.slice(folder.length + 1), u.problem.code]));
    expect(codes).toEqual({
      'no-such.log': 'PW-ORIGIN-MISSING',
      'no-such-*.log': 'PW-ORIGIN-NO-MATCH',
      [folder.slice(folder.length + 1)]: 'PW-ORIGIN-DIRECTORY',
      loop: 'PW-ORIGIN-UNREADABLE',
      'binary.log': 'PW-ORIGIN-BINARY',
      'archive.xz': 'PW-ORIGIN-COMPRESSION',
      'head-only.gz': 'PW-ORIGIN-DAMAGED',
      'wide.log': 'PW-ORIGIN-BINARY',
    });
    for (const { problem } of unread) expect(problem.hint ?? '').not.toBe('');
  });

  it('takes raw bytes in requests for what they are: a log under attack is not a binary file', async () => {
    const line = '192.0.2.1 - - [03/Nov/2026:10:00:00 +0000] "\x16\x03\x01\x00\xee\x01" 400 150 "-" "-"\n';
    writeFileSync(at('attacked.log'), Buffer.from(line.repeat(50), 'latin1'));
    expect(await texts(at('attacked.log'))).toHaveLength(50);
  });
});

describe('streams', () => {
  it('reads standard input, plain or compressed, in chunks of any size', async () => {
    for (const bytes of [Buffer.from(TEXT), gzipSync(TEXT), zstdCompressSync(TEXT)]) {
      const stdin = (async function* () {
        yield bytes.subarray(0, 1);
        yield bytes.subarray(1, 3);
        for (let i = 3; i < bytes.length; i += 10_000) yield bytes.subarray(i, i + 10_000);
      })();
      const { origins } = await openOrigins(['-', '-'], { stdin, receivedMs: 5 });
      expect(origins).toHaveLength(1);
      expect(origins[0]).toMatchObject({ name: 'standard input', receivedMs: 5, modifiedMs: null, isEmpty: false });
      expect(Buffer.from(origins[0]!.peek).toString().startsWith(LINES[0]!)).toBe(true);
      expect((await readAll(origins[0]!.open())).map((l) => l.text)).toEqual(LINES);
      expect(origins[0]!.open().fault?.message).toContain('only once');
    }
  });

  it('reads a named pipe, and does not wait for one that nobody writes to', async () => {
    execFileSync('mkfifo', [at('pipe'), at('idle')]);
    const writer = spawn('sh', [
      '-c',
      `exec 3<>"$1"; cat "$2" >&3 & echo ready; wait $!; sleep 0.3`,
      'sh',
      at('pipe'),
      at('plain.log'),
    ]);
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    const piped = await one(at('pipe'));
    expect((await readAll(piped.open())).map((l) => l.text)).toEqual(LINES);
    const idle = await one(at('idle'));
    expect(idle.isEmpty).toBe(true);
  });
});
