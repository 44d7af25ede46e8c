/**
 * W02 Failing-ratio probe: hardly anything that a source asks for exists.
 * Evidence, at close: in two adjacent 10-minute panes at least 20 failing requests for at least 10 distinct pages, at
 * least half of the failing requests for a page of its own, and failing pages at least 60 % of all its pages.
 * (After a 404-ratio exercise: unique / failing above 0.5; the share is of distinct pages, so that reloading a page
 * that exists dilutes nothing. BOTSv1: the busiest lawful client asked for 163 pages in all.) Of a crawler, with its old
 * links, more than two thirds.
 */

import { WEB_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { countDistinct } from '../distinct.ts';
import { countEvents } from '../estimates.ts';
import { inWindows } from '../windows.ts';
import { givenPages, isCrawler, pathOf, requestNumbers } from './requests.ts';

const REQUESTS = 20;
const PAGES = 10;
const UNIQUE = 0.5;
const SHARE = 0.6;
const SHARE_CRAWLER = 0.67;

export const failingRatio: SourceDetector = {
  ids: ['W02'],
  evaluate(record, scene) {
    const failed = record.failing;
    if (failed.length < PAGES) return [];
    const share = isCrawler(record, scene) ? SHARE_CRAWLER : SHARE;
    const hit = inWindows(
      failed,
      WEB_PANE,
      WEB_PANE,
      (w) => {
        const requests = countEvents(w);
        if (requests < REQUESTS) return false;
        const pages = countDistinct(w, pathOf);
        if (pages < PAGES || pages < UNIQUE * requests) return false;
        const from = w[0]!.paneMs;
        const ok = givenPages(record, from, from + WEB_PANE, pages / share);
        return pages >= share * (pages + ok);
      },
      { fewest: PAGES },
    );
    if (hit.length === 0) return [];
    return [
      {
        detection: 'W02',
        base: 'medium',
        steps: [],
        outcome: 'refused',
        touches: hit,
        numbers: requestNumbers(scene),
        thresholds: [
          `${REQUESTS} failing requests for ${PAGES} pages in 20 minutes, 60 % of all pages that it asked for`,
        ],
        noise: [],
        tailored: [],
      },
    ];
  },
};
