/**
 * What decisions about single sources say to other organisations (model/fact.ts): who, when, how grave and what for, and
 * what the source has in common with others of its kind. Nothing of what it asked for, and no line.
 */

import { detectionText } from '../alerts/detections.ts';
import type { Severity } from '../alerts/severity.ts';
import { verdictOf } from '../alerts/verdict.ts';
import type { Decision } from '../detect/decision.ts';
import type { Member, Sighting } from '../model/fact.ts';
import type { Inventory } from '../model/inventory.ts';
import { listingOf, type Surroundings } from './naming.ts';

/** The sighting of a decision, or null for one that is not about a single source of this organisation. */
export function sightingOf(
  d: Decision,
  severity: Severity,
  member: Member,
  inventory: Surroundings['inventory'],
): Sighting | null {
  if (d.key.kind !== 'source' || d.shared !== undefined) return null;
  // a chain that nothing grave is part of is no alert
  if (d.detection === 'X01' && severity.level === 'info') return null;
  // an office's agreement covers scans, and only of its own systems
  const isScan = detectionText(d.detection)?.class === 'scan';
  if (isScan && isAuthorized(d, inventory)) return null;
  const { marks, probes } = d.signature ?? { marks: [], probes: [] };
  const asset = inventory.assets.find(({ number }) => number === d.exhibit.asset);
  return {
    member,
    detection: d.detection,
    hi: d.key.hi,
    lo: d.key.lo,
    startMs: d.startMs,
    endMs: d.endMs,
    level: severity.level,
    outcome: d.outcome,
    verdict: verdictOf(d).term,
    isListed: isScan && listingOf(d.key, inventory).listed !== undefined,
    assetKind: asset?.kind ?? null,
    marks,
    probes,
  };
}

/** Whether the office agreed to be scanned by the source for the whole time. */
function isAuthorized({ key: { hi, lo }, startMs, endMs }: Decision, inventory: Inventory): boolean {
  const at = (ms: number) =>
    hi === 0 ? inventory.authorizedScanner(0, 0, 0xffff, lo, ms) : inventory.authorizedScanner(hi, lo, 0, 0, ms);
  return at(startMs) !== null && at(endMs) !== null;
}

/** Whether other organisations are told: a source without anything but noise is not their business. */
export function isWorthTelling({ level, verdict }: Sighting): boolean {
  return level !== 'info' && verdict !== 'noise';
}
