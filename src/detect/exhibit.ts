/**
 * The exhibit of a decision: what of its touches an alert shows. Decisions outlive the records that they were taken
 * from, and a busy day has tens of thousands of them, so they keep this and not the touches.
 */
import { PACKET, TAG, WEB } from '../measure/entry.ts';
import { GROUP_MAX } from '../measure/reductions.ts';
import { ACTION, TRANSPORT } from '../model/batch.ts';
import { distinctOf } from './distinct.ts';
import { actionOf, inOrder, statusClassOf, type Touch, transportOf } from './touch.ts';

/** Lines that are looked at for one alert (some to show, more for the paths that they name). */
export const LINES_MAX = 12;
/** Different things of one kind in a pane that are counted one by one; numbers of more are estimates. */
export const EXACT_MAX = GROUP_MAX;
const PORTS_MAX = 50;
const ALLOWED_MAX = 5;
const DESTINATIONS_MAX = 20;
const HOSTS_MAX = 20;
const ASSETS_MAX = 20;

/** Reference of a raw line, and which rule it matched. */
export interface LineReference {
  firstMs: number;
  /** origin (12 bits) and byte offset (52 bits) */
  low: number;
  high: number;
  hash: number;
  /** number of the rule that the line matched, or -1 */
  rule: number;
  /** the server gave content of its own for what was probed, or the firewall let the packet through */
  given: boolean;
}

/** How the touches of a finding about requests are read. */
export interface RequestReading {
  /** one touch for each request: one that several rules found has several */
  requests(touches: readonly Touch[]): readonly Touch[];
  /** the server gave content of its own for what was probed */
  isGiven(t: Touch): boolean;
}

/** What of its touches a decision shows. */
export interface Exhibit {
  readonly startMs: number;
  readonly endMs: number;
  /** earliest lines of different things first, at most LINES_MAX, in time order */
  readonly lines: LineReference[];
  /** smallest PORTS_MAX destination ports */
  readonly ports: number[];
  /** smallest ALLOWED_MAX destination ports that packets were let through to */
  readonly allowedPorts: number[];
  /** IPv4 destinations, and hashes of IPv6 ones, smallest first */
  readonly destinations: number[];
  readonly destinationsV6: number[];
  /** numbers of hosts of web touches (assets and hashed names), smallest first */
  readonly hosts: number[];
  /** number of the asset that was touched most, or 0 */
  readonly asset: number;
  /** numbers of the other assets that were touched, smallest first, at most ASSETS_MAX */
  readonly otherAssets: number[];
  /** some of it went to what belongs to no asset */
  readonly isOutside: boolean;
  /** [status or class, requests], sorted */
  readonly statusCounts: [string, number][];
  /** part of the touches stand in a rate-limited log */
  readonly rateLimited: boolean;
  /** nothing but UDP packets */
  readonly udpOnly: boolean;
}

/** An exhibit as it is kept: its line references as one flat list of numbers, a sixth of what objects need. */
class PackedExhibit implements Exhibit {
  readonly startMs: number;
  readonly endMs: number;
  readonly ports: number[];
  readonly allowedPorts: number[];
  readonly destinations: number[];
  readonly destinationsV6: number[];
  readonly hosts: number[];
  readonly asset: number;
  readonly otherAssets: number[];
  readonly isOutside: boolean;
  readonly statusCounts: [string, number][];
  readonly rateLimited: boolean;
  readonly udpOnly: boolean;
  /** firstMs, low, high, hash, rule, given (0 or 1) of each line */
  private readonly packed: number[];

  constructor(of: Exhibit) {
    this.startMs = of.startMs;
    this.endMs = of.endMs;
    this.ports = of.ports;
    this.allowedPorts = of.allowedPorts;
    this.destinations = of.destinations;
    this.destinationsV6 = of.destinationsV6;
    this.hosts = of.hosts;
    this.asset = of.asset;
    this.otherAssets = of.otherAssets;
    this.isOutside = of.isOutside;
    this.statusCounts = of.statusCounts;
    this.rateLimited = of.rateLimited;
    this.udpOnly = of.udpOnly;
    const packed: number[] = [];
    for (const l of of.lines) packed.push(l.firstMs, l.low, l.high, l.hash, l.rule, l.given ? 1 : 0);
    // without the room that a growing list keeps
    this.packed = packed.slice();
  }

  get lines(): LineReference[] {
    const { packed } = this;
    const lines: LineReference[] = [];
    for (let i = 0; i < packed.length; i += 6)
      lines.push({
        firstMs: packed[i]!,
        low: packed[i + 1]!,
        high: packed[i + 2]!,
        hash: packed[i + 3]!,
        rule: packed[i + 4]!,
        given: packed[i + 5] === 1,
      });
    return lines;
  }
}

export const isPacket = (t: Touch) =>
  t.tag === TAG.packet || t.tag === TAG.illegalFlags || t.tag === TAG.toolMark || t.tag === TAG.sentinel;

/** Condenses touches. `firstHashedHost`: host numbers below are assets. */
export function exhibitOf(touches: readonly Touch[], firstHashedHost: number, reading?: RequestReading): Exhibit {
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  const assets = new Map<number, number>();
  let rateLimited = false;
  let udpOnly = touches.length > 0;
  let requests = 0;
  let sentToV6 = 0;
  for (const t of touches) {
    const { firstMs, lastMs, host } = t;
    if (firstMs < startMs) startMs = firstMs;
    if (lastMs > endMs) endMs = lastMs;
    if (host > 0 && host < firstHashedHost) assets.set(host, (assets.get(host) ?? 0) + 1);
    if (isPacket(t)) {
      rateLimited ||= (t.flags & PACKET.limited) !== 0;
      udpOnly &&= transportOf(t) === TRANSPORT.udp;
      if (isSentToV6(t)) sentToV6++;
    } else {
      requests++;
      udpOnly = false;
    }
  }
  const packets = touches.length - requests;
  const asset = mostFrequent(assets);
  return new PackedExhibit({
    startMs,
    endMs,
    lines: chosen(touches, reading),
    allowedPorts: packets === 0 ? NO_NUMBERS : smallest(touches, ALLOWED_MAX, (t) => (isLetThrough(t) ? t.sub : NONE)),
    ports: packets === 0 ? NO_NUMBERS : smallest(touches, PORTS_MAX, (t) => (isSent(t) ? t.sub : NONE)),
    destinations:
      packets === sentToV6
        ? NO_NUMBERS
        : smallest(touches, DESTINATIONS_MAX, (t) => (isSent(t) && !isSentToV6(t) ? t.item : NONE)),
    destinationsV6:
      sentToV6 === 0 ? NO_NUMBERS : smallest(touches, DESTINATIONS_MAX, (t) => (isSentToV6(t) ? t.item : NONE)),
    hosts:
      requests === 0 ? NO_NUMBERS : smallest(touches, HOSTS_MAX, (t) => (isPacket(t) || t.host === 0 ? NONE : t.host)),
    asset,
    otherAssets: assets.size < 2 ? NO_NUMBERS : otherThan(asset, [...assets.keys()]),
    isOutside: touches.some((t) => t.host === 0 || t.host >= firstHashedHost),
    statusCounts: requests === 0 ? [] : statusCountsOf(touches, reading),
    rateLimited,
    udpOnly,
  });
}

/** Requests by what they were answered with. */
function statusCountsOf(touches: readonly Touch[], reading: RequestReading | undefined): [string, number][] {
  const requests = touches.filter((t) => !isPacket(t));
  // requests that a rule found in a form's fields stand under the rule, too
  const matched = requests.some((t) => t.tag >= TAG.rule) ? requests.filter((t) => t.tag !== TAG.field) : requests;
  const counts = new Map<number, number>();
  for (const t of reading?.requests(matched) ?? matched)
    counts.set(statusOf(t), (counts.get(statusOf(t)) ?? 0) + t.count * t.weight);
  return sortedCounts([...counts].map(([status, n]) => [statusName(status), n]));
}

/** One exhibit of several, for a decision that is built on others. */
export function joinExhibits(list: readonly Exhibit[]): Exhibit {
  const join = (of: (e: Exhibit) => number[], most: number) =>
    [...new Set(list.flatMap(of))].sort((a, b) => a - b).slice(0, most);
  const statusCounts = new Map<string, number>();
  for (const e of list)
    for (const [status, n] of e.statusCounts) statusCounts.set(status, Math.max(statusCounts.get(status) ?? 0, n));
  const lines = new Map<string, LineReference>();
  for (const l of list.flatMap((e) => e.lines).sort(inLineOrder))
    if (!lines.has(`${l.firstMs} ${l.hash}`)) lines.set(`${l.firstMs} ${l.hash}`, l);
  const asset = list.reduce((most, e) => Math.max(most, e.asset), 0);
  return new PackedExhibit({
    startMs: list.reduce((ms, e) => Math.min(ms, e.startMs), Number.POSITIVE_INFINITY),
    endMs: list.reduce((ms, e) => Math.max(ms, e.endMs), Number.NEGATIVE_INFINITY),
    lines: [...lines.values()].slice(0, LINES_MAX),
    ports: join((e) => e.ports, PORTS_MAX),
    allowedPorts: join((e) => e.allowedPorts, ALLOWED_MAX),
    destinations: join((e) => e.destinations, DESTINATIONS_MAX),
    destinationsV6: join((e) => e.destinationsV6, DESTINATIONS_MAX),
    hosts: join((e) => e.hosts, HOSTS_MAX),
    asset,
    otherAssets: otherThan(
      asset,
      list.flatMap((e) => [e.asset, ...e.otherAssets]),
    ),
    isOutside: list.some((e) => e.isOutside || e.asset === 0),
    statusCounts: sortedCounts([...statusCounts]),
    rateLimited: list.some((e) => e.rateLimited),
    udpOnly: list.every((e) => e.udpOnly),
  });
}

/** The assets but one, each once, smallest first; none that is no asset (0). */
function otherThan(asset: number, list: readonly number[]): number[] {
  const others = [...new Set(list)].filter((n) => n !== asset && n !== 0).sort((a, b) => a - b);
  return others.length === 0 ? NO_NUMBERS : others.slice(0, ASSETS_MAX);
}

const NONE = -1;

/** One empty list for all. */
const NO_NUMBERS: number[] = [];

/** A packet that was sent to a port of ours; a tool's mark says nothing of its port. */
const isSent = (t: Touch) => t.tag === TAG.packet || t.tag === TAG.illegalFlags || t.tag === TAG.sentinel;
/** A packet that the firewall let through. */
const isLetThrough = (t: Touch) => isSent(t) && actionOf(t) === ACTION.allow;
const isSentToV6 = (t: Touch) => isSent(t) && (t.flags & PACKET.ipv6) !== 0;

/** The `most` smallest different values (32 bits) of touches, in order; `of` may answer NONE. */
function smallest(touches: readonly Touch[], most: number, of: (t: Touch) => number): number[] {
  const values = distinctOf(touches, of);
  if (values.length < 2) return values.length === 0 ? NO_NUMBERS : values;
  return [...Uint32Array.from(values).sort().subarray(0, most)];
}

/** Lines of things that were given which are shown before any other. */
const GIVEN_MAX = 4;

/** Touches whose lines are looked at: what was given first, then the earliest of different items; equal lines once. */
function chosen(touches: readonly Touch[], reading: RequestReading | undefined): LineReference[] {
  const given = earliestLines(touches.filter((t) => isLetThrough(t) || reading?.isGiven(t) === true));
  if (given.length === 0) return earliestLines(touches);
  const name = (l: LineReference) => `${l.firstMs} ${l.hash}`;
  const first = given.slice(0, GIVEN_MAX);
  const [names, shown] = [new Set(given.map(name)), new Set(first.map(name))];
  const others = earliestLines(touches).filter((l) => !shown.has(name(l)));
  return [...first, ...others]
    .slice(0, LINES_MAX)
    .map((l) => ({ ...l, given: names.has(name(l)) }))
    .sort(inLineOrder);
}

function earliestLines(touches: readonly Touch[]): LineReference[] {
  const sorted = touches.length <= 4096 ? inOrder(touches) : earliest(touches);
  const items = new Set<number>();
  const fresh: LineReference[] = [];
  const again: LineReference[] = [];
  let before: Touch | null = null;
  let last: LineReference | null = null;
  for (const t of sorted) {
    // in time order equal lines stand side by side
    const rule = t.tag >= TAG.rule ? t.tag - TAG.rule : -1;
    if (before !== null && t.firstMs === before.firstMs && t.lineHash === before.lineHash) {
      // what a rule found in the line is worth more than another reason to keep it
      if (rule >= 0 && last !== null && last.rule < 0) last.rule = rule;
      continue;
    }
    before = t;
    last = null;
    const item = t.item * 65_536 + t.sub;
    const isFresh = !items.has(item);
    items.add(item);
    if (!isFresh && again.length === LINES_MAX) continue;
    last = { firstMs: t.firstMs, low: t.lineLow, high: t.lineHigh, hash: t.lineHash, rule, given: false };
    (isFresh ? fresh : again).push(last);
    if (fresh.length >= LINES_MAX) break;
  }
  return [...fresh, ...again].slice(0, LINES_MAX).sort(inLineOrder);
}

/** the earliest part of very many touches, in order */
function earliest(touches: readonly Touch[]): readonly Touch[] {
  const sorted = inOrder(touches);
  const until = sorted[2047]!.firstMs;
  const end = sorted.findIndex((t) => t.firstMs > until);
  return end < 0 ? sorted : sorted.slice(0, end);
}

function inLineOrder(a: LineReference, b: LineReference): number {
  return a.firstMs - b.firstMs || a.hash - b.hash || a.rule - b.rule;
}

/** A status as it stands in the touch, or behind CLASSES its class alone (0 = none). */
const CLASSES = 65_536;

function statusOf(t: Touch): number {
  if (t.tag === TAG.fail || t.tag === TAG.login || (t.tag >= TAG.rule && statusClassOf(t) >= 4)) return t.sub;
  return CLASSES + (t.flags & WEB.statusMask);
}

function statusName(status: number): string {
  if (status < CLASSES) return String(status);
  return status === CLASSES ? 'other' : `${status - CLASSES}xx`;
}

function mostFrequent(counts: ReadonlyMap<number, number>): number {
  let best = 0;
  let most = 0;
  for (const [n, c] of [...counts].sort((a, b) => a[0] - b[0])) {
    if (c > most) {
      best = n;
      most = c;
    }
  }
  return best;
}

function sortedCounts(counts: [string, number][]): [string, number][] {
  return counts.sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([status, n]) => [status, Math.round(n)]);
}
