/** The sample in the README is what the program says of the sample logs today. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { LAUNCHER, place, ROOT, sample } from './pollwatch.ts';

it('is what `npm run demo` says, shortened', () => {
  const block = /<!-- sample:begin -->[\s\S]*?```\n([\s\S]*?)```/.exec(
    readFileSync(join(ROOT, 'README.md'), 'utf8'),
  )![1]!;
  const logs = ['nginx-access.log', 'apache-access.log', 'kern.log'].map(sample);
  // the demo is this command
  expect(packageJson.scripts.demo.replaceAll(/test\/samples\/generated\//g, '')).toBe(
    './pollwatch analyze --year 2026 --report report.html nginx-access.log apache-access.log kern.log',
  );
  expect(LAUNCHER).toBe(join(ROOT, 'pollwatch'));
  const said = place().run(['analyze', '--year', '2026', '--report', 'report.html', ...logs]).stdout;
  const pieces = block.split(/^…$/m).map((piece) => piece.trim());
  expect(pieces.length).toBeGreaterThan(1);
  let at = 0;
  for (const piece of pieces) {
    expect(said.slice(at)).toContain(piece);
    at = said.indexOf(piece, at) + piece.length;
  }
});
