/**
 * The entries of a state, gone through one by one into a new state: what a shard does when lines have grown too old to
 * matter, and when a worker with other rules numbered its matches otherwise. What is left is a state like any other.
 */

import { absorbRow } from '../measure/additions.ts';
import { TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS, VISIT_WORDS } from '../measure/entry.ts';
import { hiOf, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, type PackedLists, pageOf, startOf } from '../measure/lists.ts';
import { createState, type State } from '../measure/state.ts';
import { DAY, dayStart, PACKET_PANE, WEB_PANE } from '../model/time.ts';

/** What becomes of an entry: its pane and tag, the same or another tag, or -1 when it goes. */
type EntryChange = (paneTag: number, space: number) => number;

/** A new state of the entries that stay. The sums beside them are taken over. */
function changeEntries(state: State, touch: EntryChange, visit: EntryChange): State {
  const { ledger } = state;
  const changed = createState(ledger.seed, ledger.unitsMax * 16);
  changed.ledger.level = ledger.level;
  for (let row = 0; row < ledger.rows; row++) {
    const space = spaceOf(ledger, row);
    const touches = pick(ledger.touches, row, TOUCH_WORDS, (paneTag) => touch(paneTag, space));
    const visits = pick(ledger.visits, row, VISIT_WORDS, (paneTag) => visit(paneTag, space));
    // the office's own row stands also where nothing was noted in it
    const isOffice = (space & 255) === SPACE.office;
    if (isOffice || touches.length > 0 || isMore(visits))
      absorbRow(changed.ledger, space, hiOf(ledger, row), loOf(ledger, row), touches, visits);
  }
  changed.prefixes.set(state.prefixes);
  changed.coverage.set(state.coverage);
  for (const [pane, cell] of state.timeline) changed.timeline.set(pane, [...cell]);
  for (const [n, name] of state.hosts) changed.hosts.set(n, name);
  for (const [n, name] of state.destinations) changed.destinations.set(n, name);
  for (const [n, span] of state.spans) changed.spans.set(n, [...span]);
  return changed;
}

function pick(lists: PackedLists, row: number, words: number, change: (paneTag: number) => number): Uint32Array {
  const n = lengthOf(lists, row);
  if (n === 0) return new Uint32Array(0);
  const start = startOf(lists, row);
  const picked = pageOf(lists, row).slice(start, start + n * words);
  let kept = 0;
  for (let e = 0; e < picked.length; e += words) {
    const paneTag = change(picked[e + 1]!);
    if (paneTag < 0) continue;
    picked.copyWithin(kept, e, e + words);
    picked[kept + 1] = paneTag;
    kept += words;
  }
  return picked.subarray(0, kept);
}

/** Whether visits say more than which addresses of its network a source used. */
function isMore(visits: Uint32Array): boolean {
  for (let e = 0; e < visits.length; e += VISIT_WORDS) if ((visits[e + 1]! & TAG_MASK) !== TAG.interfaceId) return true;
  return false;
}

/** Instants before which entries are dropped, Unix ms. */
export interface Horizon {
  /** touches of packets */
  readonly packetsMs: number;
  /** touches of requests, and what is learned of a host by day */
  readonly requestsMs: number;
  /** visits of sources: pages that they were given */
  readonly visitsMs: number;
  /** records that sources asked for, and the files that they loaded */
  readonly keysMs: number;
}

/** Tags whose panes are 15 minutes, besides those of rules that read packets. */
const PACKET_TAGS: ReadonlySet<number> = new Set([TAG.packet, TAG.illegalFlags, TAG.toolMark, TAG.sentinel]);
/**
 * Tags of records that were asked for, and of the files that a browser loads: of two sources that asked, those tell which
 * one is a person's, so that they must not be forgotten first.
 */
const KEY_TAGS: ReadonlySet<number> = new Set([TAG.key, TAG.keyRefused, TAG.keyBlock, TAG.asset]);
/** Tags of visits whose pane is a day. */
const DAY_TAGS: ReadonlySet<number> = new Set([
  TAG.asset,
  TAG.reply,
  TAG.notFoundSize,
  TAG.matchedSize,
  TAG.destination,
  TAG.pageSize,
  TAG.agentClass,
]);

/**
 * The state without what ended before the horizon. Which addresses of its network a source used is kept for as long as
 * anything else of it.
 */
export function prune(state: State, horizon: Horizon, packetRules: ReadonlySet<number>, dayStartMs: number): State {
  const pruned = changeEntries(
    state,
    (paneTag) => {
      const tag = paneTag & TAG_MASK;
      const isPacket = PACKET_TAGS.has(tag) || packetRules.has(tag - TAG.rule);
      const width = isPacket ? PACKET_PANE : WEB_PANE;
      const end = ((paneTag >>> TAG_BITS) + 1) * width;
      return end > (isPacket ? horizon.packetsMs : horizon.requestsMs) ? paneTag : -1;
    },
    (paneTag, space) => {
      const tag = paneTag & TAG_MASK;
      if (tag === TAG.interfaceId) return paneTag;
      const pane = paneTag >>> TAG_BITS;
      const end = DAY_TAGS.has(tag) ? dayStart(pane, dayStartMs) + DAY : (pane + 1) * WEB_PANE;
      const kind = space & 255;
      const visits = KEY_TAGS.has(tag) ? horizon.keysMs : horizon.visitsMs;
      const since = kind === SPACE.source ? visits : kind === SPACE.office ? horizon.packetsMs : horizon.requestsMs;
      return end > since ? paneTag : -1;
    },
  );
  const since = Math.min(horizon.packetsMs, horizon.requestsMs);
  for (const pane of pruned.timeline.keys()) if ((pane + 1) * WEB_PANE <= since) pruned.timeline.delete(pane);
  return pruned;
}

/**
 * The state with the numbers of another list of rules. `numbers[r]` is the number here of rule r there, or -1 for a rule
 * that is unknown here, whose matches go. `dropped` is told how many.
 */
export function renumberRules(state: State, numbers: readonly number[], dropped: (entries: number) => void): State {
  let gone = 0;
  const renumbered = changeEntries(
    state,
    (paneTag) => {
      const tag = paneTag & TAG_MASK;
      if (tag < TAG.rule) return paneTag;
      const number = numbers[tag - TAG.rule] ?? -1;
      if (number < 0) {
        gone++;
        return -1;
      }
      return ((paneTag & ~TAG_MASK) | (TAG.rule + number)) >>> 0;
    },
    (paneTag) => paneTag,
  );
  dropped(gone);
  return renumbered;
}
