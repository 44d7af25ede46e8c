/**
 * W01 Web probing: one source asks for many pages that are not there.
 * Evidence: at least 11 distinct pages answered 404, 403 or 400 on one host in one episode (10-minute panes; CrowdSec
 * http-probing: 11 distinct, here without its rate). Static assets and unparsable requests are not pages.
 * Not counted as probing: a source most of whose pages exist (crawlers with old links, people behind one address):
 * missing pages must be at least half as many as the pages it was given. Links that were followed (with a referrer)
 * need three times as many, so that a broken menu is no scan; the referrer is the sender's word, so it never excuses.
 * Of a crawler they must be twice as many.
 */

import { WEB } from '../../measure/entry.ts';
import { append } from '../../model/long-lists.ts';
import { WEB_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { countDistinct } from '../distinct.ts';
import type { Touch } from '../touch.ts';
import { episodes } from '../windows.ts';
import { givenPages, isCrawler, pathOf, requestNumbers } from './requests.ts';

const PAGES = 11;
const PAGES_LINKED = 33;
/** missing pages per page that was given */
const SHARE = 0.5;
const SHARE_CRAWLER = 2;

export const webProbing: SourceDetector = {
  ids: ['W01'],
  evaluate(record, scene) {
    const failed = record.failing;
    if (failed.length < PAGES) return [];
    const hit: Touch[] = [];
    const share = isCrawler(record, scene) ? SHARE_CRAWLER : SHARE;
    const byHost = new Map<number, Touch[]>();
    for (const t of failed) {
      const list = byHost.get(t.host);
      if (list === undefined) byHost.set(t.host, [t]);
      else list.push(t);
    }
    for (const onHost of byHost.values()) {
      if (onHost.length < PAGES) continue;
      for (const episode of episodes(onHost, WEB_PANE)) {
        if (episode.length < PAGES) continue;
        const typed = countDistinct(
          episode.filter((t) => (t.flags & WEB.ownReferrer) === 0),
          pathOf,
        );
        const all = countDistinct(episode, pathOf);
        if (typed < PAGES && all < PAGES_LINKED) continue;
        const from = episode[0]!.paneMs;
        const to = episode[episode.length - 1]!.paneMs;
        if (all < share * givenPages(record, from, to, all / share + 1)) continue;
        append(hit, episode);
      }
    }
    if (hit.length === 0) return [];
    return [
      {
        detection: 'W01',
        base: 'low',
        steps: [],
        outcome: 'refused',
        touches: hit,
        numbers: requestNumbers(scene),
        thresholds: [`${PAGES} different missing pages without a pause of 10 minutes`],
        noise: [],
        tailored: [],
      },
    ];
  },
};
