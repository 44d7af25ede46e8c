/**
 * The piece of a logged text that made a rule match: what evidence shows as "matched", and what redaction may leave
 * readable. A fragment that only shows after decoding is given as the range of the raw text that decodes to it.
 *   rule "traversal to a system file", target `/x?f=..%2f..%2fetc%2fpasswd` → the range of `%2fetc%2fpasswd`
 */
import { foldByte } from './automaton.ts';
import { createDecodedText, type DecodedText, decodeOnce, leavesRoot, needsDecoding } from './decode.ts';
import {
  decide,
  type Facts,
  positivePredicates,
  TEXTS,
  type TextName,
  type TextPredicate,
  textPredicates,
} from './predicate.ts';
import type { CompiledRuleSet } from './rule-set.ts';
import { compileRegex, longestRun, type Pattern } from './sigma-string.ts';
import { findQuery, patternHolds, REGEX_BYTES_MAX, type Regions, regionIndex, setRegions } from './text-scanner.ts';

/** The texts of one event as logged, one character per byte (latin1); absent and empty are the same. */
export type EventTexts = { readonly [text in TextName]?: string } & {
  /** true when `target` is a raw request that could not be parsed */
  readonly malformed?: boolean;
};

/** Where in which text a rule matched; `start` and `end` are offsets into the raw text. */
export interface Fragment {
  field: TextName;
  start: number;
  end: number;
}

/** A longer fragment is cut here: enough to recognise an attack, too little to carry a record. */
const FRAGMENT_MAX = 120;

interface Form {
  bytes: Uint8Array;
  /** its bytes as text (latin1), as they are and with small ASCII letters; made when the first pattern asks */
  text: string | null;
  folded: string | null;
  /** where regular expressions were found, by pattern and region: whether one holds and where are asked apart */
  found: Map<string, [number, number] | null>;
  start: number;
  end: number;
  regions: Regions;
  /** raw offset of offset i */
  raw: (i: number) => number;
}

/**
 * The fragment that rule `ruleNumber` matched on, or null when it did not match by a text (or not at all). Of several it
 * is the longest literal of the target, then of the other texts.
 */
export function fragmentOf(ruleSet: CompiledRuleSet, ruleNumber: number, texts: EventTexts): Fragment | null {
  const tree = ruleSet.trees[ruleNumber];
  if (tree === undefined) return null;
  const wanted = [...positivePredicates(tree)].map((id) => ruleSet.predicates[id]!);
  const asked = [...textPredicates(tree)].map((id) => ruleSet.predicates[id]!);
  const isAsked = (kind: number) => asked.some((predicate) => predicate.text === kind);
  const forms = TEXTS.map((name, kind) =>
    isAsked(kind) ? formsOf(kind, texts[name] ?? '', texts.malformed === true) : NO_FORMS,
  );
  const facts: Facts = {
    truth: new Uint8Array(ruleSet.predicates.length),
    method: 0,
    status: 0,
    version: 0,
    malformed: false,
    known: false,
    batch: null,
    row: 0,
  };
  const depth = Math.max(...forms.map((list) => list.length));
  for (let k = 0; k < depth; k++) {
    facts.truth.fill(0);
    for (const predicate of asked) {
      const list = forms[predicate.text]!;
      if (holdsIn(predicate, list[Math.min(k, list.length - 1)]!)) facts.truth[predicate.id] = 1;
    }
    if (decide(tree, facts) === 0) continue;
    let best: Fragment | null = null;
    for (const predicate of wanted) {
      if (facts.truth[predicate.id] !== 1) continue;
      const list = forms[predicate.text]!;
      const found = locate(predicate, list[Math.min(k, list.length - 1)]!);
      if (found !== null && (best === null || isBetter(found, best))) best = found;
    }
    if (best !== null) return { ...best, end: Math.min(best.end, best.start + FRAGMENT_MAX) };
  }
  return null;
}

const NO_FORMS: Form[] = [];

/** The texts that rule `ruleNumber` reads, whatever their order: nothing else decides what fragmentOf answers. */
export function textsOfRule(ruleSet: CompiledRuleSet, ruleNumber: number): TextName[] {
  const tree = ruleSet.trees[ruleNumber];
  const asked = tree === undefined ? [] : [...textPredicates(tree)].map((id) => ruleSet.predicates[id]!.text);
  return TEXTS.filter((_, kind) => asked.includes(kind));
}

function isBetter(a: Fragment, b: Fragment): boolean {
  if (a.field !== b.field) return TEXTS.indexOf(a.field) < TEXTS.indexOf(b.field);
  const gain = a.end - a.start - (b.end - b.start);
  return gain > 0 || (gain === 0 && a.start < b.start);
}

function formsOf(kind: number, text: string, malformed: boolean): Form[] {
  const bytes = Buffer.from(text, 'latin1');
  const query = findQuery(kind, bytes, 0, bytes.length, malformed);
  const forms = [form(bytes, bytes.length, query, (i) => i)];
  if (!needsDecoding(bytes, 0, bytes.length, query)) return forms;
  const first = createDecodedText(true);
  decodeOnce(bytes, 0, bytes.length, query, true, first);
  if (!first.changed) return forms;
  const rawOfFirst = (i: number) => first.origin![i]!;
  forms.push(form(first.bytes, first.length, first.query, rawOfFirst));
  const second: DecodedText = createDecodedText(true);
  decodeOnce(first.bytes, 0, first.length, first.query, false, second);
  if (second.changed) {
    forms.push(form(second.bytes, second.length, second.query, (i) => rawOfFirst(second.origin![i]!)));
  }
  return forms;
}

function form(bytes: Uint8Array, end: number, query: number, raw: (i: number) => number): Form {
  const regions = { start: new Int32Array(4), end: new Int32Array(4) };
  setRegions(regions, bytes, 0, end, query);
  return { bytes, text: null, folded: null, found: new Map(), start: 0, end, regions, raw };
}

function holdsIn(predicate: TextPredicate, f: Form): boolean {
  return predicate.patterns.some((pattern) => findPattern(pattern, predicate, f) !== null);
}

function locate(predicate: TextPredicate, f: Form): Fragment | null {
  let best: [number, number] | null = null;
  for (const pattern of predicate.patterns) {
    const range = findPattern(pattern, predicate, f);
    if (range !== null && range[1] > range[0] && (best === null || range[1] - range[0] > best[1] - best[0]))
      best = range;
  }
  if (best === null) return null;
  return { field: TEXTS[predicate.text]!, start: f.raw(best[0]), end: f.raw(best[1]) };
}

/** Range of a pattern in a form; an empty range when it holds without a place of its own; null when it does not. */
function findPattern(pattern: Pattern, predicate: TextPredicate, f: Form): [number, number] | null {
  const region = pattern.kind === 'escapes' ? 1 : regionIndex(predicate.region);
  const start = f.regions.start[region]!;
  const end = f.regions.end[region]!;
  if (pattern.kind === 'literal') return findLiteral(pattern, f, start, end);
  if (pattern.kind === 'regex') {
    const name = `${region} ${pattern.flags}/${pattern.source}`;
    let range = f.found.get(name);
    if (range === undefined) {
      const stop = Math.min(end, start + REGEX_BYTES_MAX);
      const matcher = compileRegex(pattern.source, pattern.flags).matcher(textOf(f).slice(start, stop));
      range = matcher.find() ? [start + matcher.start(), start + matcher.end()] : null;
      f.found.set(name, range);
    }
    return range;
  }
  if (!patternHolds(pattern, null, f.bytes, start, end)) return null;
  if (pattern.kind === 'glob') {
    const run = longestRun(pattern.tokens);
    if (run === null) return [start, start];
    const free = { kind: 'literal', bytes: run, start: false, end: false, cased: pattern.cased } as const;
    return findLiteral(free, f, start, end);
  }
  if (pattern.kind === 'escapes' && leavesRoot(f.bytes, start, end)) return parentRun(f.bytes, start, end);
  return [start, start];
}

type Literal = Extract<Pattern, { kind: 'literal' }>;

function findLiteral(pattern: Literal, f: Form, start: number, end: number): [number, number] | null {
  const size = pattern.bytes.length;
  const last = end - size;
  if (last < start) return null;
  const text = pattern.cased ? textOf(f) : foldedOf(f);
  const from = pattern.end ? last : start;
  const at = size === 0 ? from : text.indexOf(wantedText(pattern), from);
  return at < 0 || at > last || (pattern.start && at !== start) ? null : [at, at + size];
}

function textOf(f: Form): string {
  f.text ??= latin1(f.bytes, f.end);
  return f.text;
}

function foldedOf(f: Form): string {
  f.folded ??= latin1(f.bytes.subarray(0, f.end).map(foldByte), f.end);
  return f.folded;
}

const wantedTexts = new WeakMap<Literal, string>();

/** What is searched for: a literal, with small letters unless its case counts. */
function wantedText(pattern: Literal): string {
  let wanted = wantedTexts.get(pattern);
  if (wanted === undefined) {
    wanted = latin1(pattern.cased ? pattern.bytes : pattern.bytes.map(foldByte), pattern.bytes.length);
    wantedTexts.set(pattern, wanted);
  }
  return wanted;
}

/** The first `length` bytes, one character each. */
function latin1(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1');
}

/** The longest run of `../` (or `..\`) in a path. */
function parentRun(bytes: Uint8Array, start: number, end: number): [number, number] {
  let best: [number, number] = [start, start];
  for (let i = start; i + 1 < end; i++) {
    if (bytes[i] !== 46 || bytes[i + 1] !== 46) continue;
    let j = i;
    while (j + 1 < end && bytes[j] === 46 && bytes[j + 1] === 46) {
      j += 2;
      while (j < end && (bytes[j] === 47 || bytes[j] === 92)) j++;
    }
    if (j - i > best[1] - best[0]) best = [i, j];
    i = j - 1;
  }
  return best;
}
