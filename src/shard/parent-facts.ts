/**
 * What a shard tells the organisation above it of its alerts about single sources: again only where it says something else
 * than the last time, and nothing of what is not worth telling.
 */
import type { Fact, Sighting } from '../model/fact.ts';
import { isWorthTelling } from '../run/sightings.ts';
import { REVISIONS, type TellingSetting, type ToldBefore } from './alert-document.ts';
import { factDigest, type ToldFact } from './facts.ts';

/** Facts of one telling. */
export interface ParentFacts {
  readonly facts: readonly { readonly fact: Fact; readonly to: string; readonly more: ToldFact }[];
  /** Tells of an alert by its id; `sighting` null: it is not to count any more. */
  tell(id: string, sighting: Sighting | null, key: Fact['key'], endMs: number): void;
}

/** Nothing is told where no organisation stands above. */
export function parentFacts({ parent: to }: TellingSetting, { told, generation }: ToldBefore): ParentFacts {
  const facts: { fact: Fact; to: string; more: ToldFact }[] = [];
  return {
    facts,
    tell(id, sighting, key, endMs) {
      const known = told.get(id);
      if (to === null || (known?.fd === undefined && (sighting === null || !isWorthTelling(sighting)))) return;
      const fd = factDigest(to, sighting);
      if (fd === known?.fd) return;
      const version = Math.max((known?.fv ?? 0) + 1, generation * REVISIONS + 1);
      facts.push({ fact: { id, version, key, endMs, sighting }, to, more: { fv: version, fd, fk: key } });
    },
  };
}
