/**
 * W05–W11, W13–W19 and every Sigma rule that is dropped in: what one request can show is a rule, counting is a
 * correlation, and this detector evaluates both for a source.
 * Evidence: matches of the correlation's rules within its timespan, counted as events or as distinct values.
 * A rule that no correlation uses is an alert by itself. Several correlations of one detection are one finding.
 * An answer counts only where the path itself was the probe: a page that was asked with a payload in a parameter
 * answers 200 to everything, which shows nothing. A file outside the web folder (W14) is asked for in either way, and
 * what it holds has a size that no page has which people are given.
 */

import { TAG } from '../../measure/entry.ts';
import { extent } from '../../model/long-lists.ts';
import { type Correlation, LEVELS, type Level, type Rule } from '../../model/rule.ts';
import { PACKET_PANE, WEB_PANE } from '../../model/time.ts';
import type { Finding, Scene, SourceDetector } from '../detector.ts';
import { distinctOf, hasDistinct } from '../distinct.ts';
import { countEvents } from '../estimates.ts';
import { packetNumbers } from '../firewall/packets.ts';
import { inOrder, statusClassOf, type Touch } from '../touch.ts';
import { byDay, inWindows } from '../windows.ts';
import { gaveFile, isOwnPage, LISTED, pagesOf, requestNumbers, requestsIn, wasAnswered } from './requests.ts';

/** What a detection becomes when a listed path gave content (DETECTIONS sev column: C for files, H for the others). */
const ANSWERED: Readonly<Record<string, Level>> = {
  W05: 'critical',
  W06: 'high',
  W07: 'medium',
  W08: 'high',
  W14: 'high',
  W16: 'critical',
};
/** detections whose paths should give nothing to strangers */
const GIVES_NOTHING = new Set(['W05', 'W06', 'W08', 'W16']);
/**
 * A server that is no proxy answers a request for a strange site with its own front page, always of one size: content
 * that was fetched elsewhere has several.
 */
const PROXIED_SIZES = 3;
/** Requests that were all answered with one size: the host answers everything so, as far as they show. */
const ALIKE = 3;
/** Detections that one server error lifts by one level (DETECTIONS W11: 500 or size change). */
const LIFTED_BY_ERROR = new Set(['W11', 'W14', 'W15']);

export const signatures: SourceDetector = {
  ids: ['W05', 'W06', 'W07', 'W08', 'W09', 'W10', 'W11', 'W13', 'W14', 'W15', 'W16', 'W17', 'W18', 'W19'],
  evaluate(record, scene) {
    const matched = record.matched.filter(
      (t) => !(LISTED.has(scene.rules[t.tag - TAG.rule]?.detection ?? '') && isOwnPage(t, scene)),
    );
    if (matched.length === 0) return [];
    const byRule = new Map<number, Touch[]>();
    for (const t of matched) {
      const list = byRule.get(t.tag - TAG.rule);
      if (list === undefined) byRule.set(t.tag - TAG.rule, [t]);
      else list.push(t);
    }
    const hits = new Map<string, Hit>();
    const add = (by: Rule | Correlation, all: readonly Touch[], threshold: string) => {
      const id = by.detection ?? by.id;
      for (const [day, touches] of byDay(all, scene.dayStartMs)) {
        const hit = hits.get(`${id} ${day}`) ?? { id, by, level: by.level, lists: [], thresholds: new Set<string>() };
        if (LEVELS.indexOf(by.level) > LEVELS.indexOf(hit.level)) {
          hit.level = by.level;
          hit.by = by;
        }
        hit.lists.push(touches);
        hit.thresholds.add(threshold);
        hits.set(`${id} ${day}`, hit);
      }
    };
    for (const c of scene.correlations) {
      if (!c.rules.some((r) => byRule.has(r))) continue;
      const touches = matchesOf(c, byRule);
      if (touches.length === 0) continue;
      const hit = evaluateCorrelation(c, touches, scene);
      if (hit.length > 0) add(c, hit, thresholdWords(c));
    }
    for (const [number, touches] of byRule) {
      const rule = scene.rules[number];
      if (rule?.standalone) add(rule, touches, 'one matching request');
    }
    const refused = new Map(hits);
    for (const [id, all] of answersOf(matched, scene)) {
      for (const [day, touches] of byDay(all, scene.dayStartMs)) {
        // what was refused around midnight stands beside what was given on either side of it
        const near = [day, day - 1, day + 1].map((d) => refused.get(`${id} ${d}`)).find((hit) => hit !== undefined);
        if (near !== undefined) for (const threshold of near.thresholds) add(near.by, touches, threshold);
        else {
          // a name that a page of one's own may have tells nothing by itself
          const telling = touches.filter((t) => isTelling(scene.rules[t.tag - TAG.rule]!));
          if (telling.length > 0)
            add(scene.rules[telling[0]!.tag - TAG.rule]!, telling, 'one listed file that was given');
        }
      }
    }
    return [...hits.values()].map((hit) => toFinding(hit, scene));
  },
};

/** What the correlations and rules of one detection found on one day: how grave it is, that day alone says. */
interface Hit {
  readonly id: string;
  /** the gravest of them */
  by: Rule | Correlation;
  level: Level;
  /** touches that each found; the same one may stand in several */
  lists: (readonly Touch[])[];
  thresholds: Set<string>;
}

/**
 * Listed paths that were given, by detection. They stand beside what was refused (a correlation that counts refusals
 * leaves them out), and one sensitive file or well-known back door that was given is enough by itself.
 */
function answersOf(matched: readonly Touch[], scene: Scene): Map<string, Touch[]> {
  const answers = new Map<string, Touch[]>();
  for (const t of matched) {
    const id = scene.rules[t.tag - TAG.rule]?.detection ?? '';
    if (!GIVES_NOTHING.has(id) || !wasAnswered(t, scene)) continue;
    const list = answers.get(id);
    if (list === undefined) answers.set(id, [t]);
    else list.push(t);
  }
  return answers;
}

/** Whether one file of a rule's list that was given is enough by itself: settings, keys, back doors. */
function isTelling({ detection, level }: Rule): boolean {
  return (detection === 'W05' || detection === 'W16') && LEVELS.indexOf(level) >= LEVELS.indexOf('medium');
}

/** The matches of a correlation's rules that have one of its statuses, in time order. */
function matchesOf(c: Correlation, byRule: ReadonlyMap<number, Touch[]>): Touch[] {
  const lists = c.rules.flatMap((r) => byRule.get(r) ?? NO_LIST);
  const touches =
    c.statusClasses.length === 0 ? lists : lists.filter((t) => c.statusClasses.includes(statusClassOf(t)));
  return inOrder(touches);
}

const NO_LIST: Touch[] = [];

function evaluateCorrelation(c: Correlation, touches: Touch[], scene: Scene): readonly Touch[] {
  const pane = scene.packetRules.has(c.rules[0] ?? -1) ? PACKET_PANE : WEB_PANE;
  switch (c.type) {
    case 'event_count':
      return inWindows(touches, c.timespanMs, pane, (w) => countEvents(w) >= c.threshold, { grows: true });
    case 'value_count':
      return inWindows(touches, c.timespanMs, pane, (w) => hasDistinct(w, pagesOf, c.threshold), {
        fewest: c.threshold,
        grows: true,
      });
    case 'temporal':
      return inWindows(touches, c.timespanMs, pane, (w) => c.rules.every((r) => w.some((t) => t.tag === TAG.rule + r)));
    case 'temporal_ordered':
      return inWindows(touches, c.timespanMs, pane, (w) => standInOrder(c.rules, w));
  }
}

/** each rule has a match whose last time is not before the first match of the rule before it, by pane */
function standInOrder(rules: readonly number[], window: readonly Touch[]): boolean {
  let from = Number.NEGATIVE_INFINITY;
  for (const r of rules) {
    const later = window.filter((t) => t.tag === TAG.rule + r && t.paneMs >= from);
    if (later.length === 0) return false;
    from = extent(later, (t) => t.paneMs).least;
  }
  return true;
}

function thresholdWords(c: Correlation): string {
  const hours = c.timespanMs / 3_600_000;
  const span =
    hours >= 48
      ? `${Math.round(hours / 24)} days`
      : hours >= 1
        ? hours < 1.5
          ? 'an hour'
          : `${Math.round(hours)} hours`
        : `${Math.round(c.timespanMs / 60_000)} minutes`;
  const what = c.type === 'value_count' ? 'different' : 'matching';
  return c.threshold === 1 ? 'one matching request' : `${c.threshold} ${what} requests in ${span}`;
}

/**
 * Whether files outside the web folder were given: an answer of its own, from a host that does not answer everything of the
 * kind alike. One whose every answer is a page of one size shows as little as one that heeds none of it.
 */
function gaveFiles(touches: readonly Touch[], scene: Scene): boolean {
  const given = touches.filter((t) => gaveFile(t, scene));
  return distinctOf(given, (t) => t.host).some((host) => {
    const there = touches.filter((t) => t.host === host);
    const isAlike = there.every((t) => statusClassOf(t) === 2 && t.sub === there[0]!.sub);
    return !isAlike || requestsIn(there, scene) < ALIKE;
  });
}

function toFinding({ id, by, level, lists, thresholds }: Hit, scene: Scene): Finding {
  const touches = inOrder(lists.length === 1 ? lists[0]! : [...new Set(lists.flat())]);
  const steps: string[] = [];
  let base = level;
  const rules = distinctOf(touches, (t) => t.tag - TAG.rule);
  const packets = rules.every((r) => scene.packetRules.has(r));
  const byPath = !packets && rules.every((r) => scene.rules[r]?.item !== 'target');
  const lifted = ANSWERED[id];
  // only where the path itself is the probe, or a file that it names, does an answer say something
  const answered =
    id === 'W14'
      ? gaveFiles(touches, scene)
      : lifted !== undefined && byPath && touches.some((t) => wasAnswered(t, scene));
  if (answered && lifted !== undefined && LEVELS.indexOf(lifted) > LEVELS.indexOf(base)) {
    const what = byPath ? 'a probed path' : 'a file outside the web folder';
    steps.push(`the server gave content for ${what}, not its usual error page: ${base} to ${lifted}`);
    base = lifted;
  }
  const proxied = id === 'W17' && new Set(touches.filter((t) => wasAnswered(t, scene)).map((t) => t.sub)).size;
  if (proxied !== false && proxied >= PROXIED_SIZES) {
    steps.push(`the server gave ${proxied} pages of different sizes for addresses of other sites: ${base} to high`);
    base = 'high';
  }
  if (LIFTED_BY_ERROR.has(id) && touches.some((t) => statusClassOf(t) === 5) && base === 'medium') {
    steps.push('the server failed (5xx) on such a request: medium to high');
    base = 'high';
  }
  const refused = touches.every((t) => statusClassOf(t) >= 3 || statusClassOf(t) === 0);
  const onOwnPages = !byPath && !packets && touches.some((t) => statusClassOf(t) === 2 || statusClassOf(t) === 5);
  return {
    detection: id,
    rule: by,
    base,
    steps,
    outcome: answered || (base === 'high' && id === 'W17') ? 'answered' : refused ? 'refused' : 'tried',
    touches,
    numbers: packets ? packetNumbers : requestNumbers(scene),
    thresholds: [...thresholds],
    noise:
      LISTED.has(id) || id === 'W09' || id === 'W17' || id === 'W18' || id === 'W19'
        ? ['scanners send this to every web server']
        : [],
    tailored:
      onOwnPages && (id === 'W11' || id === 'W13' || id === 'W14')
        ? ['the text was put into a page that exists on your site']
        : [],
  };
}
