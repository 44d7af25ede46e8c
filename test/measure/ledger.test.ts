/** The ledger as a set: merging, overflow of a group, the memory bound, and its binary form. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addTouch, addVisit } from '../../src/measure/additions.ts';
import { DELTA_VERSION, DeltaError, encodeState, mergeDelta } from '../../src/measure/delta.ts';
import { TAG, TAG_BITS } from '../../src/measure/entry.ts';
import { findRow, rowOf, SPACE } from '../../src/measure/ledger.ts';
import { isUnmerged, lengthOf, pageOf, startOf } from '../../src/measure/lists.ts';
import { distinct, forgetQuiet, GROUP_MAX } from '../../src/measure/reductions.ts';
import {
  covered,
  createState,
  holdState,
  NAMES_MAX,
  remember,
  type State,
  settleState,
} from '../../src/measure/state.ts';

interface Fact {
  source: number;
  item: number;
  pane: number;
  sub: number;
  tick: number;
  line: number;
  visit: boolean;
}

const fact: fc.Arbitrary<Fact> = fc.record({
  source: fc.integer({ min: 1, max: 4 }),
  item: fc.integer({ min: 0, max: 40 }),
  pane: fc.integer({ min: 0, max: 2 }),
  sub: fc.integer({ min: 0, max: 3 }),
  tick: fc.integer({ min: 0, max: 5 }),
  line: fc.integer({ min: 0, max: 7 }),
  visit: fc.boolean(),
});

function put(state: State, f: Fact): void {
  const row = rowOf(state.ledger, 0, 0, f.source);
  const tag = ((f.pane << TAG_BITS) | (f.visit ? (f.sub > 1 ? TAG.key : TAG.path) : TAG.fail)) >>> 0;
  if (f.visit) addVisit(state.ledger, row, f.item, tag, f.sub === 0 ? 1 : f.sub);
  else addTouch(state.ledger, row, f.item, tag, f.sub << 16, 4, f.tick, f.line * 100, 0, f.line);
}

function stateOf(facts: readonly Fact[], memoryBytes?: number): State {
  const state = createState(7, memoryBytes);
  for (const f of facts) put(state, f);
  return state;
}

function bytesOf(state: State): string {
  settleState(state);
  return Buffer.from(encodeState(state)).toString('base64');
}

describe('a state', () => {
  it('is the same whatever the order of its facts and however they are cut and merged', () => {
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 300 }), fc.integer({ min: 0, max: 300 }), (facts, cut) => {
        const whole = bytesOf(stateOf(facts));
        expect(bytesOf(stateOf([...facts].reverse()))).toBe(whole);
        const left = stateOf(facts.slice(0, cut));
        const right = stateOf(facts.slice(cut));
        mergeDelta(right, encodeState(left));
        expect(bytesOf(right)).toBe(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('counts equal facts as often as they stand', () => {
    const f = { source: 1, item: 5, pane: 0, sub: 1, tick: 3, line: 2, visit: false };
    const state = stateOf(Array.from({ length: 1000 }, () => f));
    settleState(state);
    const row = findRow(state.ledger, 0, 0, 1);
    expect(lengthOf(state.ledger.touches, row)).toBe(1);
    expect(pageOf(state.ledger.touches, row)[startOf(state.ledger.touches, row) + 3]! & 0xffffff).toBe(1000);
  });

  it('keeps the line of the smallest time, and of two of that time the smaller hash', () => {
    const f = { source: 1, item: 5, pane: 0, sub: 1, visit: false };
    const state = stateOf([
      { ...f, tick: 4, line: 1 },
      { ...f, tick: 2, line: 6 },
      { ...f, tick: 2, line: 3 },
      { ...f, tick: 5, line: 0 },
    ]);
    settleState(state);
    const row = findRow(state.ledger, 0, 0, 1);
    const page = pageOf(state.ledger.touches, row);
    const e = startOf(state.ledger.touches, row);
    expect([page[e + 4]! >>> 16, page[e + 4]! & 0xffff, page[e + 5], page[e + 7]]).toEqual([2, 5, 300, 3]);
  });

  it('keeps a group of more than 1,024 entries as the same sample in every order, and estimates its size within 12 %', () => {
    const facts = Array.from({ length: 6000 }, (_, i) => ({
      source: 1,
      item: i,
      pane: 0,
      sub: 0,
      tick: i % 100,
      line: i % 50,
      visit: false,
    }));
    const state = stateOf(facts);
    const whole = bytesOf(state);
    expect(bytesOf(stateOf([...facts].reverse()))).toBe(whole);
    const parts = [0, 1, 2].map((k) => stateOf(facts.filter((_, i) => i % 3 === k)));
    const merged = createState(7);
    for (const part of [parts[2]!, parts[0]!, parts[1]!]) mergeDelta(merged, encodeState(part));
    expect(bytesOf(merged)).toBe(whole);
    const row = findRow(state.ledger, 0, 0, 1);
    expect(lengthOf(state.ledger.touches, row)).toBe(GROUP_MAX);
  });

  it('holds its memory bound in the same way in every order, and a source with many targets keeps its share of them', () => {
    const flood = Array.from({ length: 20_000 }, (_, i) => ({
      source: 1000 + i,
      item: i,
      pane: 0,
      sub: 0,
      tick: 0,
      line: 1,
      visit: false,
    }));
    const scan = Array.from({ length: 1000 }, (_, i) => ({
      source: 1,
      item: 50_000 + i,
      pane: 0,
      sub: 0,
      tick: 0,
      line: 1,
      visit: false,
    }));
    const facts = flood.flatMap((f, i) => (i % 20 === 0 ? [f, scan[i / 20]!] : [f]));
    const bound = 4096 * 16;
    const state = stateOf(facts, bound);
    const whole = bytesOf(state);
    expect(bytesOf(stateOf([...facts].reverse(), bound))).toBe(whole);
    expect(state.ledger.level).toBeGreaterThan(0);
    expect(state.ledger.touches.entries * 2 + state.ledger.visits.entries * 0.75).toBeLessThanOrEqual(4096);
    const left = lengthOf(state.ledger.touches, findRow(state.ledger, 0, 0, 1));
    const share = 1000 / 2 ** state.ledger.level;
    expect(left).toBeGreaterThan(share * 0.6);
    expect(left).toBeLessThan(share * 1.5);
  });
});

describe('the estimate of a group', () => {
  it('is exact below the bound of a group', () => {
    expect(distinct(createState(1).ledger, 17, 4_000_000_000)).toBe(17);
  });

  it('grows as the largest kept priority shrinks', () => {
    const { ledger } = createState(1);
    expect(distinct(ledger, GROUP_MAX, 2 ** 31)).toBeCloseTo(2046, -1);
    expect(distinct(ledger, GROUP_MAX, 2 ** 28)).toBeCloseTo(16368, -2);
  });
});

describe('the binary form', () => {
  it('is refused when it is cut, foreign or of another version, and the state stays as it was', () => {
    const state = stateOf([{ source: 1, item: 1, pane: 0, sub: 0, tick: 0, line: 0, visit: false }]);
    const before = bytesOf(state);
    const good = encodeState(state);
    const other = new Uint32Array(good.slice().buffer);
    other[1] = DELTA_VERSION + 1;
    for (const bad of [
      good.subarray(0, 8),
      good.subarray(0, good.length - 400),
      new Uint8Array(64),
      new Uint8Array(other.buffer),
    ]) {
      expect(() => mergeDelta(state, bad)).toThrow(DeltaError);
    }
    expect(bytesOf(state)).toBe(before);
  });

  it('carries coverage, time line and names', () => {
    const a = createState(1);
    a.coverage[0] = 5;
    a.timeline.set(3, [7, 2]);
    a.hosts.set(2000, 'b.example');
    a.spans.set(0, [10, 20]);
    const b = createState(1);
    b.coverage[0] = 2;
    b.timeline.set(3, [1, 1]);
    b.hosts.set(2000, 'a.example');
    b.spans.set(0, [5, 15]);
    mergeDelta(a, encodeState(b));
    expect([covered(a, 'requests'), a.timeline.get(3), a.hosts.get(2000), a.spans.get(0)]).toEqual([
      7,
      [8, 3],
      'a.example',
      [5, 20],
    ]);
  });
});

describe('names of hosts', () => {
  it('stay bounded, and which of them stay does not depend on the order', () => {
    const forward = new Map<number, string>();
    const backward = new Map<number, string>();
    for (let i = 0; i < 20_000; i++) remember(forward, i, `h${i}`);
    for (let i = 19_999; i >= 0; i--) remember(backward, i, `h${i}`);
    expect(forward.size).toBeLessThanOrEqual(NAMES_MAX * 2);
    const smallest = (m: Map<number, string>) => [...m.keys()].sort((a, b) => a - b).slice(0, NAMES_MAX);
    expect(smallest(forward)).toEqual(smallest(backward));
  });
});

describe('forgetting who touched nothing', () => {
  it('counts all sources, and leaves the others and all that is no source as they were', () => {
    fc.assert(
      fc.property(fc.array(fact, { minLength: 1, maxLength: 60 }), (facts) => {
        const state = stateOf(facts);
        addVisit(state.ledger, rowOf(state.ledger, SPACE.host, 0, 3), 404, TAG.notFoundSize, 1);
        settleState(state);
        const touching = new Set(facts.filter((f) => !f.visit).map((f) => f.source));
        const expected = stateOf(facts.filter((f) => touching.has(f.source)));
        addVisit(expected.ledger, rowOf(expected.ledger, SPACE.host, 0, 3), 404, TAG.notFoundSize, 1);
        expect(forgetQuiet(state.ledger)).toBe(new Set(facts.map((f) => f.source)).size);
        expect(state.ledger.rows).toBe(touching.size + 1);
        expect(bytesOf(state)).toBe(bytesOf(expected));
        for (let source = 1; source <= 4; source++)
          expect(findRow(state.ledger, 0, 0, source) >= 0).toBe(touching.has(source));
      }),
      { numRuns: 60 },
    );
  });

  it('moves lists of any length together: the same entries in fewer pages, to which more can be added', () => {
    // in turns, so that each list grows out of its place many times; one of them is longer than a page
    const facts = Array.from({ length: 130_000 }, (_, i) => {
      const source = i % 3 === 0 ? 1 : 2 + ((i * 7) % 907);
      return { source, item: i, pane: i >>> 9, sub: i % 2, tick: i % 50, line: i % 1000, visit: i % 5 === 4 };
    });
    const [state, same] = [stateOf(facts), stateOf(facts)];
    settleState(state);
    const pagesOf = () => state.ledger.touches.pages.length + state.ledger.visits.pages.length;
    const before = pagesOf();
    const touches = lengthOf(state.ledger.touches, findRow(state.ledger, 0, 0, 1));
    expect(touches * 8).toBeGreaterThan(2 ** 18);
    forgetQuiet(state.ledger);
    expect(pagesOf()).toBeLessThan(before * 0.8);
    expect(bytesOf(state) === bytesOf(same)).toBe(true);
    for (const s of [state, same]) for (const f of facts) put(s, { ...f, item: f.item + 1e6 });
    expect(bytesOf(state) === bytesOf(same)).toBe(true);
  });

  it('moves them together also while a large state grows: a tenth fewer pages at the least, and not one entry changed', () => {
    const [held, left] = [createState(7), createState(7)];
    for (let turn = 0; turn < 12; turn++) {
      for (const { ledger } of [held, left]) {
        for (let source = 1; source <= 100_000; source++) {
          const row = rowOf(ledger, 0, 0, source);
          addTouch(ledger, row, turn, ((turn << TAG_BITS) | TAG.fail) >>> 0, 0, 4, turn, source, 0, turn);
        }
      }
      holdState(held);
    }
    expect(held.ledger.touches.pages.length).toBeLessThan(left.ledger.touches.pages.length * 0.9);
    expect(Buffer.compare(encodeState(held, 'arrival'), encodeState(left, 'arrival'))).toBe(0);
  });
});

describe('a settled list', () => {
  it('is not merged again until something comes to it', () => {
    const state = stateOf([]);
    const row = rowOf(state.ledger, 0, 0, 1);
    const { touches, visits } = state.ledger;
    const probe = { source: 1, item: 1, pane: 0, sub: 0, tick: 0, line: 1, visit: false };
    put(state, probe);
    put(state, probe);
    expect([isUnmerged(touches, row), isUnmerged(visits, row), lengthOf(touches, row)]).toEqual([true, false, 2]);
    settleState(state);
    expect([isUnmerged(touches, row), lengthOf(touches, row)]).toEqual([false, 1]);
    put(state, { ...probe, visit: true, sub: 2 });
    expect([isUnmerged(touches, row), isUnmerged(visits, row)]).toEqual([false, true]);
    settleState(state);
    expect(isUnmerged(visits, row)).toBe(false);
  });
});
