/**
 * A batch: some thousand events of one origin as columns of typed arrays, the only form in which events travel
 * between the rooms. A parser fills the columns; enrichment, matching and measuring are loops over them.
 *
 * Text is never copied into strings: a range such as `targetStart..targetEnd` is a pair of offsets into `bytes`.
 * A byte kernel points straight into the block that it scanned; a plain format writes the text of its event behind
 * `textEnd` of an arena (`appendEvent`). An absent text is the empty range; an absent number is the column's "none".
 */
import { type HashKey, hashRange, lane } from './hash.ts';

/** What an event is: a web request or a packet (or connection) that a firewall logged. */
export const KIND = { request: 1, packet: 2 } as const;

/** Methods by code; 0 = the request could not be parsed, `other` = a word that is no method we know. */
export const METHODS = [
  '-',
  'GET',
  'POST',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'PATCH',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'DEBUG',
  'TRACK',
  'PRI',
  'other',
] as const;
export const METHOD = Object.fromEntries(METHODS.map((name, code) => [name, code])) as Record<
  (typeof METHODS)[number],
  number
>;

/** Transport by code (`network.transport`). */
export const TRANSPORTS = ['-', 'tcp', 'udp', 'icmp', 'ipv6-icmp', 'other'] as const;
export const TRANSPORT = { none: 0, tcp: 1, udp: 2, icmp: 3, icmpv6: 4, other: 5 } as const;

/** What the firewall did with the packet; `none` when the line does not say. */
export const ACTION = { none: 0, allow: 1, deny: 2 } as const;

/** TCP flags as bits; `known` is set when the line lists flags at all (so that 0 with `known` is a NULL packet). */
export const TCP = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, known: 64 } as const;

/** Bits of the `flags` column. */
export const FLAG = {
  /** the request line is not `METHOD target HTTP/x`: `target` then holds the raw request */
  malformed: 1,
  /** the log that this line stands in is rate-limited by default (UFW) */
  rateLimited: 2,
  /** the packet leaves (no inbound interface): it is not a probe of us */
  outbound: 4,
  /** the IP-ID column holds a value */
  hasIpId: 8,
  /** the source is IPv6 */
  ipv6: 16,
  /** the destination is IPv6 */
  destinationIpv6: 32,
  /** the host range holds a name that the server itself wrote (vhost), not the client */
  hasHost: 64,
  /** the source is a private, loopback or link-local address */
  privateSource: 128,
} as const;

/** `size` column: no size in the line. */
export const NO_SIZE = 0xffffffff;

export interface Batch {
  /** number of events in the columns */
  n: number;
  readonly capacity: number;
  /** all text ranges point here */
  bytes: Uint8Array;
  /** where `appendEvent` writes the next text when `bytes` is an arena of this batch's own; 0 otherwise */
  textEnd: number;
  kind: Uint8Array;
  flags: Uint8Array;
  /** event time, Unix milliseconds, UTC */
  timeMs: Float64Array;
  /** the raw line in `bytes`, without its line end */
  lineStart: Uint32Array;
  lineEnd: Uint32Array;
  /** byte offset of the line in its (uncompressed) origin */
  lineOffset: Float64Array;
  /** source key: IPv4 = (0, address); IPv6 = the upper 64 bits (see address.ts) */
  sourceHi: Uint32Array;
  sourceLo: Uint32Array;
  /** IPv6 interface identifier (lower 64 bits); 0 for IPv4 */
  sourceIidHi: Uint32Array;
  sourceIidLo: Uint32Array;
  sourcePort: Uint16Array;
  /** destination as four words; IPv4 = (0, 0, 0xffff, address); all 0 = the line names none */
  destination0: Uint32Array;
  destination1: Uint32Array;
  destination2: Uint32Array;
  destination3: Uint32Array;
  destinationPort: Uint16Array;
  transport: Uint8Array;
  action: Uint8Array;
  tcpFlags: Uint8Array;
  icmpType: Uint8Array;
  ipId: Uint16Array;
  method: Uint8Array;
  /** HTTP version times ten (9, 10, 11, 20, 30); 0 = none; 255 = not a version */
  httpVersion: Uint8Array;
  status: Uint16Array;
  /** bytes of the response body, or NO_SIZE */
  size: Uint32Array;
  /** request target as logged (path?query); the raw request when FLAG.malformed */
  targetStart: Uint32Array;
  targetEnd: Uint32Array;
  /** offset of the '?' of the target, or targetEnd when it has none */
  queryStart: Uint32Array;
  hostStart: Uint32Array;
  hostEnd: Uint32Array;
  userStart: Uint32Array;
  userEnd: Uint32Array;
  referrerStart: Uint32Array;
  referrerEnd: Uint32Array;
  userAgentStart: Uint32Array;
  userAgentEnd: Uint32Array;
  /** key of the hashes below: a kernel makes them while it reads the texts, `hashTexts` for the rows that have none */
  readonly key: HashKey;
  /** what a kernel counted of its first rows, all of them requests; null = nothing */
  counted: CountedRequests | null;
  /** rows [0, hashed) have their hashes; the other rows' columns hold anything */
  hashed: number;
  /**
   * the two lanes of `hashRange` over a request's texts; the path is the whole target when FLAG.malformed;
   * no referrer has no hash (0)
   */
  targetHash: Uint32Array;
  targetHashB: Uint32Array;
  pathHash: Uint32Array;
  userAgentHash: Uint32Array;
  userAgentHashB: Uint32Array;
  referrerHash: Uint32Array;
  referrerHashB: Uint32Array;
}

/** Of so many rows how many requests have a host, a query, a size and a user agent, and how many are POSTs. */
export interface CountedRequests {
  rows: number;
  hosts: number;
  queries: number;
  sizes: number;
  agents: number;
  posts: number;
}

const NO_KEY: HashKey = { a: 0, b: 0 };

/** A batch with room for `capacity` events, all columns 0; `key` is that of the matcher which will read it. */
export function createBatch(capacity: number, key: HashKey = NO_KEY): Batch {
  const u8 = () => new Uint8Array(capacity);
  const u16 = () => new Uint16Array(capacity);
  const u32 = () => new Uint32Array(capacity);
  return {
    n: 0,
    capacity,
    bytes: new Uint8Array(0),
    textEnd: 0,
    kind: u8(),
    flags: u8(),
    timeMs: new Float64Array(capacity),
    lineStart: u32(),
    lineEnd: u32(),
    lineOffset: new Float64Array(capacity),
    sourceHi: u32(),
    sourceLo: u32(),
    sourceIidHi: u32(),
    sourceIidLo: u32(),
    sourcePort: u16(),
    destination0: u32(),
    destination1: u32(),
    destination2: u32(),
    destination3: u32(),
    destinationPort: u16(),
    transport: u8(),
    action: u8(),
    tcpFlags: u8(),
    icmpType: u8(),
    ipId: u16(),
    method: u8(),
    httpVersion: u8(),
    status: u16(),
    size: u32(),
    targetStart: u32(),
    targetEnd: u32(),
    queryStart: u32(),
    hostStart: u32(),
    hostEnd: u32(),
    userStart: u32(),
    userEnd: u32(),
    referrerStart: u32(),
    referrerEnd: u32(),
    userAgentStart: u32(),
    userAgentEnd: u32(),
    counted: null,
    key,
    hashed: 0,
    targetHash: u32(),
    targetHashB: u32(),
    pathHash: u32(),
    userAgentHash: u32(),
    userAgentHashB: u32(),
    referrerHash: u32(),
    referrerHashB: u32(),
  };
}

/** `hashTexts` for the first `count` rows of a list. */
export function hashRows(batch: Batch, rows: Uint32Array, count: number, key: HashKey): void {
  const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  for (let k = 0; k < count; k++) hashRow(batch, view, rows[k]!, key);
}

/** Fills the hashes of the rows [from, to) under `key`, whatever the batch's own is; packets have none (0). */
export function hashTexts(batch: Batch, from: number, to: number, key: HashKey): void {
  const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  for (let row = from; row < to; row++) hashRow(batch, view, row, key);
}

function hashRow(batch: Batch, view: DataView, row: number, key: HashKey): void {
  const { bytes } = batch;
  const start = batch.targetStart[row]!;
  const end = batch.targetEnd[row]!;
  if (batch.kind[row] !== KIND.request) {
    batch.targetHash[row] = batch.targetHashB[row] = batch.pathHash[row] = 0;
    batch.userAgentHash[row] = batch.userAgentHashB[row] = 0;
    batch.referrerHash[row] = batch.referrerHashB[row] = 0;
    return;
  }
  const target = hashRange(bytes, view, start, end, key);
  batch.targetHash[row] = target;
  batch.targetHashB[row] = lane.b;
  const query = (batch.flags[row]! & FLAG.malformed) === 0 ? Math.min(batch.queryStart[row]!, end) : end;
  batch.pathHash[row] = query === end ? target : hashRange(bytes, view, start, query, key);
  batch.userAgentHash[row] = hashRange(bytes, view, batch.userAgentStart[row]!, batch.userAgentEnd[row]!, key);
  batch.userAgentHashB[row] = lane.b;
  const referrer = batch.referrerStart[row]!;
  const referrerEnd = batch.referrerEnd[row]!;
  batch.referrerHash[row] = referrer === referrerEnd ? 0 : hashRange(bytes, view, referrer, referrerEnd, key);
  batch.referrerHashB[row] = referrer === referrerEnd ? 0 : lane.b;
}
