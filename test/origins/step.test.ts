/** Which origin is read next. */
import { expect, it } from 'vitest';
import { nextOrigin, openingOrder } from '../../src/origins/step.ts';

it('reads the origin that is furthest behind, unknown ones first, finished ones never', () => {
  expect(
    nextOrigin([
      { lastMs: 5, done: false },
      { lastMs: 3, done: false },
    ]),
  ).toBe(1);
  expect(
    nextOrigin([
      { lastMs: 5, done: false },
      { lastMs: -Infinity, done: false },
    ]),
  ).toBe(1);
  expect(
    nextOrigin([
      { lastMs: 5, done: false },
      { lastMs: Number.NaN, done: false },
    ]),
  ).toBe(1);
  expect(
    nextOrigin([
      { lastMs: 5, done: false },
      { lastMs: 3, done: true },
    ]),
  ).toBe(0);
  expect(
    nextOrigin([
      { lastMs: 4, done: false },
      { lastMs: 4, done: false },
    ]),
  ).toBe(0);
  expect(nextOrigin([{ lastMs: 4, done: true }])).toBe(-1);
  expect(nextOrigin([])).toBe(-1);
});

it('advances two logs together', () => {
  const logs = [
    [1, 2, 9],
    [3, 4, 5],
  ];
  const open = logs.map(() => ({ lastMs: -Infinity, done: false }));
  const order: number[] = [];
  for (let i = nextOrigin(open); i >= 0; i = nextOrigin(open)) {
    const ms = logs[i]!.shift();
    if (ms === undefined) open[i]!.done = true;
    else {
      open[i]!.lastMs = ms;
      order.push(ms);
    }
  }
  expect(order).toEqual([1, 3, 2, 9, 4, 5]);
});

it('opens origins by the time of their first event, unknown ones first, equal ones as given', () => {
  expect(openingOrder([30, 10, null, 10, 20])).toEqual([2, 1, 3, 4, 0]);
});
