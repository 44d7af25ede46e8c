/**
 * What web detectors share: which requests failed, what counts as an answer, and the numbers that alerts show.
 */
import { paneOf, TAG, WEB } from '../../measure/entry.ts';
import { LABEL } from '../../measure/observe-requests.ts';
import { WEB_PANE } from '../../model/time.ts';
import type { Scene, SourceRecord } from '../detector.ts';
import { countDistinct } from '../distinct.ts';
import { estimateDistinct, estimateEvents } from '../estimates.ts';
import type { RequestReading } from '../exhibit.ts';
import { statusClassOf, type Touch } from '../touch.ts';

/** Detections whose rules are lists of paths: there an answer says something. */
export const LISTED: ReadonlySet<string> = new Set(['W05', 'W06', 'W07', 'W08', 'W16']);

/** Statuses that say "there is nothing here for you", also of a server that limits rates (429) or hangs up (nginx: 444). */
const FAILING = new Set([400, 403, 404, 405, 410, 429, 444]);

/** Whether a request for a page (no static asset, not unparsable) was answered 404, 403, 400 or the like. */
export function isFailing(t: Touch): boolean {
  return t.tag === TAG.fail && FAILING.has(t.sub) && (t.flags & (WEB.static | WEB.malformed)) === 0;
}

export const pathOf = (t: Touch) => t.item;
/** path on a host as one value */
export const pagesOf = (t: Touch) => t.item * 65536 + t.host;

/**
 * Whether a rule match was answered with something of its own: 2xx, with a size that is not the host's usual page, and
 * no page that the site itself uses. Where no usual page is known (a host that never answered 404), nothing can be told.
 */
export function wasAnswered(t: Touch, scene: Scene): boolean {
  if (statusClassOf(t) !== 2 || t.sub === 0 || !scene.knowsUsual(t.host)) return false;
  return !scene.isUsualSize(t.host, t.sub) && !isOwnPage(t, scene);
}

/**
 * Whether a request for a file outside the web folder (W14) was answered with something of its own: as `wasAnswered` says,
 * and with nothing as large as a page that people are given, for a page that does not heed the text gives what it always gives.
 */
export function gaveFile(t: Touch, scene: Scene): boolean {
  return wasAnswered(t, scene) && !scene.isPageSize(t.host, t.sub);
}

/** Whether a rule match was given content for what it probed. */
function isGiven(t: Touch, scene: Scene): boolean {
  const id = scene.rules[t.tag - TAG.rule]?.detection ?? '';
  return id === 'W14' ? gaveFile(t, scene) : LISTED.has(id) && wasAnswered(t, scene);
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
function countRequests(kinds: readonly (readonly Touch[])[]): number {
  return estimateEvents(mostRequests(kinds));
}

/** One touch for each request, of the kind that counts most. */
function mostRequests(kinds: readonly (readonly Touch[])[]): readonly Touch[] {
  let most: readonly Touch[] = [];
  for (const list of kinds) {
    const once = oncePerRequest(list);
    if (estimateEvents(once) > estimateEvents(most)) most = once;
  }
  return most;
}

/** How the touches of a finding about requests are read, so that its lines and answers agree with its numbers. */
export function requestReading(scene: Scene): RequestReading {
  return {
    requests: (touches) => mostRequests(byKind(touches, scene)),
    // of log-ins a redirect is what those get who get in
    isGiven: (t) => (t.tag === TAG.login && statusClassOf(t) === 3) || (t.tag >= TAG.rule && isGiven(t, scene)),
  };
}

/** How many requests touches stand for, whatever number of rules found each. */
export function requestsIn(touches: readonly Touch[], scene: Scene): number {
  return countRequests(byKind(touches, scene));
}

/** Of touches that differ in nothing but their tag the one that counts most. */
function oncePerRequest(list: readonly Touch[]): readonly Touch[] {
  // touches of one tag differ by themselves
  if (list.every((t) => t.tag === list[0]!.tag)) return list;
  const once = new Map<number, Touch[]>();
  for (const t of list) {
    const near = once.get(pagesOf(t));
    if (near === undefined) {
      once.set(pagesOf(t), [t]);
      continue;
    }
    const at = near.findIndex((k) => k.paneMs === t.paneMs && k.sub === t.sub && k.flags === t.flags);
    if (at < 0) near.push(t);
    else if (t.count > near[at]!.count) near[at] = t;
  }
  return [...once.values()].flat();
}

/** The touches by what their item is: a target, a user agent, or a path. */
function byKind(touches: readonly Touch[], scene: Scene): Touch[][] {
  const kinds: Touch[][] = [];
  const order: string[] = [];
  for (const t of touches) {
    const item = t.tag >= TAG.rule ? scene.rules[t.tag - TAG.rule]?.item : 'path';
    const kind = item === 'target' || item === 'user_agent' ? item : 'path';
    const at = order.indexOf(kind);
    if (at >= 0) kinds[at]!.push(t);
    else {
      order.push(kind);
      kinds.push([t]);
    }
  }
  return kinds;
}

/** Numbers that every web alert shows. */
export function requestNumbers(scene: Scene): (touches: readonly Touch[]) => Record<string, number> {
  const known = numbersOf.get(scene);
  if (known !== undefined) return known;
  const numbers = (touches: readonly Touch[]) => {
    const kinds = byKind(touches, scene);
    const of = (is: (t: Touch) => boolean) => countRequests(kinds.map((list) => list.filter(is)));
    let distinctPaths = 0;
    for (const list of kinds) distinctPaths = Math.max(distinctPaths, estimateDistinct(list, pagesOf));
    return {
      requests: countRequests(kinds),
      distinct_paths: distinctPaths,
      refused: of((t) => statusClassOf(t) >= 4),
      answered: of((t) => t.tag >= TAG.rule && wasAnswered(t, scene)),
      server_errors: of((t) => statusClassOf(t) === 5),
    };
  };
  numbersOf.set(scene, numbers);
  return numbers;
}

/** One function per scene, so that whoever holds two findings sees that they count alike. */
const numbersOf = new WeakMap<Scene, (touches: readonly Touch[]) => Record<string, number>>();

/**
 * How many different pages a source was given between two panes (first instants, both included); counting stops at
 * `enough`.
 */
export function givenPages(record: SourceRecord, fromMs: number, toMs: number, enough: number): number {
  const panes: (readonly number[])[] = [];
  for (let pane = paneOf(fromMs, WEB_PANE); pane <= paneOf(toMs, WEB_PANE); pane++) {
    const list = record.pages.get(pane);
    if (list === undefined) continue;
    if (list.length >= enough) return list.length;
    panes.push(list);
  }
  return panes.length < 2 ? (panes[0]?.length ?? 0) : countDistinct(panes.flat(), (page) => page);
}

/**
 * Whether a source says that it is a crawler and asked for nothing that scanners look for. A crawler's index is older than
 * a site that was built anew, so that of the links that it knows two of three may be dead. Anybody can write that name:
 * whoever hides behind it must ask for a real page for every two others, and for none that stands in a list.
 */
export function isCrawler(record: SourceRecord, { rules }: Scene): boolean {
  return (
    record.visits.some((v) => v.tag === TAG.agentClass && v.item === LABEL.crawler) &&
    !record.matched.some((t) => LISTED.has(rules[t.tag - TAG.rule]?.detection ?? ''))
  );
}
