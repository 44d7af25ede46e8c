/**
 * How many like it an entry stands for, where its group overflowed or was sampled.
 */
import { GROUPED, TAG_MASK, TOUCH_WORDS } from '../measure/entry.ts';
import type { Ledger } from '../measure/ledger.ts';
import { distinct, GROUP_MAX, priorityOf } from '../measure/reductions.ts';

/**
 * How many like it an entry (by its index in the page) stands for: the members of its group share what the group had.
 * Null where each stands for itself, which holds for all but records that overflowed or were sampled.
 */
export function weightsOf(
  ledger: Ledger,
  row: number,
  page: Uint32Array,
  start: number,
  n: number,
  words: number,
): ((e: number) => number) | null {
  if (ledger.level === 0 && !mayOverflow(page, start, n, words)) return null;
  const wordTwo = (e: number) => (words === TOUCH_WORDS || (page[e + 1]! & GROUPED) !== 0 ? page[e + 2]! : 0);
  const groupOf = (e: number) => (words === TOUCH_WORDS ? page[e + 1]! : `${page[e + 1]!} ${wordTwo(e)}`);
  const groups = new Map<number | string, { tag: number; size: number; largest: number; weight: number }>();
  for (let i = 0; i < n; i++) {
    const e = start + i * words;
    const priority = priorityOf(ledger, row, page[e]!, wordTwo(e));
    const group = groups.get(groupOf(e));
    if (group === undefined)
      groups.set(groupOf(e), { tag: page[e + 1]! & TAG_MASK, size: 1, largest: priority, weight: 1 });
    else {
      group.size++;
      if (priority > group.largest) group.largest = priority;
    }
  }
  for (const group of groups.values())
    group.weight = distinct(ledger, group.size, group.largest, group.tag) / group.size;
  return (e) => groups.get(groupOf(e))!.weight;
}

/** Whether so many entries share pane and tag that their group may have been trimmed. */
function mayOverflow(page: Uint32Array, start: number, n: number, words: number): boolean {
  if (n < GROUP_MAX) return false;
  const sizes = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const paneTag = page[start + i * words + 1]!;
    const size = (sizes.get(paneTag) ?? 0) + 1;
    if (size >= GROUP_MAX) return true;
    sizes.set(paneTag, size);
  }
  return false;
}
