/**
 * Events into batches: how the fields of a LogEvent stand in the columns (batch.ts), for formats that have no byte kernel,
 * and for the lines that a kernel hands over to its plain parser.
 * A batch that plain events are appended to owns an arena: `bytes` then holds copies of the raw lines and the texts.
 */
import { isPrivateIpv4, isPrivateIpv6, parseAddress, ZERO_PREFIX } from '../model/address.ts';
import {
  ACTION,
  type Batch,
  FLAG,
  KIND,
  METHOD,
  METHODS,
  NO_SIZE,
  TCP,
  TRANSPORT,
  TRANSPORTS,
} from '../model/batch.ts';
import type { LogEvent } from '../model/event.ts';
import { countRefused, countSkipped, type Tally } from '../model/tally.ts';
import type { Format, OriginContext } from './format.ts';

/** Names of the TCP flags in the order of their bits. */
export const TCP_FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const;

/** No event has a shorter line: bounds how many rows a block can fill. */
export const SHORTEST_LINE = 32;

const ARENA_BYTES = 64 * 1024;
const arenas = new WeakMap<Batch, Uint8Array>();
/** Code of each method that has one of its own. */
export const METHOD_CODES: ReadonlyMap<string, number> = new Map(METHODS.slice(1, -1).map((name, i) => [name, i + 1]));
const VERSION_CODES: ReadonlyMap<string, number> = new Map([
  ['0.9', 9],
  ['1.0', 10],
  ['1.1', 11],
  ['2', 20],
  ['2.0', 20],
  ['3', 30],
  ['3.0', 30],
]);

/** Sets the rows [from, to) of all columns to "none". */
export function clearRows(batch: Batch, from: number, to: number): void {
  const b = batch;
  if (b.hashed > from) b.hashed = from;
  for (const column of [
    b.kind,
    b.flags,
    b.timeMs,
    b.lineStart,
    b.lineEnd,
    b.lineOffset,
    b.sourceHi,
    b.sourceLo,
    b.sourceIidHi,
    b.sourceIidLo,
    b.sourcePort,
    b.destination0,
    b.destination1,
    b.destination2,
    b.destination3,
    b.destinationPort,
    b.transport,
    b.action,
    b.tcpFlags,
    b.icmpType,
    b.ipId,
    b.method,
    b.httpVersion,
    b.status,
    b.targetStart,
    b.targetEnd,
    b.queryStart,
    b.hostStart,
    b.hostEnd,
    b.userStart,
    b.userEnd,
    b.referrerStart,
    b.referrerEnd,
    b.userAgentStart,
    b.userAgentEnd,
  ]) {
    column.fill(0, from, to);
  }
  b.size.fill(NO_SIZE, from, to);
}

/** Puts a source address into row `row` and returns the FLAG bits that follow from it. */
export function putSource(
  batch: Batch,
  row: number,
  address: { v4: number } | { v6: readonly [number, number, number, number] },
): number {
  if ('v4' in address) {
    batch.sourceHi[row] = 0;
    batch.sourceLo[row] = address.v4;
    return isPrivateIpv4(address.v4) ? FLAG.privateSource : 0;
  }
  const hi = address.v6[0] === 0 ? ZERO_PREFIX : address.v6[0];
  batch.sourceHi[row] = hi;
  batch.sourceLo[row] = address.v6[1];
  batch.sourceIidHi[row] = address.v6[2];
  batch.sourceIidLo[row] = address.v6[3];
  return isPrivateIpv6(hi) ? FLAG.ipv6 | FLAG.privateSource : FLAG.ipv6;
}

/**
 * Appends an event to a batch that is not full. Its texts go into the arena behind `textEnd`; `lineStart` and `lineEnd`
 * say where the raw line stands in `batch.bytes` (see `fillLines`), `lineOffset` where it stood in the origin.
 */
export function appendEvent(
  batch: Batch,
  event: LogEvent,
  lineStart: number,
  lineEnd: number,
  lineOffset: number,
): void {
  const row = batch.n;
  if (row >= batch.capacity) throw new RangeError('appendEvent: the batch is full');
  clearRows(batch, row, row + 1);
  putEvent(batch, row, event);
  batch.lineStart[row] = lineStart;
  batch.lineEnd[row] = lineEnd;
  batch.lineOffset[row] = lineOffset;
  let at = putText(batch, event['url.original'] ?? '');
  batch.targetStart[row] = at;
  batch.targetEnd[row] = batch.queryStart[row] = batch.textEnd;
  const query = event['pollwatch.malformed'] === true ? -1 : (event['url.original'] ?? '').indexOf('?');
  if (query >= 0) batch.queryStart[row] = at + query;
  at = putText(batch, event['destination.domain'] ?? '');
  batch.hostStart[row] = at;
  batch.hostEnd[row] = batch.textEnd;
  at = putText(batch, event['user.name'] ?? '');
  batch.userStart[row] = at;
  batch.userEnd[row] = batch.textEnd;
  at = putText(batch, event['http.request.referrer'] ?? '');
  batch.referrerStart[row] = at;
  batch.referrerEnd[row] = batch.textEnd;
  at = putText(batch, event['user_agent.original'] ?? '');
  batch.userAgentStart[row] = at;
  batch.userAgentEnd[row] = batch.textEnd;
  batch.n = row + 1;
}

/** The part of an event that is no text, into a cleared row. */
export function putEvent(batch: Batch, row: number, event: LogEvent): void {
  const isWeb = event['event.category'] === 'web';
  batch.kind[row] = isWeb ? KIND.request : KIND.packet;
  batch.timeMs[row] = event['@timestamp'];
  const source = parseAddress(event['source.ip']);
  let flags = source === null ? 0 : putSource(batch, row, source);
  batch.sourcePort[row] = event['source.port'] ?? 0;
  const destination = event['destination.ip'] === undefined ? null : parseAddress(event['destination.ip']);
  if (destination !== null && 'v4' in destination) {
    batch.destination2[row] = 0xffff;
    batch.destination3[row] = destination.v4;
  } else if (destination !== null) {
    flags |= FLAG.destinationIpv6;
    [batch.destination0[row], batch.destination1[row], batch.destination2[row], batch.destination3[row]] =
      destination.v6;
  }
  batch.destinationPort[row] = event['destination.port'] ?? 0;
  batch.transport[row] = transportCode(event['network.transport']);
  const type = event['event.type'];
  batch.action[row] = type === 'allowed' ? ACTION.allow : type === 'denied' ? ACTION.deny : ACTION.none;
  const tcpFlags = event['pollwatch.tcp_flags'];
  if (tcpFlags !== undefined) {
    let bits: number = TCP.known;
    TCP_FLAG_NAMES.forEach((name, bit) => {
      if (tcpFlags.includes(name)) bits |= 1 << bit;
    });
    batch.tcpFlags[row] = bits;
  }
  batch.icmpType[row] = event['pollwatch.icmp_type'] ?? 0;
  if (event['pollwatch.ip_id'] !== undefined) {
    batch.ipId[row] = event['pollwatch.ip_id'];
    flags |= FLAG.hasIpId;
  }
  const method = event['http.request.method'];
  if (method !== undefined) batch.method[row] = METHOD_CODES.get(method) ?? METHOD.other;
  const version = event['http.version'];
  if (version !== undefined) batch.httpVersion[row] = VERSION_CODES.get(version) ?? 255;
  batch.status[row] = event['http.response.status_code'] ?? 0;
  const size = event['http.response.body.bytes'];
  if (size !== undefined) batch.size[row] = Math.min(size, NO_SIZE - 1);
  if (event['pollwatch.malformed'] === true) flags |= FLAG.malformed;
  if (event['pollwatch.rate_limited'] === true) flags |= FLAG.rateLimited;
  if (event['pollwatch.outbound'] === true) flags |= FLAG.outbound;
  if (event['destination.domain'] !== undefined) flags |= FLAG.hasHost;
  batch.flags[row] = flags;
}

/**
 * `fill` for any format, through its plain parser: same contract, but `batch.bytes` becomes (or stays) an arena of the
 * batch's own, into which raw lines and texts are copied. An empty batch starts its arena anew.
 */
export function fillLines(
  format: Pick<Format, 'parseLine'>,
  bytes: Uint8Array,
  start: number,
  end: number,
  baseOffset: number,
  batch: Batch,
  context: OriginContext,
  tally: Tally,
): number {
  startArena(batch);
  let at = start;
  while (at < end && batch.n < batch.capacity) {
    const lineFeed = bytes.indexOf(10, at);
    const lineEnd = lineFeed < 0 || lineFeed >= end ? end : lineFeed;
    const textEnd = lineEnd > at && bytes[lineEnd - 1] === 13 ? lineEnd - 1 : lineEnd;
    const line = latin1(bytes, at, textEnd);
    const parsed = format.parseLine(line, context);
    tally.lines++;
    if ('event' in parsed) {
      const copy = putText(batch, line);
      appendEvent(batch, parsed.event, copy, batch.textEnd, baseOffset + at);
      tally.events++;
    } else if ('skipped' in parsed) countSkipped(tally, parsed.skipped);
    else countRefused(tally, parsed.refused, baseOffset + at, line);
    const next = Math.min(lineEnd + 1, end);
    tally.bytes += next - at;
    at = next;
  }
  return at;
}

/** bytes[start, end) as text, one character per byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);
}

function transportCode(name: string | undefined): number {
  if (name === undefined) return TRANSPORT.none;
  const code = TRANSPORTS.indexOf(name as (typeof TRANSPORTS)[number]);
  return code > 0 ? code : TRANSPORT.other;
}

/** Makes `bytes` the batch's own arena, empty when the batch is. */
function startArena(batch: Batch): void {
  let arena = arenas.get(batch);
  if (arena === undefined) {
    arena = new Uint8Array(ARENA_BYTES);
    arenas.set(batch, arena);
  }
  if (batch.bytes !== arena || batch.n === 0) batch.textEnd = 0;
  batch.bytes = arena;
}

/** Writes text (one character per byte) behind `textEnd`, growing the arena; returns where it starts. */
function putText(batch: Batch, text: string): number {
  if (batch.bytes !== arenas.get(batch)) startArena(batch);
  const start = batch.textEnd;
  const end = start + text.length;
  if (end > batch.bytes.length) {
    const grown = new Uint8Array(Math.max(end, batch.bytes.length * 2));
    grown.set(batch.bytes.subarray(0, start));
    arenas.set(batch, grown);
    batch.bytes = grown;
  }
  if (text.length > 0) Buffer.from(batch.bytes.buffer).write(text, start, 'latin1');
  batch.textEnd = end;
  return start;
}
