/**
 * election.protected_record Repeated look-ups of a protected record: somebody asks again and again for records that the
 * office has declared as protected (officials, voters in an address confidentiality programme).
 * Evidence: at least three requests within 24 hours, from one source, for records on the list (Georgia 2024: tries to
 * cancel the registrations of named politicians). The list holds keys or their hashes; what is kept of a look-up is a hash,
 * and no alert says whose record it was.
 * Look-alikes: the person who looks up the own record three times in a day. Needs the key in the request line.
 */
import { TAG } from '../../measure/entry.ts';
import { DAY, WEB_PANE } from '../../model/time.ts';
import type { Finding, SourceDetector } from '../detector.ts';
import { countDistinct } from '../distinct.ts';
import { countEvents, estimateEvents } from '../estimates.ts';
import { statusClassOf, type Touch } from '../touch.ts';
import { byDay, inWindows } from '../windows.ts';
import { answerNumbers, bySystem } from './systems.ts';

const LOOKUPS = 3;
const isGiven = (t: Touch) => statusClassOf(t) === 2 || statusClassOf(t) === 3;

export const protectedRecord: SourceDetector = {
  ids: ['election.protected_record'],
  evaluate(record, scene) {
    return bySystem(record, TAG.protectedRecord, scene).flatMap(([asset, touches]): Finding[] => {
      const hit = inWindows(touches, DAY, WEB_PANE, (w) => countEvents(w) >= LOOKUPS, { grows: true });
      return byDay(hit, scene.dayStartMs).map(
        ([, own]): Finding => ({
          detection: 'election.protected_record',
          base: asset.kind === 'cancellation' ? 'high' : 'medium',
          steps: [],
          outcome: own.some(isGiven) ? 'answered' : 'refused',
          touches: own,
          numbers: (list) => ({
            ...answerNumbers(list),
            protected_records: countDistinct(list, (t) => t.item),
            answered: estimateEvents(list.filter(isGiven)),
          }),
          thresholds: [`${LOOKUPS} requests for protected records in 24 hours`],
          noise: [],
          tailored: ['the records that it asks for are on your list of protected records'],
        }),
      );
    });
  },
};
