/**
 * What a packet can be: a probe of us, or an answer, a leftover, backscatter; and flags that no TCP stack sends.
 */
import { type Batch, FLAG, TCP, TRANSPORT } from '../model/batch.ts';

/** Service ports whose packets to a high port are answers to us, or their leftovers (DETECTIONS F01, F21). */
const REPLY_PORTS = new Set([53, 80, 443, 123, 25, 110, 143, 993, 995, 22, 179, 6667, 3478, 19302]);
/** First of the ports that systems take for connections of their own (Linux ip_local_port_range). */
const EPHEMERAL_FIRST = 32768;

/** NULL, FIN only, XMAS (FIN PSH URG), SYN with FIN: no TCP stack sends these (psad signatures 100066–70) */
export function isIllegal(f: number): boolean {
  if ((f & TCP.known) === 0) return false;
  const bits = f & 63;
  return (
    bits === 0 ||
    bits === TCP.fin ||
    bits === (TCP.fin | TCP.psh | TCP.urg) ||
    (bits & (TCP.syn | TCP.fin)) === (TCP.syn | TCP.fin)
  );
}

/** First IPv4 address of those that stand for many machines: multicast (RFC 5771), reserved, broadcast. */
const FIRST_OF_MANY = 0xe0000000;
/** First byte of IPv6 multicast (RFC 4291). */
const MULTICAST_V6 = 0xff;

/** Whether a packet calls to everybody nearby: printers and neighbours do, and nobody is scanned by it. */
function isToMany({ flags, destination0, destination3 }: Batch, i: number): boolean {
  return (flags[i]! & FLAG.destinationIpv6) === 0
    ? destination3[i]! >= FIRST_OF_MANY
    : destination0[i]! >>> 24 === MULTICAST_V6;
}

/**
 * Whether a packet can be a probe of us. Not: ICMP (errors, echo), answers from service ports to a high port, segments
 * with SYN-ACK or RST (backscatter of somebody else's spoofing), segments of old connections to a port of ours
 * (ACK without SYN to a low service port).
 */
export function isProbe(batch: Batch, i: number): boolean {
  if (isToMany(batch, i)) return false;
  const transport = batch.transport[i]!;
  if (transport !== TRANSPORT.tcp && transport !== TRANSPORT.udp) return false;
  const sourcePort = batch.sourcePort[i]!;
  const port = batch.destinationPort[i]!;
  if (port === 0 && sourcePort === 0) return false;
  const f = batch.tcpFlags[i]!;
  if (transport === TRANSPORT.tcp && (f & TCP.known) !== 0) {
    if ((f & TCP.rst) !== 0 || (f & (TCP.syn | TCP.ack)) === (TCP.syn | TCP.ack)) return false;
    if ((f & TCP.syn) !== 0) return true;
    if (REPLY_PORTS.has(sourcePort) && port >= 1024) return false;
    // a late segment of a connection that we opened: it comes to a port that systems take for their own connections
    if ((f & TCP.ack) !== 0 && port >= EPHEMERAL_FIRST) return false;
    return !((f & TCP.ack) !== 0 && REPLY_PORTS.has(port));
  }
  return !(REPLY_PORTS.has(sourcePort) && (port >= 1024 || port === sourcePort));
}
