/**
 * W28 and the grade of an answer: a site's usual "not found" page is learned, whatever its status, so that an answer of
 * its own size stands out, and a catch-all page does not.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf, inShort, only } from './deciding.ts';
import { page, request, times } from './log-lines.ts';

const S = '198.51.100.7';
const LISTED = [
  '/.env',
  '/.git/config',
  '/backup.sql',
  '/.aws/credentials',
  '/phpmyadmin/index.php',
  '/adminer.php',
  '/manager/html',
  '/id_rsa',
];
const missing = (n: number, from = 0, parts = {}) => times(n, (i) => request(S, from + i * 3, `/area${i}/`, parts));
const answered = ['W28', 'W05', 'W06'];
const graded = async (lines: string[]) =>
  inShort(
    (await alertsOf({ 'access.log': lines })).filter((a) => answered.includes(a.detection) && a.outcome === 'answered'),
  );

describe('a site whose "not found" page is 200 and always of one size', () => {
  const all = LISTED.map((path, i) => request(S, i * 3, path, { status: 200, size: 5124 }));

  it('has answered nothing', async () => {
    expect(await graded(all)).toEqual([]);
  });

  it('has answered when one file has a size of its own: high, and critical for the file', async () => {
    const real = request(S, 100, '/.env.production', { status: 200, size: 1287 });
    expect(await graded([...all, real])).toEqual(['W05 198.51.100.7 critical', 'W28 198.51.100.7 high']);
  });

  it('says so whatever the order of the lines', async () => {
    const lines = [...all, request(S, 100, '/.env.production', { status: 200, size: 1287 })];
    expect(await graded(lines.toReversed())).toEqual(await graded(lines));
  });
});

describe('a site whose "not found" page is 404 of a usual size', () => {
  it('has answered when a listed path is 200 with another size', async () => {
    const lines = [...missing(14), request(S, 60, '/phpmyadmin/index.php', { status: 200, size: 10_871 })];
    expect(await graded(lines)).toEqual(['W28 198.51.100.7 high']);
  });

  it('has not answered when a listed path is 200 with the usual size of that page', async () => {
    const lines = [...missing(14), request(S, 60, '/phpmyadmin/index.php', { status: 200, size: 153 })];
    expect(await graded(lines)).toEqual([]);
  });

  it('with three usual sizes (languages) knows them all', async () => {
    const lines = [
      ...times(30, (i) => request(S, i * 3, `/area${i}/`, { size: [900, 950, 1010][i % 3]! })),
      request(S, 100, '/phpmyadmin/index.php', { status: 200, size: 950 }),
    ];
    expect(await graded(lines)).toEqual([]);
  });

  it('has not answered when it sends the source elsewhere (301) or to a log-in (302)', async () => {
    const lines = [
      ...missing(14),
      request(S, 60, '/phpmyadmin/index.php', { status: 301, size: 178 }),
      request(S, 63, '/manager/html', { status: 302, size: 0 }),
    ];
    expect(await graded(lines)).toEqual([]);
  });
});

describe('an answer', () => {
  it('is told at any pace: the file is given the day after the probing', async () => {
    const lines = [...missing(14), request(S, 20 * 3600, '/.git/config', { status: 200, size: 300 })];
    expect(await graded(lines)).toEqual(['W05 198.51.100.7 critical', 'W28 198.51.100.7 high']);
  });

  it('to a console is nothing when nobody probed', async () => {
    const lines = [
      ...times(8, (i) => request('192.0.2.44', i, `/gone${i}`)),
      ...times(8, (i) => page('192.0.2.20', 100 + i * 9, `/phpmyadmin/index.php?db=${i}`)),
    ];
    expect(only(await alertsOf({ 'access.log': lines }), 'W28')).toEqual([]);
  });

  it('of one file that was asked for once is critical by itself, and no probing is claimed', async () => {
    const lines = [
      ...times(8, (i) => request('192.0.2.44', i, `/gone${i}`)),
      request(S, 60, '/.env', { status: 200, size: 1287 }),
    ];
    expect(await graded(lines)).toEqual(['W05 198.51.100.7 critical']);
  });

  it('is not claimed on a site of which no usual error page is known', async () => {
    const lines = [
      ...times(8, (i) => page('192.0.2.44', i, `/page${i}`)),
      request(S, 60, '/.env', { status: 200, size: 5124 }),
      request(S, 63, '/.git/config', { status: 200, size: 5124 }),
    ];
    expect(only(await alertsOf({ 'access.log': lines }), 'W05')).toEqual(['W05 198.51.100.7 medium']);
  });
});

describe('pages of the lists that the site itself uses', () => {
  const visitor = (i: number) =>
    ['/', '/app.js', '/config.json', '/settings.json', '/dates', '/offices'].map((path, k) =>
      page(`192.0.2.${40 + i}`, i * 60 + k, path),
    );
  const gone = times(8, (i) => request('192.0.2.9', i, `/gone${i}`));

  it('are no probes when five visitors are given them', async () => {
    expect(inShort(await alertsOf({ 'access.log': [...gone, ...times(5, visitor).flat()] }))).toEqual([]);
  });

  it('still are when only four visitors are', async () => {
    expect(only(await alertsOf({ 'access.log': [...gone, ...times(4, visitor).flat()] }), 'W05')).toHaveLength(4);
  });

  it('do not become so by five scanners that are given a file', async () => {
    const scanners = times(6, (i) => [
      request(`198.51.100.${10 + i}`, i * 60, '/.git/config'),
      request(`198.51.100.${10 + i}`, i * 60 + 1, '/.env', { status: 200, size: 1287 }),
    ]).flat();
    const alerts = await alertsOf({ 'access.log': [...gone, ...scanners] });
    expect(only(alerts, 'W05')).toEqual(times(6, (i) => `W05 198.51.100.${10 + i} critical`));
  });
});
