/** `pollwatch protect`: keys of protected records become lines that hide them, and are known again when they are asked for. */
import { expect, it } from 'vitest';
import { page, times } from '../detect/log-lines.ts';
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
  const { status, stdout } = here.run(['protect', '--config', office, 'plain.txt']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^hmac-sha256:[0-9a-f]{64}\n$/);

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
