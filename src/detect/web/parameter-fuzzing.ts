/**
 * W12 Parameter fuzzing: one parameter of one page is fed many values with query or shell characters.
 * Evidence: at least 15 distinct values that hold two or more of ' " < > ; | ` $ ( ) { } \ NUL, for one parameter of
 * one page, in two adjacent 10-minute panes (30 values of which half have such characters, restated).
 * A name such as O'Brien holds one. Access logs carry no POST bodies: a form that posts is not seen.
 */

import { TAG } from '../../measure/entry.ts';
import { append } from '../../model/long-lists.ts';
import { WEB_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { hasDistinct } from '../distinct.ts';
import { estimateDistinct, estimateEvents } from '../estimates.ts';
import { statusClassOf, type Touch } from '../touch.ts';
import { inWindows } from '../windows.ts';

const VALUES = 15;

export const parameterFuzzing: SourceDetector = {
  ids: ['W12'],
  evaluate(record) {
    const groups = new Map<number, Touch[]>();
    for (const t of record.touches) {
      if (t.tag !== TAG.oddValue) continue;
      const key = t.sub * 65536 + t.host;
      const list = groups.get(key);
      if (list === undefined) groups.set(key, [t]);
      else list.push(t);
    }
    const hit: Touch[] = [];
    for (const list of groups.values())
      append(
        hit,
        inWindows(list, WEB_PANE, WEB_PANE, (w) => hasDistinct(w, (t) => t.item, VALUES), {
          fewest: VALUES,
          grows: true,
        }),
      );
    if (hit.length === 0) return [];
    const exists = hit.some((t) => statusClassOf(t) === 2 || statusClassOf(t) === 5);
    return [
      {
        detection: 'W12',
        base: 'medium',
        steps: [],
        outcome: 'tried',
        touches: hit,
        numbers: (touches) => ({
          requests: estimateEvents(touches),
          distinct_values: estimateDistinct(touches, (t) => t.item),
          parameters: new Set(touches.map((t) => t.sub)).size,
          server_errors: estimateEvents(touches.filter((t) => statusClassOf(t) === 5)),
        }),
        thresholds: [`${VALUES} different values with query characters for one parameter in 20 minutes`],
        noise: [],
        tailored: exists ? ['the page and its parameter exist on your site'] : [],
      },
    ];
  },
};
