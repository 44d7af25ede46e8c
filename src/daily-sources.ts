/**
 * One document per source and settled day, for looking back when an advisory arrives. A source that matched a rule or
 * has an alert is named; all others are people who looked up their polling place until proven otherwise, and are kept
 * as a keyed hash and a network, without times, pages or places (law 7). Pure.
 *
 *   192.0.2.7 on 2026-09-14 → {"pollwatch":{"source":{"hash":"5be1f0a2…","matched":false},"activity":{"requests":4,…}}}
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { type DailyDocument, type DaySetting, document, type SourceCounts } from './daily.ts';
import { paneWidth } from './detect/record.ts';
import type { Enricher } from './enrich/enricher.ts';
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
} from './measure/entry.ts';
import { byKey, GROUP_MAX, hiOf, type Ledger, loOf, SPACE, spaceOf } from './measure/ledger.ts';
import { lengthOf, pageOf, startOf } from './measure/lists.ts';
import type { State } from './measure/state.ts';
import { formatIpv4, formatKey } from './model/address.ts';
import type { Alert } from './model/alert.ts';
import { ACTION } from './model/batch.ts';
import type { Rule } from './model/rule.ts';
import { dayLabel, dayOf } from './model/time.ts';

/** What sources are described with. */
export interface SourceSetting extends DaySetting {
  readonly enricher: Pick<Enricher, 'lookup'>;
  /** the organisation's secret: keys the hashes */
  readonly secret: Uint8Array;
  readonly rules: readonly Rule[];
  /** sources without a match that get a document; default QUIET_MAX */
  readonly quietMax?: number;
}

/** Sources without a match that get a document of a day; of more those of smallest keyed hash, the others are counted. */
export const QUIET_MAX = 100_000;
/** Ports and destinations that a document names; the smallest. */
const NAMED_MAX = 50;

/** Documents of a day's sources, and how many sources there were. `state` is settled; `alerts` are the organisation's. */
export function daySources(
  state: State,
  alerts: readonly Alert[],
  setting: SourceSetting,
): { counts: SourceCounts; documents: Iterable<DailyDocument> } {
  const { ledger } = state;
  const label = dayLabel(setting.day, setting.inventory.dayStartMs);
  const detections = detectionsBySource(alerts.filter((a) => a.day === label));
  const packetRules = new Set(setting.rules.filter((r) => r.category === 'network').map((r) => r.number));
  const rows: number[] = [];
  for (let row = 0; row < ledger.rows; row++) if ((spaceOf(ledger, row) & 255) === SPACE.source) rows.push(row);
  rows.sort(byKey(ledger));
  const matched: number[] = [];
  let quiet: { row: number; order: number }[] = [];
  for (const row of rows) {
    const seen = presence(ledger, row, setting, packetRules);
    if (seen === 'none') continue;
    if (seen === 'matched' || detections.has(keyText(ledger, row))) matched.push(row);
    else quiet.push({ row, order: 0 });
  }
  const all = matched.length + quiet.length;
  const quietMax = setting.quietMax ?? QUIET_MAX;
  if (quiet.length > quietMax) {
    for (const q of quiet)
      q.order = Number.parseInt(sourceHash(setting.secret, keyText(ledger, q.row)).slice(0, 12), 16);
    quiet = quiet.sort((a, b) => a.order - b.order).slice(0, quietMax);
  }
  return {
    counts: { sources: all, matched: matched.length, leftOut: all - matched.length - quiet.length },
    documents: (function* () {
      for (const row of matched) yield named(ledger, row, detections, setting, packetRules);
      for (const { row } of quiet) yield hidden(ledger, row, setting, packetRules);
    })(),
  };
}

/** Secrets as key objects: making one for each of a hundred thousand sources would take three quarters of the time. */
const keys = new WeakMap<Uint8Array, KeyObject>();

/** HMAC-SHA-256 of a source's key under the organisation's secret, 32 hex digits: how an advisory's address is found. */
export function sourceHash(secret: Uint8Array, key: string): string {
  const hidden = keys.get(secret) ?? createSecretKey(secret);
  keys.set(secret, hidden);
  return createHmac('sha256', hidden).update(`pollwatch source v1 ${key}`).digest('hex').slice(0, 32);
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

/** Calls `touch` and `visit` for each entry of a row that belongs to the day, with its offset. */
function eachOfDay(
  ledger: Ledger,
  row: number,
  setting: DaySetting,
  packetRules: ReadonlySet<number>,
  touch: (page: Uint32Array, e: number, tag: number, paneMs: number) => void,
  visit: (page: Uint32Array, e: number, tag: number) => void,
): void {
  const { day, inventory } = setting;
  const touches = lengthOf(ledger.touches, row);
  if (touches > 0) {
    const page = pageOf(ledger.touches, row);
    const start = startOf(ledger.touches, row);
    for (let e = start; e < start + touches * TOUCH_WORDS; e += TOUCH_WORDS) {
      const tag = page[e + 1]! & TAG_MASK;
      const paneMs = paneStart(page[e + 1]! >>> TAG_BITS, paneWidth(tag, packetRules));
      const firstMs = paneMs + (page[e + 4]! >>> 16) * TICK_MS;
      if (dayOf(firstMs, inventory.dayStartMs) === day) touch(page, e, tag, paneMs);
    }
  }
  const visits = lengthOf(ledger.visits, row);
  if (visits === 0) return;
  const page = pageOf(ledger.visits, row);
  const start = startOf(ledger.visits, row);
  for (let e = start; e < start + visits * VISIT_WORDS; e += VISIT_WORDS) {
    const tag = page[e + 1]! & TAG_MASK;
    const pane = page[e + 1]! >>> TAG_BITS;
    if (tag === TAG.asset || tag === TAG.reply ? pane === day : tag === TAG.path && isPaneOfDay(pane, setting))
      visit(page, e, tag);
  }
}

function isPaneOfDay(pane: number, { day, inventory }: DaySetting): boolean {
  return dayOf(paneStart(pane, paneWidth(TAG.path, NO_RULES)), inventory.dayStartMs) === day;
}

const NO_RULES: ReadonlySet<number> = new Set();

function presence(
  ledger: Ledger,
  row: number,
  setting: DaySetting,
  packetRules: ReadonlySet<number>,
): 'none' | 'seen' | 'matched' {
  let seen: 'none' | 'seen' | 'matched' = 'none';
  eachOfDay(
    ledger,
    row,
    setting,
    packetRules,
    (_page, _e, tag) => {
      if (tag >= TAG.rule) seen = 'matched';
      else if (seen === 'none') seen = 'seen';
    },
    () => {
      if (seen === 'none') seen = 'seen';
    },
  );
  return seen;
}

/** A day of one source in numbers. */
interface Activity {
  counts: Record<'requests' | 'failed' | 'static' | 'logins' | 'matches' | 'packets' | 'denied' | 'allowed', number>;
  paths: Set<number>;
  destinations: Set<number>;
  /** IPv4 destinations as numbers; hashes of IPv6 ones stay out */
  addresses: Set<number>;
  ports: Set<number>;
  rules: Set<number>;
  firstMs: number;
  lastMs: number;
  estimated: boolean;
}

function activityOf(ledger: Ledger, row: number, setting: DaySetting, packetRules: ReadonlySet<number>): Activity {
  const counts = { requests: 0, failed: 0, static: 0, logins: 0, matches: 0, packets: 0, denied: 0, allowed: 0 };
  const activity: Activity = {
    counts,
    paths: new Set(),
    destinations: new Set(),
    addresses: new Set(),
    ports: new Set(),
    rules: new Set(),
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: Number.NEGATIVE_INFINITY,
    estimated:
      ledger.level > 0 || lengthOf(ledger.touches, row) >= GROUP_MAX || lengthOf(ledger.visits, row) >= GROUP_MAX,
  };
  eachOfDay(
    ledger,
    row,
    setting,
    packetRules,
    (page, e, tag, paneMs) => {
      const count = page[e + 3]! & COUNT_MAX;
      const flags = page[e + 3]! >>> 24;
      activity.firstMs = Math.min(activity.firstMs, paneMs + Math.floor((page[e + 4]! >>> 16) * TICK_MS));
      activity.lastMs = Math.max(activity.lastMs, paneMs + Math.ceil((page[e + 4]! & 0xffff) * TICK_MS));
      if (tag === TAG.fail) {
        counts.failed += count;
        counts.requests += count;
        activity.paths.add(page[e]!);
      } else if (tag === TAG.packet) {
        counts.packets += count;
        const action = flags & PACKET.actionMask;
        if (action === ACTION.deny) counts.denied += count;
        if (action === ACTION.allow) counts.allowed += count;
        activity.destinations.add(page[e]!);
        if ((flags & PACKET.ipv6) === 0) activity.addresses.add(page[e]!);
        activity.ports.add(page[e + 2]! >>> 16);
      } else if (tag === TAG.login) counts.logins += count;
      else if (tag >= TAG.rule) {
        counts.matches += count;
        activity.rules.add(tag - TAG.rule);
      }
    },
    (page, e, tag) => {
      if (tag === TAG.reply) return;
      counts.requests += page[e + 2]!;
      if (tag === TAG.asset) counts.static += page[e + 2]!;
      else activity.paths.add(page[e]!);
    },
  );
  return activity;
}

function named(
  ledger: Ledger,
  row: number,
  detections: ReadonlyMap<string, ReadonlySet<string>>,
  setting: SourceSetting,
  packetRules: ReadonlySet<number>,
): DailyDocument {
  const key = keyText(ledger, row);
  const hash = sourceHash(setting.secret, key);
  const activity = activityOf(ledger, row, setting, packetRules);
  const found = setting.enricher.lookup(hiOf(ledger, row), loOf(ledger, row));
  const isAddress = !key.includes('/');
  const rules = [...activity.rules].map((n) => setting.rules[n]?.name).filter((name) => name !== undefined);
  return document('sources', setting, [hash], {
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
        ...listed('ports', smallest(activity.ports)),
        ...listed('destinations', smallest(activity.addresses).map(formatIpv4)),
      },
    },
  });
}

function hidden(ledger: Ledger, row: number, setting: SourceSetting, packetRules: ReadonlySet<number>): DailyDocument {
  const hash = sourceHash(setting.secret, keyText(ledger, row));
  const { as } = setting.enricher.lookup(hiOf(ledger, row), loOf(ledger, row));
  return document('sources', setting, [hash], {
    ...(as === null ? {} : { source: { as: { number: as.number, organization: { name: as.name } } } }),
    event: { kind: 'metric', dataset: 'pollwatch.source' },
    pollwatch: {
      source: { hash, matched: false },
      activity: numbersOf(activityOf(ledger, row, setting, packetRules)),
    },
  });
}

/** Numbers that are not 0. */
function numbersOf(activity: Activity): object {
  const numbers = {
    ...activity.counts,
    distinct_paths: activity.paths.size,
    distinct_destinations: activity.destinations.size,
    distinct_ports: activity.ports.size,
  };
  return {
    ...Object.fromEntries(Object.entries(numbers).filter(([, n]) => n > 0)),
    ...(activity.estimated ? { estimated: true } : {}),
  };
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
