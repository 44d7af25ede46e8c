/**
 * What detectors may know beside a source: what is declared, what the whole state shows of our side (how many addresses are
 * ours, what a host answers to whatever it does not have, which listed pages are its own), and what other sources touched.
 */
import { TAG, TAG_MASK, TOUCH_WORDS } from '../measure/entry.ts';
import { findRow, type Ledger, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { SIZE_STEP, stepOf } from '../measure/page-sizes.ts';
import { isSourceIn } from '../model/address.ts';
import type { Inventory } from '../model/inventory.ts';
import { append } from '../model/long-lists.ts';
import type { Correlation, Rule } from '../model/rule.ts';
import type { Scene } from './detector.ts';
import { ownPages, pageNumber } from './own-pages.ts';
import { inOrder, readTouches, type Touch } from './touch.ts';
import { itemsOf, readVisits } from './visit.ts';

/** What is declared, and what deciding is to do. */
export interface Settings {
  rules: readonly Rule[];
  correlations: readonly Correlation[];
  dayStartMs: number;
  /** declared number of our addresses, or 0 */
  ownedHosts: number;
  isDark(address: number): boolean;
  /** what is declared of systems and elections */
  office: Pick<Inventory, 'assets' | 'calendar' | 'isClient' | 'isOwned'>;
  /** number of the AS that announces a source, or 0 */
  asOf(hi: number, lo: number): number;
  /** detections that the configuration switched off */
  off: ReadonlySet<string>;
  /** other organisations are to be told: decisions about sources have signatures */
  signs?: boolean;
}

/** What the logs themselves show of our side. */
export interface Learned {
  /** most addresses of ours that packets went to on one day */
  readonly ownedHosts: number;
  /**
   * by host number: sizes of its usual "not found" page, and of a page that it gives to several unrelated probes; with
   * OF_PAGES, of answers to probes that are as large as what people are given
   */
  readonly usualSizes: ReadonlyMap<number, ReadonlySet<number>>;
  /** listed pages that the site itself uses, see own-pages.ts */
  readonly ownPages: ReadonlySet<number>;
}

/** Learns our side from a settled state. */
export function learn(ledger: Ledger, rules: readonly Rule[]): Learned {
  const sizes = new Map<number, ReadonlySet<number>>();
  const pages = pageSizesOf(ledger);
  const destinationsPerDay = new Map<number, number>();
  for (let row = 0; row < ledger.rows; row++) {
    const space = spaceOf(ledger, row) & 255;
    if (space === SPACE.host) {
      const known = sizes.get(loOf(ledger, row));
      const usual = usualSizesOf(ledger, row, pages.get(spaceOf(ledger, row) >>> 8));
      sizes.set(loOf(ledger, row), known === undefined ? usual : new Set([...known, ...usual]));
    } else if (space === SPACE.office) {
      for (const v of readVisits(ledger, row))
        if (v.tag === TAG.destination) destinationsPerDay.set(v.pane, (destinationsPerDay.get(v.pane) ?? 0) + 1);
    }
  }
  const ownedHosts = Math.max(0, ...destinationsPerDay.values());
  return { ownedHosts, usualSizes: sizes, ownPages: ownPages(ledger, rules) };
}

const areSame = (a: ReadonlySet<number>, b: ReadonlySet<number> | undefined) =>
  a.size === b?.size && [...a].every((n) => b.has(n));

/** How each part of what was learned is compared. */
const COMPARED: { readonly [K in keyof Learned]: (a: Learned[K], b: Learned[K]) => boolean } = {
  ownedHosts: (a, b) => a === b,
  usualSizes: (a, b) => a.size === b.size && [...a].every(([host, sizes]) => areSame(sizes, b.get(host))),
  ownPages: areSame,
};

/** Whether two states show the same of our side. */
export function isSame(a: Learned, b: Learned): boolean {
  const { ownedHosts, usualSizes, ownPages } = COMPARED;
  return (
    ownedHosts(a.ownedHosts, b.ownedHosts) && usualSizes(a.usualSizes, b.usualSizes) && ownPages(a.ownPages, b.ownPages)
  );
}

/** What detectors may know beside a source: what is declared, and what was learned of the same settled state. */
export function sceneOf(ledger: Ledger, settings: Settings, learned: Learned): Scene {
  const { office, ownedHosts } = settings;
  const packetRules = new Set(settings.rules.filter((r) => r.category === 'network').map((r) => r.number));
  const none: ReadonlySet<number> = new Set();
  const usual = (host: number) => learned.usualSizes.get(host) ?? none;
  const matches = new Map<string, readonly Touch[]>();
  return {
    rules: settings.rules,
    correlations: settings.correlations,
    packetRules,
    dayStartMs: settings.dayStartMs,
    ownedHosts: ownedHosts > 0 ? ownedHosts : learned.ownedHosts,
    ownedDeclared: ownedHosts > 0,
    knowsUsual: (host) => usual(host).size > 0,
    isUsualSize: (host, size) => usual(host).has(size),
    isPageSize: (host, size) => usual(host).has(OF_PAGES + size),
    isOwnPage: (host, path) => learned.ownPages.has(pageNumber(host, path)),
    assets: office.assets,
    calendar: office.calendar,
    isClient: (asset, hi, lo) => isSourceIn((...words) => office.isClient(asset, ...words), hi, lo, 0, 0),
    isDark: (address) => settings.isDark(address),
    matchesOf: (organization, tag) => {
      const name = `${organization}/${tag}`;
      const found = matches.get(name) ?? touchesUnder(ledger, organization, tag, packetRules);
      matches.set(name, found);
      return found;
    },
    touchesOf: (organization, hi, lo) => {
      const row = findRow(ledger, (organization << 8) | SPACE.source, hi, lo);
      return row < 0 ? [] : readTouches(ledger, row, packetRules);
    },
  };
}

/** Touches of all sources of an organisation under one tag: told from the packed entries, so that the rest stay packed. */
function touchesUnder(
  ledger: Ledger,
  organization: number,
  tag: number,
  packetRules: ReadonlySet<number>,
): readonly Touch[] {
  const found: Touch[] = [];
  for (let row = 0; row < ledger.rows; row++) {
    if (spaceOf(ledger, row) !== ((organization << 8) | SPACE.source) || !hasTouch(ledger, row, tag)) continue;
    append(
      found,
      readTouches(ledger, row, packetRules).filter((t) => t.tag === tag),
    );
  }
  return inOrder(found);
}

function hasTouch({ touches }: Ledger, row: number, tag: number): boolean {
  const n = lengthOf(touches, row);
  if (n === 0) return false;
  const page = pageOf(touches, row);
  const start = startOf(touches, row);
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) if ((page[e + 1]! & TAG_MASK) === tag) return true;
  return false;
}

/** Share of a host's 404 answers from which a size is usual, and probed paths from which a 200 of one size is a page for all. */
const USUAL_SHARE = 0.1;
const SAME_SIZE_PATHS = 3;

/** Added to a size: a page of about that size is given to people. */
const OF_PAGES = 65_536;
/** Steps of size by which a page may differ that shows what it was asked for, or the time: 256 bytes, and up to a step more. */
const NEAR_STEPS = 256 / SIZE_STEP;

/** By organisation, whether people are given a page of about a (folded) size. */
function pageSizesOf(ledger: Ledger): Map<number, (size: number) => boolean> {
  const found = new Map<number, (size: number) => boolean>();
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.office) continue;
    const steps = new Set(itemsOf(ledger, row, TAG.pageSize));
    found.set(spaceOf(ledger, row) >>> 8, (size) => {
      const step = stepOf(size);
      for (let near = step - NEAR_STEPS; near <= step + NEAR_STEPS; near++) if (steps.has(near)) return true;
      return false;
    });
  }
  return found;
}

function usualSizesOf(ledger: Ledger, row: number, isOfPages: (size: number) => boolean = () => false): Set<number> {
  const visits = readVisits(ledger, row);
  const notFound = new Map<number, number>();
  const matched = new Map<number, Set<number>>();
  let total = 0;
  for (const v of visits) {
    if (v.tag === TAG.notFoundSize) {
      notFound.set(v.item, (notFound.get(v.item) ?? 0) + v.count);
      total += v.count;
    } else if (v.tag === TAG.matchedSize) {
      const paths = matched.get(v.group) ?? new Set<number>();
      paths.add(v.item);
      matched.set(v.group, paths);
    }
  }
  const sizes = new Set<number>();
  for (const [size, count] of notFound) if (count >= USUAL_SHARE * total) sizes.add(size);
  for (const [size, paths] of matched) if (paths.size >= SAME_SIZE_PATHS) sizes.add(size);
  // asked of sizes that are not usual only, so nothing else is kept
  if (sizes.size > 0) for (const size of matched.keys()) if (isOfPages(size)) sizes.add(OF_PAGES + size);
  return sizes;
}
