/**
 * W03 Wordlist scan: a tool works through a list of names.
 * Evidence: more than 500 failing requests for more than 250 distinct pages in two adjacent 10-minute panes (Elastic),
 * or at least 500 distinct pages in an hour whatever the answer (BOTSv1: a scanner asked for 1,870 in one hour, the
 * busiest lawful client for 163 in all), at least a fifth of them missing: a crawler that finds what it asks for is
 * none, nor is one of whose links a third are alive.
 */

import { HOUR, WEB_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { countDistinct, hasDistinct } from '../distinct.ts';
import { countEvents } from '../estimates.ts';
import { either, inWindows } from '../windows.ts';
import { givenPages, isCrawler, pathOf, requestNumbers } from './requests.ts';

const REQUESTS = 500;
const PAGES = 250;
const PAGES_HOUR = 500;
const MISSING_SHARE = 0.2;
const MISSING_SHARE_CRAWLER = 0.67;

export const wordlistScan: SourceDetector = {
  ids: ['W03'],
  evaluate(record, scene) {
    const failed = record.failing;
    if (failed.length < MISSING_SHARE * PAGES_HOUR) return [];
    const fast = inWindows(
      failed,
      WEB_PANE,
      WEB_PANE,
      (w) => countEvents(w) > REQUESTS && hasDistinct(w, pathOf, PAGES + 1),
      { fewest: PAGES, grows: true },
    );
    const share = isCrawler(record, scene) ? MISSING_SHARE_CRAWLER : MISSING_SHARE;
    const long = inWindows(
      failed,
      HOUR,
      WEB_PANE,
      (w) => {
        const missing = countDistinct(w, pathOf);
        if (missing < MISSING_SHARE * PAGES_HOUR) return false;
        const most = Math.max(PAGES_HOUR, missing / share + 1);
        const pages = missing + givenPages(record, w[0]!.paneMs, w[0]!.paneMs + HOUR, most);
        return pages >= PAGES_HOUR && missing >= share * pages;
      },
      { fewest: MISSING_SHARE * PAGES_HOUR },
    );
    const hit = either(failed, fast, long);
    if (hit.length === 0) return [];
    return [
      {
        detection: 'W03',
        base: 'medium',
        steps: [],
        outcome: 'refused',
        touches: hit,
        numbers: requestNumbers(scene),
        thresholds: [`more than ${PAGES} different missing pages in 20 minutes, or ${PAGES_HOUR} pages in an hour`],
        noise: [],
        tailored: [],
      },
    ];
  },
};
