/**
 * X03 within one run: what sources of one organisation have in common, and where a run reads the logs of several, what
 * those have in common (X03, X06, campaign.jurisdiction_sweep). The same detectors as over the facts of a state's counties;
 * here the decisions themselves are at hand, so that an organisation's own campaign shows their lines.
 */

import type { Severity } from '../alerts/severity.ts';
import type { Decision } from '../detect/decision.ts';
import { joinExhibits } from '../detect/exhibit.ts';
import { decideAcross, withoutBackground } from '../detect/members/index.ts';
import type { MemberScene } from '../detect/members/member-detector.ts';
import { campaignsOf } from '../detect/members/shared-campaign.ts';
import type { Member, Sighting } from '../model/fact.ts';
import type { Inventory } from '../model/inventory.ts';
import { sightingOf } from './sightings.ts';

/** Lines of so many members are shown with a campaign. */
const SHOWN = 40;

/**
 * Campaigns of decisions, with their severities, about sources that have signatures. `organizations`: those of the run by number;
 * what several have in common is decided for the first.
 */
export function campaignsIn(
  decisions: readonly Decision[],
  severities: readonly Severity[],
  inventory: Inventory,
  organizations: readonly { readonly id: string; readonly name: string }[],
  asOf: (hi: number, lo: number) => number,
): Decision[] {
  const scene: MemberScene = { dayStartMs: inventory.dayStartMs, asOf };
  const seen = new Map<number, Map<Sighting, Decision>>();
  for (const [i, d] of decisions.entries()) {
    const sighting = sightingOf(d, severities[i]!, memberOf(d.organization, inventory, organizations), inventory);
    if (sighting === null) continue;
    const own = seen.get(d.organization) ?? new Map<Sighting, Decision>();
    seen.set(d.organization, own.set(sighting, d));
  }
  const across =
    seen.size < 2
      ? []
      : decideAcross(
          [...seen.values()].flatMap((own) => [...own.keys()]),
          scene,
        );
  const local = [...seen].flatMap(([organization, own]) =>
    campaignsOf(withoutBackground([...own.keys()]), scene, 1).map((d) => shown(d, organization, own)),
  );
  return [...across, ...withoutThoseOf(local, across)];
}

/** Campaigns of one organisation without those that are told of several. */
export function withoutThoseOf(local: readonly Decision[], across: readonly Decision[]): Decision[] {
  const nameOf = ({ organization, detection, key, day }: Decision) =>
    JSON.stringify([organization, detection, key.kind, key.text, day]);
  const told = new Set(across.filter((d) => d.key.kind === 'campaign').map(nameOf));
  return told.size === 0 ? [...local] : local.filter((d) => d.key.kind !== 'campaign' || !told.has(nameOf(d)));
}

function memberOf(
  organization: number,
  { organization: own }: Inventory,
  organizations: readonly { readonly id: string; readonly name: string }[],
): Member {
  const { id, name } = organizations[organization] ?? own;
  return id === own.id ? own : { id, name, level: null, parent: null };
}

/** A campaign of one organisation with the lines of its members' alerts. */
function shown(campaign: Decision, organization: number, own: ReadonlyMap<Sighting, Decision>): Decision {
  const { shared: _shared, ...d } = campaign;
  const names = new Set(d.members.map(({ hi, lo }) => `${hi}:${lo}`));
  const parts = [...own.values()].filter(
    (part) => names.has(`${part.key.hi}:${part.key.lo}`) && part.startMs <= d.endMs && part.endMs >= d.startMs,
  );
  const { jurisdictions: _none, ...numbers } = d.numbers;
  return {
    ...d,
    organization,
    numbers,
    exhibit: joinExhibits(parts.slice(0, SHOWN).map((part) => part.exhibit)),
    tailored: [...new Set(parts.flatMap((part) => part.tailored))].sort(),
  };
}
