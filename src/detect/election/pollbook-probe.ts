/**
 * election.pollbook_probe Strangers at the poll book server: somebody who is no enrolled device asks it for anything, or
 * somebody fails to log in again and again.
 * Evidence: one request from outside the networks that its owner names under clients; or at least five refused log-ins
 * (401, 403) within five minutes, and more than were let in meanwhile. Without clients only the second can be told. Who
 * gets in afterwards is told all the same: that is what guessing ends with.
 * An attacker in an enrolled network is not seen here; certificates stand in no access log.
 */
import { TAG, WEB } from '../../measure/entry.ts';
import { MINUTE, WEB_PANE } from '../../model/time.ts';
import type { Finding, SourceDetector } from '../detector.ts';
import { countEvents, estimateEvents } from '../estimates.ts';
import { statusClassOf, type Touch } from '../touch.ts';
import { byDay, inWindows } from '../windows.ts';
import { answerNumbers, bySystem, isClientOf, outcomeOf } from './systems.ts';

const REFUSED = 5;
const REFUSED_SPAN = 5 * MINUTE;

const isRefused = (t: Touch) => t.sub === 401 || t.sub === 403;
const isLetIn = (t: Touch) => statusClassOf(t) === 2;

export const pollbookProbe: SourceDetector = {
  ids: ['election.pollbook_probe'],
  evaluate(record, scene) {
    return bySystem(record, TAG.page, scene).flatMap(([asset, all]): Finding[] => {
      if (asset.kind !== 'pollbook_sync') return [];
      const touches = all.filter((t) => (t.flags & WEB.telling) !== 0);
      const days = (list: readonly Touch[], find: (list: readonly Touch[]) => Finding) =>
        byDay(list, scene.dayStartMs).map(([, own]) => find(own));
      const isEnrolled = isClientOf(asset, record, scene);
      if (asset.clients.length > 0 && !isEnrolled)
        return days(touches, (list) => findingOf(list, 'medium', 'stranger'));
      const failed = inWindows(touches, REFUSED_SPAN, WEB_PANE, isTurnedAway).filter(isRefused);
      return days(failed, (list) => findingOf(list, isEnrolled ? 'low' : 'medium', 'log-ins'));
    });
  },
};

/** Whether enough log-ins of a window were refused, and more than were let in. */
function isTurnedAway(window: readonly Touch[]): boolean {
  const refused = countEvents(window.filter(isRefused));
  return refused >= REFUSED && refused > countEvents(window.filter(isLetIn));
}

function findingOf(touches: readonly Touch[], level: 'low' | 'medium', what: 'stranger' | 'log-ins'): Finding {
  const isGiven = what === 'stranger' && touches.some(isLetIn);
  return {
    detection: 'election.pollbook_probe',
    base: isGiven ? 'high' : level,
    steps: isGiven ? ['the server answered a computer that is not enrolled: medium to high'] : [],
    outcome: isGiven ? 'answered' : outcomeOf(touches),
    touches,
    numbers: (list) => ({
      ...answerNumbers(list),
      answered: estimateEvents(list.filter(isLetIn)),
      log_ins_refused: estimateEvents(list.filter(isRefused)),
    }),
    thresholds: [
      what === 'stranger'
        ? 'one request from a computer that is not enrolled'
        : `${REFUSED} refused log-ins within five minutes, and fewer that got in`,
    ],
    noise: [],
    tailored: touches.some((t) => t.sub !== 404 && t.sub !== 400)
      ? ['it asks for something that your poll book server has']
      : [],
  };
}
