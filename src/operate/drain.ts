/**
 * When `work --until-drained` is done: everything that was ingested is decided, documents are indexed, and mails are handed
 * over, also those that are being sent or in the pause after a try that failed. Mails depend on a server that may be away for
 * days: when nothing else is left to do and it took none for ten minutes, the run ends, and they wait for the next worker.
 */
import { STALE_MS } from '../model/outbox.ts';
import { type Drain, isDrained, type OrganizationStatus } from './status.ts';

/** What a look at an installation says of a run that ends by itself. */
export type Drained =
  | { readonly state: 'busy' }
  | { readonly state: 'done' }
  /** the mail server takes none of these; they stay in Redis */
  | { readonly state: 'mails-left'; readonly mails: number };

/** Follows an installation over time. `nowMs` of a look is any clock that only moves forward, in milliseconds. */
export function createDrainWatch(drain: Drain): {
  look(found: readonly OrganizationStatus[], nowMs: number): Drained;
} {
  /** since when mails alone were waited for, and how many had left the outbox by then */
  let quiet: { sinceMs: number; settled: number } | null = null;
  return {
    look(found, nowMs) {
      const ours = found.filter((status) => status.isConfigured);
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
