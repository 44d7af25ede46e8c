/**
 * X03 within one run: what sources of one organisation have in common, and where a run reads the logs of several, what
 * those have in common (X03, X06, campaign.jurisdiction_sweep). The same detectors as over the facts of a state's counties;
 * here the decisions themselves are at hand, so that an organisation's own campaign shows their lines.
 */

import type { Decision } from '../detect/decision.ts';
import { joinExhibits } from '../detect/exhibit.ts';
import { decideAcross, withoutBackground } from '../detect/members/index.ts';
import type { MemberScene } from '../detect/members/member-detector.ts';
import { campaignsOf } from '../detect/members/shared-campaign.ts';
import type { Sighting } from '../model/fact.ts';

/** Lines of so many members are shown with a campaign. */
const SHOWN = 40;

/** A decision about a source, and what it says to others. */
export interface Seen {
  readonly sighting: Sighting;
  readonly decision: Decision;
}

/** Campaigns of what was seen, whose decisions have signatures. What several organisations have in common is decided for the first. */
export function campaignsIn(seen: readonly Seen[], scene: MemberScene): Decision[] {
  const byOrganization = Map.groupBy(seen, ({ decision }) => decision.organization);
  const sightingsOf = (own: readonly Seen[]) => own.map(({ sighting }) => sighting);
  const across = byOrganization.size < 2 ? [] : decideAcross(sightingsOf(seen), scene);
  const local = [...byOrganization].flatMap(([organization, own]) =>
    campaignsOf(withoutBackground(sightingsOf(own)), scene, 1).map((d) => shown(d, organization, own)),
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

/** A campaign of one organisation with the lines of its members' alerts. */
function shown(campaign: Decision, organization: number, own: readonly Seen[]): Decision {
  const { shared: _shared, ...d } = campaign;
  const names = new Set(d.members.map(({ hi, lo }) => `${hi}:${lo}`));
  const parts = own
    .map(({ decision }) => decision)
    .filter((part) => names.has(`${part.key.hi}:${part.key.lo}`) && part.startMs <= d.endMs && part.endMs >= d.startMs);
  const { jurisdictions: _none, ...numbers } = d.numbers;
  return {
    ...d,
    organization,
    numbers,
    exhibit: joinExhibits(parts.slice(0, SHOWN).map((part) => part.exhibit)),
    tailored: [...new Set(parts.flatMap((part) => part.tailored))].sort(),
  };
}
