/**
 * Law 3: every line ends as an event, as a skipped line of a known kind, or refused with a reason; the numbers add up,
 * whatever the bytes are.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkNothingLost } from './checks.ts';
import { inFolder } from './files-run.ts';
import { filesOf, generate, type LineFormat } from './generator.ts';

/** Lines of both logs, whole, cut, or with a byte changed; and bytes of any kind. */
function anyLines(format: LineFormat): fc.Arbitrary<Uint8Array> {
  const known = generate(3)
    .lines.filter((line) => line.format === format)
    .map((line) => Buffer.from(line.text, 'latin1'));
  const whole = fc.constantFrom(...known);
  const cut = fc.tuple(whole, fc.nat(400)).map(([line, at]) => line.subarray(0, at));
  const changed = fc.tuple(whole, fc.nat(400), fc.nat(255)).map(([line, at, byte]) => {
    const copy = Buffer.from(line);
    if (at < copy.length) copy[at] = byte;
    return copy;
  });
  const junk = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  return fc
    .array(fc.oneof(whole, cut, changed, junk), { maxLength: 40 })
    .map((lines) => Uint8Array.from(Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))));
}

describe('nothing received is lost silently', () => {
  for (const format of ['combined', 'netfilter'] as const) {
    it(`lines of ${format} are events, skipped or refused, and the state holds exactly the events`, () => {
      fc.assert(
        fc.property(anyLines(format), (bytes) => {
          expect(checkNothingLost(bytes, format)).toEqual([]);
        }),
        { numRuns: 300, seed: 7 },
      );
    });
  }

  it('a summary adds up over files with junk, a line that is too long and a last line without an end', async () => {
    const { combined, netfilter } = filesOf(generate(8).lines);
    const long = Buffer.alloc(300 * 1024, 'x');
    const files = {
      combined: Uint8Array.from(Buffer.concat([combined, long, Buffer.from('\nlast line')])),
      netfilter,
    };
    const count = (bytes: Uint8Array) => bytes.filter((b) => b === 10).length;
    await inFolder(files, 'none', async (folder) => {
      for (const threads of [1, 2]) {
        const summary = await folder.analyze(threads, 100_000);
        expect(summary.lines).toBe(count(files.combined) + 1 + count(netfilter));
        expect(summary.lines).toBe(summary.events + summary.skipped + summary.refused);
        for (const o of summary.origins) {
          const skipped = o.skipped.reduce((n, s) => n + s.count, 0);
          const refused = o.refused.reduce((n, r) => n + r.count, 0);
          expect(o.lines).toBe(o.events + skipped + refused);
        }
        expect(summary.timeline.all.reduce((a, b) => a + b, 0)).toBe(summary.events);
        expect(summary.origins[0]!.refused.some((r) => r.reason.includes('longer'))).toBe(true);
      }
    });
  });
});
