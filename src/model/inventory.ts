/**
 * What an office declares of its own: who it is, when its day starts, which systems it defends and how their requests
 * are told apart, which addresses are its own and which of them nobody uses. Optional: without it everything works with
 * the defaults, and says less. Made by config/ from YAML; the core only asks.
 */
import type { AuthorizedScanner, Contact, Election, EscalationStep, Mailing, Route } from './contact.ts';
import type { Level } from './rule.ts';

/** Kinds of system whose pages hold what voters typed. */
export const VOTER_KINDS = [
  'voter_lookup',
  'registration',
  'cancellation',
  'ballot_request',
  'ballot_tracking',
  'uocava',
] as const;

/** Kinds of system, by what voters and staff do there (public systems of election offices). */
export const ASSET_KINDS = [
  ...VOTER_KINDS,
  'results_enr',
  'pollbook_sync',
  'candidate_filing',
  'campaign_finance',
  'gis_precinct',
  'county_site',
  'staff_remote',
  'ems_airgapped',
  'other',
] as const;
export type AssetKind = (typeof ASSET_KINDS)[number];

/** Kinds with a form that voters or candidates fill in. */
export const FORM_KINDS: readonly AssetKind[] = [...VOTER_KINDS, 'candidate_filing', 'campaign_finance'];

/** Whose data a system holds where its owner does not say: that of voters in the kinds that take or show it. */
export function sensitivityOf(kind: AssetKind): Asset['sensitivity'] {
  const ofVoters: readonly AssetKind[] = [...VOTER_KINDS, 'pollbook_sync'];
  return ofVoters.includes(kind) ? 'voter' : 'public';
}

/** A system that is defended. */
export interface Asset {
  /** 1..n in file order; the value of asset columns, where 0 = none */
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly kind: AssetKind;
  readonly hosts: readonly string[];
  readonly cidrs: readonly string[];
  readonly ports: readonly number[];
  readonly urlPrefixes: readonly string[];
  /** parameters that name a record; several names that do so together are one list */
  readonly recordKeyParams: readonly (readonly string[])[];
  /** parameters whose values are always hidden, and those that may be shown */
  readonly redactParams: readonly string[];
  readonly keepParams: readonly string[];
  readonly sensitivity: 'voter' | 'staff' | 'public';
  readonly criticality: Exclude<Level, 'info'>;
  /** networks whose computers belong there: enrolled poll books, staff who publish results; empty = not declared */
  readonly clients: readonly string[];
  /** used by military and overseas voters: country labels, it never scores */
  readonly uocava: boolean;
  /** id of the contact who answers for it, or null */
  readonly owner: string | null;
  /** header that carries the visitor's address, and the proxies that may set it; null = visitors connect themselves */
  readonly clientIp: { readonly header: string; readonly trustedProxies: readonly string[] } | null;
  /** must never be reached: any traffic to it is an alert */
  readonly sentinel: boolean;
}

/** What is declared of a log by its path. */
export interface DeclaredOrigin {
  /** pattern as written */
  readonly path: string;
  /** number of the asset whose log it is, 0 = none */
  readonly asset: number;
  readonly zone: string | null;
  /** IANA name for lines without a zone, or null */
  readonly timezone: string | null;
  /** id of the organisation whose log it is, when it is another one */
  readonly organization: string | null;
}

/** A record that must not be looked up again and again, by its hashed key or its key as it stands in a file. */
export type ProtectedRecord = { readonly hash: string } | { readonly key: string };

/** Who an address is listed as, in which list, and of which day (YYYY-MM-DD) that list is. */
export interface Listing {
  readonly name: string;
  readonly list: string;
  readonly date: string;
}

/** Changes of one detection. */
export interface DetectionOverride {
  readonly off: boolean;
}

export interface Inventory {
  /** file that it came from; null = the default inventory */
  readonly file: string | null;
  readonly organization: {
    readonly id: string;
    readonly name: string;
    readonly level: string | null;
    readonly parent: string | null;
    /** IANA name for reports, or null */
    readonly timezone: string | null;
  };
  /** milliseconds after 00:00 UTC at which a day starts */
  readonly dayStartMs: number;
  readonly assets: readonly Asset[];
  /** absolute paths of MMDB files of the office's own */
  readonly databases: { readonly asn?: string; readonly country?: string; readonly city?: string };
  /** absolute path of the secret key, or null for the usual place */
  readonly keyFile: string | null;
  readonly detections: ReadonlyMap<string, DetectionOverride>;
  /** bound of the state's entries, or null for the program's own */
  readonly entriesMax: number | null;
  /** by id, in file order */
  readonly contacts: ReadonlyMap<string, Contact>;
  /** the first that fits holds; without any declared, everything from medium up goes to every contact */
  readonly routes: readonly Route[];
  /** in the order of their time */
  readonly escalation: readonly EscalationStep[];
  readonly mailing: Mailing;
  /** in the order of their start */
  readonly calendar: readonly Election[];
  readonly authorizedScanners: readonly AuthorizedScanner[];
  /** The first declared origin whose pattern fits the path (as named, or absolute). */
  originFor(path: string): DeclaredOrigin | null;
  /** Asset that holds a destination (four words; IPv4 as 0, 0, 0xffff, address), 0 = none. */
  assetOfAddress(w0: number, w1: number, w2: number, w3: number): number;
  /** Asset that a request went to: by host name ('' = the log has none) and path; the longest prefix wins. 0 = none. */
  assetOfRequest(host: string, path: string): number;
  /** number of addresses that are declared as the office's own; 0 = not declared */
  readonly ownedHosts: number;
  isOwned(w0: number, w1: number, w2: number, w3: number): boolean;
  /** true when an IPv4 address is declared as used by nobody: whoever contacts it guesses */
  isDark(v4: number): boolean;
  /** Who an address is listed as by a list of the office's own, or null. */
  listedAs(w0: number, w1: number, w2: number, w3: number): Listing | null;
  /** The scanner that was authorised for an address at an instant, or null. */
  authorizedScanner(w0: number, w1: number, w2: number, w3: number, ms: number): AuthorizedScanner | null;
  /** records that somebody keeps an eye on: each as the hash of its key, or as the key itself (protected-records.ts) */
  readonly protectedRecords: readonly ProtectedRecord[];
  /** True when an asset names the address among its clients. */
  isClient(asset: number, w0: number, w1: number, w2: number, w3: number): boolean;
  /** True when an asset names the address among its trusted proxies: it is no visitor. */
  isTrustedProxy(asset: number, w0: number, w1: number, w2: number, w3: number): boolean;
}
