/**
 * The labelled run against what was told of it, for five seeds: each attack that the catalogue has a detection for is
 * found within its stated evidence, and nobody who lawfully used the systems is alerted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEVELS } from '../../src/model/rule.ts';
import { type Score, scoreRun, tells } from './scoring.ts';

const SEEDS = [1, 2, 3, 4, 5];
const folder = mkdtempSync(join(tmpdir(), 'pollwatch-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs of each seed in which attacks stop when they have to be found, and one in which they go on. */
const RUNS = [...SEEDS.map((seed) => ({ seed, 'only-enough': 1 })), { seed: 1, 'only-enough': 0 }];

describe.each(RUNS)('the labelled run %o', (args) => {
  let score: Score;
  beforeAll(async () => {
    const out = join(folder, `${args.seed}-${args['only-enough']}`);
    score = await scoreRun(out, args);
    rmSync(out, { recursive: true });
  }, 600_000);

  it('tells of every attack that there is a detection for', () => {
    const wanted = score.rows.filter((row) => !row.isMissing);
    expect(wanted.length).toBeGreaterThan(2);
    expect(wanted.filter((row) => row.told === null).map((row) => row.label.attack)).toEqual([]);
  });

  it('tells of a walk through all fields of a form as one alert', () => {
    const { label } = score.rows.find((row) => row.label.attack === 'injection-all-fields')!;
    expect(score.alerts.filter((alert) => tells(alert, label))).toHaveLength(1);
  });

  it('alerts nobody who lawfully used the systems', () => {
    expect(Object.values(score.run.lawful).flat().length).toBeGreaterThan(20_000);
    expect(score.wronged).toEqual([]);
  });

  it('shows the scanner that was agreed to, lower than the one that was not', () => {
    const gravest = (alerts: Score['alerts']) => Math.max(-1, ...alerts.map((a) => LEVELS.indexOf(a.severity)));
    const other = score.rows.find((row) => row.label.attack === 'unauthorized-scan')!.label;
    const notAgreed = score.alerts.filter((a) => other.sources.includes(a.source?.ip ?? ''));
    expect(score.authorized.length).toBeGreaterThan(0);
    expect(gravest(score.authorized)).toBeLessThan(gravest(notAgreed));
  });
});

describe('the scoring', () => {
  it('counts no alert of another source, another time, another detection, or for the record only', async () => {
    const out = join(folder, 'small');
    const { rows } = await scoreRun(out, { voters: 50 });
    const { label, told } = rows.find((row) => row.label.attack === 'fast-enumeration')!;
    expect(told).not.toBeNull();
    expect(tells(told!, label)).toBe(true);
    expect(tells(told!, { ...label, sources: ['192.0.2.1'] })).toBe(false);
    expect(tells(told!, { ...label, first: label.last + 7200, last: label.last + 9000 })).toBe(false);
    expect(tells(told!, { ...label, detections: ['W05'] })).toBe(false);
    expect(tells({ ...told!, severity: 'info' }, label)).toBe(false);
  });
});
