/**
 * What several decisions add up to, for one declared system on one day:
 *
 * campaign.scan_to_exploit A scan, and later an attack on the same system by the same address or another of its /24 (/48):
 *   first of the attack at least an hour after the last of the scan, at most 30 days (AA20-304A: nine days). The hour keeps
 *   apart what is one run of one tool. Scans by others do not count: every system is scanned by somebody.
 * campaign.smokescreen A flood, and within two hours before or after it an attack on any system of the office (Knox County
 *   2018: the results site was flooded while somebody tried another one). Named after the system that was attacked: the flood
 *   is seen by everybody, this is not.
 * Parts that are for the record or low do not count as attacks. A campaign lists its members, it does not join them further.
 */
import { prefixOf } from '../../model/address.ts';
import { jointOutcome, jointSpan } from '../../model/joint.ts';
import { DAY, HOUR } from '../../model/time.ts';
import type { Decision } from '../decision.ts';
import { joinExhibits } from '../exhibit.ts';

const SCAN_LEAD_MIN = HOUR;
const SCAN_LEAD_MAX = 30 * DAY;
const FLOOD_MARGIN = 2 * HOUR;

const SCANS: ReadonlySet<string> = new Set([
  ...['F01', 'F02', 'F03', 'F04', 'F06', 'F09', 'F13'],
  ...['W01', 'W02', 'W03', 'W04', 'W05', 'W06', 'W07', 'W08', 'W09', 'W10', 'W16', 'W18'],
  'election.results_probe',
]);
const EXPLOITS: ReadonlySet<string> = new Set([
  ...['W11', 'W12', 'W14', 'W15', 'W28', 'F18'],
  'election.form_injection',
  'election.upload_active',
]);
/** Beside attempts to break in: records that are walked through, forms that are sent in bulk. */
const MISUSES: ReadonlySet<string> = new Set([
  'election.lookup_enum',
  'election.lookup_slow',
  'election.bulk_register',
  'election.bulk_ballot_request',
  'election.bulk_cancel',
]);

const isGrave = (d: Decision) => d.base !== 'info' && d.base !== 'low';

/** Campaigns over decisions of stage 1 and 2. */
export function campaignsOf(decisions: readonly Decision[]): Decision[] {
  return [...scansToExploits(decisions), ...smokescreens(decisions)];
}

function scansToExploits(decisions: readonly Decision[]): Decision[] {
  const scans = new Map<string, Decision[]>();
  for (const d of decisions) {
    if (!SCANS.has(d.detection) || d.base === 'info' || d.exhibit.asset === 0) continue;
    for (const name of placesOf(d)) {
      const there = scans.get(name);
      if (there === undefined) scans.set(name, [d]);
      else there.push(d);
    }
  }
  const found = new Map<string, Set<Decision>>();
  for (const d of decisions) {
    if (!(EXPLOITS.has(d.detection) || MISUSES.has(d.detection)) || !isGrave(d) || d.exhibit.asset === 0) continue;
    const before = placesOf(d)
      .flatMap((name) => scans.get(name) ?? [])
      .filter((s) => d.startMs - s.endMs >= SCAN_LEAD_MIN && d.startMs - s.startMs <= SCAN_LEAD_MAX);
    if (before.length > 0) addTo(found, d, [d, ...before]);
  }
  return [...found.values()].map((parts) => {
    const attacks = [...parts].filter((d) => !SCANS.has(d.detection));
    return joined('campaign.scan_to_exploit', [...parts], attacks, 'medium', [
      'a scan, and an attack on the same system within 30 days from the same block of addresses',
    ]);
  });
}

function smokescreens(decisions: readonly Decision[]): Decision[] {
  const floods = decisions.filter((d) => d.detection === 'election.results_flood');
  const found = new Map<string, Set<Decision>>();
  for (const flood of floods) {
    for (const d of decisions) {
      if (!EXPLOITS.has(d.detection) || !isGrave(d) || d.organization !== flood.organization) continue;
      if (d.startMs > flood.endMs + FLOOD_MARGIN || d.endMs < flood.startMs - FLOOD_MARGIN) continue;
      addTo(found, d, [d, flood]);
    }
  }
  return [...found.values()].map((parts) => {
    const attacks = [...parts].filter((d) => d.detection !== 'election.results_flood');
    return joined('campaign.smokescreen', [...parts], attacks, 'high', [
      'an attack within two hours of a flood of any system of yours',
    ]);
  });
}

/** Blocks and system that a decision is about: by these a scan and an attack belong together. */
function placesOf(d: Decision): string[] {
  const keys = d.members.length === 0 ? [d.key] : d.members;
  const blocks = keys.map(({ hi, lo }) => prefixOf(hi, lo)).map((p) => `${p.hi}:${p.lo}`);
  return [...new Set(blocks)].map((block) => `${d.organization}/${d.exhibit.asset}/${block}`);
}

function addTo(found: Map<string, Set<Decision>>, attack: Decision, parts: readonly Decision[]): void {
  const name = `${attack.organization}/${attack.exhibit.asset}/${attack.day}`;
  const set = found.get(name) ?? new Set<Decision>();
  for (const part of parts) set.add(part);
  found.set(name, set);
}

function joined(
  detection: string,
  parts: Decision[],
  attacks: Decision[],
  base: Decision['base'],
  thresholds: string[],
): Decision {
  parts.sort(inOrder);
  const members = new Map<string, { hi: number; lo: number }>();
  for (const d of parts.filter((part) => part.key.kind !== 'system'))
    for (const { hi, lo } of d.members) members.set(`${hi}:${lo}`, { hi, lo });
  const [first] = attacks as [Decision];
  return {
    detection,
    organization: first.organization,
    key: { kind: 'system', hi: 0, lo: first.exhibit.asset },
    day: first.day,
    base,
    steps: [],
    outcome: jointOutcome(attacks),
    ...jointSpan(parts),
    // what was done to the system; of the rest the parts tell
    exhibit: joinExhibits(attacks.map((d) => d.exhibit)),
    numbers: {
      sources: members.size,
      requests: attacks.reduce((sum, d) => sum + (d.numbers['requests'] ?? d.numbers['packets'] ?? 0), 0),
      server_errors: attacks.reduce((sum, d) => sum + (d.numbers['server_errors'] ?? 0), 0),
      detections: new Set(parts.map((d) => d.detection)).size,
    },
    thresholds,
    noise: [],
    tailored: [],
    members: [...members.values()].sort((a, b) => a.hi - b.hi || a.lo - b.lo),
    parts,
  };
}

function inOrder(a: Decision, b: Decision): number {
  return (
    a.startMs - b.startMs ||
    (a.detection < b.detection ? -1 : a.detection > b.detection ? 1 : 0) ||
    a.key.hi - b.key.hi ||
    a.key.lo - b.key.lo ||
    a.day - b.day
  );
}
