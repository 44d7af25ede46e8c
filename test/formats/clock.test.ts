/** Wall clocks: calendar, zones, and the year that a line leaves out. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isTimezone, localToUtc, monthNumber, offsetMs, wallMs, withoutYear } from '../../src/formats/clock.ts';
import { CONTEXT } from './rows.ts';

const wall = (text: string) => Date.parse(`${text}Z`);
const utc = (ms: number) => new Date(ms).toISOString().slice(0, 19);

it('calendar fields give the same instant as Date for every second from 1970 to 9999', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
      const ms = Math.floor(date.getTime() / 1000) * 1000;
      const d = new Date(ms);
      expect(
        wallMs(
          d.getUTCFullYear(),
          d.getUTCMonth() + 1,
          d.getUTCDate(),
          d.getUTCHours(),
          d.getUTCMinutes(),
          d.getUTCSeconds(),
        ),
      ).toBe(ms);
    }),
    { seed: 3 },
  );
});

it('dates and times of day that do not exist are refused', () => {
  const none: [number, number, number, number, number, number][] = [
    [2026, 2, 29, 0, 0, 0],
    [2100, 2, 29, 0, 0, 0],
    [2026, 4, 31, 0, 0, 0],
    [2026, 0, 1, 0, 0, 0],
    [2026, 13, 1, 0, 0, 0],
    [2026, 1, 0, 0, 0, 0],
    [2026, 1, 1, 24, 0, 0],
    [2026, 1, 1, 0, 60, 0],
    [2026, 1, 1, 0, 0, 61],
    [1969, 1, 1, 0, 0, 0],
  ];
  for (const bad of none) {
    expect(wallMs(...bad), bad.join()).toBeNaN();
  }
  expect(wallMs(2000, 2, 29, 0, 0, 0)).toBe(wall('2000-02-29T00:00:00'));
  expect(wallMs(2026, 6, 30, 23, 59, 60)).toBe(wall('2026-07-01T00:00:00'));
});

it('months are the twelve English abbreviations and nothing that lies between them', () => {
  expect(['Jan', 'Sep', 'Dec'].map(monthNumber)).toEqual([1, 9, 12]);
  expect(['anF', 'sep', 'Se', 'Sept', ''].map(monthNumber)).toEqual([0, 0, 0, 0, 0]);
});

it('offsets are read with and without colon, up to 14 hours', () => {
  expect(['Z', '+0200', '-04:30', '+14:00'].map(offsetMs)).toEqual([0, 7_200_000, -16_200_000, 50_400_000]);
  for (const bad of ['+14:01', '+0260', '0200', '+2', '']) expect(offsetMs(bad), bad).toBeNaN();
});

it('an IANA zone is summer and winter time; an hour that is skipped or runs twice has one fixed reading', () => {
  const newYork = (text: string) => utc(localToUtc(wall(text), 'America/New_York'));
  expect(newYork('2026-07-01T00:00:00')).toBe('2026-07-01T04:00:00');
  expect(newYork('2026-12-01T00:00:00')).toBe('2026-12-01T05:00:00');
  expect(newYork('2026-03-08T01:59:59')).toBe('2026-03-08T06:59:59');
  expect(newYork('2026-03-08T02:30:00')).toBe('2026-03-08T07:30:00');
  expect(newYork('2026-03-08T03:00:00')).toBe('2026-03-08T07:00:00');
  expect(newYork('2026-11-01T00:59:59')).toBe('2026-11-01T04:59:59');
  expect(newYork('2026-11-01T01:30:00')).toBe('2026-11-01T05:30:00');
  expect(newYork('2026-11-01T02:00:00')).toBe('2026-11-01T07:00:00');
});

it('zones are also offsets, minutes and half-hour changes; unknown names are known to be unknown', () => {
  expect(utc(localToUtc(wall('2026-01-01T12:00:00'), '+02:00'))).toBe('2026-01-01T10:00:00');
  expect(utc(localToUtc(wall('2026-01-01T12:00:00'), '-300'))).toBe('2026-01-01T17:00:00');
  expect(utc(localToUtc(wall('2026-07-01T12:00:00'), 'Australia/Lord_Howe'))).toBe('2026-07-01T01:30:00');
  expect(['UTC', 'America/Chicago', '+0200', '0'].map(isTimezone)).toEqual([true, true, true, true]);
  expect(['Mars/Olympus', '+99:00', '9999'].map(isTimezone)).toEqual([false, false, false]);
});

it('a date without a year is of the latest year that puts it not after the reference and a day', () => {
  const at = (referenceText: string, month: number, day: number, timezone = 'UTC') =>
    utc(withoutYear(month, day, 0, 0, 0, { ...CONTEXT, referenceMs: wall(referenceText), timezone }));
  expect(at('2026-01-01T00:00:00', 12, 31)).toBe('2025-12-31T00:00:00');
  expect(at('2026-01-01T00:00:00', 1, 2)).toBe('2026-01-02T00:00:00');
  expect(at('2026-01-01T00:00:00', 1, 3)).toBe('2025-01-03T00:00:00');
  expect(at('2026-09-14T00:00:00', 2, 29)).toBe('2024-02-29T00:00:00');
  expect(at('1903-12-31T00:00:00'.replace('1903', '2103'), 2, 29)).toBe('2096-02-29T00:00:00');
  expect(at('2025-12-31T12:00:00', 1, 1, '+14:00')).toBe('2025-12-31T10:00:00');
  expect(withoutYear(2, 30, 0, 0, 0, CONTEXT)).toBeNaN();
});
