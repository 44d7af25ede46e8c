/**
 * The election office that the labelled run is about, made up: its systems as a county has them, its election calendar,
 * and the lines that its web servers and its firewall write. Times are seconds after START_MS of log-lines.ts.
 *   visit(log, 24.1, { host: VOTE, source: '198.51.100.9', target: '/lookup' })   → one line of the web log
 */
import type { Random } from '../../bench/random.ts';
import { type PacketParts, packet, type RequestParts, request, START_MS } from '../detect/log-lines.ts';
import type { Networks } from './networks.ts';

/** Host names of the systems. Several systems share the voters' host, told apart by path. */
export const VOTE = 'vote.county.example.gov';
export const RESULTS = 'results.county.example.gov';
export const POLLBOOK = 'pollbook.county.example.gov';
export const FILING = 'filing.county.example.gov';
export const SITE = 'www.county.example.gov';

/** Seconds of a UTC time of 2026 (month 1–12). */
export const at = (month: number, day: number, hour: number, minute = 0): number =>
  (Date.UTC(2026, month - 1, day, hour, minute) - START_MS) / 1000;

/** The election: the county is six hours behind UTC in November, five before. */
export const CALENDAR = {
  firstDay: at(9, 18, 12),
  registrationCloses: at(10, 6, 5),
  earlyVoting: [at(10, 19, 13), at(10, 30, 23)],
  pollsOpen: at(11, 3, 12),
  pollsClose: at(11, 4, 1),
  lastDay: at(11, 5, 12),
} as const;

/** Voter records are numbered in the order of registration. */
export const FIRST_VOTER = 2_100_000;
export const VOTERS_ON_ROLL = 180_000;
/** Records that the office watches over: officials, and people with a protected address. */
export const PROTECTED = [2_104_417, 2_131_872, 2_166_003];

/** Networks: the office's own, its enrolled poll books, the one authorised scanner, the air-gapped network. */
const STAFF_NETWORK = '10.20.0.0/24';
const POLLBOOK_NETWORK = '198.51.100.128/26';
const AUTHORIZED_NETWORK = '192.0.2.64/28';
const AIRGAPPED_NETWORK = '10.77.0.0/24';
const OWN_ADDRESSES = '203.0.113.0/26';

export const SURNAMES =
  'adams baker carter diaz evans foster garcia hughes ito jones khan lopez meyer nguyen ortiz patel quinn reyes smith tran ueda vargas walker xiong young zhang'.split(
    ' ',
  );

/** What a page loads with it. */
export const ASSETS = ['/static/site.css', '/static/site.js', '/static/seal.svg', '/static/font.woff2'];
export const RESULT_ASSETS = ['/static/map.css', '/static/map.js', '/static/counties.json', '/static/seal.svg'];

/** Documents that the county publishes. */
export const document = (n: number): string =>
  `/documents/voter-registration/${2010 + (n % 16)}/vote-${String(n).padStart(4, '0')}.pdf`;

/** Lines of the run before they are put in the order of time. */
export interface Lines {
  seconds: number[];
  texts: string[];
}

/** Where a script writes, and what it draws from. */
export interface Place {
  web: Lines;
  firewall: Lines;
  random: Random;
  networks: Networks;
}

export interface Visit extends RequestParts {
  host: string;
  source: string;
  target: string;
}

/** Adds a request to a system; answered 200 with a page's size unless it says otherwise. */
export function visit(web: Lines, second: number, { host, source, target, ...parts }: Visit): void {
  const answer = { status: 200, size: 2000 + ((target.length * 37) % 9000), ...parts };
  web.seconds.push(second);
  web.texts.push(`${host}:443 ${request(source, second, target, answer)}`);
}

/** Adds a packet that the firewall logged. */
export function sendPacket(firewall: Lines, second: number, source: string, port: number, parts?: PacketParts): void {
  firewall.seconds.push(second);
  firewall.texts.push(packet(source, second, port, parts));
}

/** The inventory that the office wrote. */
export const INVENTORY = `version: 1
organization: {id: us-xx-county, name: Example County Elections, level: county, parent: us-xx, timezone: America/Chicago, day_start: "12:00Z"}
origins:
  - {path: firewall.log, timezone: UTC}
contacts:
  it_oncall: {name: County IT on call, email: [it@county.example.gov], phone: "+1-555-0100", verified: 2026-09-15}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, hosts: [${VOTE}], url_prefixes: [/lookup], record_key_params: [voterid, lastname+dob], redact_params: [dob], sensitivity: voter, criticality: high, uocava: true, owner: it_oncall}
  - {id: registration, name: Voter registration, kind: registration, hosts: [${VOTE}], url_prefixes: [/register, /status], record_key_params: [application], sensitivity: voter, criticality: critical, owner: it_oncall}
  - {id: cancellation, name: Registration cancellation, kind: cancellation, hosts: [${VOTE}], url_prefixes: [/cancel], record_key_params: [voterid], sensitivity: voter, criticality: critical, owner: it_oncall}
  - {id: absentee, name: Absentee ballot request, kind: ballot_request, hosts: [${VOTE}], url_prefixes: [/absentee], sensitivity: voter, criticality: critical, owner: it_oncall}
  - {id: overseas, name: Military and overseas voters, kind: uocava, hosts: [${VOTE}], url_prefixes: [/overseas], sensitivity: voter, criticality: critical, uocava: true, owner: it_oncall}
  - {id: results, name: Election night results, kind: results_enr, hosts: [${RESULTS}], sensitivity: public, criticality: critical, owner: it_oncall}
  - {id: pollbook, name: Poll book synchronisation, kind: pollbook_sync, hosts: [${POLLBOOK}], clients: [${POLLBOOK_NETWORK}], sensitivity: voter, criticality: critical, owner: it_oncall}
  - {id: filing, name: Candidate filing, kind: candidate_filing, hosts: [${FILING}], sensitivity: staff, criticality: high, owner: it_oncall}
  - {id: site, name: County web site, kind: county_site, hosts: [${SITE}], sensitivity: public, criticality: medium, owner: it_oncall}
  - {id: ems, name: Election management network, kind: ems_airgapped, cidrs: [${AIRGAPPED_NETWORK}], criticality: critical, sentinel: true, owner: it_oncall}
calendar:
  - {id: gen-2026, name: General election, election_day: 2026-11-03, registration_deadline: 2026-10-05, early_voting: [2026-10-19, 2026-10-30], enr: [2026-11-03T18:30, 2026-11-05T23:59], certify_by: 2026-11-24}
authorized_scanners:
  - {name: Our yearly penetration test, cidrs: [${AUTHORIZED_NETWORK}], since: 2026-09-01, expires: 2027-01-31, max_class: scan}
owned:
  cidrs: [${OWN_ADDRESSES}, ${STAFF_NETWORK}]
databases: {asn: owners.mmdb, country: countries.mmdb}
protected_records: protected.txt
privacy: {key_file: key}
`;
