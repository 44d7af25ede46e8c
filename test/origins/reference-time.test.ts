/** Law 2's year rule: which year the lines of a log without years belong to. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AHEAD_MS, type ReferenceInputs, referenceTime } from '../../src/origins/reference-time.ts';

const at = (text: string) => Date.parse(`${text}Z`);
const inputs = (more: Partial<ReferenceInputs>): ReferenceInputs => ({
  year: null,
  datedMs: null,
  gzipMs: null,
  modifiedMs: null,
  receivedMs: at('2026-11-23T12:00:00'),
  last: null,
  ...more,
});
const noon = (month: number, day: number) => ({ month, day, ms: 43_200_000 });

/** The year that a format gives to a line: the latest that puts it not after the reference. */
function yearOf(month: number, day: number, referenceMs: number): number {
  for (let year = new Date(referenceMs).getUTCFullYear(); ; year--) {
    if (Date.UTC(year, month - 1, day, 12) <= referenceMs) return year;
  }
}

describe('the reference time', () => {
  it('comes from --year, a dated line, the gzip header, the modification time or the receipt, in this order', () => {
    const all = inputs({
      year: 2020,
      datedMs: at('2021-05-01T00:00:00'),
      gzipMs: at('2022-05-01T00:00:00'),
      modifiedMs: at('2023-05-01T00:00:00'),
      last: noon(4, 30),
    });
    expect(referenceTime(all).note).toBe('year 2020, from --year');
    expect(referenceTime({ ...all, year: null }).note).toBe('year 2021, from a dated line of the same log');
    expect(referenceTime({ ...all, year: null, datedMs: null }).note).toBe("year 2022, from the gzip header's time");
    expect(referenceTime({ ...all, year: null, datedMs: null, gzipMs: null }).note).toBe(
      "year 2023, from the file's modification time",
    );
    expect(referenceTime(inputs({ last: noon(4, 30) })).note).toBe('year 2026, from the time of receipt');
  });

  it('gives a log that crosses New Year both years', () => {
    const { referenceMs, note } = referenceTime(inputs({ modifiedMs: at('2026-01-02T18:00:00'), last: noon(1, 2) }));
    expect(note).toBe("year 2026, from the file's modification time");
    expect(yearOf(1, 2, referenceMs)).toBe(2026);
    expect(yearOf(12, 31, referenceMs)).toBe(2025);
  });

  it('puts a December log that was copied in January into the old year', () => {
    expect(referenceTime(inputs({ modifiedMs: at('2026-01-15T00:00:00'), last: noon(12, 31) })).note).toContain('2025');
  });

  it('puts the last line of New Year into the new year although the clock of its zone runs ahead of UTC', () => {
    const { referenceMs } = referenceTime(
      inputs({ modifiedMs: at('2025-12-31T16:00:00'), last: { month: 1, day: 1, ms: 3_600_000 } }),
    );
    expect(yearOf(12, 31, referenceMs)).toBe(2025);
    expect(referenceMs).toBe(at('2026-01-02T01:00:00'));
  });

  it('takes the year before when --year names the year of the last line', () => {
    const { referenceMs } = referenceTime(inputs({ year: 2026, last: noon(1, 2) }));
    expect(yearOf(1, 2, referenceMs)).toBe(2026);
    expect(yearOf(12, 31, referenceMs)).toBe(2025);
  });

  it('takes the whole year when --year stands alone or has no such day', () => {
    const end = at('2026-12-31T23:59:59.999');
    expect(referenceTime(inputs({ year: 2026 })).referenceMs).toBe(end);
    expect(referenceTime(inputs({ year: 2026, last: noon(2, 29) })).referenceMs).toBe(end);
  });

  it('finds the leap year of a 29 February', () => {
    const { referenceMs, note } = referenceTime(inputs({ modifiedMs: at('2026-03-01T00:00:00'), last: noon(2, 29) }));
    expect(note).toContain('year 2024');
    expect(referenceMs).toBe(at('2024-03-01T12:00:00'));
  });

  it('does not believe a modification time in the future', () => {
    const { note } = referenceTime(inputs({ modifiedMs: at('2031-01-01T00:00:00'), last: noon(6, 1) }));
    expect(note).toBe("year 2026, from the time of receipt (the file's own time lies in the future)");
  });

  it('never puts the last line more than a day after the time that it was taken from, and never two years before it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: at('1990-01-01T00:00:00'), max: at('2026-11-23T12:00:00') }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 28 }),
        (modifiedMs, month, day) => {
          const lastMs = referenceTime(inputs({ modifiedMs, last: noon(month, day) })).referenceMs - AHEAD_MS;
          expect(new Date(lastMs).getUTCMonth() + 1).toBe(month);
          expect(lastMs).toBeLessThanOrEqual(modifiedMs + AHEAD_MS);
          expect(lastMs).toBeGreaterThan(modifiedMs - 366 * AHEAD_MS);
        },
      ),
    );
  });
});
