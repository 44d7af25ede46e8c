/**
 * Events in, matches out. Each distinct text (target, user agent, referrer, host, user) is judged once: hashed, and on a
 * miss scanned in its raw and decoded forms by one automaton. Each distinct combination of verdicts, method, status and
 * version is decided once. A line whose texts and columns were seen before costs a few hashes and probes, and no object.
 */
import { type Batch, FLAG, hashTexts, KIND } from '../model/batch.ts';
import { type HashKey, hashRange, lane } from '../model/hash.ts';
import type { Digests, Matches } from '../model/rule.ts';
import type { Automaton } from './automaton.ts';
import { createCombinations } from './combinations.ts';
import { TEXTS, VERSION_CLASS } from './predicate.ts';
import type { CompiledRuleSet } from './rule-set.ts';
import { createTextScanner } from './text-scanner.ts';
import { createVerdicts, NOTHING, STATIC_BIT } from './verdicts.ts';

/** Rows whose texts are looked up kind by kind before any is decided: the misses of one table then overlap. */
const STRIPE_ROWS = 256;

/** A rule set at work. */
export interface Matcher {
  /**
   * Fills `digests` and `matches` for all rows of the batch, or for the first `count` of the ascending list `rows`, in
   * row order; a row may match several rules, which then stand in ascending order. `matches` gets larger arrays when it
   * needs them. The texts of listed rows must have been hashed.
   */
  match(batch: Batch, matches: Matches, digests: Digests, rows?: Uint32Array, count?: number): void;
  /** what the last call found out about each row, by its place in the list of rows */
  readonly judged: Judged;
  /** counts up when numbers of verdicts are handed out anew: then those of before mean nothing */
  readonly generation: number;
  /** verdict of a user agent and of a referrer that is not there */
  readonly absentAgent: number;
  readonly absentReferrer: number;
  /** which texts (index in TEXTS) the rules look at */
  readonly used: readonly boolean[];
  /** see TextScanner */
  listening(kind: number, sizeMax: number): Uint16Array | null;
  readonly automaton: Automaton;
}

/** Numbers of verdicts as `learn` of the access lane takes them; rows that are no requests have none. */
export interface Judged {
  target: Uint16Array;
  userAgent: Uint16Array;
  referrer: Uint16Array;
  /** 1 where the rules that match depend on more than the verdicts, method, version and status */
  isOpen: Uint8Array;
}

/** Room for the matches of a batch; it grows. */
export function createMatches(capacity: number): Matches {
  return { n: 0, row: new Uint32Array(capacity), rule: new Uint16Array(capacity) };
}

/** Room for the digests of a batch of that capacity. */
export function createDigests(capacity: number): Digests {
  return {
    path: new Uint32Array(capacity),
    target: new Uint32Array(capacity),
    userAgent: new Uint32Array(capacity),
    isStatic: new Uint8Array(capacity),
    labels: new Uint8Array(capacity),
    keyless: new Uint8Array(capacity),
    ordinary: new Uint8Array(capacity),
  };
}

/** Makes a matcher. `key` is secret: who writes the log must not be able to prepare equal hashes. */
export function createMatcher(ruleSet: CompiledRuleSet, key: HashKey): Matcher {
  const { trees, predicates } = ruleSet;
  const scanner = createTextScanner(predicates, trees);
  const used = TEXTS.map((_, kind) => predicates.some((p) => p.text === kind));

  const verdicts = createVerdicts(scanner, used);
  const combinations = createCombinations(ruleSet, verdicts.formsOf);
  const { absent } = verdicts;
  const { current } = combinations;
  const judged: Judged = createJudged(STRIPE_ROWS);
  let everyRow = new Uint32Array(0);

  /** Judges the targets of the rows [from, to) of the list. */
  function judgeTargets(batch: Batch, rows: Uint32Array, from: number, to: number, digests: Digests): void {
    const { kind, flags, targetHash, targetHashB, pathHash, userAgentHash } = batch;
    const { isStatic, keyless, target, path, userAgent } = digests;
    const verdict = judged.target;
    for (let k = from; k < to; k++) {
      const row = rows[k]!;
      isStatic[row] = keyless[row] = 0;
      verdict[k] = NOTHING;
      const a = targetHash[row]!;
      target[row] = a;
      path[row] = pathHash[row]!;
      userAgent[row] = userAgentHash[row]!;
      if (kind[row] !== KIND.request) continue;
      const malformed = flags[row]! & FLAG.malformed;
      const second = malformed === 0 ? targetHashB[row]! : ~targetHashB[row]! >>> 0;
      const value = verdicts.ofTarget(
        batch.bytes,
        batch.targetStart[row]!,
        batch.targetEnd[row]!,
        batch.queryStart[row]!,
        malformed !== 0,
        a,
        second,
      );
      verdict[k] = value;
      isStatic[row] = (value >>> STATIC_BIT) & 1;
    }
  }

  /** Judges the texts of one kind in the rows [from, to) of the list. */
  function judgeTexts(
    kind: number,
    batch: Batch,
    rows: Uint32Array,
    from: number,
    to: number,
    starts: Uint32Array,
    ends: Uint32Array,
    first: Uint32Array,
    second: Uint32Array,
    into: Uint16Array,
  ): void {
    for (let k = from; k < to; k++) {
      const row = rows[k]!;
      const start = starts[row]!;
      const end = ends[row]!;
      into[k] =
        start === end ? absent[kind]! : verdicts.ofText(kind, batch.bytes, start, end, first[row]!, second[row]!);
    }
  }

  /** Verdict of a text that few logs have, and that therefore has no column of hashes. */
  function rareVerdict(kind: number, batch: Batch, start: number, end: number): number {
    if (start === end) return absent[kind]!;
    const { bytes } = batch;
    const a = hashRange(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end, key);
    return verdicts.ofText(kind, bytes, start, end, a, lane.b);
  }

  function matchStripe(
    batch: Batch,
    rows: Uint32Array,
    from: number,
    to: number,
    matches: Matches,
    digests: Digests,
  ): void {
    judgeTargets(batch, rows, from, to, digests);
    if (used[1]!) {
      const { userAgentStart: starts, userAgentEnd: ends, userAgentHash: first, userAgentHashB: second } = batch;
      judgeTexts(1, batch, rows, from, to, starts, ends, first, second, judged.userAgent);
    }
    if (used[2]!) {
      const { referrerStart: starts, referrerEnd: ends, referrerHash: first, referrerHashB: second } = batch;
      judgeTexts(2, batch, rows, from, to, starts, ends, first, second, judged.referrer);
    }
    const { target: targetVerdict, userAgent: agentVerdict, referrer: referrerVerdict, isOpen } = judged;
    const { kind, flags, method, status, httpVersion, hostStart, hostEnd, userStart, userEnd } = batch;
    const usesHost = used[3]!;
    const usesUser = used[4]!;
    for (let k = from; k < to; k++) {
      const row = rows[k]!;
      isOpen[k] = 0;
      if (kind[row] !== KIND.request) {
        if (!combinations.hasPacketRules) continue;
        const result = combinations.ofPacket();
        if (result !== null) combinations.emit(result, batch, row, matches);
        continue;
      }
      const t = targetVerdict[k]!;
      const u = agentVerdict[k]!;
      const r = referrerVerdict[k]!;
      const h = usesHost ? rareVerdict(3, batch, hostStart[row]!, hostEnd[row]!) : NOTHING;
      const w = usesUser ? rareVerdict(4, batch, userStart[row]!, userEnd[row]!) : NOTHING;
      const malformed = flags[row]! & FLAG.malformed;
      const m = method[row]! & 15;
      const s = Math.min(status[row]!, 999);
      const v = VERSION_CLASS[httpVersion[row]!]!;
      const columns = (((((m << 1) | malformed) << 3) | v) << 10) | s;
      if ((t | u | r | h | w) === NOTHING && !combinations.canMatchFreely(columns, m, s, v, malformed)) continue;
      current[0] = t;
      current[1] = u;
      current[2] = r;
      current[3] = h;
      current[4] = w;
      const result = combinations.ofRequest(columns, m, s, v, malformed);
      if (result === null) continue;
      isOpen[k] = result.open.length > 0 ? 1 : 0;
      combinations.emit(result, batch, row, matches);
    }
  }

  return {
    judged,
    used,
    get generation() {
      return verdicts.generation;
    },
    get absentAgent() {
      return absent[1]!;
    },
    get absentReferrer() {
      return absent[2]!;
    },
    automaton: scanner.automaton,
    listening: (kind, sizeMax) => scanner.listening(kind, sizeMax),
    match(batch, matches, digests, rows, count) {
      matches.n = 0;
      if (batch.key.a !== key.a || batch.key.b !== key.b) {
        hashTexts(batch, 0, batch.n, key);
        batch.hashed = 0;
      } else if (batch.hashed < batch.n) {
        hashTexts(batch, batch.hashed, batch.n, key);
        batch.hashed = batch.n;
      }
      if (judged.target.length < batch.capacity) Object.assign(judged, createJudged(batch.capacity));
      if (rows === undefined && everyRow.length < batch.n)
        everyRow = Uint32Array.from({ length: batch.capacity }, (_, k) => k);
      const list = rows ?? everyRow;
      const n = rows === undefined ? batch.n : (count ?? rows.length);
      for (let from = 0; from < n; from += STRIPE_ROWS) {
        // five texts at most are numbered per line: start anew before they could run out
        if (verdicts.reserve(TEXTS.length * STRIPE_ROWS)) combinations.forget();
        matchStripe(batch, list, from, Math.min(from + STRIPE_ROWS, n), matches, digests);
      }
    },
  };
}

function createJudged(capacity: number): Judged {
  return {
    target: new Uint16Array(capacity),
    userAgent: new Uint16Array(capacity),
    referrer: new Uint16Array(capacity),
    isOpen: new Uint8Array(capacity),
  };
}
