/**
 * Tests of the tests: each check of a law is run against parts in which one violation is planted, and must report it.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodeState } from '../../src/measure/delta.ts';
import { holdState, type State, settleState } from '../../src/measure/state.ts';
import { REFUSED_SAMPLES } from '../../src/model/tally.ts';
import { collectEvidence } from '../../src/run/evidence.ts';
import {
  alertDifferences,
  checkInterleaving,
  checkNothingLost,
  checkSameLines,
  checkShift,
  checkTruths,
  realTally,
  type Scan,
} from './checks.ts';
import { ACTOR_NAMES, filesOf, generate } from './generator.ts';
import {
  alertsFrom,
  type Collect,
  canonical,
  emptyState,
  type Merge,
  mapTouches,
  type Piece,
  realMerge,
  scan,
  wholeFiles,
} from './small-run.ts';

const COUNT = 0xffffff;
const SEEDS = [1, 2, 3, 5];

afterEach(() => {
  vi.useRealTimers();
});

/** What a check reports over a few seeds. */
async function reports(check: (seed: number) => Promise<string[]>): Promise<string[]> {
  const found: string[] = [];
  for (const seed of SEEDS) found.push(...(await check(seed)));
  return found;
}

const about = (found: readonly string[], what: RegExp) => found.filter((text) => what.test(text));

describe('the check of equal alerts notices', () => {
  it('nothing where nothing is wrong', async () => {
    expect(await reports((seed) => checkSameLines(generate(seed), 'none'))).toEqual([]);
  });

  it('a merge that keeps the line that came first instead of the one of the smallest hash', async () => {
    let arrival = 0;
    const merge: Merge = (state, delta) => {
      const before = arrival;
      arrival += 1;
      realMerge(
        state,
        mapTouches(delta, (words, at) => {
          words[at + 7] = before;
        }),
      );
    };
    const found = await reports((seed) => checkSameLines(generate(seed), 'none', { merge }));
    expect(about(found, /^deltas merged as a tree: .*lines is/)).not.toEqual([]);
    expect(about(found, /^(lines in another order|batches cut)/)).toEqual([]);
  });

  it('a merge that drops counts', async () => {
    const merge: Merge = (state, delta) =>
      realMerge(
        state,
        mapTouches(delta, (words, at) => {
          words[at + 3] = (words[at + 3]! & ~COUNT) | 1;
        }),
      );
    const found = await reports((seed) => checkSameLines(generate(seed), 'none', { merge }));
    expect(about(found, /^deltas merged as a tree: .*evidence is/)).not.toEqual([]);
  });

  it('a merge that loses a delta, and one that counts a delta twice', async () => {
    let turn = 0;
    const losing: Merge = (state, delta) => (turn++ === 0 ? undefined : realMerge(state, delta));
    turn = 0;
    expect(await checkSameLines(generate(1), 'none', { merge: losing })).not.toEqual([]);
    const twice: Merge = (state, delta) => {
      realMerge(state, delta);
      realMerge(state, delta);
    };
    expect(await checkSameLines(generate(1), 'none', { merge: twice })).not.toEqual([]);
  });

  it('evidence that is chosen by where a line stands', async () => {
    const collect: Collect = (decisions, ...rest) => {
      const first = decisions.map((d) => {
        const lines = d.exhibit.lines.sort((a, b) => a.low - b.low).slice(0, 2);
        return { ...d, exhibit: { ...d.exhibit, lines } };
      });
      return collectEvidence(first, ...rest);
    };
    const found = await reports((seed) => checkSameLines(generate(seed), 'none', { collect }));
    expect(about(found, /^lines in another order: .*lines is/)).not.toEqual([]);
  });

  it('a bound that keeps whoever came first', async () => {
    const keepFirst: Scan = (pieces, name) => {
      const known = new Set<string>();
      const kept = pieces.map((piece): Piece => {
        const lines = Buffer.from(piece.bytes).toString('latin1').split('\n').slice(0, -1);
        const text = lines.filter((line) => {
          const source = /SRC=(\S+)/.exec(line)?.[1];
          if (source === undefined || known.has(source)) return true;
          if (known.size >= 20) return false;
          known.add(source);
          return true;
        });
        return { ...piece, bytes: Buffer.from(text.map((line) => `${line}\n`).join(''), 'latin1') };
      });
      return scan(kept, name);
    };
    const found = await reports((seed) => checkSameLines(generate(seed), 'none', { scan: keepFirst }));
    expect(about(found, /^lines in another order: .*(missing|should not stand)/)).not.toEqual([]);
  });

  it('a sampler that forgets to ask the lines that come after it', async () => {
    const generated = generate(2, { actors: ['manyPorts', ...ACTOR_NAMES] });
    expect(await checkSameLines(generated, 'tight')).toEqual([]);
    const forgetful: Scan = (pieces, name) => {
      const states = pieces.map((piece) => scan([piece], name).state);
      const whole: State = states[0] ?? emptyState(name);
      for (const state of states.slice(1)) {
        realMerge(whole, encodeState(state));
        settleState(whole);
        // it believes that nothing was ever sampled
        whole.ledger.level = 0;
      }
      return { state: whole };
    };
    expect(about(await checkSameLines(generated, 'tight', { scan: forgetful }), /the state differs/)).not.toEqual([]);
  });

  it('a source whose alert is gone, changed or new', async () => {
    const { lines } = generate(1);
    const files = filesOf(lines);
    const alerts = canonical(await alertsFrom(scan(wholeFiles(files), 'none').state, files, 'none'));
    const [first, ...rest] = alerts;
    const changed = JSON.stringify({ ...(JSON.parse(first!) as object), score: -1 });
    expect(alertDifferences('x', alerts, rest)).toHaveLength(1);
    expect(alertDifferences('x', rest, alerts)).toHaveLength(1);
    expect(alertDifferences('x', alerts, [changed, ...rest])).toHaveLength(1);
    expect(alertDifferences('x', alerts, [first!, ...alerts])).toHaveLength(1);
    expect(alertDifferences('x', alerts, alerts)).toEqual([]);
  });

  it('a detection that is one off its threshold', async () => {
    const { lines, truths } = generate(4, { actors: ['verticalScans', 'webProbing'] });
    const files = filesOf(lines);
    const alerts = await alertsFrom(scan(wholeFiles(files), 'none').state, files, 'none');
    expect(checkTruths(truths, alerts)).toEqual([]);
    const late = alerts.filter((a) => a.detection !== 'F01');
    expect(checkTruths(truths, late)).toHaveLength(1);
    const below = truths.find((t) => t.detection === 'W01' && !t.fires)!;
    const early = alerts.map((a) => (a.detection === 'W01' ? { ...a, key: { ...a.key, text: below.key } } : a));
    expect(checkTruths(truths, early)).toHaveLength(2);
  });
});

describe('the check of event time notices', () => {
  it('a detection that goes by the clock', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 8, 20) });
    const found = await checkShift(3, 7, 'none', false, {
      decided: (decisions) => decisions.filter((d) => d.endMs < Date.now()),
    });
    expect(found).not.toEqual([]);
  });

  it('a severity that knows weekends', async () => {
    const found = await checkShift(3, 5, 'none', false, {
      decided: (decisions) =>
        decisions.map((d) => (new Date(d.startMs).getUTCDay() % 6 === 0 ? { ...d, base: 'critical' } : d)),
    });
    expect(about(found, /severity/)).not.toEqual([]);
  });
});

describe('the check of what is counted notices', () => {
  const { lines } = generate(1);
  const { combined, netfilter } = filesOf(lines);

  it('nothing where nothing is wrong', () => {
    expect(checkNothingLost(combined, 'combined')).toEqual([]);
    expect(checkNothingLost(netfilter, 'netfilter')).toEqual([]);
  });

  it('a tally that forgets refused lines', () => {
    const found = checkNothingLost(combined, 'combined', (bytes, format) => {
      const { tally, state } = realTally(bytes, format);
      tally.refused.clear();
      return { tally, state };
    });
    expect(about(found, /events, skipped and refused lines/)).toHaveLength(1);
  });

  it('a tally that keeps no samples, and a state that lost an event', () => {
    const found = checkNothingLost(combined, 'combined', (bytes, format) => {
      const { tally, state } = realTally(bytes, format);
      for (const kind of tally.refused.values()) kind.samples.length = 0;
      state.prefixes[state.prefixes.findIndex((n) => n > 0)]! -= 1;
      return { tally, state };
    });
    expect(REFUSED_SAMPLES).toBeGreaterThan(0);
    expect(about(found, /samples/)).not.toEqual([]);
    expect(about(found, /events in prefixes/)).toHaveLength(1);
  });
});

describe('the check of interleaving notices', () => {
  it('a source that is judged by how much of the log it is', async () => {
    const share: Scan = (pieces, name) => {
      const { state } = scan(pieces, name);
      settleState(state);
      const { touches } = state.ledger;
      const total = touches.entries;
      const bytes = mapTouches(encodeState(state), (words, at) => {
        if (total > 600) words[at + 3] = (words[at + 3]! & ~COUNT) | Math.max(1, (words[at + 3]! & COUNT) >> 1);
      });
      const judged = emptyState(name);
      realMerge(judged, bytes);
      holdState(judged);
      return { state: judged };
    };
    const found = await checkInterleaving(generate(1), [generate(41), generate(82)], 'assets', share);
    expect(found).not.toEqual([]);
    expect(await checkInterleaving(generate(1), [generate(41), generate(82)], 'assets')).toEqual([]);
  });
});
