/**
 * The Sigma field names that pollwatch knows for web server, proxy and firewall logs, and what they are in our events.
 * One field name in → the text or column that it reads, or why our logs cannot carry it.
 * Names: https://sigmahq.io/sigma-specification/appendix/sigma-taxonomy-appendix.html and ECS.
 */
import type { Item } from '../model/rule.ts';
import type { Region, TextName } from './predicate.ts';

export type Column =
  | 'method'
  | 'status'
  | 'size'
  | 'version'
  | 'malformed'
  | 'source_ip'
  | 'source_port'
  | 'destination_ip'
  | 'destination_port'
  | 'action'
  | 'blocked'
  | 'transport'
  | 'outbound';

export type Field =
  /**
   * `either`: SigmaHQ's web rules write the whole target under cs-uri-query, IIS only what follows the `?`; a border of
   * such a value holds at the border of either
   */
  | { as: 'text'; text: TextName; region: Region | 'either' }
  | { as: 'length' }
  | { as: 'escapes' }
  | { as: 'column'; column: Column }
  | { as: 'absent'; reason: string };

const text = (name: TextName, region: Region | 'either' = 'all'): Field => ({ as: 'text', text: name, region });
const column = (name: Column): Field => ({ as: 'column', column: name });
const absent = (reason: string): Field => ({ as: 'absent', reason });

const COOKIE = 'access logs do not carry cookies';
const BODY = 'access logs do not carry request bodies';
const HEADER = 'access logs do not carry this header';

/** Fields of web server and proxy rules. */
export const WEB_FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['cs-uri', text('target')],
  ['c-uri', text('target')],
  ['url.original', text('target')],
  ['url.full', text('target')],
  ['cs-uri-query', text('target', 'either')],
  ['c-uri-query', text('target', 'either')],
  ['cs-uri-stem', text('target', 'path')],
  ['c-uri-stem', text('target', 'path')],
  ['url.path', text('target', 'path')],
  ['url.query', text('target', 'query')],
  ['c-uri-extension', text('target', 'extension')],
  ['url.extension', text('target', 'extension')],
  ['cs-user-agent', text('user_agent')],
  ['c-useragent', text('user_agent')],
  ['c-user-agent', text('user_agent')],
  ['cs(user-agent)', text('user_agent')],
  ['user_agent.original', text('user_agent')],
  ['cs-referer', text('referrer')],
  ['cs-referrer', text('referrer')],
  ['c-referer', text('referrer')],
  ['cs(referer)', text('referrer')],
  ['http.request.referrer', text('referrer')],
  ['cs-host', text('host')],
  ['r-dns', text('host')],
  ['url.domain', text('host')],
  ['destination.domain', text('host')],
  ['cs-username', text('user')],
  ['user.name', text('user')],
  ['cs-method', column('method')],
  ['c-method', column('method')],
  ['http.request.method', column('method')],
  ['sc-status', column('status')],
  ['http.response.status_code', column('status')],
  ['sc-bytes', column('size')],
  ['http.response.body.bytes', column('size')],
  ['cs-version', column('version')],
  ['http.version', column('version')],
  ['pollwatch.http_version', column('version')],
  ['pollwatch.malformed', column('malformed')],
  ['pollwatch.target_length', { as: 'length' }],
  ['pollwatch.path_escapes', { as: 'escapes' }],
  ['c-ip', column('source_ip')],
  ['src_ip', column('source_ip')],
  ['source.ip', column('source_ip')],
  ['client.ip', column('source_ip')],
  ['cs-cookie', absent(COOKIE)],
  ['c-cookie', absent(COOKIE)],
  ['cs(cookie)', absent(COOKIE)],
  ['cookie', absent(COOKIE)],
  ['cs-body', absent(BODY)],
  ['request_body', absent(BODY)],
  ['post_data', absent(BODY)],
  ['http.request.body.content', absent(BODY)],
  ['http.request.body.bytes', absent(BODY)],
  ['cs-bytes', absent('access logs do not carry the size of the request')],
  ['cs-content-type', absent(HEADER)],
  ['http.request.mime_type', absent(HEADER)],
  ['x-forwarded-for', absent(HEADER)],
  ['time-taken', absent('access logs do not carry how long a request took')],
  ['s-ip', absent('access logs do not carry the address of the server')],
  ['dst_ip', absent('access logs do not carry the address of the server')],
  ['s-port', absent('access logs do not carry the port of the server')],
  ['s-computername', absent('access logs do not carry the name of the server')],
  ['r-ip', absent('access logs do not carry the address of the server')],
]);

/** Fields of firewall rules. */
export const NETWORK_FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['src_ip', column('source_ip')],
  ['source.ip', column('source_ip')],
  ['dst_ip', column('destination_ip')],
  ['destination.ip', column('destination_ip')],
  ['src_port', column('source_port')],
  ['source.port', column('source_port')],
  ['dst_port', column('destination_port')],
  ['destination.port', column('destination_port')],
  ['action', column('action')],
  ['event.type', column('action')],
  ['blocked', column('blocked')],
  ['protocol', column('transport')],
  ['proto', column('transport')],
  ['transport', column('transport')],
  ['network.transport', column('transport')],
  ['pollwatch.outbound', column('outbound')],
  ['event.action', absent('the words of the log prefix are not kept for packets; use "action"')],
  ['src_host', absent('packet logs do not carry host names')],
  ['dst_host', absent('packet logs do not carry host names')],
  ['application', absent('packet logs do not carry the application')],
  ['username', absent('packet logs do not carry user names')],
]);

/** A field by name, whatever its case. */
export function findField(fields: ReadonlyMap<string, Field>, name: string): Field | undefined {
  return fields.get(name.toLowerCase());
}

/** What a `value_count` correlation counts for a field name, or null when it cannot be counted. */
export function itemOf(name: string): Item | null {
  const field = findField(WEB_FIELDS, name);
  if (field?.as === 'text') {
    if (field.text === 'user_agent') return 'user_agent';
    if (field.text === 'target') return field.region === 'path' ? 'path' : 'target';
  }
  const packet = findField(NETWORK_FIELDS, name);
  if (packet?.as === 'column') {
    if (packet.column === 'destination_port') return 'destination_port';
    if (packet.column === 'destination_ip') return 'destination_ip';
  }
  return null;
}

/** True for the names of the remote address, the only thing that correlations group by. */
export function isSourceField(name: string): boolean {
  for (const fields of [WEB_FIELDS, NETWORK_FIELDS]) {
    const field = findField(fields, name);
    if (field?.as === 'column' && field.column === 'source_ip') return true;
  }
  return false;
}

/** The known name nearest to a mistyped one (at most two edits), or null. */
export function nearest(name: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = 3;
  for (const candidate of names) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (d < bestDistance) {
      bestDistance = d;
      best = candidate;
    }
  }
  return best;
}

function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
