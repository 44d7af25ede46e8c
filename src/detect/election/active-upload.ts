/**
 * election.upload_active Active content sent to an upload: a file that a server would run, sent under the name of a
 * picture or a document, or with PUT.
 * Evidence: one such request (rules active-upload and, where the query names the file, active-upload-query); whether the server took it (2xx or 3xx); and whether the stored file
 * was then fetched, by this source or another, in a pane at or after it (Arizona 2025: a picture that was a script; AA20-304A:
 * web shells). The same path is asked for, with an answer that is not the site's usual "not found" page.
 * What stands in the body of an upload is in no access log: a script under the name of a picture alone is not seen.
 */
import { paneStart, TAG, WEB } from '../../measure/entry.ts';
import { WEB_PANE } from '../../model/time.ts';
import type { Finding, Scene, SourceDetector, SourceRecord } from '../detector.ts';
import { estimateEvents } from '../estimates.ts';
import { inOrder, statusClassOf, type Touch } from '../touch.ts';
import { pagesOf } from '../web/requests.ts';
import { answerNumbers } from './systems.ts';

const SENT = 'active-upload';
const SENT_IN_QUERY = 'active-upload-query';
const FETCHED = 'uploaded-script';

const isTaken = (t: Touch) => statusClassOf(t) === 2 || statusClassOf(t) === 3;

export const activeUpload: SourceDetector = {
  ids: ['election.upload_active'],
  evaluate(record, scene) {
    const byPath = tagOf(SENT, scene);
    const inQuery = tagOf(SENT_IN_QUERY, scene);
    const isSent = ({ tag }: Touch) => tag === byPath || tag === inQuery;
    const sent = record.matched.filter(isSent);
    if (sent.length === 0) return [];
    // where a query names the file, the path is that of the form
    const stored = sent.filter((t) => t.tag === byPath);
    const fetched = fetchesOf(stored, record, scene);
    const own = new Set(record.matched);
    const byOthers = new Set(fetched.filter((t) => !own.has(t)));
    const isFetched = fetched.length > 0 || givenLater(stored, record) > 0;
    const base = sent.some(isTaken) ? (isFetched ? 'critical' : 'high') : 'medium';
    const finding: Finding = {
      detection: 'election.upload_active',
      base,
      steps: stepsOf(sent.some(isTaken), isFetched),
      outcome: sent.some(isTaken) && isFetched ? 'answered' : sent.some(isTaken) ? 'tried' : 'refused',
      touches: inOrder([...sent, ...fetched]),
      numbers: (list) => ({
        ...answerNumbers(list.filter(isSent)),
        uploads_taken: estimateEvents(list.filter((t) => isSent(t) && isTaken(t))),
        fetches:
          estimateEvents(list.filter((t) => !isSent(t))) +
          givenLater(
            list.filter((t) => t.tag === byPath),
            record,
          ),
        fetches_by_others: estimateEvents(list.filter((t) => byOthers.has(t))),
      }),
      thresholds: ['one such file sent to the server'],
      noise: [],
      tailored: sent.some(isTaken) ? ['your site took what was sent to it'] : [],
    };
    return [finding];
  },
};

function tagOf(name: string, scene: Scene): number {
  const rule = scene.rules.find((r) => r.name === name && r.origin === 'builtin');
  return rule === undefined ? -1 : TAG.rule + rule.number;
}

function stepsOf(isTaken: boolean, isFetched: boolean): string[] {
  if (!isTaken) return [];
  const taken = 'the server took what was sent: medium to high';
  return isFetched ? [taken, 'the stored file was then fetched: high to critical'] : [taken];
}

/** Requests of anybody for the files that were sent, which were answered with something of their own, on the same days. */
function fetchesOf(sent: readonly Touch[], record: SourceRecord, scene: Scene): Touch[] {
  /** first pane in which a file was taken */
  const takenMs = new Map<ReturnType<typeof pagesOf>, number>();
  for (const t of sent.filter(isTaken))
    takenMs.set(pagesOf(t), Math.min(takenMs.get(pagesOf(t)) ?? t.paneMs, t.paneMs));
  if (takenMs.size === 0) return [];
  return scene.matchesOf(record.organization, tagOf(FETCHED, scene)).filter((t) => {
    if (statusClassOf(t) !== 2 || scene.isUsualSize(t.host, t.sub)) return false;
    return (takenMs.get(pagesOf(t)) ?? Number.POSITIVE_INFINITY) <= t.paneMs;
  });
}

/**
 * How often the source was given a file of one ending that it had sent: ordinary requests, of which no line is kept. What
 * it sent itself was answered under the same path, and is none of them.
 */
function givenLater(sent: readonly Touch[], record: SourceRecord): number {
  const takenMs = new Map<number, number>();
  let given = 0;
  for (const t of sent) {
    if (!isTaken(t) || (t.flags & WEB.post) === 0) continue;
    takenMs.set(t.item, Math.min(takenMs.get(t.item) ?? t.paneMs, t.paneMs));
    given -= t.count;
  }
  for (const v of takenMs.size === 0 ? [] : record.visits)
    if (v.tag === TAG.path && paneStart(v.pane, WEB_PANE) >= (takenMs.get(v.item) ?? Number.POSITIVE_INFINITY))
      given += v.count;
  return Math.max(0, given);
}
