/**
 * W21 Credential guessing: many log-in attempts that fail.
 * Evidence, any of: 6 refused POSTs (401, 403) within two adjacent minutes (CrowdSec http-generic-bf: 6 in 60 s); 20
 * refused requests of any method (basic authentication); 30 POSTs to a log-in page that were answered with the page
 * again (200), none with a redirect; 10 refused within 24 hours and none that succeeded.
 * A school or office behind one address mistypes and then gets in: refused attempts with a success for every three are
 * people. The log shows attempts, not names or passwords.
 */
import { TAG, WEB } from '../../measure/entry.ts';
import { DAY, MINUTE, WEB_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { countEvents, estimateEvents, inWindows, statusClassOf, type Touch } from '../record.ts';

const POSTS = 6;
const REQUESTS = 20;
const POSTS_UNCLEAR = 30;
const A_DAY = 10;
/** refused attempts per success that people reach */
const PER_SUCCESS = 3;

const isRefused = (t: Touch) => t.sub === 401 || t.sub === 403;
const isPost = (t: Touch) => (t.flags & WEB.post) !== 0;

/** Log-in attempts that were refused, and those that got in (a redirect after a POST). */
export function logins(touches: readonly Touch[]): { refused: Touch[]; succeeded: Touch[]; unclear: Touch[] } {
  const all = touches.filter((t) => t.tag === TAG.login);
  return {
    refused: all.filter(isRefused),
    succeeded: all.filter((t) => statusClassOf(t) === 3),
    unclear: all.filter((t) => statusClassOf(t) === 2 && isPost(t)),
  };
}

export const credentialGuessing: SourceDetector = {
  ids: ['W21'],
  evaluate(record) {
    const { refused, succeeded, unclear } = logins(record.touches);
    const people = countEvents(succeeded) * PER_SUCCESS;
    const taken = new Set<Touch>();
    if (countEvents(refused) > people) {
      for (const t of inWindows(refused.filter(isPost), MINUTE, WEB_PANE, (w) => countEvents(w) >= POSTS)) taken.add(t);
      for (const t of inWindows(refused, MINUTE, WEB_PANE, (w) => countEvents(w) >= REQUESTS)) taken.add(t);
      if (succeeded.length === 0)
        for (const t of inWindows(refused, DAY, WEB_PANE, (w) => countEvents(w) >= A_DAY)) taken.add(t);
    }
    if (succeeded.length === 0)
      for (const t of inWindows(unclear, MINUTE, WEB_PANE, (w) => countEvents(w) >= POSTS_UNCLEAR)) taken.add(t);
    const hit = [...refused, ...unclear].filter((t) => taken.has(t));
    if (hit.length === 0) return [];
    return [
      {
        detection: 'W21',
        base: 'medium',
        steps: [],
        outcome: 'refused',
        touches: hit,
        numbers: (touches) => ({
          requests: estimateEvents(touches),
          refused: estimateEvents(touches.filter(isRefused)),
          answered_with_page: estimateEvents(touches.filter((t) => !isRefused(t))),
          minutes: new Set(touches.map((t) => t.item)).size,
        }),
        thresholds: [`${POSTS} refused log-ins within two minutes, or ${A_DAY} in 24 hours with none that succeeded`],
        noise: [],
        tailored: ['the log-in page that it works on exists on your site'],
      },
    ];
  },
};
