/**
 * Law 1: the settled alerts are a function of the multiset of lines: not of their order, of how they were cut into
 * batches, of the number of threads, or of the way in which partial results were merged.
 */
import { describe, expect, it } from 'vitest';
import { settleState } from '../../src/measure/state.ts';
import { checkSameLines, checkTruths } from './checks.ts';
import { ACTOR_NAMES, filesOf, generate } from './generator.ts';
import { alertsFrom, type InventoryName, scan, wholeFiles } from './small-run.ts';

const SEEDS = Array.from({ length: 60 }, (_, i) => i);
const NAMES: readonly InventoryName[] = ['none', 'assets', 'tight'];

/** Enough lines for the memory bound to be passed in the tight inventory. */
const generateFor = (seed: number, name: InventoryName) =>
  generate(seed, name === 'tight' ? { actors: ['manyPorts', 'manyPages', ...ACTOR_NAMES] } : {});

describe('the same lines', () => {
  for (const name of NAMES) {
    it(`give the same alerts in any order, cut and merge (inventory: ${name})`, async () => {
      for (const seed of SEEDS.filter((s) => s % NAMES.length === NAMES.indexOf(name)))
        expect(await checkSameLines(generateFor(seed, name), name), `seed ${seed}`).toEqual([]);
    });
  }

  it('were tried below and above the memory bound', () => {
    const levelOf = (seed: number, name: InventoryName) => {
      const { state } = scan(wholeFiles(filesOf(generateFor(seed, name).lines)), name);
      settleState(state);
      return state.ledger.level;
    };
    expect(levelOf(0, 'none')).toBe(0);
    expect(levelOf(2, 'tight')).toBeGreaterThan(0);
  });

  it('give exactly the alerts that their makers meant, one below and at every threshold', async () => {
    for (const seed of SEEDS) {
      const { lines, truths } = generate(seed);
      const files = filesOf(lines);
      const alerts = await alertsFrom(scan(wholeFiles(files), 'assets').state, files, 'assets');
      expect(checkTruths(truths, alerts), `seed ${seed}`).toEqual([]);
    }
  });
});
