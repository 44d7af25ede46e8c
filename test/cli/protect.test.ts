/** `pollwatch protect`: keys of protected records become lines that hide them, and are known again when they are asked for. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { protectedHash } from '../../src/measure/protected-records.ts';
import { page, times } from '../detect/log-lines.ts';
import { type RedisServer, startRedis } from '../parts/redis.ts';
import { place } from './pollwatch.ts';

const OFFICE = `version: 1
organization: {id: us-xx, name: Example County}
protected_records: protected.txt
privacy: {key_file: key}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, url_prefixes: [/lookup], record_key_params: [lastname+dob], sensitivity: voter}
`;

it('hides keys, which a run with the same secret knows again and no output shows', () => {
  const here = place();
  here.put('key', Buffer.alloc(32, 7));
  here.put('plain.txt', '# a list\n\nDoe+1970-01-02\n');
  here.put('protected.txt', '');
  const office = here.put('office.yaml', OFFICE);
  const { status, stdout, stderr } = here.run(['protect', '--config', office, 'plain.txt']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^hmac-sha256:[0-9a-f]{64}\n$/);
  expect(stderr).toBe(
    `hidden with the key of us-xx in ${join(here.folder, 'key')}: only who has this key knows the records again\n`,
  );

  here.put('protected.txt', stdout);
  expect(here.run(['protect', '--config', office, 'protected.txt']).stdout).toBe(stdout);
  const lines = times(3, (i) => page('198.51.100.7', i * 60, '/lookup?dob=1970-01-02&lastname=doe'));
  here.put('access.log', `${lines.join('\n')}\n`);
  const ran = here.run(['analyze', '--config', office, '--output', 'alerts.ndjson', '--report', 'none', 'access.log']);
  expect(ran.status).toBe(0);
  const alerts = here.documents('alerts.ndjson') as { rule: { id: string } }[];
  expect(alerts.map((a) => a.rule.id)).toEqual(['election.protected_record']);
  expect(here.text('alerts.ndjson')).not.toMatch(/\bdoe\b|1970/i);
});

it('says what to do when the file cannot be read or holds what is no hash', () => {
  const here = place();
  here.put('key', Buffer.alloc(32, 7));
  const office = here.put('office.yaml', OFFICE);
  here.put('protected.txt', 'hmac-sha256:zz\n');
  const ran = here.run(['protect', '--config', office, 'nowhere.txt']);
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain('line 1 of the file is no hash');
});

describe('where workers read the logs', () => {
  const OTHER =
    'organizations: [{inventory: office.yaml, key_file: workers-key}, {id: us-yy, name: Y, key_file: key}]\n';
  const hashOf = (byte: number) => `hmac-sha256:${protectedHash(Buffer.alloc(32, byte), 'Doe+1970-01-02')}\n`;
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  function installed(organizations: string) {
    const here = place();
    here.put('key', Buffer.alloc(32, 7));
    here.put('workers-key', Buffer.alloc(32, 8));
    here.put('plain.txt', 'Doe+1970-01-02\n');
    here.put('protected.txt', '');
    here.put('office.yaml', OFFICE);
    const server = `redis: {url: "${redis.url}", prefix: ${redis.settings().prefix}}\n`;
    const config = here.put('pollwatch.yaml', `version: 1\n${server}${organizations}`);
    return { here, config };
  }

  it('takes the key of the installation, which the workers know the records again with', () => {
    const { here, config } = installed('organizations: [{inventory: office.yaml, key_file: workers-key}]\n');
    const { status, stdout, stderr } = here.run(['protect', '--config', config, 'plain.txt']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: hashOf(8) });
    expect(stderr).toContain(`of us-xx in ${join(here.folder, 'workers-key')}: `);

    here.put('protected.txt', stdout);
    here.put(
      'access.log',
      times(3, (i) => `${page('198.51.100.7', i * 60, '/lookup?dob=1970-01-02&lastname=doe')}\n`).join(''),
    );
    const env = { POLLWATCH_CONFIG: config };
    expect(here.run(['ingest', '--once', 'access.log'], { env }).status).toBe(0);
    expect(here.run(['work', '--until-drained'], { env }).status).toBe(0);
    expect(JSON.parse(here.run(['status', '--json'], { env }).stdout)).toMatchObject({ progress: { alerts: 1 } });
  });

  it('takes the key of the organization that is named, and asks which one where there are several', () => {
    const { here, config } = installed(OTHER);
    const protect = (...more: string[]) =>
      here.run(['protect', ...more, 'plain.txt'], { env: { POLLWATCH_CONFIG: config } });
    expect(protect('--organization', 'us-xx').stdout).toBe(hashOf(8));
    expect(protect('--organization', 'us-yy').stdout).toBe(hashOf(7));
    expect(protect()).toMatchObject({ status: 2, stdout: '' });
    expect(protect().stderr).toContain('there are several organizations: which one?');
    expect(protect('--organization', 'us-zz').stderr).toContain('there is no organization "us-zz"');
  });

  it('refuses an inventory whose own key is not the one that the workers use, and an organization without an installation', () => {
    const { here, config } = installed(OTHER);
    const refused = here.run(['protect', '--config', 'office.yaml', 'plain.txt'], {
      env: { POLLWATCH_CONFIG: config },
    });
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('PW-PROTECT-OTHER-KEY');
    expect(refused.stderr).toContain('leave --config out and say --organization us-xx');
    expect(here.run(['protect', '--config', 'office.yaml', 'plain.txt']).stdout).toBe(hashOf(7));
    const chosen = here.run(['protect', '--config', 'office.yaml', '--organization', 'us-xx', 'plain.txt']);
    expect(chosen).toMatchObject({ status: 2, stdout: '' });
    expect(chosen.stderr).toContain('an inventory is about one organization');
  });
});
