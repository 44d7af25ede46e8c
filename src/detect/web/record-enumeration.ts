/**
 * election.lookup_enum Record enumeration: one source walks through records by their keys.
 * Evidence: for one parameter of one page (or the number that ends its path), at least 30 distinct keys in two adjacent
 * 10-minute panes whose blocks of 64 consecutive numbers are at most a quarter as many (near-sequential: 30 keys in
 * order stand in one or two blocks, 30 people's keys in 30), or at least 60 such keys within 24 hours, or 200 in
 * any order by somebody who asks for little else (AA20-304A: several hundred thousand queries over 19 days, one every
 * few seconds; W24: 50 in an hour). Hundreds of people behind one address reach that number, but they load pages too.
 * Where a name and a birth date make the key together, the blocks are the names, and at most 8 of them: birth dates that
 * are tried name by name. Among people who look themselves up many have a name of their own.
 * Needs the keys in the request line: a form that posts leaves none in an access log.
 * An attacker walks around it with keys in random order below 200 a day from each of many sources.
 */

import { KEY_LINE, paneStart, TAG } from '../../measure/entry.ts';
import { extent } from '../../model/long-lists.ts';
import { DAY, dayOf, HOUR, WEB_PANE } from '../../model/time.ts';
import type { Finding, Scene, SourceDetector, SourceRecord } from '../detector.ts';
import { countDistinct } from '../distinct.ts';
import { estimateDistinct, estimateEvents } from '../estimates.ts';
import type { Touch } from '../touch.ts';
import type { Visit } from '../visit.ts';
import { byDay } from '../windows.ts';

const KEYS = 30;
const BLOCK_SHARE = 0.25;
const NAMES = 8;
const KEYS_DAY = 200;
const KEYS_DAY_IN_ORDER = 60;

interface Walk {
  group: number;
  from: number;
  to: number;
  keys: number;
  blocks: number;
  /** several parameters name the record together: the blocks are names */
  arePairs: boolean;
  /** requests of these days for anything but the page that it asked for most */
  others: number;
}

export const recordEnumeration: SourceDetector = {
  ids: ['election.lookup_enum'],
  evaluate(record, scene) {
    // the first line of every pane that asked for records is a touch
    if (!record.touches.some((t) => t.tag === TAG.keyLine)) return [];
    const walks = walksOf(record, scene);
    if (walks.length === 0) return [];
    const hit = record.touches.filter(
      (t) => t.tag === TAG.keyLine && walks.some((w) => w.group === t.item && t.paneMs >= w.from && t.paneMs <= w.to),
    );
    const numbers = (touches: readonly Touch[]) => numbersOf(record, walks, touches);
    return byDay(hit, scene.dayStartMs).map(([, touches]): Finding => {
      const { least: from, most: to } = extent(touches, (t) => t.paneMs);
      const inOrder = walks.some((w) => w.from <= to && w.to >= from && isInOrder(w));
      return {
        detection: 'election.lookup_enum',
        base: 'medium',
        steps: [],
        outcome: numbers(touches)['records_answered']! > 0 ? 'answered' : 'refused',
        touches,
        numbers,
        thresholds: [
          `${KEYS} different records in 20 minutes, nearly in number order, or in 24 hours ${KEYS_DAY_IN_ORDER} in order or ${KEYS_DAY} in any`,
        ],
        noise: [],
        tailored: [
          !inOrder
            ? 'it asks your site for one record after another'
            : touches.some(isPair)
              ? 'it tries one birth date after another, name by name'
              : 'it walks through your records in number order',
        ],
      };
    });
  },
};

/** Whether several parameters name the record together that a line asked for. */
const isPair = (t: Touch) => (t.flags & KEY_LINE.pair) !== 0;

function walksOf(record: SourceRecord, scene: Scene): Walk[] {
  const groups = new Map<number, Visit[]>();
  for (const v of record.visits) {
    if (v.tag !== TAG.key && v.tag !== TAG.keyRefused && v.tag !== TAG.keyBlock) continue;
    const list = groups.get(v.group);
    if (list === undefined) groups.set(v.group, [v]);
    else list.push(v);
  }
  const walks: Walk[] = [];
  for (const [group, visits] of groups) {
    if (visits.length < KEYS) continue;
    const panes = [...new Set(visits.map((v) => v.pane))].sort((a, b) => a - b);
    for (const pane of panes) {
      for (const [width, reached] of [
        [1, inOrderIn],
        [Math.ceil(DAY / WEB_PANE), manyIn],
        [Math.ceil(DAY / WEB_PANE), slowlyInOrderIn],
      ] as const) {
        const window = visits.filter((v) => v.pane >= pane && v.pane <= pane + width);
        const walk = walkOf(group, window, record, scene);
        if (walk !== null && reached(walk)) walks.push(walk);
      }
    }
  }
  return walks;
}

const isInOrder = (w: Walk) => w.blocks > 0 && w.blocks <= BLOCK_SHARE * w.keys && (!w.arePairs || w.blocks <= NAMES);
const inOrderIn = (w: Walk) => w.keys >= KEYS && isInOrder(w);
const slowlyInOrderIn = (w: Walk) => w.keys >= KEYS_DAY_IN_ORDER && inOrderIn(w);
const manyIn = (w: Walk) => w.keys >= KEYS_DAY && w.others < w.keys;

function walkOf(group: number, window: readonly Visit[], record: SourceRecord, scene: Scene): Walk | null {
  const keys = window.filter((v) => v.tag !== TAG.keyBlock);
  if (keys.length < KEYS) return null;
  const panes = extent(keys, (v) => v.pane);
  return {
    group,
    from: paneStart(panes.least, WEB_PANE),
    to: paneStart(panes.most, WEB_PANE),
    keys: countDistinct(keys, (v) => v.item),
    arePairs: record.touches.some((t) => t.tag === TAG.keyLine && t.item === group && isPair(t)),
    blocks: countDistinct(
      window.filter((v) => v.tag === TAG.keyBlock),
      (v) => v.item,
    ),
    get others() {
      return otherRequests(record, scene, paneStart(panes.least, WEB_PANE), paneStart(panes.most, WEB_PANE));
    },
  };
}

/** Requests for pages and what they load, but for the page that was asked for most, on the days of [from, to]. */
function otherRequests(record: SourceRecord, scene: Scene, from: number, to: number): number {
  const perPath = new Map<number, number>();
  const days = { first: dayOf(from, scene.dayStartMs), last: dayOf(to, scene.dayStartMs) };
  let assets = 0;
  for (const v of record.visits) {
    if (v.tag === TAG.path && within(v, from, to)) perPath.set(v.item, (perPath.get(v.item) ?? 0) + v.count);
    if (v.tag === TAG.asset && v.pane >= days.first && v.pane <= days.last) assets += v.count;
  }
  const counts = [...perPath.values()];
  return assets + counts.reduce((sum, n) => sum + n, 0) - Math.max(0, extent(counts, (n) => n).most);
}

function numbersOf(record: SourceRecord, walks: readonly Walk[], touches: readonly Touch[]): Record<string, number> {
  const groups = new Set(walks.map((w) => w.group));
  const { least: from, most: to } = extent(touches, (t) => t.paneMs);
  const keys = record.visits.filter(
    (v) => (v.tag === TAG.key || v.tag === TAG.keyRefused) && groups.has(v.group) && within(v, from, to),
  );
  const blocks = record.visits.filter((v) => v.tag === TAG.keyBlock && groups.has(v.group) && within(v, from, to));
  const distinctKeys = estimateDistinct(keys, (v) => v.item);
  return {
    requests: estimateEvents(touches),
    distinct_keys: distinctKeys,
    records_answered: estimateDistinct(
      keys.filter((v) => v.tag === TAG.key),
      (v) => v.item,
    ),
    // names are no numbers
    blocks_of_64: touches.some(isPair) ? 0 : estimateDistinct(blocks, (v) => v.item),
    hours: Math.max(1, Math.round((to - from) / HOUR)),
  };
}

function within(v: Visit, from: number, to: number): boolean {
  const at = paneStart(v.pane, WEB_PANE);
  return at >= from && at <= to;
}
