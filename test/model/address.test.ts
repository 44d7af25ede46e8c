/** Keys of sources and the addresses that they stand for. */
import { expect, it } from 'vitest';
import { isSourceIn, sourceWords } from '../../src/model/address.ts';

it('the words of a key are those that a set of addresses is asked for, also of what begins with zeros', () => {
  for (const [hi, lo] of [
    [0, 0xc6336407],
    [0x20010db8, 0x00010002],
    [0xffffffff, 0],
  ] as const) {
    const asked: number[][] = [];
    isSourceIn((...words) => asked.push(words) > 0, hi, lo, 0, 0);
    expect(asked).toEqual([sourceWords({ hi, lo })]);
  }
  expect(sourceWords({ hi: 0xffffffff, lo: 0 })).toEqual([0, 0, 0, 0]);
});
