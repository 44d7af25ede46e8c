/**
 * The kernel of access logs in WebAssembly (AssemblyScript): a piece of a log in memory → columns of a batch, with what
 * the rules say of lines whose texts were judged before. It knows the one shape that almost every line has
 * (`[host ]address - user [time] "METHOD target HTTP/x.y" 200 123 "referrer" "user agent"`); any other line goes on a
 * list, for the grammar. What it does not know of a text or of a combination of verdicts is left to the matcher, which
 * teaches it by `learn`. src/formats/combined-kernel.ts and src/rules/matcher.ts are what it must agree with, line by line.
 *
 * Texts are found in tables by a hash of 64 bits made of NH (UMAC, RFC 4418, part 5.2): a sum of products of words to
 * which secret words were added, so that nobody can prepare two texts of one hash; it has no chain of dependent steps.
 * Each loop over the rows of a piece asks one table, so that several misses of the cache are under way at a time.
 */

// ---- memory map; the exported numbers are what the TypeScript side needs to know of it

/** Rows of a piece. */
export const ROWS: i32 = 1024;
/** Bytes of a piece at most. */
export const PIECE_BYTES: i32 = 131072;
/** Longest text that has a hash; a longer one is judged anew each time. */
const TEXT_MAX: i32 = 512;

/** Secret words of the hashes, TEXT_MAX + 32 bytes and three more words of 64 bits. */
export const SECRET: usize = 4096;
export const SECRET_BYTES: i32 = 568;
const MASKS: usize = 5120;
const SEEN: usize = 5440;
const GROUPS: usize = 5504;
/** Byte → class of the automaton. */
export const CLASSES: usize = 5632;
/** 64 words of 64 bits: endings of static assets, a byte a character, the first one lowest; unused ones are 0. */
export const ENDINGS: usize = 6144;
const ENDINGS_MAX: i32 = 64;

const C1: usize = 1024;
const C2: usize = 2048;
const C4: usize = 4096;
const C8: usize = 8192;
const COLUMNS: usize = 8192;
export const TIME: usize = COLUMNS;
export const OFFSET: usize = TIME + C8;
const TARGET_KEY: usize = OFFSET + C8;
const AGENT_KEY: usize = TARGET_KEY + C8;
const REFERRER_KEY: usize = AGENT_KEY + C8;
export const SOURCE_HI: usize = REFERRER_KEY + C8;
export const SOURCE_LO: usize = SOURCE_HI + C4;
export const IID_HI: usize = SOURCE_LO + C4;
export const IID_LO: usize = IID_HI + C4;
export const SIZE: usize = IID_LO + C4;
export const LINE_START: usize = SIZE + C4;
export const LINE_END: usize = LINE_START + C4;
export const TARGET_START: usize = LINE_END + C4;
export const TARGET_END: usize = TARGET_START + C4;
export const QUERY_START: usize = TARGET_END + C4;
export const HOST_START: usize = QUERY_START + C4;
export const HOST_END: usize = HOST_START + C4;
export const USER_START: usize = HOST_END + C4;
export const USER_END: usize = USER_START + C4;
export const REFERRER_START: usize = USER_END + C4;
export const REFERRER_END: usize = REFERRER_START + C4;
export const AGENT_START: usize = REFERRER_END + C4;
export const AGENT_END: usize = AGENT_START + C4;
export const PATH_HASH: usize = AGENT_END + C4;
const ENTRY: usize = PATH_HASH + C4;
/** Rows that the matcher is to be asked about. */
export const ASKED: usize = ENTRY + C4;
/** Lines for the grammar: offset of each, then of their ends. */
export const ODD_START: usize = ASKED + C4;
export const ODD_END: usize = ODD_START + C4;
const SUSPECTS: usize = ODD_END + C4;
export const STATUS: usize = SUSPECTS + C4;
const TARGET_VERDICT: usize = STATUS + C2;
const AGENT_VERDICT: usize = TARGET_VERDICT + C2;
const REFERRER_VERDICT: usize = AGENT_VERDICT + C2;
export const FLAGS: usize = REFERRER_VERDICT + C2;
export const METHOD: usize = FLAGS + C1;
export const VERSION: usize = METHOD + C1;
export const IS_STATIC: usize = VERSION + C1;
/** 1 where the target is known to hold no record key. */
export const KEYLESS: usize = IS_STATIC + C1;
/** Labels of a row that needs no matcher: bits as in `learn`. */
export const LABELS: usize = KEYLESS + C1;
/** What a row is that shows nothing but itself: ORDINARY of src/model/rule.ts, 0 = it wants a second look. */
export const ORDINARY: usize = LABELS + C1;

/** Where the bytes of a piece go; 64 bytes behind it may be read. */
export const PIECE: usize = 196608;
const MARKS: usize = PIECE + <usize>PIECE_BYTES + 256;
const COMBINATIONS: usize = MARKS + 4 * <usize>PIECE_BYTES + 256;
const COMBINATION_SLOTS: u32 = 4096;
const TARGETS: usize = COMBINATIONS + 8 * <usize>COMBINATION_SLOTS;
const TARGET_SETS: u32 = 32768;
const AGENTS: usize = TARGETS + 32 * <usize>TARGET_SETS;
const AGENT_SETS: u32 = 8192;
const REFERRERS: usize = AGENTS + 32 * <usize>AGENT_SETS;
const REFERRER_SETS: u32 = 16384;
/** Transitions of the automaton of all literals, up to the end of the memory. */
export const AUTOMATON: usize = REFERRERS + 32 * <usize>REFERRER_SETS;

// an entry of a table: hash (8 bytes), hash of the path (4), verdict and flags (4; 0 = the entry is empty)
const VALID: u32 = 0x80000000;
const STATIC: u32 = 0x40000000;
/** the target may hold a record key */
const SUSPECT: u32 = 0x20000000;
const VERDICT: u32 = 0x3fff;
const UNKNOWN: u32 = 0xffff;

// flags of a row, as FLAG of src/model/batch.ts
const IPV6: u32 = 16;
const HAS_HOST: u32 = 64;
const PRIVATE: u32 = 128;
const NO_SIZE: u32 = 0xffffffff;
const ZERO_PREFIX: u32 = 0xffffffff;

// ---- settings, by `configure` and `forget`
let keyA: u32 = 0;
let keyB: u32 = 0;
let usesAgent: bool = false;
let usesReferrer: bool = false;
let usesHost: bool = false;
let usesUser: bool = false;
let noAgent: u32 = 0;
let noReferrer: u32 = 0;
/** shift from a state to its row of transitions */
let stateShift: u32 = 0;
/** for each state, which literals end in it that a rule about targets, or about referrers, waits for; 0 = ask the matcher */
let targetHeard: usize = 0;
let referrerHeard: usize = 0;
// bits of a transition, above the number of the state: whether anything stands there
const TARGET_BIT: u32 = 0x8000;
const REFERRER_BIT: u32 = 0x4000;
const STATE: u32 = 0x3fff;

// ---- results of `fill`
export let rows: i32 = 0;
export let asked: i32 = 0;
export let odd: i32 = 0;
// of the rows how many have a host, a query, a size, a user agent, and how many are POSTs
export let withHost: i32 = 0;
export let withQuery: i32 = 0;
export let withSize: i32 = 0;
export let withAgent: i32 = 0;
export let posts: i32 = 0;
let suspects: u32 = 0;
let seenMs: f64 = 0;
/** 2049-01-01, from which on nothing is counted (src/formats/clock.ts) */
const DATES_END_MS: f64 = 2493072000000;
let isSeen: bool = false;

// results of the functions that read a part of a line
let w0: u32 = 0;
let w1: u32 = 0;
let w2: u32 = 0;
let w3: u32 = 0;
let query: usize = 0;
let lastMark: usize = 0;

/** Sets the keys of the path hash and which texts the rules look at. Once, before anything else. */
export function configure(a: i32, b: i32, agent: bool, referrer: bool, host: bool, user: bool): void {
  keyA = a;
  keyB = b;
  usesAgent = agent;
  usesReferrer = referrer;
  usesHost = host;
  usesUser = user;
  for (let r: u32 = 0; r < 16; r++) {
    for (let i: u32 = 0; i < 16; i++) store<u8>(MASKS + r * 16 + i, i < r ? 255 : 0);
  }
}

/**
 * What stands at AUTOMATON: a state is a row of 2^shift transitions of 16 bits. The addresses are those of 16 bits for
 * each state: 0, 0xffff when a literal ends there that a rule waits for, else its size when it counts at the start only.
 */
export function listen(shift: i32, target: i32, referrer: i32): void {
  stateShift = shift;
  targetHeard = target;
  referrerHeard = referrer;
}

/** Forgets all verdicts: their numbers are handed out anew. The two are those of a text that is not there. */
export function forget(agent: i32, referrer: i32): void {
  noAgent = agent;
  noReferrer = referrer;
  suspects = 0;
  memory.fill(COMBINATIONS, 0, AUTOMATON - COMBINATIONS);
}

/**
 * Reads the lines of [start, end), which ends with a line feed: usual ones into rows, `rows` of them, the others into the
 * list of `odd` ones. Rows whose rules are not known are listed as `asked`. Returns the end of the last line that was
 * read: less than `end` when there were more than ROWS.
 */
export function fill(start: i32, end: i32, base: f64): i32 {
  settleSuspects();
  mark(start, end);
  let at: usize = start;
  let marks = MARKS;
  rows = 0;
  odd = 0;
  withHost = 0;
  withQuery = 0;
  withSize = 0;
  withAgent = 0;
  posts = 0;
  while (at < <usize>end && rows + odd < ROWS) {
    if (line(at, marks, rows)) {
      store<f64>(OFFSET + ((<usize>rows) << 3), base + <f64>(at - PIECE));
      rows++;
      marks = lastMark;
    } else {
      while (load<u8>(load<u32>(marks)) != 10) marks += 4;
      store<u32>(ODD_START + ((<usize>odd) << 2), <u32>(at - PIECE));
      store<u32>(ODD_END + ((<usize>odd) << 2), load<u32>(marks) - <u32>PIECE);
      odd++;
    }
    at = <usize>load<u32>(marks) + 1;
    marks += 4;
  }
  askTargets();
  askAgents();
  askReferrers();
  askCombinations();
  return <i32>at;
}

/** Lists the addresses of all quotation marks and control bytes of [start, end). */
function mark(start: usize, end: usize): void {
  const quote = i8x16.splat(34);
  const control = i8x16.splat(31);
  let to = MARKS;
  for (let p = start; p < end; p += 64) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const c = v128.load(p, 32);
    const d = v128.load(p, 48);
    const low = <u64>(<u32>(bits(a, quote, control) | (bits(b, quote, control) << 16)));
    const high = <u64>(<u32>(bits(c, quote, control) | (bits(d, quote, control) << 16)));
    let mask = low | (high << 32);
    if (p + 64 > end) mask &= ((<u64>1) << (end - p)) - 1;
    const count = <usize>popcnt(mask);
    // four at once, whether there are as many or not: no branch that depends on the bytes
    store<u32>(to, <u32>(p + <usize>ctz(mask)));
    mask &= mask - 1;
    store<u32>(to, <u32>(p + <usize>ctz(mask)), 4);
    mask &= mask - 1;
    store<u32>(to, <u32>(p + <usize>ctz(mask)), 8);
    mask &= mask - 1;
    store<u32>(to, <u32>(p + <usize>ctz(mask)), 12);
    mask &= mask - 1;
    for (let next = to + 16; mask != 0; next += 4) {
      store<u32>(next, <u32>(p + <usize>ctz(mask)));
      mask &= mask - 1;
    }
    to += count << 2;
  }
  // a line is looked at as far as it should go: behind the last one there are line feeds
  for (let i: usize = 0; i < 8; i++) store<u32>(to + (i << 2), <u32>(end - 1));
}

@inline
function bits(word: v128, quote: v128, control: v128): i32 {
  return i8x16.bitmask(v128.or(i8x16.eq(word, quote), i8x16.eq(i8x16.min_u(word, control), word)));
}

/** A line into a row; false when it is of another shape. `lastMark` is then the place of its line feed in the list. */
function line(start: usize, marks: usize, row: usize): bool {
  const q0: usize = load<u32>(marks);
  const q1: usize = load<u32>(marks, 4);
  if (load<u8>(q0) != 34 || load<u8>(q1) != 34) return false;

  // the address, or a virtual host and then the address
  let flags: u32 = 0;
  let hostEnd = start;
  let isIpv4 = true;
  let p = ipv4At(start);
  if (p == 0) {
    p = ipv6At(start);
    isIpv4 = false;
    if (p == 0) {
      p = start;
      while (load<u8>(p) > 32) p++;
      if (load<u8>(p) != 32 || p == start) return false;
      while (load<u8>(hostEnd) != 58 && hostEnd < p) hostEnd++;
      for (let i = hostEnd + 1; i < p; i++) if (!isDigit(load<u8>(i))) return false;
      if (hostEnd == start || hostEnd + 1 == p) return false;
      const word = p + 1;
      p = ipv4At(word);
      isIpv4 = p != 0;
      if (p == 0) p = ipv6At(word);
      if (p == 0) return false;
    }
    if (!isIpv4 && w0 == 0 && w1 == 0 && w2 == 0xffff) isIpv4 = true;
  }

  // ` - user [time] "`
  if ((load<u32>(p) & 0xffffff) != 0x202d20) return false;
  const userStart = p + 3;
  let userEnd = userStart;
  if ((load<u32>(userStart) & 0xffffff) == 0x5b202d) p = userStart + 3;
  else {
    for (p = userStart; load<u8>(p) >= 32 && load<u16>(p) != 0x5b20; p++) if (p == userStart + 64) return false;
    if (load<u8>(p) != 32 || p == userStart || load<u8>(userStart) == 34) return false;
    userEnd = p;
    p += 2;
  }
  if (p + 28 != q0 || load<u16>(p, 26) != 0x205d) return false;
  if (
    !isSeen ||
    v128.any_true(
      v128.or(v128.xor(v128.load(p), v128.load(SEEN)), v128.xor(v128.load(p, 10), v128.load(SEEN + 10))),
    )
  ) {
    if (!readTime(p)) return false;
    v128.store(SEEN, v128.load(p));
    v128.store(SEEN + 10, v128.load(p, 10));
    isSeen = true;
  }

  // the request
  let method: u32;
  let target = q0 + 5;
  const word = load<u32>(q0, 1);
  if (word == 0x20544547) method = 1;
  else if ((word == 0x54534f50 || word == 0x44414548) && load<u8>(target) == 32) {
    method = word == 0x54534f50 ? 2 : 3;
    target++;
  } else return false;
  const targetEnd = q1 - 9;
  if (targetEnd <= target || load<u8>(target) == 32) return false;
  if ((load<u64>(targetEnd) & 0xff00ffffffffffff) != 0x2e002f5054544820) return false;
  const major = load<u8>(targetEnd, 6);
  const minor = load<u8>(targetEnd, 8);
  if (!isDigit(major) || !isDigit(minor)) return false;

  // `" 200 1234`
  const s0 = load<u8>(q1, 2);
  const s1 = load<u8>(q1, 3);
  const s2 = load<u8>(q1, 4);
  if (load<u8>(q1, 1) != 32 || load<u8>(q1, 5) != 32 || !isDigit(s0) || !isDigit(s1) || !isDigit(s2)) return false;
  p = q1 + 6;
  let size: u32 = 0;
  if (load<u8>(p) == 45) {
    size = NO_SIZE;
    p++;
  } else {
    const first = p;
    for (; ; p++) {
      const d = <u32>load<u8>(p) - 48;
      if (d > 9) break;
      if (p - first == 9) return false;
      size = size * 10 + d;
    }
    if (p == first) return false;
  }

  // ` "referrer" "user agent"` and whatever follows
  let referrer = PIECE;
  let referrerEnd = PIECE;
  let agent = PIECE;
  let agentEnd = PIECE;
  let next = marks + 8;
  if (load<u8>(p) == 32) {
    const q2: usize = load<u32>(marks, 8);
    const q3: usize = load<u32>(marks, 12);
    const q4: usize = load<u32>(marks, 16);
    const q5: usize = load<u32>(marks, 20);
    if (p + 1 != q2 || q3 + 2 != q4 || load<u8>(q3, 1) != 32) return false;
    if (load<u8>(q2) != 34 || load<u8>(q3) != 34 || load<u8>(q4) != 34 || load<u8>(q5) != 34) return false;
    if (load<u8>(q3 - 1) == 92 || load<u8>(q5 - 1) == 92) return false;
    if (q3 != q2 + 2 || load<u8>(q2, 1) != 45) {
      referrer = q2 + 1;
      referrerEnd = q3;
    }
    agent = q4 + 1;
    agentEnd = q5 == q4 + 2 && load<u8>(agent) == 45 ? agent : q5;
    p = q5 + 1;
    next = marks + 24;
  }
  const c = load<u8>(p);
  if (c == 32 && agent > PIECE) {
    while (load<u8>(load<u32>(next)) != 10) next += 4;
    p = load<u32>(next);
  } else if (c == 13) {
    p++;
    next += 4;
  }
  if (load<u8>(p) != 10) return false;
  lastMark = next;

  if (isIpv4) {
    store<u32>(SOURCE_HI + (row << 2), 0);
    store<u32>(SOURCE_LO + (row << 2), w3);
    store<u32>(IID_HI + (row << 2), 0);
    store<u32>(IID_LO + (row << 2), 0);
    if (isPrivateIpv4(w3)) flags = PRIVATE;
  } else {
    const hi = w0 == 0 ? ZERO_PREFIX : w0;
    store<u32>(SOURCE_HI + (row << 2), hi);
    store<u32>(SOURCE_LO + (row << 2), w1);
    store<u32>(IID_HI + (row << 2), w2);
    store<u32>(IID_LO + (row << 2), w3);
    flags = hi == ZERO_PREFIX || hi >> 22 == 0x3fa || hi >> 25 == 0x7e ? IPV6 | PRIVATE : IPV6;
  }
  if (hostEnd > start) {
    flags |= HAS_HOST;
    withHost++;
    store<u32>(HOST_START + (row << 2), <u32>(start - PIECE));
    store<u32>(HOST_END + (row << 2), <u32>(hostEnd - PIECE));
  } else {
    store<u32>(HOST_START + (row << 2), 0);
    store<u32>(HOST_END + (row << 2), 0);
  }
  store<u32>(USER_START + (row << 2), userEnd > userStart ? <u32>(userStart - PIECE) : 0);
  store<u32>(USER_END + (row << 2), userEnd > userStart ? <u32>(userEnd - PIECE) : 0);
  store<u8>(FLAGS + row, flags);
  store<f64>(TIME + (row << 3), seenMs);
  store<u8>(METHOD + row, method);
  const version = (<u32>major - 48) * 10 + <u32>minor - 48;
  const isVersion = version == 11 || version == 20 || version == 10 || version == 30 || version == 9;
  store<u8>(VERSION + row, isVersion ? version : 255);
  store<u16>(STATUS + (row << 1), (<u32>s0 - 48) * 100 + (<u32>s1 - 48) * 10 + <u32>s2 - 48);
  store<u32>(SIZE + (row << 2), size);
  store<u32>(LINE_START + (row << 2), <u32>(start - PIECE));
  store<u32>(LINE_END + (row << 2), <u32>((load<u8>(p - 1) == 13 ? p - 1 : p) - PIECE));
  store<u32>(TARGET_START + (row << 2), <u32>(target - PIECE));
  store<u32>(TARGET_END + (row << 2), <u32>(targetEnd - PIECE));
  store<u32>(REFERRER_START + (row << 2), <u32>(referrer - PIECE));
  store<u32>(REFERRER_END + (row << 2), <u32>(referrerEnd - PIECE));
  store<u32>(AGENT_START + (row << 2), <u32>(agent - PIECE));
  store<u32>(AGENT_END + (row << 2), <u32>(agentEnd - PIECE));
  store<u64>(TARGET_KEY + (row << 3), targetKey(target, targetEnd));
  store<u32>(QUERY_START + (row << 2), <u32>(query - PIECE));
  withQuery += i32(query < targetEnd);
  withSize += i32(size != NO_SIZE);
  withAgent += i32(agentEnd > agent + 1);
  posts += i32(method == 2);
  if (usesAgent) store<u64>(AGENT_KEY + (row << 3), textKey(agent, agentEnd));
  if (usesReferrer) store<u64>(REFERRER_KEY + (row << 3), textKey(referrer, referrerEnd));
  return true;
}

@inline
function isDigit(c: u32): bool {
  return c - 48 <= 9;
}

@inline
function isPrivateIpv4(v: u32): bool {
  const a = v >> 24;
  return (
    a == 10 || a == 127 || a == 0 || v >> 20 == 0xac1 || v >> 16 == 0xc0a8 || v >> 16 == 0xa9fe
  );
}

/** Strict dotted quad that ends at a blank → its value in `w3` and the address of that blank; 0 when it is none. */
function ipv4At(p: usize): usize {
  let value: u32 = 0;
  for (let part = 0; part < 4; part++) {
    // digits become 0 to 9; the lowest byte that is something else ends the octet
    const word = load<u32>(p) ^ 0x30303030;
    const other = ((word + 0x06060606) | word) & 0xf0f0f0f0;
    const digits = <u32>ctz(other) >> 3;
    if (digits - 1 > 2) return 0;
    if (((word >> (digits << 3)) & 255) != <u32>(part < 3 ? 0x1e : 0x10)) return 0;
    const aligned = word << ((4 - digits) << 3);
    const octet = (aligned >> 24) + ((aligned >> 16) & 255) * 10 + ((aligned >> 8) & 255) * 100;
    if (octet > 255 || (digits > 1 && (word & 255) == 0)) return 0;
    value = (value << 8) | octet;
    p += digits + 1;
  }
  w3 = value;
  return p - 1;
}

@inline
function hexValue(c: u32): i32 {
  if (c - 48 <= 9) return <i32>c - 48;
  const letter = c | 32;
  return letter - 97 <= 5 ? <i32>letter - 87 : -1;
}

/** IPv6 text that ends at a blank → its words and the address of that blank; 0 when it is none, or one for the grammar. */
function ipv6At(p: usize): usize {
  let count: i32 = 0;
  let gap: i32 = -1;
  let i = p;
  if (load<u8>(i) == 58) {
    if (load<u8>(i, 1) != 58) return 0;
    gap = 0;
    i += 2;
  }
  while (load<u8>(i) != 32) {
    if (count == 8) return 0;
    const start = i;
    let v: u32 = 0;
    for (;;) {
      const d = hexValue(load<u8>(i));
      if (d < 0 || i - start == 4) break;
      v = (v << 4) | d;
      i++;
    }
    if (i == start) return 0;
    const c = load<u8>(i);
    if (c == 46) return mappedAt(p, start, count, gap);
    store<u16>(GROUPS + (<usize>count << 1), v);
    count++;
    if (c == 32) break;
    if (c != 58) return 0;
    i++;
    if (load<u8>(i) == 58) {
      if (gap >= 0) return 0;
      gap = count;
      i++;
    } else if (load<u8>(i) == 32) return 0;
  }
  if (gap < 0 ? count != 8 : count > 7) return 0;
  if (gap >= 0) {
    const shift = 8 - count;
    for (let g = count - 1; g >= gap; g--) {
      store<u16>(GROUPS + (<usize>(g + shift) << 1), load<u16>(GROUPS + (<usize>g << 1)));
    }
    for (let g = gap; g < gap + shift; g++) store<u16>(GROUPS + (<usize>g << 1), 0);
  }
  w0 = rotl<u32>(load<u32>(GROUPS), 16);
  w1 = rotl<u32>(load<u32>(GROUPS, 4), 16);
  w2 = rotl<u32>(load<u32>(GROUPS, 8), 16);
  w3 = rotl<u32>(load<u32>(GROUPS, 12), 16);
  return i;
}

/** The rest of `::ffff:a.b.c.d` from its first digit; 0 when it is anything else. */
function mappedAt(p: usize, start: usize, count: i32, gap: i32): usize {
  if (gap != 0 || count != 1 || load<u16>(GROUPS) != 0xffff || start - p > 7) return 0;
  const end = ipv4At(start);
  w0 = w1 = 0;
  w2 = 0xffff;
  return end;
}

@inline
function two(p: usize): i32 {
  return (<i32>load<u8>(p) - 48) * 10 + <i32>load<u8>(p, 1) - 48;
}

/** `14/Sep/2026:08:01:00 +0200` → Unix milliseconds in `seenMs`; false when there is no such time. */
function readTime(p: usize): bool {
  // 0 a digit, 1 a letter or sign, which are looked at below
  const shape: u32 = 0x3cdb783;
  for (let i: u32 = 0; i < 26; i++) {
    if (((shape >> i) & 1) != 0 && !isDigit(load<u8>(p + i))) return false;
  }
  if (load<u8>(p, 2) != 47 || load<u8>(p, 6) != 47 || load<u8>(p, 11) != 58) return false;
  if (load<u8>(p, 14) != 58 || load<u8>(p, 17) != 58 || load<u8>(p, 20) != 32) return false;
  let month: i32;
  switch (load<u32>(p, 3) & 0xffffff) {
    case 0x6e614a:
      month = 1;
      break;
    case 0x626546:
      month = 2;
      break;
    case 0x72614d:
      month = 3;
      break;
    case 0x727041:
      month = 4;
      break;
    case 0x79614d:
      month = 5;
      break;
    case 0x6e754a:
      month = 6;
      break;
    case 0x6c754a:
      month = 7;
      break;
    case 0x677541:
      month = 8;
      break;
    case 0x706553:
      month = 9;
      break;
    case 0x74634f:
      month = 10;
      break;
    case 0x766f4e:
      month = 11;
      break;
    case 0x636544:
      month = 12;
      break;
    default:
      return false;
  }
  const year = two(p + 7) * 100 + two(p + 9);
  const day = two(p);
  const isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const days = month == 2 ? (isLeap ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  if (year < 1970 || day < 1 || day > days) return false;
  const hour = two(p + 12);
  const minute = two(p + 15);
  const second = two(p + 18);
  if (hour > 23 || minute > 59 || second > 60) return false;
  const sign = load<u8>(p, 21);
  const offset = two(p + 22) * 60 + two(p + 24);
  if ((sign != 43 && sign != 45) || two(p + 24) > 59 || offset > 840) return false;
  // days since 1970-01-01 with the year starting in March, so that the leap day comes last
  const m = month > 2 ? month - 3 : month + 9;
  const y = month > 2 ? year : year - 1;
  const date = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
  const minutes = <i64>date * 1440 + <i64>(hour * 60 + minute) + (sign == 43 ? -<i64>offset : <i64>offset);
  seenMs = <f64>((minutes * 60 + <i64>second) * 1000);
  // what lies outside of what is counted is refused by the grammar, with a reason
  return seenMs >= 0 && seenMs < DATES_END_MS;
}

/** Hash of a text under the secret words; 0 when it is longer than TEXT_MAX. */
function textKey(start: usize, end: usize): u64 {
  const size = end - start;
  if (size > <usize>TEXT_MAX) return 0;
  let a = i64x2.splat(0);
  let b = i64x2.splat(0);
  let k = SECRET;
  let p = start;
  for (; p + 16 <= end; p += 16) {
    const text = v128.load(p);
    a = i64x2.add(a, products(text, k));
    b = i64x2.add(b, products(text, k + 16));
    k += 16;
  }
  if (p < end) {
    const text = v128.and(v128.load(p), v128.load(MASKS + ((end - p) << 4)));
    a = i64x2.add(a, products(text, k));
    b = i64x2.add(b, products(text, k + 16));
  }
  return finish(a, b, size);
}

/** `textKey` of a target, and the address of its first question mark (or its end) in `query`. */
function targetKey(start: usize, end: usize): u64 {
  const size = end - start;
  const mark = i8x16.splat(63);
  let a = i64x2.splat(0);
  let b = i64x2.splat(0);
  let k = SECRET;
  let p = start;
  query = end;
  for (; p + 16 <= end; p += 16) {
    const text = v128.load(p);
    const found = i8x16.bitmask(i8x16.eq(text, mark));
    if (found != 0 && query == end) query = p + ctz(found);
    if (k < SECRET + <usize>TEXT_MAX) {
      a = i64x2.add(a, products(text, k));
      b = i64x2.add(b, products(text, k + 16));
    }
    k += 16;
  }
  if (p < end) {
    const text = v128.and(v128.load(p), v128.load(MASKS + ((end - p) << 4)));
    const found = i8x16.bitmask(i8x16.eq(text, mark));
    if (found != 0 && query == end) query = p + ctz(found);
    if (k < SECRET + <usize>TEXT_MAX) {
      a = i64x2.add(a, products(text, k));
      b = i64x2.add(b, products(text, k + 16));
    }
  }
  return size > <usize>TEXT_MAX ? 0 : finish(a, b, size);
}

@inline
function products(text: v128, secret: usize): v128 {
  const sum = i32x4.add(text, v128.load(secret));
  return i64x2.extmul_low_i32x4_u(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
}

/** The two sums and the length as one word, never 0. */
@inline
function finish(a: v128, b: v128, size: usize): u64 {
  const s = i64x2.extract_lane(a, 0) + i64x2.extract_lane(a, 1);
  const t = i64x2.extract_lane(b, 0) + i64x2.extract_lane(b, 1);
  let h = <u64>s * (load<u64>(SECRET + 544) | 1) + rotl<u64>(t, 32) * (load<u64>(SECRET + 552) | 1);
  h = (h ^ (h >> 29)) + <u64>size * (load<u64>(SECRET + 560) | 1);
  h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93;
  h ^= h >> 32;
  return h == 0 ? 1 : h;
}

/** Place of a hash in a table of sets of two entries; 0 when it is not there. */
@inline
function find(table: usize, sets: u32, key: u64): usize {
  const entry = table + ((<usize>key & (sets - 1)) << 5);
  if (load<u64>(entry) == key && load<u32>(entry, 12) != 0) return entry;
  if (load<u64>(entry, 16) == key && load<u32>(entry, 28) != 0) return entry + 16;
  return 0;
}

/** Puts an entry into a table: in the place of an equal one, else the newer one of its set becomes the older. */
function put(table: usize, sets: u32, key: u64, path: u32, value: u32): usize {
  let entry = find(table, sets, key);
  if (entry == 0) {
    entry = table + ((<usize>key & (sets - 1)) << 5);
    v128.store(entry + 16, v128.load(entry));
  }
  store<u64>(entry, key);
  store<u32>(entry, path, 8);
  store<u32>(entry, value, 12);
  return entry;
}

function askTargets(): void {
  suspects = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const key = load<u64>(TARGET_KEY + (row << 3));
    let entry: usize = 0;
    if (key != 0) {
      entry = find(TARGETS, TARGET_SETS, key);
      if (entry == 0 && targetHeard != 0 && isPlainTarget(row)) {
        entry = put(TARGETS, TARGET_SETS, key, pathHashOf(row), plainValue(row));
      }
    }
    if (entry == 0) {
      store<u16>(TARGET_VERDICT + (row << 1), UNKNOWN);
      store<u8>(KEYLESS + row, 0);
      store<u32>(ENTRY + (row << 2), 0);
      continue;
    }
    const value = load<u32>(entry, 12);
    store<u16>(TARGET_VERDICT + (row << 1), value & VERDICT);
    store<u8>(IS_STATIC + row, (value >> 30) & 1);
    store<u32>(PATH_HASH + (row << 2), load<u32>(entry, 8));
    const isSuspect = (value & SUSPECT) != 0;
    store<u8>(KEYLESS + row, isSuspect ? 0 : 1);
    if (isSuspect) {
      store<u32>(ENTRY + (row << 2), <u32>entry);
      store<u32>(SUSPECTS + (<usize>suspects << 2), <u32>row);
      suspects++;
    }
  }
}

/** After the rows of the last piece were looked through for record keys: targets that hold none are not asked again. */
function settleSuspects(): void {
  for (let i: usize = 0; i < <usize>suspects; i++) {
    const row: usize = load<u32>(SUSPECTS + (i << 2));
    if (load<u8>(KEYLESS + row) == 0) continue;
    const entry: usize = load<u32>(ENTRY + (row << 2));
    if (load<u64>(entry) == load<u64>(TARGET_KEY + (row << 3))) {
      store<u32>(entry, load<u32>(entry, 12) & ~SUSPECT, 12);
    }
  }
  suspects = 0;
}

@inline
function addressOf(column: usize, row: usize): usize {
  return PIECE + <usize>load<u32>(column + (row << 2));
}

/** A text in which no literal ends that a rule waits for, and that is its own decoded form: no rule finds anything in it. */
@inline
function isPlain(start: usize, end: usize, bit: u32, heard: usize): bool {
  const blank = i8x16.splat(32);
  const percent = i8x16.splat(37);
  const plus = i8x16.splat(43);
  const backslash = i8x16.splat(92);
  for (let p = start; p < end; p += 16) {
    const text = v128.load(p);
    const coded = v128.or(i8x16.eq(text, percent), i8x16.eq(text, backslash));
    let found = i8x16.bitmask(v128.or(coded, v128.or(i8x16.eq(text, plus), i8x16.eq(text, blank))));
    if (p + 16 > end) found &= (1 << (<i32>(end - p))) - 1;
    if (found != 0) return false;
  }
  let state: u32 = 0;
  for (let p = start; p < end; p++) {
    const c = <u32>load<u8>(CLASSES + <usize>load<u8>(p));
    state = load<u16>(AUTOMATON + <usize>((((state & STATE) << stateShift) + c) << 1));
    if ((state & bit) != 0) {
      const size = load<u16>(heard + <usize>((state & STATE) << 1));
      if (size == 0xffff || size == <u32>(p + 1 - start)) return false;
    }
  }
  return true;
}

function isPlainTarget(row: usize): bool {
  return isPlain(addressOf(TARGET_START, row), addressOf(TARGET_END, row), TARGET_BIT, targetHeard);
}

/** Verdict and flags of a target in which no rule finds anything. */
function plainValue(row: usize): u32 {
  const start = addressOf(TARGET_START, row);
  const end = addressOf(TARGET_END, row);
  const hasQuery = load<u32>(QUERY_START + (row << 2)) != load<u32>(TARGET_END + (row << 2));
  return VALID | (!hasQuery && isStaticPath(start, end) ? STATIC : 0) | suspicion(row);
}

function pathHashOf(row: usize): u32 {
  return hashOf(addressOf(TARGET_START, row), addressOf(QUERY_START, row));
}

/** SUSPECT when the target has a query or its path ends in a digit. */
@inline
function suspicion(row: usize): u32 {
  const end = load<u32>(QUERY_START + (row << 2));
  return end < load<u32>(TARGET_END + (row << 2)) || isDigit(load<u8>(PIECE + end - 1)) ? SUSPECT : 0;
}

/** Lane a of `hashRange` (src/model/hash.ts). */
function hashOf(start: usize, end: usize): u32 {
  let a = keyA;
  let b = keyB;
  let p = start;
  let x: u32;
  for (; p + 4 <= end; p += 4) {
    x = a ^ load<u32>(p);
    b = rotl<u32>(b + x, 17) * 0xc2b2ae35;
    a = rotl<u32>(x * 0x85ebca6b, 13);
  }
  const rest = <u32>(end - p);
  x = a ^ (load<u32>(p) & ((1 << (rest << 3)) - 1));
  b = rotl<u32>(b + x, 17) * 0xc2b2ae35;
  a = x * 0x85ebca6b + (b ^ (b >> 15) ^ <u32>(end - start)) * 0x2c1b3c6d;
  a = (a ^ (a >> 16)) * 0x85ebca6b;
  a = (a ^ (a >> 13)) * 0xc2b2ae35;
  return a ^ (a >> 16);
}

/** Whether the path ends in one of ENDINGS. */
function isStaticPath(start: usize, end: usize): bool {
  let ending: u64 = 0;
  for (let i = end - 1; i >= start && i + 6 >= end; i--) {
    const c = <u64>load<u8>(i);
    if (c == 47) return false;
    if (c == 46) {
      for (let k = 0; k < ENDINGS_MAX; k++) {
        const known = load<u64>(ENDINGS + (<usize>k << 3));
        if (known == 0) return false;
        if (known == ending) return true;
      }
      return false;
    }
    ending = (ending << 8) | (c >= 65 && c <= 90 ? c + 32 : c);
  }
  return false;
}

function askAgents(): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    let verdict: u32 = 0;
    if (usesAgent) {
      if (load<u32>(AGENT_START + (row << 2)) == load<u32>(AGENT_END + (row << 2))) verdict = noAgent;
      else {
        const key = load<u64>(AGENT_KEY + (row << 3));
        const entry = key == 0 ? <usize>0 : find(AGENTS, AGENT_SETS, key);
        verdict = entry == 0 ? UNKNOWN : load<u32>(entry, 12) & VERDICT;
      }
    }
    store<u16>(AGENT_VERDICT + (row << 1), verdict);
  }
}

function askReferrers(): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    let verdict: u32 = 0;
    if (usesReferrer) {
      const start = addressOf(REFERRER_START, row);
      const end = addressOf(REFERRER_END, row);
      if (start == end) verdict = noReferrer;
      else {
        const key = load<u64>(REFERRER_KEY + (row << 3));
        let entry = key == 0 ? <usize>0 : find(REFERRERS, REFERRER_SETS, key);
        if (entry == 0 && key != 0 && referrerHeard != 0 && isPlain(start, end, REFERRER_BIT, referrerHeard)) {
          entry = put(REFERRERS, REFERRER_SETS, key, 0, VALID);
        }
        verdict = entry == 0 ? UNKNOWN : load<u32>(entry, 12) & VERDICT;
      }
    }
    store<u16>(REFERRER_VERDICT + (row << 1), verdict);
  }
}

/** HTTP version → VERSION_CLASS of src/rules/predicate.ts; a row of a usual line has one or 255. */
@inline
function versionClass(version: u32): u32 {
  return version == 11 ? 3 : version == 20 ? 4 : version == 10 ? 2 : version == 30 ? 5 : version == 9 ? 1 : 6;
}

// a combination: verdicts of target, user agent and referrer, 14 bits each, method (2), version (3), status (10), and
// above them 1 + its labels, or RULES
const RULES: u64 = 31;
const ABOVE: u64 = 57;

@inline
function combination(row: usize, target: u32, agent: u32, referrer: u32): u64 {
  const columns =
    (<u64>load<u8>(METHOD + row) << 13) | (<u64>versionClass(load<u8>(VERSION + row)) << 10) | load<u16>(STATUS + (row << 1));
  return <u64>target | (<u64>agent << 14) | (<u64>referrer << 28) | (columns << 42);
}

@inline
function slotOf(key: u64): usize {
  return COMBINATIONS + (<usize>((key * 0x9e3779b97f4a7c15) >> 52) << 3);
}

/** Rows whose user or host the rules look at are asked about each time. */
@inline
function isAlone(row: usize): bool {
  return (
    (!usesUser || load<u32>(USER_END + (row << 2)) == 0) && (!usesHost || load<u32>(HOST_END + (row << 2)) == 0)
  );
}

function askCombinations(): void {
  asked = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const target = <u32>load<u16>(TARGET_VERDICT + (row << 1));
    const agent = <u32>load<u16>(AGENT_VERDICT + (row << 1));
    const referrer = <u32>load<u16>(REFERRER_VERDICT + (row << 1));
    let answer: u64 = RULES;
    if ((target | agent | referrer) != UNKNOWN && isAlone(row)) {
      const key = combination(row, target, agent, referrer);
      const known = load<u64>(slotOf(key));
      if ((known & (((<u64>1) << ABOVE) - 1)) == key && known >> ABOVE != 0) answer = known >> ABOVE;
    }
    if (answer == RULES) {
      store<u32>(ASKED + (<usize>asked << 2), <u32>row);
      asked++;
      store<u8>(LABELS + row, 0);
      store<u8>(ORDINARY + row, 0);
    } else {
      store<u8>(LABELS + row, <u32>answer - 1);
      store<u8>(ORDINARY + row, answer == 1 ? ordinary(row) : 0);
    }
  }
}

/** A row without label or rule: 2 = a static asset that was given, 1 = a page without record key that was, else 0. */
@inline
function ordinary(row: usize): u32 {
  const status = load<u16>(STATUS + (row << 1));
  if (status >= 400 && status < 600) return 0;
  return load<u8>(IS_STATIC + row) != 0 ? 2 : load<u8>(KEYLESS + row);
}

/**
 * What the matcher found out about a row: the numbers of the verdicts of its texts, whether it asks for a static asset,
 * and, when what rules match depends on these and on method, version and status alone, `answer`: -1 rules match, else
 * the bits of the labels that the row has and nothing more. -2: it depends on more.
 */
export function learn(row: i32, target: i32, agent: i32, referrer: i32, isStatic: bool, answer: i32): void {
  const r: usize = row;
  const key = load<u64>(TARGET_KEY + (r << 3));
  if (key != 0) {
    const value = VALID | (isStatic ? STATIC : 0) | suspicion(r) | <u32>target;
    put(TARGETS, TARGET_SETS, key, load<u32>(PATH_HASH + (r << 2)), value);
  }
  if (usesAgent && load<u32>(AGENT_START + (r << 2)) != load<u32>(AGENT_END + (r << 2))) {
    const text = load<u64>(AGENT_KEY + (r << 3));
    if (text != 0) put(AGENTS, AGENT_SETS, text, 0, VALID | <u32>agent);
  }
  if (usesReferrer && load<u32>(REFERRER_START + (r << 2)) != load<u32>(REFERRER_END + (r << 2))) {
    const text = load<u64>(REFERRER_KEY + (r << 3));
    if (text != 0) put(REFERRERS, REFERRER_SETS, text, 0, VALID | <u32>referrer);
  }
  if (answer == -2 || !isAlone(r)) return;
  const combined = combination(r, target, agent, referrer);
  store<u64>(slotOf(combined), combined | ((answer < 0 ? RULES : <u64>answer + 1) << ABOVE));
}
