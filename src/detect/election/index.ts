/**
 * The second stage of the election pack: what the sources of one network did together, and what happened to a system as a
 * whole. Noted while the sources are gone through, decided when all were.
 */
import type { Ledger } from '../../measure/ledger.ts';
import { isInside } from '../../model/address.ts';
import type { Decision } from '../decision.ts';
import type { Scene } from '../detector.ts';
import type { Settings } from '../scene.ts';
import { createSenders, networkSubmissions, noteSender, type Senders } from './network-submissions.ts';
import { resultsFloods } from './results-flood.ts';
import { createLookUps, type LookUps, noteLookUps, slowLookUps } from './slow-lookup.ts';

/** What is noted of sources. */
export interface NetworkFacts {
  readonly lookUps: LookUps;
  readonly senders: Senders;
}

/** Nothing noted yet. */
export function createNetworkFacts(): NetworkFacts {
  return { lookUps: createLookUps(), senders: createSenders() };
}

/** Notes a source, by its row. */
export function noteNetwork({ lookUps, senders }: NetworkFacts, ledger: Ledger, row: number, dayStartMs: number): void {
  noteLookUps(lookUps, ledger, row, dayStartMs);
  noteSender(senders, ledger, row, dayStartMs);
}

/** Decisions about networks and systems. */
export function decideSystems(facts: NetworkFacts, ledger: Ledger, scene: Scene, settings: Settings): Decision[] {
  const { office, asOf } = settings;
  const isOwn = (hi: number, lo: number) => isInside(office.isOwned, hi, lo);
  return [
    ...slowLookUps(facts.lookUps, scene, asOf, isOwn),
    ...networkSubmissions(facts.senders, scene, asOf, isOwn),
    ...resultsFloods(ledger, scene),
  ];
}
