/**
 * The order in which people read alerts: the gravest first, then what was answered and what is aimed at them.
 */
import type { Alert } from '../model/alert.ts';
import { LEVELS } from '../model/rule.ts';

const VERDICT_RANK = { tailored: 0, cannot_tell: 1, noise: 2 } as const;

/** What was answered before what was not, what is aimed at us before what may be and what is noise. */
export function compareWorth(
  a: { readonly isAnswered: boolean; readonly term: Alert['verdict']['term'] },
  b: { readonly isAnswered: boolean; readonly term: Alert['verdict']['term'] },
): number {
  return Number(b.isAnswered) - Number(a.isAnswered) || VERDICT_RANK[a.term] - VERDICT_RANK[b.term];
}

const worthOf = ({ outcome, verdict: { term } }: Alert) => ({ isAnswered: outcome === 'answered', term });

/**
 * Most severe first, at equal severity what was answered and what is aimed at us, then score, then the earliest, then
 * the id: the order in which people read alerts.
 */
export function compareAlerts(a: Alert, b: Alert): number {
  return (
    LEVELS.indexOf(b.severity) - LEVELS.indexOf(a.severity) ||
    compareWorth(worthOf(a), worthOf(b)) ||
    b.score - a.score ||
    a.startMs - b.startMs ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}
