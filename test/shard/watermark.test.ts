/** Event time of a shard: how far origins were read, what moves nothing, what is late. */
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, WEB_PANE } from '../../src/model/time.ts';
import type { PaneCount } from '../../src/shard/record.ts';
import {
  createOriginTime,
  eventsBefore,
  latestOf,
  type OriginTime,
  passChunk,
  passGaps,
  robustMaximum,
  runsOf,
  watermarkOf,
} from '../../src/shard/watermark.ts';
import { createRandom, shuffled } from '../laws/generator.ts';

const NOON = Date.UTC(2026, 8, 14, 12);

const at = (ms: number, events: number): PaneCount => [Math.floor(ms / WEB_PANE), events];
const chunk = (seq: number, ...panes: PaneCount[]) => ({ seq, offset: seq * 100, end: seq * 100 + 100, panes });

function timeOf(chunks: readonly ReturnType<typeof chunk>[]): OriginTime {
  const time = createOriginTime();
  for (const mark of chunks) passChunk(time, mark);
  return time;
}

describe('the time of an origin', () => {
  it('is that of its latest lines', () => {
    expect(robustMaximum(timeOf([chunk(0, at(NOON, 100)), chunk(1, at(NOON + HOUR, 2))]))).toBe(
      NOON + HOUR + WEB_PANE - 1,
    );
  });

  it('is not moved by 15 lines that are more than a day ahead, and is by 16', () => {
    const base = chunk(0, at(NOON, 1000));
    const ahead = (events: number) => timeOf([base, chunk(1, at(NOON + 3 * DAY, events))]);
    expect(robustMaximum(ahead(15))).toBe(NOON + WEB_PANE - 1);
    expect(robustMaximum(ahead(16))).toBe(NOON + 3 * DAY + WEB_PANE - 1);
  });

  it('is that of its only line, and null without lines', () => {
    expect(robustMaximum(timeOf([chunk(0, at(NOON, 1))]))).toBe(NOON + WEB_PANE - 1);
    expect(robustMaximum(timeOf([chunk(0)]))).toBeNull();
  });

  it('is not moved by a chunk that overtook another, and is the same in the end in any order', () => {
    const chunks = Array.from({ length: 60 }, (_, i) => chunk(i, at(NOON + i * HOUR, 20)));
    const waiting = timeOf([chunks[0]!, chunks[2]!, chunks[3]!]);
    expect(robustMaximum(waiting)).toBe(NOON + WEB_PANE - 1);
    passChunk(waiting, chunks[1]!);
    expect(robustMaximum(waiting)).toBe(NOON + 3 * HOUR + WEB_PANE - 1);
    for (let seed = 0; seed < 20; seed++) expect(timeOf(shuffled(chunks, createRandom(seed)))).toEqual(timeOf(chunks));
  });

  it('goes on past a chunk that will not come: when it is known, and after very many others', () => {
    const lost = timeOf([chunk(0, at(NOON, 20)), chunk(2, at(NOON + HOUR, 20))]);
    passGaps(lost, 3);
    expect(robustMaximum(lost)).toBe(NOON + HOUR + WEB_PANE - 1);
    expect(lost.next).toBe(3);
    const many = timeOf(Array.from({ length: 300 }, (_, i) => chunk(i + 1, at(NOON + i * HOUR, 20))));
    expect(robustMaximum(many)).toBe(NOON + 299 * HOUR + WEB_PANE - 1);
    expect(many.ahead.size).toBe(0);
  });

  it('holds a bounded number of runs, whatever times a log is written with', () => {
    const time = createOriginTime();
    const random = createRandom(1);
    for (let seq = 0; seq < 500; seq++)
      passChunk(time, chunk(seq, at(Math.floor(random() * 4e12), 1), at(NOON + seq, 30)));
    expect(time.runs.length).toBeLessThanOrEqual(64);
    expect(robustMaximum(time)).toBe(NOON + WEB_PANE - 1);
  });
});

describe('the watermark', () => {
  const times = new Map([
    [1, timeOf([chunk(0, at(NOON, 100))])],
    [2, timeOf([chunk(0, at(NOON + HOUR, 100))])],
  ]);
  const one = { number: 1, seq: 1, isDone: true, isQuiet: false };
  const two = { number: 2, seq: 1, isDone: true, isQuiet: false };

  it('is that of the origin that is furthest behind, of those that may bring lines', () => {
    expect(watermarkOf(times, [one, two])).toBe(NOON + WEB_PANE - 1);
    expect(watermarkOf(times, [{ ...one, isQuiet: true }, two])).toBe(NOON + HOUR + WEB_PANE - 1);
    expect(watermarkOf(times, [{ ...one, isQuiet: true, isDone: false }, two])).toBe(NOON + WEB_PANE - 1);
  });

  it('is endless when no origin may bring a line any more', () => {
    expect(
      watermarkOf(times, [
        { ...one, isQuiet: true },
        { ...two, isQuiet: true },
      ]),
    ).toBe(Number.POSITIVE_INFINITY);
    expect(watermarkOf(times, [])).toBe(Number.POSITIVE_INFINITY);
  });

  it('is nowhere while nothing has come of an origin that has chunks on their way', () => {
    expect(watermarkOf(times, [one, { number: 3, seq: 4, isDone: false, isQuiet: false }])).toBe(
      Number.NEGATIVE_INFINITY,
    );
  });

  it('is not held back by an origin of which no line can be read', () => {
    const unread = new Map([...times, [3, timeOf([chunk(0), chunk(1)])]]);
    expect(watermarkOf(unread, [two, { number: 3, seq: 2, isDone: true, isQuiet: false }])).toBe(
      NOON + HOUR + WEB_PANE - 1,
    );
  });

  it('knows the latest time of all', () => {
    expect(latestOf(times)).toBe(NOON + HOUR + WEB_PANE - 1);
    expect(latestOf(new Map())).toBeNull();
  });
});

describe('late lines', () => {
  it('are those of panes that end before the watermark', () => {
    const panes = [at(NOON, 3), at(NOON + WEB_PANE, 5)];
    expect(eventsBefore(panes, NOON + WEB_PANE)).toBe(3);
    expect(eventsBefore(panes, NOON + WEB_PANE - 1)).toBe(0);
    expect(eventsBefore(panes, NOON + 2 * WEB_PANE)).toBe(8);
  });

  it('do not split runs of a chunk', () => {
    expect(runsOf([at(NOON, 1), at(NOON + DAY, 2), at(NOON + 4 * DAY, 3)])).toHaveLength(2);
  });
});
