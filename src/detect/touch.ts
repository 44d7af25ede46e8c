/**
 * A touch as detectors read it: what one source did to one thing in one pane, unpacked for deciding. Only keys that did
 * something are unpacked; a million quiet ones stay packed.
 */
import { COUNT_MAX, PACKET, paneStart, TAG, TAG_BITS, TAG_MASK, TICK_MS, TOUCH_WORDS, WEB } from '../measure/entry.ts';
import type { Ledger } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { PACKET_PANE, WEB_PANE } from '../model/time.ts';
import { weightsOf } from './weights.ts';

/** A touch of a settled ledger, read where it is packed: a record of a thousand of them is made for every busy source. */
export class Touch {
  private readonly page: Uint32Array;
  private readonly at: number;
  private readonly paneWidth: number;
  /** how many like it this one stands for: 1 unless its group overflowed or was sampled */
  readonly weight: number;

  /** `at`: index of its first word in `page`; `paneWidth`: milliseconds of a pane of its tag. */
  constructor(page: Uint32Array, at: number, paneWidth: number, weight: number) {
    this.page = page;
    this.at = at;
    this.paneWidth = paneWidth;
    this.weight = weight;
  }

  get item(): number {
    return this.page[this.at]!;
  }

  get tag(): number {
    return this.page[this.at + 1]! & TAG_MASK;
  }

  /** first instant of the pane, Unix ms */
  get paneMs(): number {
    return paneStart(this.page[this.at + 1]! >>> TAG_BITS, this.paneWidth);
  }

  /** port, status, folded size or hash, as the tag says */
  get sub(): number {
    return this.page[this.at + 2]! >>> 16;
  }

  get host(): number {
    return this.page[this.at + 2]! & 0xffff;
  }

  get flags(): number {
    return this.page[this.at + 3]! >>> 24;
  }

  get count(): number {
    return this.page[this.at + 3]! & COUNT_MAX;
  }

  /** first and last, Unix ms, to 1/64 s */
  get firstMs(): number {
    return this.paneMs + Math.floor((this.page[this.at + 4]! >>> 16) * TICK_MS);
  }

  get lastMs(): number {
    return this.paneMs + Math.ceil((this.page[this.at + 4]! & 0xffff) * TICK_MS);
  }

  /** reference of its earliest line (measure/entry.ts) and that line's hash */
  get lineLow(): number {
    return this.page[this.at + 5]!;
  }

  get lineHigh(): number {
    return this.page[this.at + 6]!;
  }

  get lineHash(): number {
    return this.page[this.at + 7]!;
  }
}

/** Status class of a web touch (0 = none). */
export const statusClassOf = (t: Touch) => t.flags & WEB.statusMask;
/** ACTION of a packet touch. */
export const actionOf = (t: Touch) => t.flags & PACKET.actionMask;
/** TRANSPORT of a packet touch. */
export const transportOf = (t: Touch) => (t.flags >>> PACKET.transportShift) & PACKET.transportMask;

/** Tags whose panes are PACKET_PANE wide. */
export function paneWidth(tag: number, packetRules: ReadonlySet<number>): number {
  return tag === TAG.packet ||
    tag === TAG.illegalFlags ||
    tag === TAG.toolMark ||
    tag === TAG.sentinel ||
    packetRules.has(tag - TAG.rule)
    ? PACKET_PANE
    : WEB_PANE;
}

/** All touches of a row, sorted by time. */
export function readTouches(ledger: Ledger, row: number, packetRules: ReadonlySet<number>): Touch[] {
  const lists = ledger.touches;
  const n = lengthOf(lists, row);
  if (n === 0) return [];
  const page = pageOf(lists, row);
  const start = startOf(lists, row);
  const weights = weightsOf(ledger, row, page, start, n, TOUCH_WORDS);
  const out: Touch[] = [];
  for (let i = 0; i < n; i++) {
    const e = start + i * TOUCH_WORDS;
    const width = paneWidth(page[e + 1]! & TAG_MASK, packetRules);
    out.push(new Touch(page, e, width, weights === null ? 1 : weights(e)));
  }
  return inOrder(out);
}

/** Order of touches: time, then identity, so that it depends on nothing else. */
export function inTime(a: Touch, b: Touch): number {
  return (
    a.firstMs - b.firstMs ||
    a.lineHash - b.lineHash ||
    a.tag - b.tag ||
    a.item - b.item ||
    a.sub - b.sub ||
    a.host - b.host ||
    a.flags - b.flags
  );
}

/** The touches in time order: the list itself when it is in order already, else a sorted copy. */
export function inOrder(touches: readonly Touch[]): Touch[] {
  let before = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < touches.length; i++) {
    const { firstMs } = touches[i]!;
    if (firstMs < before || (firstMs === before && inTime(touches[i - 1]!, touches[i]!) > 0))
      return [...touches].sort(inTime);
    before = firstMs;
  }
  return touches as Touch[];
}
