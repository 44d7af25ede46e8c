/**
 * The everyday traffic of a county's site that looks like probing, and is none.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf, inShort, only, settingFor } from './deciding.ts';
import { DAY_S, HOUR_S, packet, page, request, times } from './log-lines.ts';

const S = '192.0.2.66';
const told = async (lines: readonly string[]) =>
  inShort((await alertsOf({ 'access.log': lines })).filter(({ severity }) => severity !== 'info'));

describe('a crawler whose index is older than the site', () => {
  const agent = 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)';
  const dead = (i: number, parts = {}) => request(S, i * 30, `/clerk/page${i}.html`, { agent, ...parts });
  const crawl = (parts = {}) =>
    times(120, (i) => (i % 5 < 3 ? dead(i, parts) : page(S, i * 30, `/pages/${i}.html`, { agent, ...parts })));

  it('is not told, though three of five links that it knows are dead', async () => {
    expect(await told(crawl())).toEqual([]);
  });

  it('is told without the name of a crawler', async () => {
    expect(await told(crawl({ agent: 'Mozilla/5.0 (X11; Linux x86_64)' }))).toEqual([
      'W01 192.0.2.66 low',
      'W02 192.0.2.66 medium',
    ]);
  });

  it('is not told, however fast it is', async () => {
    const fast = times(900, (i) =>
      i % 5 < 2 ? request(S, i * 3, `/clerk/page${i}.html`, { agent }) : page(S, i * 3, `/pages/${i}.html`, { agent }),
    );
    expect(await told(fast)).toEqual([]);
  });

  it('is told when it was given hardly a page, whatever its name', async () => {
    expect(await told(times(40, (i) => dead(i)))).toContain('W01 192.0.2.66 low');
  });

  it('is told when it asks for what scanners look for', async () => {
    expect(await told([...crawl(), request(S, 5000, '/.git/config', { agent })])).toContain('W01 192.0.2.66 low');
  });
});

describe('a printer that calls to everybody nearby', () => {
  const ports = [137, 138, 1900, 5353, 3702, 67];
  const call = (to: readonly string[], from: string) =>
    times(200, (i) => packet(from, i * 400, ports[i % ports.length]!, { to: to[i % to.length]!, udp: true }));

  it('scans nobody', async () => {
    const lines = [
      ...call(['255.255.255.255', '224.0.0.251', '239.255.255.250', '203.0.113.255'], '192.168.7.44'),
      ...call(['ff02::fb', 'ff02::c', 'ff02::1:3'], 'fe80::1'),
    ];
    expect(inShort(await alertsOf({ 'kern.log': lines }))).toEqual([]);
  });

  it('is told where it tries single machines like that', async () => {
    const lines = call(['203.0.113.4', '203.0.113.5', '203.0.113.6', '203.0.113.7', '203.0.113.8'], '192.168.7.44');
    expect(inShort(await alertsOf({ 'kern.log': lines })).length).toBeGreaterThan(0);
  });
});

describe('a burst of listed names', () => {
  const names = ['/.env', '/.git/config', '/backup.sql', '/phpmyadmin/index.php', '/adminer.php', '/wp-login.php'];
  const burst = (second: number, gap: number) => times(6, (i) => request(S, second + i * gap, names[i]!));
  const slow = async (lines: readonly string[]) => only(await alertsOf({ 'access.log': lines }), 'W04');

  it('is no slow probing, on however many days it comes back', async () => {
    expect(await slow(times(4, (d) => burst(d * DAY_S, 2)).flat())).toEqual([]);
    // around a full hour as well
    expect(await slow(times(4, (d) => burst(d * DAY_S + HOUR_S - 6, 2)).flat())).toEqual([]);
  });

  it('is slow probing when its names are spread over hours, day after day', async () => {
    expect(await slow(times(3, (d) => burst(d * DAY_S, HOUR_S)).flat())).toHaveLength(3);
  });
});

describe('a monitor of the results system that asks for one page that is gone, all day', () => {
  const id = 'election.results_probe';
  const found = async (lines: readonly string[]) => only(await alertsOf({ 'access.log': lines }, settingFor(id)), id);

  it('is no probing', async () => {
    expect(await found(times(140, (i) => request(S, i * 600, '/results/api/health')))).toEqual([]);
  });

  it('is probing where it asks for one such page after the other', async () => {
    const pages = ['api/health', 'admin/', 'api/users', 'config', 'login', 'swagger'];
    expect(await found(pages.map((path, i) => request(S, i * 600, `/results/${path}`)))).toHaveLength(1);
  });
});
