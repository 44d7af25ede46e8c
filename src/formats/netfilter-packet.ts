/**
 * The grammar of a packet that the kernel logs, `IN=… OUT=… SRC=… DST=… PROTO=…` behind the prefix of a rule, in any of
 * the wrappings of syslog-wrapping.ts: one line → event, skipped line of a known kind, or refusal.
 * Fields: kernel sources net/netfilter/nf_log_syslog.c; ufw-framework(8) and iptables-extensions(8), LOG.
 */
import { formatIpv4, formatIpv6, parseAddress } from '../model/address.ts';
import type { LogEvent, Parsed } from '../model/event.ts';
import { TCP_FLAG_NAMES } from './append-event.ts';
import { dateRefused } from './clock.ts';
import { EMPTY_LINE, isBlank } from './combined-fields.ts';
import type { OriginContext } from './format.ts';
import { unwrap, WRAPPING_REFUSED } from './syslog-wrapping.ts';

/** Kinds of lines that are skipped. */
const SKIPPED = {
  otherProgram: 'line of another program',
  noPacket: 'kernel message that is no packet',
  notIp: 'packet that is not IP',
} as const;

/** Why a line is refused (besides WRAPPING_REFUSED). */
const PACKET_REFUSED = 'packet whose source or destination cannot be read';

/** Any reference does where only the shape of a line is asked for. */
const ANY_CONTEXT: OriginContext = { origin: 0, referenceMs: 4e12, timezone: 'UTC' };

/** One line → packet, skipped line or refusal. */
export function parsePacketLine(line: string, context: OriginContext): Parsed {
  if (isBlank(line)) return { skipped: EMPTY_LINE };
  const wrapped = unwrap(line, context);
  if (typeof wrapped === 'string') return { refused: wrapped };
  if (wrapped.isKernel === false) return { skipped: SKIPPED.otherProgram };
  const at = packetStart(wrapped.message);
  if (at < 0) return { skipped: wrapped.isKernel === null ? SKIPPED.otherProgram : SKIPPED.noPacket };
  const refused = dateRefused(wrapped.timeMs);
  if (refused !== null) return { refused };
  const event = parsePacket(wrapped.message, at, wrapped.timeMs);
  if ('event' in event && wrapped.host !== '') event.event['host.name'] = wrapped.host;
  return event;
}

/** Whether a line is of the kernel, or holds a packet in a wrapping without a program's name. */
export function looksLikePacketLog(line: string): boolean {
  const wrapped = unwrap(line, ANY_CONTEXT);
  // without a wall clock every line is refused, with a reason that says what to do
  if (typeof wrapped === 'string') return wrapped === WRAPPING_REFUSED.uptimeOnly && packetStart(line) >= 0;
  return wrapped.isKernel ?? packetStart(wrapped.message) >= 0;
}

/** Offset of `IN=… OUT=` in a kernel message, or -1. What stands before it is the rule's prefix. */
function packetStart(message: string): number {
  let at = message.indexOf('IN=');
  while (at >= 0) {
    const space = message.indexOf(' ', at);
    if (space < 0) return -1;
    if (message.startsWith('OUT=', space + 1)) return at;
    at = message.indexOf('IN=', space);
  }
  return -1;
}

/** The fields of a packet from `IN=` on; of a field that stands twice the first counts. */
function parsePacket(message: string, start: number, timeMs: number): Parsed {
  const prefix = message.slice(0, start);
  const value = new Map<string, string>();
  const flags = new Set<string>();
  let isProtocolKnown = false;
  let isFragment = false;
  let ipId = -1;
  for (let at = start; at < message.length; ) {
    const space = message.indexOf(' ', at);
    const end = space < 0 ? message.length : space;
    // the header of the packet that an ICMP error answers
    if (message.charCodeAt(at) === 91) break;
    const word = message.slice(at, end);
    const equals = word.indexOf('=');
    if (equals >= 0) {
      const key = word.slice(0, equals);
      if (key === 'ID') {
        if (!isProtocolKnown && ipId < 0) ipId = number(word.slice(equals + 1), 0xffff);
      } else if (KEYS.has(key) && !value.has(key)) value.set(key, word.slice(equals + 1));
      if (key === 'PROTO') isProtocolKnown = true;
    } else if (isProtocolKnown) {
      if (TCP_FLAGS.has(word)) flags.add(word);
    } else if (word.startsWith('FRAG:')) isFragment = true;
    at = end + 1;
  }
  if (!value.has('SRC') && !value.has('DST')) return { skipped: SKIPPED.notIp };
  const source = addressText(value.get('SRC'));
  const destination = addressText(value.get('DST'));
  if (source === null || destination === null) return { refused: PACKET_REFUSED };

  const event: LogEvent = {
    '@timestamp': timeMs,
    'event.category': 'network',
    'source.ip': source,
    'destination.ip': destination,
  };
  const action = actionOf(prefix);
  if (action !== null) event['event.type'] = action;
  if (prefix.trim() !== '') event['event.action'] = prefix.trim();
  if (isRateLimited(prefix)) event['pollwatch.rate_limited'] = true;
  const transport = transportOf(value.get('PROTO'));
  if (transport !== null) event['network.transport'] = transport;
  const sourcePort = number(value.get('SPT'), 0xffff);
  const destinationPort = number(value.get('DPT'), 0xffff);
  if (sourcePort >= 0) event['source.port'] = sourcePort;
  if (destinationPort >= 0) event['destination.port'] = destinationPort;
  // a fragment behind the first has no TCP header; RES stands in front of the flags of every one that has
  if (transport === 'tcp' && value.has('RES') && !isFragment) {
    event['pollwatch.tcp_flags'] = TCP_FLAG_NAMES.filter((name) => flags.has(name));
  }
  const icmpType = transport === 'icmp' || transport === 'ipv6-icmp' ? number(value.get('TYPE'), 255) : -1;
  if (icmpType >= 0) event['pollwatch.icmp_type'] = icmpType;
  if (ipId >= 0) event['pollwatch.ip_id'] = ipId;
  const inbound = value.get('IN') ?? '';
  if (inbound !== '') event['observer.ingress.interface.name'] = inbound;
  else if ((value.get('OUT') ?? '') !== '') event['pollwatch.outbound'] = true;
  return { event };
}

const TCP_FLAGS: ReadonlySet<string> = new Set(TCP_FLAG_NAMES);
const KEYS = new Set(['IN', 'OUT', 'SRC', 'DST', 'PROTO', 'SPT', 'DPT', 'TYPE', 'RES']);

/** IP protocols by the name or number that the kernel prints. */
const TRANSPORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['TCP', 'tcp'],
  ['6', 'tcp'],
  ['UDP', 'udp'],
  ['17', 'udp'],
  ['ICMP', 'icmp'],
  ['1', 'icmp'],
  ['ICMPv6', 'ipv6-icmp'],
  ['58', 'ipv6-icmp'],
  ['2', 'igmp'],
  ['47', 'gre'],
  ['ESP', 'esp'],
  ['50', 'esp'],
  ['AH', 'ah'],
  ['51', 'ah'],
  ['89', 'ospf'],
  ['112', 'vrrp'],
  ['132', 'sctp'],
  ['SCTP', 'sctp'],
  ['UDPLITE', 'udplite'],
  ['136', 'udplite'],
]);

/**
 * What the prefix of the rule says became of the packet; deny before allow ("[UFW LIMIT BLOCK]"), null when it holds no
 * such word ("nft-invalid:", "[UFW AUDIT]").
 */
export function actionOf(prefix: string): 'allowed' | 'denied' | null {
  const text = prefix.toLowerCase();
  if (/drop|deny|denied|block|reject|refuse|discard/.test(text)) return 'denied';
  return /accept|allow|permit|(?:^|[^a-z])pass(?:ed)?(?![a-z])/.test(text) ? 'allowed' : null;
}

/** UFW limits its own logging unless its level is raised to full. */
export function isRateLimited(prefix: string): boolean {
  return prefix.includes('[UFW ');
}

function transportOf(name: string | undefined): string | null {
  if (name === undefined || name === '') return null;
  return TRANSPORT_NAMES.get(name) ?? 'other';
}

function addressText(text: string | undefined): string | null {
  const address = text === undefined ? null : parseAddress(text);
  if (address === null) return null;
  return 'v4' in address ? formatIpv4(address.v4) : formatIpv6(...address.v6);
}

/** Decimal digits → number up to `max`, or -1. */
function number(text: string | undefined, max: number): number {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return -1;
  const value = Number(text);
  return value <= max ? value : -1;
}
