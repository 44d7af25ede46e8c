/**
 * The binary form of a state, little endian: what threads hand over now and queue chunks will.
 * Canonical: a settled state has exactly one form, so two states are equal when their bytes are.
 *
 *   "PWD1" · u32 version · u32 level · u32 rows · u32 length of the text part · u32 0
 *   rows, sorted by (space, hi, lo): u32 space, hi, lo, touches, visits · touches (8 words each) · visits (3 words each),
 *     both sorted by (word 1, word 0, word 2, word 3)
 *   text part: JSON {prefixes, timeline, hosts, destinations, spans, coverage}, sparse, sorted
 */

import { absorbEntries } from './additions.ts';
import { TOUCH_WORDS, VISIT_WORDS } from './entry.ts';
import { byKey, hiOf, loOf, rowOf, spaceOf } from './ledger.ts';
import { lengthOf, type PackedLists, pageOf, startOf } from './lists.ts';
import { remember, type State } from './state.ts';

const MAGIC = 0x31445750;
/** 2: measures of declared systems. What version 1 holds means the same. */
export const DELTA_VERSION = 2;
const HEADER_WORDS = 6;

/**
 * The bytes of a state. Settle it first where canonical bytes are wanted. In the order of arrival they cost a fifth of
 * the time, and merge to the same: for deltas that are merged once and forgotten.
 */
export function encodeState(state: State, arrangement: 'canonical' | 'arrival' = 'canonical'): Uint8Array {
  const { ledger } = state;
  const isCanonical = arrangement === 'canonical';
  const order = Array.from({ length: ledger.rows }, (_, i) => i);
  if (isCanonical) order.sort(byKey(ledger));
  let words = HEADER_WORDS;
  for (const row of order)
    words += 5 + lengthOf(ledger.touches, row) * TOUCH_WORDS + lengthOf(ledger.visits, row) * VISIT_WORDS;
  const text = new TextEncoder().encode(JSON.stringify(textPart(state)));
  const padded = Math.ceil(text.length / 4);
  const out = new Uint32Array(words + padded);
  out.set([MAGIC, DELTA_VERSION, ledger.level, ledger.rows, text.length, 0]);
  let at = HEADER_WORDS;
  for (const row of order) {
    out[at++] = spaceOf(ledger, row);
    out[at++] = hiOf(ledger, row);
    out[at++] = loOf(ledger, row);
    out[at++] = lengthOf(ledger.touches, row);
    out[at++] = lengthOf(ledger.visits, row);
    at = writeList(ledger.touches, row, out, at, isCanonical);
    at = writeList(ledger.visits, row, out, at, isCanonical);
  }
  const bytes = new Uint8Array(out.buffer);
  bytes.set(text, words * 4);
  return bytes;
}

function writeList(lists: PackedLists, row: number, out: Uint32Array, at: number, isCanonical: boolean): number {
  const n = lengthOf(lists, row);
  if (n === 0) return at;
  const { words } = lists.shape;
  const page = pageOf(lists, row);
  const start = startOf(lists, row);
  if (n === 1 || !isCanonical) {
    for (let i = 0; i < n * words; i++) out[at + i] = page[start + i]!;
    return at + n * words;
  }
  const order = Array.from({ length: n }, (_, i) => start + i * words).sort(
    (a, b) =>
      page[a + 1]! - page[b + 1]! ||
      page[a]! - page[b]! ||
      page[a + 2]! - page[b + 2]! ||
      (words > 3 ? page[a + 3]! - page[b + 3]! : 0),
  );
  for (const e of order) {
    for (let w = 0; w < words; w++) out[at + w] = page[e + w]!;
    at += words;
  }
  return at;
}

function textPart(state: State): object {
  const prefixes: [number, number][] = [];
  for (let i = 0; i < state.prefixes.length; i++) if (state.prefixes[i]! > 0) prefixes.push([i, state.prefixes[i]!]);
  const sorted = <V>(map: Map<number, V>) => [...map].sort((a, b) => a[0] - b[0]);
  return {
    prefixes,
    timeline: sorted(state.timeline),
    hosts: sorted(state.hosts),
    destinations: sorted(state.destinations),
    spans: sorted(state.spans),
    coverage: [...state.coverage],
  };
}

/** Thrown when bytes are no delta of a version that this program reads. `isNewer`: a newer program wrote it. */
export class DeltaError extends Error {
  readonly isNewer: boolean;

  constructor(message: string, { isNewer = false, ...options }: ErrorOptions & { isNewer?: boolean } = {}) {
    super(message, options);
    this.name = 'DeltaError';
    this.isNewer = isNewer;
  }
}

/** state := state ⊕ delta. Throws DeltaError before anything is changed when the bytes are not a delta. */
export function mergeDelta(state: State, bytes: Uint8Array): void {
  if (bytes.byteLength < HEADER_WORDS * 4 || bytes.byteLength % 4 !== 0) throw new DeltaError('delta is cut short');
  const words =
    bytes.byteOffset % 4 === 0
      ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
      : new Uint32Array(bytes.slice().buffer);
  if (words[0] !== MAGIC) throw new DeltaError('not a delta');
  const version = words[1]!;
  if (version < 1 || version > DELTA_VERSION) {
    const isNewer = version > DELTA_VERSION;
    throw new DeltaError(`delta version ${version}, this program reads up to ${DELTA_VERSION}`, { isNewer });
  }
  const rows = words[3]!;
  let at = HEADER_WORDS;
  for (let i = 0; i < rows; i++) {
    if (at + 5 > words.length) throw new DeltaError('delta is cut short');
    at += 5 + words[at + 3]! * TOUCH_WORDS + words[at + 4]! * VISIT_WORDS;
  }
  const textLength = words[4]!;
  if (at * 4 + textLength > bytes.byteLength) throw new DeltaError('delta is cut short');
  const text = parseText(bytes.subarray(at * 4, at * 4 + textLength));
  const { ledger } = state;
  ledger.level = Math.max(ledger.level, words[2]!);
  at = HEADER_WORDS;
  for (let i = 0; i < rows; i++) {
    const row = rowOf(ledger, words[at]!, words[at + 1]!, words[at + 2]!);
    const visits = at + 5 + words[at + 3]! * TOUCH_WORDS;
    const end = visits + words[at + 4]! * VISIT_WORDS;
    absorbEntries(ledger, row, 'touch', words, at + 5, visits);
    absorbEntries(ledger, row, 'visit', words, visits, end);
    at = end;
  }
  for (const [i, n] of text.prefixes) state.prefixes[i]! += n;
  for (const [pane, [all, refused]] of text.timeline) addToTimeline(state, pane, all, refused);
  for (const [i, n] of text.coverage.entries()) state.coverage[i]! += n;
  for (const [n, name] of text.hosts) remember(state.hosts, n, name);
  for (const [n, name] of text.destinations) remember(state.destinations, n, name);
  for (const [origin, [first, last]] of text.spans) widenSpan(state, origin, first, last);
}

interface TextPart {
  prefixes: [number, number][];
  timeline: [number, [number, number]][];
  hosts: [number, string][];
  destinations: [number, string][];
  spans: [number, [number, number]][];
  coverage: number[];
}

/** The text part, checked before anything is changed. */
function parseText(bytes: Uint8Array): TextPart {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new DeltaError('the text part of a delta is damaged', { cause });
  }
  const part = (value ?? {}) as Partial<Record<keyof TextPart, unknown>>;
  const isPair = (entry: unknown) => Array.isArray(entry) && entry.length === 2;
  const isPairs = (list: unknown) => Array.isArray(list) && list.every(isPair);
  const isWhole =
    [part.prefixes, part.timeline, part.hosts, part.destinations, part.spans].every(isPairs) &&
    Array.isArray(part.coverage);
  if (!isWhole) throw new DeltaError('the text part of a delta is damaged');
  return part as TextPart;
}

/** Adds to a pane of the time line. */
export function addToTimeline(state: State, pane: number, all: number, refused: number): void {
  const cell = state.timeline.get(pane);
  if (cell === undefined) state.timeline.set(pane, [all, refused]);
  else {
    cell[0] += all;
    cell[1] += refused;
  }
}

/** Widens the span of event times of an origin. */
export function widenSpan(state: State, origin: number, first: number, last: number): void {
  const span = state.spans.get(origin);
  if (span === undefined) state.spans.set(origin, [first, last]);
  else {
    span[0] = Math.min(span[0], first);
    span[1] = Math.max(span[1], last);
  }
}
