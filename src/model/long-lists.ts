/**
 * Lists that may be longer than a call can take arguments: nothing of them is spread.
 */

/** Smallest and largest of what `of` says of a list. */
export function extent<T>(list: readonly T[], of: (t: T) => number): { least: number; most: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const t of list) {
    const value = of(t);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, most };
}

/** Adds the members of one list to another, however many they are. */
export function append<T>(list: T[], more: readonly T[]): void {
  for (const t of more) list.push(t);
}
