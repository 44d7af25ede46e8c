/**
 * Setting Kibana up and carrying acknowledgements both ways, as a person runs the program, against a server that answers
 * as Kibana's documentation says (Kibana itself does not run here), with a real Redis.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectKibana } from '../../src/kibana/client.ts';
import { EVERYBODY, savedObjects } from '../../src/kibana/saved-objects.ts';
import { setupKibana } from '../../src/kibana/setup.ts';
import type { KibanaSettings } from '../../src/model/installation.ts';
import { OperatorError } from '../../src/model/problem.ts';
import { registerOrigin } from '../../src/queue/origins.ts';
import { acquireLease, commitShard, readLog } from '../../src/queue/shard-store.ts';
import { decodeRecord } from '../../src/shard/record.ts';
import { LAUNCHER, place, type Ran } from '../cli/pollwatch.ts';
import { makeAuthority } from '../parts/authority.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { install } from '../queue/county.ts';
import { type KibanaServer, type KibanaServerOptions, startKibanaServer } from './kibana-server.ts';
import { objectsIn } from './saved-file.ts';

const KEY = 'a2V5OnNlY3JldA==';
const ALERT = '0123456789abcdef0123456789abcdef';

async function serve(options: KibanaServerOptions = {}): Promise<KibanaServer> {
  const server = await startKibanaServer(options);
  onTestFinished(() => server.close());
  return server;
}
const settingsOf = (server: KibanaServer, over: Partial<KibanaSettings> = {}): KibanaSettings => ({
  url: server.url,
  apiKey: null,
  username: null,
  password: null,
  ca: null,
  ...over,
});
const problemsOf = (run: Promise<unknown>) =>
  run.then(
    () => [],
    (error: unknown) => (error instanceof OperatorError ? error.problems : Promise.reject(error as Error)),
  );
const ADAMS = { ...EVERYBODY, organization: { id: 'us-xx-adams', name: 'Adams County' } };

async function setUp(
  server: KibanaServer,
  over: Partial<KibanaSettings> = {},
  scopes = [EVERYBODY, ADAMS],
): Promise<string[]> {
  const said: string[] = [];
  await setupKibana(settingsOf(server, over), { scopes, say: (line) => said.push(line) });
  return said;
}

describe('setting Kibana up', () => {
  it('makes a space, objects, a role and a rule for the state and for each organisation, and says so', async () => {
    const server = await serve();
    expect(await setUp(server)).toEqual([
      'server: Kibana 9.2.4',
      'space pollwatch: made',
      'space pollwatch: 10 data views, lists and dashboards set',
      'role pollwatch-kibana: set',
      'space pollwatch: 1 detection rule set',
      'space pollwatch-us-xx-adams: made',
      'space pollwatch-us-xx-adams: 9 data views, lists and dashboards set',
      'role pollwatch-us-xx-adams-kibana: set',
      'space pollwatch-us-xx-adams: 1 detection rule set',
    ]);
    expect([...server.objects.keys()].filter((key) => key.includes('dashboard:')).length).toBe(9);
    expect(server.rules.get('pollwatch-us-xx-adams pollwatch-us-xx-adams-alerts')?.['index']).toEqual([
      'pollwatch-alerts-us-xx-adams',
    ]);
  });

  it('leaves alone what analysts made of a rule: that it rests, whom it tells, what it leaves out', async () => {
    const server = await serve();
    await setUp(server);
    const key = 'pollwatch-us-xx-adams pollwatch-us-xx-adams-alerts';
    const people = { enabled: false, actions: [{ id: 'mail' }], exceptions_list: [{ id: 'ours' }] };
    server.rules.set(key, { ...server.rules.get(key)!, ...people, query: 'an older one' });
    await setUp(server);
    expect(server.rules.get(key)).toMatchObject(people);
    expect(server.rules.get(key)!['query']).toContain('pollwatch.alert.status: new');
  });

  it('lets the readers of an organisation see its space and its indices, and nothing of another one', async () => {
    const server = await serve();
    await setUp(server);
    const role = server.roles.get('pollwatch-us-xx-adams-kibana') as {
      elasticsearch: { indices: { names: string[]; privileges: string[] }[] };
      kibana: { base: string[]; spaces: string[] }[];
    };
    expect(role.kibana).toEqual([{ base: ['read'], feature: {}, spaces: ['pollwatch-us-xx-adams'] }]);
    expect(role.elasticsearch.indices[0]!.names).toContain('pollwatch-alerts-us-xx-adams');
    expect(role.elasticsearch.indices[0]!.names).not.toContain('pollwatch-alerts');
    expect(role.elasticsearch.indices[0]!.privileges).toEqual(['read', 'view_index_metadata']);
  });

  it('can be run again: it overwrites what it made and makes nothing twice', async () => {
    const server = await serve();
    await setUp(server);
    const before = [...server.objects.keys()].sort();
    const said = await setUp(server);
    expect(said.filter((line) => line.endsWith('made'))).toEqual([]);
    expect([...server.objects.keys()].sort()).toEqual(before);
    expect(server.asked.filter((line) => line === 'POST /api/spaces/space').length).toBe(2);
  });

  it('says the user by key or password, speaks TLS with an authority of its own, and keeps to a base path', async () => {
    const { ca, sign } = makeAuthority();
    const tls = sign('kibana', 'IP:127.0.0.1');
    const server = await serve({ authorization: `ApiKey ${KEY}`, tls, basePath: '/soc' });
    expect((await setUp(server, { apiKey: KEY, ca }, [ADAMS]))[0]).toBe('server: Kibana 9.2.4');
    expect(server.asked.every((line) => line.includes(' /soc/'))).toBe(true);
    expect((await problemsOf(setUp(server, { apiKey: KEY, ca: makeAuthority().ca }))).map((p) => p.code)).toEqual([
      'PW-KIBANA-UNREACHABLE',
    ]);
    expect((await problemsOf(setUp(server, { apiKey: 'other', ca }))).map((p) => p.code)).toEqual([
      'PW-KIBANA-REFUSED',
    ]);
    const basic = await serve({ authorization: `Basic ${Buffer.from('elastic:pass:word').toString('base64')}` });
    expect((await setUp(basic, { username: 'elastic', password: 'pass:word' }, [ADAMS])).length).toBe(5);
  });

  it('goes on without roles and rules where Kibana has none', async () => {
    const said = await setUp(await serve({ isBare: true }), {}, [ADAMS]);
    expect(said).toContain('space pollwatch-us-xx-adams: this Kibana has no detection rules; none was imported');
    expect(said).toContain('roles: this Kibana has no users; whoever reaches it may see everything');
  });

  it('stops with the reasons when not everything was imported', async () => {
    const server = await serve();
    await setUp(server, {}, [ADAMS]);
    // somebody copied a dashboard into another space by hand, under the same id
    const dashboard = savedObjects(EVERYBODY).at(-1)!;
    server.objects.set(`pollwatch-us-xx-adams dashboard:${dashboard.id}`, objectsIn(JSON.stringify(dashboard))[0]!);
    const problems = await problemsOf(setUp(server, {}, [EVERYBODY]));
    expect(problems.map((p) => p.message)).toEqual([
      '9 of 10 objects were imported into the space pollwatch',
      'dashboard pollwatch-health: ambiguous_conflict',
    ]);
  });

  it('says what to do when Kibana is away', async () => {
    const away = connectKibana({ url: 'http://127.0.0.1:9', apiKey: null, username: null, password: null, ca: null });
    const [problem] = await problemsOf(away.ask({ method: 'GET', path: '/api/status' }));
    expect(problem?.message).toContain('ECONNREFUSED');
    expect(problem?.hint).toContain('is Kibana running');
  });

  it('tells what stands in front of Kibana from Kibana, and says what to do about each status', async () => {
    const page = { 'content-type': 'text/html' };
    const sso = { location: 'https://sso.example.gov/log-in?back=secret' };
    for (const [status, headers, body, message, hint] of [
      [200, page, '<html>Log in</html>', 'answers GET /api/status with a page for people', 'in front of it'],
      [302, sso, '', 'with the way to sso.example.gov (status 302)', 'in front of it'],
      [
        503,
        page,
        'Kibana server is not ready yet',
        'refused GET /api/status with status 503',
        'wait, and run it again',
      ],
      [500, {}, '{"message":"oops"}', 'with status 500: oops', 'running it again is harmless'],
      [401, {}, '{"message":"who?"}', 'with status 401: who?', 'kibana.password_file'],
    ] as const) {
      const server = createServer((_, response) => response.writeHead(status, headers).end(body)).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const kibana = connectKibana({ url, apiKey: null, username: null, password: null, ca: null });
      const [problem] = await problemsOf(kibana.ask({ method: 'GET', path: '/api/status' }));
      expect(problem?.message).toContain(message);
      expect(problem?.message).not.toContain('secret');
      expect(problem?.hint).toContain(hint);
    }
  });
});

describe('the test server', () => {
  const post = (server: KibanaServer, path: string, headers: Record<string, string>, body: string) =>
    fetch(`${server.url}${path}`, { method: 'POST', headers, body }).then((response) => response.status);

  it('refuses what Kibana refuses: no header, no form, a space that is not there', async () => {
    const server = await serve();
    const json = { 'content-type': 'application/json' };
    expect(await post(server, '/api/spaces/space', json, '{"id":"a","name":"a"}')).toBe(400);
    expect(await post(server, '/api/spaces/space', { ...json, 'kbn-xsrf': 'x' }, '{"id":"A B","name":"a"}')).toBe(400);
    expect(await post(server, '/api/saved_objects/_import', { ...json, 'kbn-xsrf': 'x' }, '{}')).toBe(400);
    expect(await post(server, '/s/nowhere/api/saved_objects/_import', { 'kbn-xsrf': 'x' }, '')).toBe(404);
  });
});

describe('./pollwatch', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  /** An installation file for two organisations, and how the program is run with it. */
  function office(server: KibanaServer | null) {
    const here = place();
    const settings = redis.settings();
    here.put('key', 'k'.repeat(32));
    here.put(
      'pollwatch.yaml',
      `version: 1
redis: {url: "${settings.url}", prefix: ${settings.prefix}}
elasticsearch: {nodes: ["http://127.0.0.1:9"]}
${server === null ? '' : `kibana: {url: "${server.url}"}`}
organizations:
  - {id: adams, name: Adams County, key_file: key}
  - {id: baker, name: Baker County, key_file: key}
`,
    );
    // the server answers in this process, which therefore must not wait for the program
    const run = (...args: string[]) =>
      new Promise<Ran>((resolve) => {
        const child = spawn(LAUNCHER, [...args, '--config', 'pollwatch.yaml'], {
          cwd: here.folder,
          env: { ...process.env, HOME: here.folder },
        });
        let stdout = '';
        let stderr = '';
        child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
        child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
        child.on('close', (status) => resolve({ status, stdout, stderr }));
      });
    return { here, run, settings };
  }

  /** Tells an alert of an organisation with this status, as a decide worker does. */
  async function tell(settings: ReturnType<RedisServer['settings']>, org: string, id: string, status: string) {
    const pw = install(settings);
    onTestFinished(() => pw.close());
    await registerOrigin(pw.store, org, 'log');
    const fence = await acquireLease(pw.store, org, 'w', 60_000);
    const document = {
      id,
      index: `pollwatch-alerts-${org}-2026`,
      version: 1,
      body: '{}',
      digest: 'd',
      more: { status, brief: {} },
    };
    await commitShard(pw.store, org, { fence: fence!, worker: 'w', documents: [document], stats: {} });
    return { acks: async () => (await readLog(pw.store, org, 0, 1e6)).records.map((record) => decodeRecord(record)) };
  }
  const alertIn = (organization: string, original: string, status: 'open' | 'acknowledged' | 'closed') => ({
    space: `pollwatch-${organization}`,
    rule: `pollwatch-${organization}-alerts`,
    original,
    organization,
    timestamp: new Date().toISOString(),
    status,
  });

  it('setup kibana makes a space for each organisation and one for all of them', async () => {
    const server = await serve();
    const { run } = office(server);
    const { status, stdout, stderr } = await run('setup', 'kibana');
    expect([status, stderr]).toEqual([0, '']);
    expect([...server.spaces.keys()].sort()).toEqual(['default', 'pollwatch', 'pollwatch-adams', 'pollwatch-baker']);
    expect(stdout).toContain('space pollwatch-baker: 1 detection rule set');
  });

  it('setup kibana --write writes the files to import by hand, without Kibana', async () => {
    const { run, here } = office(null);
    expect((await run('setup', 'kibana', '--write', 'kibana')).status).toBe(0);
    const objects = objectsIn(readFileSync(join(here.folder, 'kibana/pollwatch-adams.ndjson'), 'utf8'));
    expect(objects.map(({ id }) => id)).toContain('pollwatch-adams-overview');
    const without = await run('setup', 'kibana');
    expect([without.status, without.stderr]).toEqual([2, expect.stringContaining('PW-CONFIG-KIBANA')]);
  });

  it('ack --from-kibana takes over what was handled there, once, and takes back nothing', async () => {
    const server = await serve();
    const { run, settings } = office(server);
    await run('setup', 'kibana');
    const other = ALERT.replace('0', 'f');
    const { acks } = await tell(settings, 'adams', ALERT, 'new');
    const baker = await tell(settings, 'baker', other, 'closed');
    server.alerts.push(
      alertIn('adams', ALERT, 'acknowledged'),
      alertIn('adams', ALERT, 'closed'),
      alertIn('baker', other, 'acknowledged'),
      alertIn('baker', 'e'.repeat(32), 'closed'),
      { ...alertIn('adams', 'd'.repeat(32), 'closed'), rule: 'a rule of somebody else' },
    );
    const { status, stdout, stderr } = await run('ack', '--from-kibana');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`adams: ${ALERT} is "closed"`);
    expect(stdout).toContain('3 alerts are handled in Kibana, 1 were not here yet');
    expect(await acks()).toMatchObject([{ kind: 'ack', id: ALERT, status: 'closed' }]);
    // ours went further, and of the third nothing is known here
    expect(await baker.acks()).toEqual([]);
  });

  it('ack --from-kibana takes from the space of an organisation nothing about the alerts of another one', async () => {
    const server = await serve();
    const { run, settings } = office(server);
    await run('setup', 'kibana');
    const { acks } = await tell(settings, 'adams', ALERT, 'new');
    server.alerts.push({ ...alertIn('baker', ALERT, 'closed'), organization: 'adams' });
    const { status, stdout } = await run('ack', '--from-kibana');
    expect(status).toBe(0);
    expect(stdout).toContain('0 were not here yet');
    expect(await acks()).toEqual([]);
  });

  it('ack ID says it in Kibana as well, and stands when Kibana is away', async () => {
    const server = await serve();
    const { run, settings } = office(server);
    await run('setup', 'kibana');
    await tell(settings, 'adams', ALERT, 'new');
    server.alerts.push(alertIn('adams', ALERT, 'open'), alertIn('baker', ALERT, 'open'));
    expect((await run('ack', ALERT, '--status', 'suppressed')).stdout).toContain('Kibana: 1 of its alerts set');
    expect(server.alerts.map(({ status }) => status)).toEqual(['closed', 'open']);
    await server.close();
    const away = await run('ack', ALERT);
    expect(away.status).toBe(0);
    expect(away.stdout).toContain('Kibana was not told');
  });
});
