/**
 * What is known of an attack in the labelled run, by construction: where it came from, what it was aimed at, when, which
 * detection has to tell of it, and after how much of it. That much is stated from what happened to election offices
 * (ELECTIONS part 1a), never from a detector's threshold.
 */

/** An attack that a run holds. */
export interface Label {
  /** kebab-case, once in a run */
  attack: string;
  /** one sentence: what was done, and whose history it is */
  says: string;
  /** ids of DETECTIONS part 2; one of them has to be raised */
  detections: string[];
  /** addresses that it came from; empty where an alert names the system only */
  sources: string[];
  /** id of the system in the inventory, or null */
  asset: string | null;
  /** seconds after START_MS of its first and last line */
  first: number;
  last: number;
  /** how much of the attack has to suffice, in words */
  within: string;
}

/** An attack as a script: its lines by their second, and how many of them have to suffice. */
export interface Attack extends Omit<Label, 'first' | 'last' | 'sources'> {
  sources?: string[];
  lines: { second: number; write: (second: number) => void }[];
  /** lines, in the order of time, after which it has to be found */
  enough: number;
}

/** Writes an attack, whole or only as much of it as has to suffice, and says what is true of it. */
export function carryOut(attack: Attack, onlyEnough: boolean): Label {
  const { lines, enough, sources = [], ...known } = attack;
  const inOrder = [...lines].sort((a, b) => a.second - b.second);
  const written = onlyEnough ? inOrder.slice(0, enough) : inOrder;
  for (const line of written) line.write(line.second);
  return { ...known, sources, first: written[0]!.second, last: written.at(-1)!.second };
}
