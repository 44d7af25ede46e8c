/**
 * The one file that speaks to Kibana: requests to its HTTP interface, with the header that it asks for against forged
 * requests, within a space where one is named. Each request is made once: what uses it may be run again.
 * Reference: https://www.elastic.co/docs/api/doc/kibana/
 */
import { randomBytes } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connectionFault } from '../model/connection-fault.ts';
import type { KibanaSettings } from '../model/installation.ts';
import { OperatorError, printable } from '../model/problem.ts';

/** How long an answer may take, ms: an import writes a hundred objects. */
const ANSWER_MS = 60_000;
/** Longest answer that is read, bytes. */
const ANSWER_BYTES = 64 * 1024 * 1024;
/** Version of the interface that is spoken, by its date. */
const API_VERSION = '2023-10-31';
const DEFAULT_SPACE = 'default';

/** What came back. */
export interface KibanaAnswer {
  readonly status: number;
  /** JSON, or null where there was none */
  readonly body: unknown;
  /** something that is no JSON: a page for people, of something in front of Kibana mostly */
  readonly isPage: boolean;
  /** where it sends us on to, or null */
  readonly location: string | null;
}

/** A file that is handed over as a form does it. */
export interface KibanaFile {
  readonly name: string;
  readonly text: string;
}

/** What is asked. */
export interface KibanaRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** behind the space: "/api/…" */
  readonly path: string;
  /** id of a space; none = the default space, or what belongs to no space */
  readonly space?: string;
  readonly json?: unknown;
  readonly file?: KibanaFile;
  /** statuses besides 2xx that the caller deals with */
  readonly expected?: readonly number[];
}

export interface Kibana {
  /** Asks. Throws an OperatorError when there is no answer or an unexpected one. */
  ask(request: KibanaRequest): Promise<KibanaAnswer>;
}

/** A connection for these settings; it connects when it is first asked. */
export function connectKibana(settings: KibanaSettings): Kibana {
  const base = settings.url.replace(/\/+$/, '');
  return {
    async ask({ method, path, space, json, file, expected = [] }) {
      const within = space === undefined || space === DEFAULT_SPACE ? '' : `/s/${encodeURIComponent(space)}`;
      const { headers, body } = bodyOf(json, file);
      const answer = await send(`${base}${within}${path}`, settings, method, headers, body);
      const isMet = (answer.status >= 200 && answer.status < 300) || expected.includes(answer.status);
      if (isMet && !answer.isPage) return answer;
      throw refused(settings, `${method} ${path}`, answer);
    },
  };
}

function bodyOf(json: unknown, file: KibanaFile | undefined): { headers: Record<string, string>; body: string } {
  if (file !== undefined) {
    const boundary = `pollwatch-${randomBytes(16).toString('hex')}`;
    const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${file.name}"\r\ncontent-type: application/ndjson\r\n\r\n`;
    return {
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: `${head}${file.text}\r\n--${boundary}--\r\n`,
    };
  }
  if (json === undefined) return { headers: {}, body: '' };
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) };
}

function send(
  url: string,
  settings: KibanaSettings,
  method: string,
  headers: Record<string, string>,
  body: string,
): Promise<KibanaAnswer> {
  const ask = url.startsWith('https:') ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(unreachable(settings, cause));
    const request = ask(
      url,
      {
        method,
        timeout: ANSWER_MS,
        ...(settings.ca === null ? {} : { ca: settings.ca }),
        headers: {
          'kbn-xsrf': 'pollwatch',
          'elastic-api-version': API_VERSION,
          accept: 'application/json',
          ...authorization(settings),
          ...headers,
          ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes > ANSWER_BYTES) request.destroy(new Error('the answer is too long'));
          else parts.push(part);
        });
        response.on('error', fail);
        response.on('end', () => {
          const body = parsed(Buffer.concat(parts));
          const { statusCode: status = 0, headers } = response;
          resolve({ status, body, isPage: body === null && bytes > 0, location: headers.location ?? null });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    request.on('error', fail);
    request.end(body);
  });
}

function authorization({ apiKey, username, password }: KibanaSettings): Record<string, string> {
  if (apiKey !== null) return { authorization: `ApiKey ${apiKey}` };
  if (username === null) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

/** null for what is no JSON: a proxy in front of it, a page for people. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}

function unreachable(settings: KibanaSettings, cause: Error): OperatorError {
  const { said, hint } = connectionFault(cause.message, settings.url, 'kibana');
  return new OperatorError(
    [
      {
        code: 'PW-KIBANA-UNREACHABLE',
        message: `Kibana at ${settings.url} does not answer: ${printable(said)}`,
        hint: hint ?? 'is the address right (kibana.url), and is Kibana running?',
      },
    ],
    { cause },
  );
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'is the user or the key right? kibana.username and kibana.password_file, or kibana.api_key_file',
  403: 'the user or key needs the rights to manage spaces, roles, saved objects and detection rules',
  500: 'the log of Kibana says more; what was made stays, and running it again is harmless',
  503: 'Kibana is starting, or does not reach Elasticsearch: wait, and run it again',
  404: 'is there a base path in front of Kibana? write it behind the address: https://kibana.example.gov/base',
};

function refused(
  settings: KibanaSettings,
  what: string,
  { status, body, isPage, location }: KibanaAnswer,
): OperatorError {
  const said = (body as { message?: unknown } | null)?.message;
  const reason = typeof said === 'string' ? `: ${printable(said).slice(0, 500)}` : '';
  // what stands in front of Kibana answers in its place: asked programs get a page to log in at
  const isInFront = (isPage && status < 400) || location !== null;
  const how = isInFront
    ? `answers ${what} with ${location === null ? 'a page for people' : `the way to ${hostOf(location)}`} (status ${status})`
    : `refused ${what} with status ${status}${reason}`;
  const hint = isInFront
    ? 'something in front of it wants people to log in: name the address of Kibana itself in kibana.url'
    : (HINTS[status] ?? 'read what Kibana says; its log says more');
  return new OperatorError([{ code: 'PW-KIBANA-REFUSED', message: `Kibana at ${settings.url} ${how}`, hint }]);
}

/** The host of an address, without what stands behind it. */
function hostOf(location: string): string {
  return printable(URL.canParse(location) ? new URL(location).host : 'another page').slice(0, 100);
}
