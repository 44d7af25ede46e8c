/** The time of packet logs: the kernel remembers minutes, and must read every line as the plain parser does. */
import { expect, it } from 'vitest';
import { findFormat } from '../../src/formats/index.ts';
import { CONTEXT, run } from './rows.ts';

const netfilter = findFormat('netfilter')!;
const packet = netfilter.example.slice('Sep 14 08:01:17'.length);
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sep  4 08:01:17` of an instant as if it were the wall clock. */
function bsdTime(ms: number): string {
  const d = new Date(ms);
  return `${MONTHS[d.getUTCMonth()]} ${String(d.getUTCDate()).padStart(2)} ${d.toISOString().slice(11, 19)}`;
}

it('lines around the reference, the new year and a change of the clocks are read alike in every zone', () => {
  const instants = ['2026-01-01T00:00:00Z', '2026-03-08T07:00:00Z', '2026-11-01T06:00:00Z', '2026-02-28T23:59:30Z'];
  let events = 0;
  for (const timezone of ['UTC', 'America/New_York', 'Pacific/Kiritimati', 'Australia/Lord_Howe', '-300']) {
    for (const instant of instants.map((text) => Date.parse(text))) {
      for (const referenceMs of [instant - 86_400_000, instant, instant - 86_400_000 + 12_345]) {
        const times = Array.from({ length: 240 }, (_, i) => bsdTime(instant + (i - 120) * 47_000));
        const bytes = Buffer.from(times.map((time) => `${time}${packet}\n`).join(''));
        const context = { ...CONTEXT, referenceMs, timezone };
        const kernel = run(netfilter, bytes, 'fill', 64, [5000], context);
        expect(kernel).toEqual(run(netfilter, bytes, 'fillLines', 64, [], context));
        events += kernel.rows.length;
      }
    }
  }
  expect(events).toBe(5 * 4 * 3 * 240);
});

it('one origin’s zone and year do not leak into the next', () => {
  const bytes = Buffer.from(`Sep 14 08:01:17${packet}\n`);
  const at = (context: Partial<typeof CONTEXT>) =>
    new Date(
      run(netfilter, bytes, 'fill', 8, [], { ...CONTEXT, ...context }).rows[0]!['timeMs'] as number,
    ).toISOString();
  expect(at({})).toBe('2026-09-14T08:01:17.000Z');
  expect(at({ timezone: 'America/New_York' })).toBe('2026-09-14T12:01:17.000Z');
  expect(at({ referenceMs: Date.UTC(2024, 0, 1) })).toBe('2023-09-14T08:01:17.000Z');
  expect(at({})).toBe('2026-09-14T08:01:17.000Z');
});

it('fractions and offsets of RFC 3339 are kept to the millisecond, whatever stood before', () => {
  const times = [
    '2026-09-14T08:01:17.417999+00:00',
    '2026-09-14T08:01:17.4+02:00',
    '2026-09-14T08:01:18Z',
    '2026-09-14T08:01:59.999999999-04:30',
    '2026-09-14T08:01:17.417999+00:00',
    '2026-09-14T08:01:17',
  ];
  const bytes = Buffer.from(times.map((time) => `${time}${packet}\n`).join(''));
  const rows = run(netfilter, bytes, 'fill').rows.map((row) => new Date(row['timeMs'] as number).toISOString());
  expect(rows).toEqual([
    '2026-09-14T08:01:17.417Z',
    '2026-09-14T06:01:17.400Z',
    '2026-09-14T08:01:18.000Z',
    '2026-09-14T12:31:59.999Z',
    '2026-09-14T08:01:17.417Z',
    '2026-09-14T08:01:17.000Z',
  ]);
});
