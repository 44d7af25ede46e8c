/**
 * Events in, matches out. Each distinct text (target, user agent, referrer, host, user) is judged once: hashed, and on a
 * miss scanned in its raw and decoded forms by one automaton. Each distinct combination of verdicts, method, status and
 * version is decided once. A line whose texts and columns were seen before costs a few hashes and probes, and no object.
 *
 * Verdicts are a function of the text alone, so that forgetting them changes nothing: the tables are two-way sets that
 * replace the older entry, and numbers of verdicts are handed out anew when they run out.
 */
import { type Batch, FLAG, hashTexts, KIND } from '../model/batch.ts';
import { type HashKey, hashRange, lane, mix32 } from '../model/hash.ts';
import type { Digests, Matches } from '../model/rule.ts';
import type { Automaton } from './automaton.ts';
import { canHoldWithoutText, decide, type Facts, TEXTS, textPredicates, VERSION_CLASS } from './predicate.ts';
import type { CompiledRuleSet } from './rule-set.ts';
import { createTextScanner, FORMS } from './text-scanner.ts';

/** Slots of the table of judged texts of each kind (four words each): 65,536 targets are 1 MiB. */
const SLOTS: readonly number[] = [65_536, 16_384, 32_768, 4096, 4096];
const COMBINATION_SLOTS = 16_384;
/** Verdicts that are numbered at a time; a combination keeps 14 bits of each. */
const VERDICTS_MAX = 16_383;
const RESULTS_MAX = 16_384;
/** Rows whose texts are looked up kind by kind before any is decided: the misses of one table then overlap. */
const STRIPE_ROWS = 256;

/** Verdict that no predicate holds in any form. */
const NOTHING = 0;

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

/** What a combination leads to: rules that match, and rules that ask for columns beyond those remembered. */
interface Result {
  sure: Uint16Array;
  /** rule numbers to decide per row, with the verdicts that they need */
  open: Uint16Array;
  verdicts: readonly number[];
}

const EMPTY = new Uint16Array(0);

/** Makes a matcher. `key` is secret: who writes the log must not be able to prepare equal hashes. */
export function createMatcher(ruleSet: CompiledRuleSet, key: HashKey): Matcher {
  const { rules, trees, predicates } = ruleSet;
  const scanner = createTextScanner(predicates, trees);
  const used = TEXTS.map((_, kind) => predicates.some((p) => p.text === kind));

  const rulesOf: number[][] = predicates.map(() => []);
  for (const [number, tree] of trees.entries()) for (const id of textPredicates(tree)) rulesOf[id]!.push(number);
  const webRules = rules.filter((r) => r.category === 'web').map((r) => r.number);
  const packetRules = rules.filter((r) => r.category === 'network').map((r) => r.number);
  /** web rules that can match a line whose texts satisfy nothing */
  const freeRules = webRules.filter((number) => canHoldWithoutText(trees[number]!));

  // judged texts: hash a, hash b, verdict and flags, hash of the path (targets)
  const slots = SLOTS.map((n) => new Uint32Array(4 * n));
  const VALID = 0x8000_0000;
  const STATIC = 0x4000_0000;
  // combinations: three words of key, and the number of the result + 1
  const combinations = new Int32Array(4 * COMBINATION_SLOTS);
  let combinationsUsed = 0;
  /** per method, malformed, version and status without any text verdict: 0 unknown, 1 no rule can match, 2 some may */
  const free = new Uint8Array(16 * 2 * 8 * 1024);

  /** per verdict number: the true predicates of each form */
  let verdicts: (readonly Uint16Array[])[] = [[EMPTY]];
  let verdictNumbers = new Map<string, number>();
  let results: Result[] = [];
  /** verdict of a text that is not there, by kind; numbered again with the rest */
  const absent = new Int32Array(TEXTS.length);

  const facts: Facts = {
    truth: new Uint8Array(predicates.length),
    method: 0,
    status: 0,
    version: 0,
    malformed: false,
    known: true,
    batch: null,
    row: 0,
  };
  let generation = 0;
  const stamp = new Uint32Array(rules.length);
  let round = 0;
  const current = [0, 0, 0, 0, 0];

  function forget(): void {
    generation++;
    for (const table of slots) table.fill(0);
    combinations.fill(0);
    combinationsUsed = 0;
    verdicts = [[EMPTY]];
    verdictNumbers = new Map();
    results = [];
    const nothing = new Uint8Array(0);
    for (let kind = 0; kind < TEXTS.length; kind++)
      absent[kind] = used[kind]! ? judge(kind, nothing, 0, 0, false) : NOTHING;
  }

  /** Scans a text and numbers its verdict. Call `reserve` before. */
  function judge(kind: number, bytes: Uint8Array, start: number, end: number, malformed: boolean): number {
    if (!scanner.scan(kind, bytes, start, end, malformed)) return NOTHING;
    const forms = scanner.forms();
    let name = '';
    for (const form of forms) name += `${form.join(',')};`;
    let number = verdictNumbers.get(name);
    if (number === undefined) {
      number = verdicts.length;
      verdicts.push(forms);
      verdictNumbers.set(name, number);
    }
    return number;
  }

  /**
   * Verdict of a text other than the target under its hash (two lanes, unsigned), which must be that of
   * bytes[start, end).
   */
  function textVerdict(kind: number, b: Batch, start: number, end: number, a: number, second: number): number {
    const table = slots[kind]!;
    const at = (a & (SLOTS[kind]! - 2)) << 2;
    if (table[at] === a && table[at + 1] === second && table[at + 2] !== 0) return table[at + 2]! & 0xffff;
    if (table[at + 4] === a && table[at + 5] === second && table[at + 6] !== 0) return table[at + 6]! & 0xffff;
    const number = judge(kind, b.bytes, start, end, false);
    age(table, at);
    table[at] = a;
    table[at + 1] = second;
    table[at + 2] = (VALID | number) >>> 0;
    return number;
  }

  /** Decides the rules for the combination in `facts` and `current`. */
  function decideCombination(packet: boolean): Result {
    round++;
    let candidates: number[];
    if (packet) candidates = packetRules;
    else {
      candidates = [...freeRules];
      for (const number of candidates) stamp[number] = round;
      for (const verdict of current) {
        for (const form of verdicts[verdict]!) {
          for (const id of form) {
            for (const number of rulesOf[id]!) {
              if (stamp[number] !== round) {
                stamp[number] = round;
                if (rules[number]!.category === 'web') candidates.push(number);
              }
            }
          }
        }
      }
      candidates.sort((x, y) => x - y);
    }
    const best = new Map<number, 0 | 1 | 2>();
    eachForm(current, () => {
      for (const number of candidates) {
        const known = best.get(number);
        if (known === 1) continue;
        const value = decide(trees[number]!, facts);
        if (value === 1 || known === undefined || (value === 2 && known === 0)) best.set(number, value);
      }
    });
    const sure = candidates.filter((n) => best.get(n) === 1);
    const open = candidates.filter((n) => best.get(n) === 2);
    return {
      sure: Uint16Array.from(sure),
      open: Uint16Array.from(open),
      verdicts: open.length > 0 ? [...current] : [],
    };
  }

  /** Runs `body` once per form, with the bits of that form in `facts.truth`. A text without that form keeps its last. */
  function eachForm(of: readonly number[], body: () => void): void {
    let forms = 1;
    for (const verdict of of) forms = Math.max(forms, verdicts[verdict]!.length);
    for (let form = 0; form < Math.min(forms, FORMS); form++) {
      for (const verdict of of) {
        const list = verdicts[verdict]!;
        for (const id of list[Math.min(form, list.length - 1)]!) facts.truth[id] = 1;
      }
      body();
      for (const verdict of of) {
        const list = verdicts[verdict]!;
        for (const id of list[Math.min(form, list.length - 1)]!) facts.truth[id] = 0;
      }
    }
  }

  function lookUp(w0: number, w1: number, w2: number, packet: boolean): Result | null {
    let slot = mix32(w0 ^ Math.imul(w1, 0x9e3779b1) ^ Math.imul(w2, 0x85ebca6b)) & (COMBINATION_SLOTS - 1);
    for (;;) {
      const at = slot << 2;
      const value = combinations[at + 3]!;
      if (value === 0) break;
      if (combinations[at] === w0 && combinations[at + 1] === w1 && combinations[at + 2] === w2) {
        return value === 1 ? null : results[value - 2]!;
      }
      slot = (slot + 1) & (COMBINATION_SLOTS - 1);
    }
    const result = decideCombination(packet);
    if (combinationsUsed > COMBINATION_SLOTS / 2 || results.length >= RESULTS_MAX) {
      combinations.fill(0);
      combinationsUsed = 0;
      results = [];
      slot = mix32(w0 ^ Math.imul(w1, 0x9e3779b1) ^ Math.imul(w2, 0x85ebca6b)) & (COMBINATION_SLOTS - 1);
    }
    const nothing = result.sure.length === 0 && result.open.length === 0;
    if (!nothing) results.push(result);
    const at = slot << 2;
    combinations[at] = w0;
    combinations[at + 1] = w1;
    combinations[at + 2] = w2;
    combinations[at + 3] = nothing ? 1 : results.length + 1;
    combinationsUsed++;
    return nothing ? null : result;
  }

  function put(matches: Matches, row: number, rule: number): void {
    if (matches.n === matches.row.length) {
      const capacity = Math.max(1024, matches.n * 2);
      const rowsBefore = matches.row;
      const rulesBefore = matches.rule;
      matches.row = new Uint32Array(capacity);
      matches.rule = new Uint16Array(capacity);
      matches.row.set(rowsBefore);
      matches.rule.set(rulesBefore);
    }
    matches.row[matches.n] = row;
    matches.rule[matches.n++] = rule;
  }

  function emit(result: Result, batch: Batch, row: number, matches: Matches): void {
    if (result.open.length === 0) {
      for (const number of result.sure) put(matches, row, number);
      return;
    }
    facts.batch = batch;
    facts.row = row;
    if (result.sure.length === 0 && result.verdicts.every((verdict) => verdict === NOTHING)) {
      for (const number of result.open) if (decide(trees[number]!, facts) === 1) put(matches, row, number);
    } else {
      const found = new Set<number>(result.sure);
      eachForm(result.verdicts, () => {
        for (const number of result.open) if (decide(trees[number]!, facts) === 1) found.add(number);
      });
      for (const number of [...found].sort((x, y) => x - y)) put(matches, row, number);
    }
    facts.batch = null;
  }

  forget();

  const judged: Judged = createJudged(STRIPE_ROWS);
  let everyRow = new Uint32Array(0);

  /** Judges the targets of the rows [from, to) of the list. */
  function judgeTargets(batch: Batch, rows: Uint32Array, from: number, to: number, digests: Digests): void {
    const { kind, flags, targetHash, targetHashB, pathHash, userAgentHash } = batch;
    const { isStatic, keyless, target, path, userAgent } = digests;
    const table = slots[0]!;
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
      const at = (a & (SLOTS[0]! - 2)) << 2;
      let value: number;
      if (table[at] === a && table[at + 1] === second && table[at + 2] !== 0) value = table[at + 2]!;
      else if (table[at + 4] === a && table[at + 5] === second && table[at + 6] !== 0) value = table[at + 6]!;
      else {
        const start = batch.targetStart[row]!;
        const end = batch.targetEnd[row]!;
        value = VALID | judge(0, batch.bytes, start, end, malformed !== 0);
        if (malformed === 0 && batch.queryStart[row]! >= end && isStaticPath(batch.bytes, start, end)) value |= STATIC;
        age(table, at);
        table[at] = a;
        table[at + 1] = second;
        table[at + 2] = value;
      }
      verdict[k] = value;
      isStatic[row] = (value >>> 30) & 1;
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
      into[k] = start === end ? absent[kind]! : textVerdict(kind, batch, start, end, first[row]!, second[row]!);
    }
  }

  /** Verdict of a text that few logs have, and that therefore has no column of hashes. */
  function rareVerdict(kind: number, batch: Batch, start: number, end: number): number {
    if (start === end) return absent[kind]!;
    const { bytes } = batch;
    const a = hashRange(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end, key);
    return textVerdict(kind, batch, start, end, a, lane.b);
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
        if (packetRules.length === 0) continue;
        current.fill(NOTHING);
        setFacts(0, 0, 0, 0);
        // one combination: which packet rules are open does not depend on the row
        const result = lookUp(0, -1, 0, true);
        if (result !== null) emit(result, batch, row, matches);
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
      if ((t | u | r | h | w) === NOTHING) {
        const known = free[columns]!;
        if (known === 1) continue;
        if (known === 0) {
          current.fill(NOTHING);
          setFacts(m, s, v, malformed);
          const result = decideCombination(false);
          free[columns] = result.sure.length === 0 && result.open.length === 0 ? 1 : 2;
          if (free[columns] === 1) continue;
        }
      }
      current[0] = t;
      current[1] = u;
      current[2] = r;
      current[3] = h;
      current[4] = w;
      setFacts(m, s, v, malformed);
      const result = lookUp(t | (u << 16), r | (h << 16), columns | (w << 18), false);
      if (result === null) continue;
      isOpen[k] = result.open.length > 0 ? 1 : 0;
      emit(result, batch, row, matches);
    }
  }

  return {
    judged,
    used,
    get generation() {
      return generation;
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
        if (verdicts.length > VERDICTS_MAX - TEXTS.length * STRIPE_ROWS) forget();
        matchStripe(batch, list, from, Math.min(from + STRIPE_ROWS, n), matches, digests);
      }
    },
  };

  function setFacts(m: number, s: number, v: number, malformed: number): void {
    facts.method = m;
    facts.status = s;
    facts.version = v;
    facts.malformed = malformed !== 0;
    facts.batch = null;
  }
}

function createJudged(capacity: number): Judged {
  return {
    target: new Uint16Array(capacity),
    userAgent: new Uint16Array(capacity),
    referrer: new Uint16Array(capacity),
    isOpen: new Uint8Array(capacity),
  };
}

/** The newer entry of a set becomes the older one. */
function age(table: Uint32Array, at: number): void {
  table[at + 4] = table[at]!;
  table[at + 5] = table[at + 1]!;
  table[at + 6] = table[at + 2]!;
  table[at + 7] = table[at + 3]!;
}

/** Endings of static assets. */
export const STATIC_EXTENSIONS: ReadonlySet<string> = new Set(
  'css js mjs map png jpg jpeg gif svg webp avif ico bmp woff woff2 ttf eot otf mp4 webm mp3 ogg'.split(' '),
);

/** True when a path ends in the extension of a static asset. */
function isStaticPath(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = end - 1; i >= start && i >= end - 6; i--) {
    const c = bytes[i]!;
    if (c === 47) return false;
    if (c === 46)
      return STATIC_EXTENSIONS.has(
        Buffer.from(bytes.subarray(i + 1, end))
          .toString('latin1')
          .toLowerCase(),
      );
  }
  return false;
}
