/** Documents of past days wait, are taken some at a time, and begin anew when the state has changed. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ShardDocument } from '../../src/queue/shard-store.ts';
import { createPastDays } from '../../src/shard/past-days.ts';

const document = (i: number): ShardDocument => ({ id: String(i), index: 'days', version: 1, digest: '', body: '{}' });
const closed = (n: number, isDue = true) => ({
  documents: Array.from({ length: n }, (_, i) => document(i)),
  isDue,
  nextMs: 5,
});

afterEach(() => {
  vi.useRealTimers();
});

describe('past days', () => {
  it('wait until they are begun, and are under way from then on until the last was taken', () => {
    const days = createPastDays(3_600_000);
    expect(days).toMatchObject({ isWaiting: false, isUnderWay: false, nextMs: Number.POSITIVE_INFINITY });
    days.decided(closed(700));
    expect(days).toMatchObject({ isWaiting: true, isUnderWay: false, nextMs: 5 });
    const first = days.take();
    expect(first).toMatchObject({ isLast: false });
    expect(days.isUnderWay).toBe(true);
    const rest = days.take();
    expect(rest.isLast).toBe(true);
    expect([...first.documents, ...rest.documents].map(({ id }) => id)).toEqual(
      closed(700).documents.map(({ id }) => id),
    );
    days.done();
    expect(days).toMatchObject({ isWaiting: false, isUnderWay: false });
  });

  it('are begun at once where there is only the state to prune', () => {
    const days = createPastDays(3_600_000);
    days.decided(closed(0, false));
    expect(days).toMatchObject({ isWaiting: true, isUnderWay: true });
    expect(days.take()).toEqual({ documents: [], isLast: true });
  });

  it('are told although lines come all the time: the wait goes on over decisions that come between', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const patient = createPastDays(20);
    patient.decided(closed(1));
    expect(patient.isUnderWay).toBe(false);
    vi.advanceTimersByTime(25);
    patient.changed();
    expect(patient.isWaiting).toBe(false);
    patient.decided(closed(1));
    expect(patient.isUnderWay).toBe(true);
  });
});
