/**
 * election.status_hammer One page asked for without a pause: a script holds on to one dynamic page of a form.
 * Evidence: at least 60 requests in each of ten consecutive minutes, or at least 5,000 in a day, four fifths of them for
 * one page, and hardly any of the files that a browser fetches with a page (Illinois 2016: five requests a second, day
 * and night, on the page that tells the status of an application, also for weeks after it was blocked).
 * Look-alikes: a school or an office behind one address asks for many pages and their files; results pages that refresh
 * themselves are not looked at. Records asked for one after the other are election.lookup_enum.
 * An attacker walks around it with pauses, or by spreading over addresses.
 */
import { paneOf, TAG, WEB } from '../../measure/entry.ts';
import { extent } from '../../model/long-lists.ts';
import { DAY, MINUTE, WEB_PANE } from '../../model/time.ts';
import type { Finding, SourceDetector, SourceRecord } from '../detector.ts';
import { countEvents, estimateEvents } from '../estimates.ts';
import { statusClassOf, type Touch } from '../touch.ts';
import { byDay, either, inWindows } from '../windows.ts';
import { answerNumbers, bySystem, outcomeOf, staticFiles } from './systems.ts';

/** requests in each of so many consecutive minutes */
export const A_MINUTE = 60;
export const MINUTES = 10;
const A_DAY = 5000;
const ONE_PAGE = 0.8;
const STATIC_SHARE = 0.1;

export const statusHammer: SourceDetector = {
  ids: ['election.status_hammer'],
  evaluate(record, scene, earlier) {
    const walked = new Set(
      earlier
        .filter((f) => f.detection === 'election.lookup_enum')
        .flatMap((f) => byDay(f.touches, scene.dayStartMs).map(([day]) => day)),
    );
    return bySystem(record, TAG.page, scene).flatMap(([, all]): Finding[] => {
      const touches = all.filter((t) => (t.flags & WEB.telling) === 0);
      if (countEvents(touches) < A_MINUTE * MINUTES) return [];
      const panes = steadyPanes(record);
      const steady = touches.filter((t) => panes.has(paneOf(t.paneMs, WEB_PANE)));
      const many = inWindows(touches, DAY, WEB_PANE, (w) => countEvents(w) >= A_DAY, { grows: true });
      // what a source does on another day takes nothing back of what it did on this one
      return byDay(either(touches, steady, many), scene.dayStartMs)
        .filter(([day, hit]) => !walked.has(day) && isOnePage(record, hit) && !fetchesFiles(record, hit, day))
        .map(([, hit]) => findingOf(record, hit));
    });
  },
};

function findingOf(record: SourceRecord, hit: readonly Touch[]): Finding {
  return {
    detection: 'election.status_hammer',
    base: 'medium',
    steps: [],
    outcome: outcomeOf(hit),
    touches: hit,
    numbers: (list) => ({ ...answerNumbers(list), minutes: minutesOf(record, list) }),
    thresholds: [
      `${A_MINUTE} requests in each of ${MINUTES} minutes in a row, or ${A_DAY.toLocaleString('en-US')} in a day, for one page`,
    ],
    noise: [],
    tailored: hit.some((t) => statusClassOf(t) !== 4) ? ['the page that it holds on to exists on your site'] : [],
  };
}

/** Panes that hold a part of ten consecutive busy minutes. */
function steadyPanes(record: SourceRecord): Set<number> {
  const counts = new Map<number, number>();
  for (const v of record.visits) if (v.tag === TAG.minute) counts.set(v.item, (counts.get(v.item) ?? 0) + v.count);
  const busy = [...counts].filter(([, n]) => n >= A_MINUTE).map(([minute]) => minute);
  busy.sort((a, b) => a - b);
  const panes = new Set<number>();
  let from = 0;
  for (let i = 1; i <= busy.length; i++) {
    if (i < busy.length && busy[i] === busy[i - 1]! + 1) continue;
    if (i - from >= MINUTES) for (const minute of busy.slice(from, i)) panes.add(paneOf(minute * MINUTE, WEB_PANE));
    from = i;
  }
  return panes;
}

/** Whether most of what a source asked for in the panes of touches was one path. */
function isOnePage(record: SourceRecord, touches: readonly Touch[]): boolean {
  const panes = new Set(touches.map((t) => paneOf(t.paneMs, WEB_PANE)));
  const paths = new Map<number, number>();
  const add = (path: number, n: number) => paths.set(path, (paths.get(path) ?? 0) + n);
  for (const v of record.visits) if (v.tag === TAG.path && panes.has(v.pane)) add(v.item, v.count);
  for (const t of record.touches) if (t.tag === TAG.fail && panes.has(paneOf(t.paneMs, WEB_PANE))) add(t.item, t.count);
  const counts = [...paths.values()];
  return extent(counts, (n) => n).most >= ONE_PAGE * counts.reduce((sum, n) => sum + n, 0);
}

function fetchesFiles(record: SourceRecord, touches: readonly Touch[], day: number): boolean {
  return staticFiles(record, day) > STATIC_SHARE * estimateEvents(touches);
}

/** Minutes with at least one request in the panes of touches. */
function minutesOf(record: SourceRecord, touches: readonly Touch[]): number {
  const panes = new Set(touches.map((t) => paneOf(t.paneMs, WEB_PANE)));
  return new Set(record.visits.filter((v) => v.tag === TAG.minute && panes.has(v.pane)).map((v) => v.item)).size;
}
