/**
 * Law 1 for a state: its alerts are a function of the set of facts that its counties told, whatever their order, how often
 * they came, and how they were cut into records. What is taken back in a county is taken back in the state.
 */
import { describe, expect, it } from 'vitest';
import { clusterId } from '../../src/alerts/identity.ts';
import type { Fact } from '../../src/model/fact.ts';
import { closeDays } from '../../src/shard/days.ts';
import { addFact, createFactSet, factSetFromJson, factSetToJson, pruneFacts } from '../../src/shard/fact-set.ts';
import { foldRecord } from '../../src/shard/folding.ts';
import { pruneShard } from '../../src/shard/pruning.ts';
import { decodeRecord, encodeFacts, unpack } from '../../src/shard/record.ts';
import { encodeShard } from '../../src/shard/snapshot-form.ts';
import type { Told } from '../../src/shard/told-alert.ts';
import { createRandom, shuffled } from '../laws/generator.ts';
import { canonicalDocuments, commit } from './folding.ts';
import {
  county,
  type Fold,
  factOf,
  madeUpFacts,
  realFold,
  START,
  STATE,
  sighting,
  stateShard,
  tellState,
} from './member-facts.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const SEEDS = [1, 2, 3, 4];

const told = async (records: readonly (readonly Fact[])[], fold?: Fold, isStored?: boolean) =>
  canonicalDocuments((await tellState(stateShard(records, fold, isStored))).documents.map((d) => d.body));

const factsIn = (bytes: Uint8Array): readonly Fact[] => {
  const record = decodeRecord(bytes);
  return record.kind === 'facts' ? record.facts : [];
};

/** What differs between one pass over facts and the same in another order, some twice, in records of some. */
async function differences(fold: Fold): Promise<string[]> {
  const found: string[] = [];
  for (const seed of SEEDS) {
    const random = createRandom(seed);
    const facts = madeUpFacts(random);
    const expected = await told([facts], realFold);
    expect(expected.length, `seed ${seed}`).toBeGreaterThan(5);
    const often = shuffled([...facts, ...facts.filter(() => random() < 0.5)], random);
    const records: Fact[][] = [];
    while (often.length > 0) records.push(often.splice(0, 1 + Math.floor(random() * 9)));
    for (const isStored of [false, true]) {
      const other = await told(records, fold, isStored);
      if (JSON.stringify(other) !== JSON.stringify(expected)) found.push(`seed ${seed}, stored: ${isStored}`);
    }
  }
  return found;
}

describe("a state's alerts", () => {
  it('are the same for the same facts, in any order, some twice, in records of any size, stored in between or not', async () => {
    expect(await differences(realFold)).toEqual([]);
  });

  it.each<[string, Fold]>([
    [
      'takes the fact that came last for the one that counts',
      (shard, record) => {
        const facts = factsIn(record);
        for (const fact of facts) shard.facts.facts.set(fact.id, fact);
      },
    ],
    [
      'counts a fact that comes twice twice',
      (shard, record) => {
        const facts = factsIn(record);
        for (const fact of facts) {
          const again = shard.facts.facts.has(fact.id);
          addFact(shard.facts, again ? { ...fact, id: `${fact.id}-${shard.facts.facts.size}` } : fact);
        }
      },
    ],
  ])('are found to differ where a fold %s', async (_, fold) => {
    expect(await differences(fold)).not.toEqual([]);
  });

  it('have one snapshot for the same facts, that a program from before facts does not misread', () => {
    const random = createRandom(9);
    const facts = madeUpFacts(random);
    const one = Buffer.from(encodeShard(stateShard([facts]), STATE));
    expect(Buffer.from(encodeShard(stateShard([shuffled(facts, random), facts]), STATE)).equals(one)).toBe(true);
    expect(
      Buffer.from(encodeShard(stateShard([facts.filter(({ id }) => id !== facts[0]!.id)]), STATE)).equals(one),
    ).toBe(false);
    expect(() => unpack(one, one.readUInt32LE(0), 1, 'snapshot')).toThrow(/version 2/);
    const without = Buffer.from(encodeShard(stateShard([]), STATE));
    expect(unpack(without, without.readUInt32LE(0), 1, 'snapshot').head).not.toHaveProperty('facts');
  });

  it('go when a county takes its alert back, and come again with another county', async () => {
    const known = new Map<string, Told>();
    const shard = stateShard([
      ['a', 'b', 'c'].map((letter) => factOf(letter, 1, sighting({ member: county(letter) }))),
    ]);
    const next = async (...facts: Fact[]) => {
      foldRecord(shard, STATE, encodeFacts(facts));
      const tidings = await tellState(shard, { told: known });
      commit(known, tidings);
      return tidings.documents.map(({ body }) => {
        const { event, pollwatch } = JSON.parse(body) as {
          event: { code: string };
          pollwatch: { alert: { status: string }; jurisdiction?: { id: string[] } };
        };
        return [event.code, pollwatch.alert.status, ...(pollwatch.jurisdiction?.id ?? [])];
      });
    };
    expect(await next()).toEqual([['X06', 'new', 'us-xx-a', 'us-xx-b', 'us-xx-c']]);
    expect(await next(factOf('b', 2, null))).toEqual([['X06', 'withdrawn']]);
    // the fact from before, delivered again
    expect(await next(factOf('b', 1, sighting({ member: county('b') })))).toEqual([]);
    expect(await next(factOf('d', 1, sighting({ member: county('d') })))).toEqual([
      ['X06', 'new', 'us-xx-a', 'us-xx-c', 'us-xx-d'],
    ]);
  });

  it('about an order in which counties were reached wait for the end of the day of the last one', async () => {
    const facts = [...'abcdef'].map((letter, i) => {
      const startMs = START + i * 2 * DAY;
      return factOf(letter, 1, sighting({ member: county(letter), startMs, endMs: startMs + 1 }));
    });
    const endMs = Math.floor((START + 10 * DAY) / DAY) * DAY + DAY;
    const ordered = async (closedMs: number) =>
      (await tellState(stateShard([facts]), { closedMs })).documents.filter((d) =>
        d.body.includes('alphabetical order'),
      );
    // that of five, two days before, is told
    expect(await ordered(endMs - 1)).toHaveLength(1);
    expect(await ordered(endMs)).toHaveLength(2);
  });

  it('stand in the summary of their day, also where the state itself has no log', async () => {
    const shard = stateShard([
      ['a', 'b', 'c'].map((letter) => factOf(letter, 1, sighting({ member: county(letter) }))),
    ]);
    const { alerts } = await tellState(shard);
    const telling = { closedMs: Number.POSITIVE_INFINITY, isOver: true, nowMs: 0, generation: 1, alerts };
    const days = closeDays(shard, STATE, { ...telling, told: new Map(), origins: new Map() });
    const summaries = [...days.documents].map(
      ({ body }) =>
        (
          JSON.parse(body) as {
            pollwatch: { day: string; summary: { kind: string; alerts: number; clusters: string[] } };
          }
        ).pollwatch,
    );
    expect(summaries.map(({ day, summary }) => [day, summary.kind, summary.alerts])).toEqual([
      ['2026-09-01', 'detection', 1],
      ['2026-09-01', 'total', 1],
    ]);
    // the cluster has the name that the counties give it
    expect(summaries[1]!.summary.clusters).toEqual([clusterId('source', '198.51.100.7')]);
  });

  it('stand as they were told when the facts behind them are too old to be kept', async () => {
    const known = new Map<string, Told>();
    const at = (days: number) => ({ startMs: START + days * DAY, endMs: START + days * DAY + 1 });
    const shard = stateShard([
      [0, 5, 10, 15, 20].map((days, i) => factOf(`${i}`, 1, sighting({ ...at(days), member: county('abcde'[i]!) }))),
    ]);
    const first = await tellState(shard, { told: known });
    commit(known, first);
    expect(first.documents.map(({ body }) => (JSON.parse(body) as { event: { code: string } }).event.code)).toEqual([
      'campaign.jurisdiction_sweep',
    ]);
    const later = (days: number) => {
      foldRecord(shard, STATE, encodeFacts([factOf(`late ${days}`, 1, sighting({ ...at(days), lo: 1 }))]));
      return pruneShard(shard, STATE);
    };
    expect(later(30)).toBe(false);
    expect(later(42)).toBe(true);
    // of the five counties four are left
    expect([...shard.facts.facts.keys()]).toEqual(['1', '2', '3', '4', 'late 30', 'late 42']);
    const then = await tellState(shard, { told: known });
    expect([then.documents, then.forgotten, then.standing]).toEqual([[], [], 0]);
    expect(later(100)).toBe(true);
    expect((await tellState(shard, { told: known })).forgotten).toEqual([first.documents[0]!.id]);
    // what comes for a day that was dropped changes nothing
    foldRecord(shard, STATE, encodeFacts([factOf('old', 1, sighting())]));
    expect(shard.facts.facts.has('old')).toBe(false);
  });
});

describe('a set of facts', () => {
  it('keeps all facts of some sources at its bound, the same in any order', () => {
    const random = createRandom(5);
    const facts = Array.from({ length: 600 }, (_, i) => {
      const of = sighting({ lo: 0xc6336400 + (i % 100), member: county('abcdef'[Math.floor(i / 100)]!) });
      return factOf(`${i}`, 1, of);
    });
    const bounded = (list: readonly Fact[]) => {
      const set = createFactSet();
      for (const fact of list) addFact(set, fact, 200);
      return set;
    };
    const set = bounded(facts);
    expect(set.facts.size).toBeLessThanOrEqual(200);
    expect(set.facts.size).toBeGreaterThan(40);
    const sources = new Map<number, number>();
    for (const { key } of set.facts.values()) sources.set(key[1], (sources.get(key[1]) ?? 0) + 1);
    expect(new Set(sources.values())).toEqual(new Set([6]));
    // none is lost silently, also where the set is stored in between
    expect(set.leftOut).toBe(600 - set.facts.size);
    expect(factSetFromJson(JSON.parse(JSON.stringify(factSetToJson(set))))).toEqual(set);
    for (let turn = 0; turn < 5; turn++)
      expect(factSetToJson(bounded(shuffled(facts, random)))).toEqual(factSetToJson(set));
  });

  it('is not emptied by one fact of the far future', () => {
    const set = createFactSet();
    addFact(set, factOf('a', 1, sighting()));
    const far = START + 900 * DAY;
    addFact(set, factOf('b', 1, sighting({ startMs: far, endMs: far + HOUR })));
    expect(pruneFacts(set, 0, START + DAY)).toBe(false);
    expect(set.facts.size).toBe(2);
  });
});
