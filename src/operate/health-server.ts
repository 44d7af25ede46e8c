/**
 * What load balancers, orchestrators and Prometheus ask a process:
 *   GET /healthz → 200 while the process answers at all
 *   GET /readyz  → 200 when everything it needs is there, else 503; both name each part
 *   GET /metrics → text for Prometheus
 * Nothing asks for a password and nothing can be changed here; it listens on loopback unless it is told otherwise.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Longest time that one check of readiness may take, ms. */
const CHECK_MS = 2000;
/** Most connections at a time: whoever asks needs one. */
const CONNECTIONS_MAX = 64;
const REQUEST_MS = 5000;

/** Something that a process needs: resolves when it is there, throws why not. */
export type ReadinessCheck = () => Promise<void>;

/** What the server tells. */
export interface HealthSettings {
  readonly listen: { readonly host: string; readonly port: number };
  readonly version: string;
  /** by name: "redis", "elasticsearch" */
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  /** parts that told themselves whether they are ready, by name; null = ready, a text = why not */
  readonly parts: ReadonlyMap<string, string | null>;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
}

/** A server that listens. */
export interface HealthServer {
  /** the port it got: port 0 takes any that is free */
  readonly port: number;
  close(): Promise<void>;
}

/** Starts listening. Throws what the system says when the address cannot be used (EADDRINUSE). */
export async function startHealthServer(settings: HealthSettings): Promise<HealthServer> {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    void answer(settings, request, response);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.listen.port, settings.listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(settings: HealthSettings, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const [path] = (request.url ?? '').split('?', 1);
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, { error: 'only GET' });
    if (path === '/healthz') return send(response, 200, { status: 'alive', version: settings.version });
    if (path === '/readyz') {
      const parts = await readiness(settings);
      const isReady = Object.values(parts).every((state) => state === 'ready');
      return send(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', parts });
    }
    if (path === '/metrics') {
      const text = await settings.metrics.text();
      response.writeHead(200, { 'content-type': settings.metrics.contentType, 'cache-control': 'no-store' }).end(text);
      return;
    }
    send(response, 404, { error: 'there are /healthz, /readyz and /metrics' });
  } catch {
    // whoever asked hears that it failed; why stands in the log of the part that failed
    if (!response.headersSent) send(response, 500, { error: 'failed' });
  }
}

async function readiness({ checks, parts }: HealthSettings): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, why] of parts) found[name] = why ?? 'ready';
  await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const state = await within(check, CHECK_MS);
      // a server that answers may still be of no use to the part that works with it
      if (state !== 'ready' || found[name] === undefined) found[name] = state;
    }),
  );
  return found;
}

async function within(check: ReadinessCheck, ms: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${ms / 1000} s`), ms);
  });
  try {
    return await Promise.race([
      check().then(
        () => 'ready',
        // the code alone: messages of clients may name users and addresses
        (error: unknown) => `not there (${(error as NodeJS.ErrnoException | null)?.code ?? 'error'})`,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function send(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(`${JSON.stringify(body)}\n`);
}
