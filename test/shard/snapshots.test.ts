/** When a shard is written anew: after as much log as it is long, or once for an old key; a commit that failed counts for nothing. */
import { describe, expect, it } from 'vitest';
import { createSnapshots } from '../../src/shard/snapshots.ts';

const make = (length: number) => () => new Uint8Array(length);

describe('snapshots', () => {
  it('are due when twice as much log was folded as the last one is long, and never for less than the least', () => {
    const snapshots = createSnapshots(100, false, 50);
    snapshots.grew(199, 3);
    expect(snapshots.due(make(70), 9)).toBeNull();
    snapshots.grew(1, 4);
    expect(snapshots.due(make(70), 9)).toEqual({ snapshot: { bytes: new Uint8Array(70), at: 9 }, stats: { late: 7 } });
    snapshots.committed();
    snapshots.grew(139, 1);
    expect(snapshots.due(make(10), 12)).toBeNull();
    snapshots.grew(1, 0);
    expect(snapshots.due(make(10), 12)?.stats).toEqual({ late: 1 });
    snapshots.committed();
    snapshots.grew(49, 0);
    expect(snapshots.due(make(10), 13)).toBeNull();
    snapshots.grew(1, 0);
    expect(snapshots.due(make(10), 14)).not.toBeNull();
  });

  it('stay due until one was committed', () => {
    const snapshots = createSnapshots(0, false, 10);
    snapshots.grew(10, 2);
    expect(snapshots.due(make(5), 1)?.stats).toEqual({ late: 2 });
    snapshots.grew(1, 1);
    expect(snapshots.due(make(5), 2)?.stats).toEqual({ late: 3 });
  });

  it('are made once for what may be sealed with a key that will go', () => {
    const snapshots = createSnapshots(1000, true, 10);
    expect(snapshots.due(make(5), 1)).not.toBeNull();
    snapshots.committed();
    expect(snapshots.due(make(5), 1)).toBeNull();
  });
});
