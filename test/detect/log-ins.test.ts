/**
 * W21: a day's guesses are told by their own day; who got in at the end is told graver, not less; and a 401 that nobody
 * answered with a name is no guess.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf, inShort, only } from './deciding.ts';
import { DAY_S, page, request, times } from './log-lines.ts';

const S = '198.51.100.7';
const send = (source: string, second: number, status: number) =>
  request(source, second, '/portal/login', { method: 'POST', status, size: status === 302 ? 0 : 2412 });
/** `day severity outcome` of each alert about log-ins. */
const told = async (lines: readonly string[]) =>
  (await alertsOf({ 'access.log': lines }))
    .filter(({ detection }) => detection === 'W21')
    .map(({ day, severity, outcome }) => `${day} ${severity} ${outcome}`);

describe('thirty refused log-ins in five minutes', () => {
  const guesses = times(30, (i) => send(S, i * 10, 401));
  const alone = ['2026-09-14 medium refused'];

  it('are refused, whoever logs in from that address on another day', async () => {
    expect(await told(guesses)).toEqual(alone);
    expect(await told([...guesses, send(S, 5 * DAY_S, 302)])).toEqual(alone);
    expect(await told([send(S, -3 * DAY_S, 302), ...guesses])).toEqual(alone);
  });

  it('are told, however many people log in from that address on other days', async () => {
    const people = times(60, (i) => [
      page(S, 4 * DAY_S + i * 60, '/portal/login'),
      send(S, 4 * DAY_S + i * 60 + 9, 302),
    ]);
    expect(await told([...guesses, ...people.flat()])).toEqual(alone);
  });

  it('are graver when one gets in afterwards, which says what to do first', async () => {
    const lines = [...guesses, send(S, 600, 302)];
    expect(await told(lines)).toEqual(['2026-09-14 high answered']);
    const [alert] = (await alertsOf({ 'access.log': lines })).filter(({ detection }) => detection === 'W21');
    expect(alert!.whatToDo[0]).toMatch(/^Find out now whose account was let in/);
    // the line of the log-in that got in is shown, and counted apart
    expect(alert!.lines.map(({ text }) => text).join()).toContain('" 302 ');
    expect(alert!.evidence).toMatchObject({ requests: 30, refused: 30, other_logins_redirected: 1 });
  });

  it('are told with the threshold that they crossed', async () => {
    const thresholds = async (status: number) =>
      (await alertsOf({ 'access.log': times(80, (i) => send(S, i, status)) }))[0]!.thresholds.join();
    expect(await thresholds(401)).toMatch(/^6 refused log-ins within two minutes[^,]*, or 10 in 24 hours/);
    expect(await thresholds(200)).toMatch(/^30 log-ins within two minutes that were answered with the page again/);
  });
});

describe('one refused log-in every half hour', () => {
  const slow = times(40, (i) => send(S, i * 1800, 401));

  it('is told, also when the last of them gets in', async () => {
    expect(await told(slow)).toEqual(['2026-09-14 medium refused', '2026-09-15 medium refused']);
    expect((await told([...slow, send(S, 40 * 1800, 302)])).at(-1)).toBe('2026-09-15 high answered');
  });

  it('is not told of somebody who got in between, and mistyped ten times on a day', async () => {
    expect(await told([...times(12, (i) => send(S, i * 1800, 401)), send(S, 3 * 1800 + 60, 302)])).toEqual([]);
  });
});

describe('a page that asks for a name', () => {
  const ask = (source: string, second: number, user = '-') =>
    request(source, second, '/admin/status', { status: 401, size: 195, user });

  it('is no log-in page of a monitor that looks at it every ten minutes', async () => {
    expect(only(await alertsOf({ 'access.log': times(400, (i) => ask(S, i * 600)) }), 'W21')).toEqual([]);
  });

  it('is none of a crawler that comes from many addresses', async () => {
    const lines = times(40, (i) => ask(`198.51.100.${10 + (i % 20)}`, i * 60));
    expect(inShort(await alertsOf({ 'access.log': lines }))).toEqual([]);
  });

  it('is one where a name is tried with it', async () => {
    expect(only(await alertsOf({ 'access.log': times(20, (i) => ask(S, i * 1800, `user${i}`)) }), 'W21')).toHaveLength(
      1,
    );
  });

  it('is one where it is asked a hundred times in two minutes', async () => {
    expect(only(await alertsOf({ 'access.log': times(100, (i) => ask(S, i)) }), 'W21')).toHaveLength(1);
  });
});

describe('a password that thirty addresses of one block try', () => {
  const spray = times(60, (i) => send(`198.51.100.${20 + (i % 30)}`, i * 40, 401));
  const network = async (lines: readonly string[]) =>
    (await alertsOf({ 'access.log': lines }))
      .filter(({ key, detection }) => detection === 'W21' && key.kind !== 'source')
      .map(({ key, day }) => `${key.kind} ${key.text} ${day}`);

  it('is told once, of the block', async () => {
    expect(await network(spray)).toEqual(['prefix 198.51.100.0/24 2026-09-14']);
  });

  it('is told, though people of that block log in on other days', async () => {
    const people = times(30, (i) => send(`198.51.100.${20 + i}`, 3 * DAY_S + i * 60, 302));
    expect(await network([...spray, ...people])).toEqual(['prefix 198.51.100.0/24 2026-09-14']);
  });

  it('is no such thing where most get in on the same day', async () => {
    const people = times(25, (i) => send(`198.51.100.${20 + i}`, 3000 + i * 60, 302));
    expect(await network([...spray, ...people])).toEqual([]);
  });
});
