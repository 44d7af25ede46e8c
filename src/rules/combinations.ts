/**
 * What a request amounts to: the rules that match for a combination of verdicts, method, status and version. Each distinct
 * combination is decided once and remembered; rules that ask for columns beyond these are decided row by row.
 */
import type { Batch } from '../model/batch.ts';
import { mix32 } from '../model/hash.ts';
import type { Matches } from '../model/rule.ts';
import { canHoldWithoutText, decide, type Facts, textPredicates } from './predicate.ts';
import type { CompiledRuleSet } from './rule-set.ts';
import { FORMS } from './text-scanner.ts';
import { NOTHING, type Verdicts } from './verdicts.ts';

const COMBINATION_SLOTS = 16_384;
const RESULTS_MAX = 16_384;

/** What a combination leads to: rules that match, and rules that ask for columns beyond those remembered. */
export interface Result {
  sure: Uint16Array;
  /** rule numbers to decide per row, with the verdicts that they need */
  open: Uint16Array;
  verdicts: readonly number[];
}

/** The combinations of a rule set that were decided. */
export interface Combinations {
  /** Verdicts of the texts of the row in hand, by kind, for the calls below. */
  readonly current: number[];
  readonly hasPacketRules: boolean;
  /** False when no rule can match a request of these columns whose texts satisfy nothing (remembered by `columns`). */
  canMatchFreely(columns: number, m: number, s: number, v: number, malformed: number): boolean;
  /** What `current` and these columns lead to; null = nothing. */
  ofRequest(columns: number, m: number, s: number, v: number, malformed: number): Result | null;
  /** What a packet leads to before its columns are looked at. */
  ofPacket(): Result | null;
  /** Adds the rules of a result that match a row. */
  emit(result: Result, batch: Batch, row: number, matches: Matches): void;
  /** Forgets what depends on numbers of verdicts. */
  forget(): void;
}

/** Combinations of a rule set; `formsOf`: see Verdicts. */
export function createCombinations(
  { rules, trees, predicates }: CompiledRuleSet,
  formsOf: Verdicts['formsOf'],
): Combinations {
  const rulesOf: number[][] = predicates.map(() => []);
  for (const [number, tree] of trees.entries()) for (const id of textPredicates(tree)) rulesOf[id]!.push(number);
  const webRules = rules.filter((r) => r.category === 'web').map((r) => r.number);
  const packetRules = rules.filter((r) => r.category === 'network').map((r) => r.number);
  /** web rules that can match a line whose texts satisfy nothing */
  const freeRules = webRules.filter((number) => canHoldWithoutText(trees[number]!));
  // combinations: three words of key, and the number of the result + 1
  const combinations = new Int32Array(4 * COMBINATION_SLOTS);
  let combinationsUsed = 0;
  let results: Result[] = [];
  /** per method, malformed, version and status without any text verdict: 0 unknown, 1 no rule can match, 2 some may */
  const free = new Uint8Array(16 * 2 * 8 * 1024);
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
  const stamp = new Uint32Array(rules.length);
  let round = 0;
  const current = [0, 0, 0, 0, 0];

  /** Decides the rules for the combination in `facts` and `current`. */
  function decideCombination(packet: boolean): Result {
    round++;
    let candidates: number[];
    if (packet) candidates = packetRules;
    else {
      candidates = [...freeRules];
      for (const number of candidates) stamp[number] = round;
      for (const verdict of current) {
        for (const form of formsOf(verdict)) {
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
    for (const verdict of of) forms = Math.max(forms, formsOf(verdict).length);
    for (let form = 0; form < Math.min(forms, FORMS); form++) {
      for (const verdict of of) {
        const list = formsOf(verdict);
        for (const id of list[Math.min(form, list.length - 1)]!) facts.truth[id] = 1;
      }
      body();
      for (const verdict of of) {
        const list = formsOf(verdict);
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

  function setFacts(m: number, s: number, v: number, malformed: number): void {
    facts.method = m;
    facts.status = s;
    facts.version = v;
    facts.malformed = malformed !== 0;
    facts.batch = null;
  }

  return {
    current,
    hasPacketRules: packetRules.length > 0,
    canMatchFreely(columns, m, s, v, malformed) {
      if (free[columns] === 0) {
        current.fill(NOTHING);
        setFacts(m, s, v, malformed);
        const result = decideCombination(false);
        free[columns] = result.sure.length === 0 && result.open.length === 0 ? 1 : 2;
      }
      return free[columns] === 2;
    },
    ofRequest(columns, m, s, v, malformed) {
      setFacts(m, s, v, malformed);
      const [t, u, r, h, w] = current as [number, number, number, number, number];
      return lookUp(t | (u << 16), r | (h << 16), columns | (w << 18), false);
    },
    ofPacket() {
      current.fill(NOTHING);
      setFacts(0, 0, 0, 0);
      // one combination: which packet rules are open does not depend on the row
      return lookUp(0, -1, 0, true);
    },
    emit,
    forget() {
      combinations.fill(0);
      combinationsUsed = 0;
      results = [];
    },
  };
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
