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
  /** answers by question, see `questionOf` */
  readonly answers: Map<number, boolean>;
}

/** What is asked of a host of ours and a number of 32 bits: a size or the hash of a path. */
const QUESTIONS = ['knowsUsual', 'isUsualSize', 'isPageSize', 'isOwnPage'] as const satisfies readonly (keyof Scene)[];
type Question = (typeof QUESTIONS)[number];
const NUMBERS = 2 ** 32;

/** A question with what it is asked of, as one number. */
function questionOf(question: Question, host: number, n: number): number {
  return (host * QUESTIONS.length + QUESTIONS.indexOf(question)) * NUMBERS + n;
}

function answerTo(scene: Scene, question: number): boolean {
  const asked = Math.floor(question / NUMBERS);
  return scene[QUESTIONS[asked % QUESTIONS.length]!](Math.floor(asked / QUESTIONS.length), question % NUMBERS);
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
  // whoever was asked then would say the same about all of them
  const isSameSide = memory.learned !== null && isSame(memory.learned, learned);
  // until all are decided nothing can be said of all of them
  memory.learned = null;
  const decided = rows.map((row): DecidedSource<Made> => {
    const hash = hashOf(row);
    const known = kept.get(row);
    if (known?.hash === hash && (isSameSide || isAnsweredSo(scene, known.asked))) {
      known.time = time;
      return known;
    }
    if (known !== undefined) forget(memory, row, known);
    const { watched, asked } = watch(scene);
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
  memory.learned = learned;
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

/** A scene that notes what is asked of it. What is declared stands one by one, so that nobody adds what is learned unnoted. */
function watch(scene: Scene): { watched: Scene; asked: Asked & { readonly ofOthers: boolean } } {
  const asked = { ownedHosts: null as number | null, answers: new Map<number, boolean>(), ofOthers: false };
  const ask = (question: Question, host: number, n = 0) => {
    const answer = scene[question](host, n);
    asked.answers.set(questionOf(question, host, n), answer);
    return answer;
  };
  const watched: Scene = {
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
    knowsUsual: (host) => ask('knowsUsual', host),
    isUsualSize: (host, size) => ask('isUsualSize', host, size),
    isPageSize: (host, size) => ask('isPageSize', host, size),
    isOwnPage: (host, path) => ask('isOwnPage', host, path),
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
}

/** Whether what was asked of an earlier scene would be answered the same now. */
function isAnsweredSo(scene: Scene, { ownedHosts, answers }: Asked): boolean {
  if (ownedHosts !== null && ownedHosts !== scene.ownedHosts) return false;
  for (const [question, answer] of answers) if (answerTo(scene, question) !== answer) return false;
  return true;
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
