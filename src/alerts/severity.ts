/**
 * Severity: the detector's level, moved by whole levels, then the caps of ELECTIONS part 5. Every step is kept in words.
 * The score only sorts (DETECTIONS 1.2).
 */
import type { Decision } from '../detect/decide.ts';
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

/**
 * Level, steps and score of a decision. `criticalAsset`: it touched an asset that its owner calls critical.
 * `partLevels`: final levels of the decisions that it is built on. `corroboration`: other detections of the same source
 * and day. `isOwn`: it came from an address that the office declared as its own.
 */
export function severityOf(
  d: Decision,
  kind: DetectionClass,
  criticalAsset: boolean,
  partLevels: readonly Level[],
  corroboration: number,
  isOwn = false,
): Severity {
  const steps = [...d.steps];
  let level = d.base;
  if (kind === 'chain') {
    const top = partLevels.reduce(higher, 'info' as Level);
    level = up(top);
    steps.push(`one level above the gravest of its parts: ${top} to ${level}`);
  }
  if (criticalAsset && kind !== 'scan' && level !== 'info') {
    steps.push(`it touched a system that you call critical: ${level} to ${up(level)}`);
    level = up(level);
  }
  const cap = capOf(d, kind);
  if (cap !== null && lower(level, cap.level) !== level) {
    steps.push(`${cap.because}: at most ${cap.level}`);
    level = cap.level;
  }
  // clerks look up one record after another: it is shown, and nobody is sent after them
  if (isOwn && kind === 'enumeration' && level !== 'info') {
    steps.push(`it came from an address of your own: ${level} to info`);
    level = 'info';
  }
  const dropOnly = d.outcome === 'refused' && d.detection.startsWith('F');
  const score =
    BASE_SCORE[level] +
    OUTCOME_SCORE[d.outcome] +
    (criticalAsset ? 10 : 0) +
    5 * Math.min(3, corroboration) -
    (dropOnly ? 10 : 0);
  return { level, steps, score: Math.max(0, Math.min(100, score)) };
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
