/**
 * A decision: one detection, of one key, on one day. What detectors find is split into these, and all that people are told
 * is made from them.
 */
import type { Member, Signature } from '../model/fact.ts';
import type { Outcome } from '../model/joint.ts';
import type { Correlation, Level, Rule } from '../model/rule.ts';
import type { Exhibit } from './exhibit.ts';
import type { Meanwhile } from './meanwhile.ts';

export interface DecisionKey {
  /** `system`: a declared one, by the number of its asset in `lo`; else a host by its number, 0 = nobody says which */
  kind: 'source' | 'prefix' | 'target' | 'as' | 'campaign' | 'system';
  hi: number;
  lo: number;
  /** of a campaign its signature in words, of which hi and lo are hashes */
  text?: string;
}

export interface Decision {
  detection: string;
  rule?: Rule | Correlation | undefined;
  organization: number;
  key: DecisionKey;
  day: number;
  base: Level;
  steps: readonly string[];
  outcome: Outcome;
  startMs: number;
  endMs: number;
  exhibit: Exhibit;
  numbers: Record<string, number>;
  thresholds: readonly string[];
  noise: readonly string[];
  tailored: readonly string[];
  /** keys of the members, for stage 2 and chains */
  members: { hi: number; lo: number }[];
  /** decisions that this one is built on (X01) */
  parts: Decision[];
  /** Unix ms before which later lines may take it back, where that is later than the detection's own `closesMs` */
  settlesMs?: number;
  /** what the same source was let through to, or given, beside what was refused; left out where that is nothing */
  meanwhile?: Meanwhile;
  /** what the source has in common with others of its kind, of all that it did that day; where it is asked for */
  signature?: Signature | undefined;
  /** whose alerts this one is built on, where they are those of several organisations */
  shared?: { readonly members: readonly Member[]; readonly firstSeenMs: number };
}

/** Order of decisions: by detection, key and day. */
export function byIdentity(a: Decision, b: Decision): number {
  return (
    (a.detection < b.detection ? -1 : a.detection > b.detection ? 1 : 0) ||
    (a.key.kind < b.key.kind ? -1 : a.key.kind > b.key.kind ? 1 : 0) ||
    a.organization - b.organization ||
    a.key.hi - b.key.hi ||
    a.key.lo - b.key.lo ||
    a.day - b.day
  );
}
