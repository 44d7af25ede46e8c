import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/model/problem.ts';
import { preparedRules } from '../../src/run/prepared-rules.ts';
import { rulesOf } from '../../src/run/setting.ts';

let folder = '';
let kept = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pollwatch-rules-'));
  kept = join(folder, 'cache', 'rules.bin');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('rules that are kept compiled', () => {
  it('are those of the files, when they are made and when they are read back', async () => {
    const asRead = rulesOf([]);
    expect(await preparedRules([], kept)).toEqual(asRead);
    const bytes = readFileSync(kept);
    expect(await preparedRules([], kept)).toEqual(asRead);
    // read back, not made again
    expect(readFileSync(kept).equals(bytes)).toBe(true);
    expect(asRead.rules.length).toBeGreaterThan(50);
  });

  it('are made anew when what is kept is cut, damaged, of other files or no rule set at all', async () => {
    const asRead = rulesOf([]);
    await preparedRules([], kept);
    const whole = readFileSync(kept);
    const flipped = (at: number) => {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      return bytes;
    };
    const odd = [whole.subarray(0, 70), whole.subarray(0, -1), flipped(0), flipped(40), flipped(whole.length - 100)];
    for (const bytes of [...odd, Buffer.alloc(0), Buffer.from('none')]) {
      writeFileSync(kept, bytes);
      expect(await preparedRules([], kept)).toEqual(asRead);
      expect(readFileSync(kept).equals(whole)).toBe(true);
    }
  });

  it('never stand for the rules of the user: a broken one is told though the others are kept', async () => {
    await preparedRules([], kept);
    const before = statSync(kept).mtimeMs;
    const broken = join(folder, 'broken.yml');
    writeFileSync(broken, 'title: [');
    await expect(preparedRules([broken], kept)).rejects.toThrow(OperatorError);
    expect(statSync(kept).mtimeMs).toBe(before);
  });

  it('cost only time where nothing can be kept', async () => {
    writeFileSync(join(folder, 'cache'), 'a file, not a folder');
    expect(await preparedRules([], kept)).toEqual(rulesOf([]));
  });
});
