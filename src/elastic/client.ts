/**
 * The connection to Elasticsearch, and the only file that imports its client: settings in, client out; an error in,
 * whose fault it is out. Client 8.19 speaks to servers of 8.19 and of 9. It never pings: `GET /` wants a privilege that
 * the runtime key need not have, and tells nothing that the first request does not tell.
 * Reference: https://www.elastic.co/docs/reference/elasticsearch/clients/javascript
 */
import { Client, type ClientOptions, errors } from '@elastic/elasticsearch';
import type { ElasticSettings } from '../model/installation.ts';
import { printable } from '../model/problem.ts';

export type { Client, estypes } from '@elastic/elasticsearch';

/** How long one request may take before it counts as unanswered, milliseconds. */
const REQUEST_MS = 30_000;

/**
 * A client for these settings. It connects when first asked, does not retry by itself (`writeDocuments` does, item by
 * item) and does not look for other nodes. Close it with `close()`.
 */
export function connectElasticsearch(settings: ElasticSettings): Client {
  const options: ClientOptions = {
    nodes: [...settings.nodes],
    maxRetries: 0,
    requestTimeout: REQUEST_MS,
    redaction: { type: 'remove' },
    name: 'pollwatch',
  };
  if (settings.apiKey !== null) options.auth = { apiKey: settings.apiKey };
  else if (settings.username !== null) {
    options.auth = { username: settings.username, password: settings.password ?? '' };
  }
  if (settings.ca !== null) options.tls = { ca: settings.ca };
  return new Client(options);
}

/** What became of a request that failed. */
export interface Refusal {
  /**
   * again: the server is away, busy or not ready, the same request may pass later;
   * operator: the key or a block stands in the way, it passes once a person has changed that;
   * permanent: this request will never pass
   */
  readonly kind: 'again' | 'operator' | 'permanent';
  /** HTTP status, or null when there was no answer */
  readonly status: number | null;
  /** Elasticsearch's name of the error, or the client's */
  readonly type: string;
  /** one line, without secrets */
  readonly reason: string;
}

/** Whose fault an error of the client is. Anything that the client did not throw is a bug and is thrown again. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.ResponseError) {
    const body = error.body as { error?: ErrorCause | string } | string | undefined;
    const cause = typeof body === 'object' && body !== null ? body.error : undefined;
    const status = error.statusCode ?? 0;
    if (typeof cause === 'object') return sortRefusal(status, cause);
    // a proxy in front of the server, or a handler that answers in plain text
    return sortRefusal(status, {
      type: `http_${status}`,
      reason: typeof cause === 'string' ? cause : `HTTP status ${status}`,
    });
  }
  if (error instanceof errors.ConfigurationError || error instanceof errors.SerializationError) {
    return { kind: 'permanent', status: null, type: error.name, reason: oneLine(error.message) };
  }
  if (error instanceof errors.ElasticsearchClientError) {
    return { kind: 'again', status: null, type: error.name, reason: oneLine(error.message) };
  }
  throw error;
}

/** The part of an error that servers describe: type, reason and what lies behind it. */
export interface ErrorCause {
  readonly type?: string;
  readonly reason?: string | null;
  readonly caused_by?: ErrorCause;
}

/** Sorts a status and its cause, of a whole request or of one item of a bulk request. */
export function sortRefusal(status: number, cause: ErrorCause): Refusal {
  const type = cause.type ?? `http_${status}`;
  const reasons = [cause.reason, cause.caused_by?.reason].filter((r) => r !== undefined && r !== null && r !== '');
  const reason = oneLine(`${type}: ${reasons.length === 0 ? `HTTP status ${status}` : reasons.join(': ')}`);
  return { kind: kindOf(status, type), status, type, reason };
}

function kindOf(status: number, type: string): Refusal['kind'] {
  if (status === 408 || status === 429 || status >= 500 || status === 0) return 'again';
  if (status === 401) return 'operator';
  // a full disk makes indices read-only; a key without the right gets security_exception
  if (status === 403) return 'operator';
  if (type === 'unavailable_shards_exception' || type === 'cluster_block_exception') return 'again';
  return 'permanent';
}

/**
 * The server's version as [major, minor, patch], or null when this key may not ask. Throws the client's error when the
 * server does not answer at all.
 */
export async function serverVersion(client: Client): Promise<[number, number, number] | null> {
  try {
    const answer = await client.nodes.info({ node_id: '_local', filter_path: 'nodes.*.version' });
    const [node] = Object.values(answer.nodes ?? {});
    const found = /^(\d+)\.(\d+)\.(\d+)/.exec(node?.version ?? '');
    return found === null ? null : [Number(found[1]), Number(found[2]), Number(found[3])];
  } catch (error) {
    if (refusalOf(error).status === 403) return null;
    throw error;
  }
}

/**
 * Whether a server has an interface at all: distributions leave modules out, and then say "no handler" (400), 404 or
 * 405. 401 and 403 are left to the caller: true, it exists.
 */
export async function hasInterface(client: Client, path: string): Promise<boolean> {
  try {
    await client.transport.request({ method: 'GET', path });
    return true;
  } catch (error) {
    const { status } = refusalOf(error);
    if (status === 401 || status === 403) return true;
    if (status === 400 || status === 404 || status === 405 || status === 500) return false;
    throw error;
  }
}

/** Servers write stack traces and quoted input into their reasons: one line of at most 500 characters. */
function oneLine(text: string): string {
  const flat = printable(text.replace(/\s+/g, ' ').trim());
  return flat.length > 500 ? `${flat.slice(0, 499)}…` : flat;
}
