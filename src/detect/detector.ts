/**
 * The contract of a detector: a pure function from what one key did to findings. One file per behaviour, one line in
 * the list (index.ts), one fixture folder. Deciding what a finding means to people is the business of alerts/.
 */
import type { Election } from '../model/contact.ts';
import type { Asset } from '../model/inventory.ts';
import type { Outcome } from '../model/joint.ts';
import type { Correlation, Level, Rule } from '../model/rule.ts';
import type { Touch } from './touch.ts';
import type { Visit } from './visit.ts';

/** What everything about our side is known from: declared, or settled over the whole day. */
export interface Scene {
  readonly rules: readonly Rule[];
  readonly correlations: readonly Correlation[];
  /** rules that read packets, so that their panes are 15 minutes */
  readonly packetRules: ReadonlySet<number>;
  readonly dayStartMs: number;
  /** addresses of ours: declared, or how many destinations were seen on the busiest day */
  readonly ownedHosts: number;
  readonly ownedDeclared: boolean;
  /** whether it is known what a host answers to whatever it does not have */
  knowsUsual(host: number): boolean;
  /** whether a (folded) size is that of a host's usual "not found" page, or of a page that it answers to several unrelated probes */
  isUsualSize(host: number, size: number): boolean;
  /** whether a host's answer of a (folded) size to a probe is as large as a page that people are given */
  isPageSize(host: number, size: number): boolean;
  /** true for a listed page that the site itself uses (see own-pages.ts); `path` is its hash */
  isOwnPage(host: number, path: number): boolean;
  /** the systems that are declared, in the order of their numbers (1 and following) */
  readonly assets: readonly Asset[];
  readonly calendar: readonly Election[];
  /** whether a source is one of the clients that a system's owner names */
  isClient(asset: number, hi: number, lo: number): boolean;
  /** whether an IPv4 destination is declared dark */
  isDark(address: number): boolean;
  /** the touches of all sources of an organisation under one tag, in time order */
  matchesOf(organization: number, tag: number): readonly Touch[];
  /** the touches of another source, for stage 2 */
  touchesOf(organization: number, hi: number, lo: number): Touch[];
}

/** One source and all that it did. What few detectors ask for is unpacked when it is asked for. */
export interface SourceRecord {
  readonly row: number;
  readonly hi: number;
  readonly lo: number;
  readonly organization: number;
  /** all touches, in time order */
  readonly touches: readonly Touch[];
  readonly visits: readonly Visit[];
  readonly isPrivate: boolean;
  /** how many different ports, addresses and pairs of both its probes went to (32 at most): below a threshold there, no window reaches it */
  readonly spread: { readonly ports: number; readonly hosts: number; readonly pairs: number };
  /** hashes of the pages that it was given, by pane (WEB_PANE), each once */
  readonly pages: ReadonlyMap<number, readonly number[]>;
  /** the touches of one kind: packets to us; those of them that scans are made of; failing pages; log-ins; rule matches */
  readonly packets: readonly Touch[];
  readonly probes: readonly Touch[];
  readonly failing: readonly Touch[];
  readonly logins: readonly Touch[];
  readonly matched: readonly Touch[];
}

/** What a detector decided. Split by day and turned into alerts by the caller. */
export interface Finding {
  readonly detection: string;
  /** the Sigma rule or correlation behind it, when it is not one of the catalogue */
  readonly rule?: Rule | Correlation;
  readonly base: Level;
  /** steps taken by the detector itself, in words */
  readonly steps: readonly string[];
  readonly outcome: Outcome;
  /** the touches that it rests on, in time order */
  readonly touches: readonly Touch[];
  /** the numbers behind the words, for the touches of one day (snake_case keys) */
  readonly numbers: (touches: readonly Touch[]) => Record<string, number>;
  readonly thresholds: readonly string[];
  /** behaviour that speaks for noise or for us as the target, in words */
  readonly noise: readonly string[];
  readonly tailored: readonly string[];
}

export interface SourceDetector {
  /** catalogue ids that it decides */
  readonly ids: readonly string[];
  /** `earlier` are the findings of the detectors that stand before this one in the list, for the same source. */
  evaluate(record: SourceRecord, scene: Scene, earlier: readonly Finding[]): Finding[];
}
