/**
 * Cuts the bytes of one connection into syslog messages: octet-counted ("71 <34>1 2026-…") or ended by line feeds, told by
 * the first bytes of the connection. A message is at most 256 KiB; a longer one is passed over without being kept, and
 * the memory of a connection is bounded by one message.
 * Reference: RFC 6587 section 3.4, RFC 5425 section 4.3
 */

/** Longest message, bytes. */
export const MESSAGE_BYTES_MAX = 256 * 1024;
/** A sender that announces more than this does not count octets. */
const ANNOUNCED_BYTES_MAX = 16 * 1024 * 1024;
/** "16777216 <" */
const COUNT_BYTES_MAX = 9;

/** A connection between two messages keeps no larger buffer. */
const KEPT_BYTES = 16 * 1024;
const EMPTY: Buffer = Buffer.alloc(0);

export interface SyslogFraming {
  /** Takes what arrived; returns the messages that are whole now. */
  push(bytes: Buffer): Buffer[];
  /** The connection ended: the last message when line feeds end them, else null. */
  end(): Buffer | null;
  /** true while a message has begun and is not whole */
  readonly isInside: boolean;
  /** messages that were too long */
  readonly overlong: number;
  /** set when the sender does not keep to the framing that it began with: nothing more can be read */
  readonly isBroken: boolean;
}

/** Framing of a new connection. */
export function createSyslogFraming(): SyslogFraming {
  /** held[0, filled) is the beginning of a message; `rest` is it with what has just arrived */
  let held: Buffer = EMPTY;
  let filled = 0;
  let rest: Buffer = EMPTY;
  let kind: 'unknown' | 'counted' | 'lines' = 'unknown';
  /** bytes of a message that is too long and passed over; Infinity = up to the next line feed */
  let passing = 0;
  let overlong = 0;
  let isBroken = false;

  /** Appends what arrived; a message that comes byte by byte is not copied anew for every byte. */
  const hold = (more: Buffer): Buffer => {
    if (filled + more.length > held.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * held.length, filled + more.length));
      held.copy(grown, 0, 0, filled);
      held = grown;
    }
    more.copy(held, filled);
    filled += more.length;
    return held.subarray(0, filled);
  };
  const keepFrom = (at: number): void => {
    held.copyWithin(0, at, filled);
    filled -= at;
    if (filled === 0 && held.length > KEPT_BYTES) held = EMPTY;
  };

  /** Looks for one message at `at`: where it stands, or null when more bytes are needed. */
  const counted = (at: number): { start: number; end: number } | null => {
    const space = rest.indexOf(32, at);
    const written = space < 0 ? rest.length - at : space - at;
    const digits = rest.toString('latin1', at, at + Math.min(written, COUNT_BYTES_MAX));
    const length = Number(digits);
    if (written > COUNT_BYTES_MAX || !/^(?:[1-9]\d*)?$/.test(digits) || length > ANNOUNCED_BYTES_MAX || space === at) {
      isBroken = true;
      return null;
    }
    return space < 0 ? null : { start: space + 1, end: space + 1 + length };
  };

  return {
    get isInside() {
      return filled > 0 || passing > 0;
    },
    get overlong() {
      return overlong;
    },
    get isBroken() {
      return isBroken;
    },
    push(bytes) {
      const found: Buffer[] = [];
      let more = bytes;
      if (passing > 0) {
        const lineFeed = passing === Number.POSITIVE_INFINITY ? more.indexOf(10) : -1;
        const count = passing === Number.POSITIVE_INFINITY ? (lineFeed < 0 ? more.length : lineFeed + 1) : passing;
        passing = lineFeed >= 0 ? 0 : Math.max(0, passing - more.length);
        more = more.subarray(Math.min(count, more.length));
      }
      if (isBroken || more.length === 0) return found;
      const seen = filled;
      rest = hold(more);
      let at = 0;
      if (kind === 'unknown') {
        const start = rest.toString('latin1', 0, COUNT_BYTES_MAX + 2);
        if (/^[1-9]\d{0,8}(?: ?$)/.test(start) && rest.length < COUNT_BYTES_MAX + 2) return found;
        kind = /^[1-9]\d{0,8} </.test(start) ? 'counted' : 'lines';
      }
      while (at < rest.length && !isBroken) {
        if (kind === 'lines') {
          const end = rest.indexOf(10, at === 0 ? seen : at);
          if (end < 0) break;
          if (end - at > MESSAGE_BYTES_MAX) overlong++;
          else found.push(Buffer.from(rest.subarray(at, end)));
          at = end + 1;
          continue;
        }
        const message = counted(at);
        if (message === null) break;
        if (message.end - message.start > MESSAGE_BYTES_MAX) {
          overlong++;
          passing = Math.max(0, message.end - rest.length);
          at = Math.min(message.end, rest.length);
          continue;
        }
        if (message.end > rest.length) break;
        found.push(Buffer.from(rest.subarray(message.start, message.end)));
        at = message.end;
      }
      keepFrom(isBroken ? filled : at);
      if (kind === 'lines' && filled > MESSAGE_BYTES_MAX) {
        overlong++;
        passing = Number.POSITIVE_INFINITY;
        keepFrom(filled);
      }
      return found;
    },
    end() {
      const last = kind === 'counted' || isBroken || filled === 0 ? null : Buffer.from(held.subarray(0, filled));
      if (last !== null) keepFrom(filled);
      return last;
    },
  };
}
