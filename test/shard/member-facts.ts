/**
 * Made-up facts of a state's counties, and the shard of the state without a queue: facts folded as records, and what it
 * tells in the end.
 */
import { parseInventory } from '../../src/config/inventory.ts';
import type { Fact, Sighting } from '../../src/model/fact.ts';
import type { TellingSetting } from '../../src/shard/alert-document.ts';
import { type Telling, type Tidings, tell } from '../../src/shard/documents.ts';
import { foldRecord } from '../../src/shard/folding.ts';
import { encodeFacts } from '../../src/shard/record.ts';
import { createShard, type Shard } from '../../src/shard/shard.ts';
import { decodeShard, encodeShard } from '../../src/shard/snapshot-form.ts';
import { STATE_INVENTORY } from '../detect/deciding.ts';
import { settingNamed } from './folding.ts';

const DAY = 86_400_000;
export const START = Date.UTC(2026, 8, 1);
const inventory = parseInventory(STATE_INVENTORY, 'inventory.yaml');
export const STATE: TellingSetting = {
  ...settingNamed('none'),
  inventory,
  organization: { id: inventory.organization.id, name: inventory.organization.name },
};

/** A sighting of 198.51.100.7 at Adams County that is worth telling, but for what is given. */
export function sighting(over: Partial<Sighting> = {}): Sighting {
  return {
    member: { id: 'us-xx-adams', name: 'Adams County', level: 'county', parent: 'us-xx' },
    detection: 'F01',
    hi: 0,
    lo: 0xc6336407,
    startMs: START,
    endMs: START + 60_000,
    level: 'low',
    outcome: 'refused',
    verdict: 'cannot_tell',
    isListed: false,
    assetKind: null,
    marks: [],
    probes: [],
    ...over,
  };
}

/** The fact of a sighting. */
export function factOf(id: string, version: number, of: Sighting | null, like: Sighting = of ?? sighting()): Fact {
  return { id, version, key: [like.hi, like.lo], endMs: like.endMs, sighting: of };
}

/** The county of a letter. */
export function county(letter: string): Sighting['member'] {
  const name = `${letter.toUpperCase()} County`;
  return { id: `us-xx-${letter}`, name, level: 'county', parent: 'us-xx' };
}

/** Facts of a month: of each alert some versions, the last of which may take it back. */
export function madeUpFacts(random: () => number): Fact[] {
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  const facts: Fact[] = [];
  for (let i = 0; i < 150; i++) {
    const startMs = START + Math.floor(random() ** 2 * 30 * DAY);
    const base = sighting({
      member: county(pick([...'abcdefgh'])),
      detection: pick(['F01', 'F04', 'W05', 'W11']),
      lo: 0xc6336400 + Math.floor(random() * 6),
      startMs,
      endMs: startMs + Math.floor(random() * 3_600_000),
      assetKind: pick([null, 'voter_lookup', 'results_enr']),
      marks: pick([[], ['scanner-tool']]),
      probes: pick([[], [1, 2, 3, 4, 5, 6], [9, 8, 7, 6, 5, 40].sort((a, b) => a - b)]),
    });
    const versions = 1 + Math.floor(random() * 3);
    for (let v = 1; v <= versions; v++) {
      const now: Sighting = {
        ...base,
        level: pick(['info', 'low', 'medium']),
        verdict: pick(['noise', 'tailored', 'cannot_tell']),
      };
      const isBack = v === versions && random() < 0.1;
      facts.push(factOf(i.toString(16).padStart(32, '0'), v, isBack ? null : now, base));
    }
  }
  return facts;
}

/** How a shard takes a record in. */
export type Fold = (shard: Shard, record: Uint8Array) => void;
export const realFold: Fold = (shard, record) => {
  foldRecord(shard, STATE, record);
};

/** The shard of the state after records of facts, stored and read again after each of them if asked. */
export function stateShard(records: readonly (readonly Fact[])[], fold = realFold, isStored = false): Shard {
  let shard = createShard(STATE);
  for (const facts of records) {
    fold(shard, encodeFacts(facts));
    if (isStored) shard = decodeShard(STATE, encodeShard(shard, STATE));
  }
  return shard;
}

/** What the state tells. */
export function tellState(shard: Shard, more: Partial<Telling> = {}): Promise<Tidings> {
  const nothing = { told: new Map(), evidence: new Map() };
  return tell(shard, STATE, { closedMs: Number.POSITIVE_INFINITY, nowMs: 0, generation: 1, ...nothing, ...more });
}
