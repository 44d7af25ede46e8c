/**
 * Events that another program has parsed already: one JSON document in ECS names per line (NDJSON), nested or with
 * dotted keys, as Elasticsearch modules of nginx, Apache and firewalls store them and `pollwatch parse` prints them.
 *   {"@timestamp":"2026-09-14T08:01:00.000Z","source":{"ip":"203.0.113.9"},"http":{"request":{"method":"GET"}, …
 *   → source 203.0.113.9, GET /a ? b=1, 404
 * Where a document says what was let through in several fields, event.type wins over event.action and event.outcome.
 * https://www.elastic.co/docs/reference/ecs
 */
import { formatIpv4, formatIpv6, parseAddress } from '../model/address.ts';
import type { LogEvent, Parsed } from '../model/event.ts';
import { TCP_FLAG_NAMES } from './append-event.ts';
import { dateRefused, fractionMs, isoWallMs, offsetMs } from './clock.ts';
import { EMPTY_LINE, isBlank } from './combined-fields.ts';
import type { Format } from './format.ts';
import { actionOf } from './netfilter-packet.ts';

export const ecs: Format = {
  name: 'ecs',
  aliases: ['ndjson', 'filebeat', 'elastic'],
  title: 'Events in ECS as NDJSON (Elasticsearch indices, Filebeat and Logstash, pollwatch parse)',
  documentation: 'https://www.elastic.co/docs/reference/ecs',
  example:
    '{"@timestamp":"2026-09-14T08:01:00.000Z","source":{"ip":"203.0.113.9"},"http":{"request":{"method":"GET"},' +
    '"response":{"status_code":404,"body":{"bytes":153}},"version":"1.1"},"url":{"original":"/a?b=1"},' +
    '"user_agent":{"original":"curl/8.5.0"}}',
  limits: [
    'only what the program that parsed the log kept: fields that its pipeline drops cannot be seen',
    'where event.original is missing, evidence shows the document, not the line of the log',
    'TCP flags are seen only in documents that pollwatch itself wrote',
  ],
  yearless: false,
  looksLike: (line) => line.charCodeAt(0) === 123 && /"@timestamp" ?:/.test(line),
  parseLine,
};

/** Documents that are neither a request nor a packet. */
const SKIPPED = {
  noRequest: 'document that is no request and no connection',
  noEvent: 'document that is no event (alert, metric, state)',
} as const;

/** Why a document is refused. */
const REFUSED = {
  noJson: 'no JSON document in one line',
  noTime: 'document without a readable @timestamp',
  noSource: 'document without an address in source.ip or client.ip',
} as const;

/** A document as it was read; nothing of it is trusted to be of any type. */
type Document = Readonly<Record<string, unknown>>;

/** event.kind of documents that stand for something that was seen. */
const KINDS = new Set(['event', 'enrichment', 'asset']);

/** One of these makes a document a request. */
const WEB_FIELDS = ['http.request.method', 'http.response.status_code', 'url.original', 'url.path'];

function parseLine(line: string): Parsed {
  if (isBlank(line)) return { skipped: EMPTY_LINE };
  const document = readDocument(line);
  if (document === null) return { refused: REFUSED.noJson };
  const kind = textAt(document, 'event.kind');
  if (kind !== null && !KINDS.has(kind)) return { skipped: SKIPPED.noEvent };
  const isWeb = WEB_FIELDS.some((field) => valueAt(document, field) !== undefined);
  const destination = addressAt(document, 'destination.ip') ?? addressAt(document, 'server.ip');
  if (!isWeb && destination === null) return { skipped: SKIPPED.noRequest };
  const timeMs = instantOf(valueAt(document, '@timestamp'));
  if (timeMs === null) return { refused: REFUSED.noTime };
  const source =
    addressAt(document, 'source.ip') ?? addressAt(document, 'client.ip') ?? addressAt(document, 'source.address');
  if (source === null) return { refused: REFUSED.noSource };
  const refused = dateRefused(timeMs);
  if (refused !== null) return { refused };
  const event: LogEvent = {
    '@timestamp': timeMs,
    'event.category': isWeb ? 'web' : 'network',
    'source.ip': source,
  };
  if (destination !== null) event['destination.ip'] = destination;
  putNumber(event, document, 'source.port', 0xffff);
  putNumber(event, document, 'destination.port', 0xffff);
  putText(event, document, 'user.name');
  putText(event, document, 'host.name');
  if (isWeb) putRequest(event, document);
  else putPacket(event, document);
  return { event };
}

/** Texts of events hold one character per byte; escapes beyond ASCII mean text, which is held as its UTF-8. */
function readDocument(line: string): Document | null {
  let read: unknown;
  const hasEscapes = /\\u(?!00[0-7])/.test(line);
  try {
    read = JSON.parse(
      hasEscapes ? Buffer.from(line, 'latin1').toString('utf8') : line,
      hasEscapes ? asBytes : undefined,
    );
  } catch {
    return null;
  }
  return isDocument(read) ? read : null;
}

function asBytes(_: string, value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : value;
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a dotted field, however the document nests it; the first one of a list. */
function valueAt(document: Document, field: string): unknown {
  if (Object.hasOwn(document, field)) {
    const value = document[field];
    return Array.isArray(value) ? value[0] : value;
  }
  for (let dot = field.indexOf('.'); dot > 0; dot = field.indexOf('.', dot + 1)) {
    const head = field.slice(0, dot);
    const inner = Object.hasOwn(document, head) ? document[head] : undefined;
    const value = isDocument(inner) ? valueAt(inner, field.slice(dot + 1)) : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

/** All values of a field that may be a list. */
function listAt(document: Document, field: string): readonly unknown[] {
  const [room = '', last = ''] = field.split('.');
  const inner = document[room];
  const value = Object.hasOwn(document, field) ? document[field] : isDocument(inner) ? inner[last] : undefined;
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function textAt(document: Document, field: string): string | null {
  const value = valueAt(document, field);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A whole number from 0 to `max`, also when it is written as text; -1 = none. */
function numberAt(document: Document, field: string, max: number): number {
  const value = valueAt(document, field);
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= max ? number : -1;
}

function addressAt(document: Document, field: string): string | null {
  const text = textAt(document, field);
  const address = text === null ? null : parseAddress(text);
  if (address === null) return null;
  return 'v4' in address ? formatIpv4(address.v4) : formatIpv6(...address.v6);
}

type TextField = 'user.name' | 'host.name' | 'http.request.method' | 'http.version' | 'http.request.referrer';
type MoreText = 'user_agent.original' | 'observer.ingress.interface.name' | 'event.action' | 'destination.domain';

function putText(event: LogEvent, document: Document, field: TextField | MoreText): void {
  const text = textAt(document, field);
  if (text !== null) event[field] = text;
}

type NumberField =
  | 'source.port'
  | 'destination.port'
  | 'http.response.status_code'
  | 'http.response.body.bytes'
  | 'pollwatch.ip_id'
  | 'pollwatch.icmp_type';

function putNumber(event: LogEvent, document: Document, field: NumberField, max: number): void {
  const number = numberAt(document, field, max);
  if (number >= 0) event[field] = number;
}

/** What a request says. A target without a method is a request that the server could not parse. */
function putRequest(event: LogEvent, document: Document): void {
  const isMalformed = valueAt(document, 'pollwatch.malformed') === true;
  putText(event, document, 'http.request.method');
  putText(event, document, 'http.version');
  putNumber(event, document, 'http.response.status_code', 999);
  putNumber(event, document, 'http.response.body.bytes', Number.MAX_SAFE_INTEGER);
  putText(event, document, 'http.request.referrer');
  putText(event, document, 'user_agent.original');
  const host = textAt(document, 'destination.domain') ?? textAt(document, 'url.domain');
  if (host !== null) event['destination.domain'] = host;
  const target = targetOf(document);
  if (target !== null) event['url.original'] = target;
  if (isMalformed || (target !== null && event['http.request.method'] === undefined)) {
    event['pollwatch.malformed'] = true;
  } else if (target !== null) {
    const query = target.indexOf('?');
    event['url.path'] = query < 0 ? target : target.slice(0, query);
    if (query >= 0) event['url.query'] = target.slice(query + 1);
  }
}

/** The target as logged, else path and query put together. */
function targetOf(document: Document): string | null {
  const original = textAt(document, 'url.original');
  if (original !== null) return original;
  const path = textAt(document, 'url.path');
  if (path === null) return null;
  const query = textAt(document, 'url.query');
  return query === null ? path : `${path}?${query}`;
}

const TRANSPORT_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'ipv6-icmp'],
  [132, 'sctp'],
]);

function putPacket(event: LogEvent, document: Document): void {
  putText(event, document, 'event.action');
  const type = decisionOf(document, event['event.action']);
  if (type !== null) event['event.type'] = type;
  const transport =
    textAt(document, 'network.transport')?.toLowerCase() ??
    TRANSPORT_NAMES.get(numberAt(document, 'network.iana_number', 255));
  if (transport !== undefined) event['network.transport'] = transport;
  putText(event, document, 'observer.ingress.interface.name');
  putNumber(event, document, 'pollwatch.ip_id', 0xffff);
  putNumber(event, document, 'pollwatch.icmp_type', 255);
  const flags = listAt(document, 'pollwatch.tcp_flags');
  const isKnown = isDocument(document['pollwatch']) && Object.hasOwn(document['pollwatch'], 'tcp_flags');
  if (isKnown || flags.length > 0) event['pollwatch.tcp_flags'] = TCP_FLAG_NAMES.filter((name) => flags.includes(name));
  if (valueAt(document, 'pollwatch.rate_limited') === true) event['pollwatch.rate_limited'] = true;
  const direction = textAt(document, 'network.direction');
  if (valueAt(document, 'pollwatch.outbound') === true || direction === 'outbound' || direction === 'egress') {
    event['pollwatch.outbound'] = true;
  }
}

/** What became of the packet: event.type, else a word in event.action, else event.outcome. */
function decisionOf(document: Document, action: string | undefined): 'allowed' | 'denied' | null {
  const types = listAt(document, 'event.type');
  if (types.includes('denied')) return 'denied';
  if (types.includes('allowed')) return 'allowed';
  const said = action === undefined ? null : actionOf(action);
  if (said !== null) return said;
  const outcome = textAt(document, 'event.outcome');
  return outcome === 'failure' ? 'denied' : outcome === 'success' ? 'allowed' : null;
}

const ISO_TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;

/** ISO 8601 (UTC unless it says otherwise) or Unix milliseconds → Unix milliseconds. */
function instantOf(value: unknown): number | null {
  if (typeof value === 'number')
    return Number.isFinite(value) && value >= 0 && value < 253e12 ? Math.floor(value) : null;
  const time = typeof value === 'string' ? ISO_TIME.exec(value) : null;
  if (time === null) return null;
  const ms = isoWallMs(time) - offsetMs(time[8] ?? 'Z') + fractionMs(time[7]);
  return Number.isNaN(ms) ? null : ms;
}
