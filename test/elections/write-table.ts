/**
 * Runs the labelled run for five seeds, once with attacks that stop when they have to be found and once with attacks that
 * go on, and writes what was told of each as docs/labelled-run.md. `npm run labelled`, a minute or two.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEVERITY_WORDS } from '../../src/alerts/caveat.ts';
import { type Row, type Score, scoreRun } from './scoring.ts';

const SEEDS = [1, 2, 3, 4, 5];
const PAGE = join(import.meta.dirname, '../../docs/labelled-run.md');

async function scores(onlyEnough: number): Promise<Score[]> {
  const found: Score[] = [];
  for (const seed of SEEDS) {
    const out = mkdtempSync(join(tmpdir(), 'pollwatch-labelled-'));
    found.push(await scoreRun(out, { seed, 'only-enough': onlyEnough }));
    rmSync(out, { recursive: true });
  }
  return found;
}

/** One row: the attack, how often it was told of in time, by what and how gravely. */
function line(of: readonly Row[]): string {
  const [{ label, isMissing }] = of as [Row];
  const told = of.filter((row) => row.told !== null);
  const what = [...new Set(told.map((row) => `${row.told!.detection}, ${SEVERITY_WORDS[row.told!.severity]}`))].sort();
  const result = isMissing ? 'no detection yet' : `${told.length} of ${of.length}`;
  return `| ${label.attack} | ${label.says} | ${label.within} | ${result} | ${what.join('; ')} |`;
}

function page(inTime: readonly Score[], whole: readonly Score[]): string {
  const rows = inTime[0]!.rows.map((_, i) => line(inTime.map((score) => score.rows[i]!)));
  const all = [...inTime, ...whole];
  const wronged = all.flatMap((score) => score.wronged);
  const runs = whole.map(({ run }) => run.county.lines + run.state.lines);
  const roles = Object.entries(whole[0]!.run.lawful).map(([role, list]) => `| ${role} | ${list.length} |`);
  const whose = all.map(({ run }) => Object.values(run.lawful).flat().length);
  return `# The labelled run

Written by \`npm run labelled\`. Seven weeks of a made-up election office and an evening of 40 counties: ${Math.min(...runs).toLocaleString('en-US')} to
${Math.max(...runs).toLocaleString('en-US')} lines, five seeds. Each attack is a script that does what was done to an election office, at the pace that was made
public, and is cut off where it has to be found. Nothing in it was made to fit a threshold.

| attack | what happens | has to be found within | found in time | told as |
|---|---|---|---|---|
${rows.join('\n')}

Alerts (low and above) about one of ${Math.min(...whose).toLocaleString('en-US')} addresses that lawfully used the systems, in ${all.length} runs, with the attacks cut off and
whole: **${wronged.length}**.

| who | addresses |
|---|---|
${roles.join('\n')}
`;
}

const text = page(await scores(1), await scores(0));
writeFileSync(PAGE, text);
console.log(text);
