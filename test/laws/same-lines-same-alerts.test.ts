/**
 * Law 1: the settled alerts are a function of the multiset of lines: not of their order, of how they were cut into
 * batches, of the number of threads, or of the way in which partial results were merged.
 */
import { describe, expect, it } from 'vitest';
import { settleState } from '../../src/measure/state.ts';
import { alertDifferences, checkSameLines, checkTruths } from './checks.ts';
import { comparable, inFolder } from './files-run.ts';
import { ACTOR_NAMES, filesOf, generate } from './generator.ts';
import { alertsFrom, canonical, type InventoryName, scan, wholeFiles } from './small-run.ts';

const SEEDS = Array.from({ length: 60 }, (_, i) => i);
const NAMES: readonly InventoryName[] = ['none', 'assets', 'tight'];

/** Enough lines for the memory bound to be passed in the tight inventory. */
const generateFor = (seed: number, name: InventoryName) =>
  generate(seed, name === 'tight' ? { actors: ['manyPorts', ...ACTOR_NAMES] } : {});

describe('the same lines', () => {
  for (const name of NAMES) {
    it(`give the same alerts in any order, cut and merge (inventory: ${name})`, async () => {
      for (const seed of SEEDS.filter((s) => s % NAMES.length === NAMES.indexOf(name)))
        expect(await checkSameLines(generateFor(seed, name), name), `seed ${seed}`).toEqual([]);
    });
  }

  for (const [i, name] of NAMES.entries()) {
    it(`give the same alerts and sums with 1, 2 and 4 threads over files (inventory: ${name})`, async () => {
      // a thread takes about as long to start as to read twenty of these logs: the seeds of an inventory share a file
      const lines = SEEDS.slice(20 * i, 20 * i + 20).flatMap((seed) => generateFor(seed, name).lines);
      const files = filesOf(lines);
      const inMemory = canonical(await alertsFrom(scan(wholeFiles(files), name).state, files, name));
      await inFolder(files, name, async (folder) => {
        const one = await folder.analyze(1);
        expect(alertDifferences('one thread over files', inMemory, canonical(one.alerts))).toEqual([]);
        for (const threads of [2, 4]) {
          const several = await folder.analyze(threads, 100_000);
          expect(alertDifferences(`${threads} threads`, inMemory, canonical(several.alerts))).toEqual([]);
          expect(comparable(several), `${threads} threads`).toEqual(comparable(one));
        }
      });
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
