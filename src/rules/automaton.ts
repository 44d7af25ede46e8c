/**
 * One multi-pattern automaton over bytes (Aho and Corasick, CACM 18/6, 1975): all literals of all rules are found in one
 * pass over a text, whatever their number. Case-folded ASCII, byte classes, dense transitions in one Int32Array; a state
 * that reports something is stored as its complement, so that the loop asks one question per byte.
 */

/** A compiled set of literals. `next[state + classes[byte]]` is the next state, complemented when it reports. */
export interface Automaton {
  /** byte → class; 0 = stands in no literal */
  readonly classes: Uint8Array;
  readonly classCount: number;
  readonly next: Int32Array;
  /** per state (divided by classCount): where its literals begin in `found`; one more entry at the end */
  readonly foundStart: Uint32Array;
  /** numbers of the literals that end in a state */
  readonly found: Uint32Array;
  readonly states: number;
}

/** States beyond this are refused: 262,144 states of 64 classes are 64 MB. */
const STATES_MAX = 262_144;

/** ASCII upper case → lower case. */
export function foldByte(c: number): number {
  return c >= 65 && c <= 90 ? c + 32 : c;
}

/** Builds the automaton of non-empty literals (any case; they are folded). Returns null when there are too many states. */
export function buildAutomaton(literals: readonly Uint8Array[]): Automaton | null {
  const classes = new Uint8Array(256);
  let classCount = 1;
  for (const literal of literals) {
    for (const raw of literal) {
      const c = foldByte(raw);
      // class 255 would take all of a Uint8Array: 229 bytes are left after folding, so that it always fits
      if (classes[c] === 0) classes[c] = classCount++;
    }
  }
  for (let c = 65; c <= 90; c++) classes[c] = classes[c + 32]!;

  let states = 1;
  let trie = new Int32Array(1024 * classCount).fill(-1);
  const ends: number[][] = [[]];
  for (const [number, literal] of literals.entries()) {
    let s = 0;
    for (const raw of literal) {
      const at = s * classCount + classes[raw]!;
      let to = trie[at]!;
      if (to < 0) {
        if (states === STATES_MAX) return null;
        to = states++;
        if (states * classCount > trie.length) {
          const larger = new Int32Array(trie.length * 2).fill(-1);
          larger.set(trie);
          trie = larger;
        }
        trie[at] = to;
        ends.push([]);
      }
      s = to;
    }
    ends[s]!.push(number);
  }

  // breadth first: the failure state of a state is done before the state itself
  const fail = new Int32Array(states);
  const order = new Int32Array(states);
  let head = 0;
  let tail = 1;
  while (head < tail) {
    const s = order[head++]!;
    const f = fail[s]!;
    for (let c = 0; c < classCount; c++) {
      const at = s * classCount + c;
      const to = trie[at]!;
      const other = s === 0 ? 0 : trie[f * classCount + c]!;
      if (to < 0) trie[at] = other;
      else {
        fail[to] = other;
        order[tail++] = to;
      }
    }
    if (s !== 0 && ends[f]!.length > 0) ends[s]!.push(...ends[f]!);
  }

  // numbered breadth first: the shallow states, where a text spends its time, lie together in the cache
  const rank = new Int32Array(states);
  for (let k = 0; k < states; k++) rank[order[k]!] = k;
  const foundStart = new Uint32Array(states + 1);
  for (let k = 0; k < states; k++) foundStart[k + 1] = foundStart[k]! + ends[order[k]!]!.length;
  const found = new Uint32Array(foundStart[states]!);
  const next = new Int32Array(states * classCount);
  for (let k = 0; k < states; k++) {
    const s = order[k]!;
    found.set(ends[s]!, foundStart[k]);
    for (let c = 0; c < classCount; c++) {
      const to = trie[s * classCount + c]!;
      const at = rank[to]! * classCount;
      next[k * classCount + c] = ends[to]!.length > 0 ? ~at : at;
    }
  }
  return { classes, classCount, next, foundStart, found, states };
}
