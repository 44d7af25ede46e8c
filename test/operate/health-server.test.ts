/** What orchestrators ask: alive, ready and why not, over a real socket. */
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HealthSettings, startHealthServer } from '../../src/operate/health-server.ts';

async function serverWith(settings: Partial<HealthSettings> = {}) {
  const server = await startHealthServer({
    listen: { host: '127.0.0.1', port: 0 },
    version: '1.2.3',
    checks: {},
    parts: new Map(),
    metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'pollwatch_info 1\n' },
    ...settings,
  });
  onTestFinished(() => server.close());
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return { status: response.status, text: await response.text() };
  };
  return { server, ask };
}

describe('a process that is asked', () => {
  it('is alive while it answers, whatever is not ready', async () => {
    const { ask } = await serverWith({ checks: { redis: () => Promise.reject(new Error('away')) } });
    expect(await ask('/healthz')).toEqual({ status: 200, text: '{"status":"alive","version":"1.2.3"}\n' });
  });

  it('is ready when every check passes and every part says so', async () => {
    const { ask } = await serverWith({ checks: { redis: async () => undefined }, parts: new Map([['decide', null]]) });
    const { status, text } = await ask('/readyz');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({ status: 'ready', parts: { redis: 'ready', decide: 'ready' } });
  });

  it('says which part is not there, and not what its client said', async () => {
    const refused = Object.assign(new Error('connect redis://user:hunter2@10.0.0.1'), { code: 'ECONNREFUSED' });
    const { ask } = await serverWith({
      checks: { redis: () => Promise.reject(refused) },
      parts: new Map([['index', 'the template is older than this program']]),
    });
    const { status, text } = await ask('/readyz');
    expect(status).toBe(503);
    expect(JSON.parse(text).parts).toEqual({
      redis: 'not there (ECONNREFUSED)',
      index: 'the template is older than this program',
    });
    expect(text).not.toContain('hunter2');
  });

  it('is not ready when a server answers and is of no use to the part that works with it', async () => {
    const parts = new Map([['elasticsearch', 'index x has layout 1.0; this pollwatch writes 1.1']]);
    const { ask } = await serverWith({ checks: { elasticsearch: async () => undefined }, parts });
    expect((await ask('/readyz')).text).toContain('has layout 1.0');
    const gone = await serverWith({ checks: { elasticsearch: () => Promise.reject(new Error('x')) }, parts });
    expect((await gone.ask('/readyz')).text).toContain('not there');
  });

  it('does not wait for a check that never answers', async () => {
    const { ask } = await serverWith({ checks: { redis: () => new Promise(() => undefined) } });
    const { status, text } = await ask('/readyz');
    expect(status).toBe(503);
    expect(text).toContain('no answer within 2 s');
  });

  it('gives metrics with their type', async () => {
    const { server } = await serverWith();
    const response = await fetch(`http://127.0.0.1:${server.port}/metrics?x=1`);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    expect(await response.text()).toBe('pollwatch_info 1\n');
  });

  it('changes nothing and knows nothing else', async () => {
    const { ask } = await serverWith();
    expect((await ask('/healthz', 'POST')).status).toBe(405);
    expect((await ask('/../../etc/passwd')).status).toBe(404);
  });

  it('lives on when metrics fail or a client talks rubbish', async () => {
    const { server, ask } = await serverWith({
      metrics: { contentType: 'text/plain', text: () => Promise.reject(new Error('x')) },
    });
    expect((await ask('/metrics')).status).toBe(500);
    const rubbish = connect(server.port, '127.0.0.1');
    await new Promise<void>((resolve) => {
      rubbish.on('close', () => resolve());
      rubbish.on('error', () => undefined);
      rubbish.on('data', () => undefined);
      rubbish.end('\u0000\u0001 rubbish\r\n\r\n');
    });
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('cannot listen where somebody listens already', async () => {
    const { server } = await serverWith();
    await expect(serverWith({ listen: { host: '127.0.0.1', port: server.port } })).rejects.toThrow(/EADDRINUSE/);
  });
});
