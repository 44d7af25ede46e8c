/**
 * The detectors over several organisations, in the order of the catalogue, and what is asked of them: the sightings of all
 * members in, decisions out.
 */
import type { Sighting } from '../../model/fact.ts';
import type { Decision } from '../decision.ts';
import { jurisdictionSweep } from './jurisdiction-sweep.ts';
import { inOrder, type MemberDetector, type MemberScene } from './member-detector.ts';
import { multiMemberTarget } from './multi-member-target.ts';
import { sharedCampaign } from './shared-campaign.ts';

const memberDetectors: readonly MemberDetector[] = [sharedCampaign, multiMemberTarget, jurisdictionSweep];

/** What the sightings of several organisations decide, in the order of identity. */
export function decideAcross(sightings: readonly Sighting[], scene: MemberScene): Decision[] {
  const local = withoutBackground(sightings);
  return memberDetectors.flatMap((detector) => detector.evaluate(local, scene));
}

/**
 * Sightings in canonical order without the background: what a member called noise or informational, and scans by a source
 * that a list of that member, or ours, names. What a source says that it is takes nothing out (law 6).
 */
export function withoutBackground(sightings: readonly Sighting[]): Sighting[] {
  return sightings.filter((s) => s.level !== 'info' && s.verdict !== 'noise' && !s.isListed).sort(inOrder);
}
