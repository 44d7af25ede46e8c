/** Drafts of inventories: what is guessed from logs, what is not believed, and that every draft is accepted as it stands. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { draftInventory } from '../../src/config/draft-inventory.ts';
import { parseInventory } from '../../src/config/inventory.ts';
import { inventoryGaps } from '../../src/config/inventory-gaps.ts';
import { createSurvey, VISITORS_MIN } from '../../src/config/survey.ts';
import type { LogEvent } from '../../src/model/event.ts';

const T0 = Date.UTC(2026, 8, 14, 10);

function request(path: string, over: Partial<LogEvent> = {}): LogEvent {
  const [page, query] = path.split('?', 2);
  return {
    '@timestamp': T0,
    'event.category': 'web',
    'source.ip': '192.0.2.1',
    'destination.domain': 'vote.example.gov',
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.path': page!,
    ...(query === undefined ? {} : { 'url.query': query }),
    ...over,
  };
}
const packet = (over: Partial<LogEvent> = {}): LogEvent => ({
  '@timestamp': T0,
  'event.category': 'network',
  'source.ip': '192.0.2.1',
  'destination.ip': '203.0.113.10',
  'destination.port': 443,
  'event.type': 'allowed',
  ...over,
});

/** A draft from requests that several visitors make. */
function draftOf(paths: readonly string[], over: Partial<LogEvent> = {}, visitors = VISITORS_MIN): string {
  const survey = createSurvey();
  for (let i = 0; i < visitors; i++) {
    for (const path of paths)
      survey.see(request(path, { 'source.ip': `192.0.2.${i + 1}`, ...over }), '/var/log/nginx/access.log.2.gz');
  }
  return draftInventory(survey, visitors * paths.length);
}
const assetsOf = (draft: string) =>
  parseInventory(draft, 'i.yaml').assets.map((a) => [
    a.id,
    a.kind,
    a.hosts.join(),
    a.urlPrefixes.join(),
    a.criticality,
  ]);

describe('a draft', () => {
  it('names hosts and the systems on them, with what their names tell', () => {
    const draft = draftOf([
      '/',
      '/lookup/voter?voterid=1&dob=2&lang=en',
      '/absentee/request',
      '/results/current.html',
      '/news/today',
    ]);
    expect(assetsOf(draft)).toEqual([
      ['vote', 'county_site', 'vote.example.gov', '', 'medium'],
      ['absentee', 'ballot_request', 'vote.example.gov', '/absentee', 'critical'],
      ['lookup', 'voter_lookup', 'vote.example.gov', '/lookup', 'high'],
      ['results', 'results_enr', 'vote.example.gov', '/results', 'critical'],
    ]);
    const [, , lookup] = parseInventory(draft, 'i.yaml').assets;
    expect(lookup).toMatchObject({ recordKeyParams: [['voterid']], redactParams: ['dob'], sensitivity: 'voter' });
  });

  it('marks every guess, and says what was read', () => {
    const draft = draftOf(['/', '/lookup/voter?voterid=1']);
    const guessed = draft
      .split('\n')
      .filter((line) => /^ {4}(?:name|kind|record_key_params|sensitivity|criticality):/.test(line));
    expect(guessed).toHaveLength(8);
    expect(guessed.filter((line) => !line.includes('# GUESS'))).toEqual([]);
    expect(draft).toContain('# Read: 10 lines of 1 logs, 10 events, 2026-09-14 to 2026-09-14.\n');
  });

  it('holds the logs by a pattern that fits their rotated copies', () => {
    const inventory = parseInventory(draftOf(['/lookup/x'], { 'destination.domain': '' }), 'i.yaml');
    expect(inventory.originFor('/var/log/nginx/access.log')).toMatchObject({ path: 'access.log*', asset: 1 });
    expect(inventory.originFor('/var/log/nginx/access.log.14.gz')).not.toBeNull();
  });

  it('lists addresses that packets were sent to, with the ports that were let through, and none that only we sent from', () => {
    const survey = createSurvey();
    survey.see(packet(), 'kern.log');
    survey.see(packet({ 'destination.ip': '2001:db8::9', 'destination.port': 22 }), 'kern.log');
    survey.see(packet({ 'destination.ip': '198.51.100.200', 'pollwatch.outbound': true }), 'kern.log');
    survey.see(packet({ 'destination.ip': '203.0.113.77', 'event.type': 'denied' }), 'kern.log');
    const draft = draftInventory(survey, 4);
    expect(draft).toContain('"203.0.113.10"   # 1 packets; let through: ports 443');
    expect(draft).toContain('"2001:db8::9"   # 1 packets; let through: ports 22');
    expect(draft).not.toContain('198.51.100.200');
    // one sender that was denied may have guessed it
    expect(draft).not.toContain('203.0.113.77');
    expect(parseInventory(draft, 'i.yaml').ownedHosts).toBe(1);
  });

  it('of logs that show nothing says so, and is still an inventory', () => {
    const draft = draftInventory(createSurvey(), 0);
    expect(draft).toContain('# No system could be told from these logs');
    expect(parseInventory(draft, 'i.yaml').assets).toEqual([]);
  });
});

describe('what strangers can write', () => {
  it('is not believed from fewer than five visitors, and not when it was refused', () => {
    expect(assetsOf(draftOf(['/lookup/x'], {}, VISITORS_MIN - 1))).toEqual([]);
    expect(assetsOf(draftOf(['/lookup/x'], { 'http.response.status_code': 404 }))).toEqual([]);
    expect(assetsOf(draftOf(['/lookup/x'], { 'source.ip': '192.0.2.1' }, 500))).toEqual([]);
  });

  it('holds no value that a voter typed', () => {
    const draft = draftOf(['/lookup/voter?voterid=880000417&lastname=Zebulonsen&dob=1957-03-29']);
    expect(draft).not.toMatch(/Zebulonsen|880000417|1957-03-29/);
    expect(draft).toContain('"lastname"');
  });

  it('cannot fill the memory', () => {
    const survey = createSurvey();
    for (let i = 0; i < 20_000; i++) {
      survey.see(
        request(`/p${i}/x?a${i}=1`, {
          'destination.domain': `h${i}.example`,
          'source.ip': `10.0.${i >> 8}.${i & 255}`,
        }),
        'a.log',
      );
      survey.see(request(`/lookup/${i}?b${i}=1`), 'a.log');
      survey.see(packet({ 'destination.ip': `10.1.${i >> 8}.${i & 255}`, 'destination.port': i }), 'a.log');
    }
    expect(survey.visited.size).toBeLessThanOrEqual(4096);
    expect(survey.destinations.size).toBeLessThanOrEqual(1024);
    const lookup = survey.visited.get('vote.example.gov /lookup')!;
    expect([lookup.parameters.size, lookup.samples.size, lookup.visitors.size]).toEqual([64, 64, 1]);
  });

  it('gives an inventory whatever it is', () => {
    const evil = fc.oneof(
      fc.constantFrom(
        '"',
        '\n',
        ': ',
        '#',
        '- ',
        '{',
        '}',
        '\\',
        '../',
        '%0a',
        '*',
        '&a',
        '!!js',
        '\u2028',
        'ï',
        'lookup',
        'register',
        '=',
        '.',
        '0x1',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    );
    const word = fc.array(evil, { maxLength: 5 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(word, word, word, word, (host, prefix, parameter, name) => {
        const survey = createSurvey();
        for (let i = 0; i < VISITORS_MIN; i++) {
          const over = {
            'source.ip': `192.0.2.${i}`,
            'destination.domain': host,
            'url.query': `${parameter}=1`,
            'url.path': `/${prefix}/x`,
          };
          survey.see(request('/', over), name);
          survey.see(packet({ 'destination.ip': host, 'source.ip': `192.0.2.${i}` }), name);
        }
        const draft = draftInventory(survey, 5);
        expect(parseInventory(draft, 'i.yaml').organization.id).toBe('my-office');
      }),
      { numRuns: 300 },
    );
  });
});

describe('an inventory that is there already', () => {
  const inventory = parseInventory(
    `version: 1
organization: {id: x, name: X}
assets:
  - {id: vote, name: V, kind: county_site, hosts: [vote.example.gov]}
  - {id: lookup, name: L, kind: voter_lookup, hosts: [vote.example.gov], url_prefixes: [/lookup]}
  - {id: gate, name: G, kind: staff_remote, cidrs: [203.0.113.10]}
  - {id: ems, name: E, kind: ems_airgapped, cidrs: [10.9.0.0/24]}
`,
    'i.yaml',
  );
  const surveyOf = (host: string, visitors: number, withPackets: boolean) => {
    const survey = createSurvey();
    for (let i = 0; i < visitors; i++) {
      survey.see(request('/news/x', { 'destination.domain': host, 'source.ip': `192.0.2.${i}` }), 'a.log');
    }
    if (withPackets) survey.see(packet({ 'destination.ip': '203.0.113.99' }), 'k.log');
    return survey;
  };
  const gaps = (survey: ReturnType<typeof createSurvey>) => {
    const { unseen, unclaimed } = inventoryGaps(survey, inventory);
    return [unseen.map(({ id }) => id), unclaimed];
  };

  it('is told which of its systems the logs never show, as far as such logs could', () => {
    expect(gaps(surveyOf('vote.example.gov', 1, false))).toEqual([['lookup'], []]);
    expect(gaps(surveyOf('vote.example.gov', 1, true))).toEqual([['lookup', 'gate'], []]);
    const all = surveyOf('vote.example.gov', 1, true);
    all.see(request('/lookup/x'), 'a.log');
    all.see(packet(), 'k.log');
    expect(gaps(all)).toEqual([[], []]);
  });

  it('is told which hosts visitors were given and nobody claims', () => {
    expect(gaps(surveyOf('new.example.gov', VISITORS_MIN, false))[1]).toEqual([
      { host: 'new.example.gov', answered: 5 },
    ]);
    expect(gaps(surveyOf('new.example.gov', VISITORS_MIN - 1, false))[1]).toEqual([]);
  });
});

describe('the command', () => {
  const init = (args: string[], given: object = {}) => {
    const code = `import { initCommand } from ${JSON.stringify(new URL('../../src/commands/init.ts', import.meta.url).href)};
process.exitCode = await initCommand(${JSON.stringify(args)}, ${JSON.stringify(given)});`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  };
  const sample = (name: string) => join(import.meta.dirname, '../samples/generated', name);
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'pollwatch-init-'));
    onTestFinished(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };

  it('drafts from real logs what pollwatch accepts', () => {
    const ran = init([sample('nginx-access.log'), sample('kern.log')], { year: '2026' });
    expect(ran.stderr).toBe('');
    expect(ran.status).toBe(0);
    const inventory = parseInventory(ran.stdout, 'i.yaml');
    expect(inventory.ownedHosts).toBeGreaterThan(0);
    expect(inventory.originFor('/somewhere/kern.log.3.gz')).not.toBeNull();
  });

  it('writes a file once and never replaces one', () => {
    const file = join(folder(), 'county.yaml');
    const first = init([sample('nginx-access.log')], { output: file });
    expect(first).toMatchObject({ status: 0, stdout: '' });
    expect(first.stderr).toContain('pollwatch doctor --config');
    writeFileSync(file, 'mine');
    const again = init([sample('nginx-access.log')], { output: file });
    expect(again.status).not.toBe(0);
    expect(again.stderr).toContain('there is an inventory already');
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('drafts from what it can read, and says what it cannot', () => {
    const file = join(folder(), 'county.yaml');
    const ran = init([sample('nginx-access.log'), '/no/such.log'], { output: file });
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('/no/such.log');
    expect(existsSync(file)).toBe(true);
  });
});
