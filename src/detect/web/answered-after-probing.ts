/**
 * W28 Answered after probing: a source that probed was then given a sensitive page.
 * Evidence: a 2xx answer to a path of the lists (sensitive files, consoles, known holes, web shells) whose size is not
 * one of the host's usual ones, in a pane at or after the first of its probing (Wazuh 31106).
 * The usual sizes are learned: those of the host's 404 pages, and any size that the host answers to three or more
 * different probed paths (a site that says 200 to everything). Decided at the day's close, when they are known.
 * An HTML error page whose size changes with every request can hide in neither: then this says "answered", and the
 * evidence shows the sizes.
 */
import { TAG } from '../../measure/entry.ts';
import { extent } from '../../model/long-lists.ts';
import type { SourceDetector } from '../detector.ts';
import type { Touch } from '../touch.ts';
import { requestNumbers, wasAnswered } from './requests.ts';

const PROBING = new Set(['W01', 'W02', 'W03', 'W04', 'W05', 'W06', 'W07', 'W08', 'W16']);
/** detections whose paths should give nothing to strangers */
const SENSITIVE = new Set(['W05', 'W06', 'W08', 'W16']);

export const answeredAfterProbing: SourceDetector = {
  ids: ['W28'],
  evaluate(record, scene, earlier) {
    const probing = earlier.filter((f) => PROBING.has(f.detection)).flatMap((f) => f.touches);
    if (probing.length === 0) return [];
    const first = extent(probing, (t) => t.paneMs).least;
    const hit: Touch[] = record.matched.filter(
      (t) =>
        SENSITIVE.has(scene.rules[t.tag - TAG.rule]?.detection ?? '') && t.paneMs >= first && wasAnswered(t, scene),
    );
    // what was given is no probing that came before it
    const given = new Set(hit);
    if (hit.length === 0 || probing.every((t) => given.has(t))) return [];
    return [
      {
        detection: 'W28',
        base: 'high',
        steps: [],
        outcome: 'answered',
        touches: hit,
        numbers: requestNumbers(scene),
        thresholds: ['one answer of its own size to a listed path, after probing'],
        noise: [],
        tailored: [],
      },
    ];
  },
};
