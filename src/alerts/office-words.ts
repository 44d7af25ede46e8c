/**
 * What an office's own things are called in every output: kinds of systems, spans around an election, how critical a
 * system is, and who may read a text on. The same words in terminal, report and mail.
 */
import type { ElectionPhase, Mailing } from '../model/contact.ts';
import type { AssetKind } from '../model/inventory.ts';

export const KIND_WORDS: Readonly<Record<AssetKind, string>> = {
  voter_lookup: 'voter lookup',
  registration: 'voter registration',
  cancellation: 'cancellation of registrations',
  ballot_request: 'ballot requests',
  ballot_tracking: 'ballot tracking',
  uocava: 'military and overseas voters',
  results_enr: 'election results',
  pollbook_sync: 'poll books',
  candidate_filing: 'candidate filing',
  campaign_finance: 'campaign finance',
  gis_precinct: 'maps and precincts',
  county_site: 'web site',
  staff_remote: 'remote access of staff',
  ems_airgapped: 'must never be reached',
  other: 'other',
};

export const PHASE_WORDS: Readonly<Record<ElectionPhase, string>> = {
  uocava_mailing: 'ballots are mailed overseas',
  registration_deadline: 'registration closes',
  early_voting: 'early voting',
  election_week: 'election week',
  results: 'results are shown',
  canvass: 'canvass',
};

/** Who may read a text on, for each TLP 2.0 label (first.org/tlp). Labels are not translated. */
export const TLP_WORDS: Readonly<Record<Mailing['tlp'], string>> = {
  'TLP:RED': 'for you alone',
  'TLP:AMBER+STRICT': 'share only inside your office',
  'TLP:AMBER': 'share only inside your office and with those who run its systems',
  'TLP:GREEN': 'share with other election offices, not in public',
};

/** The line above everything that may be handed on: "TLP:AMBER - share only inside …". */
export function markingWords(tlp: Mailing['tlp']): string {
  return `${tlp} - ${TLP_WORDS[tlp]}`;
}
