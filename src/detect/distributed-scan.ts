/**
 * F16 Distributed scan of one address: at least 15 sources, together at least 15 ports beyond those that everybody is
 * probed for, hardly overlapping (1 − |union| / sum of sets ≤ 0.2), and one agreement: 60 % of them in one network
 * or /24, or the ports cover half of the range that they span (Gates; Yegneswaran; Snort's distributed scan).
 * Sources that scan so much alone are alerts of their own and do not count. An attacker walks around it with fewer
 * addresses, or with ports that everybody is probed for.
 */
import { addVisit } from '../measure/additions.ts';
import { paneStart, TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS } from '../measure/entry.ts';
import { type Ledger, rowOf, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { FIRST_HASHED_HOST } from '../measure/observe.ts';
import { prefixOf } from '../model/address.ts';
import { ACTION } from '../model/batch.ts';
import { extent } from '../model/long-lists.ts';
import { dayOf, HOUR, PACKET_PANE } from '../model/time.ts';
import type { Decision } from './decision.ts';
import type { Scene } from './detector.ts';
import { exhibitOf } from './exhibit.ts';
import { FACT, FACT_SPACE, keyAt } from './fact-spaces.ts';
import { BACKGROUND_PORTS } from './firewall/packets.ts';
import { networkDecision } from './network-decision.ts';
import type { Settings } from './scene.ts';
import { actionOf, inOrder, type Touch } from './touch.ts';
import type { Visit } from './visit.ts';

/** Sources of a target; fewer facts than that are not looked at. */
export const SCAN_SOURCES = 15;
const PORTS = 15;
const OVERLAP = 0.2;
const AGREE = 0.6;
const COVERAGE = 0.5;

/** Notes the packets of a source that were not let through, each port under its target. */
export function notePackets(facts: Ledger, ledger: Ledger, row: number): void {
  const n = lengthOf(ledger.touches, row);
  const organization = spaceOf(ledger, row) >>> 8;
  const page = pageOf(ledger.touches, row);
  const start = startOf(ledger.touches, row);
  for (let i = 0; i < n; i++) {
    const e = start + i * TOUCH_WORDS;
    if ((page[e + 1]! & TAG_MASK) !== TAG.packet || ((page[e + 3]! >>> 24) & 3) === ACTION.allow) continue;
    const port = page[e + 2]! >>> 16;
    if (BACKGROUND_PORTS.has(port)) continue;
    const hour = Math.floor(paneStart(page[e + 1]! >>> TAG_BITS, PACKET_PANE) / HOUR);
    addVisit(
      facts,
      rowOf(facts, (organization << 8) | FACT_SPACE.target, page[e + 3]! >>> 30, page[e]!),
      row,
      ((hour << TAG_BITS) | FACT.port) >>> 0,
      port,
    );
  }
}

/** An address of an organisation's that packets went to. `sources` is the state that the facts are of. */
export interface ScanTarget {
  readonly sources: Ledger;
  readonly organization: number;
  readonly address: number;
}

/** Decides about a target of which this was noted. */
export function distributedScan(
  target: ScanTarget,
  visits: readonly Visit[],
  scene: Scene,
  settings: Settings,
): Decision[] {
  const days = Map.groupBy(visits, (v) => dayOf(v.pane * HOUR, scene.dayStartMs));
  return [...days].flatMap(([day, list]) => scanOn(day, target, list, scene, settings) ?? []);
}

/** The scan of a target on one day, or null. */
function scanOn(
  day: number,
  target: ScanTarget,
  visits: readonly Visit[],
  scene: Scene,
  settings: Settings,
): Decision | null {
  const { sources, organization, address } = target;
  const bySource = new Map<number, Set<number>>();
  for (const v of visits) bySource.set(v.item, (bySource.get(v.item) ?? new Set()).add(v.group));
  // sources that scan alone are alerts of their own; here are those that stay below
  for (const [item, ports] of bySource) if (ports.size >= PORTS) bySource.delete(item);
  if (bySource.size < SCAN_SOURCES) return null;
  const union = new Set<number>();
  let sum = 0;
  for (const ports of bySource.values()) {
    sum += ports.size;
    for (const p of ports) union.add(p);
  }
  const overlap = 1 - union.size / sum;
  if (union.size < PORTS || overlap > OVERLAP) return null;
  const members = [...bySource.keys()].map((i) => keyAt(sources, i));
  const agreements = agreementsOf(members, union, settings);
  if (agreements.length === 0) return null;
  const touches = witnessesOf(scene, members, target, day);
  if (touches.length === 0) return null;
  return networkDecision({
    detection: 'F16',
    organization,
    key: { kind: 'target', hi: 0, lo: address },
    day,
    base: 'high',
    exhibit: exhibitOf(touches, FIRST_HASHED_HOST),
    members,
    numbers: {
      sources: bySource.size,
      ports: union.size,
      packets: touches.reduce((n, t) => n + t.count, 0),
      overlap_percent: Math.round(overlap * 100),
    },
    thresholds: [`${SCAN_SOURCES} addresses, ${PORTS} ports of one address of yours, hardly overlapping`],
    tailored: ['the ports of one address of yours were shared out between the senders', ...agreements],
  });
}

/** The packets of the members to the target, read back from their records. */
function witnessesOf(
  scene: Scene,
  members: readonly { hi: number; lo: number }[],
  { organization, address }: ScanTarget,
  day: number,
): Touch[] {
  const touches: Touch[] = [];
  for (const m of members) {
    for (const t of scene.touchesOf(organization, m.hi, m.lo)) {
      if (
        t.tag === TAG.packet &&
        t.item === address &&
        actionOf(t) !== ACTION.allow &&
        dayOf(t.paneMs, scene.dayStartMs) === day
      )
        touches.push(t);
    }
  }
  return inOrder(touches);
}

/** In what the senders agree, in words: one is needed beside the shared-out ports. */
function agreementsOf(
  members: readonly { hi: number; lo: number }[],
  ports: ReadonlySet<number>,
  settings: Settings,
): string[] {
  const networks = new Map<number, number>();
  const prefixes = new Map<string, number>();
  for (const m of members) {
    const as = settings.asOf(m.hi, m.lo);
    if (as > 0) networks.set(as, (networks.get(as) ?? 0) + 1);
    const p = prefixOf(m.hi, m.lo);
    const name = `${p.hi}:${p.lo}`;
    prefixes.set(name, (prefixes.get(name) ?? 0) + 1);
  }
  const inOneNetwork = mostOf(networks) / members.length;
  const inOneBlock = mostOf(prefixes) / members.length;
  const sorted = [...ports].sort((a, b) => a - b);
  const coverage = ports.size / (sorted[sorted.length - 1]! - sorted[0]! + 1);
  const agreements: string[] = [];
  if (inOneNetwork >= AGREE) agreements.push(`${Math.round(inOneNetwork * 100)} % of the addresses are in one network`);
  if (inOneBlock >= AGREE) agreements.push(`${Math.round(inOneBlock * 100)} % of the addresses are in one block`);
  if (coverage >= COVERAGE) agreements.push('together they cover a range of ports without gaps');
  return agreements;
}

const mostOf = (counts: ReadonlyMap<unknown, number>) => Math.max(0, extent([...counts.values()], (n) => n).most);
