/**
 * Which spans of an election an alert falls into, and whether its system matters in it (ELECTIONS 2c).
 *   results_enr, 2026-11-03 20:10 → {election: gen-2026, phase: results, matters: true}
 */
import type { Election, ElectionPhase } from './contact.ts';
import type { AssetKind } from './inventory.ts';

/** Systems that people need, or trust in, in each span. */
const MATTERS: Readonly<Record<ElectionPhase, ReadonlySet<AssetKind>>> = {
  uocava_mailing: new Set(['uocava', 'ballot_request', 'ballot_tracking']),
  registration_deadline: new Set(['registration', 'voter_lookup', 'cancellation']),
  early_voting: new Set(['pollbook_sync', 'voter_lookup', 'ballot_request', 'ballot_tracking', 'uocava']),
  election_week: new Set([
    'pollbook_sync',
    'voter_lookup',
    'ballot_tracking',
    'uocava',
    'gis_precinct',
    'results_enr',
    'county_site',
  ]),
  results: new Set(['results_enr', 'county_site', 'pollbook_sync']),
  canvass: new Set(['results_enr', 'ballot_tracking']),
};

export interface WindowOfAlert {
  readonly election: Election;
  readonly phase: ElectionPhase;
  /** systems of this kind matter in this span */
  readonly matters: boolean;
  /** id of the election whose results were being told meanwhile, whatever the span and the kind of system; else null */
  readonly night: string | null;
}

/**
 * The span that holds what happened from `startMs` to `endMs` to a system of a kind (null = to none): one in which the
 * system matters before any other, then the one that started last. Null outside of all spans.
 */
export function electionWindow(
  calendar: readonly Election[],
  kind: AssetKind | null,
  startMs: number,
  endMs: number,
): WindowOfAlert | null {
  let best: (Omit<WindowOfAlert, 'night'> & { readonly fromMs: number }) | null = null;
  let night: { readonly id: string; readonly fromMs: number } | null = null;
  for (const election of calendar) {
    for (const { phase, fromMs, toMs } of election.windows) {
      if (endMs < fromMs || startMs >= toMs) continue;
      if (phase === 'results' && (night === null || fromMs > night.fromMs)) night = { id: election.id, fromMs };
      const matters = kind !== null && MATTERS[phase].has(kind);
      if (best?.matters && !matters) continue;
      if (best !== null && best.matters === matters && best.fromMs >= fromMs) continue;
      best = { election, phase, matters, fromMs };
    }
  }
  if (best === null) return null;
  return { election: best.election, phase: best.phase, matters: best.matters, night: night?.id ?? null };
}

/** True when results are shown at some time between two instants. */
export function isResultsTime(calendar: readonly Election[], startMs: number, endMs: number): boolean {
  return calendar.some(({ windows }) =>
    windows.some(({ phase, fromMs, toMs }) => phase === 'results' && endMs >= fromMs && startMs < toMs),
  );
}
