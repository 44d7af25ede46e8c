/**
 * The two kinds of entries that a key's record is made of. Both are packed words; the first words are the identity of
 * the entry, the rest merges by sum, minimum or maximum, so that a record is a set and its order of arrival is nothing.
 *
 * touch (8 words): something was refused, failed, or matched a rule
 *   0 item    what was touched: hash of path, target or user agent; IPv4 destination (hash of an IPv6 one)
 *   1 pane    pane number (22 bits) and tag (10 bits)
 *   2 sub     high 16: port, status, or folded size of an answer · low 16: host (asset number, or hash of its name)
 *   3 flags   high 8: part of the identity (see WEB and PACKET) · low 24: count, saturating
 *   4 times   high 16: first, low 16: last, in 1/64 s from the start of the pane
 *   5 6 line  reference of the earliest line: origin (12 bits), byte offset (52 bits)
 *   7 hash    hash of that line: of two lines of the same time the smaller hash stays
 *
 * visit (3 words): something ordinary, kept only to be counted
 *   0 item · 1 pane and tag · 2 count, saturating; for tags with GROUPED the group instead, which is part of the identity
 */

/** Words 5 and 6 of a touch: a reference to the line at an offset of an origin. */
export const lineLow = (offset: number) => (offset % 4294967296) >>> 0;
export const lineHigh = (origin: number, offset: number) => ((origin << 20) | Math.floor(offset / 4294967296)) >>> 0;
/** What those words refer to. */
export const lineOrigin = (high: number) => high >>> 20;
export const lineOffset = (low: number, high: number) => (high & 0xfffff) * 4294967296 + low;

export const TAG_BITS = 10;
export const TAG_MASK = (1 << TAG_BITS) - 1;
export const COUNT_MAX = 0xffffff;
/** resolution of first and last within a pane: 1/64 s */
export const TICK_MS = 1000 / 64;

/** Tags of touches and visits; rule number r has the tag RULE + r. */
export const TAG = {
  /** touch: a request that was answered 4xx or 5xx; item path, sub status */
  fail: 1,
  /** touch: a log-in attempt; item = minute since 1970, sub status */
  login: 2,
  /** touch: a packet or connection; item destination, sub port */
  packet: 3,
  /** touch: a packet with flags that no TCP stack sends; item destination, sub port */
  illegalFlags: 4,
  /** touch: a parameter value with shell or query characters; item value, sub parameter */
  oddValue: 5,
  /** touch: the first line of a pane that asked for records by key; item group */
  keyLine: 6,
  /** touch: a packet with the IP-ID of ZMap; item 54321 */
  toolMark: 7,
  /**
   * touch: a request to a system that is watched (asset-watch.ts); item = number of the system where its form was fetched,
   * else path; sub = status where something was sent
   */
  page: 8,
  /** touch: a packet to a system that must never be reached; item destination, sub port */
  sentinel: 9,
  /** touch: a field of a system's form that holds text of an attack; item = parameter name, 0 = not told; sub status */
  field: 10,
  /** touch: documents of a system that were given; item = number of the system */
  documentLine: 11,
  /** touch: a record that is declared as protected was asked for; item = hash of its key, sub status */
  protectedRecord: 12,
  /** visit: a request that was answered, not static; item path, group host; pane 10 min */
  path: 16,
  /** visit: requests to forms of watched systems; item = minute since 1970 */
  minute: 18,
  /** visit, of a system: its answers; item = slice of the pane and status class, see answerItem */
  answer: 19,
  /** visit: a document of a system that was given; item path, group = number of the system */
  document: 37,
  /** visit, of a system: a source in the first slice of the pane, and so on up to visitor + SLICES - 1; item = hash of the source */
  visitor: 40,
  /** visit: static assets; pane = day */
  asset: 17,
  /** visit: record key that was answered; item key, group = hash(path, parameter) */
  key: 32,
  /** visit: record key that was not answered */
  keyRefused: 33,
  /** visit: block of 64 consecutive numeric keys; item block, group = hash(path, parameter) */
  keyBlock: 34,
  /** visit: packets that look like answers to us, or stray segments of old connections; pane = day */
  reply: 21,
  /** visit: interface identifier of an IPv6 source; item and group = lower 64 bits, pane = 0 */
  interfaceId: 35,
  /** visit, of a host: folded size of a 404 answer; item size; pane = day */
  notFoundSize: 23,
  /** visit, of a host: folded size of a 2xx answer to a rule match; item size, group path; pane = day */
  matchedSize: 36,
  /** visit, of the organisation: an address of ours that was sent to; item destination; pane = day */
  destination: 25,
  /** visit, of the organisation: a page that was given to who matched no rule; item step of its size, pane = day (page-sizes.ts) */
  pageSize: 27,
  /** visit: class of the user agent; item = USER_AGENT_CLASS; pane = day */
  agentClass: 26,
  /** first tag of rule matches */
  rule: 64,
} as const;

/** Bit of the tags of visits whose third word is a group (their count is 1) and not a count. */
export const GROUPED = 32;
/** Words of a visit and of a touch. */
export const VISIT_WORDS = 3;
export const TOUCH_WORDS = 8;

/** Flag byte of a web touch. */
export const WEB = {
  /** bits 0–2: status class 1–5, 0 = none */
  statusMask: 7,
  /** bit 3: POST, PUT or PATCH */
  post: 8,
  /** bit 4: the referrer is a page of the same host: a link of our own was followed */
  ownReferrer: 16,
  /** bit 5: static asset */
  static: 32,
  /** bit 6: no parsable request */
  malformed: 64,
  /** bit 7 (page): whoever sends such a request to this system is looked at */
  telling: 128,
} as const;

/** A further bit of the flag byte of a log-in touch. */
export const LOGIN = {
  /** bit 7: a 401 for a request that sent neither a form nor a name: no password was tried with it, as far as the log shows */
  nameless: 128,
} as const;

/** A further bit of the flag byte of a touch for a line that asked for a record. */
export const KEY_LINE = {
  /** bit 7: several parameters name the record together */
  pair: 128,
} as const;

/** Further bits of the flag byte of a field touch, beside the status class and WEB.post. */
export const FIELD = {
  /** bit 5: the owner of the system names the field in the inventory */
  declared: 32,
  /** bit 7: another field of the same request stands for it already: it is no further request */
  beside: 128,
} as const;

/** Flag byte of a packet touch. */
export const PACKET = {
  /** bits 0–1: ACTION */
  actionMask: 3,
  /** bits 2–4: TRANSPORT */
  transportShift: 2,
  transportMask: 7,
  /** bit 5: from a rate-limited log */
  limited: 32,
  /** bit 6: IPv6 destination */
  ipv6: 64,
} as const;

/** Slices of a pane in which the sources and answers of a system are counted: two minutes each. */
export const SLICES = 5;

/** Item of an answer visit: slice of the pane (0 to SLICES - 1) and status class (0 = none). */
export function answerItem(slice: number, statusClass: number): number {
  return slice * 8 + statusClass;
}

/**
 * Pane number of an instant for panes of `paneMs`. Panes count from 1970, as do the clocks of machines that have lost
 * their time: 22 bits last until 2049 (10-minute panes) and 2089 (15-minute panes). Formats refuse lines from 2049 on.
 */
export function paneOf(timeMs: number, paneMs: number): number {
  return Math.floor(timeMs / paneMs);
}

/** First instant of a pane. */
export function paneStart(pane: number, paneMs: number): number {
  return pane * paneMs;
}

/** Sizes of answers fold into 16 bits: exact below 64 KiB. */
export function foldSize(size: number): number {
  return (size ^ (size >>> 16)) & 0xffff;
}
