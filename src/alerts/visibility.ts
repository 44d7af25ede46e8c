/**
 * What these logs could show: per detection works, partly or cannot, because of what, and how to fix it.
 * "No alerts" is never said without it (law 3). What a log may lack: log-lacks.ts; what an inventory may: system-lacks.ts.
 */
import type { Visibility } from '../model/summary.ts';
import { DETECTIONS, type Need } from './detections.ts';
import { type Counts, type Lack, logLack, needLack } from './log-lacks.ts';
import { type Declared, systemLack } from './system-lacks.ts';

/** What is said of a log that holds nothing. */
export const EMPTY_LOG = {
  message: 'this log is empty',
  hint: 'where it was just rotated, name the file before it as well (NAME.1, NAME.1.gz); else check that the server writes into it',
};

const NOTHING_DECLARED: Declared = { systems: [], hasProtectedRecords: false };
const NO_PROTECTED_RECORDS: Lack = {
  state: 'cannot',
  because: 'no protected records are declared',
  fix: 'list them in a file (pollwatch protect hides the keys), and name it as protected_records in the inventory',
};

/** One row per detection that one organisation's logs can show; the worst lack of each decides. */
export function visibilityOf(
  counts: Counts,
  off: ReadonlySet<string>,
  declared: Declared = NOTHING_DECLARED,
): Visibility[] {
  return DETECTIONS.filter(({ needs }) => !needs.includes('members')).map((d) => {
    if (off.has(d.id))
      return {
        detection: d.id,
        name: d.name,
        state: 'cannot' as const,
        because: 'switched off in the configuration',
        fix: 'remove it from detections in the inventory',
      };
    const lacks = d.needs.map((n) => lackOf(n, counts, declared)).filter((l) => l !== null);
    const worst = lacks.find((l) => l.state === 'cannot') ?? lacks[0];
    return worst === undefined
      ? { detection: d.id, name: d.name, state: 'works' as const, because: 'the logs hold what it needs', fix: '' }
      : { detection: d.id, name: d.name, ...worst };
  });
}

/** What is lacking for a need, or null when the logs carry it. */
function lackOf(need: Need, c: Counts, declared: Declared): Lack | null {
  switch (need) {
    case 'members':
      return null;
    case 'systems':
    case 'form_systems':
    case 'public_systems':
    case 'registration_systems':
    case 'ballot_systems':
    case 'cancellation_systems':
    case 'results_systems':
    case 'pollbook_systems':
      return logLack('web', c) ?? systemLack(need, c, declared);
    case 'sentinels':
      return systemLack(need, c, declared);
    case 'protected_records':
      return declared.hasProtectedRecords ? null : NO_PROTECTED_RECORDS;
    default:
      return needLack(need, c);
  }
}
