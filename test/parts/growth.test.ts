/** The measure of growth itself: what is quadratic is told from what is not, whatever the machine. */
import { expect, it } from 'vitest';
import { growth, LINEAR_MAX } from './growth.ts';

it('an expression that goes back from every place grows, one that does not go back does not', () => {
  expect(growth(32_768, (length) => void /a*b/.test('a'.repeat(length)))).toBeGreaterThan(LINEAR_MAX);
  expect(growth(32_768, (length) => void /ab/.test('a'.repeat(length)))).toBeLessThan(LINEAR_MAX);
});

it('sorting, which is nearly linear, does not count as grown', () => {
  const sort = (length: number) => void Array.from({ length }, (_, i) => (i * 7919) % 10_007).sort((a, b) => a - b);
  expect(growth(262_144, sort)).toBeLessThan(LINEAR_MAX);
});
