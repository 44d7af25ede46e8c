/**
 * What web detectors share: which requests failed, what counts as an answer, and the numbers that alerts show.
 */
import { TAG, WEB } from '../../measure/entry.ts';
import type { Scene, SourceRecord } from '../detector.ts';
import { estimateDistinct, estimateEvents, statusClassOf, type Touch } from '../record.ts';

/** Statuses that say "there is nothing here for you". */
const FAILING = new Set([400, 403, 404]);

/** Requests for pages (not static assets, not unparsable) that were answered 404, 403 or 400. */
export function failing(record: SourceRecord): Touch[] {
  return record.touches.filter(
    (t) => t.tag === TAG.fail && FAILING.has(t.sub) && (t.flags & (WEB.static | WEB.malformed)) === 0,
  );
}

export const pathOf = (t: Touch) => t.item;
/** path on a host as one value */
export const pagesOf = (t: Touch) => t.item * 65536 + t.host;

/** Whether a rule match was answered with something of its own: 2xx, with a size that is not the host's usual page. */
export function wasAnswered(t: Touch, scene: Scene): boolean {
  return statusClassOf(t) === 2 && t.sub !== 0 && !scene.soft404(t.host).has(t.sub);
}

/** Numbers that every web alert shows. */
export function requestNumbers(scene: Scene): (touches: readonly Touch[]) => Record<string, number> {
  return (touches) => ({
    requests: estimateEvents(touches),
    distinct_paths: estimateDistinct(touches, pagesOf),
    refused: estimateEvents(touches.filter((t) => statusClassOf(t) >= 4)),
    answered: estimateEvents(touches.filter((t) => t.tag >= TAG.rule && wasAnswered(t, scene))),
    server_errors: estimateEvents(touches.filter((t) => statusClassOf(t) === 5)),
  });
}
