/** The bar speaks on a terminal and is silent elsewhere. */
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createProgress } from '../../src/origins/progress.ts';

function draw(isTTY: boolean, totalBytes: number): string {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 });
  let nowMs = 0;
  const progress = createProgress(totalBytes, stream, () => nowMs);
  for (let i = 1; i <= 4; i++) {
    nowMs = i * 1000;
    progress.update(i * 100, i * 250_000);
  }
  progress.stop();
  return String(stream.read() ?? '');
}

it('writes nothing where standard error is no terminal', () => {
  expect(draw(false, 1000)).toBe('');
});

it('shows the share, lines per second and time left on a terminal', () => {
  const drawn = draw(true, 1000);
  expect(drawn).toContain('40 %');
  expect(drawn).toContain('1,000,000 lines');
  expect(drawn).toContain('250,000 lines/s');
  expect(drawn).toContain('6 s left');
});

it('shows lines and rate alone when the size is unknown', () => {
  const drawn = draw(true, 0);
  expect(drawn).toContain('250,000 lines/s');
  expect(drawn).not.toContain('%');
});
