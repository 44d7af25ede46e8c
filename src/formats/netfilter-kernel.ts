/**
 * The byte kernel of packet logs: a block of lines → rows of a batch, without a string per line.
 * It scans RFC 3164 and RFC 3339 lines of the kernel whose fields have the usual forms and hands every other line
 * (journald JSON, dmesg, fragments, rare protocols …) to the plain parser, so that both agree. The time up to the minute
 * and the rule's prefix are recognised by their bytes: the plain code reads each of them once.
 */
import { isPrivateIpv4, isPrivateIpv6 } from '../model/address.ts';
import { type Batch, FLAG, KIND, TCP, TRANSPORT } from '../model/batch.ts';
import { countRefused, countSkipped, type Tally } from '../model/tally.ts';
import { address, hexAddress } from './address-bytes.ts';
import { clearRows, latin1, putEvent, SHORTEST_LINE } from './append-event.ts';
import { dateRefused } from './clock.ts';
import type { OriginContext } from './format.ts';
import { parsePacketLine } from './netfilter-packet.ts';
import { PREFIX_MAX, prefixAction, prefixFlags, prefixSlot } from './rule-prefix.ts';
import { readFor, time, timeAt } from './syslog-time.ts';

/** Bytes behind a line that the kernel may read (four at a time) before it sees the line end. */
const READ_AHEAD = 8;

/** What the first four bytes of a word of the packet mean; from `flag` on, the bits of a TCP flag. */
const WORD = {
  none: 0,
  source: 1,
  destination: 2,
  sourcePort: 3,
  destinationPort: 4,
  protocol: 5,
  type: 6,
  reserved: 7,
  fragment: 8,
  flag: 64,
} as const;
/** Gives the words below a slot each (a chain of comparisons took 1.4 times as long for the whole line). */
const WORD_MULTIPLIER = 0x5871af37;
const slotWord = new Int32Array(16);
const slotCode = new Uint8Array(16);
for (const [text, code] of [
  ['SRC=', WORD.source],
  ['DST=', WORD.destination],
  ['SPT=', WORD.sourcePort],
  ['DPT=', WORD.destinationPort],
  ['PROT', WORD.protocol],
  ['TYPE', WORD.type],
  ['RES=', WORD.reserved],
  ['FRAG', WORD.fragment],
  ['FIN ', WORD.flag | TCP.fin],
  ['SYN ', WORD.flag | TCP.syn],
  ['RST ', WORD.flag | TCP.rst],
  ['PSH ', WORD.flag | TCP.psh],
  ['ACK ', WORD.flag | TCP.ack],
  ['URG ', WORD.flag | TCP.urg],
] as const) {
  const word = Buffer.from(text, 'latin1').readInt32LE(0);
  const slot = Math.imul(word, WORD_MULTIPLIER) >>> 28;
  slotWord[slot] = word;
  slotCode[slot] = code;
}

/** `fill` of the netfilter format; see Format.fill. */
export function fillNetfilter(
  bytes: Uint8Array,
  start: number,
  end: number,
  baseOffset: number,
  batch: Batch,
  context: OriginContext,
  tally: Tally,
): number {
  batch.bytes = bytes;
  batch.textEnd = 0;
  readFor(context);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = batch.n;
  clearRows(batch, first, Math.min(batch.capacity, first + Math.ceil((end - start) / SHORTEST_LINE)));
  let at = start;
  while (at < end && batch.n < batch.capacity) {
    const lineFeed = buffer.indexOf(10, at);
    let lineEnd = lineFeed < 0 || lineFeed >= end ? end : lineFeed;
    const next = lineEnd < end ? lineEnd + 1 : end;
    if (lineEnd > at && bytes[lineEnd - 1] === 13) lineEnd--;
    const row = batch.n;
    if (
      (lineEnd + READ_AHEAD <= bytes.length && scanLine(bytes, view, at, lineEnd, batch, row, context)) ||
      handOver(bytes, at, lineEnd, baseOffset, batch, row, context, tally)
    ) {
      batch.lineStart[row] = at;
      batch.lineEnd[row] = lineEnd;
      batch.lineOffset[row] = baseOffset + at;
      batch.kind[row] = KIND.packet;
      batch.n = row + 1;
    }
    tally.lines++;
    at = next;
  }
  tally.events += batch.n - first;
  tally.bytes += at - start;
  return at;
}

/** A line of the usual shape into row `row`; false when it is of another, and the row then is still to be written. */
function scanLine(
  bytes: Uint8Array,
  view: DataView,
  lineStart: number,
  lineEnd: number,
  batch: Batch,
  row: number,
  context: OriginContext,
): boolean {
  if (lineEnd - lineStart < 80) return false;
  const timeMs = timeAt(bytes, view, lineStart, context);
  if (Number.isNaN(timeMs) || dateRefused(timeMs) !== null) return false;
  let p = time.end;
  // host, then `kernel: `
  while (bytes[p]! > 32) p++;
  if (bytes[p] !== 32 || p + 60 > lineEnd) return false;
  if (view.getInt32(p + 1, true) !== 0x6e72656b || view.getInt32(p + 5, true) !== 0x203a6c65) return false;
  p = uptimeEnd(bytes, p + 9);

  // the prefix, up to `IN=`
  const prefixStart = p;
  for (;;) {
    const c = bytes[p]!;
    if (c < 32 || p - prefixStart > PREFIX_MAX) return false;
    if (c === 61 && p - 2 >= prefixStart && bytes[p - 1] === 78 && bytes[p - 2] === 73) break;
    p++;
  }
  const prefix = prefixSlot(bytes, prefixStart, p - 2);
  if (prefix < 0) return false;
  p++;
  const isInbound = bytes[p] !== 32;
  while (bytes[p]! > 32) p++;
  if (bytes[p] !== 32 || p + 5 > lineEnd || view.getInt32(p + 1, true) !== 0x3d54554f) return false;
  p++;
  let isOutbound = false;
  if (!isInbound) isOutbound = bytes[p + 4]! > 32;

  let source = -1;
  let source1 = 0;
  let source2 = 0;
  let source3 = 0;
  let destination = -1;
  let destination1 = 0;
  let destination2 = 0;
  let destination3 = 0;
  let flags = prefixFlags[prefix]!;
  let transport = -1;
  let sourcePort = -1;
  let destinationPort = -1;
  let ipId = -1;
  let icmpType = -1;
  let hasReserved = false;
  let tcp: number = TCP.known;
  while (p < lineEnd) {
    if (bytes[p] === 91) break;
    if (p + 4 > lineEnd) return false;
    const word = view.getInt32(p, true);
    const slot = Math.imul(word, WORD_MULTIPLIER) >>> 28;
    const code = slotWord[slot] === word ? slotCode[slot]! : WORD.none;
    switch (code) {
      case WORD.source:
      case WORD.destination: {
        const isSource = code === WORD.source;
        if ((isSource ? source : destination) >= 0) return false;
        p += 4;
        let w0 = 0;
        let w1 = 0;
        let w2 = 0xffff;
        let w3 = 0;
        if (bytes[p + 4] === 58) {
          if (!hexAddress(bytes, p)) return false;
          p += 39;
          w0 = address.w0;
          w1 = address.w1;
          w2 = address.w2;
          w3 = address.w3;
          // ::1, mapped addresses and the like
          if (w0 === 0) return false;
          flags |= isSource ? FLAG.ipv6 : FLAG.destinationIpv6;
        } else {
          let part = -1;
          let dots = 0;
          for (; ; p++) {
            const d = bytes[p]! - 48;
            if (d >= 0 && d <= 9) {
              if (part === 0) return false;
              part = part < 0 ? d : part * 10 + d;
              if (part > 255) return false;
            } else if (d === -2 && part >= 0 && dots < 3) {
              w3 = (w3 << 8) | part;
              dots++;
              part = -1;
            } else break;
          }
          if (dots !== 3 || part < 0) return false;
          w3 = ((w3 << 8) | part) >>> 0;
        }
        if (bytes[p] !== 32) return false;
        p++;
        if (isSource) {
          source = w0;
          source1 = w1;
          source2 = w2;
          source3 = w3;
        } else {
          destination = w0;
          destination1 = w1;
          destination2 = w2;
          destination3 = w3;
        }
        continue;
      }
      case WORD.sourcePort:
      case WORD.destinationPort: {
        p += 4;
        let port = 0;
        const digits = p;
        for (;;) {
          const d = bytes[p]! - 48;
          if (d < 0 || d > 9) break;
          port = port * 10 + d;
          p++;
        }
        if (p === digits || p - digits > 5 || port > 0xffff || bytes[p] !== 32) return false;
        p++;
        if (code === WORD.sourcePort) {
          if (sourcePort >= 0) return false;
          sourcePort = port;
        } else {
          if (destinationPort >= 0) return false;
          destinationPort = port;
        }
        continue;
      }
      case WORD.protocol: {
        if (bytes[p + 4] !== 79 || bytes[p + 5] !== 61) break;
        if (transport >= 0 || p + 12 > lineEnd) return false;
        const name = view.getInt32(p + 6, true);
        if (name === 0x20504354) transport = TRANSPORT.tcp;
        else if (name === 0x20504455) transport = TRANSPORT.udp;
        else if (name === 0x504d4349 && bytes[p + 10] === 32) transport = TRANSPORT.icmp;
        else if (name === 0x504d4349 && bytes[p + 10] === 118 && bytes[p + 11] === 54 && bytes[p + 12] === 32) {
          transport = TRANSPORT.icmpv6;
        } else return false;
        break;
      }
      case WORD.type: {
        if (bytes[p + 4] !== 61) break;
        if (icmpType >= 0) return false;
        p += 5;
        icmpType = 0;
        const digits = p;
        for (;;) {
          const d = bytes[p]! - 48;
          if (d < 0 || d > 9) break;
          icmpType = icmpType * 10 + d;
          p++;
        }
        if (p === digits || p - digits > 3 || icmpType > 255 || bytes[p] !== 32) return false;
        p++;
        continue;
      }
      case WORD.reserved:
        hasReserved = true;
        break;
      case WORD.fragment:
        return false;
      default:
        if (code >= WORD.flag) {
          if (transport >= 0) tcp |= code & 63;
          p += 4;
          continue;
        }
        if ((word & 0xffffff) === 0x3d4449 && transport < 0) {
          // "ID=" of the IP header
          if (ipId >= 0) return false;
          p += 3;
          ipId = 0;
          const digits = p;
          for (;;) {
            const d = bytes[p]! - 48;
            if (d < 0 || d > 9) break;
            ipId = ipId * 10 + d;
            p++;
          }
          if (p === digits || p - digits > 5 || ipId > 0xffff || bytes[p] !== 32) return false;
          p++;
          continue;
        }
    }
    // any other word: behind its blank
    for (;;) {
      const x = view.getInt32(p, true);
      const low = (x - 0x21212121) & ~x & 0x80808080;
      if (low === 0) {
        p += 4;
        continue;
      }
      p += (31 - Math.clz32(low & -low)) >> 3;
      break;
    }
    if (p < lineEnd) {
      if (bytes[p] !== 32) return false;
      p++;
    }
  }
  if (source < 0 || destination < 0 || transport < 0) return false;

  if (flags & FLAG.ipv6) {
    batch.sourceHi[row] = source;
    batch.sourceLo[row] = source1;
    batch.sourceIidHi[row] = source2;
    batch.sourceIidLo[row] = source3;
    if (isPrivateIpv6(source)) flags |= FLAG.privateSource;
  } else {
    batch.sourceLo[row] = source3;
    if (isPrivateIpv4(source3)) flags |= FLAG.privateSource;
  }
  batch.destination0[row] = destination;
  batch.destination1[row] = destination1;
  batch.destination2[row] = destination2;
  batch.destination3[row] = destination3;
  if (sourcePort > 0) batch.sourcePort[row] = sourcePort;
  if (destinationPort > 0) batch.destinationPort[row] = destinationPort;
  batch.transport[row] = transport;
  batch.action[row] = prefixAction[prefix]!;
  if (transport === TRANSPORT.tcp && hasReserved) batch.tcpFlags[row] = tcp;
  if (icmpType > 0 && (transport === TRANSPORT.icmp || transport === TRANSPORT.icmpv6)) batch.icmpType[row] = icmpType;
  if (ipId >= 0) {
    batch.ipId[row] = ipId;
    flags |= FLAG.hasIpId;
  }
  if (isOutbound) flags |= FLAG.outbound;
  batch.flags[row] = flags;
  batch.timeMs[row] = timeMs;
  return true;
}

/** A line of any shape, through the plain parser; false when it is skipped or refused, which is then counted. */
function handOver(
  bytes: Uint8Array,
  lineStart: number,
  lineEnd: number,
  baseOffset: number,
  batch: Batch,
  row: number,
  context: OriginContext,
  tally: Tally,
): boolean {
  const line = latin1(bytes, lineStart, lineEnd);
  const parsed = parsePacketLine(line, context);
  if ('event' in parsed) {
    putEvent(batch, row, parsed.event);
    return true;
  }
  if ('skipped' in parsed) countSkipped(tally, parsed.skipped);
  else countRefused(tally, parsed.refused, baseOffset + lineStart, line);
  return false;
}

/** Offset behind `[1234.567890] ` at `p`, or `p` when no such thing stands there. */
function uptimeEnd(bytes: Uint8Array, p: number): number {
  if (bytes[p] !== 91) return p;
  let i = p + 1;
  const blanks = i;
  while (bytes[i] === 32 && i - blanks < 10) i++;
  const digits = i;
  while (bytes[i]! >= 48 && bytes[i]! <= 57) i++;
  if (i === digits || i - digits > 10 || bytes[i] !== 46) return p;
  i++;
  const decimals = i;
  while (bytes[i]! >= 48 && bytes[i]! <= 57) i++;
  if (i === decimals || i - decimals > 9 || bytes[i] !== 93) return p;
  i++;
  return bytes[i] === 32 ? i + 1 : i;
}
