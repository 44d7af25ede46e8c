/**
 * Law 1 over a shard: whatever the chunks, their jobs and the order in which records are folded, the shard has the same
 * bytes and tells the same alerts as one pass over the files.
 */
import { describe, expect, it } from 'vitest';
import { foldRecord } from '../../src/shard/folding.ts';
import { decodeShard, encodeShard } from '../../src/shard/snapshot-form.ts';
import { createRandom, filesOf, generate, shuffled } from '../laws/generator.ts';
import { alertsFrom, type InventoryName, scan, wholeFiles } from '../laws/small-run.ts';
import {
  canonicalDocuments,
  chunksOf,
  documentsOfAlerts,
  emptyShard,
  linesOf,
  scanJobs,
  settingNamed,
  tellFrom,
} from './folding.ts';

const NAMES: readonly InventoryName[] = ['none', 'assets', 'tight'];

/** Jobs of one to eight chunks, as a dispatcher makes them. */
function jobsOf<T>(chunks: readonly T[], random: () => number): T[][] {
  const left = [...chunks];
  const jobs: T[][] = [];
  while (left.length > 0) jobs.push(left.splice(0, 1 + Math.floor(random() * 8)));
  return jobs;
}

describe('a shard', () => {
  for (const [i, name] of NAMES.entries()) {
    it(`tells what one pass tells, however its chunks were cut and ordered (inventory: ${name})`, async () => {
      for (let seed = i; seed < 18; seed += NAMES.length) {
        const random = createRandom(seed + 500);
        const files = filesOf(generate(seed).lines);
        const alerts = await alertsFrom(scan(wholeFiles(files), name).state, files, name);
        expect(alerts.length, `seed ${seed}`).toBeGreaterThan(0);
        const expected = canonicalDocuments(documentsOfAlerts(alerts));
        const logs = [
          { format: 'combined', bytes: files.combined },
          { format: 'netfilter', bytes: files.netfilter },
        ];
        // a line a chunk, then chunks of some lines, then one a file
        for (const bytes of [seed === i ? 1 : 1500, 10_000, 1 << 20]) {
          const scanned = scanJobs(jobsOf(shuffled(chunksOf(logs, bytes), random), random), name);
          const shard = emptyShard(name);
          for (const record of shuffled(scanned.records, random)) foldRecord(shard, settingNamed(name), record);
          const { documents } = await tellFrom(shard, scanned, name);
          expect(canonicalDocuments(documents.map((d) => d.body)), `seed ${seed}, chunks of ${bytes}`).toEqual(
            expected,
          );
        }
      }
    });
  }

  it('has one snapshot for the same records in any order, also when it was stored in between', () => {
    for (const seed of [3, 4, 5]) {
      const random = createRandom(seed);
      const files = filesOf(generate(seed).lines);
      const logs = [
        { format: 'combined', bytes: files.combined },
        { format: 'netfilter', bytes: files.netfilter },
      ];
      const setting = settingNamed('assets');
      const { records, lines } = scanJobs(jobsOf(chunksOf(logs, 4000), random), 'assets');
      const snapshots = [records, shuffled(records, random), shuffled(records, random)].map((order, turn) => {
        let shard = emptyShard('assets');
        for (const [k, record] of order.entries()) {
          foldRecord(shard, setting, record);
          if (turn === 2 && k % 5 === 0) shard = decodeShard(setting, encodeShard(shard, setting));
        }
        expect(linesOf(shard)).toBe(lines);
        return Buffer.from(encodeShard(shard, setting));
      });
      expect(snapshots[1]!.equals(snapshots[0]!)).toBe(true);
      expect(snapshots[2]!.equals(snapshots[0]!)).toBe(true);
      const other = emptyShard('assets');
      for (const record of records.slice(1)) foldRecord(other, setting, record);
      expect(Buffer.from(encodeShard(other, setting)).equals(snapshots[0]!)).toBe(false);
    }
  });
});
