/**
 * Sentences that hold as they are written: what an alert says of answers, systems and numbers agrees with the lines and
 * with the other numbers beside it, and what it asks for fits what it says.
 */
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf } from '../detect/deciding.ts';
import { packet, page, request, SQL, times } from '../detect/log-lines.ts';
import { alertsOfEveryDetection } from '../mail/sample-alerts.ts';

const S = '198.51.100.7';
const SYSTEMS = `version: 1
organization: {id: us-xx, name: Example County}
authorized_scanners:
  - {name: Example Testers, cidrs: [198.51.100.7/32], since: 2026-09-01, expires: 2026-12-31}
assets:
  - {id: results, name: Results page, kind: results_enr, url_prefixes: [/results]}
`;
/** names of the scanners' lists, of which some stand in two */
const LISTED = [
  ...['/admin', '/backup.zip', '/.env', '/results/admin', '/results/.git/HEAD', '/test.php', '/phpinfo.php'],
  ...[
    '/server-status',
    '/manager/html',
    '/voter.sql',
    '/db.sql.gz',
    '/results/edit.php',
    '/wp-login.php',
    '/xmlrpc.php',
  ],
  ...['/.git/config', '/wp-config.php.bak', '/phpmyadmin/index.php', '/adminer.php', '/shell.php', '/c99.php'],
];
const of = (alerts: readonly Alert[], detection: string) => alerts.find((a) => a.detection === detection);
const sum = ({ statusCounts }: Alert) => statusCounts.reduce((n, [, count]) => n + count, 0);

describe('an alert', () => {
  it('of a burst does not call it slow: the detections of bursts tell it', async () => {
    const alerts = await alertsOf({ 'access.log': LISTED.map((path, i) => request(S, i / 20, path)) });
    const web = alerts.map((a) => a.detection);
    expect(web).toContain('W01');
    expect(web).not.toContain('W04');
    const twoMinutes = await alertsOf({ 'access.log': LISTED.map((path, i) => request(S, i * 6, path)) });
    expect(twoMinutes.map((a) => a.detection)).not.toContain('W04');
    const hours = await alertsOf({ 'access.log': LISTED.map((path, i) => request(S, i * 900, path)) });
    expect(of(hours, 'W04')?.summary).toContain('in 5 hours');
  });

  it('of a port scan says what the firewall let through beside the packets that it counts', async () => {
    const scan = times(60, (i) => packet(S, i / 30, 20 + i * 11));
    const allowed = times(5, (i) => packet(S, i / 3, 22, { allowed: true }));
    const denied = of(await alertsOf({ 'kern.log': scan }), 'F02')!;
    expect(denied.summary).toMatch(/All were denied or got no answer\.$/);
    expect(denied.whatToDo[0]).toMatch(/^Nothing, while/);
    const alerts = await alertsOf({ 'kern.log': [...scan, ...allowed] });
    for (const id of ['F01', 'F02']) {
      expect(of(alerts, id)?.summary).toMatch(
        /The firewall let 5 other packets of this address through on that day\.$/,
      );
      expect(of(alerts, id)?.whatToDo[0]).toMatch(/^Look in the firewall log what else/);
    }
  });

  it('of missing pages says how many others were answered meanwhile, and sends the reader to them', async () => {
    const lines = [...times(30, (i) => request(S, i, `/area${i}/`)), page(S, 12, '/results/data.json')];
    const alert = of(await alertsOf({ 'access.log': lines }), 'W01')!;
    expect(alert.summary).toMatch(
      /All were refused or not found\. 1 other page was answered to this address meanwhile\.$/,
    );
    expect(alert.whatToDo[0]).toMatch(/^Look in the web log for the pages that this address was given/);
  });

  it('names a system only where all of it went there', async () => {
    const logs = { 'access.log': LISTED.map((path, i) => request('192.0.2.9', i * 900, path)) };
    const alerts = await alertsOf(logs, { inventory: SYSTEMS });
    for (const id of ['W04', 'W05']) {
      expect(of(alerts, id)?.summary).toContain('sent your web server (in part Results page) ');
      expect(of(alerts, id)?.asset?.name).toBe('Results page');
    }
    const whole = LISTED.map((path, i) => request('192.0.2.9', i * 900, `/results${path}`));
    const within = of(await alertsOf({ 'access.log': whole }, { inventory: SYSTEMS }), 'W05')!;
    expect(within.summary).toContain('sent Results page ');
  });

  it('counts a request once that several rules found, among its answers, too', async () => {
    const alerts = await alertsOf({ 'access.log': LISTED.map((path, i) => request(S, i * 900, path)) });
    const counted = alerts.filter((a) => a.evidence['requests'] !== undefined && a.detection.startsWith('W'));
    expect(counted.map((a) => a.detection)).toContain('W04');
    for (const alert of counted) expect(sum(alert), alert.detection).toBe(alert.evidence['requests']);
  });

  it('of the results system needs five requests, not four of which one is found by two rules', async () => {
    const paths = ['/results/phpinfo.php', '/results/.env', '/results/backup.zip', '/results/.git/HEAD'];
    const ask = (list: readonly string[]) =>
      alertsOf({ 'access.log': list.map((path, i) => request('192.0.2.9', i * 900, path)) }, { inventory: SYSTEMS });
    const probe = 'election.results_probe';
    expect(of(await ask(paths), probe)).toBeUndefined();
    expect(of(await ask([...paths, '/results/voter.sql']), probe)?.evidence['requests']).toBe(5);
  });

  it('of injections counts the pages that were answered beside the failures', async () => {
    const lines = times(74, (i) => {
      const status = i % 9 === 0 && i < 72 ? 500 : 200;
      return request(S, i / 40, `/search?q=${SQL[i % SQL.length]}&n=${i}`, { status, size: 4000 });
    });
    expect(of(await alertsOf({ 'access.log': lines }), 'W11')?.summary).toContain(
      'The server answered 66 of them with a page, which by itself shows neither success nor failure, and failed on 8.',
    );
  });

  it('of a file that was given names it, and has its secrets changed', async () => {
    const others = times(40, (i) => request(S, i, `/backup${i}.sql`));
    const alert = of(await alertsOf({ 'access.log': [...others, page(S, 60, '/.env', { size: 1287 })] }), 'W05')!;
    expect(alert.summary).toMatch(/The server gave content for \/\.env\.$/);
    expect(alert.whatToDo[0]).toBe('Remove /.env from the web server now, or close it to the Internet.');
    expect(alert.whatToDo[1]).toMatch(/^Treat every password and key that stands in it as known/);
    expect(alert.lines.map(({ text }) => text).filter((text) => text.includes('/.env '))).toHaveLength(1);
  });

  it('of an authorised scan does not ask who they are', async () => {
    const agent = 'Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0) Nessus SOAP';
    const lines = times(40, (i) => request(S, i, `/cgi-bin${i}`, { agent }));
    const alerts = await alertsOf({ 'access.log': lines }, { inventory: SYSTEMS });
    const named = of(alerts, 'W09')!;
    expect(named).toMatchObject({ severity: 'info', source: { authorized: 'Example Testers' } });
    expect(named.whatToDo).toEqual(['Nothing: you have agreed to this scan (Example Testers).']);
    const injected = SQL.map((text, i) => request(S, i, `/search?q=${text}`, { status: 200, agent }));
    const attack = of(await alertsOf({ 'access.log': injected }, { inventory: SYSTEMS }), 'W11')!;
    expect(attack.whatToDo[0]).toMatch(/^Ask Example Testers whether this was theirs/);
  });

  it('that is to be looked at today asks for something', async () => {
    const idle: string[] = [];
    for (const [id, alerts] of await alertsOfEveryDetection())
      for (const { severity, whatToDo } of alerts)
        if (['medium', 'high', 'critical'].includes(severity) && whatToDo[0]?.startsWith('Nothing') !== false)
          idle.push(id);
    expect(idle).toEqual([]);
  });
});

describe('a declared system', () => {
  const declared = (kind: string, more = '') => `version: 1
organization: {id: us-xx, name: Example County}
assets:
  - {id: one, name: Voter look-up, kind: ${kind}, url_prefixes: [/lookup], record_key_params: [voterid]${more}}
`;
  const injected = (n: number) =>
    SQL.slice(0, n).map((text, i) => request(S, i * 30, `/lookup/result?voterid=${text}`, { status: 200 }));
  const walk = times(100, (i) => page(S, i * 8, `/lookup/result?voterid=${100200300 + i}`));
  const LEVEL = ['info', 'low', 'medium', 'high', 'critical'];
  const gravest = (alerts: readonly Alert[]) => Math.max(...alerts.map((a) => LEVEL.indexOf(a.severity)));

  it('holds the data that its kind implies, so that one try with attack text on a look-up is told as high', async () => {
    const one = of(
      await alertsOf({ 'a.log': injected(1) }, { inventory: declared('voter_lookup') }),
      'election.form_injection',
    );
    expect(one).toMatchObject({ severity: 'high', thresholds: ['one request with attack text in a field'] });
    const walked = of(
      await alertsOf({ 'a.log': walk }, { inventory: declared('voter_lookup') }),
      'election.lookup_enum',
    );
    expect(walked).toMatchObject({ severity: 'high', outcome: 'answered', verdict: { term: 'tailored' } });
    const open = of(
      await alertsOf({ 'a.log': walk }, { inventory: declared('voter_lookup', ', sensitivity: public') }),
      'election.lookup_enum',
    );
    expect(open).toMatchObject({ severity: 'medium' });
  });

  it('never makes an alert milder than it is without one', async () => {
    for (const kind of ['voter_lookup', 'county_site', 'other', 'candidate_filing'])
      for (const lines of [injected(1), injected(3), injected(8)]) {
        const logs = { 'a.log': lines };
        const without = gravest(await alertsOf(logs));
        expect(gravest(await alertsOf(logs, { inventory: declared(kind) })), kind).toBeGreaterThanOrEqual(without);
      }
  });

  it('speaks for us as the target where names were put below its addresses, not where a list was sent to all', async () => {
    const ask = async (paths: readonly string[]) =>
      of(
        await alertsOf(
          { 'a.log': paths.map((path, i) => request(S, i * 30, path)) },
          { inventory: declared('voter_lookup') },
        ),
        'W05',
      );
    expect(await ask(['/backup.zip', '/.env', '/lookup/.env'])).toMatchObject({ verdict: { term: 'noise' } });
    expect(await ask(['/backup.zip', '/lookup/.env', '/lookup/db.sql'])).toMatchObject({
      verdict: { term: 'tailored', basis: ['it put names of its own below the addresses of your systems'] },
    });
  });
});

it('confidence rests on the log that the alert was found in, whatever the detection is called', async () => {
  const apart = `version: 1
organization: {id: us-xx, name: Example County}
assets: [{id: ems, name: Counting room, kind: ems_airgapped, cidrs: [203.0.113.96/28]}]
`;
  const lines = times(3, (i) => packet(S, i * 5, 445, { to: '203.0.113.100', allowed: true }));
  const [found, ...others] = await alertsOf({ 'kern.log': lines }, { inventory: apart });
  expect([found!.detection, others]).toEqual(['election.sentinel', []]);
  expect(found!.confidence.basis.join(' ')).toContain('firewall');
  expect(found!.confidence.basis.join(' ')).not.toContain('web server');
});

it('numbers that are estimates are told as such, and others are not', async () => {
  const walk = (n: number) =>
    times(n, (i) => page(S, i / 8, `/lookup/voter?voterid=${100_200 + i}`, { agent: 'curl/8.5.0' }));
  const basis = async (n: number) =>
    of(await alertsOf({ 'access.log': walk(n) }), 'election.lookup_enum')!.confidence.basis.join('; ');
  expect(await basis(2000)).toContain('of more than 1,024 different things within minutes the number is an estimate');
  expect(await basis(900)).not.toContain('estimate');
});

it('text in a user agent is not said to be put into a page of ours', async () => {
  const agent = "Mozilla' AND (SELECT 1 FROM(SELECT COUNT(*),CONCAT(0x71,FLOOR(RAND(0)*2))x FROM t GROUP BY x)a)-- ";
  const sql = of(await alertsOf({ 'access.log': [page(S, 0, '/', { agent })] }), 'W11')!;
  expect(sql.verdict.term).toBe('cannot_tell');
  const script = of(
    await alertsOf({ 'access.log': [page(S, 0, '/', { agent: '<script>alert(1)</script>' })] }),
    'W13',
  )!;
  expect([script.severity, script.verdict.term]).toEqual(['low', 'cannot_tell']);
});
