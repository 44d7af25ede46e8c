/**
 * The byte kernel of access logs: a block of lines → rows of a batch, without a string per line.
 * It scans the shape that almost every line has (`[host ]address - user [time] "METHOD target HTTP/x.y" 200 123` and
 * two more quoted fields) and hands any other line to the grammar in combined-fields.ts, so that both agree.
 * What is fast here: the target, the referrer and the user agent are read once, four bytes at a time, to find their ends
 * and to hash them for the matcher in the same step; the line end is where they end; and the time is compared with that
 * of the line before as seven words.
 */
import { isPrivateIpv4, isPrivateIpv6, ZERO_PREFIX } from '../model/address.ts';
import { type Batch, FLAG, hashTexts, KIND, METHOD, NO_SIZE } from '../model/batch.ts';
import { hashTarget, hashUntilQuote, target } from '../model/hash.ts';
import { countRefused, countSkipped, type Tally } from '../model/tally.ts';
import { address, ipv4At, ipv6At } from './address-bytes.ts';
import { clearRows, latin1, putSource, SHORTEST_LINE } from './append-event.ts';
import { dateRefused } from './clock.ts';
import {
  createFields,
  createParts,
  EMPTY_LINE,
  findFields,
  isBlank,
  knownVersion,
  parseTime,
  splitRequest,
} from './combined-fields.ts';
import type { OriginContext } from './format.ts';

/** Least bytes from the blank behind the address to the line end: ` - - [time] "GET / HTTP/1.1" 200 0` has more. */
const REST_MIN = 48;
/** Longest user name that the kernel scans itself. */
const USER_MAX = 64;

const fields = createFields();
const parts = createParts();
/** The time field of the line before (26 bytes and `] `) as words, and what it means. */
const seen = new Int32Array(7);
let seenMs = Number.NaN;

/** `fill` of the combined format; see Format.fill. */
export function fillCombined(
  bytes: Uint8Array,
  start: number,
  end: number,
  baseOffset: number,
  batch: Batch,
  _context: OriginContext,
  tally: Tally,
): number {
  batch.bytes = bytes;
  batch.textEnd = 0;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = batch.n;
  const rowsMax = Math.min(batch.capacity, first + Math.ceil((end - start) / SHORTEST_LINE));
  clearRows(batch, first, rowsMax);
  // the words that a text is read in start before this, so that none reaches beyond the array
  const limit = Math.min(end, bytes.length - 3);
  let at = start;
  while (at < end && batch.n < batch.capacity) {
    const row = batch.n;
    let lineEnd = scanLine(bytes, buffer, view, at, end, limit, batch, row);
    const isUsual = lineEnd >= 0 && lineEnd < end;
    if (!isUsual) {
      const lineFeed = buffer.indexOf(10, at);
      lineEnd = lineFeed < 0 || lineFeed >= end ? end : lineFeed;
    }
    const next = lineEnd < end ? lineEnd + 1 : end;
    if (lineEnd > at && bytes[lineEnd - 1] === 13) lineEnd--;
    if (isUsual || handOver(bytes, at, lineEnd, baseOffset, batch, row, tally)) {
      batch.lineStart[row] = at;
      batch.lineEnd[row] = lineEnd;
      batch.lineOffset[row] = baseOffset + at;
      batch.kind[row] = KIND.request;
      batch.n = row + 1;
      if (!isUsual) hashTexts(batch, row, row + 1, batch.key);
    }
    tally.lines++;
    at = next;
  }
  if (batch.hashed === first) batch.hashed = batch.n;
  tally.events += batch.n - first;
  tally.bytes += at - start;
  return at;
}

/**
 * A line of the usual shape into row `row`: returns where it ends (its line feed, or `end`). -1 when it is of another
 * shape; the row then is still to be written. Every byte up to the end is looked at for what it may be, so that no
 * field reaches into the next line.
 */
function scanLine(
  bytes: Uint8Array,
  buffer: Buffer,
  view: DataView,
  lineStart: number,
  end: number,
  limit: number,
  batch: Batch,
  row: number,
): number {
  const { key } = batch;
  // the address: strict dotted quad, or IPv6, or a virtual host and then one of the two
  let hostEnd = lineStart;
  let p = lineStart;
  let isIpv4 = true;
  let value = 0;
  let flags = 0;
  const plain = p + 24 < limit ? ipv4At(view, p) : 0;
  if (plain > 0) {
    p = plain;
    value = address.w3;
  }
  for (let word = 0; plain === 0; word++) {
    const wordStart = p;
    let part = -1;
    let dots = 0;
    let digits = 0;
    value = 0;
    isIpv4 = true;
    for (; ; p++) {
      const d = bytes[p]! - 48;
      if (d >= 0 && d <= 9) {
        if (part === 0 || digits === 3) break;
        part = part < 0 ? d : part * 10 + d;
        digits++;
      } else if (d === -2 && part >= 0 && part <= 255 && dots < 3) {
        value = (value << 8) | part;
        dots++;
        part = -1;
        digits = 0;
      } else break;
    }
    if (dots === 3 && part >= 0 && part <= 255 && bytes[p] === 32) {
      value = ((value << 8) | part) >>> 0;
      break;
    }
    isIpv4 = false;
    const addressEnd = ipv6At(bytes, wordStart);
    if (addressEnd > 0) {
      p = addressEnd;
      if (address.w0 === 0 && address.w1 === 0 && address.w2 === 0xffff) {
        isIpv4 = true;
        value = address.w3;
      }
      break;
    }
    if (word === 1) return -1;
    p = wordStart;
    while (bytes[p]! > 32) p++;
    if (bytes[p] !== 32 || p === wordStart) return -1;
    // a name and at most one port; everything else is for the grammar
    hostEnd = wordStart;
    while (bytes[hostEnd] !== 58 && hostEnd < p) hostEnd++;
    for (let i = hostEnd + 1; i < p; i++) if (bytes[i]! < 48 || bytes[i]! > 57) return -1;
    if (hostEnd === wordStart || hostEnd + 1 === p) return -1;
    p++;
  }
  // ` - user [`
  if (p + REST_MIN > end) return -1;
  if (bytes[p] !== 32 || bytes[p + 1] !== 45 || bytes[p + 2] !== 32) return -1;
  const userStart = p + 3;
  let userEnd = userStart;
  if (bytes[userStart] === 45 && bytes[userStart + 1] === 32 && bytes[userStart + 2] === 91) p = userStart + 3;
  else {
    const userMax = userStart + USER_MAX;
    for (p = userStart; bytes[p]! >= 32 && !(bytes[p] === 32 && bytes[p + 1] === 91); p++) if (p === userMax) return -1;
    if (bytes[p] !== 32 || p === userStart || bytes[userStart] === 34) return -1;
    userEnd = p;
    p += 2;
  }
  if (p + 40 > end) return -1;
  if (
    view.getInt32(p, true) !== seen[0] ||
    view.getInt32(p + 4, true) !== seen[1] ||
    view.getInt32(p + 8, true) !== seen[2] ||
    view.getInt32(p + 12, true) !== seen[3] ||
    view.getInt32(p + 16, true) !== seen[4] ||
    view.getInt32(p + 20, true) !== seen[5] ||
    view.getInt32(p + 24, true) !== seen[6]
  ) {
    if (bytes[p + 26] !== 93 || bytes[p + 27] !== 32) return -1;
    const time = parseTime(latin1(bytes, p, p + 26), 0);
    if (Number.isNaN(time) || dateRefused(time) !== null) return -1;
    for (let i = 0; i < 7; i++) seen[i] = view.getInt32(p + 4 * i, true);
    seenMs = time;
  }
  p += 28;
  if (bytes[p] !== 34) return -1;
  p++;

  // the request: method, target up to ` HTTP/x.y"`
  let method = 0;
  switch (view.getInt32(p, true)) {
    case 0x20544547: // "GET "
      method = METHOD.GET;
      p += 4;
      break;
    case 0x54534f50: // "POST"
      method = METHOD.POST;
      p += 4;
      if (bytes[p++] !== 32) return -1;
      break;
    case 0x44414548: // "HEAD"
      method = METHOD.HEAD;
      p += 4;
      if (bytes[p++] !== 32) return -1;
      break;
    default:
      return -1;
  }
  const targetStart = p;
  if (bytes[p] === 32) return -1;
  let targetEnd = hashTarget(view, p, limit, key, batch.targetHash, batch.targetHashB, batch.pathHash, row);
  let query = target.query;
  if (targetEnd >= 0) {
    p = targetEnd + 9;
    if (bytes[p] !== 34) targetEnd = -1;
  }
  const isOdd = targetEnd < 0;
  if (isOdd) {
    // a blank or an exclamation mark inside: up to the quote, and hashed when the rest of the line is found usual
    p = targetStart;
    query = -1;
    let c = bytes[p]!;
    while (c !== 34 && c >= 32) {
      if (c === 63 && query < 0) query = p;
      c = bytes[++p]!;
    }
    if (c !== 34) return -1;
    targetEnd = p - 9;
    if (query > targetEnd) query = -1;
  }
  // a quote behind the digit that the version ends with is not escaped
  if (targetEnd <= targetStart || view.getInt32(targetEnd, true) !== 0x54544820 /* " HTT" */) return -1;
  if (bytes[targetEnd + 4] !== 80 || bytes[targetEnd + 5] !== 47 || bytes[targetEnd + 7] !== 46) return -1;
  const major = bytes[targetEnd + 6]! - 48;
  const minor = bytes[targetEnd + 8]! - 48;
  if (major < 0 || major > 9 || minor < 0 || minor > 9) return -1;

  // `" 200 1234`
  const s0 = bytes[p + 2]! - 48;
  const s1 = bytes[p + 3]! - 48;
  const s2 = bytes[p + 4]! - 48;
  if (bytes[p + 1] !== 32 || bytes[p + 5] !== 32) return -1;
  if (s0 < 0 || s0 > 9 || s1 < 0 || s1 > 9 || s2 < 0 || s2 > 9) return -1;
  p += 6;
  let size = 0;
  const sizeStart = p;
  if (bytes[p] === 45) {
    size = NO_SIZE;
    p++;
  } else {
    for (;;) {
      const d = bytes[p]! - 48;
      if (d < 0 || d > 9) break;
      size = size * 10 + d;
      p++;
    }
    if (p === sizeStart || p - sizeStart > 9) return -1;
  }

  // ` "referrer" "user agent"` and whatever follows
  let referrerStart = 0;
  let referrerEnd = 0;
  let agentStart = 0;
  let agentEnd = 0;
  let isAgent = false;
  let lineEnd = p;
  if (bytes[p] === 32) {
    if (bytes[p + 1] !== 34) return -1;
    p += 2;
    if (bytes[p] === 45 && bytes[p + 1] === 34) p++;
    else {
      referrerStart = p;
      p = hashUntilQuote(view, p, limit, key, batch.referrerHash, batch.referrerHashB, row);
      if (p < 0 || bytes[p - 1] === 92) return -1;
      referrerEnd = p;
    }
    if (bytes[p + 1] !== 32 || bytes[p + 2] !== 34) return -1;
    p += 3;
    agentStart = p;
    agentEnd = hashUntilQuote(view, p, limit, key, batch.userAgentHash, batch.userAgentHashB, row);
    if (agentEnd < 0 || bytes[agentEnd - 1] === 92) return -1;
    lineEnd = agentEnd + 1;
    isAgent = agentEnd - agentStart !== 1 || bytes[agentStart] !== 45;
    if (!isAgent) agentEnd = agentStart;
  }
  // the end, or a blank and fields that nobody reads
  if (bytes[lineEnd] === 32 && agentStart > 0) {
    lineEnd = buffer.indexOf(10, lineEnd);
    if (lineEnd < 0 || lineEnd > end) lineEnd = end;
  } else if (bytes[lineEnd] === 13) {
    if (bytes[++lineEnd] !== 10) return -1;
  } else if (bytes[lineEnd] !== 10) return -1;

  if (isIpv4) {
    batch.sourceLo[row] = value;
    if (isPrivateIpv4(value)) flags |= FLAG.privateSource;
  } else {
    const hi = address.w0 === 0 ? ZERO_PREFIX : address.w0;
    batch.sourceHi[row] = hi;
    batch.sourceLo[row] = address.w1;
    batch.sourceIidHi[row] = address.w2;
    batch.sourceIidLo[row] = address.w3;
    flags |= isPrivateIpv6(hi) ? FLAG.ipv6 | FLAG.privateSource : FLAG.ipv6;
  }
  if (hostEnd > lineStart) {
    batch.hostStart[row] = lineStart;
    batch.hostEnd[row] = hostEnd;
    flags |= FLAG.hasHost;
  }
  if (userEnd > userStart) {
    batch.userStart[row] = userStart;
    batch.userEnd[row] = userEnd;
  }
  batch.flags[row] = flags;
  batch.timeMs[row] = seenMs;
  batch.method[row] = method;
  batch.httpVersion[row] = knownVersion(major * 10 + minor);
  batch.status[row] = s0 * 100 + s1 * 10 + s2;
  batch.size[row] = size;
  batch.targetStart[row] = targetStart;
  batch.targetEnd[row] = targetEnd;
  batch.queryStart[row] = query < 0 ? targetEnd : query;
  batch.referrerStart[row] = referrerStart;
  batch.referrerEnd[row] = referrerEnd;
  if (referrerStart === referrerEnd) batch.referrerHash[row] = batch.referrerHashB[row] = 0;
  batch.userAgentStart[row] = agentStart;
  batch.userAgentEnd[row] = agentEnd;
  if (isOdd || !isAgent) {
    batch.kind[row] = KIND.request;
    hashTexts(batch, row, row + 1, key);
  }
  return lineEnd;
}

/** A line of any shape, through the grammar; false when it is skipped or refused, which is then counted. */
export function handOver(
  bytes: Uint8Array,
  lineStart: number,
  lineEnd: number,
  baseOffset: number,
  batch: Batch,
  row: number,
  tally: Tally,
): boolean {
  const line = latin1(bytes, lineStart, lineEnd);
  if (isBlank(line)) {
    countSkipped(tally, EMPTY_LINE);
    return false;
  }
  const reason = findFields(line, fields);
  if (reason !== null) {
    countRefused(tally, reason, baseOffset + lineStart, line);
    return false;
  }
  splitRequest(line, fields.requestStart, fields.requestEnd, parts);
  let flags = putSource(batch, row, fields.source);
  if (parts.isMalformed) flags |= FLAG.malformed;
  if (fields.hostEnd > fields.hostStart) {
    flags |= FLAG.hasHost;
    batch.hostStart[row] = lineStart + fields.hostStart;
    batch.hostEnd[row] = lineStart + fields.hostEnd;
  }
  batch.flags[row] = flags;
  batch.timeMs[row] = fields.timeMs;
  batch.method[row] = parts.method;
  batch.httpVersion[row] = parts.version;
  batch.status[row] = fields.status;
  batch.size[row] = fields.size < 0 ? NO_SIZE : Math.min(fields.size, NO_SIZE - 1);
  batch.targetStart[row] = lineStart + parts.targetStart;
  batch.targetEnd[row] = lineStart + parts.targetEnd;
  const query = parts.isMalformed ? -1 : line.indexOf('?', parts.targetStart);
  batch.queryStart[row] = lineStart + (query < 0 || query > parts.targetEnd ? parts.targetEnd : query);
  batch.userStart[row] = lineStart + fields.userStart;
  batch.userEnd[row] = lineStart + fields.userEnd;
  batch.referrerStart[row] = lineStart + fields.referrerStart;
  batch.referrerEnd[row] = lineStart + fields.referrerEnd;
  batch.userAgentStart[row] = lineStart + fields.userAgentStart;
  batch.userAgentEnd[row] = lineStart + fields.userAgentEnd;
  return true;
}
