/** From which stream offset on the lines of an origin are still needed: what is older is dropped, and nothing stays for ever. */
import { describe, expect, it } from 'vitest';
import { encodeState } from '../../src/measure/delta.ts';
import { createTally } from '../../src/model/tally.ts';
import { WEB_PANE } from '../../src/model/time.ts';
import { evidenceFloor } from '../../src/shard/evidence-floor.ts';
import { foldRecord } from '../../src/shard/folding.ts';
import { encodeDelta } from '../../src/shard/record.ts';
import type { Shard } from '../../src/shard/shard.ts';
import { decodeShard, encodeShard } from '../../src/shard/snapshot-form.ts';
import { emptyShard, RULES, settingNamed } from './folding.ts';

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 8, 14);
const KEPT_DAYS = 31;
const setting = settingNamed('none');

/** Folds a chunk of 100 bytes of an origin whose events are all at noon of a day after the first. */
function fold(shard: Shard, origin: number, seq: number, day: number, events = 20): void {
  const noon = (FIRST + day * DAY + DAY / 2) / WEB_PANE;
  const chunks = [{ seq, offset: 100 * seq, end: 100 * seq + 100, panes: [[noon, events] as [number, number]] }];
  const state = encodeState(emptyShard('none').state);
  foldRecord(shard, setting, encodeDelta({ rules: RULES, origins: [{ origin, chunks, tally: createTally() }], state }));
}

const floorOf = (shard: Shard) => evidenceFloor(shard, 0, KEPT_DAYS);

describe('lines of evidence', () => {
  it('are needed from the first chunk of the days that are kept', () => {
    const shard = emptyShard('none');
    for (let seq = 0; seq <= 40; seq++) fold(shard, 1, seq, seq);
    expect(floorOf(shard)).toEqual([{ origin: 1, offset: 900 }]);
    expect(floorOf(shard)).toEqual([]);
  });

  it('of a log that is no longer written are all dropped in the end, also by whoever reads the snapshot', () => {
    const before = emptyShard('none');
    fold(before, 1, 0, 0);
    fold(before, 1, 1, 1);
    const shard = decodeShard(setting, encodeShard(before, setting));
    fold(shard, 2, 0, 1 + KEPT_DAYS);
    expect(floorOf(shard)).toEqual([{ origin: 1, offset: 100 }]);
    fold(shard, 2, 1, 2 + KEPT_DAYS);
    expect(floorOf(shard)).toEqual([{ origin: 1, offset: 200 }]);
  });

  it('are not kept by a stray line of the future that stands before them', () => {
    const shard = emptyShard('none');
    fold(shard, 1, 0, 0);
    fold(shard, 1, 1, 5000, 1);
    for (let seq = 2; seq <= 40; seq++) fold(shard, 1, seq, seq);
    expect(floorOf(shard)).toEqual([{ origin: 1, offset: 100 }]);
    for (let seq = 41; seq <= 80; seq++) fold(shard, 1, seq, seq);
    expect(floorOf(shard)).toEqual([{ origin: 1, offset: 4900 }]);
  });
});
