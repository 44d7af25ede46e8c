/**
 * X06 Multi-member target: one source has alerts at several organisations within 24 hours, and is not of the class that
 * scans the whole Internet. At least 3 members (DETECTIONS X06; Richter and Berger: a third of scans is localised).
 * What proves it: the members' own alerts. High where a member found it aimed at itself, else medium.
 * Assumed: the members are a small part of the Internet, so that meeting three of them by chance takes a scan of all.
 * Around it: an address for each member; X03 looks for what those have in common. Missed: scans that every member calls
 * noise, and members whose logs are not read here.
 */
import type { Sighting } from '../../model/fact.ts';
import {
  groupedBy,
  isAimed,
  type MemberDetector,
  membersOf,
  sharedDecision,
  sourceOf,
  togetherByDay,
} from './member-detector.ts';

const MEMBERS_MIN = 3;

export const multiMemberTarget: MemberDetector = {
  ids: ['X06'],
  evaluate: (all, { dayStartMs }) =>
    [...groupedBy(all, sourceOf).values()].flatMap((sightings) => {
      if (!isEnough(sightings)) return [];
      return togetherByDay(sightings, dayStartMs, isEnough).map(([day, together]) => {
        const [{ hi, lo }] = together as [Sighting];
        return sharedDecision({
          detection: 'X06',
          key: { kind: 'source', hi, lo },
          day,
          base: isAimed(together) ? 'high' : 'medium',
          sightings: together,
          numbers: {},
          thresholds: [`alerts about one address at ${MEMBERS_MIN} organisations within 24 hours`],
          tailored: [],
        });
      });
    }),
};

const isEnough = (sightings: readonly Sighting[]) => membersOf(sightings).length >= MEMBERS_MIN;
