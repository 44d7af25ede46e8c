/** A source that asked for more different things in a day than a function call takes arguments. */
import { describe, expect, it } from 'vitest';
import { append, extent } from '../../src/detect/record.ts';

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
});
