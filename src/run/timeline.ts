/**
 * The time line of a run: per pane how many events there were, how many of them were refused, and how many came from
 * sources that have an alert.
 */
import { paneStart, TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS, VISIT_WORDS } from '../measure/entry.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import type { State } from '../measure/state.ts';
import type { RunSummary } from '../model/summary.ts';
import { PACKET_PANE, WEB_PANE } from '../model/time.ts';

/** Panes of the time line at most; wider panes beyond. */
const TIMELINE_PANES = 20_000;
/** `alerted`: rows of the sources that have an alert. */
export function timelineOf(state: State, alerted: ReadonlySet<number>): RunSummary['timeline'] {
  const { ledger } = state;
  const panes = [...state.timeline.keys()];
  if (panes.length === 0) return { startMs: 0, paneMs: WEB_PANE, all: [], refused: [], alerted: [] };
  const first = panes.reduce((a, b) => Math.min(a, b));
  const last = panes.reduce((a, b) => Math.max(a, b));
  const fold = Math.max(1, Math.ceil((last - first + 1) / TIMELINE_PANES));
  const length = Math.floor((last - first) / fold) + 1;
  const all = new Array<number>(length).fill(0);
  const refused = new Array<number>(length).fill(0);
  const fromAlerted = new Array<number>(length).fill(0);
  for (const [pane, [n, r]] of state.timeline) {
    const i = Math.floor((pane - first) / fold);
    all[i]! += n;
    refused[i]! += r;
  }
  const startMs = paneStart(first, WEB_PANE);
  const add = (ms: number, count: number) => {
    const i = Math.floor((ms - startMs) / (WEB_PANE * fold));
    if (i >= 0 && i < length) fromAlerted[i] = Math.min(all[i]!, fromAlerted[i]! + count);
  };
  for (const row of alerted) {
    for (const [lists, words] of [
      [ledger.touches, TOUCH_WORDS],
      [ledger.visits, VISIT_WORDS],
    ] as const) {
      const n = lengthOf(lists, row);
      if (n === 0) continue;
      const page = pageOf(lists, row);
      const start = startOf(lists, row);
      for (let i = 0; i < n; i++) {
        const e = start + i * words;
        const tag = page[e + 1]! & TAG_MASK;
        if (words === TOUCH_WORDS ? tag === TAG.fail || tag === TAG.packet : tag === TAG.path) {
          const width = tag === TAG.packet ? PACKET_PANE : WEB_PANE;
          const at =
            paneStart(page[e + 1]! >>> TAG_BITS, width) +
            (words === TOUCH_WORDS ? ((page[e + 4]! >>> 16) * 1000) / 64 : 0);
          add(at, words === TOUCH_WORDS ? page[e + 3]! & 0xffffff : page[e + 2]!);
        }
      }
    }
  }
  return { startMs, paneMs: WEB_PANE * fold, all, refused, alerted: fromAlerted };
}
