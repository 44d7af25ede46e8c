/** What doctor says of an Elasticsearch: not set up, set up, in December, secured, not there; and setting up as a person does. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectElasticsearch } from '../../src/elastic/client.ts';
import { FAMILIES } from '../../src/elastic/index-names.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import type { ElasticSettings } from '../../src/model/installation.ts';
import { elasticFindings } from '../../src/operate/elastic-findings.ts';
import { place, ROOT } from '../cli/pollwatch.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { type SecuredServer, startSecuredElasticsearch } from '../parts/elasticsearch-security.ts';

const NOVEMBER = Date.UTC(2026, 10, 23);
const silent = () => undefined;
const ORGANIZATIONS = ['us-xx-a', 'us-xx-b'];

async function said(settings: ElasticSettings, nowMs = NOVEMBER): Promise<string> {
  const found = await elasticFindings(settings, ORGANIZATIONS, nowMs);
  expect(found.every(({ state, fix, what }) => state === 'ok' || fix !== undefined || what.includes('hint:'))).toBe(
    true,
  );
  return found.map(({ state, what }) => `${state} ${what}`).join('\n');
}

describe('an Elasticsearch without security', () => {
  let settings: ElasticSettings;
  beforeAll(async () => {
    settings = settingsFor(await SERVERS[0]!.url(), ownPrefix('doctor'));
  }, START_MS);

  it('that nobody has set up is told, once for each kind of index', async () => {
    const text = await said(settings);
    expect(text).toMatch(/^ok Elasticsearch 9\.\d+\.\d+\n/);
    expect(text.match(/^bad PW-ELASTIC-NO-INDEX/gm)).toHaveLength(FAMILIES.length);
    expect(text).not.toContain('are missing');
    expect(text).toContain('look Elasticsearch has no security switched on');
  });

  it('that is set up is well, and in December so is the next year', async () => {
    await setupElasticsearch(settings, ORGANIZATIONS, { now: NOVEMBER, say: silent });
    expect(await said(settings)).toContain('ok the indices of 2026 are there');
    expect(await said(settings, Date.UTC(2026, 11, 2))).not.toContain('missing');
  });

  it('whose next year is missing in December is told, and whose this year is, as bad', async () => {
    expect(await said(settings, Date.UTC(2027, 10, 30))).not.toContain('missing');
    const december = await said(settings, Date.UTC(2027, 11, 1));
    expect(december).toMatch(/^look 10 indices of 2028 are missing, such as .*-alerts-us-xx-a-2028: .* 1 January/m);
    expect(await said(settings, Date.UTC(2028, 0, 2))).toMatch(/^bad 10 indices of 2028 are missing/m);
  });

  it('that is not there is told with its address', async () => {
    const text = await said({ ...settings, nodes: ['http://127.0.0.1:9'] });
    expect(text).toContain('bad Elasticsearch at http://127.0.0.1:9:');
  });

  it('is told that a key would travel in the open, unless to this machine', async () => {
    const there = await said({ ...settings, nodes: ['http://192.0.2.1:9200'], apiKey: 'eHg6eXk=' }).catch(String);
    expect(there).not.toContain('eHg6eXk=');
    expect(await said({ ...settings, apiKey: 'eHg6eXk=' })).not.toContain('unencrypted');
  });
});

describe('an Elasticsearch with users and TLS', () => {
  const prefix = ownPrefix('tls');
  let server: SecuredServer;
  beforeAll(async () => {
    server = await startSecuredElasticsearch(prefix, '9.2.4');
  }, START_MS);
  afterAll(() => server?.stop());

  it('is set up by the script of docker-compose.yml, again and again, and lets Kibana in', async () => {
    const here = place();
    const { nodes, ca, username, password } = server.administrator;
    const key = join(here.folder, 'worker-key');
    const kibana = 'password-of-kibana';
    const run = () =>
      spawnSync(join(ROOT, 'config/docker/set-up'), {
        cwd: here.folder,
        encoding: 'utf8',
        env: {
          PATH: process.env['PATH'],
          HOME: here.folder,
          NODE_EXTRA_CA_CERTS: here.put('ca.pem', ca!),
          POLLWATCH_NEW_API_KEY_FILE: key,
          POLLWATCH_ELASTICSEARCH_URL: nodes[0],
          POLLWATCH_ELASTICSEARCH_CA_FILE: 'ca.pem',
          POLLWATCH_ELASTICSEARCH_PREFIX: `${prefix}-compose`,
          POLLWATCH_ELASTICSEARCH_SETUP_USERNAME: username!,
          POLLWATCH_ELASTICSEARCH_SETUP_PASSWORD_FILE: here.put('password', `${password!}\n`),
          KIBANA_PASSWORD_FILE: here.put('kibana', `${kibana}\n`),
        },
      });
    for (let time = 0; time < 2; time++) {
      expect(run()).toMatchObject({
        status: 0,
        stderr: '',
        stdout: expect.stringMatching(/the password of Kibana: set\n$/),
      });
      expect(readFileSync(key, 'utf8').length).toBeGreaterThan(40);
    }
    const asKibana = connectElasticsearch({ ...server.administrator, username: 'kibana_system', password: kibana });
    expect((await asKibana.security.authenticate()).username).toBe('kibana_system');
    await asKibana.close();
  });

  it('is set up by one user and written to with the key that this leaves, which can do no more', async () => {
    const here = place();
    const { nodes, ca, username, password } = server.administrator;
    writeFileSync(join(here.folder, 'ca.pem'), ca!);
    const env = {
      POLLWATCH_ELASTICSEARCH_URL: nodes.join(','),
      POLLWATCH_ELASTICSEARCH_CA_FILE: 'ca.pem',
      POLLWATCH_ELASTICSEARCH_PREFIX: prefix,
    };
    const asAdministrator = {
      ...env,
      POLLWATCH_ELASTICSEARCH_SETUP_USERNAME: username!,
      POLLWATCH_ELASTICSEARCH_SETUP_PASSWORD: password!,
    };
    const refused = here.run(['setup', 'elasticsearch'], { env });
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('PW-ELASTIC-REFUSED') });
    const done = here.run(['setup', 'elasticsearch', '--api-key-file', 'key'], { env: asAdministrator });
    expect(done).toMatchObject({ status: 0, stderr: '' });
    const apiKey = readFileSync(join(here.folder, 'key'), 'utf8').trim();
    expect(statSync(join(here.folder, 'key')).mode & 0o777).toBe(0o600);
    expect(done.stdout).not.toContain(apiKey);
    expect(done.stdout).not.toContain(password!);
    const again = here.run(['setup', 'elasticsearch', '--api-key-file', 'key'], { env: asAdministrator });
    expect(again).toMatchObject({ status: 2, stderr: expect.stringContaining('there is a key already') });

    const worker = { ...server.administrator, username: null, password: null, apiKey, prefix };
    const found = await elasticFindings(worker, ['local'], NOVEMBER);
    expect(found.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(found.map(({ what }) => what)).toContain('the key for Elasticsearch may write alerts and no more');
    const asRoot = await elasticFindings({ ...server.administrator, prefix }, ['local'], NOVEMBER);
    expect(asRoot.find(({ what }) => what.includes('may do more than write alerts'))?.state).toBe('look');
    const withoutKey = await elasticFindings({ ...worker, apiKey: null }, ['local'], NOVEMBER);
    expect(withoutKey.map(({ state }) => state)).toEqual(['bad']);

    const retention = here.run(['retention', '--dry-run'], { env: asAdministrator });
    expect(retention).toMatchObject({ status: 0, stdout: '0 indices and 0 documents would be removed\n' });
  });
});
