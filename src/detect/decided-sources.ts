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
import type { Scene } from './detector.ts';
import { decideSource, type SourceDecisions } from './one-source.ts';
import { pageNumber, pageOfNumber } from './own-pages.ts';
import { isSame, type Learned, type Settings } from './scene.ts';

/** Sources and their decisions that are kept at most, together; see `weightOf`. */
export const KEPT_MAX = 262_144;
/** Failed log-ins that weigh as much as a decision: of guessing that goes on for days there are very many. */
const LOG_INS_A_UNIT = 4;

/** A source and what was decided about it. */
export interface DecidedSource<Made = unknown> {
  readonly found: SourceDecisions;
  /** it is remembered: for as long as nothing is new about the source, the next time gives this same object */
  readonly isKept: boolean;
  /** what its reader made of it, which is kept with it; null: nothing yet */
  made: Made | null;
}

/** Of a state that lines come to, under one inventory and one set of rules. */
export interface DecidedSources<Made = unknown> {
  /** the most that `weight` may be */
  readonly weightMax: number;
  /** by row */
  readonly kept: Map<number, Kept<Made>>;
  /** what was learned of our side the last time */
  learned: Learned | null;
  /** sources and decisions that are kept; see `weightOf` */
  weight: number;
  /** how often it was decided with them */
  times: number;
  /** those of the time before that are not among those of the last */
  dropped: DecidedSource<Made>[];
}

interface Kept<Made> extends DecidedSource<Made> {
  /** of key and entries: where rows were numbered anew, it is that of another source */
  readonly hash: number;
  readonly asked: Asked;
  /** when it was decided or found the same the last time, as `times` counts */
  time: number;
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
export function createDecidedSources<Made>(weightMax = KEPT_MAX): DecidedSources<Made> {
  return { weightMax, kept: new Map(), learned: null, weight: 0, times: 0, dropped: [] };
}

/**
 * Decides about the sources of rows: again where something is new, as the last time where nothing is. The memory holds
 * these sources afterwards, and no others.
 */
export function decideAgain<Made>(
  memory: DecidedSources<Made>,
  rows: readonly number[],
  ledger: Ledger,
  learned: Learned,
  scene: Scene,
  settings: Settings,
): DecidedSource<Made>[] {
  memory.dropped = [];
  const { kept, weightMax } = memory;
  const time = ++memory.times;
  const hashOf = rowHasher(ledger);
  const answers = answersOf(scene);
  // whoever was asked then would say the same about all of them
  const isSameSide = memory.learned !== null && isSame(memory.learned, learned);
  memory.learned = learned;
  const decided = rows.map((row): DecidedSource<Made> => {
    const hash = hashOf(row);
    const known = kept.get(row);
    if (known?.hash === hash && (isSameSide || answers.stand(known.asked))) {
      known.time = time;
      return known;
    }
    if (known !== undefined) forget(memory, row, known);
    const { watched, asked } = answers.watch();
    const found = decideSource(ledger, row, watched, settings);
    const weight = weightOf(found);
    // what is decided from other sources' entries, too, is decided each time
    if (asked.ofOthers || memory.weight + weight > weightMax) return { found, isKept: false, made: null };
    const one: Kept<Made> = { found, isKept: true, made: null, hash, asked, time };
    memory.weight += weight;
    kept.set(row, one);
    return one;
  });
  for (const [row, one] of kept) if (one.time !== time) forget(memory, row, one);
  return decided;
}

function forget<Made>(memory: DecidedSources<Made>, row: number, one: Kept<Made>): void {
  memory.kept.delete(row);
  memory.weight -= weightOf(one.found);
  memory.dropped.push(one);
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
        // what is declared; one by one, so that nobody adds what is learned without noting that it is asked for
        rules: scene.rules,
        correlations: scene.correlations,
        packetRules: scene.packetRules,
        dayStartMs: scene.dayStartMs,
        ownedDeclared: scene.ownedDeclared,
        assets: scene.assets,
        calendar: scene.calendar,
        isClient: scene.isClient,
        isDark: scene.isDark,
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
      for (const [page, isOwn] of pages) if (scene.isOwnPage(...pageOfNumber(page)) !== isOwn) return false;
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
