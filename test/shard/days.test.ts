/** What a shard leaves behind of a day: told when the day is past, again when lines came late, never for what was dropped. */
import { describe, expect, it } from 'vitest';
import { settleState } from '../../src/measure/state.ts';
import { closeDays, type DayTelling, isToldDay, type ToldDay } from '../../src/shard/days.ts';
import { foldRecord } from '../../src/shard/folding.ts';
import { pruneShard } from '../../src/shard/pruning.ts';
import { alert } from '../sinks/fixtures.ts';
import { chunksOf, emptyShard, scanJobs, settingNamed } from './folding.ts';

const DAY = 86_400_000;
const MIDNIGHT = Date.UTC(2026, 8, 14);
const setting = settingNamed('none');

const line = (day: number, path: string, ip: string) =>
  `${ip} - - [${14 + day}/Sep/2026:10:00:00 +0000] "GET ${path} HTTP/1.1" 404 153 "-" "Mozilla/5.0"\n`;

/** A shard to which chunks are added, and what was told of its days. */
function office() {
  const shard = emptyShard('none');
  const told = new Map<number, ToldDay>();
  let seq = 0;
  const read = (text: string) => {
    const [chunk] = chunksOf([{ format: 'combined', bytes: Buffer.from(text) }], 1 << 20);
    const { records } = scanJobs([[{ ...chunk!, ref: { ...chunk!.ref, seq: seq++ } }]], 'none');
    foldRecord(shard, setting, records[0]!);
    settleState(shard.state);
  };
  const close = (closedMs: number, more: Partial<DayTelling> = {}) => {
    const origins = new Map([[1, { name: 'access.log', format: 'combined' }]]);
    const telling = { closedMs, isOver: false, nowMs: 0, generation: 2, told, alerts: [], origins, ...more };
    const { documents: made, ...rest } = closeDays(shard, setting, telling);
    const documents = [...made];
    for (const { version, digest, more: kept } of documents) {
      const revision = { ...kept, v: version, d: digest };
      if (isToldDay(revision)) told.set(revision.day, revision);
    }
    return { documents, ...rest };
  };
  return { shard, told, read, close };
}

const kinds = (documents: readonly { index: string }[]) =>
  documents.map((d) => d.index.replace(/^pollwatch-(\w+)-.*/, '$1'));

describe('a day', () => {
  it('is told once when it is past: its summary, its sources, the lines that nobody could read', () => {
    const { read, close } = office();
    read(`${line(0, '/.env', '198.51.100.7')}${line(0, '/a', '192.0.2.1')}nonsense\n`);
    expect(close(MIDNIGHT + DAY - 1)).toMatchObject({ documents: [], nextMs: MIDNIGHT + DAY });
    const { documents, nextMs } = close(MIDNIGHT + DAY);
    expect(kinds(documents).sort()).toEqual(['refused', 'sources', 'sources', 'summaries']);
    expect(nextMs).toBe(Number.POSITIVE_INFINITY);
    // the summary comes last, and only its revision is kept
    expect(documents.map((d) => d.more?.['kind'])).toEqual([undefined, undefined, undefined, 'day']);
    // the number of its events and alerts is the revision
    expect(documents.every((d) => d.version === 2 * 2 ** 32 + 2)).toBe(true);
    const total = JSON.parse(documents.at(-1)!.body) as { pollwatch: { summary: object } };
    expect(total.pollwatch.summary).toMatchObject({ lines: 3, events: 2, refused: 1, sources: 2, sources_matched: 1 });
    expect(close(MIDNIGHT + DAY).documents).toEqual([]);
    expect(close(MIDNIGHT + 3 * DAY).documents).toEqual([]);
  });

  it('is told again a day later when lines came late, with the next version, and then no more', () => {
    const { read, close } = office();
    read(line(0, '/.env', '198.51.100.7'));
    close(MIDNIGHT + DAY);
    read(line(0, '/a', '192.0.2.1'));
    expect(close(MIDNIGHT + 2 * DAY - 1).documents).toEqual([]);
    expect(close(MIDNIGHT + 2 * DAY).documents[0]!.version).toBe(2 * 2 ** 32 + 2);
    read(line(0, '/b', '192.0.2.2'));
    expect(close(MIDNIGHT + 5 * DAY).documents).toEqual([]);
  });

  it('is told again when the window of an alert closed later, or a line came that nobody could read', () => {
    const { read, close } = office();
    read(line(0, '/.env', '198.51.100.7'));
    const [before] = close(MIDNIGHT + DAY).documents.slice(-1);
    const standing = alert({ day: '2026-09-14', organization: setting.organization });
    const total = (documents: readonly { body: string }[]) =>
      (JSON.parse(documents.at(-1)!.body) as { pollwatch: { summary: Record<string, unknown> } }).pollwatch.summary;
    const later = close(MIDNIGHT + 2 * DAY, { alerts: [standing] }).documents;
    expect(total(later)).toMatchObject({ lines: 1, alerts: 1 });
    expect(later.at(-1)!.version).toBeGreaterThan(before!.version);
    expect(close(MIDNIGHT + 3 * DAY, { alerts: [standing], isOver: true }).documents).toEqual([]);
    read(`${line(0, '/.env', '198.51.100.7')}nonsense\n`);
    const last = close(MIDNIGHT + 3 * DAY, { alerts: [standing], isOver: true }).documents;
    expect(total(last)).toMatchObject({ lines: 3, refused: 1, alerts: 1 });
    // the same events, but one alert less
    const less = close(MIDNIGHT + 3 * DAY, { isOver: true }).documents;
    expect(total(less)).toMatchObject({ lines: 3, alerts: 0 });
    expect(less.at(-1)!.version).toBeGreaterThan(last.at(-1)!.version);
  });

  it('is told with a higher version when lines came after a worker died over telling it', () => {
    const { told, read, close } = office();
    read(line(0, '/a', '192.0.2.1'));
    const [first] = close(MIDNIGHT + DAY).documents;
    told.clear();
    read(line(0, '/a', '192.0.2.2'));
    const [again] = close(MIDNIGHT + DAY).documents;
    expect(again!.id).toBe(first!.id);
    expect(again!.body).not.toBe(first!.body);
    expect(again!.version).toBeGreaterThan(first!.version);
  });

  it('is told by the clock where no line is awaited, and at once where none can come', () => {
    const { read, close } = office();
    read(line(0, '/.env', '198.51.100.7'));
    const never = Number.POSITIVE_INFINITY;
    expect(close(never, { nowMs: MIDNIGHT + DAY - 1 }).documents).toEqual([]);
    expect(close(never, { nowMs: MIDNIGHT + DAY }).documents).not.toEqual([]);
    read(line(1, '/.env', '198.51.100.7'));
    expect(close(never, { isOver: true }).documents).not.toEqual([]);
    expect(close(never, { isOver: true }).documents).toEqual([]);
  });

  it('is forgotten when what it was told from is dropped, and not told anew', () => {
    const { shard, told, read, close } = office();
    read(line(0, '/.env', '198.51.100.7'));
    close(MIDNIGHT + DAY);
    const [first] = told.values();
    read(Array.from({ length: 20 }, (_, i) => line(13, `/${i}`, '192.0.2.1')).join(''));
    expect(pruneShard(shard, setting)).toBe(true);
    const days = close(MIDNIGHT + 14 * DAY);
    expect(days.forgotten).toContain(first!.id);
    expect(shard.days.has(first!.day)).toBe(false);
    expect(
      new Set(days.documents.map((d) => (JSON.parse(d.body) as { pollwatch: { day: string } }).pollwatch.day)),
    ).toEqual(new Set(['2026-09-27']));
  });
});
