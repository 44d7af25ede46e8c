/**
 * The detectors over several organisations, in the order of the catalogue, and what is asked of them: the sightings of all
 * members in, decisions out.
 */
import type { Sighting } from '../../model/fact.ts';
import type { Decision } from '../decide.ts';
import { jurisdictionSweep } from './jurisdiction-sweep.ts';
import { inOrder, type MemberDetector, type MemberScene, sourceOf } from './member-detector.ts';
import { multiMemberTarget } from './multi-member-target.ts';
import { sharedCampaign } from './shared-campaign.ts';

const memberDetectors: readonly MemberDetector[] = [sharedCampaign, multiMemberTarget, jurisdictionSweep];

/** What the sightings of several organisations decide, in the order of identity. */
export function decideAcross(sightings: readonly Sighting[], scene: MemberScene): Decision[] {
  const local = withoutBackground(sightings);
  return memberDetectors.flatMap((detector) => detector.evaluate(local, scene));
}

/**
 * Sightings in canonical order without the background class: what a member called noise or informational, and all of a
 * source that says to be, or is listed as, one that scans everybody.
 */
export function withoutBackground(sightings: readonly Sighting[]): Sighting[] {
  const known = new Set(sightings.filter((s) => s.class !== null).map(sourceOf));
  const local = sightings.filter((s) => s.level !== 'info' && s.verdict !== 'noise' && !known.has(sourceOf(s)));
  return local.sort(inOrder);
}
