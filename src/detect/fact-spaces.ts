/**
 * Keys and tags of stage 2 in one table, so that none is given twice: what is noted of sources under a prefix, a target or a
 * block (distributed.ts). They stand in a ledger of their own, apart from those of stage 1 (measure/entry.ts).
 */
import { GROUPED } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf } from '../measure/ledger.ts';

/** What a key of the facts is. */
export const FACT_SPACE = { prefix: 16, target: 17, block: 18 } as const;

/** What is noted under it: a scan, in this hour; a port, in this hour; missing pages, on this day. */
export const FACT = { scanned: GROUPED | 1, port: GROUPED | 2, missing: 3 } as const;

/** The key of a row: of the facts a prefix, target or block; of the state the source that an item of the facts stands for. */
export function keyAt(ledger: Ledger, row: number): { hi: number; lo: number } {
  return { hi: hiOf(ledger, row), lo: loOf(ledger, row) };
}
