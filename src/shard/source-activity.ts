/**
 * A source that matched a rule or has an alert, on one day: its address, who announces it, and what it did in numbers.
 */
import type { Enricher } from '../enrich/enricher.ts';
import { PACKET, TAG, TICK_MS } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf } from '../measure/ledger.ts';
import { formatIpv4 } from '../model/address.ts';
import { type DailyDocument, document } from './daily.ts';
import {
  type Counts,
  countTouch,
  countVisit,
  type DayOfEntries,
  eachOfDay,
  isSampled,
  keyText,
  noCounts,
  positive,
  type SourceSetting,
} from './day-entries.ts';
import { sourceHash } from './source-hash.ts';

/** Ports and destinations that a document names; the smallest. */
const NAMED_MAX = 50;

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

/** The document of one source; `detections` by the key of a source. */
export function named(
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
