/**
 * Record keys in requests: which parameter values a source walks through. For each parameter that may name a record,
 * the keyed hash of its value and, when it ends in digits, of its block of 64 consecutive numbers, so that "in order"
 * can be told from distinct counts alone (many values, few blocks), in any order of arrival, without keeping a value.
 * Of parameters that name a record together (a name and a birth date), the pair is the key and the name its block: who
 * tries birth dates name by name has many pairs and few names.
 * Also values with characters of a query or shell language, for parameter fuzzing.
 */
import { type HashKey, hashRange, hashWords, mix32 } from '../model/hash.ts';

export interface RecordKey {
  /** hash of path and parameter name; 0 = this value is no record key */
  group: number;
  /** hash of the value */
  value: number;
  /** hash of the block of 64 numbers that the value stands in, or of the first part of a pair; 0 = it does not end in digits */
  block: number;
  /** several parameters name the record together */
  isPair: boolean;
  /** hash of the parameter name when the value holds at least two characters of a query or shell language; else 0 */
  odd: number;
}

export interface RecordKeys {
  /** results of the last `find`, reused */
  readonly found: RecordKey[];
  /** Looks through path[start, query) and the parameters behind it; returns how many stand in `found`. */
  find(bytes: Uint8Array, view: DataView, start: number, query: number, end: number, pathHash: number): number;
}

/** Parameters and path segments of one request that are looked at. */
const PARAMETERS_MAX = 16;
/**
 * Names that name a record on any path, when the inventory does not say which do. All others, `id` among them, do so on
 * look-up paths only (DETECTIONS W24): a gallery and a news page number what they show, too.
 */
const KEY_NAME = /vote|regist|record|licen[cs]e|ballot|last_?name|surname|dob|birth|ssn/i;
/** Paths on which a record is looked up. */
const KEY_PATH =
  /lookup|look-up|voter|elector|regist|record|ballot|absentee|status|polling|precinct|candidate|member|account|profile|document|download|detail|\.pdf/i;
/** Names whose values count pages, languages, searches: never a record. */
const NOT_KEY =
  /^(p|pg|page|paged|pageno|page_?num|page_?size|per_?page|offset|start|from|limit|size|count|rows|sort|order|dir|lang|locale|hl|q|query|search|s|term|keyword|keywords|text|zip|zipcode|postcode|city|state|county|date|day|month|year|t|ts|time|timestamp|_|v|ver|version|rev|cb|cache|rnd|random|nonce|w|h|width|height|x|y|z|lat|lon|lng|zoom|utm_.*|gclid|fbclid|ref|referrer|callback|format|view|tab|theme|color)$/i;

/**
 * `declared` are the record_key_params of the inventory, each the names that make a key together; with any, only those
 * count as record keys.
 */
export function createRecordKeys(key: HashKey, declared: readonly (readonly string[])[]): RecordKeys {
  const empty = () => ({ group: 0, value: 0, block: 0, isPair: false, odd: 0 });
  const found: RecordKey[] = Array.from({ length: PARAMETERS_MAX }, empty);
  const lower = declared.map((names) => names.map((name) => name.toLowerCase()));
  const declaredNames = new Set(lower.filter((names) => names.length === 1).flat());
  const isDeclared = lower.length > 0;
  const pairs = createPairs(
    key,
    lower.filter((names) => names.length > 1),
  );
  // whether a path or a name is eligible, by its hash; cleared when full, so bounded
  const paths = new Map<number, boolean>();
  const names = new Map<number, number>();

  const decode = (bytes: Uint8Array, start: number, end: number) => {
    let s = '';
    for (let i = start; i < end; i++) s += String.fromCharCode(bytes[i]!);
    return s;
  };

  /** 1 names a record anywhere, 2 may name one on a look-up path, 0 never */
  const nameClass = (bytes: Uint8Array, view: DataView, start: number, end: number): number => {
    const hash = hashRange(bytes, view, start, end, key);
    let known = names.get(hash);
    if (known === undefined) {
      const name = decode(bytes, start, Math.min(end, start + 64));
      if (isDeclared) known = declaredNames.has(name.toLowerCase()) ? 1 : 0;
      else known = NOT_KEY.test(name) ? 0 : KEY_NAME.test(name) ? 1 : 2;
      if (names.size > 20_000) names.clear();
      names.set(hash, known);
    }
    return known;
  };

  const eligiblePath = (bytes: Uint8Array, start: number, end: number, pathHash: number): boolean => {
    let known = paths.get(pathHash);
    if (known === undefined) {
      known = KEY_PATH.test(decode(bytes, start, Math.min(end, start + 256)));
      if (paths.size > 50_000) paths.clear();
      paths.set(pathHash, known);
    }
    return known;
  };

  /** hash of the 64-block of the number that ends bytes[start, end), or 0 */
  const blockOf = (bytes: Uint8Array, view: DataView, start: number, end: number): number => {
    let d = end;
    while (d > start && end - d < 15 && bytes[d - 1]! >= 48 && bytes[d - 1]! <= 57) d--;
    if (d === end) return 0;
    let value = 0;
    for (let i = d; i < end; i++) value = value * 10 + (bytes[i]! - 48);
    const block = Math.floor(value / 64);
    return hashWords(key.a, hashRange(bytes, view, start, d, key), block >>> 0, Math.floor(block / 4294967296)) | 1;
  };

  return {
    found,
    find(bytes, view, start, query, end, pathHash) {
      let n = 0;
      if (query < end) {
        let at = query + 1;
        for (let p = 0; p < PARAMETERS_MAX && at < end; p++) {
          let stop = at;
          let equals = -1;
          let odd = 0;
          for (; stop < end; stop++) {
            const c = bytes[stop]!;
            if (c === 0x26) break;
            if (c === 0x3d && equals < 0) equals = stop;
            else if (equals >= 0 && isOdd(bytes, stop, end)) odd++;
          }
          if (equals > at && stop > equals + 1) {
            const named = nameClass(bytes, view, at, equals);
            pairs?.note(bytes, view, at, equals, stop);
            const isKey = named === 1 || (named === 2 && eligiblePath(bytes, start, query, pathHash));
            if (isKey || odd >= 2) {
              const f = found[n++]!;
              f.isPair = false;
              const nameHash = hashRange(bytes, view, at, equals, key);
              f.value = hashRange(bytes, view, equals + 1, stop, key);
              f.group = isKey ? hashWords(key.b, pathHash, nameHash) | 1 : 0;
              f.block = isKey ? blockOf(bytes, view, equals + 1, stop) : 0;
              f.odd = odd >= 2 ? mix32(nameHash ^ pathHash) | 1 : 0;
            }
          }
          at = stop + 1;
        }
        if (pairs !== null) n = pairs.add(found, n, pathHash);
      }
      // a number as last segment of a look-up path: /voter/12345
      if (query > start && isDigit(bytes[query - 1]!) && n < PARAMETERS_MAX && !isDeclared) {
        let s = query;
        while (s > start && bytes[s - 1] !== 0x2f) s--;
        if (s > start + 1 && query - s <= 20) {
          const prefixHash = hashRange(bytes, view, start, s, key);
          if (eligiblePath(bytes, start, s, prefixHash)) {
            const f = found[n++]!;
            f.group = hashWords(key.b, prefixHash, 0) | 1;
            f.value = hashRange(bytes, view, s, query, key);
            f.block = blockOf(bytes, view, s, query);
            f.isPair = false;
            f.odd = 0;
          }
        }
      }
      return n;
    },
  };
}

/** Parameters that name a record together, gathered while a query is gone through; null without any. */
interface Pairs {
  note(bytes: Uint8Array, view: DataView, name: number, equals: number, end: number): void;
  /** Puts the pairs whose first part the query has in `found` behind its first n; how many stand there then. */
  add(found: RecordKey[], n: number, pathHash: number): number;
}

function createPairs(key: HashKey, declared: readonly (readonly string[])[]): Pairs | null {
  if (declared.length === 0) return null;
  const names = new Map<string, { pair: number; part: number }[]>();
  for (const [pair, parts] of declared.entries())
    for (const [part, name] of parts.entries()) names.set(name, [...(names.get(name) ?? []), { pair, part }]);
  const longest = Math.max(...[...names.keys()].map((name) => name.length));
  const values = declared.map((parts) => new Uint32Array(parts.length));
  return {
    note(bytes, view, name, equals, end) {
      if (equals - name > longest) return;
      let text = '';
      for (let i = name; i < equals; i++) text += String.fromCharCode(bytes[i]!);
      for (const { pair, part } of names.get(text.toLowerCase()) ?? [])
        values[pair]![part] = hashRange(bytes, view, equals + 1, end, key) | 1;
    },
    add(found, n, pathHash) {
      for (const [pair, parts] of values.entries()) {
        if (parts[0] !== 0 && n < found.length) {
          const f = found[n++]!;
          f.group = hashWords(key.b, pathHash, pair, 1) | 1;
          f.value = parts.reduce((hash, part) => hashWords(key.a, hash, part), 0);
          f.block = parts[0]!;
          f.isPair = true;
          f.odd = 0;
        }
        parts.fill(0);
      }
      return n;
    },
  };
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** ' " < > ; | ` $ ( ) { } \ and NUL, plain or percent-encoded */
export function isOdd(bytes: Uint8Array, i: number, end: number): boolean {
  switch (bytes[i]) {
    case 0x27:
    case 0x22:
    case 0x3c:
    case 0x3e:
    case 0x3b:
    case 0x7c:
    case 0x60:
    case 0x24:
    case 0x28:
    case 0x29:
    case 0x7b:
    case 0x7d:
    case 0x5c:
      return true;
    case 0x25: {
      if (i + 2 >= end) return false;
      const code = (hexOf(bytes[i + 1]!) << 4) | hexOf(bytes[i + 2]!);
      return (
        code === 0 ||
        code === 0x27 ||
        code === 0x22 ||
        code === 0x3c ||
        code === 0x3e ||
        code === 0x3b ||
        code === 0x7c ||
        code === 0x60 ||
        code === 0x24 ||
        code === 0x28 ||
        code === 0x29 ||
        code === 0x7b ||
        code === 0x7d ||
        code === 0x5c
      );
    }
    default:
      return false;
  }
}

function hexOf(c: number): number {
  return c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : 255;
}
