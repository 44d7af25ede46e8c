/**
 * How many different values a list has, and which: asked for every window of every busy source, so the values stand in
 * one table that is kept from question to question and never cleared (a mark says to which question a place belongs).
 *   countDistinct(touches, portOf) → 23
 */

/** Mark of the present question; at the end of the range all marks are cleared. */
let question = 0;
/** A question about few values uses the beginning of the table only, which stays in the cache. */
let mask = 0;
const PLACES_MIN = 64;
const QUESTIONS_MAX = 0xffffffff;
let values = new Float64Array(1024);
let marks = new Uint32Array(1024);

/** Starts a question about at most `n` values. Questions do not nest. */
function ask(n: number): void {
  if (n * 2 >= values.length) {
    let size = values.length;
    while (size <= n * 2) size *= 2;
    values = new Float64Array(size);
    marks = new Uint32Array(size);
    question = 0;
  }
  if (question === QUESTIONS_MAX) {
    marks.fill(0);
    question = 0;
  }
  question++;
  mask = PLACES_MIN - 1;
  while (mask < n * 2) mask = mask * 2 + 1;
}

/** Whether a value (a whole number below 2^53) is asked about for the first time. */
function isNew(value: number): boolean {
  const low = value | 0;
  const high = value < 4294967296 ? 0 : ((value - (low >>> 0)) / 4294967296) * 0x9e3779b1;
  let i = Math.imul(low ^ high, 0x85ebca6b);
  i = (i ^ (i >>> 15)) & mask;
  while (marks[i] === question) {
    if (values[i] === value) return false;
    i = (i + 1) & mask;
  }
  marks[i] = question;
  values[i] = value;
  return true;
}

/** Different values of `of` (whole numbers below 2^53) in a list. */
export function countDistinct<T>(list: readonly T[], of: (t: T) => number): number {
  if (list.length < 2) return list.length;
  ask(list.length);
  let n = 0;
  for (const t of list) if (isNew(of(t))) n++;
  return n;
}

/** Different values of `of` in a list, counted no further than `most`: a condition only asks whether there are so many. */
export function countUpTo<T>(list: readonly T[], of: (t: T) => number, most: number): number {
  if (list.length < 2) return Math.min(most, list.length);
  ask(Math.min(list.length, most));
  let n = 0;
  for (const t of list) if (isNew(of(t)) && ++n === most) break;
  return n;
}

/** Whether a list has at least so many different values of `of`. */
export function hasDistinct<T>(list: readonly T[], of: (t: T) => number, least: number): boolean {
  return list.length >= least && countUpTo(list, of, least) >= least;
}

/** The different values themselves, in order of first appearance. `of` may answer -1 for "none". */
export function distinctOf<T>(list: readonly T[], of: (t: T) => number): number[] {
  ask(list.length);
  const found: number[] = [];
  for (const t of list) {
    const value = of(t);
    if (value >= 0 && isNew(value)) found.push(value);
  }
  return found;
}
