/**
 * Deciding: a settled state → decisions, one per (detection, key, day). Stage 1 asks every detector about every source
 * that did something; what it found, and the packets of all sources, are the facts of stage 2 (distributed.ts), which is
 * the same measure engine keyed by prefix, network and target.
 * A pure function of the state: no clock, no order.
 */
import { byKey, type Ledger, SPACE, spaceOf } from '../measure/ledger.ts';
import { append } from '../model/long-lists.ts';
import { type DecidedSources, rememberingDecider } from './decided-sources.ts';
import { byIdentity, type Decision } from './decision.ts';
import { createFacts, decideDistributed, noteFound, noteTouches } from './distributed.ts';
import { campaignsOf } from './election/campaigns.ts';
import { createNetworkFacts, decideSystems, noteNetwork } from './election/index.ts';
import { sweptHosts } from './firewall/horizontal-sweep.ts';
import { isInteresting } from './interest.ts';
import { decideSource } from './one-source.ts';
import { learn, type Settings, sceneOf } from './scene.ts';

/**
 * Everything that the settled state decides, sorted by (detection, key, day). With `sources` of an earlier time, decisions
 * about sources of which nothing is new are the same objects as then: the decisions are those of a first time.
 */
export function decide(ledger: Ledger, settings: Settings, sources?: DecidedSources): Decision[] {
  const learned = learn(ledger, settings.rules);
  const scene = sceneOf(ledger, settings, learned);
  const facts = createFacts(ledger);
  const networks = createNetworkFacts();
  const sweep = sweptHosts(scene.ownedHosts);
  const busy: number[] = [];
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    noteNetwork(networks, ledger, row, settings.dayStartMs);
    noteTouches(facts, ledger, row);
    if (isInteresting(ledger, row, sweep)) busy.push(row);
  }
  // rows stand in order of arrival, which decides nothing
  busy.sort(byKey(ledger));
  const decideRow =
    sources === undefined
      ? (row: number) => decideSource(ledger, row, scene, settings)
      : rememberingDecider(sources, ledger, scene, settings);
  const decisions: Decision[] = [];
  for (const row of busy) {
    const found = decideRow(row);
    append(decisions, found.decisions);
    noteFound(facts, row, found);
  }
  const isOn = (d: Decision) => !settings.off.has(d.detection);
  append(decisions, decideDistributed(facts, scene, settings).filter(isOn));
  append(decisions, decideSystems(networks, ledger, scene, settings).filter(isOn));
  append(decisions, campaignsOf(decisions).filter(isOn));
  return decisions.sort(byIdentity);
}
