/**
 * An event: one parsed line in ECS names, as the plain parsers return it and `pollwatch parse` prints it.
 * The hot path never makes one (see batch.ts); the plain parsers are the oracle that the byte kernels are checked
 * against, so an event and a batch row say the same thing.
 *
 * Text holds one character per byte of the log (latin1); it is decoded as UTF-8 only when it is written out.
 */
export interface LogEvent {
  /** Unix milliseconds, UTC */
  '@timestamp': number;
  'event.category': 'web' | 'network';
  'source.ip': string;
  /** the client that a declared proxy named; `source.ip` is then the same, and `related.ip` that and the proxy */
  'network.forwarded_ip'?: string;
  'related.ip'?: string[];
  'source.port'?: number;
  'destination.ip'?: string;
  'destination.port'?: number;
  /** host name that the server wrote (virtual host) */
  'destination.domain'?: string;
  'network.transport'?: string;
  /** allowed / denied (ECS event.type), absent when the line does not say */
  'event.type'?: 'allowed' | 'denied';
  /** the log prefix or action word as written */
  'event.action'?: string;
  /** absent when the request could not be parsed */
  'http.request.method'?: string;
  'http.version'?: string;
  'http.response.status_code'?: number;
  'http.response.body.bytes'?: number;
  'http.request.referrer'?: string;
  /** path and query as logged, or the raw request when it could not be parsed */
  'url.original'?: string;
  'url.path'?: string;
  'url.query'?: string;
  'user_agent.original'?: string;
  'user.name'?: string;
  'host.name'?: string;
  'observer.ingress.interface.name'?: string;
  /** our own: TCP flags in the order FIN SYN RST PSH ACK URG; an empty list is a NULL packet */
  'pollwatch.tcp_flags'?: string[];
  'pollwatch.ip_id'?: number;
  'pollwatch.icmp_type'?: number;
  /** true when the request line is not `METHOD target HTTP/x` */
  'pollwatch.malformed'?: boolean;
  /** true for a log that is rate-limited by default (UFW) */
  'pollwatch.rate_limited'?: boolean;
  /** true when the packet leaves (no inbound interface) */
  'pollwatch.outbound'?: boolean;
}

/** What a plain parser makes of one line: it never throws on input. */
export type Parsed =
  | { event: LogEvent }
  /** a line of a known kind that is no request and no packet (comment, start-up message …) */
  | { skipped: string }
  /** a line that this format cannot be; the reason is a short fixed phrase, never text from the line */
  | { refused: string };
