/** Wall clocks against instants that are known, through both changes of the clock, in zones on both sides of UTC. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantOf, isTimezone, localTimeOf, minuteOfDay, nextLocal } from '../../src/model/local-time.ts';
import { DAY, HOUR, MINUTE } from '../../src/model/time.ts';

const CHICAGO = 'America/Chicago';
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);

describe('a wall clock', () => {
  it('shows local time, with its weekday', () => {
    expect(localTimeOf(Date.UTC(2026, 10, 3, 18, 30), CHICAGO)).toEqual({
      year: 2026,
      month: 11,
      day: 3,
      hour: 12,
      minute: 30,
      weekday: 2,
    });
    expect(minuteOfDay(Date.UTC(2026, 10, 3, 18, 30), 'Asia/Kolkata')).toBe(0);
  });

  it.each([
    ['winter', [2026, 12, 24, 7 * 60 + 30], '2026-12-24T13:30'],
    ['summer', [2026, 7, 4, 7 * 60 + 30], '2026-07-04T12:30'],
    ['the end of a day', [2026, 7, 4, 1440], '2026-07-05T05:00'],
    ['a day beyond the end of its month', [2026, 10, 33, 0], '2026-11-02T06:00'],
    // 8 March 2026: 02:00 becomes 03:00
    ['an hour that is left out', [2026, 3, 8, 150], '2026-03-08T08:30'],
    // 1 November 2026: 02:00 becomes 01:00
    ['the first of two equal times', [2026, 11, 1, 90], '2026-11-01T06:30'],
  ] as const)('of %s is one instant', (_, [year, month, day, minutes], expected) => {
    expect(iso(instantOf(year, month, day, minutes, CHICAGO))).toBe(expected);
  });

  it('shows a time next today, tomorrow, or on a weekday', () => {
    const noon = Date.UTC(2026, 10, 3, 18);
    expect(iso(nextLocal(noon, 13 * 60, CHICAGO))).toBe('2026-11-03T19:00');
    expect(iso(nextLocal(noon, 12 * 60, CHICAGO))).toBe('2026-11-04T18:00');
    expect(iso(nextLocal(noon, 450, CHICAGO, 1))).toBe('2026-11-09T13:30');
    expect(iso(nextLocal(noon, 780, CHICAGO, 2))).toBe('2026-11-03T19:00');
  });

  it('finds the second of two equal times once the first is past', () => {
    expect(iso(nextLocal(Date.UTC(2026, 10, 1, 6, 45), 90, CHICAGO))).toBe('2026-11-01T07:30');
  });

  it('reads back what it was set to, and always goes on', () => {
    const zones = ['UTC', CHICAGO, 'Pacific/Auckland', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) }),
        fc.integer({ min: 0, max: 1439 }),
        (zone, ms, minutes) => {
          const shown = localTimeOf(ms, zone);
          const back = instantOf(shown.year, shown.month, shown.day, shown.hour * 60 + shown.minute, zone);
          // the second of two equal times reads back as the first
          expect([0, 30 * MINUTE, HOUR]).toContain(Math.floor(ms / MINUTE) * MINUTE - back);
          const next = nextLocal(ms, minutes, zone);
          expect(next).toBeGreaterThan(ms);
          expect(next - ms).toBeLessThanOrEqual(DAY + 2 * HOUR);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('knows which zones there are', () => {
    expect(['UTC', CHICAGO, 'Mars/Olympus', '', '../etc', '+01:00'].map(isTimezone)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
