/**
 * W21 Credential guessing: many log-in attempts that fail.
 * Evidence, any of: 6 refused POSTs (401, 403) within two adjacent minutes (CrowdSec http-generic-bf: 6 in 60 s); 20
 * refused requests of any method (basic authentication); 30 POSTs to a log-in page within two minutes that were
 * answered with the page again (200) or with a redirect, and hardly another page asked for (who gets in reads on); 10 refused within 24 hours and none that succeeded.
 * A school or office behind one address mistypes and then gets in: refused attempts with a success for every three are
 * people. So is the 401 that every browser and many programs are given before they send the password (basic and digest
 * authentication): the same page is then given to them. The log shows attempts, not names or passwords.
 */
import { paneStart, TAG, WEB } from '../../measure/entry.ts';
import { DAY, MINUTE, WEB_PANE } from '../../model/time.ts';
import type { SourceDetector, SourceRecord } from '../detector.ts';
import { countEvents, estimateEvents, extent, inWindows, statusClassOf, type Touch } from '../record.ts';

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

/** Log-in attempts that were refused, and those that got in (a redirect after a POST). */
export function logins(record: SourceRecord): { refused: Touch[]; succeeded: Touch[]; unclear: Touch[] } {
  const all = record.logins;
  if (all.length === 0) return { refused: [], succeeded: [], unclear: [] };
  const challenged = challengedPanes(record);
  return {
    refused: all.filter((t) => isRefused(t) && !(t.sub === 401 && !isPost(t) && challenged.has(t.paneMs))),
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

/** Whether a source hardly asks for anything but the page that it asks for most: a person who gets in reads on. */
function isSingleMinded(record: SourceRecord, attempts: number): boolean {
  const perPath = new Map<number, number>();
  let all = 0;
  for (const v of record.visits) {
    if (v.tag !== TAG.path && v.tag !== TAG.asset) continue;
    all += v.count;
    if (v.tag === TAG.path) perPath.set(v.item, (perPath.get(v.item) ?? 0) + v.count);
  }
  return all - Math.max(0, extent([...perPath.values()], (n) => n).most) < attempts / 2;
}

export const credentialGuessing: SourceDetector = {
  ids: ['W21'],
  evaluate(record) {
    if (record.logins.length === 0) return [];
    const { refused, succeeded, unclear } = logins(record);
    const people = countEvents(succeeded) * PER_SUCCESS;
    const taken = new Set<Touch>();
    if (countEvents(refused) > people) {
      for (const t of inWindows(refused.filter(isPost), MINUTE, WEB_PANE, (w) => countEvents(w) >= POSTS)) taken.add(t);
      for (const t of inWindows(refused, MINUTE, WEB_PANE, (w) => countEvents(w) >= REQUESTS)) taken.add(t);
      if (succeeded.length === 0)
        for (const t of inWindows(refused, DAY, WEB_PANE, (w) => countEvents(w) >= A_DAY)) taken.add(t);
    }
    if (
      countEvents(unclear) >= POSTS_UNCLEAR &&
      countEvents(unclear) > people &&
      isSingleMinded(record, countEvents(unclear))
    )
      for (const t of inWindows(unclear, MINUTE, WEB_PANE, (w) => countEvents(w) >= POSTS_UNCLEAR)) taken.add(t);
    const redirects = succeeded.filter(isPost);
    if (taken.size === 0 && countEvents(redirects) >= POSTS_UNCLEAR && isSingleMinded(record, countEvents(redirects)))
      for (const t of inWindows(redirects, MINUTE, WEB_PANE, (w) => countEvents(w) >= POSTS_UNCLEAR)) taken.add(t);
    const hit = [...refused, ...unclear, ...redirects].filter((t) => taken.has(t));
    if (hit.length === 0) return [];
    const accepted = countEvents(succeeded.filter((t) => !taken.has(t)));
    return [
      {
        detection: 'W21',
        base: accepted > 0 ? 'high' : 'medium',
        steps: accepted > 0 ? ['a log-in of this address was answered as one that gets in: medium to high'] : [],
        outcome: accepted > 0 ? 'answered' : hit.every(isRefused) ? 'refused' : 'tried',
        touches: hit,
        numbers: (touches) => ({
          requests: estimateEvents(touches),
          refused: estimateEvents(touches.filter(isRefused)),
          answered_with_page: estimateEvents(touches.filter((t) => statusClassOf(t) === 2)),
          redirected: estimateEvents(touches.filter((t) => statusClassOf(t) === 3)),
          other_logins_redirected: accepted,
          minutes: new Set(touches.map((t) => t.item)).size,
        }),
        thresholds: [`${POSTS} refused log-ins within two minutes, or ${A_DAY} in 24 hours with none that succeeded`],
        noise: [],
        tailored: hit.some((t) => t.sub !== 403) ? ['the log-in page that it works on exists on your site'] : [],
      },
    ];
  },
};
