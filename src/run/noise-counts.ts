/**
 * What stayed below every threshold, counted in one pass over the packed touches: how many sources, what they asked for, whose
 * networks they are in. Most of the sources of a busy log are in it, so that a target is a number until it is shown.
 */
import type { Enricher } from '../enrich/enricher.ts';
import { LOGIN, TAG, TAG_MASK, TOUCH_WORDS, WEB } from '../measure/entry.ts';
import { hiOf, type Ledger, loOf, SPACE, spaceOf } from '../measure/ledger.ts';
import { lengthOf, pageOf, startOf } from '../measure/lists.ts';
import { ACTION } from '../model/batch.ts';

/** Sources whose owner is looked up. */
const OWNERS_MAX = 200_000;
/** Targets that are told apart; what comes later is counted among events only. */
const TARGETS_MAX = 200_000;

/** Status of a log-in that was refused; it is told apart from a page that is not there. */
const NOT_LOGGED_IN = 401;
/** Status of a page that is not there, or no longer. */
const MISSING: ReadonlySet<number> = new Set([404, 410]);

/** A target's number is the hash of its path, and above all hashes: the same path as a log-in, and where it is not there. */
const AS_LOGIN = 4_294_967_296;
const NOT_THERE = 2 * AS_LOGIN;
/** Ports are below the path hashes: small whole numbers, which a Map finds in a third of the time. */
const TCP = -65_536;
const UDP = -131_072;

/** A port or a page, how many sources asked for it, and the reference of the earliest line that did. */
export interface NoiseTarget {
  /** "tcp/23", or "#4711" for a page: the hash of its path, which itself stands only in the line */
  readonly name: string;
  /** hash of its path, or 0 for a port */
  readonly path: number;
  /** log-ins that were refused */
  readonly isLogin: boolean;
  /** a page that is not there */
  readonly isMissing: boolean;
  sources: number;
  /** of log-ins: sources that got in somewhere */
  letIn: number;
  low: number;
  high: number;
}

export interface NoiseCounts {
  sources: number;
  events: number;
  /** sources by the name of the network's owner */
  readonly owners: Map<string, number>;
  readonly targets: Map<number, NoiseTarget>;
  /** hashes of paths that a rule knows, whoever asked */
  readonly listed: Set<number>;
}

/** Counts what all sources did but those that an alert is about (`alerted`: their rows). */
export function countNoise(ledger: Ledger, enricher: Enricher, alerted: ReadonlySet<number>): NoiseCounts {
  const counts: NoiseCounts = { sources: 0, events: 0, owners: new Map(), targets: new Map(), listed: new Set() };
  const own = new Set<number>();
  for (let row = 0; row < ledger.rows; row++) {
    if ((spaceOf(ledger, row) & 255) !== SPACE.source) continue;
    const n = lengthOf(ledger.touches, row);
    if (n === 0) continue;
    const page = pageOf(ledger.touches, row);
    const start = startOf(ledger.touches, row);
    noteListed(page, start, n, counts.listed);
    if (alerted.has(row)) continue;
    // an emptied set is a new one inside
    if (own.size > 0) own.clear();
    countSource(page, start, n, own, counts);
    if (own.size === 0) continue;
    counts.sources++;
    if (counts.sources > OWNERS_MAX) continue;
    const owner = enricher.owner(hiOf(ledger, row), loOf(ledger, row));
    const name = owner === null ? 'network owner unknown' : `AS${owner.number} ${owner.name}`.trim();
    counts.owners.set(name, (counts.owners.get(name) ?? 0) + 1);
  }
  return counts;
}

function noteListed(page: Uint32Array, start: number, n: number, listed: Set<number>): void {
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS)
    if ((page[e + 1]! & TAG_MASK) >= TAG.rule && listed.size < TARGETS_MAX) listed.add(page[e]!);
}

/** Counts the touches of one source; `own` takes the numbers of its targets, each of which it counts for once. */
function countSource(page: Uint32Array, start: number, n: number, own: Set<number>, counts: NoiseCounts): void {
  const { targets } = counts;
  let logins: Logins | null = null;
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
    const tag = page[e + 1]! & TAG_MASK;
    if (tag !== TAG.fail && tag !== TAG.packet) continue;
    const flags = page[e + 3]! >>> 24;
    if (tag === TAG.packet ? (flags & 3) === ACTION.allow : (flags & WEB.static) !== 0) continue;
    counts.events += page[e + 3]! & 0xffffff;
    const sub = page[e + 2]! >>> 16;
    let number: number;
    if (tag === TAG.packet) number = (((flags >>> 2) & 7) === 2 ? UDP : TCP) + sub;
    else if (sub === NOT_LOGGED_IN) {
      logins ??= loginsOf(page, start, n);
      number = page[e]! + (logins.tried ? AS_LOGIN : 0);
    } else number = page[e]! + (MISSING.has(sub) ? NOT_THERE : 0);
    if (own.has(number)) continue;
    own.add(number);
    let target = targets.get(number);
    if (target === undefined) {
      if (targets.size >= TARGETS_MAX) continue;
      target = targetOf(number, page[e + 5]!, page[e + 6]!);
      targets.set(number, target);
    }
    noteSource(target, logins, page[e + 5]!, page[e + 6]!);
  }
}

/** A target that nobody has asked for yet. */
function targetOf(number: number, low: number, high: number): NoiseTarget {
  const path = number < 0 ? 0 : number % AS_LOGIN;
  return {
    name: number >= 0 ? `#${path}` : number >= TCP ? `tcp/${number - TCP}` : `udp/${number - UDP}`,
    path,
    isLogin: number >= AS_LOGIN && number < NOT_THERE,
    isMissing: number >= NOT_THERE,
    sources: 0,
    letIn: 0,
    low,
    high,
  };
}

function noteSource(target: NoiseTarget, logins: Logins | null, low: number, high: number): void {
  target.sources++;
  if (target.isLogin && logins?.letIn === true) target.letIn++;
  // of all sources' first lines the smallest reference stands for the path
  if (high > target.high || (high === target.high && low >= target.low)) return;
  target.low = low;
  target.high = high;
}

/** What a source's log-ins came to. */
interface Logins {
  /** a form was sent, or a name: a page that only asked for one is no attempt */
  tried: boolean;
  /** one was answered with a page or a redirect */
  letIn: boolean;
}

function loginsOf(page: Uint32Array, start: number, n: number): Logins {
  const logins = { tried: false, letIn: false };
  for (let e = start; e < start + n * TOUCH_WORDS; e += TOUCH_WORDS) {
    if ((page[e + 1]! & TAG_MASK) !== TAG.login) continue;
    const flags = page[e + 3]! >>> 24;
    logins.tried ||= (flags & LOGIN.nameless) === 0;
    logins.letIn ||= (flags & WEB.statusMask) === 2 || (flags & WEB.statusMask) === 3;
  }
  return logins;
}
