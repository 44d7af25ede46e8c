/** The run as a whole: the same log by other roads, rules and inventories of the user's own, sums that add up. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/model/alert.ts';
import { type AnalyzeOptions, analyze } from '../../src/run/pipeline.ts';
import { visitedText } from '../../src/sinks/quantity.ts';
import { canonicalAlert } from '../laws/canonical-alert.ts';

const SAMPLE = 'test/samples/generated/nginx-access.log';
const folder = mkdtempSync(join(tmpdir(), 'pollwatch-test-'));
const run = (paths: string[], more: Partial<AnalyzeOptions> = {}) =>
  analyze({ paths, format: 'auto', threads: 1, progress: false, ...more });
const canonical = (alerts: readonly Alert[]) => alerts.map(canonicalAlert).sort();

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('the same log', () => {
  it('gives the same alerts with the same evidence plain, as gzip, as zstd, in two files, and through a pipe', async () => {
    const bytes = readFileSync(SAMPLE);
    const half = bytes.indexOf(10, Math.floor(bytes.length / 2)) + 1;
    const whole = await run([SAMPLE]);
    expect(whole.alerts.length).toBeGreaterThan(10);
    expect(whole.alerts.every((a) => a.lines.length > 0)).toBe(true);
    const roads = [
      [file('a.gz', gzipSync(bytes))],
      [file('a.zst', zstdCompressSync(bytes))],
      [file('b.log', bytes.subarray(half)), file('b.log.1', bytes.subarray(0, half))],
    ];
    for (const paths of roads) expect(canonical((await run(paths)).alerts)).toEqual(canonical(whole.alerts));
    const piped = execFileSync(
      './pollwatch',
      ['analyze', '--report', 'none', '--output', join(folder, 'piped.ndjson'), '-'],
      { input: bytes },
    );
    expect(piped.length).toBeGreaterThan(0);
    const documents = readFileSync(join(folder, 'piped.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l) as { event: { id: string }; pollwatch: { evidence: { lines: { text: string }[] } } });
    expect(documents.map((d) => d.event.id).sort()).toEqual(whole.alerts.map((a) => a.id).sort());
    expect(documents.every((d) => d.pollwatch.evidence.lines.length > 0)).toBe(true);
  });

  it('leaves nothing of standard input behind', () => {
    const temporary = mkdtempSync(join(tmpdir(), 'pollwatch-test-'));
    execFileSync('./pollwatch', ['analyze', '--report', 'none', '-'], {
      input: readFileSync(SAMPLE),
      env: { ...process.env, TMPDIR: temporary },
    });
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('a run', () => {
  it('adds up: lines are events, skipped and refused; the time line holds every event', async () => {
    const junk = `${readFileSync(SAMPLE, 'latin1').split('\n').slice(0, 500).join('\n')}\n\nnonsense\n${'x'.repeat(300_000)}\n`;
    const s = await run([file('junk.log', Buffer.from(junk, 'latin1'))]);
    expect(s.lines).toBe(503);
    expect(s.events + s.skipped + s.refused).toBe(s.lines);
    expect(s.refused).toBe(2);
    expect(s.timeline.all.reduce((a, b) => a + b, 0)).toBe(s.events);
  });

  it('says of every detection whether these logs could show it', async () => {
    const s = await run([SAMPLE]);
    expect(s.visibility.find((v) => v.detection === 'F01')).toMatchObject({
      state: 'cannot',
      because: 'no firewall log was read',
    });
    expect(s.visibility.find((v) => v.detection === 'W01')).toMatchObject({ state: 'works' });
    expect(s.visibility.every((v) => v.state === 'works' || v.fix !== '')).toBe(true);
  });

  it('runs a rule of the user, and evidence shows what it matched on', async () => {
    const rule = file(
      'own.yml',
      `title: Our old ballot page
id: 11111111-2222-3333-4444-555555555555
description: Nobody should ask for this page any more.
logsource: {category: webserver}
detection:
  s: {cs-uri-stem|contains: /ballot/2026-genral}
  condition: s
level: low
`,
    );
    const s = await run([SAMPLE], { rulesPaths: [rule] });
    const own = s.alerts.filter((a) => a.detection === '11111111-2222-3333-4444-555555555555');
    expect(own.length).toBeGreaterThan(20);
    expect(own[0]).toMatchObject({ name: 'Our old ballot page', severity: 'low' });
    expect(own[0]!.lines[0]!.matched).toContain('/ballot/2026-genral');
  });

  it('hides values that the inventory declares also in the noise that is summed up', async () => {
    const inventory = file(
      'redact.yaml',
      'version: 1\norganization: {id: x, name: X}\nassets:\n  - {id: a, name: A, kind: other, hosts: [a.example], redact_params: [officer]}\n',
    );
    const line =
      '192.0.2.9 - - [14/Sep/2026:08:00:33 +0000] "GET /lookup/officer/Smithers/x HTTP/1.1" 404 89 "-" "a"\n';
    const { noise } = await run([file('redact.log', line.repeat(2))], { configFile: inventory });
    expect(noise.targets.map((t) => t.what)).toEqual([expect.stringMatching(/^\/lookup\/officer\/~[0-9a-f]{8}\/x$/)]);
  });

  it('names what visitors ran into apart from the noise: a broken link, a log-in', async () => {
    const ask = (n: number, path: string, status: number, method = 'GET') =>
      `192.0.2.${n} - - [14/Sep/2026:08:00:33 +0000] "${method} ${path} HTTP/1.1" ${status} 89 "-" "Mozilla/5.0 (a)"\n`;
    const lines = [1, 2, 3, 4, 5, 6].flatMap((n) => [
      ask(n, '/ballot/2026-genral.html', 404),
      ask(n + 10, '/login', 401, 'POST'),
      ask(n + 20, '/wp-login.php', 404),
      // a page that says of a record that it is not there is there itself
      ask(n + 60, '/lookup/result', n === 6 ? 200 : 404),
      ask(n + 60, '/lookup/result', 404),
      // a server that is overrun is no broken link
      ask(n + 30, '/', 503),
    ]);
    const { noise } = await run([file('links.log', [...lines, ask(50, '/typo.html', 404)].join(''))]);
    expect(noise.visited).toEqual([
      { what: '/ballot/2026-genral.html', sources: 6, isLogin: false, letIn: 0 },
      { what: '/login', sources: 6, isLogin: true, letIn: 0 },
    ]);
    expect(noise.targets.map(({ what }) => what)).toEqual(['/', '/wp-login.php', '/typo.html']);
    expect(noise.sources).toBe(31);
  });

  it('says how many of those who failed to log in got in, for people do', async () => {
    const send = (n: number, status: number) =>
      `192.${n % 90}.${n}.7 - - [14/Sep/2026:08:${String(n % 60).padStart(2, '0')}:33 +0000] "POST /login HTTP/1.1" ${status} 89 "-" "Mozilla/5.0 (a)"\n`;
    const all = Array.from({ length: 60 }, (_, n) => send(n, 401));
    const some = Array.from({ length: 6 }, (_, n) => send(n * 10, 302));
    // in browsers, which load what belongs to the page: without that they are an alert, and nobody below every threshold
    const css = (n: number) => send(n, 200).replace('POST /login', 'GET /a.css');
    const files = Array.from({ length: 60 }, (_, n) => css(n));
    expect((await run([file('bare.log', [...all, ...some].join(''))])).noise.visited).toMatchObject([{ sources: 6 }]);
    const { noise } = await run([file('stuffing.log', [...all, ...some, ...files].join(''))]);
    expect(noise.visited).toEqual([{ what: '/login', sources: 60, isLogin: true, letIn: 6 }]);
    expect(visitedText(noise.visited[0]!)).toMatch(/6 of them got in\. People who mistype get in at last/);
    expect(visitedText({ ...noise.visited[0]!, letIn: 40 })).toMatch(/none of them often: people do\.$/);
  });

  it('calls no link broken because browsers and mail programs ask for something on their own', async () => {
    const unbidden = [
      '/.well-known/appspecific/com.chrome.devtools.json',
      '/.well-known/traffic-advice',
      '/site.webmanifest',
      '/autodiscover/autodiscover.xml',
      '/app-ads.txt',
    ];
    const ask = (n: number, path: string) =>
      `192.0.2.${n} - - [14/Sep/2026:08:00:33 +0000] "GET ${path} HTTP/1.1" 404 89 "-" "Mozilla/5.0 (a)"\n`;
    const lines = Array.from({ length: 9 }, (_, n) => unbidden.map((path) => ask(n, path)).join(''));
    const newsletter = Array.from({ length: 6 }, (_, n) => ask(n + 20, '/news/holliday-hours'));
    const { noise } = await run([file('unbidden.log', [...lines, ...newsletter].join(''))]);
    expect(noise.visited).toEqual([{ what: '/news/holliday-hours', sources: 6, isLogin: false, letIn: 0 }]);
    expect(noise.targets).toEqual([]);
  });

  it('tells visitors behind a declared proxy apart, and says what the log lacks only where it does', async () => {
    const config = file(
      'proxy.yaml',
      `version: 1
organization: {id: us-xx-p, name: P}
contacts: {it: {email: [it@example.gov]}}
assets:
  - {id: site, name: Site, kind: voter_lookup, owner: it, url_prefixes: [/], client_ip: {header: CF-Connecting-IP, trusted_proxies: [10.9.8.7/32]}}
`,
    );
    const lines = readFileSync(SAMPLE, 'latin1').split('\n').filter(Boolean);
    const relayed = (field: (client: string) => string) =>
      lines
        .map((line) => line.replace(/^(\S+)(.*)$/, (_, client, rest) => `10.9.8.7${rest}${field(client)}\n`))
        .join('');
    const alertsAndLack = async (text: string, configFile: string) => {
      const { alerts, visibility } = await run([file('proxy.log', Buffer.from(text, 'latin1'))], { configFile });
      const lack = visibility.find((v) => /from your own proxy/.test(v.because));
      return { found: alerts.map((a) => `${a.detection} ${a.key.text}`).sort(), lack };
    };
    const direct = await alertsAndLack(`${lines.join('\n')}\n`, config);
    const named = await alertsAndLack(
      relayed((client) => ` "6.6.6.6, ${client}"`),
      config,
    );
    expect(named).toEqual(direct);
    expect(new Set(direct.found).size).toBeGreaterThan(10);
    expect(direct.lack).toBeUndefined();
    const silent = await alertsAndLack(
      relayed(() => ' "-"'),
      config,
    );
    expect(silent.lack?.fix).toContain('"$http_cf_connecting_ip"');
    expect(silent.found).not.toEqual(direct.found);
  });

  it('keeps the alerts of two offices apart, and names their assets', async () => {
    const logs = [file('one.log', readFileSync(SAMPLE)), file('two.log', readFileSync(SAMPLE))];
    const config = file(
      'inventory.yaml',
      `version: 1
organization: {id: us-xx-one, name: County One}
origins:
  - {path: ${logs[0]}, asset: site}
  - {path: ${logs[1]}, organization: us-xx-two}
assets:
  - {id: site, name: County site, kind: county_site, hosts: [vote.example.gov], criticality: high}
detections:
  W09: {off: true}
`,
    );
    const s = await run(logs, { configFile: config });
    const byOffice = Map.groupBy(s.alerts, (a) => a.organization.id);
    expect([...byOffice.keys()].sort()).toEqual(['us-xx-one', 'us-xx-two']);
    // the first office declares a system, about which it is told beside what the sources did; the second has none
    const [own, other] = ['us-xx-one', 'us-xx-two'].map((id) => byOffice.get(id)!);
    expect(own!.filter((a) => a.key.kind === 'source').length).toBe(other!.length);
    expect(other!.every((a) => a.key.kind === 'source')).toBe(true);
    expect(own!.filter((a) => a.key.kind !== 'source').map((a) => a.detection)).toEqual(['campaign.scan_to_exploit']);
    expect(byOffice.get('us-xx-one')!.find((a) => a.asset !== null)!.asset).toEqual({
      id: 'site',
      name: 'County site',
      kind: 'county_site',
      criticality: 'high',
      sensitivity: 'public',
    });
    expect(s.alerts.some((a) => a.detection === 'W09')).toBe(false);
    expect(s.visibility.find((v) => v.detection === 'W09')!.because).toBe('switched off in the configuration');
    expect(new Set(s.alerts.map((a) => a.id)).size).toBe(s.alerts.length);
  });
});
