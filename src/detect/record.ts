/**
 * A key's record, unpacked for deciding: its touches and visits as objects, with the windows and episodes that the
 * detectors ask about. Only keys that did something are unpacked; a million quiet ones stay packed.
 */
import {
  COUNT_MAX,
  GROUPED,
  PACKET,
  paneStart,
  TAG,
  TAG_BITS,
  TAG_MASK,
  TICK_MS,
  TOUCH_WORDS,
  VISIT_WORDS,
  WEB,
} from '../measure/entry.ts';
import type { Ledger } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { distinct, GROUP_MAX, priorityOf } from '../measure/reductions.ts';
import { dayOf, PACKET_PANE, WEB_PANE } from '../model/time.ts';
import { countDistinct } from './distinct.ts';

/** A touch of a settled ledger, read where it is packed: a record of a thousand of them is made for every busy source. */
export class Touch {
  private readonly page: Uint32Array;
  private readonly at: number;
  private readonly paneWidth: number;
  /** how many like it this one stands for: 1 unless its group overflowed or was sampled */
  readonly weight: number;

  /** `at`: index of its first word in `page`; `paneWidth`: milliseconds of a pane of its tag. */
  constructor(page: Uint32Array, at: number, paneWidth: number, weight: number) {
    this.page = page;
    this.at = at;
    this.paneWidth = paneWidth;
    this.weight = weight;
  }

  get item(): number {
    return this.page[this.at]!;
  }

  get tag(): number {
    return this.page[this.at + 1]! & TAG_MASK;
  }

  /** first instant of the pane, Unix ms */
  get paneMs(): number {
    return paneStart(this.page[this.at + 1]! >>> TAG_BITS, this.paneWidth);
  }

  /** port, status, folded size or hash, as the tag says */
  get sub(): number {
    return this.page[this.at + 2]! >>> 16;
  }

  get host(): number {
    return this.page[this.at + 2]! & 0xffff;
  }

  get flags(): number {
    return this.page[this.at + 3]! >>> 24;
  }

  get count(): number {
    return this.page[this.at + 3]! & COUNT_MAX;
  }

  /** first and last, Unix ms, to 1/64 s */
  get firstMs(): number {
    return this.paneMs + Math.floor((this.page[this.at + 4]! >>> 16) * TICK_MS);
  }

  get lastMs(): number {
    return this.paneMs + Math.ceil((this.page[this.at + 4]! & 0xffff) * TICK_MS);
  }

  /** reference of its earliest line (measure/entry.ts) and that line's hash */
  get lineLow(): number {
    return this.page[this.at + 5]!;
  }

  get lineHigh(): number {
    return this.page[this.at + 6]!;
  }

  get lineHash(): number {
    return this.page[this.at + 7]!;
  }
}

export interface Visit {
  item: number;
  tag: number;
  /** pane number; its width depends on the tag */
  pane: number;
  group: number;
  count: number;
  weight: number;
}

/** Status class of a web touch (0 = none). */
export const statusClassOf = (t: Touch) => t.flags & WEB.statusMask;
/** ACTION of a packet touch. */
export const actionOf = (t: Touch) => t.flags & PACKET.actionMask;
/** TRANSPORT of a packet touch. */
export const transportOf = (t: Touch) => (t.flags >>> PACKET.transportShift) & PACKET.transportMask;

/** Tags whose panes are PACKET_PANE wide. */
export function paneWidth(tag: number, packetRules: ReadonlySet<number>): number {
  return tag === TAG.packet ||
    tag === TAG.illegalFlags ||
    tag === TAG.toolMark ||
    tag === TAG.sentinel ||
    packetRules.has(tag - TAG.rule)
    ? PACKET_PANE
    : WEB_PANE;
}

/** All touches of a row, sorted by time. */
export function readTouches(ledger: Ledger, row: number, packetRules: ReadonlySet<number>): Touch[] {
  const lists = ledger.touches;
  const n = lengthOf(lists, row);
  if (n === 0) return [];
  const page = pageOf(lists, row);
  const start = startOf(lists, row);
  const weights = weightsOf(ledger, row, page, start, n, TOUCH_WORDS);
  const out: Touch[] = [];
  for (let i = 0; i < n; i++) {
    const e = start + i * TOUCH_WORDS;
    const width = paneWidth(page[e + 1]! & TAG_MASK, packetRules);
    out.push(new Touch(page, e, width, weights === null ? 1 : weights(e)));
  }
  return inOrder(out);
}

/** Order of touches: time, then identity, so that it depends on nothing else. */
export function inTime(a: Touch, b: Touch): number {
  return (
    a.firstMs - b.firstMs ||
    a.lineHash - b.lineHash ||
    a.tag - b.tag ||
    a.item - b.item ||
    a.sub - b.sub ||
    a.host - b.host ||
    a.flags - b.flags
  );
}

/** The touches in time order: the list itself when it is in order already, else a sorted copy. */
export function inOrder(touches: readonly Touch[]): Touch[] {
  let before = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < touches.length; i++) {
    const { firstMs } = touches[i]!;
    if (firstMs < before || (firstMs === before && inTime(touches[i - 1]!, touches[i]!) > 0))
      return [...touches].sort(inTime);
    before = firstMs;
  }
  return touches as Touch[];
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

/** Runs of touches whose panes are adjacent: an episode ends with one empty pane (idle gap of a pane's width). */
export function episodes(touches: readonly Touch[], paneMs: number): Touch[][] {
  const sorted = inSlices(touches, paneOfTouch);
  const out: Touch[][] = [];
  let from = 0;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i]!.paneMs - sorted[i - 1]!.paneMs <= paneMs) continue;
    out.push(sorted.slice(from, i));
    from = i;
  }
  return out;
}

const paneOfTouch = (t: Touch) => t.paneMs;

/** The touches by slice and, within one, in time order: the list itself when it is so already, else a sorted copy. */
function inSlices(touches: readonly Touch[], sliceOf: (t: Touch) => number): readonly Touch[] {
  let before = Number.NEGATIVE_INFINITY;
  let isOrdered = inOrder(touches) === touches;
  for (let i = 0; i < touches.length && isOrdered; i++) {
    const slice = sliceOf(touches[i]!);
    isOrdered = slice >= before;
    before = slice;
  }
  return isOrdered ? touches : [...touches].sort((a, b) => sliceOf(a) - sliceOf(b) || inTime(a, b));
}

/** How a condition of a window may be asked less often; both are true of the condition or left out. */
export interface WindowBounds {
  /** fewest touches with which it can hold */
  fewest?: number;
  /** more touches never undo it: a list in which it does not hold has no window in which it does */
  grows?: boolean;
}

/**
 * The touches that stand in any window of `spanMs` in which `reached` holds. Windows are runs of slices: of the pane's
 * width (span / pane + 1 of them) when the span is at least a pane, else two adjacent slices as wide as the span, by
 * first time. So a window covers at least the span and at most one slice more.
 */
export function inWindows(
  touches: readonly Touch[],
  spanMs: number,
  paneMs: number,
  reached: (window: readonly Touch[]) => boolean,
  { fewest = 1, grows = false }: WindowBounds = {},
): readonly Touch[] {
  if (touches.length < fewest || touches.length === 0) return NO_TOUCHES;
  if (grows && !reached(touches)) return NO_TOUCHES;
  const fine = spanMs < paneMs;
  const width = fine ? spanMs : paneMs;
  const slices = fine ? 2 : Math.ceil(spanMs / paneMs) + 1;
  const sliceOf = (t: Touch) => Math.floor((fine ? t.firstMs : t.paneMs) / width);
  const sorted = inSlices(touches, sliceOf);
  const n = sorted.length;
  // most lists are no longer than one window; a condition that grows was found to hold in the whole list
  if (sliceOf(sorted[n - 1]!) < sliceOf(sorted[0]!) + slices) return grows || reached(sorted) ? touches : NO_TOUCHES;
  const taken: Touch[] = [];
  let from = 0;
  let to = 0;
  let takenTo = 0;
  let lastTo = -1;
  while (from < n) {
    const first = sliceOf(sorted[from]!);
    while (to < n && sliceOf(sorted[to]!) < first + slices) to++;
    if (to !== lastTo) {
      if (to - from >= fewest && reached(sorted.slice(from, to)))
        for (takenTo = Math.max(takenTo, from); takenTo < to; takenTo++) taken.push(sorted[takenTo]!);
      lastTo = to;
    }
    while (from < n && sliceOf(sorted[from]!) === first) from++;
  }
  if (taken.length === n) return touches;
  if (sorted === touches || taken.length === 0) return taken;
  const set = new Set(taken);
  return touches.filter((t) => set.has(t));
}

const NO_TOUCHES: readonly Touch[] = [];

/** The members of a list that stand in one of two parts of it, in its order. */
export function either(list: readonly Touch[], a: readonly Touch[], b: readonly Touch[]): readonly Touch[] {
  if (a.length === list.length || b.length === list.length) return list;
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  const taken = new Set([...a, ...b]);
  return list.filter((t) => taken.has(t));
}

/** Touches by day, in the order of days: most lists are of one. None for none. */
export function byDay(touches: readonly Touch[], dayStartMs: number): [day: number, touches: readonly Touch[]][] {
  if (touches.length === 0) return [];
  const panes = extent(touches, (t) => t.paneMs);
  const first = dayOf(panes.least, dayStartMs);
  if (dayOf(panes.most, dayStartMs) === first) return [[first, touches]];
  return [...Map.groupBy(touches, (t) => dayOf(t.paneMs, dayStartMs))].sort((a, b) => a[0] - b[0]);
}

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

/**
 * How many like it an entry (by its index in the page) stands for: the members of its group share what the group had.
 * Null where each stands for itself, which holds for all but records that overflowed or were sampled.
 */
function weightsOf(
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

/** Smallest and largest of what `of` says of a list; no spreading, for a record may hold more than a call can take. */
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
