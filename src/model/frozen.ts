/**
 * Parts that many alerts and documents share: plain values, frozen to the bottom, so that whoever derives something from
 * one (a pruned form, its text) may remember it by the part itself.
 */

/** Freezes a plain value and everything in it; returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
