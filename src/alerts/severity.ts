/**
 * Severity: the detector's level, moved by whole levels, then the caps of ELECTIONS part 5. Every step is kept in words.
 * The score only sorts (DETECTIONS 1.2).
 */
import type { Decision } from '../detect/decision.ts';
import type { ElectionPhase } from '../model/contact.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import type { DetectionClass } from './detections.ts';

export interface Severity {
  level: Level;
  steps: string[];
  score: number;
}

const BASE_SCORE: Readonly<Record<Level, number>> = { info: 5, low: 20, medium: 45, high: 70, critical: 90 };
const OUTCOME_SCORE = { tried: 0, refused: 0, answered: 25 } as const;

const up = (level: Level) => LEVELS[Math.min(LEVELS.length - 1, LEVELS.indexOf(level) + 1)]!;
const lower = (a: Level, b: Level) => (LEVELS.indexOf(a) <= LEVELS.indexOf(b) ? a : b);
const higher = (a: Level, b: Level) => (LEVELS.indexOf(a) >= LEVELS.indexOf(b) ? a : b);

/** Spans of an election, as they end a sentence. */
export const PHASE_WORDS: Readonly<Record<ElectionPhase, string>> = {
  uocava_mailing: 'while ballots go out to voters overseas',
  registration_deadline: 'around the last day to register',
  early_voting: 'while early voting is on',
  election_week: 'in the week of the election',
  results: 'while results are shown',
  canvass: 'until the result is certified',
};

/** What is known of a decision's surroundings. */
export interface Circumstances {
  /** it touched a system that its owner calls critical */
  readonly isCritical?: boolean;
  /** the system that it touched holds voters' data */
  readonly isOfVoters?: boolean;
  /** the span of an election in which the system that it touched matters, in words, or null */
  readonly window?: string | null;
  /** final levels of the decisions that it is built on */
  readonly partLevels?: readonly Level[];
  /** other detections of the same source and day */
  readonly corroboration?: number;
  /** it came from an address that the office declared as its own */
  readonly isOwn?: boolean;
  /** name of the scanner that the office has authorised, when all of it came from there, or null */
  readonly authorized?: string | null;
}

/** Level, steps and score of a decision. System and calendar raise it by one level, together. */
export function severityOf(d: Decision, kind: DetectionClass, around: Circumstances = {}): Severity {
  const { isCritical = false, window = null, partLevels = [], corroboration = 0 } = around;
  const steps = [...d.steps];
  let level = d.base;
  if (kind === 'chain') {
    const top = partLevels.reduce(higher, 'info' as Level);
    level = up(top);
    steps.push(
      level === top
        ? `as grave as the gravest of its parts: ${top}`
        : `one level above the gravest of its parts: ${top} to ${level}`,
    );
  }
  if (around.isOfVoters === true && kind === 'enumeration' && level === 'medium' && givesRecords(d)) {
    steps.push("records were given by a system with voters' data: medium to high");
    level = 'high';
  }
  if ((isCritical || window !== null) && kind !== 'scan' && level !== 'info' && up(level) !== level) {
    const because = isCritical
      ? `it touched a system that you call critical${window === null ? '' : `, ${window}`}`
      : `it touched a system that matters ${window}`;
    steps.push(`${because}: ${level} to ${up(level)}`);
    level = up(level);
  }
  const cap = capOf(d, kind);
  if (cap !== null && lower(level, cap.level) !== level) {
    steps.push(`${cap.because}: at most ${cap.level}`);
    level = cap.level;
  }
  const record = forTheRecord(d, kind, around);
  if (record !== null && level !== 'info') {
    steps.push(`${record}: ${level} to info`);
    level = 'info';
  }
  const dropOnly = d.outcome === 'refused' && d.detection.startsWith('F');
  const score =
    BASE_SCORE[level] +
    OUTCOME_SCORE[d.outcome] +
    (isCritical ? 10 : 0) +
    (window === null ? 0 : 10) +
    5 * Math.min(3, corroboration) -
    (dropOnly ? 10 : 0);
  return { level, steps, score: Math.max(0, Math.min(100, score)) };
}

const givesRecords = ({ outcome, numbers }: Decision) =>
  outcome === 'answered' && (numbers['records_answered'] ?? 0) > 0;

/** Why something is shown for the record only, or null. */
function forTheRecord(d: Decision, kind: DetectionClass, { isOwn, authorized, partLevels = [] }: Circumstances) {
  // clerks look up one record after another: it is shown, and nobody is sent after them
  if (isOwn === true && kind === 'enumeration') return 'it came from an address of your own';
  if (authorized === undefined || authorized === null) return null;
  // what was agreed to is a scan: attempts to break in, log-ins and look-ups of records keep their level
  const isScan =
    kind === 'scan' ||
    (d.detection === 'X01' && partLevels.every((level) => level === 'info')) ||
    d.detection === 'F15' ||
    d.detection === 'F16';
  return isScan ? `it came from a scanner that you have authorised (${authorized})` : null;
}

function capOf(d: Decision, kind: DetectionClass): { level: Level; because: string } | null {
  switch (kind) {
    case 'scan':
      if (d.detection.startsWith('F'))
        return d.outcome === 'answered' ? null : { level: 'low', because: 'a scan that the firewall denied' };
      return d.outcome === 'answered' ? null : { level: 'medium', because: 'a scan without content in the answers' };
    case 'exploit':
      return d.outcome === 'answered' ? null : { level: 'high', because: 'an attempt without a sign of success' };
    case 'enumeration':
      return { level: d.outcome === 'answered' ? 'high' : 'medium', because: 'look-ups of records, no change seen' };
    case 'login':
      return { level: 'high', because: 'attempts, no success seen' };
    case 'campaign':
      return { level: 'high', because: 'a scan, even when it is aimed at you' };
    case 'chain':
      if (d.detection.startsWith('campaign.')) return { level: 'high', because: 'its parts tell what was answered' };
      return d.parts.some((p) => p.outcome === 'answered') ? null : { level: 'high', because: 'nothing answered' };
    case 'answered':
    case 'flood':
      return null;
  }
}
