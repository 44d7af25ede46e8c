/**
 * What a compiled rule is made of: a tree of predicates over the texts and the columns of one event. Predicates over
 * texts are numbered over all rules, so that a text is judged once and the tree only looks up bits.
 */
import type { Batch } from '../model/batch.ts';
import type { Pattern } from './sigma-string.ts';

/** The texts of a web request; the index is the code of a text. */
export const TEXTS = ['target', 'user_agent', 'referrer', 'host', 'user'] as const;
export type TextName = (typeof TEXTS)[number];

/** Part of a text that a predicate looks at; all but `all` are parts of the target. */
export type Region = 'all' | 'path' | 'query' | 'extension';

/** HTTP versions as a class: the `httpVersion` column holds any byte, a rule only tells these apart. */
export const VERSION_NAMES = ['', '0.9', '1.0', '1.1', '2.0', '3.0', 'bad'] as const;

/** `httpVersion` column → index in VERSION_NAMES. */
export const VERSION_CLASS = new Uint8Array(256).fill(6);
for (const [version, index] of [
  [0, 0],
  [9, 1],
  [10, 2],
  [11, 3],
  [20, 4],
  [30, 5],
] as const) {
  VERSION_CLASS[version] = index;
}

/** True when any of its patterns matches its region of its text. */
export interface TextPredicate {
  readonly id: number;
  /** index in TEXTS */
  readonly text: number;
  readonly region: Region;
  readonly patterns: readonly Pattern[];
}

export type Node =
  | { op: 'and' | 'or'; nodes: Node[] }
  | { op: 'not'; node: Node }
  | { op: 'text'; id: number }
  /** bit per code of METHODS */
  | { op: 'method'; mask: number }
  /** 1 per status 0–999 */
  | { op: 'status'; set: Uint8Array }
  /** 1 per class of VERSION_NAMES */
  | { op: 'version'; set: Uint8Array }
  | { op: 'malformed' }
  /** any other column; asked per row */
  | { op: 'row'; test: (batch: Batch, row: number) => boolean }
  | { op: 'always'; value: boolean };

/** Collects the predicates over texts of all rules; equal ones get one number. */
export interface PredicateTable {
  readonly list: TextPredicate[];
  add(text: TextName, region: Region, patterns: readonly Pattern[]): Node;
}

export function createPredicateTable(): PredicateTable {
  const list: TextPredicate[] = [];
  const known = new Map<string, number>();
  return {
    list,
    add(text, region, patterns) {
      const key = JSON.stringify([
        text,
        region,
        patterns.map((p) => (p.kind === 'literal' ? { ...p, bytes: [...p.bytes] } : p)),
      ]);
      let id = known.get(key);
      if (id === undefined) {
        id = list.length;
        known.set(key, id);
        list.push({ id, text: TEXTS.indexOf(text), region, patterns });
      }
      return { op: 'text', id };
    },
  };
}

/** A tree with nested and/or flattened and constants folded. */
export function simplify(node: Node): Node {
  if (node.op === 'not') {
    const inner = simplify(node.node);
    if (inner.op === 'always') return { op: 'always', value: !inner.value };
    return inner.op === 'not' ? inner.node : { op: 'not', node: inner };
  }
  if (node.op !== 'and' && node.op !== 'or') return node;
  const absorbing = node.op === 'or';
  const nodes: Node[] = [];
  for (const child of node.nodes.map(simplify)) {
    if (child.op === 'always') {
      if (child.value === absorbing) return child;
    } else if (child.op === node.op) nodes.push(...child.nodes);
    else nodes.push(child);
  }
  if (nodes.length === 0) return { op: 'always', value: !absorbing };
  return nodes.length === 1 ? nodes[0]! : { op: node.op, nodes };
}

/** Columns that a verdict is remembered by; the texts' bits stand in `truth`. */
export interface Facts {
  /** 1 per true text predicate */
  truth: Uint8Array;
  method: number;
  status: number;
  version: number;
  malformed: boolean;
  /** false: method, status, version and malformed are not known either */
  known: boolean;
  /** null: the other columns are not known yet */
  batch: Batch | null;
  row: number;
}

/** Three values: 0 false, 1 true, 2 depends on columns that are not known. */
export function decide(node: Node, facts: Facts): 0 | 1 | 2 {
  switch (node.op) {
    case 'text':
      return facts.truth[node.id] === 1 ? 1 : 0;
    case 'method':
      return facts.known ? (((node.mask >> facts.method) & 1) as 0 | 1) : 2;
    case 'status':
      if (!facts.known) return 2;
      return node.set[facts.status] === 1 ? 1 : 0;
    case 'version':
      if (!facts.known) return 2;
      return node.set[facts.version] === 1 ? 1 : 0;
    case 'malformed':
      if (!facts.known) return 2;
      return facts.malformed ? 1 : 0;
    case 'row':
      if (facts.batch === null) return 2;
      return node.test(facts.batch, facts.row) ? 1 : 0;
    case 'always':
      return node.value ? 1 : 0;
    case 'not': {
      const inner = decide(node.node, facts);
      return inner === 2 ? 2 : inner === 1 ? 0 : 1;
    }
    case 'and': {
      let result: 0 | 1 | 2 = 1;
      for (const child of node.nodes) {
        const value = decide(child, facts);
        if (value === 0) return 0;
        if (value === 2) result = 2;
      }
      return result;
    }
    case 'or': {
      let result: 0 | 1 | 2 = 0;
      for (const child of node.nodes) {
        const value = decide(child, facts);
        if (value === 1) return 1;
        if (value === 2) result = 2;
      }
      return result;
    }
  }
}

/** Whether the tree can be true while no text predicate is: then a line is no candidate by its texts alone. */
export function canHoldWithoutText(node: Node): boolean {
  return bounds(node).canBeTrue;
}

function bounds(node: Node): { canBeTrue: boolean; canBeFalse: boolean } {
  switch (node.op) {
    case 'text':
      return { canBeTrue: false, canBeFalse: true };
    case 'always':
      return { canBeTrue: node.value, canBeFalse: !node.value };
    case 'not': {
      const inner = bounds(node.node);
      return { canBeTrue: inner.canBeFalse, canBeFalse: inner.canBeTrue };
    }
    case 'and':
    case 'or': {
      const all = node.nodes.map(bounds);
      return node.op === 'and'
        ? { canBeTrue: all.every((b) => b.canBeTrue), canBeFalse: all.some((b) => b.canBeFalse) }
        : { canBeTrue: all.some((b) => b.canBeTrue), canBeFalse: all.every((b) => b.canBeFalse) };
    }
    default:
      return { canBeTrue: true, canBeFalse: true };
  }
}

/** Numbers of the text predicates of a tree. */
export function textPredicates(node: Node, into: Set<number> = new Set()): Set<number> {
  if (node.op === 'text') into.add(node.id);
  else if (node.op === 'not') textPredicates(node.node, into);
  else if (node.op === 'and' || node.op === 'or') for (const child of node.nodes) textPredicates(child, into);
  return into;
}

/** Numbers of the text predicates that speak for a match: those under no `not`. */
export function positivePredicates(node: Node, positive = true, into: Set<number> = new Set()): Set<number> {
  if (node.op === 'text') {
    if (positive) into.add(node.id);
  } else if (node.op === 'not') positivePredicates(node.node, !positive, into);
  else if (node.op === 'and' || node.op === 'or') {
    for (const child of node.nodes) positivePredicates(child, positive, into);
  }
  return into;
}
