/** A source that asked for more different things in a day than a function call takes arguments. */
import { describe, expect, it } from 'vitest';
import type { Scene, SourceRecord } from '../../src/detect/detector.ts';
import { resultsProbe } from '../../src/detect/election/results-probe.ts';
import { statusHammer } from '../../src/detect/election/status-hammer.ts';
import type { Touch } from '../../src/detect/touch.ts';
import { TAG, WEB } from '../../src/measure/entry.ts';
import { append, extent } from '../../src/model/long-lists.ts';
import { growth, LINEAR_MAX } from '../parts/growth.ts';

const DAY = 86_400_000;
/** One request to a page of the first system. */
const TOUCH = { tag: TAG.page, host: 1, item: 7, sub: 200, count: 1, weight: 1 };

describe('a record of 300,000 touches', () => {
  const list = Array.from({ length: 300_000 }, (_, i) => ({ paneMs: (i * 7919) % 300_007 }));

  it('has a first and a last pane', () => {
    const { least, most } = extent(list, (t) => t.paneMs);
    expect([least, most]).toEqual([0, Math.max(...list.slice(0, 1000).map((t) => t.paneMs), most)]);
    expect(most).toBeGreaterThan(299_000);
  });

  it('can be added to another', () => {
    const hit: { paneMs: number }[] = [];
    append(hit, list);
    expect(hit).toHaveLength(300_000);
  });

  it.each([
    { detector: resultsProbe, id: 'election.results_probe', kind: 'results_enr', flags: WEB.telling | WEB.post },
    { detector: statusHammer, id: 'election.status_hammer', kind: 'registration', flags: WEB.post },
  ])('is looked through once for $id', ({ detector, id, kind, flags }) => {
    // all but every tenth of them on one day, the rest months apart
    const touches = list.map((_, i) => {
      const paneMs = (i % 10 === 0 ? 100 + i : 3) * DAY;
      return { ...TOUCH, paneMs, firstMs: paneMs, lastMs: paneMs, flags: flags | 2, lineHash: i } as unknown as Touch;
    });
    const scene = { assets: [{ number: 1, kind, clients: [] }], calendar: [], dayStartMs: 0, rules: [] };
    const evaluate = (length: number) => {
      const some = touches.slice(0, length);
      const record = { touches: some, matched: [], visits: [{ tag: TAG.path, pane: 432, item: 9, count: 1e6 }] };
      return detector.evaluate(record as unknown as SourceRecord, scene as unknown as Scene, []);
    };
    const found = evaluate(touches.length);
    expect(found.map(({ detection, touches: shown }) => [detection, shown.length])).toEqual([[id, 270_000]]);
    expect(growth(touches.length, (length) => void evaluate(length))).toBeLessThan(LINEAR_MAX);
  });
});
