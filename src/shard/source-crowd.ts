/**
 * All sources of a day as keyed hashes by network owner, a thousand in a document: most are people, so that no address, no
 * page and no place stands with them, and no time where they are few (law 7).
 */

import { TAG } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf } from '../measure/ledger.ts';
import { PACKET_PANE, WEB_PANE } from '../model/time.ts';
import { type DailyDocument, document } from './daily.ts';
import {
  type Counts,
  countTouch,
  countVisit,
  type DayOfEntries,
  eachOfDay,
  isSampled,
  noCounts,
  positive,
  type SourceSetting,
} from './day-entries.ts';
import { type SourceHashes, sourceHashes } from './source-hash.ts';

/** Sources of an owner that stand in one document: 17 KB of hashes, which is small for a server and for a bulk request. */
export const TOGETHER_MAX = 1000;
/** Of fewer sources than this it is not told when they came: it would be the hour of a person. */
export const CROWD_MIN = 10;
/** A day of several sources in numbers; times are those of panes. */
interface Crowd {
  readonly counts: Counts;
  firstMs: number;
  untilMs: number;
}

function crowdTouch(crowd: Crowd, page: Uint32Array, e: number, tag: number, paneMs: number): void {
  countTouch(crowd.counts, page, e, tag);
  crowd.firstMs = Math.min(crowd.firstMs, paneMs);
  crowd.untilMs = Math.max(crowd.untilMs, paneMs + PACKET_PANE);
}

function crowdVisit(crowd: Crowd, page: Uint32Array, e: number, tag: number, paneMs: number): void {
  countVisit(crowd.counts, page, e, tag);
  if (tag !== TAG.path) return;
  crowd.firstMs = Math.min(crowd.firstMs, paneMs);
  crowd.untilMs = Math.max(crowd.untilMs, paneMs + WEB_PANE);
}

/** Documents of all sources by network owner, in the order of their hashes: no order tells of addresses. */
export function* together(
  ledger: Ledger,
  rows: readonly number[],
  matched: ReadonlySet<number>,
  setting: SourceSetting,
  day: DayOfEntries,
): Generator<DailyDocument> {
  const keys = new Uint32Array(rows.length * 2);
  for (let i = 0; i < rows.length; i++) {
    keys[2 * i] = hiOf(ledger, rows[i]!);
    keys[2 * i + 1] = loOf(ledger, rows[i]!);
  }
  const hashes = sourceHashes(setting.secret, keys);
  for (const { as, sources } of byOwner(keys, setting.enricher)) {
    sources.sort(hashes.compare);
    for (let part = 0; part * TOGETHER_MAX < sources.length; part++) {
      const some = sources.slice(part * TOGETHER_MAX, (part + 1) * TOGETHER_MAX);
      yield crowdDocument(ledger, rows, some, hashes, matched, { as, part }, setting, day);
    }
  }
}

/** A network owner, null = unknown, and the indexes of its sources. */
interface Owned {
  as: { readonly number: number; readonly organization: { readonly name: string } } | null;
  readonly sources: number[];
}

/** Sources (`keys`: hi, lo, hi, lo, …) by network owner, by number; those of unknown owners first. */
function byOwner(keys: Uint32Array, enricher: SourceSetting['enricher']): Owned[] {
  const owned = new Map<number, Owned>();
  for (const i of byPrefix(keys)) {
    const owner = enricher.owner(keys[2 * i]!, keys[2 * i + 1]!);
    const number = owner?.number ?? -1;
    let own = owned.get(number);
    if (own === undefined) {
      own = { as: null, sources: [] };
      owned.set(number, own);
    }
    own.sources.push(i);
    // of several names that a database has for one number the same one whatever the order of the sources
    if (owner !== null && (own.as === null || owner.name < own.as.organization.name))
      own.as = { number, organization: { name: owner.name } };
  }
  return [...owned].sort(([a], [b]) => a - b).map(([, own]) => own);
}

/** Indexes of sources by the first 16 bits of their address: neighbours are looked up one after the other, in half the time. */
function byPrefix(keys: Uint32Array): Uint32Array {
  const count = keys.length / 2;
  const prefix = (i: number) => (keys[2 * i] === 0 ? keys[2 * i + 1]! : keys[2 * i]!) >>> 16;
  const starts = new Uint32Array(65_537);
  for (let i = 0; i < count; i++) starts[prefix(i) + 1]!++;
  for (let p = 1; p < starts.length; p++) starts[p]! += starts[p - 1]!;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[starts[prefix(i)]!++] = i;
  return order;
}

/** Sources of one owner (`chosen`: indexes of `rows`) as a document. */
function crowdDocument(
  ledger: Ledger,
  rows: readonly number[],
  chosen: readonly number[],
  hashes: SourceHashes,
  matched: ReadonlySet<number>,
  of: { readonly as: Owned['as']; readonly part: number },
  setting: SourceSetting,
  day: DayOfEntries,
): DailyDocument {
  const crowd: Crowd = { counts: noCounts(), firstMs: Number.POSITIVE_INFINITY, untilMs: Number.NEGATIVE_INFINITY };
  const hash: string[] = [];
  let named = 0;
  let estimated = false;
  for (const i of chosen) {
    const row = rows[i]!;
    hash.push(hashes.text(i));
    if (matched.has(row)) named++;
    estimated ||= isSampled(ledger, row);
    eachOfDay(ledger, row, day, crowd, crowdTouch, crowdVisit);
  }
  // panes may reach over midnight
  const start = Math.max(crowd.firstMs, day.fromMs);
  const end = Math.min(crowd.untilMs, day.untilMs) - 1;
  const isCrowd = hash.length >= CROWD_MIN && start <= end;
  return document('sources', setting, ['owner', String(of.as?.number ?? ''), String(of.part)], {
    ...(of.as === null ? {} : { source: { as: of.as } }),
    event: {
      kind: 'metric',
      dataset: 'pollwatch.sources',
      ...(isCrowd ? { start: new Date(start).toISOString(), end: new Date(end).toISOString() } : {}),
    },
    pollwatch: {
      source: { hash, count: hash.length, named, part: of.part, matched: false },
      activity: { ...positive(crowd.counts), ...(estimated ? { estimated } : {}) },
    },
  });
}
