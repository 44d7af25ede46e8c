/**
 * What a person gives by mistake, and what an attacker writes on purpose: each is said with where and what to do, the
 * rest of the work is still done, and nothing of it reaches an output alive.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accessLine, field, type Place, place, probingLog, sample, timeless } from './pollwatch.ts';

/** A log that cannot be read, beside one that can: the good one's alerts are those that it has alone. */
function besideAGoodLog(here: Place, bad: string): { stderr: string; status: number | null } {
  const good = here.put('good.log', probingLog());
  here.run(['analyze', '--report', 'none', '--output', 'alone.ndjson', good]);
  const ran = here.run(['analyze', '--report', 'none', '--output', 'both.ndjson', bad, good]);
  expect(here.documents('alone.ndjson').length).toBeGreaterThan(0);
  expect(timeless(here.documents('both.ndjson'))).toEqual(timeless(here.documents('alone.ndjson')));
  return ran;
}

describe('a log that cannot be read is reported, the other is analysed, and the exit status is 2', () => {
  it.each<[string, (here: Place) => string]>([
    ['that is missing', (here) => join(here.folder, 'missing.log')],
    [
      'that is a folder',
      (here) => {
        mkdirSync(join(here.folder, 'folder.log'));
        return join(here.folder, 'folder.log');
      },
    ],
    [
      'that is binary',
      (here) =>
        here.put(
          'binary.log',
          Uint8Array.from({ length: 5000 }, (_, i) => (i * 37) % 256),
        ),
    ],
    ['of no known format', (here) => here.put('letter.log', 'Dear Sir or Madam,\nplease find enclosed\nmy poem.\n')],
    [
      'that is a gzip cut in the middle',
      (here) => here.put('cut.log.gz', readFileSync(sample('nginx-access.log.2.gz')).subarray(0, 9000)),
    ],
    ['that matches nothing', (here) => join(here.folder, 'no*.log')],
  ])('one %s', (_, make) => {
    const here = place();
    const bad = make(here);
    if (bad.endsWith('cut.log.gz')) {
      // what stands before the cut is analysed too: only the good log's alerts are compared
      const good = here.put('good.log', probingLog());
      const ran = here.run(['analyze', '--report', 'none', '--output', 'both.ndjson', bad, good]);
      expect(here.documents('both.ndjson').some((d) => field(d, 'source.ip') === '198.51.100.7')).toBe(true);
      expect(ran.stderr).toContain(bad);
      expect(ran.status).toBe(2);
      return;
    }
    const ran = besideAGoodLog(here, bad);
    expect(ran.stderr).toContain(bad);
    expect(ran.stderr).toMatch(/PW-[A-Z-]+/);
    expect(ran.stderr).toContain('hint:');
    expect(ran.status).toBe(2);
  });

  it('one that was read in the wrong format', () => {
    const here = place();
    const ran = here.run(['analyze', '--format', 'ufw', here.put('access.log', probingLog())]);
    expect(ran.stderr).toMatch(/access\.log {2}PW-FORMAT-NO-LINE .*\n {2}hint: leave --format out/);
    expect(ran.status).toBe(2);
  });

  it('an empty one is no mistake, and is named in the report', () => {
    const here = place();
    const ran = here.run(['analyze', here.put('empty.log', ''), here.put('good.log', probingLog())]);
    expect(ran.status).toBe(0);
    expect(here.text('report.html')).toContain('empty.log');
  });

  it('parse goes on with the others, too', () => {
    const here = place();
    const ran = here.run(['parse', join(here.folder, 'missing.log'), here.put('good.log', accessLine('/'))]);
    expect(ran.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(ran.stderr).toContain('missing.log');
    expect(ran.status).toBe(2);
  });
});

describe('a broken rule or inventory stops before anything starts', () => {
  it('a rule that is no YAML', () => {
    const here = place();
    const rule = here.put('broken.yml', 'title: [unclosed\ndetection:\n  a: b\n');
    const ran = here.run(['analyze', '--rules', rule, sample('ufw.log')]);
    expect(ran.stderr).toContain('broken.yml:');
    expect(ran.status).toBe(2);
    expect(here.names()).toEqual(['broken.yml']);
  });

  it('an inventory with a wrong key, with line, column and a hint', () => {
    const here = place();
    const config = here.put('county.yaml', 'version: 1\norganization: {id: us-xx, name: X}\nassests: []\n');
    const ran = here.run(['analyze', '--config', config, sample('ufw.log')]);
    expect(ran.stderr).toMatch(/county\.yaml:3:\d+ {2}PW-CONFIG-/);
    expect(ran.stderr).toContain('hint:');
    expect(ran.status).toBe(2);
    expect(here.names()).toEqual(['county.yaml']);
  });

  it('an inventory that is not there', () => {
    const ran = place().run(['analyze', '--config', 'nowhere.yaml', sample('ufw.log')]);
    expect(ran.stderr).toContain('nowhere.yaml');
    expect(ran.status).toBe(2);
  });
});

const HOSTILE = [
  '/\u001b]0;owned\u0007\u001b[2J/.env',
  '/<script>alert(1)</script>/.git/config',
  '/"><img src=x onerror=alert(2)>/backup.sql',
  '/\u202egpj.exe\u2066/.aws/credentials',
  "/?q='-alert(3)-'&x=</style><svg/onload=alert(4)>",
  '/\u009b31mred/id_rsa',
];

describe('bytes that an attacker put into the log', () => {
  it('are inert in the terminal, in NDJSON and in the report', () => {
    const here = place();
    const agent = '<script src=//evil.example>\u001b[31m</script>';
    const hostile = HOSTILE.map((target, i) => accessLine(target, { second: i, agent, user: '<b>x</b>' }));
    const log = here.put('<img src=x onerror=alert(9)>.log', hostile.join('') + probingLog());
    const ran = here.run(['analyze', '--output', 'a.ndjson', log]);
    expect(ran.status).toBe(0);
    expect(here.documents('a.ndjson').length).toBeGreaterThan(0);
    const outputs = [ran.stdout, ran.stderr, here.text('a.ndjson'), here.text('report.html')];
    for (const text of outputs)
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    const report = here.text('report.html');
    expect(report).not.toMatch(/<img src=x|<script>alert|<svg\/onload|<script src=\/\/evil|<b>x<\/b>/);
    // the attack is shown, as text
    expect(report).toContain('.git/config');
  });

  it('cannot make a second line of an event', () => {
    const here = place();
    const log = here.put('x.log', accessLine('/a\u2028b\u0085c'));
    const ran = here.run(['parse', log]);
    expect(ran.stdout.trimEnd().split(/[\n\u2028\u0085]/)).toHaveLength(1);
  });

  it('of any kind end no run with a fault', () => {
    const here = place();
    const noise = Uint8Array.from({ length: 3000 }, (_, i) => (i * i * 31 + i * 7) % 251);
    const log = here.put('x.log', Buffer.concat([Buffer.from(probingLog()), noise, Buffer.from(`\n${probingLog()}`)]));
    const ran = here.run(['analyze', '--report', 'none', log]);
    expect(ran.stderr).not.toContain('PW-FAULT');
    expect(ran.status).toBe(0);
  });
});

describe('what voters typed', () => {
  const PLANTED = ['Quillfeather', '1961-07-23', 'D4471-9920-77', 'wendeline', 'ssn4-8823', '555-0188'];

  it('stands in no output of an analysis, without any inventory', () => {
    const here = place();
    const query = 'lastname=Quillfeather&dob=1961-07-23&dl=D4471-9920-77&last4=ssn4-8823';
    const lines = [
      // somebody who looks up a polling place
      accessLine(`/lookup?${query}`, { status: 200, user: 'wendeline', ip: '203.0.113.77' }),
      // the same data in the referrer, and in requests that carry an attack and so become evidence
      accessLine('/thanks', { status: 200, ip: '203.0.113.77', referrer: `https://vote.example.gov/lookup?${query}` }),
      ...Array.from({ length: 12 }, (_, i) =>
        accessLine(`/lookup?${query}&id=${i}%27%20UNION%20SELECT%20password,${i}%20FROM%20users--%20-`, {
          second: i,
          user: 'wendeline',
          referrer: `https://vote.example.gov/form?phone=555-0188&lastname=Quillfeather`,
        }),
      ),
      ...Array.from({ length: 20 }, (_, i) =>
        accessLine(`/.git/x${i}?lastname=Quillfeather&phone=555-0188`, { second: i, user: 'wendeline' }),
      ),
      // lines that cannot be read are counted and sampled
      `Quillfeather 1961-07-23 D4471-9920-77\n`,
      accessLine(`/lookup?${query}`, { status: 200, user: 'wendeline' }).replace('" 200 ', '" 2o0 '),
    ];
    const ran = here.run(['analyze', '--output', 'a.ndjson', here.put('x.log', lines.join(''))]);
    expect(ran.status).toBe(0);
    const outputs = {
      terminal: ran.stdout + ran.stderr,
      ndjson: here.text('a.ndjson'),
      report: here.text('report.html'),
    };
    expect(here.documents('a.ndjson').length).toBeGreaterThan(0);
    expect(outputs.report).toContain('xxxxxxxxxxxx 9999-99-99 x9999-9999-99');
    for (const [name, text] of Object.entries(outputs)) {
      for (const value of PLANTED) expect(text.toLowerCase(), `${value} in ${name}`).not.toContain(value.toLowerCase());
    }
  });

  it('is printed by parse, which says so', () => {
    const here = place();
    const log = here.put('x.log', accessLine('/lookup?lastname=Quillfeather', { status: 200 }));
    expect(here.run(['parse', log]).stdout).toContain('Quillfeather');
    expect(here.run(['parse', '--help']).stdout).toContain('UNREDACTED');
  });
});

describe('parse', () => {
  it('names the line that each event came from, and counts the lines that are none', () => {
    const here = place();
    const log = here.put('x.log', `${accessLine('/a')}this is no request\n${accessLine('/b')}${accessLine('/c')}`);
    const ran = here.run(['parse', log, '--output', 'events.ndjson']);
    const events = here.documents('events.ndjson');
    expect(events.map((e) => field(e, 'log.file.line'))).toEqual([1, 3, 4]);
    expect(events.map((e) => field(e, 'url.path'))).toEqual(['/a', '/b', '/c']);
    expect(ran.stderr).toMatch(/1 refused/);
    expect(ran.status).toBe(0);
  });

  it('keeps line numbers across the blocks of a large file', () => {
    const here = place();
    const log = here.put('x.log', Array.from({ length: 6000 }, (_, i) => accessLine(`/${i}`)).join(''));
    here.run(['parse', log, '--output', 'events.ndjson']);
    const events = here.documents('events.ndjson');
    expect(events).toHaveLength(6000);
    expect(events.every((e, i) => field(e, 'log.file.line') === i + 1 && field(e, 'url.path') === `/${i}`)).toBe(true);
  });
});
