/**
 * A fact: what the shard of a member organisation (a county) tells the one above it (its state) of an alert about one
 * source. Facts are set elements: of two of one id the higher version counts, so emitting one again changes nothing.
 * Addresses that have an alert may be shown across organisations; paths, targets and raw lines are not in a fact.
 */
import type { Alert, Jurisdiction } from './alert.ts';
import type { AssetKind } from './inventory.ts';
import type { Level } from './rule.ts';

/** An organisation as others see it. */
export interface Member extends Jurisdiction {
  readonly name: string;
}

/** What sources can have in common besides their networks; the same words and numbers in every organisation. */
export interface Signature {
  /** names of tools' marks, sorted */
  readonly marks: readonly string[];
  /** the smallest hashes of what was probed (ports, rules), in order: a sketch of the set */
  readonly probes: readonly number[];
}

/** What an alert about one source says to other organisations. */
export interface Sighting extends Signature {
  readonly member: Member;
  readonly detection: string;
  /** key of the source: an IPv4 address (hi = 0) or the /64 of an IPv6 one */
  readonly hi: number;
  readonly lo: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly level: Level;
  readonly outcome: Alert['outcome'];
  readonly verdict: Alert['verdict']['term'];
  /** it is a scan by a source that a list names as one that scans everybody; what a source says of itself is nothing here */
  readonly isListed: boolean;
  /** kind of the system that it went for; null = none is declared */
  readonly assetKind: AssetKind | null;
}

export interface Fact {
  /** id of the alert */
  readonly id: string;
  readonly version: number;
  /** key of its source, two words */
  readonly key: readonly [hi: number, lo: number];
  /** end of the alert, Unix ms: old facts are forgotten by it */
  readonly endMs: number;
  /** null: the alert was taken back, or its organisation says that it is nothing */
  readonly sighting: Sighting | null;
}

/** Of two facts of one alert the one that counts: the higher version; of one version, which nobody writes twice, the smaller text. */
export function laterFact(a: Fact, b: Fact): Fact {
  if (a.version !== b.version) return a.version > b.version ? a : b;
  return JSON.stringify(a) <= JSON.stringify(b) ? a : b;
}
