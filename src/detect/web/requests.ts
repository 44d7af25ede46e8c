/**
 * What web detectors share: which requests failed, what counts as an answer, and the numbers that alerts show.
 */
import { paneOf, TAG, WEB } from '../../measure/entry.ts';
import { WEB_PANE } from '../../model/time.ts';
import type { Scene, SourceRecord } from '../detector.ts';
import { estimateDistinct, estimateEvents, statusClassOf, type Touch } from '../record.ts';

/** Statuses that say "there is nothing here for you", also of a server that limits rates (429) or hangs up (nginx: 444). */
const FAILING = new Set([400, 403, 404, 405, 410, 429, 444]);

/** Requests for pages (not static assets, not unparsable) that were answered 404, 403 or 400. */
export function failing(record: SourceRecord): Touch[] {
  return record.touches.filter(
    (t) => t.tag === TAG.fail && FAILING.has(t.sub) && (t.flags & (WEB.static | WEB.malformed)) === 0,
  );
}

export const pathOf = (t: Touch) => t.item;
/** path on a host as one value */
export const pagesOf = (t: Touch) => t.item * 65536 + t.host;

/**
 * Whether a rule match was answered with something of its own: 2xx, with a size that is not the host's usual page, and
 * no page that the site itself uses. Where no usual page is known (a host that never answered 404), nothing can be told.
 */
export function wasAnswered(t: Touch, scene: Scene): boolean {
  const usual = scene.soft404(t.host);
  return statusClassOf(t) === 2 && t.sub !== 0 && usual.size > 0 && !usual.has(t.sub) && !isOwnPage(t, scene);
}

/** Whether a rule match was given a page that the site itself uses. */
export function isOwnPage(t: Touch, scene: Scene): boolean {
  const statusClass = statusClassOf(t);
  return (statusClass === 2 || statusClass === 3) && scene.isOwnPage(t.host, t.item);
}

/**
 * How many requests touches stand for. A request that matched two rules has two touches: those of one path (or target)
 * in one pane count once, and of the kinds of items the one that counts most, so that this is never too many.
 */
function countRequests(touches: readonly Touch[], scene: Scene): number {
  return largest(touches, scene, (list) => {
    const once = new Map<string, Touch>();
    for (const t of list) {
      const name = `${t.paneMs} ${t.item} ${t.host} ${t.sub} ${t.flags}`;
      const known = once.get(name);
      if (known === undefined || t.count > known.count) once.set(name, t);
    }
    return estimateEvents([...once.values()]);
  });
}

function largest(touches: readonly Touch[], scene: Scene, count: (list: readonly Touch[]) => number): number {
  const kinds = new Map<string, Touch[]>();
  for (const t of touches) {
    const item = t.tag >= TAG.rule ? scene.rules[t.tag - TAG.rule]?.item : 'path';
    const kind = item === 'target' || item === 'user_agent' ? item : 'path';
    const list = kinds.get(kind);
    if (list === undefined) kinds.set(kind, [t]);
    else list.push(t);
  }
  return Math.max(0, ...[...kinds.values()].map(count));
}

/** Numbers that every web alert shows. */
export function requestNumbers(scene: Scene): (touches: readonly Touch[]) => Record<string, number> {
  return (touches) => ({
    requests: countRequests(touches, scene),
    distinct_paths: largest(touches, scene, (list) => estimateDistinct(list, pagesOf)),
    refused: countRequests(
      touches.filter((t) => statusClassOf(t) >= 4),
      scene,
    ),
    answered: countRequests(
      touches.filter((t) => t.tag >= TAG.rule && wasAnswered(t, scene)),
      scene,
    ),
    server_errors: countRequests(
      touches.filter((t) => statusClassOf(t) === 5),
      scene,
    ),
  });
}

/**
 * How many different pages a source was given between two panes (first instants, both included). The pages are sorted by
 * pane once, when the first window asks.
 */
export function givenPages(record: SourceRecord): (fromMs: number, toMs: number) => number {
  let byPane: Map<number, number[]> | null = null;
  return (fromMs, toMs) => {
    if (byPane === null) {
      byPane = new Map();
      for (const v of record.visits) {
        if (v.tag !== TAG.path) continue;
        const list = byPane.get(v.pane);
        if (list === undefined) byPane.set(v.pane, [v.item]);
        else list.push(v.item);
      }
    }
    const pages = new Set<number>();
    for (let pane = paneOf(fromMs, WEB_PANE); pane <= paneOf(toMs, WEB_PANE); pane++)
      for (const item of byPane.get(pane) ?? []) pages.add(item);
    return pages.size;
  };
}
