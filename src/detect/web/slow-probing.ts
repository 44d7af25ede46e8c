/**
 * W04 Web probing over hours or days: names from the scanners' lists, a few at a time.
 * Evidence: at least 15 distinct failing pages that stand in one of the lists (sensitive files, consoles, content
 * management, known holes, web shells) within 24 hours, of which five of any hour count at most, or at least 5 on each of
 * 3 days, of which two of any hour count at most: three hours are needed either way. A burst is no slow probing, however
 * many pages it asks for and on however many days: W01 to W03 and the lists' own detections tell it.
 * Rate-free: one request an hour is seen. Misses names that stand in no list (W01 needs 11 without a pause).
 */

import { TAG } from '../../measure/entry.ts';
import { DAY, HOUR, WEB_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { countDistinct, hasDistinct } from '../distinct.ts';
import { statusClassOf, type Touch } from '../touch.ts';
import { byDay, inWindows } from '../windows.ts';
import { LISTED, pathOf, requestNumbers } from './requests.ts';

const PAGES = 15;
const PAGES_A_DAY = 5;
const DAYS = 3;
/** of one hour count at most, within 24 hours and on one of several days: three hours at least are needed */
const PAGES_AN_HOUR = 5;
const PAGES_AN_HOUR_OF_DAYS = 2;

export const slowProbing: SourceDetector = {
  ids: ['W04'],
  evaluate(record, scene) {
    if (record.matched.length < PAGES_A_DAY) return [];
    const listed = record.matched.filter(
      (t) => statusClassOf(t) === 4 && LISTED.has(scene.rules[t.tag - TAG.rule]?.detection ?? ''),
    );
    if (listed.length < PAGES_A_DAY) return [];
    const inDay = inWindows(listed, DAY, WEB_PANE, (w) => isSpread(w, PAGES, PAGES_AN_HOUR), {
      fewest: PAGES,
      grows: true,
    });
    const days = byDay(listed, scene.dayStartMs)
      .map(([, list]) => list)
      .filter((list) => isSpread(list, PAGES_A_DAY, PAGES_AN_HOUR_OF_DAYS));
    const taken = new Set<Touch>([...inDay, ...(days.length >= DAYS ? days.flat() : [])]);
    const hit = listed.filter((t) => taken.has(t));
    if (hit.length === 0) return [];
    return [
      {
        detection: 'W04',
        base: 'medium',
        steps: [],
        outcome: 'refused',
        touches: hit,
        numbers: requestNumbers(scene),
        thresholds: [
          `${PAGES} listed pages in 24 hours, of which ${PAGES_AN_HOUR} of any hour count at most, or ${PAGES_A_DAY} a day on ${DAYS} days`,
        ],
        noise: ['it works through names that scanners try on every server'],
        tailored: [],
      },
    ];
  },
};

/** Whether so many different pages stand in a window, of each hour `perHourMost` at most: a burst is not enough. */
function isSpread(window: readonly Touch[], fewest: number, perHourMost: number): boolean {
  if (!hasDistinct(window, pathOf, fewest)) return false;
  const perHour = Map.groupBy(window, (t) => Math.floor(t.paneMs / HOUR));
  let pages = 0;
  for (const list of perHour.values()) pages += Math.min(perHourMost, countDistinct(list, pathOf));
  return pages >= fewest;
}
