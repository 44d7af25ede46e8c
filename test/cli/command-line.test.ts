/**
 * The command line as promised: help, options, exit status, where results go, how it starts and how it ends.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { DETECTIONS } from '../../src/alerts/detections.ts';
import { notesOf } from '../../src/commands/detector-notes.ts';
import { listRules as catalogueOf } from '../../src/rules/catalogue.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { LAUNCHER, place, probingLog, ROOT, sample } from './pollwatch.ts';

describe('help', () => {
  it.each([
    [['--help'], 'analyze'],
    [['analyze', '--help'], '--fail-on'],
    [['parse', '--help'], 'UNREDACTED'],
    [['rules', '--help'], 'explain'],
    [['rules', 'list', '--help'], '--rules'],
    [['rules', 'explain', '--help'], 'id'],
    [['rules', 'test', '--help'], 'rule'],
    [['formats', '--help'], 'formats'],
    [['doctor', '--help'], '--config'],
    [['ingest', '--help'], '--once'],
    [['work', '--help'], 'POLLWATCH_REDIS_PASSWORD_FILE'],
    [['setup', 'elasticsearch', '--help'], '--api-key-file'],
    [['status', '--help'], '--json'],
    [['dead', 'replay', '--help'], '--all'],
    [['ack', '--help'], '--status'],
    [['retention', '--help'], '--dry-run'],
  ])('of %j says what there is', (args, word) => {
    const ran = place().run(args);
    expect(ran.stdout).toContain(word);
    expect(ran.stderr).toBe('');
    expect(ran.status).toBe(0);
  });

  it('of --version is the version', () => {
    expect(place().run(['--version']).stdout).toBe(`${packageJson.version}\n`);
  });
});

describe('the launcher', () => {
  it('works through a chain of symbolic links, from another folder', () => {
    const here = place();
    mkdirSync(join(here.folder, 'bin'));
    symlinkSync(LAUNCHER, join(here.folder, 'first'));
    symlinkSync('../first', join(here.folder, 'bin/pollwatch'));
    const ran = spawnSync(join(here.folder, 'bin/pollwatch'), ['--version'], { cwd: '/', encoding: 'utf8' });
    expect(ran.stdout).toBe(`${packageJson.version}\n`);
  });

  it('says what to do when the packages are not installed', () => {
    const here = place();
    const copy = join(here.folder, 'pollwatch');
    spawnSync('cp', [LAUNCHER, copy]);
    const ran = spawnSync(copy, ['--version'], { encoding: 'utf8' });
    expect(ran.stderr).toContain('npm ci');
    expect(ran.status).toBe(2);
  });

  it('says what to do when the only Node is too old', () => {
    const here = place();
    const copy = join(here.folder, 'pollwatch');
    spawnSync('cp', [LAUNCHER, copy]);
    mkdirSync(join(here.folder, 'node_modules/commander'), { recursive: true });
    mkdirSync(join(here.folder, 'bin'));
    here.put('bin/node', '#!/bin/sh\necho 20.1.0\n');
    chmodSync(join(here.folder, 'bin/node'), 0o755);
    const ran = spawnSync(copy, ['--version'], { encoding: 'utf8', env: { PATH: `${here.folder}/bin:/usr/bin:/bin` } });
    expect(ran.stderr).toContain('PW-CLI-NODE-VERSION');
    expect(ran.stderr).toContain('20.1.0');
    expect(ran.status).toBe(2);
  });

  it('starts with a shell that knows nothing but POSIX', () => {
    const ran = spawnSync('sh', ['-n', LAUNCHER], { encoding: 'utf8' });
    expect(ran.stderr).toBe('');
    expect(ran.status).toBe(0);
  });
});

describe('options', () => {
  it.each([
    ['an option that does not exist', ['analyze', '--colour', 'x.log'], 'PW-CLI-OPTION'],
    ['a command that does not exist', ['analyse', 'x.log'], 'PW-CLI-OPTION'],
    ['no file', ['analyze'], 'PW-CLI-OPTION'],
    ['a severity that does not exist', ['analyze', '--fail-on', 'awful', 'x.log'], 'PW-CLI-OPTION'],
    ['no command', [], 'Usage:'],
  ])('%s ends with 2 and says so', (_, args, code) => {
    const ran = place().run(args);
    expect(ran.stderr).toContain(code);
    expect(ran.status).toBe(2);
  });

  it('all that is wrong is said at once, before anything is written', () => {
    const here = place();
    const ran = here.run([
      'analyze',
      '--format',
      'nonsense',
      '--year',
      'soon',
      '--timezone',
      'Moon/Crater',
      '--threads',
      '0',
      '--report',
      'nowhere/report.html',
      '--output',
      '.',
      sample('kern.log'),
    ]);
    for (const part of ['nonsense', 'soon', 'Moon/Crater', '--threads', 'nowhere/report.html', 'names a folder']) {
      expect(ran.stderr).toContain(part);
    }
    expect(ran.stderr.match(/hint:/g)?.length).toBe(6);
    expect(ran.status).toBe(2);
    expect(here.names()).toEqual([]);
  });

  it('a result never replaces a file that is read, by whatever name, nor the other result', () => {
    const here = place();
    const log = here.put('kern.log', readFileSync(sample('kern.log')));
    const inventory = here.put('county.yaml', 'version: 1\norganization: {id: us-xx-example, name: Example}\n');
    symlinkSync(log, join(here.folder, 'link.log'));
    for (const [command, option, target, read, message] of [
      ['analyze', '--report', 'kern.log', 'kern.log', 'would replace'],
      ['analyze', '--output', './kern.log', 'ke*.log', 'would replace'],
      ['analyze', '--report', 'kern.log', 'link.log', 'would replace'],
      ['analyze', '--report', 'county.yaml', 'kern.log', 'would replace'],
      ['parse', '--output', 'link.log', 'kern.log', 'would replace'],
      ['analyze', '--output', 'report.html', 'kern.log', 'same file'],
    ] as const) {
      const ran = here.run([command, option, target, ...(command === 'analyze' ? ['--config', inventory] : []), read]);
      expect(ran.stderr).toContain(message);
      expect(ran.status).toBe(2);
    }
    expect(readFileSync(log)).toEqual(readFileSync(sample('kern.log')));
    expect(here.names()).not.toContain('report.html');
  });

  it('a file of noise in place of an inventory is told in a few short lines', () => {
    const here = place();
    const noise = here.put(
      'noise.yaml',
      Uint8Array.from({ length: 200_000 }, (_, i) => (i * i * 7 + i * 13 + (i >> 5)) % 256),
    );
    const ran = here.run(['analyze', '--config', noise, sample('kern.log')]);
    expect(ran.stderr).toContain('PW-CONFIG-');
    expect(ran.stderr.split('\n').length).toBeLessThan(210);
    for (const line of ran.stderr.split('\n')) expect(line.length).toBeLessThan(2000);
    expect(ran.status).toBe(2);
  });

  it.runIf(existsSync('/dev/full'))('a full disk behind standard output is said, not thrown', () => {
    const ran = spawnSync('sh', ['-c', `"$1" formats > /dev/full`, 'sh', LAUNCHER], { encoding: 'utf8' });
    expect(ran.stderr).toMatch(/^PW-OUTPUT-WRITE {2}standard output cannot be written \(ENOSPC\)\n {2}hint: .*\n$/);
    expect(ran.status).toBe(1);
  });

  it('two results cannot both have standard output', () => {
    const ran = place().run(['analyze', '--report', '-', '--output', '-', sample('ufw.log')]);
    expect(ran.stderr).toContain('PW-CLI-OUTPUT');
    expect(ran.status).toBe(2);
  });
});

describe('analyze', () => {
  it('writes report.html into the current folder and nothing else', () => {
    const here = place();
    const ran = here.run(['analyze', sample('nginx-access.log')]);
    expect(ran.status).toBe(0);
    expect(here.names()).toEqual(['report.html']);
    expect(here.text('report.html')).toMatch(/^<!doctype html>/i);
    expect(ran.stdout.length).toBeGreaterThan(200);
  });

  it('writes alerts as NDJSON when asked, and no report when asked', () => {
    const here = place();
    expect(here.run(['analyze', '--report', 'none', '--output', 'a.ndjson', sample('nginx-access.log')]).status).toBe(
      0,
    );
    expect(here.names()).toEqual(['a.ndjson']);
    expect(here.documents('a.ndjson').length).toBeGreaterThan(3);
  });

  it('keeps standard output clean for NDJSON: the summary goes to standard error', () => {
    const here = place();
    const ran = here.run(['analyze', '--report', 'none', '--output', '-', sample('nginx-access.log')]);
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(ran.stderr.length).toBeGreaterThan(200);
  });

  it('shows no progress in a pipe', () => {
    const ran = place().run(['analyze', '--report', 'none', sample('nginx-access.log')]);
    expect(ran.stderr + ran.stdout).not.toMatch(/\r|lines\/s.*\d+%/);
  });

  it('reads standard input like a file', () => {
    const here = place();
    here.run(['analyze', '--report', 'none', '--output', 'file.ndjson', here.put('x.log', probingLog())]);
    here.run(['analyze', '--report', 'none', '--output', 'stdin.ndjson', '-'], { input: probingLog() });
    const ids = (name: string) => here.documents(name).map((d) => JSON.stringify(d).match(/"id":"[0-9a-f]{32}"/)?.[0]);
    expect(ids('file.ndjson').length).toBeGreaterThan(0);
    expect(ids('stdin.ndjson')).toEqual(ids('file.ndjson'));
  });

  it('ends with 10 when something at or above --fail-on was found', () => {
    const here = place();
    const log = here.put('x.log', probingLog());
    expect(here.run(['analyze', '--report', 'none', '--fail-on', 'low', log]).status).toBe(10);
    expect(here.run(['analyze', '--report', 'none', '--fail-on', 'critical', log]).status).toBe(0);
    expect(
      here.run(['analyze', '--report', 'none', '--fail-on', 'low', sample('benign-only-nginx-access.log')]).status,
    ).toBe(0);
  });

  it('ends with 130 after Ctrl-C and leaves no half-written file', async () => {
    const here = place();
    const child = spawn(LAUNCHER, ['analyze', '--output', 'a.ndjson', '-'], {
      cwd: here.folder,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, HOME: here.folder },
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    // more than a pipe holds: once it is written, the program has begun to read
    const log = probingLog();
    await new Promise((resolve) => child.stdin.write(log.repeat(Math.ceil(2 ** 20 / log.length)), resolve));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(here.names()).toEqual([]);
  });
});

describe('a reader that goes away', () => {
  it('ends parse quietly', () => {
    const script = `'${LAUNCHER}' parse '${sample('nginx-access.log')}' | head -n 1; echo "status \${PIPESTATUS[0]}"`;
    const ran = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(ran.stdout).toMatch(/^\{.*\}\nstatus 0\n$/);
    expect(ran.stderr).not.toMatch(/EPIPE|PW-FAULT/);
  });

  it('ends rules list and formats quietly', () => {
    for (const command of ['rules list', 'formats']) {
      const ran = spawnSync(
        'bash',
        ['-c', `'${LAUNCHER}' ${command} | head -c 10 >/dev/null; echo \${PIPESTATUS[0]}`],
        {
          encoding: 'utf8',
        },
      );
      expect(ran.stdout).toBe('0\n');
      expect(ran.stderr).toBe('');
    }
  });
});

describe('without a network', () => {
  const isPermitted = spawnSync('unshare', ['-n', 'true']).status === 0;

  it.skipIf(!isPermitted)('analyze and doctor say the same (skipped where unshare -n is not permitted)', () => {
    const here = place();
    const args = (out: string) => [
      'analyze',
      '--year',
      '2026',
      '--report',
      'none',
      '--output',
      out,
      sample('nginx-access.log'),
      sample('kern.log'),
    ];
    expect(here.run(args('online.ndjson')).status).toBe(0);
    const ran = spawnSync('unshare', ['-n', LAUNCHER, ...args('offline.ndjson')], {
      cwd: here.folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: here.folder },
    });
    expect(ran.status).toBe(0);
    const created = /"created":"[^"]*",?/g;
    const [online, offline] = ['online.ndjson', 'offline.ndjson'].map((name) => here.text(name).replace(created, ''));
    expect(online!.length).toBeGreaterThan(1000);
    expect(offline).toBe(online);
  });
});

describe('formats and rules', () => {
  it('lists every format with an example', () => {
    const ran = place().run(['formats']);
    expect(ran.stdout).toContain('example:');
    expect(ran.status).toBe(0);
  });

  it('explains every detection in code with its own numbers, and the others with those of their correlation', () => {
    const rules = catalogueOf(rulesOf([])).entries.map(({ detection }) => detection);
    for (const { id } of DETECTIONS) {
      const notes = notesOf(id);
      if (!rules.includes(id)) expect(notes, id).not.toEqual([]);
      for (const note of notes) expect(note, id).not.toMatch(/^\s|\*|\/\//);
    }
    expect(notesOf('F01').join(' ')).toContain('distinct destination ports');
    expect(notesOf('F15').join(' ')).toMatch(/at least 5 scanning sources/);
    expect(notesOf('F15').join(' ')).not.toContain('F16');
    expect(notesOf('campaign.smokescreen').join(' ')).toContain('within two hours');
    const explained = place().run(['rules', 'explain', 'election.bulk_cancel']).stdout;
    expect(explained).toContain('what counts here:');
    expect(explained).toMatch(/Evidence: at least ten submissions/);
  });

  it('lists detections and explains one with its threshold, its false positives and ATT&CK', () => {
    const list = place().run(['rules', 'list']);
    expect(list.stdout).toMatch(/^F01\b/m);
    expect(list.stdout).toMatch(/^W05\b/m);
    const one = place().run(['rules', 'explain', 'W05']);
    expect(one.status).toBe(0);
    expect(one.stdout).toMatch(/T1595/);
    expect(one.stdout).toMatch(/false positive/i);
  });

  it('says which detections there are when one is not known', () => {
    const ran = place().run(['rules', 'explain', 'W99']);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('PW-CLI-RULE');
    expect(ran.stderr).toContain('hint:');
  });

  it('tries a rule of the operator against a log, and says how many lines matched', () => {
    const here = place();
    const rule = here.put(
      'mine.yml',
      'title: Somebody asks for thing 3\nid: 5f2c5d86-0f5c-4f4f-9c6c-0a3bd3f5f001\nlogsource:\n  category: webserver\n' +
        'detection:\n  selection:\n    cs-uri-stem|contains: /thing3\n  condition: selection\nlevel: low\n',
    );
    const ran = here.run(['rules', 'test', rule, here.put('x.log', probingLog())]);
    expect(ran.stderr).toBe('');
    // thing3 and thing30 … thing39
    expect(ran.stdout).toMatch(/\b11\b/);
    expect(ran.status).toBe(0);
  });

  it('shows the lines that matched as evidence does: nobody stands in them', () => {
    const here = place();
    const rule = here.put(
      'mine.yml',
      'title: Look-ups\nid: 5f2c5d86-0f5c-4f4f-9c6c-0a3bd3f5f002\nlogsource:\n  category: webserver\ndetection:\n  selection:\n    cs-uri-query|contains: name=\n' +
        '  condition: selection\nlevel: low\n',
    );
    const target = '/find?name=Garcialopez&dob=1962-03-04';
    const line = `192.0.2.7 - jane.doe [14/Sep/2026:08:00:33 +0000] "GET ${target} HTTP/1.1" 200 89 "-" "of 1962-03-04"\n`;
    const ran = here.run(['rules', 'test', rule, here.put('x.log', line)]);
    expect(ran.status).toBe(0);
    expect(ran.stdout).toContain('1 line matches');
    expect(ran.stdout).toContain('/find?name=~');
    expect(ran.stdout).not.toMatch(/Garcialopez|1962|jane/);
  });
});

const BEHIND_PROXY = `version: 1
organization: {id: us-xx-p, name: P}
contacts: {it: {email: [it@example.gov]}}
assets:
  - {id: a, name: A, kind: other, owner: it, url_prefixes: [/], client_ip: {header: X-Forwarded-For, trusted_proxies: [10.0.0.5/32]}}
`;
const relayedLine = (peer: string, tail: string) =>
  `${peer} - - [14/Sep/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "Mozilla/5.0"${tail}\n`;

describe('parse', () => {
  it('names the client that a declared proxy names, and believes no stranger', () => {
    const here = place();
    here.put('county.yaml', BEHIND_PROXY);
    const field = ' "6.6.6.6, 203.0.113.9"';
    here.put('access.log', relayedLine('10.0.0.5', field) + relayedLine('198.51.100.7', field));
    const sources = (args: string[]) =>
      here
        .run(['parse', ...args, 'access.log'])
        .stdout.trimEnd()
        .split('\n')
        .map((l) => JSON.parse(l) as Record<string, { ip: unknown; forwarded_ip: string }>)
        .map(({ source, network, related }) => [source?.ip, network?.forwarded_ip, related?.ip]);
    expect(sources(['--config', 'county.yaml'])).toEqual([
      ['203.0.113.9', '203.0.113.9', ['203.0.113.9', '10.0.0.5']],
      ['198.51.100.7', undefined, undefined],
    ]);
    expect(sources([]).map(([ip]) => ip)).toEqual(['10.0.0.5', '198.51.100.7']);
  });
});

describe('doctor', () => {
  it('checks the installation and recognises logs', () => {
    const ran = place().run(['doctor', sample('nginx-access.log'), sample('kern.log')]);
    expect(ran.stdout).toMatch(/Node/);
    expect(ran.stdout).toContain('nginx-access.log');
    expect(ran.status).toBe(0);
  });

  it('says whether a log names the visitors behind declared proxies, and how to make the server log them', () => {
    const here = place();
    here.put('county.yaml', BEHIND_PROXY);
    const lines = (peer: string, tail: string) => relayedLine(peer, tail).repeat(20);
    here.put('named.log', lines('10.0.0.5', ' "6.6.6.6, 203.0.113.9"') + lines('198.51.100.7', ' "-"'));
    here.put('silent.log', lines('10.0.0.5', ''));
    here.put('direct.log', lines('198.51.100.7', ' "10.0.0.5"'));
    const { stdout, status } = here.run(['doctor', '--config', 'county.yaml', 'named.log', 'silent.log', 'direct.log']);
    expect(stdout).toContain('named.log: 20 of 20 requests through your proxies name the visitor');
    expect(stdout).toMatch(
      /silent\.log: 20 of 20 .* do not say for whom[\s\S]*log_format main .*"\$http_x_forwarded_for"/,
    );
    expect(stdout).not.toContain('direct.log: 20 of');
    expect(status).toBe(0);
  });

  it('names for each proxy the header that it sends, where systems stand behind different ones', () => {
    const here = place();
    const other = `  - {id: b, name: B, kind: other, owner: it, hosts: [b.example.gov], client_ip: {header: CF-Connecting-IP, trusted_proxies: [10.0.0.6/32]}}\n`;
    here.put('county.yaml', BEHIND_PROXY + other);
    const lines = (peer: string, tail: string) => relayedLine(peer, tail).repeat(20);
    here.put('access.log', lines('10.0.0.5', ' "203.0.113.9"') + lines('10.0.0.6', ''));
    const { stdout } = here.run(['doctor', '--config', 'county.yaml', 'access.log']);
    expect(stdout).toContain('20 of 20 requests through your proxies that send X-Forwarded-For name the visitor');
    expect(stdout).toMatch(
      /20 of 20 requests through your proxies that send CF-Connecting-IP do not say[\s\S]*"\$http_cf_connecting_ip"/,
    );
    expect(stdout).not.toContain('$http_x_forwarded_for');
  });

  it('tells where the year comes from only for a log that leaves it out', () => {
    const here = place();
    const packets = join(ROOT, 'test/formats/netfilter');
    const said = (name: string) => here.run(['doctor', join(packets, name)]).stdout;
    expect(said('iptables-kern.log')).toMatch(/year \d{4}, from/);
    expect(said('iptables-journald.log')).toContain('iptables-journald.log: netfilter');
    expect(said('iptables-journald.log')).not.toContain('year');
    expect(said('iptables-rfc3339.log')).not.toContain('year');
  });

  it('ends with 2 when the inventory is broken', () => {
    const here = place();
    const ran = here.run(['doctor', '--config', here.put('county.yaml', 'version: 1\norganization: {id: [}\n')]);
    expect(ran.stdout + ran.stderr).toContain('county.yaml');
    expect(ran.status).toBe(2);
  });
});

it('every entry point is a file that plain Node can start', () => {
  const ran = spawnSync(process.execPath, ['--check', join(ROOT, 'src/cli.ts')], { encoding: 'utf8' });
  expect(ran.stderr).toBe('');
  expect(place().run(['analyze', '--threads', '2', '--report', 'none', sample('nginx-access.log')]).status).toBe(0);
});
