/**
 * Who asked, where a proxy stands in front of the server and the log says both: the peer first, and behind the user agent
 * a quoted field with the header in which the proxy names its client.
 *   10.0.0.5 - - [14/Sep/2026:08:01:00 +0200] "GET / HTTP/1.1" 200 153 "-" "curl/8.5.0" "192.0.2.66, 203.0.113.9"
 *   → source 203.0.113.9, where 10.0.0.5 is a declared proxy; 10.0.0.5, where it is not
 * Anybody can send such a header, so it is believed only of a peer that the inventory trusts, and read from the right:
 * each proxy adds behind what it was given, and the first address that is no proxy of ours is the last one known for sure.
 */
import { type Address, type AddressTest, isSourceIn, parseAddress } from '../model/address.ts';
import { type Batch, FLAG } from '../model/batch.ts';
import type { Inventory } from '../model/inventory.ts';
import { latin1, putSource } from './append-event.ts';
import { closingQuote, isBlankOrEnd, isQuoteAt } from './combined-fields.ts';

/** Whether an address is a proxy that is trusted to name its client. */
export type IsProxy = AddressTest;

/** The proxies that any asset of an organisation trusts; null where none is declared. */
export function proxiesOf(inventory: Pick<Inventory, 'assets' | 'isTrustedProxy'>): IsProxy | null {
  const behind = inventory.assets.filter(({ clientIp }) => clientIp !== null).map(({ number }) => number);
  if (behind.length === 0) return null;
  return (a, b, c, d) => behind.some((asset) => inventory.isTrustedProxy(asset, a, b, c, d));
}

/** Whether an address is one of the proxies. */
export function isProxyAddress(address: Address, isProxy: IsProxy): boolean {
  return 'v4' in address ? isProxy(0, 0, 0xffff, address.v4) : isProxy(...address.v6);
}

/**
 * The client that a line names, for a line whose peer is a proxy. `tail` is what stands from the end of the user agent's
 * text on. null when the line has no such field, or more than one (which of them it is, nothing says), or when what
 * stands there leads to no address that is not a proxy itself.
 */
export function clientBehind(tail: string, isProxy: IsProxy): Address | null {
  const field = quotedField(tail);
  if (field === null) return null;
  for (let end = field.length; end >= 0; ) {
    const comma = end === 0 ? -1 : field.lastIndexOf(',', end - 1);
    const address = writtenAddress(field.slice(comma + 1, end).trim());
    if (address === null) return null;
    if (!isProxyAddress(address, isProxy)) return address;
    end = comma;
  }
  return null;
}

/** Puts the client in the place of the proxy, in every row of a batch of access-log lines that names it. */
export function seeThrough(batch: Batch, isProxy: IsProxy): void {
  const { sourceHi, sourceLo, sourceIidHi, sourceIidLo, flags } = batch;
  for (let row = 0; row < batch.n; row++) {
    const isOurs = isSourceIn(isProxy, sourceHi[row]!, sourceLo[row]!, sourceIidHi[row]!, sourceIidLo[row]!);
    // a line without a user agent holds nothing behind it
    if (!isOurs || batch.userAgentStart[row]! <= batch.lineStart[row]!) continue;
    const client = clientBehind(latin1(batch.bytes, batch.userAgentEnd[row]!, batch.lineEnd[row]!), isProxy);
    if (client === null) continue;
    sourceIidHi[row] = sourceIidLo[row] = 0;
    flags[row] = (flags[row]! & ~(FLAG.ipv6 | FLAG.privateSource)) | putSource(batch, row, client);
  }
}

/** The one quoted field behind the user agent, without its quotes; words without quotes may stand around it. */
function quotedField(tail: string): string | null {
  let found: string | null = null;
  // an absent user agent is a dash, which is no part of its text
  for (let at = tail.startsWith('-') ? 2 : 1; at > 0 && at < tail.length; ) {
    if (!isQuoteAt(tail, at)) {
      at = tail.indexOf(' ', at + 1);
      continue;
    }
    const end = closingQuote(tail, at + 2, isBlankOrEnd);
    if (end < 0 || found !== null) return null;
    found = tail.slice(at + 2, end);
    at = end + 1;
  }
  return found;
}

/** `203.0.113.9`, `203.0.113.9:4711`, `2001:db8::9`, `[2001:db8::9]`, `[2001:db8::9]:4711` → the address. */
function writtenAddress(text: string): Address | null {
  if (text.length > ADDRESS_MAX) return null;
  const [, inBrackets, dotted] = WITH_PORT.exec(text) ?? [];
  if (inBrackets !== undefined) return inBrackets.includes(':') ? parseAddress(inBrackets) : null;
  return parseAddress(dotted ?? text);
}

/** Longest text that is taken for an address: IPv6 with an embedded IPv4 address, brackets and a port, and some. */
const ADDRESS_MAX = 64;
const WITH_PORT = /^(?:\[([^\]]*)\](?::\d{1,5})?|(\d[\d.]*):\d{1,5})$/;
