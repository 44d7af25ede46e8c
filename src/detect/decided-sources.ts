/**
 * What was decided about sources, kept from one time to the next: whoever decides again and again while lines come
 * (src/shard/) has the detectors asked only about sources of which something is new. A source is known by a hash of all
 * that is decided from, its entries and what was learned of our side: there is nothing to keep up to date, for with another
 * entry it is another source.
 */
import { TOUCH_WORDS, VISIT_WORDS } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf, spaceOf } from '../measure/ledger.ts';
import { lengthOf, type PackedLists, pageOf, startOf } from '../measure/lists.ts';
import { hashWords, mix32 } from '../model/hash.ts';
import type { Scene } from './detector.ts';
import { decideSource, type SourceDecisions } from './one-source.ts';
import type { Learned, Settings } from './scene.ts';

/** Sources that are kept at most; those beyond are decided each time. A source takes some three kilobytes. */
const KEPT_MAX = 131_072;

/** Of a state that lines come to, under one inventory and one set of rules. */
export interface DecidedSources {
  /** by hash, of the last time */
  kept: ReadonlyMap<number, Kept>;
}

interface Kept {
  readonly space: number;
  readonly hi: number;
  readonly lo: number;
  readonly decisions: SourceDecisions;
}

/** Nothing was decided yet. */
export function createDecidedSources(): DecidedSources {
  return { kept: new Map() };
}

/** Decides about sources by their rows: again where something is new, as the last time where nothing is. */
export function rememberingDecider(
  sources: DecidedSources,
  ledger: Ledger,
  learned: Learned,
  scene: Scene,
  settings: Settings,
): (row: number) => SourceDecisions {
  const before = sources.kept;
  const kept = new Map<number, Kept>();
  sources.kept = kept;
  const side = hashOfSide(ledger, learned);
  let asksOfOthers = false;
  // what is decided from other sources' entries, too, has no hash: it is decided each time
  const watched: Scene = {
    ...scene,
    matchesOf: (organization, tag) => {
      asksOfOthers = true;
      return scene.matchesOf(organization, tag);
    },
    touchesOf: (organization, hi, lo) => {
      asksOfOthers = true;
      return scene.touchesOf(organization, hi, lo);
    },
  };
  return (row) => {
    const [space, hi, lo] = [spaceOf(ledger, row), hiOf(ledger, row), loOf(ledger, row)];
    const hash = hashOfRow(ledger, row, side);
    const known = before.get(hash);
    if (known !== undefined && known.space === space && known.hi === hi && known.lo === lo) {
      kept.set(hash, known);
      return known.decisions;
    }
    asksOfOthers = false;
    const decisions = decideSource(ledger, row, watched, settings);
    if (!asksOfOthers && kept.size < KEPT_MAX) kept.set(hash, { space, hi, lo, decisions });
    return decisions;
  };
}

/** What was learned of our side, and how far entries were sampled, as one word: the order of the sets does not count. */
function hashOfSide({ seed, level }: Ledger, { ownedHosts, usualSizes, ownPages }: Learned): number {
  let sum = 0;
  for (const [host, sizes] of usualSizes) for (const size of sizes) sum = (sum + hashWords(seed, 1, host, size)) | 0;
  for (const page of ownPages) sum = (sum + hashWords(seed, 2, Math.floor(page / 65_536), page % 65_536)) | 0;
  return hashWords(seed ^ level, 3, ownedHosts, sum);
}

/** Key and entries of a row as 53 bits. Two versions of one source that are mistaken for each other: one in 2^53. */
function hashOfRow(ledger: Ledger, row: number, side: number): number {
  hashed.a = hashWords(side, hiOf(ledger, row), loOf(ledger, row), spaceOf(ledger, row));
  hashed.b = mix32(hashed.a ^ ledger.seed);
  hashEntries(ledger.touches, row, TOUCH_WORDS);
  hashEntries(ledger.visits, row, VISIT_WORDS);
  return mix32(hashed.a) * 2 ** 21 + (mix32(hashed.b) >>> 11);
}

const hashed = { a: 0, b: 0 };

function hashEntries(lists: PackedLists, row: number, words: number): void {
  const n = lengthOf(lists, row);
  let a = hashed.a ^ n;
  let b = hashed.b;
  if (n > 0) {
    const page = pageOf(lists, row);
    const start = startOf(lists, row);
    for (let e = start, end = start + n * words; e < end; e++) {
      a = Math.imul(a ^ page[e]!, 0x85ebca6b);
      a = (a << 13) | (a >>> 19);
      b = Math.imul((b + a) | 0, 0xc2b2ae35);
      b = (b << 17) | (b >>> 15);
    }
  }
  hashed.a = a;
  hashed.b = b;
}
