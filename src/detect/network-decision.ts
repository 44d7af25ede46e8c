/**
 * A decision of stage 2: about a network, a target or a system, which lists the sources that did it together.
 */
import type { Level } from '../model/rule.ts';
import type { Decision, DecisionKey } from './decision.ts';
import type { Exhibit } from './exhibit.ts';

/** What a decision of stage 2 says; its key, its members and what it shows make the rest. */
export interface Together {
  readonly detection: string;
  readonly organization: number;
  readonly key: DecisionKey;
  readonly day: number;
  readonly base: Level;
  readonly exhibit: Exhibit;
  readonly members: readonly { readonly hi: number; readonly lo: number }[];
  readonly numbers: Record<string, number>;
  readonly thresholds: readonly string[];
  readonly tailored: readonly string[];
  readonly outcome?: Decision['outcome'];
  /** Unix ms before which later lines may take it back, where that is later than the detection's own time */
  readonly settlesMs?: number;
}

/** The decision, refused unless its outcome says otherwise, with its members in order. */
export function networkDecision({ members, outcome = 'refused', ...of }: Together): Decision {
  return {
    ...of,
    steps: [],
    outcome,
    startMs: of.exhibit.startMs,
    endMs: of.exhibit.endMs,
    noise: [],
    members: members.map(({ hi, lo }) => ({ hi, lo })).sort((a, b) => a.hi - b.hi || a.lo - b.lo),
    parts: [],
  };
}
