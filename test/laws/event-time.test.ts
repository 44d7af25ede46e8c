/**
 * Law 2: what an alert says depends on the time in the log, never on the clock of the machine that reads it.
 */
import { utimesSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RunSummary } from '../../src/model/summary.ts';
import { alertDifferences, checkShift } from './checks.ts';
import { comparable, inFolder } from './files-run.ts';
import { filesOf, generate, MIDNIGHT } from './generator.ts';
import { canonical } from './small-run.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('event time', () => {
  it('lines moved by whole days give the same alerts, moved by as many', async () => {
    for (let seed = 0; seed < 20; seed++)
      expect(await checkShift(seed, [1, 7, -30, 365][seed % 4]!, 'none', false), `seed ${seed}`).toEqual([]);
  });

  it('where no two lines share a second, the evidence is moved as well', async () => {
    for (let seed = 21; seed < 40; seed += 3)
      expect(await checkShift(seed, [1, -7, 400][seed % 3]!, 'assets', true), `seed ${seed}`).toEqual([]);
  });

  it('a machine that has lost its time writes of 1970, and its alerts stand there', async () => {
    const days = Math.floor(Date.UTC(1970, 0, 2) / 86_400_000) - Math.floor(MIDNIGHT / 86_400_000) + 1;
    expect(await checkShift(2, days, 'none', false)).toEqual([]);
    expect(await checkShift(2, 20 * 365, 'none', false)).toEqual([]);
  });

  it('neither the clock nor the age of the files changes anything when lines carry their dates', async () => {
    const files = filesOf(generate(5).lines);
    await inFolder(files, 'assets', async (folder) => {
      const now = await folder.analyze(1);
      expect(now.alerts.length).toBeGreaterThan(3);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2031, 1, 3) });
      for (const path of folder.logs) utimesSync(path, new Date(Date.UTC(2003, 4, 5)), new Date(Date.UTC(2003, 4, 5)));
      const later = await folder.analyze(1);
      expect(alertDifferences('years later', canonical(now.alerts), canonical(later.alerts))).toEqual([]);
      // which year undated lines would have is said of the file, and there are none
      const dated = (summary: RunSummary) => {
        const { origins, ...rest } = comparable(summary);
        return { ...rest, origins: origins.map((o) => ({ ...o, yearNote: null })) };
      };
      expect(dated(later)).toEqual(dated(now));
    });
  });
});
