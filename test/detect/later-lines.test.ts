/**
 * What a source does on another day, or once it has got in, takes nothing back of what its log-ins and submissions showed:
 * an alert that people were mailed about stands.
 */
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf, only, settingFor } from './deciding.ts';
import { DAY_S, HOUR_S, packet, page, request, SQL, times } from './log-lines.ts';

const S = '198.51.100.7';
const alerts = (id: string, lines: readonly string[]): Promise<Alert[]> =>
  alertsOf({ 'access.log': lines }, settingFor(id));

const send = (source: string, second: number) =>
  request(source, second, '/register/submit', { method: 'POST', status: 302, size: 0, agent: 'curl/8.5.0' });

/** Somebody with a browser, who opens the form `n` times and sends it once. */
const visit = (source: string, second: number, n: number): string[] => [
  ...times(n, (i) => page(source, second + i, '/register')),
  ...times(n, (i) => page(source, second + n + i, `/style${i}.css`)),
  send(source, second + 2 * n),
];

describe('refused log-ins at a poll book server', () => {
  const refused = times(8, (i) => request('192.0.2.40', i * 30, '/sync/v1/session', { method: 'POST', status: 401 }));
  const letIn = (from: number) => times(40, (i) => page('192.0.2.40', from + i * 5, '/sync/v1/checkins'));

  it('are told also where the last try let them in and they have been at work since', async () => {
    const id = 'election.pollbook_probe';
    expect(only(await alerts(id, refused), id)).toHaveLength(1);
    expect(only(await alerts(id, [...refused, ...letIn(1800)]), id)).toHaveLength(1);
  });

  it('are not told among more requests that were let in', async () => {
    const id = 'election.pollbook_probe';
    expect(only(await alerts(id, [...letIn(0), ...refused]), id)).toEqual([]);
  });
});

describe('registrations sent in bulk', () => {
  const id = 'election.bulk_register';

  it('are told of the day of a script, whatever its address opens on another day', async () => {
    const script = times(30, (i) => send(S, i * 60));
    const later = times(20, (i) => visit(S, 3 * DAY_S + i * 100, 5)).flat();
    const before = await alerts(id, script);
    expect(only(before, id)).toHaveLength(1);
    const after = (await alerts(id, [...script, ...later])).filter((a) => a.detection === id);
    expect(after.map(({ day }) => day)).toEqual(before.filter((a) => a.detection === id).map(({ day }) => day));
  });

  it('from many addresses are told, whatever some of them open on another day, and however many days they go on', async () => {
    const day = (d: number) => times(24, (i) => send(`198.51.100.${10 + (i % 12)}`, d * DAY_S + i * 150));
    const later = times(12, (i) => visit(`198.51.100.${10 + i}`, 3 * DAY_S + i * 100, 2)).flat();
    expect(only(await alerts(id, [...day(0), ...later]), id)).toHaveLength(1);
    expect(only(await alerts(id, times(6, day).flat()), id)).toHaveLength(6);
  });
});

/** Days on which something is told. */
const daysOf = async (id: string, lines: readonly string[]): Promise<string[]> =>
  (await alerts(id, lines))
    .filter((a) => a.detection === id)
    .map(({ day }) => day)
    .sort();

describe('records that one network asks for slowly', () => {
  const id = 'election.lookup_slow';
  const record = (i: number) => 1_000_000 + ((i * 7_368_787 + 12_345) % 8_999_993);
  const lookUp = (source: string, second: number, i: number) =>
    page(source, second, `/lookup/voter?voterid=${record(i)}`, { agent: 'curl/8.5.0' });
  /** Forty people with browsers, and 600 look-ups by forty addresses of one block in twenty hours. */
  const day = (d: number): string[] => [
    ...times(40, (i) => [
      page(`192.0.2.${10 + i}`, d * DAY_S + i * 1700, '/style.css'),
      lookUp(`192.0.2.${10 + i}`, d * DAY_S + i * 1700 + 40, 90_000 + i),
    ]).flat(),
    ...times(600, (i) => lookUp(`198.51.100.${10 + (i % 40)}`, d * DAY_S + i * 120, i)),
  ];

  it('are told, whatever their addresses load weeks later', async () => {
    const before = await daysOf(id, day(0));
    expect(before.length).toBeGreaterThan(0);
    const later = times(40, (i) => page(`198.51.100.${10 + i}`, 20 * DAY_S + i, '/style.css'));
    expect(await daysOf(id, [...day(0), ...later])).toEqual(before);
  });

  it('are told, however many come weeks later without loading a file, and are not told among those', async () => {
    const before = await daysOf(id, day(0));
    const bare = times(200, (i) => lookUp(`203.0.113.${1 + i}`, 20 * DAY_S + i * 60, 70_000 + i));
    expect(await daysOf(id, [...day(0), ...bare, ...day(21)])).toEqual(before);
  });

  it('are told of the block that asked, whichever other addresses of it ask weeks later', async () => {
    const names = async (lines: readonly string[]) => only(await alerts(id, lines), id);
    const before = await names(day(0));
    const later = times(60, (i) => lookUp(`198.51.100.${180 + (i % 6)}`, 20 * DAY_S + i * 60, i));
    expect(await names([...day(0), ...later])).toEqual(before);
  });
});

describe('one page asked for without a pause', () => {
  const id = 'election.status_hammer';
  const hammer = (d: number) => times(700, (i) => page(S, d * DAY_S + i, '/register/status', { agent: 'curl/8.5.0' }));

  it('is told of each day, whatever files its address loads on days between them', async () => {
    const files = times(2000, (i) => page(S, 10 * DAY_S + i, `/style${i % 40}.css`));
    const days = await daysOf(id, [...hammer(0), ...hammer(20)]);
    expect(days).toHaveLength(2);
    expect(await daysOf(id, [...hammer(0), ...files, ...hammer(20)])).toEqual(days);
    const onTheDay = times(2000, (i) => page(S, 2 * HOUR_S + i, `/style${i % 40}.css`));
    expect(await daysOf(id, [...hammer(0), ...onTheDay, ...hammer(20)])).toEqual(days.slice(1));
  });

  it('is told, also where its address goes through records on another day', async () => {
    const walk = times(80, (i) => page(S, 5 * DAY_S + i * 9, `/lookup/voter?voterid=${4000 + i}`));
    expect(await daysOf(id, [...hammer(0), ...walk])).toEqual(await daysOf(id, hammer(0)));
  });
});

describe('what one request shows', () => {
  /** `day severity outcome` of each alert of a detection. */
  const told = async (id: string, lines: readonly string[]) =>
    (await alertsOf({ 'access.log': lines }))
      .filter((a) => a.detection === id)
      .map((a) => `${a.day} ${a.severity} ${a.outcome}`)
      .sort();

  it('is as grave as that day says, whatever a tool tries weeks later', async () => {
    const once = [page(S, 0, `/item?id=${SQL[0]}`)];
    const burst = times(12, (i) => request(S, 40 * DAY_S + i * 3, `/item?id=${SQL[i % SQL.length]}`, { status: 500 }));
    const [before, ...none] = await told('W11', once);
    expect(none).toEqual([]);
    const [first, second, ...others] = await told('W11', [...once, ...burst]);
    expect([first, others]).toEqual([before, []]);
    expect(second).not.toContain(before!.split(' ')[1]);
  });

  it('was refused on its day, whatever is given weeks later', async () => {
    const files = ['/.env', '/.git/config', '/.aws/credentials', '/id_rsa', '/.htpasswd', '/wp-config.php.bak'];
    const refused = files.map((file, i) => request(S, i * 9, file));
    const before = await told('W05', refused);
    expect(before).toHaveLength(1);
    const later = request(S, 40 * DAY_S, '/.git/config', { status: 200, size: 2871 });
    const [first, second] = await told('W05', [...refused, later]);
    expect(first).toBe(before[0]);
    expect(second).toContain('answered');
  });

  it('goes on over midnight: what was given then stands beside what was refused before', async () => {
    const midnight = 16 * 3600;
    const consoles = [
      '/phpmyadmin/',
      '/adminer.php',
      '/manager/html',
      '/solr/admin/',
      '/pma/',
      '/phpMyAdmin/index.php',
    ];
    const lines = consoles.map((path, i) => request(S, midnight - 60 + i * 5, path));
    const given = request(S, midnight + 20, '/manager/html', { status: 200, size: 9871 });
    const days = (await told('W06', [...lines, given])).map((text) => text.split(' ')[0]);
    expect(days).toEqual(['2026-09-14', '2026-09-15']);
  });
});

it('a packet that was turned away days before says nothing of who goes on after a block (X02)', async () => {
  const found = async (early: string[]) => {
    const access = times(8, (i) => request(S, 10 * DAY_S + i * 20, `/item?id=${SQL[i]}`, { status: 200 }));
    const blocked = times(30, (i) => packet(S, 10 * DAY_S + 3600 + i * 60, 443));
    return only(await alertsOf({ 'access.log': access, 'kern.log': [...early, ...blocked] }), 'X02');
  };
  expect(await found([])).toEqual([`X02 ${S} medium`]);
  expect(await found([packet(S, 0, 443)])).toEqual([`X02 ${S} medium`]);
});

describe('what came of it, its own day says', () => {
  const outcomes = (found: readonly Alert[], id: string) =>
    found
      .filter((a) => a.detection === id)
      .map((a) => `${a.day} ${a.outcome}`)
      .sort();

  it('of services that should not face the Internet: let through weeks later is not let through today', async () => {
    const scan = (second: number, denied: boolean) =>
      [22, 3389, 5900, 445].map((port, i) => packet(S, second + i * 5, port, { allowed: !denied }));
    const before = outcomes(await alertsOf({ 'kern.log': scan(0, true) }), 'F09');
    const after = outcomes(await alertsOf({ 'kern.log': [...scan(0, true), ...scan(20 * DAY_S, false)] }), 'F09');
    expect(before).toHaveLength(1);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toContain('answered');
  });

  it('of text put into a form: what the form takes weeks later was not taken today', async () => {
    const id = 'election.form_injection';
    const tries = (second: number, status: number) =>
      times(4, (i) => request(S, second + i * 30, `/lookup?voterid=${SQL[i]}`, { status, size: 4312 }));
    const before = outcomes(await alerts(id, tries(0, 403)), id);
    expect(before).toHaveLength(1);
    expect(outcomes(await alerts(id, [...tries(0, 403), ...tries(20 * DAY_S, 200)]), id)[0]).toBe(before[0]);
  });

  it('of records that were asked for one after the other: none was given that day', async () => {
    const id = 'election.lookup_enum';
    const walk = (second: number, status: number) =>
      times(80, (i) => request(S, second + i * 9, `/lookup/voter?voterid=${4000 + i}`, { status, size: 900 }));
    const before = outcomes(await alerts(id, walk(0, 403)), id);
    expect(before).toEqual([expect.stringContaining('refused')]);
    const after = outcomes(await alerts(id, [...walk(0, 403), ...walk(20 * DAY_S, 200)]), id);
    expect(after).toEqual([before[0], expect.stringContaining('answered')]);
  });
});
