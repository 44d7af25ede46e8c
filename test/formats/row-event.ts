/**
 * A row of a batch read back as an event: what tests compare with the event that was put in.
 */
import { latin1, TCP_FLAG_NAMES } from '../../src/formats/append-event.ts';
import { formatIpv4, formatIpv6, formatSource } from '../../src/model/address.ts';
import { ACTION, type Batch, FLAG, KIND, METHODS, NO_SIZE, TCP, TRANSPORTS } from '../../src/model/batch.ts';
import type { LogEvent } from '../../src/model/event.ts';

/**
 * Row `row` as an event: what the columns say, no more (host.name, event.action and the interface are not columns, a
 * method that is none of METHODS reads "other", an IP protocol that is none of TRANSPORTS "other").
 */
export function eventOf(batch: Batch, row: number): LogEvent {
  const flags = batch.flags[row]!;
  const isWeb = batch.kind[row] === KIND.request;
  const event: LogEvent = {
    '@timestamp': batch.timeMs[row]!,
    'event.category': isWeb ? 'web' : 'network',
    'source.ip': formatSource(
      batch.sourceHi[row]!,
      batch.sourceLo[row]!,
      batch.sourceIidHi[row]!,
      batch.sourceIidLo[row]!,
    ),
  };
  if (batch.sourcePort[row] !== 0) event['source.port'] = batch.sourcePort[row]!;
  const d = [
    batch.destination0[row]!,
    batch.destination1[row]!,
    batch.destination2[row]!,
    batch.destination3[row]!,
  ] as const;
  if (flags & FLAG.destinationIpv6) event['destination.ip'] = formatIpv6(...d);
  else if (d[2] === 0xffff) event['destination.ip'] = formatIpv4(d[3]);
  if (batch.destinationPort[row] !== 0) event['destination.port'] = batch.destinationPort[row]!;
  if (batch.transport[row] !== 0) event['network.transport'] = TRANSPORTS[batch.transport[row]!]!;
  if (batch.action[row] === ACTION.allow) event['event.type'] = 'allowed';
  if (batch.action[row] === ACTION.deny) event['event.type'] = 'denied';
  const bits = batch.tcpFlags[row]!;
  if (bits & TCP.known) event['pollwatch.tcp_flags'] = TCP_FLAG_NAMES.filter((_, bit) => bits & (1 << bit));
  if (batch.icmpType[row] !== 0) event['pollwatch.icmp_type'] = batch.icmpType[row]!;
  if (flags & FLAG.hasIpId) event['pollwatch.ip_id'] = batch.ipId[row]!;
  if (batch.method[row] !== 0) event['http.request.method'] = METHODS[batch.method[row]!]!;
  const version = batch.httpVersion[row]!;
  if (version !== 0) event['http.version'] = `${Math.floor(version / 10)}.${version % 10}`;
  if (batch.status[row] !== 0) event['http.response.status_code'] = batch.status[row]!;
  if (batch.size[row] !== NO_SIZE) event['http.response.body.bytes'] = batch.size[row]!;
  const text = (start: number, end: number) => latin1(batch.bytes, start, end);
  const [target, targetEnd, query] = [batch.targetStart[row]!, batch.targetEnd[row]!, batch.queryStart[row]!];
  if (targetEnd > target) {
    event['url.original'] = text(target, targetEnd);
    if (!(flags & FLAG.malformed)) {
      event['url.path'] = text(target, query);
      if (query < targetEnd) event['url.query'] = text(query + 1, targetEnd);
    }
  }
  if (flags & FLAG.hasHost) event['destination.domain'] = text(batch.hostStart[row]!, batch.hostEnd[row]!);
  if (batch.userEnd[row]! > batch.userStart[row]!)
    event['user.name'] = text(batch.userStart[row]!, batch.userEnd[row]!);
  const [referrer, referrerEnd] = [batch.referrerStart[row]!, batch.referrerEnd[row]!];
  if (referrerEnd > referrer) event['http.request.referrer'] = text(referrer, referrerEnd);
  const [agent, agentEnd] = [batch.userAgentStart[row]!, batch.userAgentEnd[row]!];
  if (agentEnd > agent) event['user_agent.original'] = text(agent, agentEnd);
  if (flags & FLAG.malformed) event['pollwatch.malformed'] = true;
  if (flags & FLAG.rateLimited) event['pollwatch.rate_limited'] = true;
  if (flags & FLAG.outbound) event['pollwatch.outbound'] = true;
  return event;
}
