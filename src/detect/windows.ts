/**
 * Touches in time: episodes are runs of panes without an empty one, windows are runs of slices in which something is
 * reached, days are those of the office.
 */
import { extent } from '../model/long-lists.ts';
import { dayOf } from '../model/time.ts';
import { inOrder, inTime, type Touch } from './touch.ts';

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
