/** The installation file and the environment: what they become, and how their mistakes are shown. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { listenOf, loadInstallation } from '../../src/config/installation.ts';
import { installationJsonSchema } from '../../src/config/installation-schema.ts';
import { RETENTION } from '../../src/elastic/retention.ts';
import { formatProblem, OperatorError, type Problem } from '../../src/model/problem.ts';

const EXAMPLE = new URL('../../config/pollwatch.example.yaml', import.meta.url).pathname;
const SCHEMA = new URL('../../config/schema/installation.schema.json', import.meta.url);
const KNOWN = { formats: ['combined', 'netfilter'], detections: ['F01', 'W05'] };
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const PRIVATE_KEY = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n';
const INVENTORY = `version: 1
organization: {id: us-xx-a, name: A County}
origins: [{path: "lookup*.log", asset: lookup, timezone: America/Chicago}]
assets: [{id: site, name: S, kind: county_site}, {id: lookup, name: L, kind: voter_lookup}]
`;

/** A folder that is its own home, so that each test has a key of its own. */
function folderOf(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'pollwatch-installation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const load = (env: Record<string, string> = {}, file: string | null = 'pollwatch.yaml') =>
    loadInstallation(file === null ? null : join(folder, file), KNOWN, { HOME: folder, ...env });
  const problems = (env: Record<string, string> = {}, file: string | null = 'pollwatch.yaml'): Problem[] => {
    try {
      load(env, file);
    } catch (error) {
      if (error instanceof OperatorError) return error.problems;
      throw error;
    }
    return [];
  };
  return { folder, load, problems, printed: (env = {}) => problems(env).map(formatProblem).join('\n') };
}
const fileOf = (text: string, others: Record<string, string> = {}) =>
  folderOf({ 'pollwatch.yaml': `version: 1\n${text}`, ...others });

describe('the example', () => {
  const text = readFileSync(EXAMPLE, 'utf8');
  const whole = text.replace(/^( *)# (?=( *)(- |[a-z_]+: |[a-z_]+:$))/gm, '$1');

  it('is an installation on this machine for the office of the example inventory', () => {
    const { folder } = folderOf({});
    const installation = loadInstallation(EXAMPLE, KNOWN, { HOME: folder });
    expect(installation.redis).toEqual({
      url: 'redis://127.0.0.1:6379/0',
      username: null,
      password: null,
      ca: null,
      client: null,
      cluster: false,
      prefix: 'pollwatch',
    });
    expect(installation.elasticsearch?.nodes).toEqual(['http://127.0.0.1:9200']);
    expect([...installation.tenants.keys()]).toEqual(['us-xx-example']);
    expect(installation.work).toEqual({
      queuedBytesMax: 268_435_456,
      latenessMs: 3_600_000,
      idleMs: 300_000,
      evidenceDays: 31,
      stopMs: 20_000,
      listen: null,
    });
  });

  it('is still valid when its commented parts are used, and names the defaults as they are', () => {
    const secrets = ['redis-password', 'elasticsearch-api-key', 'mail-password', 'kibana-setup-password'].map(
      (name) => [`secrets/${name}`, 'x\n'],
    );
    const certificates = [
      'redis-ca',
      'redis-client',
      'elasticsearch-ca',
      'mail-ca',
      'kibana-ca',
      'syslog',
      'counties-ca',
    ].map((name) => [`secrets/${name}.pem`, CERTIFICATE]);
    const keys = ['us-xx-example', 'us-xx-other'].map((name) => [`secrets/${name}.key`, 'k'.repeat(32)]);
    const here = folderOf({
      ...Object.fromEntries([...secrets, ...certificates, ...keys]),
      'secrets/syslog-key.pem': PRIVATE_KEY,
      'secrets/redis-client-key.pem': PRIVATE_KEY,
      'inventory.example.yaml': readFileSync(new URL('../../config/inventory.example.yaml', import.meta.url), 'utf8'),
      'pollwatch.yaml': whole,
    });
    const { work, origins, redis, tenants, retention, kibana } = here.load();
    const { work: defaults } = folderOf({ 'pollwatch.yaml': 'version: 1\n' }).load();
    expect(work).toEqual(defaults);
    expect(retention).toEqual(RETENTION);
    expect(kibana).toEqual({
      url: 'http://127.0.0.1:5601',
      apiKey: null,
      username: 'elastic',
      password: 'x',
      ca: CERTIFICATE,
    });
    expect(origins.map((origin) => origin.kind)).toEqual(['files', 'files', 'syslog', 'redis-list', 'elasticsearch']);
    expect(redis.cluster).toBe(true);
    expect(tenants.size).toBe(2);
    expect(here.load().mail).toMatchObject({ redirectTo: 'it@example.gov', smtp: { port: 587, security: 'starttls' } });
  });

  it('fits the published JSON Schema, which is current', () => {
    const schema = JSON.parse(readFileSync(SCHEMA, 'utf8'));
    // when this fails: node src/config/write-schema.ts
    expect(schema).toEqual(installationJsonSchema());
    const validate = new Ajv2020({ strict: false }).compile(schema);
    expect(validate(parse(whole)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...parse(whole), reddis: {} })).toBe(false);
  });
});

describe('without a file', () => {
  it('there is one organization, and Redis on this machine', () => {
    const { load } = folderOf({});
    const installation = load({}, null);
    expect([...installation.tenants.keys()]).toEqual(['local']);
    expect(installation.redis.url).toBe('redis://127.0.0.1:6379/0');
    expect(installation.elasticsearch).toBeNull();
    expect(installation.tenants.get('local')!.secret.length).toBe(32);
  });

  it('the environment says the rest', () => {
    const { load, folder } = folderOf({ 'api-key': 'QUJD\nsecond line\n' });
    const installation = load(
      {
        POLLWATCH_REDIS_URL: 'rediss://redis.example.gov:6380/2',
        POLLWATCH_REDIS_PASSWORD: 'correct horse',
        POLLWATCH_ELASTICSEARCH_URL: 'https://es1.example.gov:9200, https://es2.example.gov:9200',
        POLLWATCH_ELASTICSEARCH_API_KEY_FILE: join(folder, 'api-key'),
        POLLWATCH_LISTEN: '9464',
      },
      null,
    );
    expect(installation.redis).toMatchObject({ url: 'rediss://redis.example.gov:6380/2', password: 'correct horse' });
    expect(installation.elasticsearch?.nodes).toHaveLength(2);
    expect(installation.elasticsearch?.apiKey).toBe('QUJD');
    expect(installation.work.listen).toEqual({ host: '127.0.0.1', port: 9464 });
  });
});

describe('the environment', () => {
  const files = { 'redis-password': 'from the file\n', 'other-password': 'from the other file\n' };
  const text = 'redis: {url: "redis://10.0.0.1:6379/1", username: a, password_file: redis-password, prefix: pw}\n';

  it('wins over the file, field by field', () => {
    const { load, folder } = fileOf(text, files);
    expect(load().redis).toMatchObject({ url: 'redis://10.0.0.1:6379/1', username: 'a', password: 'from the file' });
    expect(load({ POLLWATCH_REDIS_URL: 'redis://10.0.0.2:6379' }).redis).toMatchObject({
      url: 'redis://10.0.0.2:6379',
      username: 'a',
      password: 'from the file',
      prefix: 'pw',
    });
    const named = { POLLWATCH_REDIS_PASSWORD_FILE: join(folder, 'other-password') };
    expect(load(named).redis.password).toBe('from the other file');
    expect(load({ ...named, POLLWATCH_REDIS_PASSWORD: 'direct' }).redis.password).toBe('direct');
  });

  it('that is misspelt or wrong is told, all at once, with no value shown', () => {
    const { problems } = fileOf('');
    const found = problems({
      POLLWATCH_REDIS_PASWORD: 'hunter2',
      POLLWATCH_REDIS_URL: 'redis://admin:hunter2@10.0.0.1',
      POLLWATCH_REDIS_CLUSTER: 'hunter2',
      POLLWATCH_TEST_REDIS_URL: 'is nobody’s business',
    });
    expect(found.map((p) => [p.code, p.message])).toEqual([
      ['PW-CONFIG-VARIABLE', 'there is no variable POLLWATCH_REDIS_PASWORD'],
      ['PW-CONFIG-VARIABLE', 'POLLWATCH_REDIS_CLUSTER is neither true nor false'],
      ['PW-CONFIG-ADDRESS', 'POLLWATCH_REDIS_URL: an address holds no user and no password'],
    ]);
    expect(found[0]!.hint).toBe('did you mean POLLWATCH_REDIS_PASSWORD?');
    expect(found.map(formatProblem).join('\n')).not.toContain('hunter2');
  });

  it('names a file that must be there', () => {
    expect(fileOf('').problems({ POLLWATCH_REDIS_PASSWORD_FILE: 'nowhere' })).toMatchObject([
      { code: 'PW-CONFIG-FILE', message: 'POLLWATCH_REDIS_PASSWORD_FILE: it cannot be read (ENOENT)' },
    ]);
  });
});

describe('organizations', () => {
  it('come from inventories, or are named', () => {
    const { load, folder } = fileOf(
      'organizations: [{inventory: a.yaml, key_file: a.key}, {id: us-xx-b, name: B County}]\n',
      { 'a.yaml': INVENTORY, 'a.key': 'a'.repeat(40) },
    );
    const [a, b] = [...load().tenants.values()];
    expect(a).toMatchObject({ id: 'us-xx-a', name: 'A County', inventoryFile: join(folder, 'a.yaml') });
    expect(Buffer.from(a!.secret).toString()).toBe('a'.repeat(40));
    expect(b).toMatchObject({ id: 'us-xx-b', name: 'B County', inventoryFile: null });
    expect(b!.inventory.organization.id).toBe('us-xx-b');
  });

  it('have the mistakes of their inventories told with those of the file', () => {
    const { printed } = fileOf('organizations: [{inventory: a.yaml}, {inventory: b.yaml}]\nrules: []\n', {
      'a.yaml': 'version: 1\norganization: {id: A, name: x}\n',
    });
    expect(printed()).toMatch(/a\.yaml:2:\d+ {2}PW-CONFIG-VALUE/);
    expect(printed()).toMatch(/b\.yaml {2}PW-CONFIG-UNREADABLE/);
  });

  it('with keys of their own are not given one from the environment', () => {
    const here = fileOf('organizations: [{id: a, name: A, key_file: a.key}, {id: b, name: B}]\n', {
      'a.key': 'a'.repeat(40),
      'all.key': 'x'.repeat(40),
    });
    const env = { POLLWATCH_KEY_FILE: join(here.folder, 'all.key') };
    expect(here.problems(env)).toMatchObject([{ code: 'PW-CONFIG-KEY', line: 2 }]);
    const alone = fileOf('organizations: [{id: a, name: A, key_file: a.key}]\n', { 'a.key': 'a'.repeat(40) });
    expect(Buffer.from(alone.load(env).tenants.get('a')!.secret).toString()).toBe('x'.repeat(40));
  });

  it('never work with a key that everybody knows', () => {
    const { folder } = folderOf({});
    const env = { HOME: '/proc', XDG_STATE_HOME: '/proc/none' };
    expect(() => loadInstallation(null, KNOWN, env)).toThrow(/PW-CONFIG-KEY/);
    expect(() => loadInstallation(null, KNOWN, { HOME: folder })).not.toThrow();
  });
});

describe('origins', () => {
  const two = 'organizations: [{inventory: a.yaml}, {id: us-xx-b, name: B}]\n';
  const files = { 'a.yaml': INVENTORY, 'cert.pem': CERTIFICATE, 'key.pem': PRIVATE_KEY, 'ca.pem': CERTIFICATE };

  it('take asset and time zone from the inventory where they do not say it', () => {
    const { load, folder } = fileOf(
      'organizations: [{inventory: a.yaml}]\norigins:\n' +
        '  - {name: one, files: ["logs/lookup*.log"]}\n  - {name: two, files: [x.log], asset: site, format: combined}\n',
      files,
    );
    const [one, two] = load().origins;
    expect(one).toEqual({
      kind: 'files',
      name: 'one',
      paths: [join(folder, 'logs/lookup*.log')],
      reading: { organization: 'us-xx-a', format: 'auto', timezone: 'America/Chicago', asset: 2 },
    });
    expect(two!.reading).toEqual({ organization: 'us-xx-a', format: 'combined', timezone: 'UTC', asset: 1 });
  });

  it('whose lines carry no zone are read in that of their office, as analyze reads them', () => {
    const { load } = fileOf(
      'organizations: [{inventory: a.yaml}]\norigins:\n  - {name: one, files: [kern.log]}\n  - {name: two, files: [x.log], timezone: UTC}\n',
      { ...files, 'a.yaml': INVENTORY.replace('name: A County', 'name: A County, timezone: America/New_York') },
    );
    expect(load().origins.map(({ reading }) => reading.timezone)).toEqual(['America/New_York', 'UTC']);
  });

  it('may be TLS listeners whose senders are told apart by certificate', () => {
    const { load } = fileOf(
      `${two}origins: [{name: l, organization: us-xx-a, syslog: {transport: tls, port: 6514, cert_file: cert.pem, key_file: key.pem, client_ca_file: ca.pem, peers: [{common_name: fw1, organization: us-xx-b}]}}]\n`,
      files,
    );
    expect(load().origins[0]).toMatchObject({
      kind: 'syslog',
      host: '127.0.0.1',
      port: 6514,
      tls: { cert: CERTIFICATE, key: PRIVATE_KEY, clientCa: CERTIFICATE },
      peers: [{ cidr: null, commonName: 'fw1', organization: 'us-xx-b' }],
    });
  });

  it('in Redis and Elasticsearch are those of the installation unless they name others', () => {
    const { load } = fileOf(
      'redis: {url: "redis://10.0.0.1:6379"}\nelasticsearch: {nodes: ["http://10.0.0.2:9200"]}\norigins:\n' +
        '  - {name: a, redis_list: {list: filebeat}}\n  - {name: b, redis_list: {list: x, url: "redis://10.0.0.9:6379"}}\n' +
        '  - {name: c, elasticsearch_index: {index: "logs-*"}}\n',
    );
    const [a, b, c] = load().origins;
    expect(a).toMatchObject({ kind: 'redis-list', redis: { url: 'redis://10.0.0.1:6379' } });
    expect(b).toMatchObject({ kind: 'redis-list', redis: { url: 'redis://10.0.0.9:6379' } });
    expect(c).toMatchObject({ kind: 'elasticsearch', elasticsearch: { nodes: ['http://10.0.0.2:9200'] } });
  });

  it.each([
    ['{name: x, organization: us-xx-a}', 'PW-CONFIG-ORIGIN', 'does not say where'],
    ['{name: x, organization: us-xx-a, stdin: true, files: [a]}', 'PW-CONFIG-ORIGIN', 'of two kinds'],
    ['{name: x, organization: us-xx-c, stdin: true}', 'PW-CONFIG-UNKNOWN-ORGANIZATION', 'us-xx-c'],
    ['{name: x, stdin: true}', 'PW-CONFIG-MISSING-FIELD', 'whose lines are these?'],
    ['{name: x, organization: us-xx-a, stdin: true, asset: lokup}', 'PW-CONFIG-UNKNOWN-ASSET', 'did you mean "lookup"'],
    ['{name: x, organization: us-xx-a, stdin: true, format: combned}', 'PW-CONFIG-FORMAT', 'did you mean "combined"'],
    ['{name: x, organization: us-xx-a, syslog: {transport: tls, port: 1}}', 'PW-CONFIG-MISSING-FIELD', 'certificate'],
    [
      '{name: x, organization: us-xx-a, syslog: {transport: udp, port: 1, key_file: key.pem}}',
      'PW-CONFIG-VALUE',
      'tls',
    ],
    [
      '{name: x, organization: us-xx-a, syslog: {transport: tcp, port: 1, peers: [{common_name: a, organization: us-xx-a}]}}',
      'PW-CONFIG-MISSING-FIELD',
      'nobody vouches',
    ],
    [
      '{name: x, organization: us-xx-a, syslog: {transport: tls, port: 1, cert_file: key.pem, key_file: key.pem}}',
      'PW-CONFIG-FILE',
      'holds no certificate',
    ],
    ['{name: x, organization: us-xx-a, elasticsearch_index: {index: a}}', 'PW-CONFIG-MISSING-FIELD', 'Elasticsearch'],
  ])('%s is refused', (origin, code, words) => {
    const { problems, printed } = fileOf(`${two}origins: [${origin}]\n`, files);
    expect(problems().map((p) => p.code)).toEqual([code]);
    expect(printed()).toContain(words);
    expect(printed()).toMatch(/pollwatch\.yaml:3:\d+/);
  });

  it('have names of their own, and read standard input once', () => {
    const { problems } = fileOf('origins: [{name: x, stdin: true}, {name: x, files: [a]}, {name: y, stdin: true}]\n');
    expect(problems().map((p) => p.message)).toEqual(['there are two origins "x"', 'standard input can be read once']);
  });
});

describe('mistakes', () => {
  it('are told all at once, with line, column, the line and what to do', () => {
    const { printed, folder } = fileOf(
      'redis: {url: "http://x", custer: true}\nelasticsearch: {nodes: []}\nwork: {listen: "127.0.0.1:99999", stop_seconds: soon}\n',
    );
    expect(printed().replaceAll(folder, '')).toBe(
      [
        '/pollwatch.yaml:2:14  PW-CONFIG-ADDRESS  this is no address',
        '   2 | redis: {url: "http://x", custer: true}',
        '     |              ^',
        '  hint: write it like redis://127.0.0.1:6379/0',
        '/pollwatch.yaml:2:26  PW-CONFIG-UNKNOWN-FIELD  unknown field "custer" in redis',
        '   2 | redis: {url: "http://x", custer: true}',
        '     |                          ^',
        '  hint: did you mean "cluster"?',
        '/pollwatch.yaml:3:24  PW-CONFIG-VALUE  elasticsearch.nodes: name at least one node',
        '   3 | elasticsearch: {nodes: []}',
        '     |                        ^',
        '/pollwatch.yaml:4:16  PW-CONFIG-VALUE  work.listen: a port is at most 65535',
        '   4 | work: {listen: "127.0.0.1:99999", stop_seconds: soon}',
        '     |                ^',
        '/pollwatch.yaml:4:49  PW-CONFIG-TYPE  work.stop_seconds must be a number',
        '   4 | work: {listen: "127.0.0.1:99999", stop_seconds: soon}',
        '     |                                                 ^',
      ].join('\n'),
    );
  });

  it('of the shape, of what one file says of another and of files that are missing are one list, without echoes', () => {
    const here = fileOf(
      `redis: {password_file: secrets/redis}
work: {lateness_seconds: -5}
mail: {server: 127.0.0.1, security: none, from: p@example.gov, username: p, password_file: secrets/mail}
organizations:
  - {inventory: a.yaml, key_file: secrets/a.key}
  - {inventory: b.yaml, kee_file: x}
  - {inventory: broken.yaml}
origins:
  - {name: web, organization: us-xx-a, asset: lookup, fromat: combined}
  - {name: x, organization: us-xx-a, asset: lokup, files: [x.log]}
  - {name: syslog, organization: us-xx-b, asset: results, files: [y.log]}
  - {name: syslog, organization: us-xx-broken, files: [z.log]}
`,
      {
        'a.yaml': `${INVENTORY}protected_records: protected.txt\n`,
        'b.yaml': `version: 1
organization: {id: us-xx-b, name: B County}
assets:
  - {id: old, name: O, kind: results, owner: it}
  - {id: results, name: R, kind: results_enr, cidrs: [198.51.100.0/33], owner: web}
contacts:
  it: {name: IT, email: it@example.gov}
routing: [{match: {asset: [results, reslts]}, to: [it]}]
`,
        'broken.yaml': 'version: 1\norganization: {id: us-xx-broken, name: "X}\n',
      },
    );
    const at = ({ file, line, column, code }: Problem) =>
      `${file!.slice(here.folder.length + 1)}:${line}:${column} ${code}`;
    expect(here.problems().map(at)).toEqual([
      'a.yaml:5:20 PW-CONFIG-PROTECTED-KEYS',
      'a.yaml:5:20 PW-CONFIG-PROTECTED',
      'b.yaml:4:30 PW-CONFIG-VALUE',
      'b.yaml:5:55 PW-CONFIG-CIDR',
      'b.yaml:5:80 PW-CONFIG-UNKNOWN-CONTACT',
      'b.yaml:7:25 PW-CONFIG-TYPE',
      'b.yaml:8:37 PW-CONFIG-UNKNOWN-ASSET',
      'broken.yaml:3:1 PW-CONFIG-YAML',
      'broken.yaml:3:1 PW-CONFIG-YAML',
      'pollwatch.yaml:2:24 PW-CONFIG-FILE',
      'pollwatch.yaml:3:26 PW-CONFIG-VALUE',
      'pollwatch.yaml:4:92 PW-CONFIG-FILE',
      'pollwatch.yaml:6:35 PW-CONFIG-KEY',
      'pollwatch.yaml:7:25 PW-CONFIG-UNKNOWN-FIELD',
      'pollwatch.yaml:10:55 PW-CONFIG-UNKNOWN-FIELD',
      'pollwatch.yaml:11:45 PW-CONFIG-UNKNOWN-ASSET',
      'pollwatch.yaml:13:12 PW-CONFIG-DUPLICATE',
    ]);
  });

  it('of a file that is about to be made are none: a key that setup will write may be named beforehand', () => {
    const here = fileOf('elasticsearch: {nodes: ["http://127.0.0.1:9200"], api_key_file: secrets/es}\n');
    expect(here.problems()).toMatchObject([{ code: 'PW-CONFIG-FILE' }]);
    const [file, coming] = [join(here.folder, 'pollwatch.yaml'), join(here.folder, 'secrets/es')];
    const { elasticsearch } = loadInstallation(file, KNOWN, { HOME: here.folder }, coming);
    expect(elasticsearch).toMatchObject({ apiKey: null, nodes: ['http://127.0.0.1:9200'] });
  });

  it('never show a secret that was written where it does not belong', () => {
    const { printed } = fileOf(
      'redis:\n  password: hunter2\n  url: redis://admin:hunter2@10.0.0.1\nelasticsearch: {api_key: hunter2, nodes: [x]}\n',
    );
    expect(printed()).toContain('unknown field "password" in redis');
    expect(printed()).toContain('did you mean "password_file"?');
    expect(printed()).not.toContain('hunter2');
  });

  it('that an inventory was named where the installation file belongs are told as such', () => {
    const { problems } = folderOf({ 'pollwatch.yaml': INVENTORY });
    const [first] = problems();
    expect(first!.hint).toContain('organizations: [{inventory: FILE}]');
  });

  it.each([
    ['redis: {password_file: nowhere}\n', 'cannot be read (ENOENT)'],
    ['redis: {password_file: empty}\n', 'first line is empty'],
    ['redis: {ca_file: empty}\n', 'holds no certificate'],
    ['redis: {cluster: true, url: "redis://127.0.0.1:7000/1"}\n', 'only database 0'],
    ['elasticsearch: {username: x}\n', 'missing field "nodes"'],
  ])('%s', (text, words) => {
    expect(fileOf(text, { empty: '\n' }).printed()).toContain(words);
  });

  it('a file that is not there', () => {
    expect(folderOf({}).problems()).toMatchObject([{ code: 'PW-CONFIG-UNREADABLE' }]);
  });
});

describe('an address to listen on', () => {
  it.each([
    ['none', null],
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
  ])('%s', (written, expected) => {
    expect(listenOf(written)).toEqual(expected);
  });
});

describe('the mail server', () => {
  const TLS = 'mail: {server: smtp.example.gov, from: pollwatch@example.gov';

  it('is reached with STARTTLS at port 587 and without a log-in unless the file says more', () => {
    const { mail } = fileOf(`${TLS}}\n`).load();
    expect(mail).toEqual({
      smtp: {
        host: 'smtp.example.gov',
        port: 587,
        security: 'starttls',
        ca: null,
        serverName: null,
        auth: { method: 'none' },
        secretFile: null,
        from: 'pollwatch@example.gov',
      },
      redirectTo: null,
      detailsUrl: null,
    });
    expect(fileOf('').load().mail).toBeUndefined();
    expect(fileOf(`${TLS}, security: implicit}\n`).load().mail?.smtp.port).toBe(465);
  });

  it.each([
    ['username: pw, password_file: secret', { method: 'plain', user: 'pw', password: 'correct horse' }],
    ['username: pw, password_file: secret, auth: login', { method: 'login', user: 'pw', password: 'correct horse' }],
    ['username: a@b.gov, token_file: secret', { method: 'xoauth2', user: 'a@b.gov', accessToken: 'correct horse' }],
  ])('logs in with “%s”, from a file that is looked at again', (fields, auth) => {
    const { load, folder } = fileOf(`${TLS}, ${fields}}\n`, { secret: 'correct horse\nbattery\n' });
    expect(load().mail?.smtp).toMatchObject({ auth, secretFile: join(folder, 'secret') });
  });

  it('is what the environment says, which wins over the file', () => {
    const { load } = fileOf(`${TLS}, port: 2525, username: pw, password_file: secret}\n`, { secret: 'x\n' });
    const { mail } = load({
      POLLWATCH_MAIL_SERVER: '127.0.0.1',
      POLLWATCH_MAIL_PORT: '2526',
      POLLWATCH_MAIL_SECURITY: 'none',
      POLLWATCH_MAIL_USERNAME: 'other',
      POLLWATCH_MAIL_PASSWORD: 'of the environment',
      POLLWATCH_MAIL_FROM: 'other@example.gov',
      POLLWATCH_MAIL_TEST_RECIPIENT: 'me@example.gov',
    });
    expect(mail).toMatchObject({
      smtp: {
        host: '127.0.0.1',
        port: 2526,
        security: 'none',
        auth: { method: 'plain', user: 'other', password: 'of the environment' },
        secretFile: null,
        from: 'other@example.gov',
      },
      redirectTo: 'me@example.gov',
    });
    const alone = { POLLWATCH_MAIL_SERVER: 'smtp.example.gov', POLLWATCH_MAIL_FROM: 'p@example.gov' };
    expect(folderOf({}).load(alone, null).mail?.smtp.host).toBe('smtp.example.gov');
  });

  it.each([
    ['mail: {from: p@example.gov}', 'missing field "server" in mail'],
    ['mail: {server: smtp.example.gov}', 'missing field "from" in mail'],
    ['mail: {server: "smtp.example.gov:587", from: p@example.gov}', 'without a port'],
    ['mail: {server: smtp.example.gov, from: "P <p@example.gov>"}', 'no plain mail address'],
    [`${TLS}, security: none}`, 'mails would cross the network to smtp.example.gov unencrypted'],
    [`${TLS}, auth: plain}`, 'a log-in with plain needs a user name and a password'],
    [`${TLS}, username: x, auth: xoauth2}`, 'needs a user name and a token'],
    [`${TLS}, username: x, auth: none}`, 'there is a user name or a password, and auth: none'],
    [`${TLS}, username: x, password_file: gone}`, 'it cannot be read (ENOENT)'],
    [`${TLS}, details_url: "http://x.example.gov"}`, 'this is no https:// address'],
    [`${TLS}, password: hunter2}`, 'unknown field "password"'],
    [`${TLS}, port: 0}`, 'a port is 1 to 65535'],
  ])('is not taken as “%s”, and the place of the mistake is shown', (text, message) => {
    const { printed } = fileOf(`${text}\n`);
    expect(printed()).toContain(message);
    expect(printed()).toMatch(/pollwatch\.yaml:2(?::\d+)? /);
    expect(printed()).not.toContain('hunter2\n  hint');
  });

  it('tells a variable that is misspelt or wrong, without its value', () => {
    const { problems } = folderOf({});
    const found = problems(
      { POLLWATCH_MAIL_SERVR: 'x', POLLWATCH_MAIL_PORT: '70000', POLLWATCH_MAIL_SECURITY: 'ssl-secret' },
      null,
    );
    expect(found.map(({ message }) => message).join('\n')).toMatch(
      /POLLWATCH_MAIL_SERVR\b[\s\S]*POLLWATCH_MAIL_PORT: a port[\s\S]*POLLWATCH_MAIL_SECURITY/,
    );
    expect(JSON.stringify(found)).not.toContain('ssl-secret');
  });
});
