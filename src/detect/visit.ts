/**
 * A visit as detectors read it: an ordinary event of a key, of which only what it was about and how often is kept.
 */
import { GROUPED, TAG, TAG_BITS, TAG_MASK, VISIT_WORDS } from '../measure/entry.ts';
import type { Ledger } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { weightsOf } from './weights.ts';

export interface Visit {
  item: number;
  tag: number;
  /** pane number; its width depends on the tag */
  pane: number;
  group: number;
  count: number;
  weight: number;
}

/** All visits of a row. */
export function readVisits(ledger: Ledger, row: number): Visit[] {
  const lists = ledger.visits;
  const n = lengthOf(lists, row);
  if (n === 0) return [];
  const page = pageOf(lists, row);
  const start = startOf(lists, row);
  const weights = weightsOf(ledger, row, page, start, n, VISIT_WORDS);
  const out: Visit[] = [];
  for (let i = 0; i < n; i++) {
    const e = start + i * VISIT_WORDS;
    const grouped = (page[e + 1]! & GROUPED) !== 0;
    const group = grouped ? page[e + 2]! : 0;
    out.push({
      item: page[e]!,
      tag: page[e + 1]! & TAG_MASK,
      pane: page[e + 1]! >>> TAG_BITS,
      group,
      count: grouped ? 1 : page[e + 2]!,
      weight: weights === null ? 1 : weights(e),
    });
  }
  // fractions are added up in one order, else two runs could round to different numbers
  if (weights !== null) out.sort((a, b) => a.tag - b.tag || a.pane - b.pane || a.group - b.group || a.item - b.item);
  return out;
}

/** The items of a row's visits under one tag, as they stand. */
export function itemsOf(ledger: Ledger, row: number, tag: number): number[] {
  const items: number[] = [];
  const n = lengthOf(ledger.visits, row);
  if (n === 0) return items;
  const page = pageOf(ledger.visits, row);
  const start = startOf(ledger.visits, row);
  for (let e = start; e < start + n * VISIT_WORDS; e += VISIT_WORDS)
    if ((page[e + 1]! & TAG_MASK) === tag) items.push(page[e]!);
  return items;
}

/** A row's visits under some tags, packed as they stand. */
export function visitsUnder(ledger: Ledger, row: number, tags: ReadonlySet<number>): Uint32Array {
  const words: number[] = [];
  const n = lengthOf(ledger.visits, row);
  if (n === 0) return new Uint32Array(0);
  const page = pageOf(ledger.visits, row);
  const start = startOf(ledger.visits, row);
  for (let e = start; e < start + n * VISIT_WORDS; e += VISIT_WORDS)
    if (tags.has(page[e + 1]! & TAG_MASK)) words.push(page[e]!, page[e + 1]!, page[e + 2]!);
  return Uint32Array.from(words);
}

/** The items of a row's ordinary page visits by pane, as detector.ts describes `pages`. */
export function readPages(ledger: Ledger, row: number): Map<number, number[]> {
  const byPane = new Map<number, number[]>();
  const n = lengthOf(ledger.visits, row);
  if (n === 0) return byPane;
  const page = pageOf(ledger.visits, row);
  const start = startOf(ledger.visits, row);
  let pane = -1;
  let list: number[] = [];
  for (let e = start; e < start + n * VISIT_WORDS; e += VISIT_WORDS) {
    if ((page[e + 1]! & TAG_MASK) !== TAG.path) continue;
    const at = page[e + 1]! >>> TAG_BITS;
    if (at !== pane) {
      pane = at;
      list = byPane.get(pane) ?? [];
      byPane.set(pane, list);
    }
    list.push(page[e]!);
  }
  return byPane;
}
