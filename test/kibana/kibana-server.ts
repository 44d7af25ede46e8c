/**
 * A server that answers as Kibana's documentation says: status, spaces, roles, import of saved objects and of detection
 * rules, search and status of alerts. It refuses what the documentation forbids (no kbn-xsrf header, a wrong user, a space
 * that is not there, a file without an .ndjson name, objects that refer to nothing) and remembers what it was given.
 * It is not Kibana: what Kibana draws of it is not shown by these tests.
 * Reference: https://www.elastic.co/docs/api/doc/kibana/
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { objectsIn, type StoredObject } from './saved-file.ts';

/** An alert of Kibana Security. */
export interface KibanaAlert {
  readonly space: string;
  readonly rule: string;
  /** id of the alert that it was made from */
  readonly original: string;
  readonly organization: string;
  readonly timestamp: string;
  status: 'open' | 'acknowledged' | 'closed';
}

/** A detection rule as it is imported. */
export interface StoredRule {
  readonly rule_id: string;
  readonly [field: string]: unknown;
}

export interface KibanaServer {
  readonly url: string;
  readonly spaces: Map<string, Record<string, unknown>>;
  readonly roles: Map<string, Record<string, unknown>>;
  /** by "space type:id" */
  readonly objects: Map<string, StoredObject>;
  /** by "space rule_id" */
  readonly rules: Map<string, StoredRule>;
  readonly alerts: KibanaAlert[];
  /** method and path of each request */
  readonly asked: string[];
  close(): Promise<void>;
}

export interface KibanaServerOptions {
  /** the value of the authorization header that may do everything; none = everybody may */
  readonly authorization?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** without the Security app: no rules, no users */
  readonly isBare?: boolean;
  /** where it begins */
  readonly basePath?: string;
}

/** Starts one on a free port of loopback. */
export async function startKibanaServer(options: KibanaServerOptions = {}): Promise<KibanaServer> {
  const base = options.basePath ?? '';
  const state = {
    spaces: new Map<string, Record<string, unknown>>([['default', { id: 'default', name: 'Default' }]]),
    roles: new Map<string, Record<string, unknown>>(),
    objects: new Map<string, StoredObject>(),
    rules: new Map<string, StoredRule>(),
    alerts: [] as KibanaAlert[],
    asked: [] as string[],
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void bodyOf(request).then((body) => {
      const { status, json } = answer(state, options, request, body, base);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(json === undefined ? '' : JSON.stringify(json));
    });
  };
  const server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...state,
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}${base}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

type State = Omit<KibanaServer, 'url' | 'close'>;
interface Answer {
  readonly status: number;
  readonly json?: unknown;
}

const refusal = (status: number, message: string): Answer => ({
  status,
  json: { statusCode: status, error: 'refused', message },
});
const ok = (json: unknown): Answer => ({ status: 200, json });

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function answer(
  state: State,
  options: KibanaServerOptions,
  request: IncomingMessage,
  body: Buffer,
  base: string,
): Answer {
  const { method = 'GET', url = '', headers } = request;
  state.asked.push(`${method} ${url}`);
  if (!url.startsWith(`${base}/`)) return refusal(404, 'Not Found');
  if (options.authorization !== undefined && headers.authorization !== options.authorization)
    return refusal(401, 'Unauthorized');
  if (method !== 'GET' && (headers['kbn-xsrf'] ?? '') === '')
    return refusal(400, 'Request must contain a kbn-xsrf header.');
  const found = /^(?:\/s\/([^/]+))?(\/api\/[^?]*)(?:\?(.*))?$/.exec(url.slice(base.length));
  if (found === null) return refusal(404, 'Not Found');
  const [, space = 'default', path, query = ''] = found;
  if (!state.spaces.has(space)) return refusal(404, `Saved object [space/${space}] not found`);
  const route = `${method} ${path!}`;
  if (route === 'GET /api/status')
    return ok({ name: 'kibana', version: { number: '9.2.4' }, status: { overall: { level: 'available' } } });
  if (route.startsWith('GET /api/spaces/space/')) {
    const id = decodeURIComponent(path!.slice('/api/spaces/space/'.length));
    return state.spaces.has(id) ? ok(state.spaces.get(id)) : refusal(404, 'Not Found');
  }
  if (route === 'POST /api/spaces/space') return addSpace(state, JSON.parse(String(body)) as Record<string, unknown>);
  if (options.isBare === true && /\/api\/(security|detection_engine)\//.test(path!)) return refusal(404, 'Not Found');
  if (route.startsWith('PUT /api/security/role/')) {
    return putRole(
      state,
      decodeURIComponent(path!.slice('/api/security/role/'.length)),
      JSON.parse(String(body)) as Role,
    );
  }
  if (route === 'POST /api/detection_engine/index') return ok({ acknowledged: true });
  if (route === 'GET /api/detection_engine/rules') {
    const rule = state.rules.get(`${space} ${new URLSearchParams(query).get('rule_id')}`);
    return rule === undefined ? refusal(404, 'Not Found') : ok(rule);
  }
  const isOverwritten = new URLSearchParams(query).get('overwrite') === 'true';
  if (route === 'POST /api/saved_objects/_import')
    return importObjects(state, space, fileIn(headers, body), isOverwritten);
  if (route === 'POST /api/detection_engine/rules/_import')
    return importRules(state, space, fileIn(headers, body), isOverwritten);
  if (route === 'POST /api/detection_engine/signals/search')
    return searchAlerts(state, space, JSON.parse(String(body)) as Search);
  if (route === 'POST /api/detection_engine/signals/status')
    return setStatus(state, space, JSON.parse(String(body)) as Search & { status: KibanaAlert['status'] });
  return refusal(404, 'Not Found');
}

function addSpace(state: State, space: Record<string, unknown>): Answer {
  const id = String(space['id']);
  if (!/^[a-z0-9_-]+$/.test(id))
    return refusal(400, '[request body.id]: must be lower case, a-z, 0-9, underscores, and hyphens are allowed');
  if (typeof space['name'] !== 'string' || space['name'] === '')
    return refusal(400, '[request body.name]: expected value of type [string]');
  if (state.spaces.has(id)) return refusal(409, `A space with the identifier ${id} already exists.`);
  state.spaces.set(id, space);
  return ok(space);
}

interface Role {
  elasticsearch: { cluster: string[]; indices: { names: string[]; privileges: string[] }[] };
  kibana: { base?: string[]; feature?: object; spaces: string[] }[];
}

function putRole(state: State, name: string, role: Role): Answer {
  for (const { base = [], feature = {}, spaces } of role.kibana) {
    if (base.length > 0 && Object.keys(feature).length > 0) return refusal(400, 'base and feature exclude each other');
    if (base.some((each) => each !== 'all' && each !== 'read')) return refusal(400, 'base is all or read');
    const missing = spaces.find((space) => !state.spaces.has(space));
    if (missing !== undefined) return refusal(400, `there is no space ${missing}`);
  }
  if (!Array.isArray(role.elasticsearch.indices))
    return refusal(400, '[request body.elasticsearch.indices]: expected an array');
  state.roles.set(name, role as unknown as Record<string, unknown>);
  return { status: 204 };
}

/** The file of a form; null when the request is no such form, or its file has no name that ends in .ndjson. */
function fileIn(headers: IncomingMessage['headers'], body: Buffer): string | null {
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1];
  const text = body.toString('utf8');
  if (boundary === undefined || !text.startsWith(`--${boundary}\r\n`) || !text.endsWith(`\r\n--${boundary}--\r\n`))
    return null;
  const part = text.slice(boundary.length + 4, -(boundary.length + 8));
  const [head, ...rest] = part.split('\r\n\r\n');
  return /name="file"; filename="[^"]+\.ndjson"/.test(head ?? '') ? rest.join('\r\n\r\n') : null;
}

const IMPORTED = ['dashboard', 'index-pattern', 'search'];
/** Types of which an import says when what is referred to is not there. */
const LOOKED_UP = ['index-pattern', 'search'];

function importObjects(state: State, space: string, text: string | null, isOverwritten: boolean): Answer {
  if (text === null) return refusal(400, 'Invalid file extension');
  const objects = objectsIn(text);
  const key = ({ type, id }: { type: string; id: string }, where = space) => `${where} ${type}:${id}`;
  if (new Set(objects.map((o) => key(o))).size < objects.length)
    return refusal(400, 'Non-unique import objects detected');
  const inFile = new Set(objects.map((o) => key(o)));
  const errors = objects.flatMap(({ type, id, references, attributes }) => {
    const error = (kind: string) => [{ type, id, title: attributes['title'], error: { type: kind } }];
    if (!IMPORTED.includes(type)) return error('unsupported_type');
    const isMissing = references.some(
      (r) => LOOKED_UP.includes(r.type) && !inFile.has(key(r)) && !state.objects.has(key(r)),
    );
    if (isMissing) return error('missing_references');
    if (!isOverwritten && state.objects.has(key({ type, id }))) return error('conflict');
    // an id stands for one object in all spaces
    const elsewhere = [...state.spaces.keys()].some(
      (other) => other !== space && state.objects.has(key({ type, id }, other)),
    );
    return elsewhere ? error('ambiguous_conflict') : [];
  });
  const failed = new Set(errors.map((e) => key(e)));
  for (const object of objects) if (!failed.has(key(object))) state.objects.set(key(object), object);
  const successCount = objects.length - failed.size;
  return ok({ success: failed.size === 0, successCount, ...(errors.length === 0 ? {} : { errors }), warnings: [] });
}

/** What a rule of type "query" must have, and what a Basic licence may not. */
const RULE_FIELDS: Readonly<Record<string, string>> = {
  rule_id: 'string',
  type: 'string',
  name: 'string',
  description: 'string',
  risk_score: 'number',
  severity: 'string',
  query: 'string',
};

function importRules(state: State, space: string, text: string | null, isOverwritten: boolean): Answer {
  if (text === null) return refusal(400, 'Invalid file extension');
  const rules = objectsIn(text) as unknown as StoredRule[];
  const errors = rules.flatMap((rule) => {
    const error = (message: string) => [{ rule_id: rule.rule_id, error: { status_code: 400, message } }];
    const wrong = Object.entries(RULE_FIELDS).find(([name, type]) => typeof rule[name] !== type);
    if (wrong !== undefined) return error(`${wrong[0]}: Required`);
    if (!['low', 'medium', 'high', 'critical'].includes(String(rule['severity'])))
      return error('severity: Invalid enum value');
    if ('alert_suppression' in rule) return error('Alert suppression is enabled with platinum license or above.');
    if (!isOverwritten && state.rules.has(`${space} ${rule.rule_id}`))
      return error(`rule_id: "${rule.rule_id}" already exists`);
    return [];
  });
  for (const rule of rules)
    if (!errors.some((e) => e.rule_id === rule.rule_id)) state.rules.set(`${space} ${rule.rule_id}`, rule);
  const imported = rules.length - errors.length;
  return ok({
    success: errors.length === 0,
    success_count: imported,
    rules_count: rules.length,
    errors,
    exceptions_success: true,
    exceptions_success_count: 0,
    exceptions_errors: [],
  });
}

interface Search {
  readonly query: { bool: { filter: Record<string, Record<string, unknown>>[] } };
  readonly size?: number;
}

/** Alerts of a space that fit the filters; fields that Kibana's alerts have no mapping for fit nothing. */
function alertsFor(state: State, space: string, { query }: Search): KibanaAlert[] {
  const read: Readonly<Record<string, (alert: KibanaAlert) => string>> = {
    'kibana.alert.rule.rule_id': ({ rule }) => rule,
    'kibana.alert.workflow_status': ({ status }) => status,
    'kibana.alert.original_event.id': ({ original }) => original,
    '@timestamp': ({ timestamp }) => timestamp,
  };
  return state.alerts.filter(
    (alert) =>
      alert.space === space &&
      query.bool.filter.every((filter) => {
        const [[kind, condition]] = Object.entries(filter) as [[string, Record<string, unknown>]];
        const [[field, wanted]] = Object.entries(condition) as [[string, unknown]];
        const value = read[field]?.(alert);
        if (value === undefined) return false;
        if (kind === 'term') return value === wanted;
        if (kind === 'terms') return (wanted as string[]).includes(value);
        return kind === 'range' && value >= String((wanted as { gte: string }).gte);
      }),
  );
}

function searchAlerts(state: State, space: string, search: Search): Answer {
  const found = alertsFor(state, space, search);
  const hits = found.slice(0, search.size ?? 10).map((alert) => ({
    _id: `${alert.rule}-${alert.original}`,
    _source: {
      'kibana.alert.original_event.id': alert.original,
      'kibana.alert.workflow_status': alert.status,
      organization: { id: alert.organization },
    },
  }));
  return ok({ took: 1, timed_out: false, hits: { total: { value: found.length, relation: 'eq' }, hits } });
}

function setStatus(state: State, space: string, change: Search & { status: KibanaAlert['status'] }): Answer {
  if (!['open', 'acknowledged', 'closed'].includes(change.status)) return refusal(400, 'status: Invalid enum value');
  const found = alertsFor(state, space, change);
  for (const alert of found) alert.status = change.status;
  return ok({ took: 1, updated: found.length, total: found.length, failures: [] });
}
