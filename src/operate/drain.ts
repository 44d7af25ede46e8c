/**
 * When `work --until-drained` is done: everything that was ingested is decided, documents are indexed, and mails are handed
 * over, also those that are being sent or in the pause after a try that failed. An organisation that nobody can decide is not
 * waited for once the others are done. Mails depend on a server that may be away for days: when nothing else is left to do and it took none for ten minutes, the run ends, and they wait for the next worker.
 */
import { STALE_MS } from '../model/outbox.ts';
import { type Drain, isDrained, type OrganizationStatus } from './status.ts';

/** What a look at an installation says of a run that ends by itself. */
export type Drained =
  | { readonly state: 'busy' }
  | { readonly state: 'done' }
  /** the mail server takes none of these; they stay in Redis */
  | { readonly state: 'mails-left'; readonly mails: number }
  /** nothing can be decided of these, and all else is done */
  | { readonly state: 'halted'; readonly organizations: readonly string[] };

/** What stands in the way of an organisation is tried again every few seconds; after this long nothing changed, ms. */
const HALT_MS = 15_000;

/** Follows an installation over time. `nowMs` of a look is any clock that only moves forward, in milliseconds. */
export function createDrainWatch(drain: Drain): {
  look(found: readonly OrganizationStatus[], nowMs: number): Drained;
} {
  /** since when mails alone were waited for, and how many had left the outbox by then */
  let quiet: { sinceMs: number; settled: number } | null = null;
  /** since when nothing but organisations that cannot be decided was waited for */
  let haltedSinceMs: number | null = null;
  return {
    look(found, nowMs) {
      const all = found.filter((status) => status.isConfigured);
      const halted = all.filter((status) => status.halt !== null && !isDrained(status, drain));
      const ours = all.filter((status) => !halted.includes(status));
      if (halted.length > 0 && ours.every((status) => isDrained(status, drain))) {
        haltedSinceMs ??= nowMs;
        if (nowMs - haltedSinceMs < HALT_MS) return { state: 'busy' };
        return { state: 'halted', organizations: halted.map(({ organization }) => organization) };
      }
      haltedSinceMs = null;
      if (ours.every((status) => isDrained(status, drain))) return { state: 'done' };
      if (!ours.every((status) => isDrained(status, { ...drain, isMailed: false }))) {
        quiet = null;
        return { state: 'busy' };
      }
      const settled = ours.reduce((sum, status) => sum + settledMails(status), 0);
      if (quiet === null || settled !== quiet.settled) quiet = { sinceMs: nowMs, settled };
      if (nowMs - quiet.sinceMs < STALE_MS) return { state: 'busy' };
      return { state: 'mails-left', mails: ours.reduce((sum, { mail }) => sum + mail.waiting, 0) };
    },
  };
}

function settledMails({ depth: { stats } }: OrganizationStatus): number {
  return (stats['mails_sent'] ?? 0) + (stats['mails_failed'] ?? 0);
}
