/**
 * election.form_injection Attack text in a field of a form: SQL, scripts or commands put into a declared system's form.
 * Evidence: on systems with voters' data one request, elsewhere three within 24 hours, in which a rule found an attack
 * (W10, W11, W13, W15) in a field that the owner names, or in any field of a page that exists (it did not answer 404, 403
 * or the like). A walk over all fields is one alert, which says how many (Illinois 2016; SSCI State 10: six or seven
 * tries on one field, and 1,500 on all of them).
 * Needs the fields in the request line: what a form posts stands in no access log. An attack without any character of a
 * query or script language is told, but not in which field it stood.
 */
import { FIELD, TAG } from '../../measure/entry.ts';
import { DAY, WEB_PANE } from '../../model/time.ts';
import type { Finding, Scene, SourceDetector, SourceRecord } from '../detector.ts';
import { countEvents } from '../estimates.ts';
import { inOrder, statusClassOf, type Touch } from '../touch.ts';
import { byDay, inWindows } from '../windows.ts';
import { answerNumbers, bySystem, outcomeOf } from './systems.ts';

const TRIES = 3;
const TRIES_ON_VOTERS = 1;

/** Detections whose rules find text that attacks whoever reads a field: scanner artefacts, SQL, scripts, commands. */
export const ATTACKS: ReadonlySet<string> = new Set(['W10', 'W11', 'W13', 'W15']);

const isRequest = (t: Touch) => (t.flags & FIELD.beside) === 0;
const isDeclared = (t: Touch) => (t.flags & FIELD.declared) !== 0;
const isOfForm = (t: Touch) => isDeclared(t) || statusClassOf(t) !== 4;

export const formInjection: SourceDetector = {
  ids: ['election.form_injection'],
  evaluate(record, scene) {
    return bySystem(record, TAG.field, scene).flatMap(([asset, all]): Finding[] => {
      const touches = all.filter(isOfForm);
      const isOfVoters = asset.sensitivity === 'voter';
      const tries = isOfVoters ? TRIES_ON_VOTERS : TRIES;
      const hit = inWindows(touches, DAY, WEB_PANE, (w) => countEvents(w.filter(isRequest)) >= tries, { grows: true });
      const fields = (list: readonly Touch[]) => list.filter((t) => t.tag === TAG.field);
      return byDay(hit, scene.dayStartMs).map(
        ([, own]): Finding => ({
          detection: 'election.form_injection',
          base: isOfVoters ? 'high' : 'medium',
          steps: [],
          outcome: outcomeOf(own),
          touches: inOrder([...own, ...matchesOf(own, record, scene)]),
          numbers: (list) => ({
            ...answerNumbers(fields(list).filter(isRequest)),
            fields: new Set(fields(list).flatMap((t) => (t.item === 0 ? [] : [t.item]))).size,
          }),
          thresholds: [
            tries === 1 ? 'one request with attack text in a field' : `${tries} requests with attack text in a field`,
          ],
          noise: [],
          tailored: own.some(isDeclared)
            ? ['the text was put into a field that your form has']
            : ['the text was put into a page that exists on your site'],
        }),
      );
    });
  },
};

/** What the rules found in the same requests: an alert shows these lines, and other detections need not tell them again. */
function matchesOf(hit: readonly Touch[], record: SourceRecord, scene: Scene): Touch[] {
  const name = (t: Touch) => `${t.host}/${t.paneMs}/${statusClassOf(t)}`;
  const names = new Set(hit.map(name));
  return record.matched.filter(
    (t) => ATTACKS.has(scene.rules[t.tag - TAG.rule]?.detection ?? '') && names.has(name(t)),
  );
}
