/**
 * election.results_probe Probing of the system that shows results: scanner names, admin pages, attempts to write.
 * Evidence: while results are shown (the calendar's results window) one request that a rule finds, or that would change
 * something (POST, PUT, PATCH, DELETE); at other times five within 24 hours (SSCI State 6: the results site was scanned;
 * Arizona 2025: pictures on a results page were replaced). One page for programs or staff that is asked for again and
 * again counts once: monitors and old apps do that.
 * Not counted: pages that the site itself uses, computers that the owner names under clients, and private addresses where
 * no clients are named. Whoever publishes results from elsewhere must be named there.
 */
import { TAG, WEB } from '../../measure/entry.ts';
import { isResultsTime } from '../../model/election-window.ts';
import { DAY, WEB_PANE } from '../../model/time.ts';
import type { Finding, Scene, SourceDetector, SourceRecord } from '../detector.ts';
import { countDistinct } from '../distinct.ts';
import { inOrder, statusClassOf, type Touch } from '../touch.ts';
import { isOwnPage, LISTED, pathOf, requestNumbers, requestsIn, wasAnswered } from '../web/requests.ts';
import { byDay, either, inWindows } from '../windows.ts';
import { isClientOf } from './systems.ts';

const AT_OTHER_TIMES = 5;

/** a request that would change something, or for a page of programs or staff */
const isWrite = (t: Touch) => t.tag === TAG.page && (t.flags & WEB.telling) !== 0;
const rule = (t: Touch, scene: Scene) => scene.rules[t.tag - TAG.rule]?.detection ?? '';

export const resultsProbe: SourceDetector = {
  ids: ['election.results_probe'],
  evaluate(record, scene) {
    if (record.matched.length === 0 && !record.touches.some(isWrite)) return [];
    return scene.assets
      .filter(({ kind }) => kind === 'results_enr')
      .flatMap((asset): Finding[] => {
        const isOurs = asset.clients.length > 0 ? isClientOf(asset, record, scene) : record.isPrivate;
        if (isOurs) return [];
        const touches = probesOf(record, asset.number, scene);
        const urgent = touches.filter((t) => isResultsTime(scene.calendar, t.firstMs, t.lastMs));
        const many = inWindows(touches, DAY, WEB_PANE, (w) => weightOf(w, scene) >= AT_OTHER_TIMES, { grows: true });
        return byDay(either(touches, urgent, many), scene.dayStartMs).map(([, hit]) => findingOf(hit, scene));
      });
  },
};

function probesOf(record: SourceRecord, asset: number, scene: Scene): Touch[] {
  const matched = record.matched.filter(
    (t) =>
      t.host === asset &&
      !scene.packetRules.has(t.tag - TAG.rule) &&
      !(LISTED.has(rule(t, scene)) && isOwnPage(t, scene)),
  );
  // what a rule found is counted there
  const found = new Set(matched.map((t) => t.lineHash));
  return inOrder([
    ...matched,
    ...record.touches.filter((t) => isWrite(t) && t.host === asset && !found.has(t.lineHash)),
  ]);
}

/** What a window holds: requests that a rule found or that would change something, and pages that were only asked for. */
function weightOf(window: readonly Touch[], scene: Scene): number {
  const isAsked = (t: Touch) => isWrite(t) && (t.flags & WEB.post) === 0;
  return (
    requestsIn(
      window.filter((t) => !isAsked(t)),
      scene,
    ) + countDistinct(window.filter(isAsked), pathOf)
  );
}

function findingOf(hit: readonly Touch[], scene: Scene): Finding {
  const written = hit.some((t) => isWrite(t) && statusClassOf(t) === 2);
  const given = hit.some((t) => t.tag >= TAG.rule && LISTED.has(rule(t, scene)) && wasAnswered(t, scene));
  const isListOnly = hit.every((t) => t.tag >= TAG.rule && LISTED.has(rule(t, scene)));
  return {
    detection: 'election.results_probe',
    base: isListOnly && !given ? 'low' : 'medium',
    steps: [],
    outcome: given
      ? 'answered'
      : hit.every((t) => statusClassOf(t) >= 3 || statusClassOf(t) === 0)
        ? 'refused'
        : 'tried',
    touches: hit,
    numbers: requestNumbers(scene),
    thresholds: [
      `one such request while results are shown, ${AT_OTHER_TIMES} in 24 hours at other times (which may touch two days: the numbers here are those of one)`,
    ],
    noise: isListOnly ? ['scanners send this to every web server'] : [],
    tailored: written ? ['something was sent to a page of your results that took it'] : [],
  };
}
