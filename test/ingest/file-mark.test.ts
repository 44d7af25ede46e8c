/** Which file is which: marks that follow a file through renames, copies and truncation, and never two files at once. */
import { expect, it } from 'vitest';
import { type FileMark, type FoundFile, HEAD_BYTES, hashOfHead, matchMarks } from '../../src/ingest/file-mark.ts';

const STEM = '/log/access.log';
const head = (text: string, size = HEAD_BYTES) => Buffer.alloc(size, text);
const file = (name: string, id: string, from: string, more: Partial<FoundFile> = {}): FoundFile => ({
  path: `/log/${name}`,
  isNamed: name === 'access.log',
  id,
  sizeBytes: 10_000,
  modifiedMs: 1000,
  isPacked: name.endsWith('.gz'),
  gzipMs: null,
  head: head(from),
  ...more,
});
const mark = (id: string, from: string, place: number, more: Partial<FileMark> = {}): FileMark => ({
  id,
  head: hashOfHead(head(from)),
  headBytes: HEAD_BYTES,
  place,
  modifiedMs: 1000,
  packed: '',
  ...more,
});
const placed = (files: FoundFile[], marks: FileMark[]) =>
  matchMarks(files, marks, STEM, true).map(({ file: { path }, mark: { place } }) => `${path.slice(5)} ${place}`);

it('a renamed file keeps its place, the new log starts at 0', () => {
  const files = [file('access.log', '1:2', 'new'), file('access.log.1', '1:1', 'old')];
  expect(placed(files, [mark('1:1', 'old', 500)])).toEqual(['access.log.1 500', 'access.log 0']);
});

it('a truncated log starts at 0 and its copy goes on at its place', () => {
  const marks = [mark('1:1', 'old', 500)];
  const files = [file('access.log', '1:1', 'new'), file('access.log.1', '1:2', 'old')];
  expect(placed(files, marks)).toEqual(['access.log.1 500', 'access.log 0']);
  expect(marks.map(({ id }) => id)).toEqual(['1:2', '1:1']);
});

it('a log that is smaller than its place was truncated, whatever it starts with', () => {
  const files = [file('access.log', '1:1', 'old', { sizeBytes: 400 })];
  expect(placed(files, [mark('1:1', 'old', 500)])).toEqual(['access.log 500']);
  expect(placed([file('access.log', '1:1', 'new', { sizeBytes: 400 })], [mark('1:1', 'old', 500)])).toEqual([
    'access.log 0',
  ]);
});

it('a copy of a file that is still there is left out, packed or plain', () => {
  const files = [
    file('access.log', '1:1', 'old'),
    file('access.log.1', '1:2', 'old', { isNamed: true }),
    file('access.log.2.gz', '1:3', 'old', { isNamed: true }),
  ];
  expect(placed(files, [mark('1:1', 'old', 500)])).toEqual(['access.log 500']);
});

it('an inode that was given to another file does not carry the place over', () => {
  expect(placed([file('access.log', '1:1', 'new')], [mark('1:1', 'old', 500)])).toEqual(['access.log 0']);
});

it('a file that grew beyond its short head is the same, and its mark remembers more of it', () => {
  const marks = [mark('1:1', 'x', 10, { head: hashOfHead(head('ab', 10)), headBytes: 10 })];
  expect(placed([file('access.log', '1:1', 'ab')], marks)).toEqual(['access.log 10']);
  expect(marks[0]).toMatchObject({ headBytes: HEAD_BYTES, head: hashOfHead(head('ab')) });
});

it('of files that no pattern names only those are read that the log became after the last look', () => {
  const files = [
    file('access.log', '1:4', 'd', { modifiedMs: 5000 }),
    file('access.log.1', '1:3', 'c', { modifiedMs: 4000 }),
    file('access.log.2.gz', '1:2', 'a', { modifiedMs: 3000 }),
    file('access.log.3.gz', '1:1', 'z', { modifiedMs: 900 }),
  ];
  const marks = [mark('1:9', 'a', 700)];
  expect(placed(files, marks)).toEqual(['access.log.2.gz 700', 'access.log.1 0', 'access.log 0']);
  expect(placed(files, [])).toEqual(['access.log 0']);
});

it('marks of files that are gone are kept, up to a bound, youngest first', () => {
  const marks = Array.from({ length: 100 }, (_, i) => mark(`2:${i}`, `gone ${i} `, i, { modifiedMs: i }));
  expect(placed([file('access.log', '1:1', 'new')], marks)).toEqual(['access.log 0']);
  expect(marks.length).toBe(33);
  expect(placed([file('access.log.7.gz', '1:2', 'gone 99 ')], marks)).toEqual(['access.log.7.gz 99']);
});
