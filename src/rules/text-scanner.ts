/**
 * Judges one text: which predicates hold in its raw form, decoded once, decoded twice. The automaton finds all literals
 * in one pass per form; borders, case, globs and regular expressions are asked only where a literal of theirs was found.
 */
import type { RE2JS } from 're2js';
import { type Automaton, buildAutomaton, foldByte } from './automaton.ts';
import { createDecodedText, decodeOnce, leavesRoot } from './decode.ts';
import { type Node, type Region, TEXTS, type TextPredicate } from './predicate.ts';
import { holdsRequired, type RequiredWords, requiredWords } from './required-words.ts';
import { compileRegex, globMatches, longestRun, type Pattern, requiredLiteral } from './sigma-string.ts';

/** Forms of a text: raw, decoded once, decoded twice. */
export const FORMS = 3;

/** Bytes of a region that a regular expression looks at; request lines beyond 8 KiB are refused by servers anyway. */
export const REGEX_BYTES_MAX = 16_384;

const REGIONS: readonly Region[] = ['all', 'path', 'query', 'extension'];

/** See `listening`: the literal counts wherever it stands. */
const ANYWHERE = 0xffff;

export interface TextScanner {
  /** Judges bytes[start, end) as a text of that kind (index in TEXTS). False when no predicate holds in any form. */
  scan(kind: number, bytes: Uint8Array, start: number, end: number, malformed: boolean): boolean;
  /** After a scan that was true: the numbers of the predicates that hold, ascending, one list per form that differs. */
  forms(): Uint16Array[];
  /**
   * When all that is asked about texts of a kind waits for a literal: for each state of the automaton 0, or ANYWHERE when
   * such a literal ends in it, or the size of the literal when it counts only at the very start of a text. No predicate
   * holds in a text of 1 to `sizeMax` bytes that leads through none of them and is its own decoded form. Null when that
   * cannot be said.
   */
  listening(kind: number, sizeMax: number): Uint16Array | null;
  /** all literals of all kinds */
  readonly automaton: Automaton;
}

const NONE = new Uint16Array(0);

/** Something to ask after the pass over a form. */
interface Check {
  predicate: number;
  region: number;
  kind: number;
  pattern: Pattern;
  regex: RE2JS | null;
  /** without which the regular expression need not be asked */
  words: RequiredWords;
  /** ask only when one of these predicates holds in the form; null = always */
  gates: readonly number[] | null;
}

/** Offsets of the regions of a form, by index in REGIONS. */
export interface Regions {
  start: Int32Array;
  end: Int32Array;
}

/** Fills the regions of bytes[start, end) whose `?` is at `query` (or `end`). */
export function setRegions(regions: Regions, bytes: Uint8Array, start: number, end: number, query: number): void {
  // all, path, query, extension; four stores cost less than a call of fill
  regions.start[0] = regions.start[1] = start;
  regions.start[2] = Math.min(query + 1, end);
  regions.end[0] = regions.end[2] = end;
  regions.end[1] = regions.end[3] = query;
  let dot = query;
  for (let i = query - 1; i >= start && i >= query - 32; i--) {
    const c = bytes[i]!;
    if (c === 47) break;
    if (c === 46) {
      dot = i + 1;
      break;
    }
  }
  regions.start[3] = dot;
}

/** Index of a region in the arrays of `Regions`. */
export function regionIndex(region: Region): number {
  return REGIONS.indexOf(region);
}

/** Offset of the first `?` of a target or referrer; `end` for other texts and malformed requests. */
export function findQuery(kind: number, bytes: Uint8Array, start: number, end: number, malformed: boolean): number {
  if ((kind !== 0 && kind !== 2) || malformed) return end;
  for (let i = start; i < end; i++) if (bytes[i] === 63) return i;
  return end;
}

/** What a byte means before a text is read: 1 begins a query, 2 may be an escape, 3 is a blank in a query. */
const MARKS = new Uint8Array(256);
MARKS[63] = 1;
MARKS[37] = MARKS[92] = 2;
MARKS[43] = 3;

/**
 * `findQuery` and `needsDecoding` in one pass over a text: the offset of the query, or its complement (negative) when
 * the text must be decoded.
 */
function survey(bytes: Uint8Array, start: number, end: number, hasQuery: boolean): number {
  let query = end;
  let isEncoded = false;
  for (let i = start; i < end; i++) {
    const mark = MARKS[bytes[i]!]!;
    if (mark === 0) continue;
    if (mark === 1) {
      if (hasQuery && query === end) query = i;
    } else if (mark === 2 || query < i) isEncoded = true;
  }
  return isEncoded ? ~query : query;
}

/** Whether a pattern other than a literal holds in bytes[start, end). */
export function patternHolds(
  pattern: Pattern,
  regex: RE2JS | null,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  switch (pattern.kind) {
    case 'present':
      return end > start;
    case 'empty':
      return end === start;
    case 'length': {
      const n = end - start;
      const limit = pattern.bytes;
      if (pattern.compare === 'lt') return n < limit;
      if (pattern.compare === 'lte') return n <= limit;
      return pattern.compare === 'gt' ? n > limit : n >= limit;
    }
    case 'glob':
      return globMatches(pattern.tokens, bytes, start, end, pattern.cased);
    case 'escapes':
      return leavesRoot(bytes, start, end);
    case 'regex':
      return regex!.matcher(regexText(bytes, start, end)).find();
    case 'literal':
      return false;
  }
}

/** What a regular expression looks at. */
function regexText(bytes: Uint8Array, start: number, end: number): string {
  const size = Math.min(end - start, REGEX_BYTES_MAX);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, size).toString('latin1');
}

/** Compiles the predicates; `trees` tell which regular expressions need to be asked only after another predicate held. */
export function createTextScanner(predicates: readonly TextPredicate[], trees: readonly Node[]): TextScanner {
  const gatesOf = regexGates(predicates, trees);
  const literals: Uint8Array[] = [];
  const literalNumbers = new Map<string, number>();
  /** per literal: what to do when it is found */
  const entries: { predicate: number; region: number; kind: number; pattern: Pattern | null; check: number }[][] = [];
  const checks: Check[] = [];
  const always: number[][] = TEXTS.map(() => []);
  const gated: number[][] = TEXTS.map(() => []);

  const addLiteral = (bytes: Uint8Array): number => {
    const folded = bytes.map(foldByte);
    const name = Buffer.from(folded).toString('latin1');
    let number = literalNumbers.get(name);
    if (number === undefined) {
      number = literals.length;
      literals.push(folded);
      literalNumbers.set(name, number);
      entries.push([]);
    }
    return number;
  };
  for (const { id, text, region, patterns } of predicates) {
    for (const pattern of patterns) {
      const base = { predicate: id, region: pattern.kind === 'escapes' ? 1 : regionIndex(region), kind: text };
      if (pattern.kind === 'literal') {
        entries[addLiteral(pattern.bytes)]!.push({ ...base, pattern, check: -1 });
        continue;
      }
      const gates = pattern.kind === 'regex' ? (gatesOf.get(id) ?? null) : null;
      const check = checks.length;
      const words = pattern.kind === 'regex' ? requiredWords(pattern.source) : [];
      checks.push({ ...base, pattern, regex: null, words, gates });
      const literal = gateLiteral(pattern);
      if (literal !== null) entries[addLiteral(literal)]!.push({ ...base, pattern: null, check });
      else if (gates !== null) gated[text]!.push(check);
      else always[text]!.push(check);
    }
  }
  const automaton = buildAutomaton(literals);
  if (automaton === null) throw new RangeError('too many literals');
  const { classes, next, classCount, foundStart, found } = automaton;

  // entries as columns, by (literal, kind)
  const kinds = TEXTS.length;
  const entryStart = new Uint32Array(literals.length * kinds + 1);
  const flat: { predicate: number; region: number; pattern: Pattern | null; check: number; size: number }[] = [];
  for (const [literal, list] of entries.entries()) {
    for (let kind = 0; kind < kinds; kind++) {
      entryStart[literal * kinds + kind] = flat.length;
      for (const e of list) if (e.kind === kind) flat.push({ ...e, size: literals[literal]!.length });
    }
  }
  entryStart[literals.length * kinds] = flat.length;
  const entryPredicate = Uint16Array.from(flat, (e) => e.predicate);
  const entryRegion = Uint8Array.from(flat, (e) => e.region);
  const entrySize = Uint32Array.from(flat, (e) => e.size);
  const entryCheck = Int32Array.from(flat, (e) => e.check);
  const START = 1;
  const END = 2;
  const entryBorders = Uint8Array.from(flat, ({ pattern: p }) =>
    p?.kind === 'literal' ? (p.start ? START : 0) | (p.end ? END : 0) : 0,
  );
  const entryCased = flat.map(({ pattern: p }) => (p?.kind === 'literal' && p.cased ? p.bytes : null));

  const holds = new Uint8Array(predicates.length);
  const heldList = new Uint16Array(predicates.length);
  let held = 0;
  const wanted = new Uint8Array(checks.length);
  const wantedList = new Int32Array(checks.length);
  let wantedCount = 0;
  const regions: Regions = { start: new Int32Array(4), end: new Int32Array(4) };
  const decoded = createDecodedText(false);
  const again = createDecodedText(false);
  const result: Uint16Array[] = [];
  /** text of each region of the form that is judged, made when it is first asked for */
  const smallLetters: (string | null)[] = REGIONS.map(() => null);

  function hold(predicate: number): void {
    if (holds[predicate] === 1) return;
    holds[predicate] = 1;
    heldList[held++] = predicate;
  }

  /** A state that ends literals was reached behind byte i. */
  function report(kind: number, state: number, i: number, bytes: Uint8Array): void {
    const s = state / classCount;
    const stop = foundStart[s + 1]!;
    for (let f = foundStart[s]!; f < stop; f++) {
      const group = found[f]! * kinds + kind;
      const last = entryStart[group + 1]!;
      for (let e = entryStart[group]!; e < last; e++) {
        const predicate = entryPredicate[e]!;
        if (holds[predicate] === 1) continue;
        const region = entryRegion[e]!;
        const from = i + 1 - entrySize[e]!;
        if (from < regions.start[region]! || i + 1 > regions.end[region]!) continue;
        const check = entryCheck[e]!;
        if (check >= 0) {
          if (wanted[check] === 0) {
            wanted[check] = 1;
            wantedList[wantedCount++] = check;
          }
          continue;
        }
        const borders = entryBorders[e]!;
        if ((borders & START) !== 0 && from !== regions.start[region]) continue;
        if ((borders & END) !== 0 && i + 1 !== regions.end[region]) continue;
        const cased = entryCased[e]!;
        if (cased !== null && !equalBytes(cased, bytes, from)) continue;
        hold(predicate);
      }
    }
  }

  function ask(number: number, bytes: Uint8Array): void {
    const check = checks[number]!;
    if (holds[check.predicate] === 1) return;
    const { region, pattern, words } = check;
    const [start, end] = [regions.start[region]!, regions.end[region]!];
    if (words.length > 0) {
      smallLetters[region] ??= regexText(bytes, start, end).toLowerCase();
      if (!holdsRequired(words, smallLetters[region])) return;
    }
    // compiled when it is first asked: few logs ask all, and some take longer than everything else of a start
    if (pattern.kind === 'regex') check.regex ??= compileRegex(pattern.source, pattern.flags);
    if (patternHolds(pattern, check.regex, bytes, start, end)) hold(check.predicate);
  }

  function gateHolds(number: number): boolean {
    const { gates } = checks[number]!;
    return gates?.some((gate) => holds[gate] === 1) ?? false;
  }

  /** One form: the predicates that hold, ascending. */
  function judge(kind: number, bytes: Uint8Array, start: number, end: number, query: number): Uint16Array {
    setRegions(regions, bytes, start, end, query);
    held = 0;
    wantedCount = 0;
    smallLetters.fill(null);
    let state = 0;
    for (let i = start; i < end; i++) {
      state = next[state + classes[bytes[i]!]!]!;
      if (state < 0) {
        state = ~state;
        report(kind, state, i, bytes);
      }
    }
    // what waits for other predicates comes last
    for (let i = 0; i < wantedCount; i++) if (checks[wantedList[i]!]!.gates === null) ask(wantedList[i]!, bytes);
    for (const number of always[kind]!) ask(number, bytes);
    for (let i = 0; i < wantedCount; i++) {
      const number = wantedList[i]!;
      wanted[number] = 0;
      if (held > 0 && gateHolds(number)) ask(number, bytes);
    }
    if (held === 0) return NONE;
    for (const number of gated[kind]!) if (gateHolds(number)) ask(number, bytes);
    const list = heldList.slice(0, held).sort();
    for (let i = 0; i < held; i++) holds[heldList[i]!] = 0;
    return list;
  }

  return {
    scan(kind, bytes, start, end, malformed) {
      result.length = 0;
      const mark = survey(bytes, start, end, (kind === 0 || kind === 2) && !malformed);
      const query = mark < 0 ? ~mark : mark;
      result.push(judge(kind, bytes, start, end, query));
      if (mark < 0) {
        decodeOnce(bytes, start, end, query, true, decoded);
        if (decoded.changed) {
          result.push(judge(kind, decoded.bytes, 0, decoded.length, decoded.query));
          decodeOnce(decoded.bytes, 0, decoded.length, decoded.query, false, again);
          if (again.changed) result.push(judge(kind, again.bytes, 0, again.length, again.query));
        }
      }
      for (const list of result) if (list.length > 0) return true;
      return false;
    },
    forms: () => result.slice(),
    automaton,
    listening(kind, sizeMax) {
      if (always[kind]!.some((number) => canHold(checks[number]!, sizeMax))) return null;
      const heard = literals.map((_, literal) => {
        const group = literal * kinds + kind;
        let size = 0;
        for (let e = entryStart[group]!; e < entryStart[group + 1]!; e++) {
          // a check with gates is asked only where another predicate of this text held, which is heard itself
          const check = entryCheck[e]!;
          if (check >= 0 && checks[check]!.gates !== null) continue;
          const atStart = (entryBorders[e]! & START) !== 0 && entryRegion[e]! <= 1 && entrySize[e]! < ANYWHERE;
          size = Math.max(size, atStart ? entrySize[e]! : ANYWHERE);
        }
        return size;
      });
      return Uint16Array.from({ length: automaton.states }, (_, state) => {
        let size = 0;
        for (let f = foundStart[state]!; f < foundStart[state + 1]!; f++) size = Math.max(size, heard[found[f]!]!);
        return size;
      });
    },
  };
}

/** Whether a pattern without a literal can hold in a text of 1 to `sizeMax` bytes. */
function canHold({ pattern, region }: Check, sizeMax: number): boolean {
  if (pattern.kind === 'empty') return region !== 0;
  if (pattern.kind !== 'length' || pattern.compare === 'lt' || pattern.compare === 'lte') return true;
  return pattern.compare === 'gt' ? sizeMax > pattern.bytes : sizeMax >= pattern.bytes;
}

function equalBytes(expected: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[from + i] !== expected[i]) return false;
  return true;
}

/** A literal without which the pattern cannot hold, or null. */
function gateLiteral(pattern: Pattern): Uint8Array | null {
  if (pattern.kind === 'glob') return longestRun(pattern.tokens);
  if (pattern.kind === 'escapes') return Uint8Array.of(46, 46);
  return pattern.kind === 'regex' ? requiredLiteral(pattern.source) : null;
}

/**
 * Predicates with a regular expression that only ever stand in an `and` beside a predicate of the same text without one:
 * where that does not hold, the regular expression need not be asked. predicate → the predicates to wait for.
 */
function regexGates(predicates: readonly TextPredicate[], trees: readonly Node[]): Map<number, number[]> {
  const gates = new Map<number, number[] | null>();
  const isRegex = (id: number) => predicates[id]!.patterns.some((p) => p.kind === 'regex');
  const plain = (node: Node, text: number): number[] | null => {
    if (node.op === 'text') {
      return predicates[node.id]!.text === text && !isRegex(node.id) ? [node.id] : null;
    }
    if (node.op !== 'or') return null;
    const all = node.nodes.map((n) => plain(n, text));
    return all.every((ids) => ids !== null) ? all.flat() : null;
  };
  const visit = (node: Node, beside: readonly Node[]): void => {
    if (node.op === 'text') {
      if (!isRegex(node.id)) return;
      const options = beside.map((n) => plain(n, predicates[node.id]!.text)).filter((ids) => ids !== null);
      const known = gates.get(node.id);
      if (options.length === 0 || known === null) gates.set(node.id, null);
      else gates.set(node.id, [...(known ?? []), ...options[0]!]);
    } else if (node.op === 'not') visit(node.node, beside);
    else if (node.op === 'and') {
      for (const child of node.nodes) visit(child, [...beside, ...node.nodes.filter((n) => n !== child)]);
    } else if (node.op === 'or') for (const child of node.nodes) visit(child, beside);
  };
  for (const tree of trees) visit(tree, []);
  return new Map([...gates].filter((entry): entry is [number, number[]] => entry[1] !== null));
}
