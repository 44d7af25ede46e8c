/**
 * election.doc_harvest Documents fetched in bulk: a script takes documents and listings about voters, one after another,
 * and nothing else.
 * Evidence: at least 100 different documents of a declared system whose address names votes, voters, registration, elections
 * or ballots within an hour, hardly any other page (a tenth) and hardly any of the files that a browser loads with a page
 * (AA20-304A: interest in PDFs at addresses with vote or voter and registration). The address is the path, or the hosts of the
 * system, all of which name them (vote.example.gov): there every document file counts, and no listing.
 * Look-alikes: readers who open pages between documents; search engines, which are slower; both are told by the pages. The
 * documents are public: what matters is that somebody is collecting them.
 */
import { paneOf, paneStart, TAG } from '../../measure/entry.ts';
import { dayOf, HOUR, WEB_PANE } from '../../model/time.ts';
import type { Finding, Scene, SourceDetector, SourceRecord } from '../detector.ts';
import { countDistinct } from '../distinct.ts';
import { estimateDistinct, estimateEvents } from '../estimates.ts';
import type { Touch } from '../touch.ts';
import type { Visit } from '../visit.ts';
import { bySystem, staticFiles } from './systems.ts';

const DOCUMENTS = 100;
const OTHER_SHARE = 0.1;
const SPAN = HOUR / WEB_PANE;

export const documentHarvest: SourceDetector = {
  ids: ['election.doc_harvest'],
  evaluate(record, scene) {
    return bySystem(record, TAG.documentLine, scene).flatMap(([asset, touches]): Finding[] => {
      const documents = record.visits.filter((v) => v.tag === TAG.document && v.group === asset.number);
      const panes = busyPanes(documents, record, scene);
      const hit = touches.filter((t) => panes.has(paneOf(t.paneMs, WEB_PANE)));
      if (hit.length === 0) return [];
      const of = (list: readonly Touch[]) => {
        const own = new Set(list.map((t) => paneOf(t.paneMs, WEB_PANE)));
        return documents.filter((v) => own.has(v.pane));
      };
      return [
        {
          detection: 'election.doc_harvest',
          base: 'medium',
          steps: [],
          outcome: 'answered',
          touches: hit,
          numbers: (list) => ({
            requests: estimateEvents(list),
            documents: estimateDistinct(of(list), (v) => v.item),
          }),
          thresholds: [`${DOCUMENTS} different documents in an hour, and hardly a page`],
          noise: [],
          tailored: ['it takes what your site has about voters and elections, and nothing else'],
        },
      ];
    });
  },
};

/** Panes that are part of an hour in which a source took enough documents and little else. */
function busyPanes(documents: readonly Visit[], record: SourceRecord, scene: Scene): Set<number> {
  const found = new Set<number>();
  if (documents.length < DOCUMENTS) return found;
  const paths = new Set(documents.map((v) => v.item));
  for (const first of new Set(documents.map((v) => v.pane))) {
    const inSpan = (pane: number) => pane >= first && pane <= first + SPAN;
    const taken = documents.filter((v) => inSpan(v.pane));
    const n = countDistinct(taken, (v) => v.item);
    if (n < DOCUMENTS) continue;
    const others = [...record.pages].flatMap(([pane, pages]) =>
      inSpan(pane) ? pages.filter((p) => !paths.has(p)) : [],
    );
    const day = dayOf(paneStart(first, WEB_PANE), scene.dayStartMs);
    if (others.length > OTHER_SHARE * n || staticFiles(record, day) > OTHER_SHARE * n) continue;
    for (const v of taken) found.add(v.pane);
  }
  return found;
}
