/**
 * What was decided about sources, kept from one time to the next: whoever decides again and again while lines come
 * (src/shard/) has the detectors asked only about sources of which something is new. A source is known by a hash of its
 * entries, so with another entry it is another source; and what its detectors asked about our side is asked again, so
 * decisions hold for as long as the answers do. Which answers those are is noted while they are given.
 */
import { TOUCH_WORDS, VISIT_WORDS } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf, spaceOf } from '../measure/ledger.ts';
import { lengthOf, type PackedLists, pageOf, startOf } from '../measure/lists.ts';
import { hashRange, hashWords, lane, mix32 } from '../model/hash.ts';
import type { Decision } from './decision.ts';
import type { Scene } from './detector.ts';
import { decideSource, type SourceDecisions } from './one-source.ts';
import { pageNumber } from './own-pages.ts';
import type { Settings } from './scene.ts';

/** Sources and their decisions that are kept at most, together; see `weightOf`. */
export const KEPT_MAX = 262_144;
/** Failed log-ins that weigh as much as a decision: of guessing that goes on for days there are very many. */
const LOG_INS_A_UNIT = 4;

/** Of a state that lines come to, under one inventory and one set of rules. */
export interface DecidedSources {
  /** the most that `weight` may be */
  readonly weightMax: number;
  /** by hash, of the last time */
  kept: ReadonlyMap<number, Kept>;
  /** the decisions of those that are kept: who finds one of them again finds all of its source */
  decisions: ReadonlySet<Decision>;
  /** sources and decisions that are kept */
  weight: number;
}

interface Kept {
  readonly space: number;
  readonly hi: number;
  readonly lo: number;
  readonly found: SourceDecisions;
  readonly asked: Asked;
}

/** What was asked about our side, with the answers. */
interface Asked {
  /** null: nobody asked */
  ownedHosts: number | null;
  /** digests of the usual sizes of hosts, by host number */
  readonly sizes: Map<number, number>;
  /** whether listed pages are the site's own, by their number */
  readonly pages: Map<number, boolean>;
}

/** Nothing was decided yet. */
export function createDecidedSources(weightMax = KEPT_MAX): DecidedSources {
  return { weightMax, kept: new Map(), decisions: new Set(), weight: 0 };
}

/** Decides about sources by their rows: again where something is new, as the last time where nothing is. */
export function rememberingDecider(
  sources: DecidedSources,
  ledger: Ledger,
  scene: Scene,
  settings: Settings,
): (row: number) => SourceDecisions {
  const before = sources.kept;
  const kept = new Map<number, Kept>();
  const decisions = new Set<Decision>();
  sources.kept = kept;
  sources.decisions = decisions;
  sources.weight = 0;
  const hashOf = rowHasher(ledger);
  const answers = answersOf(scene);
  const keep = (hash: number, one: Kept) => {
    const weight = weightOf(one.found);
    if (sources.weight + weight > sources.weightMax) return;
    sources.weight += weight;
    kept.set(hash, one);
    for (const d of one.found.decisions) decisions.add(d);
  };
  return (row) => {
    const [space, hi, lo] = [spaceOf(ledger, row), hiOf(ledger, row), loOf(ledger, row)];
    const hash = hashOf(row);
    const known = before.get(hash);
    if (known?.space === space && known.hi === hi && known.lo === lo && answers.stand(known.asked)) {
      keep(hash, known);
      return known.found;
    }
    const { watched, asked } = answers.watch();
    const found = decideSource(ledger, row, watched, settings);
    // what is decided from other sources' entries, too, is decided each time
    if (!asked.ofOthers) keep(hash, { space, hi, lo, found, asked });
    return found;
  };
}

/** What keeping a source costs, in units of one or two kilobytes. */
function weightOf({ decisions, logIns }: SourceDecisions): number {
  return 1 + decisions.length + Math.ceil((logIns?.failed.length ?? 0) / LOG_INS_A_UNIT);
}

/** Notes what is asked of a scene, and says whether what was asked of an earlier one would be answered the same. */
function answersOf(scene: Scene): {
  watch(): { watched: Scene; asked: Asked & { readonly ofOthers: boolean } };
  stand(asked: Asked): boolean;
} {
  const digests = new Map<number, number>();
  const sizesOf = (host: number) => {
    let digest = digests.get(host);
    if (digest === undefined) {
      digest = 0;
      for (const size of scene.soft404(host)) digest = (digest + mix32(size + 1)) | 0;
      digests.set(host, digest);
    }
    return digest;
  };
  return {
    watch() {
      const asked = {
        ownedHosts: null as number | null,
        sizes: new Map<number, number>(),
        pages: new Map<number, boolean>(),
        ofOthers: false,
      };
      const watched: Scene = {
        ...scene,
        get ownedHosts() {
          asked.ownedHosts = scene.ownedHosts;
          return scene.ownedHosts;
        },
        soft404(host) {
          asked.sizes.set(host, sizesOf(host));
          return scene.soft404(host);
        },
        isOwnPage(host, path) {
          const isOwn = scene.isOwnPage(host, path);
          asked.pages.set(pageNumber(host, path), isOwn);
          return isOwn;
        },
        matchesOf(organization, tag) {
          asked.ofOthers = true;
          return scene.matchesOf(organization, tag);
        },
        touchesOf(organization, hi, lo) {
          asked.ofOthers = true;
          return scene.touchesOf(organization, hi, lo);
        },
      };
      return { watched, asked };
    },
    stand({ ownedHosts, sizes, pages }) {
      if (ownedHosts !== null && ownedHosts !== scene.ownedHosts) return false;
      for (const [host, digest] of sizes) if (sizesOf(host) !== digest) return false;
      for (const [page, isOwn] of pages)
        if (scene.isOwnPage(page % 65_536, Math.floor(page / 65_536)) !== isOwn) return false;
      return true;
    },
  };
}

/** Hashes rows: key, entries, and how far entries were sampled, as 53 bits. */
function rowHasher(ledger: Ledger): (row: number) => number {
  const views = new Map<Uint32Array, { bytes: Uint8Array; view: DataView }>();
  const key = { a: 0, b: 0 };
  const add = (lists: PackedLists, row: number, words: number) => {
    const n = lengthOf(lists, row);
    key.a ^= n;
    if (n === 0) return;
    const page = pageOf(lists, row);
    let known = views.get(page);
    if (known === undefined) {
      const { buffer, byteOffset, byteLength } = page;
      known = {
        bytes: new Uint8Array(buffer, byteOffset, byteLength),
        view: new DataView(buffer, byteOffset, byteLength),
      };
      views.set(page, known);
    }
    const start = startOf(lists, row) * 4;
    key.a = hashRange(known.bytes, known.view, start, start + n * words * 4, key);
    key.b = lane.b;
  };
  return (row) => {
    key.a = hashWords(ledger.seed ^ ledger.level, hiOf(ledger, row), loOf(ledger, row), spaceOf(ledger, row));
    key.b = mix32(key.a ^ ledger.seed);
    add(ledger.touches, row, TOUCH_WORDS);
    add(ledger.visits, row, VISIT_WORDS);
    return (key.a >>> 0) * 2 ** 21 + (key.b >>> 11);
  };
}
