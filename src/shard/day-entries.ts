/**
 * The entries of a settled state that belong to one day, and what they add up to. Read where they lie: a day has a hundred
 * thousand sources.
 */
import { paneWidth } from '../detect/touch.ts';
import type { Enricher } from '../enrich/enricher.ts';
import {
  COUNT_MAX,
  PACKET,
  paneStart,
  TAG,
  TAG_BITS,
  TAG_MASK,
  TICK_MS,
  TOUCH_WORDS,
  VISIT_WORDS,
} from '../measure/entry.ts';
import { hiOf, type Ledger, loOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { GROUP_MAX } from '../measure/reductions.ts';
import { formatKey } from '../model/address.ts';
import { ACTION } from '../model/batch.ts';
import type { Rule } from '../model/rule.ts';
import { DAY, dayStart, WEB_PANE } from '../model/time.ts';
import type { DaySetting } from './daily.ts';

/** What sources are described with. */
export interface SourceSetting extends DaySetting {
  readonly enricher: Pick<Enricher, 'lookup' | 'owner'>;
  /** the organisation's secret: keys the hashes */
  readonly secret: Uint8Array;
  readonly rules: readonly Rule[];
}

/** The key of a row in words, as alerts show it. */
export function keyText(ledger: Ledger, row: number): string {
  return formatKey(hiOf(ledger, row), loOf(ledger, row));
}

/** Which entries belong to a day. */
export interface DayOfEntries {
  readonly day: number;
  /** first instant of the day, and of the next, Unix ms */
  readonly fromMs: number;
  readonly untilMs: number;
  /** rules whose matches stand in panes of packets */
  readonly packetRules: ReadonlySet<number>;
}

/** The entries of a day of an organisation. */
export function dayOfEntries({ day, inventory, rules }: SourceSetting): DayOfEntries {
  const fromMs = dayStart(day, inventory.dayStartMs);
  const packetRules = new Set(rules.filter((r) => r.category === 'network').map((r) => r.number));
  return { day, fromMs, untilMs: fromMs + DAY, packetRules };
}

/** Calls `touch` and `visit` for each entry of a row that belongs to the day, with what they add to and its offset. */
export function eachOfDay<T>(
  ledger: Ledger,
  row: number,
  { day, fromMs, untilMs, packetRules }: DayOfEntries,
  into: T,
  touch: (into: T, page: Uint32Array, e: number, tag: number, paneMs: number) => void,
  visit: (into: T, page: Uint32Array, e: number, tag: number, paneMs: number) => void,
): void {
  const touches = lengthOf(ledger.touches, row);
  if (touches > 0) {
    const page = pageOf(ledger.touches, row);
    const start = startOf(ledger.touches, row);
    for (let e = start; e < start + touches * TOUCH_WORDS; e += TOUCH_WORDS) {
      const tag = page[e + 1]! & TAG_MASK;
      const paneMs = paneStart(page[e + 1]! >>> TAG_BITS, paneWidth(tag, packetRules));
      const firstMs = paneMs + (page[e + 4]! >>> 16) * TICK_MS;
      if (firstMs >= fromMs && firstMs < untilMs) touch(into, page, e, tag, paneMs);
    }
  }
  const visits = lengthOf(ledger.visits, row);
  if (visits === 0) return;
  const page = pageOf(ledger.visits, row);
  const start = startOf(ledger.visits, row);
  for (let e = start; e < start + visits * VISIT_WORDS; e += VISIT_WORDS) {
    const tag = page[e + 1]! & TAG_MASK;
    const pane = page[e + 1]! >>> TAG_BITS;
    const paneMs = pane * WEB_PANE;
    if (
      tag === TAG.path ? paneMs >= fromMs && paneMs < untilMs : (tag === TAG.asset || tag === TAG.reply) && pane === day
    )
      visit(into, page, e, tag, paneMs);
  }
}

/** What sources did, each kind of it counted. */
export type Counts = Record<
  'requests' | 'failed' | 'static' | 'logins' | 'matches' | 'packets' | 'denied' | 'allowed',
  number
>;

/** Nothing, of everything. */
export function noCounts(): Counts {
  return { requests: 0, failed: 0, static: 0, logins: 0, matches: 0, packets: 0, denied: 0, allowed: 0 };
}

/** Adds a touch. */
export function countTouch(counts: Counts, page: Uint32Array, e: number, tag: number): void {
  const count = page[e + 3]! & COUNT_MAX;
  if (tag === TAG.fail) {
    counts.failed += count;
    counts.requests += count;
  } else if (tag === TAG.packet) {
    counts.packets += count;
    const action = (page[e + 3]! >>> 24) & PACKET.actionMask;
    if (action === ACTION.deny) counts.denied += count;
    if (action === ACTION.allow) counts.allowed += count;
  } else if (tag === TAG.login) counts.logins += count;
  else if (tag >= TAG.rule) counts.matches += count;
}

/** Adds a visit. */
export function countVisit(counts: Counts, page: Uint32Array, e: number, tag: number): void {
  if (tag === TAG.reply) return;
  counts.requests += page[e + 2]!;
  if (tag === TAG.asset) counts.static += page[e + 2]!;
}

/** Whether a row's entries are a sample of what there was. */
export function isSampled(ledger: Ledger, row: number): boolean {
  return ledger.level > 0 || lengthOf(ledger.touches, row) >= GROUP_MAX || lengthOf(ledger.visits, row) >= GROUP_MAX;
}

/** Numbers that are not 0. */
export function positive(numbers: Readonly<Record<string, number>>): object {
  const found: Record<string, number> = {};
  for (const name in numbers) if (numbers[name]! > 0) found[name] = numbers[name]!;
  return found;
}
