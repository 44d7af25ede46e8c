/**
 * Stage 2: the same measure engine over facts instead of lines. Keys are prefixes, networks (AS) and targets; items are
 * sources. Facts are set elements: noting one again changes nothing.
 *
 *  F15 Hot prefix: at least 5 scanning sources of one /24 (/48) within an hour, or 10 within 7 days (CrowdSec: 6 in a
 *      minute; scan-NG: 10).
 *  F16 Distributed scan of one address: at least 15 sources, together at least 15 ports beyond those that everybody is
 *      probed for, hardly overlapping (1 − |union| / sum of sets ≤ 0.2), and one agreement: 60 % of them in one network
 *      or /24, or the ports cover half of the range that they span (Gates; Yegneswaran; Snort's distributed scan).
 *  W01 shared out between the addresses of a block: shared-probing.ts. W21 spread over
 *  a network: network-logins.ts; over many, against one system: system-logins.ts.
 * Campaigns are not joined transitively: a decision lists its members.
 */

import { addVisit, createLedger } from '../measure/additions.ts';
import { GROUPED, paneStart, TAG, TAG_BITS, TAG_MASK, TOUCH_WORDS } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf, rowOf, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { FIRST_HASHED_HOST } from '../measure/observe.ts';
import { prefixOf } from '../model/address.ts';
import { ACTION } from '../model/batch.ts';
import { append } from '../model/long-lists.ts';
import { dayOf, HOUR, PACKET_PANE } from '../model/time.ts';
import type { Decision } from './decision.ts';
import type { Scene, SourceRecord } from './detector.ts';
import { distinctOf } from './distinct.ts';
import { type Exhibit, exhibitOf, joinExhibits } from './exhibit.ts';
import { BACKGROUND_PORTS } from './firewall/packets.ts';
import { networkDecision } from './network-decision.ts';
import { networkLogIns } from './network-logins.ts';
import type { Settings } from './scene.ts';
import { noteProber, sharedProbing, TOLD_ALONE } from './shared-probing.ts';
import { systemLogIns } from './system-logins.ts';
import { actionOf, type Touch } from './touch.ts';
import { readVisits, type Visit } from './visit.ts';
import { logins } from './web/credential-guessing.ts';

/** Tags of stage 2; panes are hours. */
const FACT = { scanned: GROUPED | 1, port: GROUPED | 2 } as const;
const PREFIX_SPACE = 16;
const TARGET_SPACE = 17;

const PREFIX_HOUR = 5;
const PREFIX_WEEK = 10;
const F16_SOURCES = 15;
const F16_PORTS = 15;
const F16_OVERLAP = 0.2;
const F16_AGREE = 0.6;
const F16_COVERAGE = 0.5;
const SCANS = new Set(['F01', 'F02', 'F03', 'F04', 'F06', 'F13']);

export interface Facts {
  ledger: Ledger;
  /** the state that the facts are of: an item is the row of a source in it, so that no two sources are mistaken */
  sources: Ledger;
  /** what the scans of a prefix on a day show */
  witnesses: Map<string, Exhibit[]>;
  logins: LogInFact[];
  /** rows and days of sources whose probing is told alone, see toldName */
  told: Set<number>;
}

/** A row and the number of a day as one number. */
const toldName = (row: number, day: number) => row * 65_536 + day;

/**
 * Facts of a settled state. There are no more of them than touches in the state, whose bound holds: so their groups are
 * not trimmed, and one loud source cannot push a distributed scan of the same target out of sight.
 */
export function createFacts(sources: Ledger): Facts {
  const ledger = createLedger(sources.seed, 512 * 1024 * 1024);
  ledger.visits.onCompact = null;
  return { ledger, sources, witnesses: new Map(), logins: [], told: new Set() };
}

const keyOf = (facts: Facts, item: number) => ({ hi: hiOf(facts.sources, item), lo: loOf(facts.sources, item) });

/** The log-ins of one source that tried some in vain, or a few of which nobody knows. */
export interface LogInFact {
  readonly hi: number;
  readonly lo: number;
  readonly organization: number;
  readonly failed: readonly Touch[];
  readonly succeeded: readonly Touch[];
  /** answered with a page, which may be that of who got in or the form again */
  readonly unclear: readonly Touch[];
}

/** Minutes in which a source was given a page for what it sent, up to which it may be one of many that try a password or two. */
const FEW_UNCLEAR = 8;

/** The log-ins of a source, or null where none failed and hardly any may have. */
export function logInsOf(record: SourceRecord): LogInFact | null {
  const { refused: failed, succeeded, unclear } = logins(record);
  if (failed.length === 0 && (unclear.length === 0 || unclear.length > FEW_UNCLEAR)) return null;
  const { hi, lo, organization } = record;
  return { hi, lo, organization, failed, succeeded, unclear };
}

/** A scan of one source, and the hours that it fell into, as whole hours since 1970. */
export interface ScanFact {
  readonly decision: Decision;
  readonly hours: readonly number[];
}

/** The scan that a decision about a source tells of, or null; `touches`: those that it rests on. */
export function scanOf(decision: Decision, touches: readonly Touch[]): ScanFact | null {
  if (!SCANS.has(decision.detection) || decision.base === 'info') return null;
  return { decision, hours: [...distinctOf(touches, (t) => Math.floor(t.paneMs / HOUR))] };
}

/** Notes what a source touched, below every threshold or not: (target, port) of packets that were not let through, missing pages. */
export function noteTouches(facts: Facts, ledger: Ledger, row: number): void {
  if (lengthOf(ledger.touches, row) === 0) return;
  notePackets(facts, ledger, row);
  noteProber(facts.ledger, ledger, row);
}

function notePackets(facts: Facts, ledger: Ledger, row: number): void {
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
      facts.ledger,
      rowOf(facts.ledger, (organization << 8) | TARGET_SPACE, page[e + 3]! >>> 30, page[e]!),
      row,
      ((hour << TAG_BITS) | FACT.port) >>> 0,
      port,
    );
  }
}

/** Notes what was found about the source of a row: its log-ins, its scans under its prefix, and whether it is told alone. */
export function noteFound(facts: Facts, row: number, { decisions, scans, logIns }: Found): void {
  if (logIns !== null) facts.logins.push(logIns);
  for (const { detection, day } of decisions) if (TOLD_ALONE.has(detection)) facts.told.add(toldName(row, day));
  for (const { decision: d, hours } of scans) {
    const prefix = prefixOf(d.key.hi, d.key.lo);
    const to = rowOf(facts.ledger, (d.organization << 8) | PREFIX_SPACE, prefix.hi, prefix.lo);
    for (const hour of hours) addVisit(facts.ledger, to, row, ((hour << TAG_BITS) | FACT.scanned) >>> 0, 0);
    const name = `${d.organization}/${prefix.hi}:${prefix.lo}:${d.day}`;
    const known = facts.witnesses.get(name);
    if (known === undefined) facts.witnesses.set(name, [d.exhibit]);
    else known.push(d.exhibit);
  }
}

interface Found {
  readonly decisions: readonly Decision[];
  readonly scans: readonly ScanFact[];
  readonly logIns: LogInFact | null;
}

/** Decisions of stage 2. */
export function decideDistributed(facts: Facts, scene: Scene, settings: Settings): Decision[] {
  const out: Decision[] = [];
  const { ledger } = facts;
  for (let row = 0; row < ledger.rows; row++) {
    const space = spaceOf(ledger, row) & 255;
    const organization = spaceOf(ledger, row) >>> 8;
    // a fact is one source in one hour: fewer facts than sources cannot reach a threshold
    if (lengthOf(ledger.visits, row) < (space === PREFIX_SPACE ? PREFIX_HOUR : F16_SOURCES)) continue;
    const visits = readVisits(ledger, row);
    if (space === PREFIX_SPACE)
      out.push(...hotPrefix(facts, organization, { hi: hiOf(ledger, row), lo: loOf(ledger, row) }, visits, scene));
    else if (space === TARGET_SPACE)
      out.push(...distributedScan(facts, organization, loOf(ledger, row), visits, scene, settings));
  }
  const isTold = (row: number, day: number) => facts.told.has(toldName(row, day));
  append(out, sharedProbing(ledger, facts.sources, scene, isTold));
  append(out, networkLogIns(facts.logins, scene, settings));
  append(out, systemLogIns(facts.logins, facts.sources, scene, settings));
  return out;
}

function hotPrefix(
  facts: Facts,
  organization: number,
  prefix: { hi: number; lo: number },
  visits: readonly Visit[],
  scene: Scene,
): Decision[] {
  const days = new Map<number, Set<number>>();
  const byHour = new Map<number, Set<number>>();
  for (const v of visits) {
    const day = dayOf(v.pane * HOUR, scene.dayStartMs);
    days.set(day, (days.get(day) ?? new Set()).add(v.item));
    byHour.set(v.pane, (byHour.get(v.pane) ?? new Set()).add(v.item));
  }
  const out: Decision[] = [];
  for (const [day, members] of days) {
    const week = new Set<number>();
    for (const [d, items] of days) if (d <= day && d > day - 7) for (const i of items) week.add(i);
    let hour = 0;
    for (const [h, items] of byHour) {
      if (dayOf(h * HOUR, scene.dayStartMs) !== day) continue;
      hour = Math.max(hour, new Set([...items, ...(byHour.get(h + 1) ?? [])]).size);
    }
    if (hour < PREFIX_HOUR && week.size < PREFIX_WEEK) continue;
    const exhibits = facts.witnesses.get(`${organization}/${prefix.hi}:${prefix.lo}:${day}`);
    if (exhibits === undefined) continue;
    out.push(
      networkDecision({
        detection: 'F15',
        organization,
        key: { kind: 'prefix', ...prefix },
        day,
        base: 'medium',
        exhibit: joinExhibits(exhibits),
        members: [...members].map((i) => keyOf(facts, i)),
        numbers: { sources: members.size, sources_in_an_hour: hour, sources_in_7_days: week.size },
        thresholds: [
          `${PREFIX_HOUR} scanning addresses of one network block within an hour, or ${PREFIX_WEEK} within 7 days`,
        ],
        tailored: [],
      }),
    );
  }
  return out;
}

function distributedScan(
  facts: Facts,
  organization: number,
  target: number,
  visits: readonly Visit[],
  scene: Scene,
  settings: Settings,
): Decision[] {
  const days = new Map<number, Visit[]>();
  for (const v of visits) {
    const day = dayOf(v.pane * HOUR, scene.dayStartMs);
    const list = days.get(day);
    if (list === undefined) days.set(day, [v]);
    else list.push(v);
  }
  const out: Decision[] = [];
  for (const [day, list] of days) {
    const bySource = new Map<number, Set<number>>();
    for (const v of list) bySource.set(v.item, (bySource.get(v.item) ?? new Set()).add(v.group));
    // sources that scan alone are alerts of their own; here are those that stay below
    for (const [item, ports] of bySource) if (ports.size >= F16_PORTS) bySource.delete(item);
    if (bySource.size < F16_SOURCES) continue;
    const union = new Set<number>();
    let sum = 0;
    for (const ports of bySource.values()) {
      sum += ports.size;
      for (const p of ports) union.add(p);
    }
    if (union.size < F16_PORTS || 1 - union.size / sum > F16_OVERLAP) continue;
    const members = [...bySource.keys()].map((i) => keyOf(facts, i));
    const shared = agreement(members, settings);
    const sorted = [...union].sort((a, b) => a - b);
    const coverage = union.size / (sorted[sorted.length - 1]! - sorted[0]! + 1);
    const reasons: string[] = [];
    if (shared.as >= F16_AGREE) reasons.push(`${Math.round(shared.as * 100)} % of the addresses are in one network`);
    if (shared.prefix >= F16_AGREE)
      reasons.push(`${Math.round(shared.prefix * 100)} % of the addresses are in one block`);
    if (coverage >= F16_COVERAGE) reasons.push('together they cover a range of ports without gaps');
    if (reasons.length === 0) continue;
    const touches = witnessesOf(scene, members, target, organization, day);
    if (touches.length === 0) continue;
    out.push(
      networkDecision({
        detection: 'F16',
        organization,
        key: { kind: 'target', hi: 0, lo: target },
        day,
        base: 'high',
        exhibit: exhibitOf(touches, FIRST_HASHED_HOST),
        members,
        numbers: {
          sources: bySource.size,
          ports: union.size,
          packets: touches.reduce((n, t) => n + t.count, 0),
          overlap_percent: Math.round((1 - union.size / sum) * 100),
        },
        thresholds: [`${F16_SOURCES} addresses, ${F16_PORTS} ports of one address of yours, hardly overlapping`],
        tailored: ['the ports of one address of yours were shared out between the senders', ...reasons],
      }),
    );
  }
  return out;
}

/** the packet touches of the members on the target, read back from their records */
function witnessesOf(
  scene: Scene,
  members: readonly { hi: number; lo: number }[],
  target: number,
  organization: number,
  day: number,
): Touch[] {
  const touches: Touch[] = [];
  for (const m of members) {
    for (const t of scene.touchesOf(organization, m.hi, m.lo)) {
      if (
        t.tag === TAG.packet &&
        t.item === target &&
        actionOf(t) !== ACTION.allow &&
        dayOf(t.paneMs, scene.dayStartMs) === day
      )
        touches.push(t);
    }
  }
  return touches.sort((a, b) => a.firstMs - b.firstMs || a.lineHash - b.lineHash);
}

function agreement(members: readonly { hi: number; lo: number }[], settings: Settings): { as: number; prefix: number } {
  const networks = new Map<number, number>();
  const prefixes = new Map<string, number>();
  for (const m of members) {
    const as = settings.asOf(m.hi, m.lo);
    if (as > 0) networks.set(as, (networks.get(as) ?? 0) + 1);
    const p = prefixOf(m.hi, m.lo);
    const name = `${p.hi}:${p.lo}`;
    prefixes.set(name, (prefixes.get(name) ?? 0) + 1);
  }
  return {
    as: mostOf(networks) / members.length,
    prefix: mostOf(prefixes) / members.length,
  };
}

function mostOf(counts: ReadonlyMap<unknown, number>): number {
  let most = 0;
  for (const n of counts.values()) if (n > most) most = n;
  return most;
}
