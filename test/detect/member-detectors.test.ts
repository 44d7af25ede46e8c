/** What the detectors over several organisations ask of sightings, beside their fixtures. */
import { describe, expect, it } from 'vitest';
import { decideAcross } from '../../src/detect/members/index.ts';
import { orderOf } from '../../src/detect/members/jurisdiction-sweep.ts';
import { likeness } from '../../src/detect/signature.ts';
import type { Sighting } from '../../src/model/fact.ts';
import { county, START, sighting } from '../shard/member-facts.ts';

const HOUR = 3_600_000;
const scene = { dayStartMs: 0, asOf: () => 0 };
const at = (letter: string, hours: number, over: Partial<Sighting> = {}) => {
  const startMs = START + hours * HOUR;
  return sighting({ member: county(letter), startMs, endMs: startMs + 60_000, ...over });
};
const found = (sightings: readonly Sighting[]) => decideAcross(sightings, scene).map((d) => `${d.detection} ${d.base}`);
const three = (over: Partial<Sighting> = {}) => [at('a', 1, over), at('b', 2, over), at('c', 3, over)];

describe('one source at three organisations', () => {
  it('is of no interest where they call it noise, or it is informational, or a list names it as one that scans everybody', () => {
    expect(found(three())).toEqual(['X06 medium']);
    expect(found(three({ verdict: 'noise' }))).toEqual([]);
    expect(found(three({ level: 'info' }))).toEqual([]);
    expect(found(three({ isListed: true }))).toEqual([]);
  });

  it('is not hidden by what one of them has on a list, nor by what it says of itself', () => {
    expect(found([...three(), at('d', 4, { isListed: true })])).toEqual(['X06 medium']);
  });

  it('is grave where one of them found it aimed at itself', () => {
    expect(found([...three(), at('a', 5, { verdict: 'tailored', detection: 'W11' })])).toEqual(['X06 high']);
  });

  it('counts organisations and not alerts', () => {
    expect(found([at('a', 1), at('a', 2, { detection: 'F04' }), at('b', 3)])).toEqual([]);
  });

  it('is told on each day on which it began somewhere, and only of the days that belong together', () => {
    const days = decideAcross([...three(), at('a', 100), at('b', 101)], scene);
    expect(days.map((d) => [d.day, d.numbers['alerts']])).toEqual([[Math.floor(START / (24 * HOUR)), 3]]);
    const midnight = decideAcross([at('a', 22), at('b', 23), at('c', 25)], scene);
    expect(midnight.map((d) => d.numbers['jurisdictions'])).toEqual([3, 3]);
  });
});

describe('the order in which organisations were reached', () => {
  const order = (letters: string) => {
    const sightings = [...letters].map((letter, i) => at(letter, i));
    return orderOf([...new Set(letters)].map(county), sightings);
  };

  it('is 1 in the order of the alphabet, -1 in that of its end, and between them else', () => {
    expect(order('abcdef')).toBeCloseTo(1);
    expect(order('fedcba')).toBeCloseTo(-1);
    // d = 1, 1, 0, 0, 0, 0: 1 - 6 * 2 / (6 * 35)
    expect(order('bacdef')).toBeCloseTo(1 - 12 / 210);
    expect(order('abcdefa')).toBeCloseTo(1);
  });

  it('is 0 where all were reached at once', () => {
    expect(
      orderOf(
        [...'abc'].map(county),
        [...'abc'].map((letter) => at(letter, 1)),
      ),
    ).toBe(0);
  });
});

describe('sketches of what was probed', () => {
  const set = (from: number, n: number) => Array.from({ length: n }, (_, i) => from + i);

  it('say what two sets have in common', () => {
    expect(likeness(set(0, 10), set(0, 10))).toBe(1);
    expect(likeness(set(0, 10), set(5, 10))).toBeCloseTo(1 / 3);
    expect(likeness(set(0, 10), set(20, 10))).toBe(0);
    expect(likeness([], [])).toBe(0);
  });
});
