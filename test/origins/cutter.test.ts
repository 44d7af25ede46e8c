/** Blocks of whole lines: whatever the content and however it is read, every line comes out once and unchanged. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { BlockReader } from '../../src/origins/block.ts';
import { openRange, splitRanges } from '../../src/origins/range.ts';
import { openStream } from '../../src/origins/stream.ts';
import { linesOf, readAll } from './reading.ts';

const folder = mkdtempSync(join(tmpdir(), 'pollwatch-cutter-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes in which line feeds are frequent. */
const content = fc
  .array(
    fc.oneof({ weight: 3, arbitrary: fc.constant(10) }, { weight: 9, arbitrary: fc.integer({ min: 0, max: 255 }) }),
    {
      maxLength: 400,
    },
  )
  .map((bytes) => Uint8Array.from(bytes));

const sizes = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 60 }))
  .map(([readBytes, more]) => ({ readBytes, lineMax: readBytes + more }));

/** What must come out: lines with their offsets, those that are too long apart. */
function expected(bytes: Uint8Array, lineMax: number) {
  const all = linesOf(bytes);
  return {
    lines: all.filter((l) => l.text.length <= lineMax),
    refused: all.filter((l) => l.text.length > lineMax).map((l) => l.offset),
  };
}

async function check(reader: BlockReader, bytes: Uint8Array, lineMax: number): Promise<void> {
  const want = expected(bytes, lineMax);
  expect(await readAll(reader)).toEqual(want.lines);
  expect(reader.overlong.map((l) => l.offset)).toEqual(want.refused);
  expect(reader.fault).toBeNull();
}

describe('cutting into blocks', () => {
  it('gives every line of a plain file once, in order, with its offset, for any content and block size', async () => {
    const path = join(folder, 'any.log');
    await fc.assert(
      fc.asyncProperty(content, sizes, async (bytes, size) => {
        writeFileSync(path, bytes);
        await check(openRange(path, 0, bytes.length, size), bytes, size.lineMax);
      }),
      { numRuns: 400 },
    );
  });

  it('gives the same lines when the bytes arrive in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        content,
        sizes,
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        async (bytes, size, cuts) => {
          // the first byte decides the compression; a text log does not start like gzip or zstd
          if (bytes[0] === 0x1f || bytes[0] === 0x28) return;
          let at = 0;
          let i = 0;
          const feed = {
            close: () => undefined,
            pull() {
              if (at >= bytes.length) return null;
              const chunk = bytes.subarray(at, at + cuts[i++ % cuts.length]!);
              at += chunk.length;
              return chunk;
            },
          };
          await check(openStream(feed, size), bytes, size.lineMax);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('partitions the lines of a file exactly, wherever its ranges are cut', async () => {
    const path = join(folder, 'ranges.log');
    await fc.assert(
      fc.asyncProperty(content, sizes, fc.array(fc.nat(400), { maxLength: 6 }), async (bytes, size, cuts) => {
        writeFileSync(path, bytes);
        const borders = [0, ...cuts.map((c) => Math.min(c, bytes.length)).sort((a, b) => a - b), bytes.length];
        const lines = [];
        const refused = [];
        for (let i = 0; i + 1 < borders.length; i++) {
          const reader = openRange(path, borders[i]!, borders[i + 1]!, size);
          const mine = await readAll(reader);
          for (const line of mine) {
            expect(line.offset).toBeGreaterThanOrEqual(borders[i]!);
            expect(line.offset).toBeLessThan(borders[i + 1]!);
          }
          lines.push(...mine);
          refused.push(...reader.overlong.map((l) => l.offset));
        }
        const want = expected(bytes, size.lineMax);
        expect(lines).toEqual(want.lines);
        expect(refused).toEqual(want.refused);
      }),
      { numRuns: 400 },
    );
  });

  it('keeps the start of a line that was too long as a sample', async () => {
    const path = join(folder, 'long.log');
    writeFileSync(path, `short\n${'x'.repeat(300 * 1024)}\nafter\n`);
    const reader = openRange(path, 0, 300 * 1024 + 13);
    expect((await readAll(reader)).map((l) => l.text)).toEqual(['short', 'after']);
    expect(reader.overlong).toEqual([{ offset: 6, text: 'x'.repeat(200) }]);
  });

  it('hands on a line of exactly 256 KiB', async () => {
    const path = join(folder, 'limit.log');
    const line = 'y'.repeat(256 * 1024);
    writeFileSync(path, `${line}\n${line}z\nend`);
    const reader = openRange(path, 0, 2 * line.length + 6);
    expect((await readAll(reader)).map((l) => l.text.length)).toEqual([256 * 1024, 3]);
    expect(reader.overlong.map((l) => l.offset)).toEqual([256 * 1024 + 1]);
  });

  it('cuts ranges that touch, start at 0 and end at the size', () => {
    expect(splitRanges(100, 3, 10)).toEqual([
      { from: 0, to: 33 },
      { from: 33, to: 66 },
      { from: 66, to: 100 },
    ]);
    expect(splitRanges(100, 4, 60)).toEqual([{ from: 0, to: 100 }]);
    expect(splitRanges(0, 4, 1)).toEqual([{ from: 0, to: 0 }]);
  });
});
