/** Which files are one log and its rotations, by their names. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findFamilies, stemOf } from '../../src/ingest/log-family.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pollwatch-family-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['access.log', 'access.log'],
  ['access.log.1', 'access.log'],
  ['access.log.14.gz', 'access.log'],
  ['access.log-20260914', 'access.log'],
  ['access.log-20260914.zst', 'access.log'],
  ['access.log-20260914-0815.gz', 'access.log'],
  ['access.log.2026-09-14', 'access.log'],
  ['access.log-1789372860', 'access.log'],
  ['access-20260914.log', 'access.log'],
  ['access-2026-09-14.log.gz', 'access.log'],
  ['access.2.log', 'access.log'],
  ['kern.log.2.gz', 'kern.log'],
  ['messages-20260914', 'messages'],
  ['app-1.log', 'app-1.log'],
  ['web01.example.gov', 'web01.example.gov'],
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7.log', '192.0.2.7.log'],
  ['192.0.2.7.log.1', '192.0.2.7.log'],
  ['20260914', '20260914'],
  ['.1', '.1'],
  ['1.gz', '1'],
])('%s belongs to %s', (name, stem) => {
  expect(stemOf(`/var/log/${name}`)).toBe(`/var/log/${stem}`);
});

const touch = (...names: string[]) => {
  for (const name of names) writeFileSync(join(folder, name), 'x');
};
const families = (...patterns: string[]) =>
  findFamilies(patterns.map((pattern) => join(folder, pattern))).map(({ stem, members, isFollowed }) => ({
    stem: stem.slice(folder.length + 1),
    isFollowed,
    members: members.map(({ path, isNamed }) => `${isNamed ? '' : '('}${path.slice(folder.length + 1)}`).sort(),
  }));

it('a pattern names families; their rotated files are members though no pattern names them', () => {
  touch('a.log', 'a.log.1', 'a.log.2.gz', 'b.log', 'b.log.1', 'c.txt');
  mkdirSync(join(folder, 'd.log'));
  symlinkSync(join(folder, 'e.log'), join(folder, 'e.log'));
  expect(families('*.log')).toEqual([
    { stem: 'a.log', isFollowed: true, members: ['(a.log.1', '(a.log.2.gz', 'a.log'] },
    { stem: 'b.log', isFollowed: true, members: ['(b.log.1', 'b.log'] },
    { stem: 'd.log', isFollowed: true, members: [] },
    { stem: 'e.log', isFollowed: true, members: [] },
  ]);
});

it('a pattern for rotated files too names them all, one for rotated files alone does not follow the log', () => {
  touch('a.log', 'a.log.1', 'a.log.2.gz');
  expect(families('a.log*')).toEqual([
    { stem: 'a.log', isFollowed: true, members: ['a.log', 'a.log.1', 'a.log.2.gz'] },
  ]);
  expect(families('a.log.*')).toEqual([
    { stem: 'a.log', isFollowed: false, members: ['(a.log', 'a.log.1', 'a.log.2.gz'] },
  ]);
});

it('a log that is not there yet is a family without members, a folder that is not there none at all', () => {
  expect(families('a.log')).toEqual([{ stem: 'a.log', isFollowed: true, members: [] }]);
  expect(families('nowhere/*.log')).toEqual([]);
});

it('a file whose name has the marks of a pattern is read under its name', () => {
  touch('a[1].log');
  expect(families('a[1].log')).toEqual([{ stem: 'a[1].log', isFollowed: true, members: ['a[1].log'] }]);
});
