/**
 * Deciding: a settled state → decisions, one per (detection, key, day). Stage 1 asks every detector about every source
 * that did something; what it found, and the packets of all sources, are the facts of stage 2 (distributed.ts), which is
 * the same measure engine keyed by prefix, network and target.
 * A pure function of the state: no clock, no order.
 */
import { byKey, type Ledger, SPACE, spaceOf } from '../measure/ledger.ts';
import { append } from '../model/long-lists.ts';
import { type DecidedSource, type DecidedSources, decideAgain } from './decided-sources.ts';
import type { Decision } from './decision.ts';
import { createFacts, decideDistributed, noteFound, noteTouches } from './distributed.ts';
import { campaignsOf } from './election/campaigns.ts';
import { createNetworkFacts, decideSystems, noteNetwork } from './election/index.ts';
import { sweptHosts } from './firewall/horizontal-sweep.ts';
import { isInteresting } from './interest.ts';
import { decideSource } from './one-source.ts';
import { learn, type Settings, sceneOf } from './scene.ts';

/** What a settled state decides: about each source, in the order of their keys, and about what several add up to. */
export interface DecidedParts<Made> {
  readonly sources: DecidedSource<Made>[];
  readonly others: Decision[];
}

/**
 * Everything that the settled state decides. With `memory` of an earlier time, sources of which nothing is new are the same
 * objects as then: the decisions are those of a first time.
 */
export function decide<Made>(ledger: Ledger, settings: Settings, memory?: DecidedSources<Made>): DecidedParts<Made> {
  const learned = learn(ledger, settings.rules);
  const scene = sceneOf(ledger, settings, learned);
  const facts = createFacts(ledger);
  const networks = createNetworkFacts();
  const sweep = sweptHosts(scene.ownedHosts);
  const busy: number[] = [];
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    noteNetwork(networks, ledger, row, settings.dayStartMs);
    noteTouches(facts, ledger, row, settings.dayStartMs);
    if (isInteresting(ledger, row, sweep)) busy.push(row);
  }
  // rows stand in order of arrival, which decides nothing
  busy.sort(byKey(ledger));
  const sources =
    memory === undefined
      ? busy.map((row) => ({ found: decideSource(ledger, row, scene, settings), isKept: false, made: null }))
      : decideAgain(memory, busy, ledger, learned, scene, settings);
  const ofSources: Decision[] = [];
  for (const [i, { found }] of sources.entries()) {
    append(ofSources, found.decisions);
    noteFound(facts, busy[i]!, found);
  }
  const isOn = (d: Decision) => !settings.off.has(d.detection);
  const joint = [
    ...decideDistributed(facts, scene, settings),
    ...decideSystems(networks, ledger, scene, settings),
  ].filter(isOn);
  const campaigns = campaignsOf([...ofSources, ...joint]).filter(isOn);
  return { sources, others: [...joint, ...campaigns] };
}
