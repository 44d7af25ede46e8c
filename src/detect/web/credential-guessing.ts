/**
 * W21 Credential guessing: many log-in attempts that fail.
 * Evidence, any of: 6 refused POSTs (401, 403) within two adjacent minutes (CrowdSec http-generic-bf: 6 in 60 s); 20
 * refused requests of any method (basic authentication); 30 POSTs to a log-in page within two minutes that were
 * answered with the page again (200) or with a redirect, and hardly another page asked for (who gets in reads on); 10
 * refused within 24 hours and none that succeeded, and ten more for each that did.
 * A school or office behind one address mistypes and then gets in: refused attempts with a success for every three are
 * people. So is the 401 that every browser and many programs are given before they send the password (basic and digest
 * authentication): the same page is then given to them. Without a form or a name a 401 counts as an attempt only where
 * there are many at once (tokens are guessed like that; monitors and crawlers run into it now and then).
 * What a source does on other days takes nothing back and adds nothing: whether somebody got in is asked of the attempts'
 * own day and the 24 hours after it. The log shows attempts, not names or passwords.
 */
import { LOGIN, paneStart, TAG, WEB } from '../../measure/entry.ts';
import { extent } from '../../model/long-lists.ts';
import { DAY, dayOf, MINUTE, WEB_PANE } from '../../model/time.ts';
import type { Finding, Scene, SourceDetector, SourceRecord } from '../detector.ts';
import { countEvents, estimateEvents } from '../estimates.ts';
import { inOrder, statusClassOf, type Touch } from '../touch.ts';
import { byDay, inWindows } from '../windows.ts';

const POSTS = 6;
const REQUESTS = 20;
const POSTS_UNCLEAR = 30;
const A_DAY = 10;
/** refused attempts per success that people reach */
export const PER_SUCCESS = 3;

const isRefused = (t: Touch) => t.sub === 401 || t.sub === 403;
const isPost = (t: Touch) => (t.flags & WEB.post) !== 0;

/** refusals per page given in a pane up to which a 401 is the challenge that comes before the password */
const CHALLENGES = 1.25;

/** Log-in attempts: those refused, those that got in (a redirect after a POST), and refusals of what tried nothing that the log shows. */
export interface Logins {
  refused: Touch[];
  nameless: Touch[];
  succeeded: Touch[];
  unclear: Touch[];
}

export function logins(record: SourceRecord): Logins {
  const all = record.logins;
  if (all.length === 0) return { refused: [], nameless: [], succeeded: [], unclear: [] };
  const challenged = challengedPanes(record);
  const refused = all.filter((t) => isRefused(t) && !(t.sub === 401 && !isPost(t) && challenged.has(t.paneMs)));
  const isNameless = (t: Touch) => (t.flags & LOGIN.nameless) !== 0;
  return {
    refused: refused.filter((t) => !isNameless(t)),
    nameless: refused.filter(isNameless),
    succeeded: all.filter((t) => statusClassOf(t) === 3),
    unclear: all.filter((t) => statusClassOf(t) === 2 && isPost(t)),
  };
}

/** Panes in which most pages that were refused with 401 were given too. */
function challengedPanes(record: SourceRecord): Set<number> {
  const refused = new Map<number, { count: number; paths: Set<number> }>();
  for (const t of record.touches) {
    if (t.tag !== TAG.fail || t.sub !== 401 || isPost(t)) continue;
    const pane = refused.get(t.paneMs) ?? { count: 0, paths: new Set<number>() };
    pane.count += t.count;
    pane.paths.add(t.item);
    refused.set(t.paneMs, pane);
  }
  const given = new Map<number, number>();
  for (const v of refused.size === 0 ? [] : record.visits) {
    const pane = v.tag === TAG.path ? paneStart(v.pane, WEB_PANE) : -1;
    if (refused.get(pane)?.paths.has(v.item)) given.set(pane, (given.get(pane) ?? 0) + v.count);
  }
  return new Set([...refused].filter(([pane, r]) => r.count <= CHALLENGES * (given.get(pane) ?? 0)).map(([p]) => p));
}

export const credentialGuessing: SourceDetector = {
  ids: ['W21'],
  evaluate(record, scene) {
    if (record.logins.length === 0) return [];
    const all = logins(record);
    const hit = guesses(record, all, scene.dayStartMs);
    const taken = new Set(hit);
    return byDay(hit, scene.dayStartMs).map(([day, touches]) =>
      findingOf(day, touches, all.succeeded, taken, scene.dayStartMs),
    );
  },
};

/** The attempts that are guesses, in time order. */
function guesses(record: SourceRecord, all: Logins, dayStartMs: Scene['dayStartMs']): Touch[] {
  const { refused, nameless, succeeded, unclear } = all;
  const days = eachDay(record, all, dayStartMs);
  const daysIn = (w: readonly Touch[]) => {
    const { least, most } = extent(w, (t) => t.paneMs);
    const from = dayOf(least, dayStartMs);
    return days.filter(({ day }) => day >= from && day <= dayOf(most, dayStartMs));
  };
  const sum = (w: readonly Touch[], of: (d: Day) => number) => daysIn(w).reduce((n, d) => n + of(d), 0);
  const people = (w: readonly Touch[]) => PER_SUCCESS * sum(w, (d) => d.succeeded);
  const areRefused = (w: readonly Touch[], fewest: number) =>
    countEvents(w) >= fewest && sum(w, (d) => d.refused) > people(w);
  const areUnclear = (w: readonly Touch[]) =>
    countEvents(w) >= POSTS_UNCLEAR &&
    sum(w, (d) => d.unclear) > people(w) &&
    sum(w, (d) => d.others) < sum(w, (d) => d.unclear) / 2;
  const areRedirects = (w: readonly Touch[]) =>
    countEvents(w) >= POSTS_UNCLEAR && sum(w, (d) => d.others) < sum(w, (d) => d.succeeded) / 2;
  const areSlow = (w: readonly Touch[]) => countEvents(w) >= A_DAY * (1 + successesAmong(w, succeeded));
  const fast = (list: readonly Touch[], holds: (w: readonly Touch[]) => boolean) =>
    inWindows(list, MINUTE, WEB_PANE, holds);
  const taken = new Set<Touch>([
    ...fast(refused.filter(isPost), (w) => areRefused(w, POSTS)),
    ...fast([...refused, ...nameless], (w) => areRefused(w, REQUESTS)),
    ...inWindows(refused, DAY, WEB_PANE, areSlow),
    ...fast(unclear, areUnclear),
  ]);
  if (taken.size === 0) for (const t of fast(succeeded.filter(isPost), areRedirects)) taken.add(t);
  return record.logins.filter((t) => taken.has(t));
}

/** What a source's log-ins came to on one day, and what else it asked for. */
interface Day {
  day: number;
  refused: number;
  succeeded: number;
  unclear: number;
  /** requests but for those of the page that it asked for most: a person who gets in reads on */
  others: number;
}

function eachDay(record: SourceRecord, all: Logins, dayStartMs: number): Day[] {
  const others = otherRequests(record, dayStartMs);
  const count = (day: number, list: readonly Touch[]) =>
    countEvents(list.filter((t) => dayOf(t.paneMs, dayStartMs) === day));
  return byDay(record.logins, dayStartMs).map(([day]) => ({
    day,
    refused: count(day, all.refused) + count(day, all.nameless),
    succeeded: count(day, all.succeeded),
    unclear: count(day, all.unclear),
    others: others.get(day) ?? 0,
  }));
}

function otherRequests(record: SourceRecord, dayStartMs: number): Map<number, number> {
  const perDay = new Map<number, { all: number; perPath: Map<number, number> }>();
  for (const v of record.visits) {
    if (v.tag !== TAG.path && v.tag !== TAG.asset) continue;
    const day = v.tag === TAG.asset ? v.pane : dayOf(paneStart(v.pane, WEB_PANE), dayStartMs);
    const known = perDay.get(day) ?? { all: 0, perPath: new Map<number, number>() };
    known.all += v.count;
    if (v.tag === TAG.path) known.perPath.set(v.item, (known.perPath.get(v.item) ?? 0) + v.count);
    perDay.set(day, known);
  }
  return new Map(
    [...perDay].map(([day, { all, perPath }]) => [
      day,
      all - Math.max(0, extent([...perPath.values()], (n) => n).most),
    ]),
  );
}

/** How many of the log-ins that got in stand between the first and the last pane of a window. */
function successesAmong(window: readonly Touch[], succeeded: readonly Touch[]): number {
  const { least, most } = extent(window, (t) => t.paneMs);
  return countEvents(succeeded.filter((t) => t.paneMs >= least && t.paneMs <= most));
}

/** The finding of one day: `hit` are the guesses of all days. What got in on that day stands beside them, and its line is shown. */
function findingOf(
  day: number,
  guesses: readonly Touch[],
  succeeded: readonly Touch[],
  hit: ReadonlySet<Touch>,
  dayStartMs: number,
): Finding {
  const { least, most } = extent(guesses, (t) => t.paneMs);
  const accepted = succeeded.filter((t) => !hit.has(t) && t.paneMs >= least && t.paneMs <= most + DAY);
  const isAccepted = accepted.length > 0;
  return {
    detection: 'W21',
    base: isAccepted ? 'high' : 'medium',
    steps: isAccepted ? ['a log-in of this address was answered as one that gets in: medium to high'] : [],
    outcome: isAccepted ? 'answered' : guesses.every(isRefused) ? 'refused' : 'tried',
    touches: inOrder([...guesses, ...accepted.filter((t) => dayOf(t.paneMs, dayStartMs) === day)]),
    numbers: (list) =>
      numbersOf(
        list.filter((t) => hit.has(t)),
        countEvents(accepted),
      ),
    thresholds: thresholdsOf(guesses),
    noise: [],
    tailored: guesses.some((t) => t.sub !== 403) ? ['the log-in page that it works on exists on your site'] : [],
  };
}

function numbersOf(guesses: readonly Touch[], accepted: number): Record<string, number> {
  return {
    requests: estimateEvents(guesses),
    refused: estimateEvents(guesses.filter(isRefused)),
    answered_with_page: estimateEvents(guesses.filter((t) => statusClassOf(t) === 2)),
    redirected: estimateEvents(guesses.filter((t) => statusClassOf(t) === 3)),
    other_logins_redirected: accepted,
    minutes: new Set(guesses.map((t) => t.item)).size,
  };
}

/** The thresholds of the kinds of answers that there were. */
function thresholdsOf(guesses: readonly Touch[]): string[] {
  const thresholds: string[] = [];
  if (guesses.some(isRefused))
    thresholds.push(`${POSTS} refused log-ins within two minutes, or ${A_DAY} in 24 hours with none that succeeded`);
  if (!guesses.every(isRefused))
    thresholds.push(
      `${POSTS_UNCLEAR} log-ins within two minutes that were answered with the page again or a redirect, and hardly another request`,
    );
  return thresholds;
}
