/**
 * How much there was of something: counted as far as it is kept, or estimated with what overflow and sampling left out.
 */
import { countDistinct } from './distinct.ts';

/** Sum of counts of what is kept: what decisions go by. */
export function countEvents(list: readonly { count: number }[]): number {
  let sum = 0;
  for (const t of list) sum += t.count;
  return sum;
}

/** Distinct values with what overflow and sampling left out, estimated: what people are shown. */
export function estimateDistinct<T extends { weight: number }>(list: readonly T[], of: (t: T) => number): number {
  if (list.every((t) => t.weight === 1)) return countDistinct(list, of);
  const weights = new Map<number, number>();
  for (const t of list) {
    const value = of(t);
    const known = weights.get(value);
    if (known === undefined || known < t.weight) weights.set(value, t.weight);
  }
  let sum = 0;
  for (const w of weights.values()) sum += w;
  return Math.round(sum);
}

/** Sum of counts with what overflow and sampling left out, estimated: what people are shown. */
export function estimateEvents(list: readonly { count: number; weight: number }[]): number {
  let sum = 0;
  for (const t of list) sum += t.count * t.weight;
  return Math.round(sum);
}
