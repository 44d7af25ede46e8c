/**
 * What is measured of a declared system, by its kind: a form's requests by the minute, a results page's sources, a poll
 * book server's every request. Systems of other kinds, and everything where no inventory is, cost nothing.
 *   {kind: 'registration', …} → WATCH.flood | WATCH.form | WATCH.documents
 */
import type { Asset, AssetKind } from '../model/inventory.ts';
import { isVotersHost } from './path-tests.ts';

/** What of a system is measured, as bits. */
export const WATCH = {
  /** sources and answers in slices of two minutes */
  flood: 1,
  /** requests by the minute, what was fetched and what was sent */
  form: 2,
  /** requests that would change something */
  writes: 4,
  /** every request */
  all: 8,
  /** documents that were given */
  documents: 16,
  /** every packet */
  packets: 32,
  /** documents whatever their path names, for its hosts name voters already */
  anyDocument: 64,
} as const;

const FORM = WATCH.flood | WATCH.form | WATCH.documents;

const WATCHED: Readonly<Record<AssetKind, number>> = {
  voter_lookup: FORM,
  registration: FORM,
  cancellation: FORM,
  ballot_request: FORM,
  ballot_tracking: FORM,
  uocava: FORM,
  candidate_filing: FORM,
  campaign_finance: FORM,
  results_enr: WATCH.flood | WATCH.writes | WATCH.documents,
  pollbook_sync: WATCH.all,
  gis_precinct: WATCH.flood | WATCH.documents,
  county_site: WATCH.flood | WATCH.documents,
  staff_remote: WATCH.flood,
  // watched where it is a sentinel, which it is unless its owner says otherwise
  ems_airgapped: 0,
  other: WATCH.flood | WATCH.documents,
};

/** Bits of WATCH of a system. Where all its hosts name voters or elections, so does the address of each of its documents. */
export function watchOf({ kind, sentinel, hosts }: Pick<Asset, 'kind' | 'sentinel' | 'hosts'>): number {
  if (sentinel) return WATCH.all | WATCH.packets;
  const bits = WATCHED[kind];
  const isNamed = (bits & WATCH.documents) !== 0 && hosts.length > 0 && hosts.every(isVotersHost);
  return isNamed ? bits | WATCH.anyDocument : bits;
}
