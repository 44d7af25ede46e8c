/**
 * F15 Hot prefix: at least 5 scanning sources of one /24 (/48) within an hour, or 10 within 7 days (CrowdSec: 6 in a
 * minute; scan-NG: 10). What scans is what stage 1 told of; the sources need not have touched the same targets.
 * An attacker walks around it with addresses of many blocks.
 */
import { addVisit } from '../measure/additions.ts';
import { TAG_BITS } from '../measure/entry.ts';
import { type Ledger, rowOf } from '../measure/ledger.ts';
import { prefixOf } from '../model/address.ts';
import { dayOf, HOUR } from '../model/time.ts';
import type { Decision } from './decision.ts';
import type { Scene } from './detector.ts';
import { distinctOf } from './distinct.ts';
import { type Exhibit, joinExhibits } from './exhibit.ts';
import { FACT, FACT_SPACE, keyAt } from './fact-spaces.ts';
import { networkDecision } from './network-decision.ts';
import type { Touch } from './touch.ts';
import type { Visit } from './visit.ts';

/** Scanning sources of a prefix in two adjacent hours; fewer facts than that are not looked at. */
export const PREFIX_HOUR = 5;
const PREFIX_WEEK = 10;
const SCANS = new Set(['F01', 'F02', 'F03', 'F04', 'F06', 'F13']);

/** A scan of one source, and the hours that it fell into, as whole hours since 1970. */
export interface ScanFact {
  readonly decision: Decision;
  readonly hours: readonly number[];
}

/** What the scans of a prefix on a day show, by organisation, prefix and day. */
export type Witnesses = Map<string, Exhibit[]>;

const witnessName = (organization: number, { hi, lo }: { hi: number; lo: number }, day: number) =>
  `${organization}/${hi}:${lo}:${day}`;

/** The scan that a decision about a source tells of, or null; `touches`: those that it rests on. */
export function scanOf(decision: Decision, touches: readonly Touch[]): ScanFact | null {
  if (!SCANS.has(decision.detection) || decision.base === 'info') return null;
  return { decision, hours: [...distinctOf(touches, (t) => Math.floor(t.paneMs / HOUR))] };
}

/** Notes a scan of the source of a row under its prefix. */
export function noteScan(facts: Ledger, witnesses: Witnesses, row: number, { decision: d, hours }: ScanFact): void {
  const prefix = prefixOf(d.key.hi, d.key.lo);
  const to = rowOf(facts, (d.organization << 8) | FACT_SPACE.prefix, prefix.hi, prefix.lo);
  for (const hour of hours) addVisit(facts, to, row, ((hour << TAG_BITS) | FACT.scanned) >>> 0, 0);
  const name = witnessName(d.organization, prefix, d.day);
  const known = witnesses.get(name);
  if (known === undefined) witnesses.set(name, [d.exhibit]);
  else known.push(d.exhibit);
}

/** Decides about a prefix of which this was noted; `sources` is the state that the facts are of. */
export function hotPrefix(
  sources: Ledger,
  organization: number,
  prefix: { hi: number; lo: number },
  visits: readonly Visit[],
  witnesses: Witnesses,
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
    const exhibits = witnesses.get(witnessName(organization, prefix, day));
    if (exhibits === undefined) continue;
    out.push(
      networkDecision({
        detection: 'F15',
        organization,
        key: { kind: 'prefix', ...prefix },
        day,
        base: 'medium',
        exhibit: joinExhibits(exhibits),
        members: [...members].map((i) => keyAt(sources, i)),
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
