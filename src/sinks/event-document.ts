/**
 * One event as the ECS 9.4 document that `pollwatch parse` prints, nested. What ECS has no field for stands under
 * `pollwatch.*`: TCP flags, IP-ID, ICMP type, and what is odd about a line.
 * `log.file.line` is promised by `parse` although ECS has no such field: tools that compare line by line read it there.
 * Text of the log is UTF-8 where its bytes are; every invalid byte reads U+FFFD.
 * https://www.elastic.co/docs/reference/ecs
 */
import type { LogEvent } from '../model/event.ts';

/** The version of ECS that the fields follow. */
const ECS_VERSION = '9.4.0';

/** Where an event comes from. */
export interface EventOrigin {
  /** path of the file, or "-" */
  name: string;
  /** number of the line in it, from 1 */
  line: number;
}

/** An event as a nested ECS document; the order of the fields is fixed. */
export function eventDocument(event: LogEvent, origin: EventOrigin): object {
  const document: Record<string, unknown> = {};
  const isWeb = event['event.category'] === 'web';
  put(document, '@timestamp', new Date(event['@timestamp']).toISOString());
  put(document, 'ecs.version', ECS_VERSION);
  put(document, 'event.kind', 'event');
  put(document, 'event.category', [event['event.category']]);
  put(document, 'event.type', [isWeb ? 'access' : 'connection', ...(event['event.type'] ? [event['event.type']] : [])]);
  const status = event['http.response.status_code'];
  if (status !== undefined) put(document, 'event.outcome', status < 400 ? 'success' : 'failure');
  put(document, 'log.file.path', origin.name);
  put(document, 'log.file.line', origin.line);
  for (const key of FIELDS) {
    const value = event[key];
    if (value !== undefined) put(document, key, typeof value === 'string' ? decode(value) : value);
  }
  return document;
}

/** Fields that are printed as they are, in this order. */
const FIELDS = [
  'event.action',
  'source.ip',
  'source.port',
  'network.forwarded_ip',
  'related.ip',
  'destination.ip',
  'destination.port',
  'destination.domain',
  'network.transport',
  'http.request.method',
  'http.request.referrer',
  'http.version',
  'http.response.status_code',
  'http.response.body.bytes',
  'url.original',
  'url.path',
  'url.query',
  'user_agent.original',
  'user.name',
  'host.name',
  'observer.ingress.interface.name',
  'pollwatch.tcp_flags',
  'pollwatch.ip_id',
  'pollwatch.icmp_type',
  'pollwatch.malformed',
  'pollwatch.rate_limited',
  'pollwatch.outbound',
] as const satisfies readonly (keyof LogEvent)[];

/** Bytes held as latin1 → text. */
function decode(latin1: string): string {
  return /[\u0080-\u00ff]/.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}

function put(document: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.');
  let at = document;
  for (const step of steps.slice(0, -1)) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  at[steps[steps.length - 1]!] = value;
}
