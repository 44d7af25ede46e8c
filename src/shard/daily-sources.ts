/**
 * The sources of a settled day, for looking back when an advisory arrives. All stand as keyed hashes with their network
 * owner, a thousand in a document; most are people who looked up their polling place, so no address, no page and no
 * place is with them, and no time where they are few (law 7). A source that matched a rule or has an alert also has a
 * document of its own, with its address and what it did. Pure: the same state and alerts give the same documents.
 *
 *   412 sources of AS64500 on 2026-09-14 → {"pollwatch":{"source":{"hash":["02b1…",…],"count":412,"named":3,"matched":false},…}}
 *   192.0.2.7, one of the three          → {"pollwatch":{"source":{"hash":"5be1…","matched":true},"activity":{"requests":4,…}}}
 */

import { paneWidth } from '../detect/record.ts';
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
import { byKey, GROUP_MAX, hiOf, type Ledger, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import type { State } from '../measure/state.ts';
import { formatIpv4, formatKey } from '../model/address.ts';
import type { Alert } from '../model/alert.ts';
import { ACTION } from '../model/batch.ts';
import type { Rule } from '../model/rule.ts';
import { DAY, dayLabel, dayStart, PACKET_PANE, WEB_PANE } from '../model/time.ts';
import { type DailyDocument, type DaySetting, document, type SourceCounts } from './daily.ts';
import { drillOf } from './drill.ts';
import { type SourceHashes, sourceHash, sourceHashes } from './source-hash.ts';

/** What sources are described with. */
export interface SourceSetting extends DaySetting {
  readonly enricher: Pick<Enricher, 'lookup' | 'owner'>;
  /** the organisation's secret: keys the hashes */
  readonly secret: Uint8Array;
  readonly rules: readonly Rule[];
}

/** Sources of an owner that stand in one document: 17 KB of hashes, which is small for a server and for a bulk request. */
export const TOGETHER_MAX = 1000;
/** Of fewer sources than this it is not told when they came: it would be the hour of a person. */
export const CROWD_MIN = 10;
/** Ports and destinations that a document names; the smallest. */
const NAMED_MAX = 50;

/** Documents of a day's sources, and how many sources there were. `state` is settled; `alerts` are the organisation's. */
export function daySources(
  state: State,
  alerts: readonly Alert[],
  setting: SourceSetting,
): { counts: SourceCounts; documents: Iterable<DailyDocument> } {
  const { ledger } = state;
  const day = dayOfEntries(setting);
  const label = dayLabel(setting.day, setting.inventory.dayStartMs);
  const detections = detectionsBySource(alerts.filter((a) => a.day === label));
  const present: number[] = [];
  const matched: number[] = [];
  const seen: Presence = { isSeen: false, isMatched: false };
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    if (drillOf(setting.secret, hiOf(ledger, row), loOf(ledger, row)) !== null) continue;
    seen.isSeen = seen.isMatched = false;
    eachOfDay(ledger, row, day, seen, seeTouch, seeVisit);
    if (!seen.isSeen) continue;
    present.push(row);
    if (seen.isMatched || (detections.size > 0 && detections.has(keyText(ledger, row)))) matched.push(row);
  }
  matched.sort(byKey(ledger));
  return {
    counts: { sources: present.length, matched: matched.length },
    documents: (function* () {
      for (const row of matched) yield named(ledger, row, detections, setting, day);
      yield* together(ledger, present, new Set(matched), setting, day);
    })(),
  };
}

function keyText(ledger: Ledger, row: number): string {
  return formatKey(hiOf(ledger, row), loOf(ledger, row));
}

/** Detections by the key of the source that they name, as key or member. */
function detectionsBySource(alerts: readonly Alert[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { detection, key, related } of alerts) {
    for (const text of key.kind === 'source' ? [key.text] : related) {
      const known = found.get(text);
      if (known === undefined) found.set(text, new Set([detection]));
      else known.add(detection);
    }
  }
  return found;
}

/** Which entries belong to a day. */
interface DayOfEntries {
  readonly day: number;
  /** first instant of the day, and of the next, Unix ms */
  readonly fromMs: number;
  readonly untilMs: number;
  /** rules whose matches stand in panes of packets */
  readonly packetRules: ReadonlySet<number>;
}

function dayOfEntries({ day, inventory, rules }: SourceSetting): DayOfEntries {
  const fromMs = dayStart(day, inventory.dayStartMs);
  const packetRules = new Set(rules.filter((r) => r.category === 'network').map((r) => r.number));
  return { day, fromMs, untilMs: fromMs + DAY, packetRules };
}

/** Calls `touch` and `visit` for each entry of a row that belongs to the day, with what they add to and its offset. */
function eachOfDay<T>(
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

/** Whether a source did anything on a day, and anything that matched a rule. */
interface Presence {
  isSeen: boolean;
  isMatched: boolean;
}

function seeTouch(seen: Presence, _page: Uint32Array, _e: number, tag: number): void {
  seen.isSeen = true;
  if (tag >= TAG.rule) seen.isMatched = true;
}

function seeVisit(seen: Presence): void {
  seen.isSeen = true;
}

/** What sources did, each kind of it counted. */
type Counts = Record<
  'requests' | 'failed' | 'static' | 'logins' | 'matches' | 'packets' | 'denied' | 'allowed',
  number
>;

function noCounts(): Counts {
  return { requests: 0, failed: 0, static: 0, logins: 0, matches: 0, packets: 0, denied: 0, allowed: 0 };
}

function countTouch(counts: Counts, page: Uint32Array, e: number, tag: number): void {
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

function countVisit(counts: Counts, page: Uint32Array, e: number, tag: number): void {
  if (tag === TAG.reply) return;
  counts.requests += page[e + 2]!;
  if (tag === TAG.asset) counts.static += page[e + 2]!;
}

/** Whether a row's entries are a sample of what there was. */
function isSampled(ledger: Ledger, row: number): boolean {
  return ledger.level > 0 || lengthOf(ledger.touches, row) >= GROUP_MAX || lengthOf(ledger.visits, row) >= GROUP_MAX;
}

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
function* together(
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

/** A day of one source in numbers. */
interface Activity {
  readonly counts: Counts;
  readonly paths: Set<number>;
  readonly destinations: Set<number>;
  /** IPv4 destinations as numbers; hashes of IPv6 ones stay out */
  readonly addresses: Set<number>;
  readonly ports: Set<number>;
  readonly rules: Set<number>;
  firstMs: number;
  lastMs: number;
}

function activityOf(ledger: Ledger, row: number, day: DayOfEntries): Activity {
  const activity: Activity = {
    counts: noCounts(),
    paths: new Set(),
    destinations: new Set(),
    addresses: new Set(),
    ports: new Set(),
    rules: new Set(),
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: Number.NEGATIVE_INFINITY,
  };
  eachOfDay(ledger, row, day, activity, activityTouch, activityVisit);
  return activity;
}

function activityTouch(activity: Activity, page: Uint32Array, e: number, tag: number, paneMs: number): void {
  countTouch(activity.counts, page, e, tag);
  activity.firstMs = Math.min(activity.firstMs, paneMs + Math.floor((page[e + 4]! >>> 16) * TICK_MS));
  activity.lastMs = Math.max(activity.lastMs, paneMs + Math.ceil((page[e + 4]! & 0xffff) * TICK_MS));
  if (tag === TAG.fail) activity.paths.add(page[e]!);
  else if (tag === TAG.packet) {
    activity.destinations.add(page[e]!);
    if (((page[e + 3]! >>> 24) & PACKET.ipv6) === 0) activity.addresses.add(page[e]!);
    activity.ports.add(page[e + 2]! >>> 16);
  } else if (tag >= TAG.rule) activity.rules.add(tag - TAG.rule);
}

function activityVisit(activity: Activity, page: Uint32Array, e: number, tag: number): void {
  countVisit(activity.counts, page, e, tag);
  if (tag === TAG.path) activity.paths.add(page[e]!);
}

function named(
  ledger: Ledger,
  row: number,
  detections: ReadonlyMap<string, ReadonlySet<string>>,
  setting: SourceSetting,
  day: DayOfEntries,
): DailyDocument {
  const key = keyText(ledger, row);
  const hash = sourceHash(setting.secret, hiOf(ledger, row), loOf(ledger, row));
  const activity = activityOf(ledger, row, day);
  const found = setting.enricher.lookup(hiOf(ledger, row), loOf(ledger, row));
  const isAddress = !key.includes('/');
  const rules = [...activity.rules].map((n) => setting.rules[n]?.name).filter((name) => name !== undefined);
  return document('sources', setting, ['source', hash], {
    ...(isAddress
      ? { source: { ip: key, address: key, ...place(found) } }
      : { source: { address: key, ...place(found) } }),
    event: {
      kind: 'metric',
      dataset: 'pollwatch.source',
      ...(activity.firstMs <= activity.lastMs
        ? { start: new Date(activity.firstMs).toISOString(), end: new Date(activity.lastMs).toISOString() }
        : {}),
    },
    pollwatch: {
      source: {
        hash,
        matched: true,
        ...(isAddress ? {} : { network: key }),
        ...listed('detections', [...(detections.get(key) ?? [])].sort(inOrder)),
        ...listed('rules', rules.sort(inOrder)),
      },
      activity: {
        ...numbersOf(activity),
        ...(isSampled(ledger, row) ? { estimated: true } : {}),
        ...listed('ports', smallest(activity.ports)),
        ...listed('destinations', smallest(activity.addresses).map(formatIpv4)),
      },
    },
  });
}

function numbersOf(activity: Activity): object {
  return positive({
    ...activity.counts,
    distinct_paths: activity.paths.size,
    distinct_destinations: activity.destinations.size,
    distinct_ports: activity.ports.size,
  });
}

/** Numbers that are not 0. */
function positive(numbers: Readonly<Record<string, number>>): object {
  const found: Record<string, number> = {};
  for (const name in numbers) if (numbers[name]! > 0) found[name] = numbers[name]!;
  return found;
}

function place({ as, country }: ReturnType<Enricher['lookup']>): object {
  return {
    ...(as === null ? {} : { as: { number: as.number, organization: { name: as.name } } }),
    ...(country === null ? {} : { geo: { country_iso_code: country.isoCode, country_name: country.name } }),
  };
}

function listed(name: string, values: readonly unknown[]): object {
  return values.length === 0 ? {} : { [name]: values };
}

const inOrder = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const smallest = (set: ReadonlySet<number>) => [...set].sort((a, b) => a - b).slice(0, NAMED_MAX);
