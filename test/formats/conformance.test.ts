/**
 * What holds for every format of the list: its example parses, nothing in a log makes it throw, its kernel and its
 * plain parser say the same however the bytes are cut, its numbers add up, and no line costs more than its length.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectFormat } from '../../src/formats/detect.ts';
import type { Format } from '../../src/formats/format.ts';
import { findFormat, formats } from '../../src/formats/index.ts';
import type { Tally } from '../../src/model/tally.ts';
import { growth, LINEAR_MAX } from '../parts/growth.ts';
import { CONTEXT, linesOf, type Run, run } from './rows.ts';

/** The sample logs, which look like those of real machines. */
const SAMPLES = join(import.meta.dirname, '../samples/generated');

function fixtures(format: Format): { name: string; bytes: Buffer }[] {
  const folder = join(import.meta.dirname, format.name);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

function expectSum(tally: Tally): void {
  const skipped = [...tally.skipped.values()].reduce((sum, n) => sum + n, 0);
  const refused = [...tally.refused.values()].reduce((sum, kind) => sum + kind.count, 0);
  expect(tally.events + skipped + refused).toBe(tally.lines);
}

function expectSame(format: Format, bytes: Uint8Array, capacity = 64, cuts: number[] = []): Run {
  const kernel = run(format, bytes, 'fill', capacity, cuts);
  const plain = run(format, bytes, 'fillLines', 256);
  expect(kernel).toEqual(plain);
  expectSum(kernel.tally);
  expect(kernel.tally.bytes).toBe(bytes.length);
  expect(kernel.rows.length).toBe(kernel.tally.events);
  return kernel;
}

for (const format of formats) {
  const files = fixtures(format);
  const lines = files.flatMap((file) => linesOf(file.bytes));

  describe(format.name, () => {
    it('is found by its name and every alias', () => {
      for (const name of [format.name, ...format.aliases]) expect(findFormat(name)).toBe(format);
    });

    it('reads its example', () => {
      expect(format.looksLike(format.example)).toBe(true);
      expect(format.parseLine(format.example, CONTEXT)).toHaveProperty('event');
    });

    it('is what its fixtures are detected as', () => {
      for (const file of files) expect([file.name, detectFormat(file.bytes)?.name]).toEqual([file.name, format.name]);
    });

    it('takes any line of any fixture, cut at every byte, without throwing', () => {
      const all = formats.flatMap(fixtures).flatMap((file) => linesOf(file.bytes));
      const shapes = new Set<string>();
      for (const line of new Set(all.map((text) => text.slice(0, 600)))) {
        for (let cut = 0; cut <= line.length; cut++) {
          shapes.add(Object.keys(format.parseLine(line.slice(0, cut), CONTEXT)).join());
          format.looksLike(line.slice(0, cut));
        }
      }
      expect([...shapes].sort()).toEqual(['event', 'refused', 'skipped']);
    });

    it('has a kernel that says what the plain parser says on every fixture, in batches of any size', () => {
      for (const file of formats.flatMap(fixtures)) {
        for (const capacity of [1, 7, 512]) expectSame(format, file.bytes, capacity);
      }
    });

    it('says the same of fixture lines that were cut at every byte', () => {
      const cut = lines
        .filter((_, i) => i % 5 === 0)
        .map((line) => line.slice(0, 400))
        .flatMap((line) => Array.from({ length: line.length }, (_, i) => line.slice(0, i)));
      expectSame(format, Buffer.from(`${cut.join('\n')}\n`, 'latin1'), 512);
    });

    it('says the same of lines with random changes, cut into blocks anywhere', () => {
      const pieces = [
        '"',
        '\\"',
        ' ',
        '  ',
        '[',
        '] "',
        '-',
        '\r',
        '\t',
        '\0',
        '::',
        '.',
        '?',
        ' HTTP/1.1"',
        'IN=',
        'OUT=',
        'SRC=',
        'ID=',
        '=',
        ' 200 ',
        '60',
        'é',
        '\xff',
        '9',
      ];
      const edit = fc.record({
        at: fc.nat(400),
        remove: fc.integer({ min: 0, max: 3 }),
        add: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3, unit: 'binary-ascii' })),
      });
      const line = fc.tuple(fc.constantFrom(...lines), fc.array(edit, { maxLength: 3 })).map(([text, edits]) => {
        let out = text;
        for (const { at, remove, add } of edits) out = out.slice(0, at) + add + out.slice(at + remove);
        return out;
      });
      const cuts = fc.array(fc.nat(20_000), { maxLength: 6 });
      fc.assert(
        fc.property(
          fc.array(line, { minLength: 1, maxLength: 40 }),
          fc.integer({ min: 1, max: 50 }),
          cuts,
          (some, n, at) => {
            expectSame(format, Buffer.from(`${some.join('\n')}\n`, 'latin1'), n, at);
          },
        ),
        { numRuns: 1500, seed: 20261103 },
      );
    });

    it('says the same of random bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          expectSame(format, Buffer.concat([bytes, Buffer.from('\n')]), 16);
        }),
        { numRuns: 300, seed: 20261103 },
      );
    });

    it('says the same of the sample logs', () => {
      for (const name of ['nginx-access.log', 'apache-access.log', 'kern.log', 'iptables-rfc3339.log']) {
        expectSame(format, readFileSync(join(SAMPLES, name)), 1024, [100_000, 300_000]);
      }
    });

    it('needs time in proportion to the length of the most awkward lines', () => {
      for (const piece of AWKWARD) {
        for (const head of ['', format.example, format.example.slice(0, 60), format.example.slice(0, 12)]) {
          const grown = growth(65_536, (length) => {
            const line = (head + piece.repeat(length)).slice(0, length);
            format.parseLine(line, CONTEXT);
            format.looksLike(line);
          });
          expect(grown, `${head.slice(0, 20)}… ${piece}`).toBeLessThan(LINEAR_MAX);
        }
      }
    });
  });
}

/** What provokes backtracking, rescanning or deep nesting. */
const AWKWARD = [
  '"',
  '\\',
  '\\"',
  ' [',
  ' ',
  'a ',
  '[',
  '{"a":',
  '"] "',
  'IN=',
  'IN= ',
  'IN=x OUT',
  'a=b ',
  '<1>',
  '[1',
  ':',
  '1:',
  '0',
  '] "GET ',
  '?',
  '" 200 ',
];
