/**
 * election.bulk_register, election.bulk_ballot_request, election.bulk_cancel Forms sent in bulk: a script that knows where
 * a form goes sends it again and again, and never opens it.
 * Evidence: at least ten submissions (POST, answered 2xx or 3xx) to a registration, ballot-request or cancellation system
 * within an hour from one source that opens at most as many of its pages, and loads hardly any of the files that a browser
 * loads with a page (Georgia 2024; the video of AA20-304A). Decided when the window is over.
 * Look-alikes: a registration drive or a campus behind one address opens the form for each person and loads its files.
 * The same from several addresses of one network is told by submissions-of-a-network.ts. What was sent stands in no access log.
 */
import { TAG } from '../../measure/entry.ts';
import type { Asset, AssetKind } from '../../model/inventory.ts';
import { dayOf, HOUR, WEB_PANE } from '../../model/time.ts';
import type { Finding, Scene, SourceDetector, SourceRecord } from '../detector.ts';
import { countEvents, estimateEvents } from '../estimates.ts';
import { statusClassOf, type Touch } from '../touch.ts';
import { inWindows } from '../windows.ts';
import { answerNumbers, bySystem, isClientOf, isSent, staticFiles } from './systems.ts';

export const A_HOUR = 10;
const FILES_SHARE = 0.2;

/** Which detection tells of submissions to a system, by its kind. */
export const DETECTION_OF: Readonly<Partial<Record<AssetKind, string>>> = {
  registration: 'election.bulk_register',
  ballot_request: 'election.bulk_ballot_request',
  uocava: 'election.bulk_ballot_request',
  cancellation: 'election.bulk_cancel',
};

/** Submissions that a system took. */
export const isSubmission = (t: Touch) => isSent(t) && (statusClassOf(t) === 2 || statusClassOf(t) === 3);

export const bulkSubmission: SourceDetector = {
  ids: ['election.bulk_register', 'election.bulk_ballot_request', 'election.bulk_cancel'],
  evaluate(record, scene) {
    return bySystem(record, TAG.page, scene).flatMap(([asset, touches]): Finding[] => {
      const detection = DETECTION_OF[asset.kind];
      if (detection === undefined || isClientOf(asset, record, scene)) return [];
      const submissions = touches.filter(isSubmission);
      const hit = inWindows(submissions, HOUR, WEB_PANE, (w) => countEvents(w) >= A_HOUR, { grows: true });
      const days = new Set(hit.map((t) => dayOf(t.paneMs, scene.dayStartMs)));
      const scripted = new Set([...days].filter((day) => !opensForm(touches, day, record, scene)));
      const sent = hit.filter((t) => scripted.has(dayOf(t.paneMs, scene.dayStartMs)));
      return sent.length === 0 ? [] : [submissionFinding(detection, asset, sent, touches)];
    });
  },
};

/** Whether a source behaves like people with a browser on a day. What it does on other days changes nothing of it. */
function opensForm(touches: readonly Touch[], day: number, record: SourceRecord, scene: Scene): boolean {
  const ofDay = touches.filter((t) => dayOf(t.paneMs, scene.dayStartMs) === day);
  const sent = countEvents(ofDay.filter(isSent));
  const opened = countEvents(ofDay.filter((t) => !isSent(t)));
  return opened > sent || staticFiles(record, day) > FILES_SHARE * sent;
}

function submissionFinding(detection: string, asset: Asset, hit: readonly Touch[], all: readonly Touch[]): Finding {
  return {
    detection,
    base: asset.kind === 'cancellation' ? 'high' : 'medium',
    steps: [],
    outcome: 'answered',
    touches: hit,
    numbers: (list) => ({
      ...answerNumbers(list),
      forms_opened: estimateEvents(all.filter((t) => !isSent(t) && list.some((s) => s.paneMs === t.paneMs))),
    }),
    thresholds: [`${A_HOUR} submissions in an hour by somebody who does not open the form`],
    noise: [],
    tailored: ['it sends your form to the place where your form goes'],
  };
}
