/**
 * How large the pages are that people are given, whoever they are and whatever page it is: an answer to attack text that is as
 * large as one of them shows nothing. Noted once a day and step of 128 bytes, in the row of the organisation: a site whose pages
 * have all sizes costs no more than 512 visits a day.
 */
import { type Batch, NO_SIZE } from '../model/batch.ts';
import { addVisit } from './additions.ts';
import type { BatchInHand } from './batch-in-hand.ts';
import { foldSize, TAG, TAG_BITS } from './entry.ts';
import { rowOf, SPACE } from './ledger.ts';
import type { State } from './state.ts';

/** Bits of a folded size that make no difference. */
const STEP_BITS = 7;
/** Bytes of a step. */
export const SIZE_STEP = 1 << STEP_BITS;

/** The step that a folded size stands in, from 0 to 511. */
export function stepOf(folded: number): number {
  return folded >>> STEP_BITS;
}

/** Steps that were noted, by the day that they were noted for last. */
export interface PageSizes {
  /** day (its lower bits, and one) by step */
  readonly days: Uint16Array;
  state: State | null;
  organization: number;
}

/** Nothing noted yet. */
export function createPageSizes(): PageSizes {
  return { days: new Uint16Array(65_536 / SIZE_STEP), state: null, organization: 0 };
}

/** What is noted holds for the state and organisation of a batch from here on. */
export function beginPageSizes(sizes: PageSizes, { state, scene }: BatchInHand): void {
  if (sizes.state === state && sizes.organization === scene.organization) return;
  sizes.state = state;
  sizes.organization = scene.organization;
  sizes.days.fill(0);
}

/** Notes the size of a page of row `i`, on a day by its number, where it was given (2xx) and not noted yet. */
export function notePageSize(sizes: PageSizes, hand: BatchInHand, i: number, day: number): void {
  const { size, status }: Batch = hand.batch;
  const item = stepOf(foldSize(size[i]!));
  const mark = (day & 0x7fff) + 1;
  if (sizes.days[item] === mark || size[i] === NO_SIZE || status[i]! < 200 || status[i]! >= 300) return;
  sizes.days[item] = mark;
  const office = rowOf(hand.state.ledger, (hand.scene.organization << 8) | SPACE.office, 0, 0);
  addVisit(hand.state.ledger, office, item, ((day << TAG_BITS) | TAG.pageSize) >>> 0, 0);
}
