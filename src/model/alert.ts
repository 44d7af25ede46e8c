/**
 * An alert: one detection, one key, one day. The form that detect/ decides and alerts/ explains; sinks only render it.
 */
import type { ElectionPhase } from './contact.ts';
import type { Outcome } from './joint.ts';
import type { Level } from './rule.ts';

/** One raw line that shows what an alert says, redacted. */
export interface EvidenceLine {
  timeMs: number;
  /** name of the origin (file) and byte offset: left out of the canonical alert */
  origin: string;
  offset: number;
  /** redacted text, UTF-8, unescaped: every sink escapes for its own medium */
  text: string;
  /** the fragment that matched an attack signature, or null */
  matched: string | null;
}

export interface AlertSource {
  /** address as logged (for an IPv6 /64 the smallest that was seen) */
  ip: string;
  /** key as written: the address, or the /64 */
  key: string;
  /** all addresses seen of the key, at most 10 */
  addresses: string[];
  as: { number: number; name: string } | null;
  country: { isoCode: string; name: string } | null;
  /** city and point, only from a database of the user's own */
  place: { city: string | null; lat: number; lon: number } | null;
  /** which data set and date gave owner and country, in words */
  database: string;
  /** what it says that it is, in words; never proof */
  class: string | null;
  /** who it is listed as, in which list and of which day; never proof */
  listed?: { readonly name: string; readonly list: string; readonly date: string };
  /** name of the scanner that the office had authorised for it at that time */
  authorized?: string;
}

export interface AlertKey {
  kind: 'source' | 'prefix' | 'target' | 'as' | 'campaign';
  text: string;
}

/** An organisation whose systems were touched, and its place among the others. */
export interface Jurisdiction {
  readonly id: string;
  /** county, state, … as its inventory says, or null */
  readonly level: string | null;
  /** id of the organisation above it, or null */
  readonly parent: string | null;
}

/** What alerts of several sources or organisations have in common. */
export interface AlertCampaign {
  /** 16 hex characters: the cluster's id, the same in the summaries of all organisations (clusterId) */
  readonly id: string;
  /** addresses that take part; `related` names up to 100 of them */
  readonly members: number;
  readonly firstSeenMs: number;
}

export interface Alert {
  /** 32 hex characters: hash of (organisation, detection, kind of key, key, day) */
  id: string;
  /** catalogue id: F01, W05, X01, election.lookup_enum, or the Sigma rule's id for a user's own rule */
  detection: string;
  name: string;
  /** label of the day, e.g. 2026-09-14 */
  day: string;
  organization: { id: string; name: string };
  /** whose systems were touched: the organisation's own where it has a place, or those of all members, by id */
  jurisdictions?: readonly Jurisdiction[];
  /** for an alert that is built on alerts of several sources or organisations */
  campaign?: AlertCampaign;
  /** the system of the inventory; what kind it is and how much hangs on it where the inventory says so */
  asset: { id: string; name: string; kind?: string; criticality?: string; sensitivity?: string } | null;
  /** all systems that it touched, that one first and at most 20, where there are several */
  systems?: readonly { readonly id: string; readonly name: string }[];
  /** the span of an election that it falls into: one in which its system matters before any other */
  window?: {
    readonly electionId: string;
    readonly phase: ElectionPhase;
    /** id of the election on whose night it falls, from the close of polls until the results are told; left out at other times */
    readonly night?: string;
  };
  key: AlertKey;
  startMs: number;
  endMs: number;
  severity: Level;
  severityBase: Level;
  /** every step from base to severity, in words */
  severitySteps: string[];
  /** sorts alerts of equal severity; 0–100 */
  score: number;
  confidence: { level: 'low' | 'moderate' | 'high'; basis: string[] };
  verdict: { term: 'noise' | 'tailored' | 'cannot_tell'; basis: string[] };
  /** tried: no answer known; refused: denied or an error page; answered: something was given */
  outcome: Outcome;
  categories: ('network' | 'web')[];
  techniques: { id: string; name: string; reference: string }[];
  source: AlertSource | null;
  /** member addresses of an alert that has several sources; at most 100 */
  related: string[];
  /** network of an aggregate, e.g. 198.51.100.0/24, or null */
  network: string | null;
  destinations: string[];
  ports: number[];
  /** a few paths that were asked for, redacted */
  paths: string[];
  hosts: string[];
  /** the numbers behind the words, snake_case keys */
  evidence: Record<string, number>;
  /** [status or class, requests], sorted; pairs, because an object with keys like "404" is an array of 405 places */
  statusCounts: [string, number][];
  thresholds: string[];
  lines: EvidenceLine[];
  /** one sentence: what was seen */
  summary: string;
  why: string;
  whatToDo: string[];
  notKnown: string[];
}

/** The systems that an alert touched, the one that it is told under first. */
export function systemsOf({ asset, systems }: Pick<Alert, 'asset' | 'systems'>): NonNullable<Alert['systems']> {
  return systems ?? (asset === null ? [] : [asset]);
}
