/**
 * Access logs of nginx and Apache: common and combined, with or without the virtual host in front.
 *   203.0.113.9 - - [14/Sep/2026:08:01:00 +0200] "GET /a?b=1 HTTP/1.1" 404 153 "-" "curl/8.5.0"
 *   → source 203.0.113.9, GET /a ? b=1, 404, 153 bytes, user agent curl/8.5.0
 * Further fields behind the user agent (X-Forwarded-For, Traefik's router) are tolerated. The source is the first field;
 * where proxies are declared, client-address.ts says whom they name.
 * https://nginx.org/en/docs/http/ngx_http_log_module.html · https://httpd.apache.org/docs/2.4/mod/mod_log_config.html
 */
import { type Address, formatIpv4, formatIpv6 } from '../model/address.ts';
import type { LogEvent, Parsed } from '../model/event.ts';
import { clientBehind, type IsProxy, isProxyAddress } from './client-address.ts';
import { isDateRefusal } from './clock.ts';
import {
  createFields,
  createParts,
  EMPTY_LINE,
  findFields,
  isBlank,
  REFUSED,
  splitRequest,
} from './combined-fields.ts';
import { fillCombined } from './combined-kernel.ts';
import type { Format } from './format.ts';

const fields = createFields();
const parts = createParts();

export const combined: Format = {
  name: 'combined',
  aliases: ['nginx', 'apache', 'common', 'vhost', 'access', 'clf', 'traefik-clf'],
  title: 'Access log of nginx, Apache and Traefik (common or combined, with or without virtual host)',
  documentation: 'https://httpd.apache.org/docs/2.4/logs.html#accesslog',
  example: '203.0.113.9 - - [14/Sep/2026:08:01:00 +0200] "GET /a?b=1 HTTP/1.1" 404 153 "-" "curl/8.5.0"',
  limits: [
    'the bodies of POST requests are not logged: attacks in form fields cannot be seen',
    'without the virtual host in front, requests to several sites of one server cannot be told apart',
    'behind a proxy or load balancer the first address is the proxy: declare it (client_ip), and log its header last',
  ],
  yearless: false,
  looksLike: (line) => {
    const reason = findFields(line, fields);
    return reason === null || reason === REFUSED.hostName || isDateRefusal(reason);
  },
  parseLine,
  fill: fillCombined,
};

function parseLine(line: string): Parsed {
  if (isBlank(line)) return { skipped: EMPTY_LINE };
  const reason = findFields(line, fields);
  if (reason !== null) return { refused: reason };
  splitRequest(line, fields.requestStart, fields.requestEnd, parts);
  const f = fields;
  const event: LogEvent = {
    '@timestamp': f.timeMs,
    'event.category': 'web',
    'source.ip': addressText(f.source),
  };
  if (f.hostEnd > f.hostStart) event['destination.domain'] = line.slice(f.hostStart, f.hostEnd);
  if (f.userEnd > f.userStart) event['user.name'] = line.slice(f.userStart, f.userEnd);
  if (parts.method > 0) event['http.request.method'] = line.slice(f.requestStart, parts.methodEnd);
  if (parts.version === 9 && parts.versionStart === f.requestEnd) event['http.version'] = '0.9';
  else if (parts.version > 0) event['http.version'] = line.slice(parts.versionStart, f.requestEnd);
  if (f.status > 0) event['http.response.status_code'] = f.status;
  if (f.size >= 0) event['http.response.body.bytes'] = f.size;
  if (parts.targetEnd > parts.targetStart) {
    const target = line.slice(parts.targetStart, parts.targetEnd);
    event['url.original'] = target;
    if (!parts.isMalformed) {
      const query = target.indexOf('?');
      event['url.path'] = query < 0 ? target : target.slice(0, query);
      if (query >= 0) event['url.query'] = target.slice(query + 1);
    }
  }
  if (f.referrerEnd > f.referrerStart) event['http.request.referrer'] = line.slice(f.referrerStart, f.referrerEnd);
  if (f.userAgentEnd > f.userAgentStart) event['user_agent.original'] = line.slice(f.userAgentStart, f.userAgentEnd);
  if (parts.isMalformed) event['pollwatch.malformed'] = true;
  return { event };
}

/** What a line says of a declared proxy: its own address, and the client that it names, null where it names none. */
export interface Relayed {
  proxy: string;
  client: string | null;
}

/** The plain reading of what `seeThrough` does to rows; null when the line is no request or its peer no proxy. */
export function relayedBy(line: string, isProxy: IsProxy): Relayed | null {
  if (findFields(line, fields) !== null || !isProxyAddress(fields.source, isProxy)) return null;
  const proxy = addressText(fields.source);
  const client = fields.userAgentStart === 0 ? null : clientBehind(line.slice(fields.userAgentEnd), isProxy);
  return { proxy, client: client === null ? null : addressText(client) };
}

function addressText(address: Address): string {
  return 'v4' in address ? formatIpv4(address.v4) : formatIpv6(...address.v6);
}
