/**
 * Verdicts of texts: which predicates hold in which form of a text, as a small number. Each distinct text is scanned once;
 * its verdict is remembered under its hash. Verdicts are a function of the text alone, so that forgetting them changes
 * nothing: the tables are two-way sets that replace the older entry, and numbers are handed out anew when they run out.
 */
import { TEXTS } from './predicate.ts';
import { isStaticPath } from './static-path.ts';
import type { TextScanner } from './text-scanner.ts';

/** Slots of the table of judged texts of each kind (four words each): 65,536 targets are 1 MiB. */
const SLOTS: readonly number[] = [65_536, 16_384, 32_768, 4096, 4096];
/** Verdicts that are numbered at a time; a combination keeps 14 bits of each. */
const VERDICTS_MAX = 16_383;
/** A target's verdict carries whether it is remembered, and whether its path is that of a static asset. */
const VALID = 0x8000_0000;
const STATIC = 0x4000_0000;
/** Verdict that no predicate holds in any form. */
export const NOTHING = 0;

const EMPTY = new Uint16Array(0);

/** Verdicts of the texts that a rule set looks at. */
export interface Verdicts {
  /** verdict of a text that is not there, by kind; numbered again with the rest */
  readonly absent: Int32Array;
  /** counts up when numbers are handed out anew */
  readonly generation: number;
  /** the true predicates of each form of a text with that verdict */
  formsOf(verdict: number): readonly Uint16Array[];
  /** Starts anew when fewer than `count` numbers are left; true when it did. */
  reserve(count: number): boolean;
  /**
   * Verdict of a text other than the target under its hash (two lanes, unsigned), which must be that of
   * bytes[start, end). Call `reserve` before.
   */
  ofText(kind: number, bytes: Uint8Array, start: number, end: number, a: number, second: number): number;
  /** The same of a target, whose path ends at `pathEnd`; STATIC_BIT says that it is that of a static asset. */
  ofTarget(
    bytes: Uint8Array,
    start: number,
    end: number,
    pathEnd: number,
    malformed: boolean,
    a: number,
    second: number,
  ): number;
}

/** Bit of a target's verdict: its path is that of a static asset. */
export const STATIC_BIT = 30;

/** Verdicts of a rule set; `used`: which texts (index in TEXTS) its rules look at. */
export function createVerdicts(scanner: TextScanner, used: readonly boolean[]): Verdicts {
  // judged texts: hash a, hash b, verdict and flags, hash of the path (targets)
  const slots = SLOTS.map((n) => new Uint32Array(4 * n));
  /** per verdict number: the true predicates of each form */
  let verdicts: (readonly Uint16Array[])[] = [[EMPTY]];
  let verdictNumbers = new Map<string, number>();
  const absent = new Int32Array(TEXTS.length);
  let generation = 0;

  function forget(): void {
    generation++;
    for (const table of slots) table.fill(0);
    verdicts = [[EMPTY]];
    verdictNumbers = new Map();
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
   * The same of a text other than the target.
   */
  function ofText(kind: number, bytes: Uint8Array, start: number, end: number, a: number, second: number): number {
    const table = slots[kind]!;
    const at = (a & (SLOTS[kind]! - 2)) << 2;
    if (table[at] === a && table[at + 1] === second && table[at + 2] !== 0) return table[at + 2]! & 0xffff;
    if (table[at + 4] === a && table[at + 5] === second && table[at + 6] !== 0) return table[at + 6]! & 0xffff;
    const number = judge(kind, bytes, start, end, false);
    age(table, at);
    table[at] = a;
    table[at + 1] = second;
    table[at + 2] = (VALID | number) >>> 0;
    return number;
  }

  function ofTarget(
    bytes: Uint8Array,
    start: number,
    end: number,
    pathEnd: number,
    malformed: boolean,
    a: number,
    second: number,
  ): number {
    const table = slots[0]!;
    const at = (a & (SLOTS[0]! - 2)) << 2;
    if (table[at] === a && table[at + 1] === second && table[at + 2] !== 0) return table[at + 2]!;
    if (table[at + 4] === a && table[at + 5] === second && table[at + 6] !== 0) return table[at + 6]!;
    let value = VALID | judge(0, bytes, start, end, malformed);
    if (!malformed && pathEnd >= end && isStaticPath(bytes, start, end)) value |= STATIC;
    age(table, at);
    table[at] = a;
    table[at + 1] = second;
    table[at + 2] = value;
    return value;
  }

  forget();
  return {
    absent,
    get generation() {
      return generation;
    },
    formsOf: (verdict) => verdicts[verdict]!,
    reserve(count) {
      if (verdicts.length <= VERDICTS_MAX - count) return false;
      forget();
      return true;
    },
    ofText,
    ofTarget,
  };
}

/** The newer entry of a set becomes the older one. */
function age(table: Uint32Array, at: number): void {
  table[at + 4] = table[at]!;
  table[at + 5] = table[at + 1]!;
  table[at + 6] = table[at + 2]!;
  table[at + 7] = table[at + 3]!;
}
