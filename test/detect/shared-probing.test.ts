/**
 * W01 shared out between the addresses of a block: who counts as one of them, and what makes a block one of readers.
 */
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/model/alert.ts';
import { alertsOf, only } from './deciding.ts';
import { DAY_S, HOUR_S, page, request, times } from './log-lines.ts';

const near = (i: number) => `198.51.100.${10 + i}`;
const far = (i: number) => `198.18.${20 + i}.9`;
/** `n` names, in turn from `sources` addresses, one each half minute */
const list = (n: number, sources: number, address = near, from = 0) =>
  times(n, (i) => request(address(i % sources), from + i * 30, `/word${i}`));
const blocks = (alerts: readonly Alert[]) =>
  alerts.filter(({ detection, key }) => detection === 'W01' && key.kind === 'prefix');
const told = async (lines: readonly string[]) =>
  blocks(await alertsOf({ 'access.log': lines })).map(({ key }) => key.text);

describe('a list of sixty names that ten addresses of a block share out', () => {
  it('is one alert, which names them and says what to do', async () => {
    const alerts = await alertsOf({ 'access.log': list(60, 10) });
    expect(alerts).toHaveLength(1);
    const [alert] = alerts;
    expect(alert).toMatchObject({ severity: 'medium', outcome: 'refused', network: '198.51.100.0/24' });
    expect(alert!.related).toEqual(times(10, near));
    expect(alert!.summary).toMatch(
      /^10 addresses of the network block 198\.51\.100\.0\/24, each below .* 60 requests for 60 pages/,
    );
    expect(alert!.evidence).toMatchObject({ sources: 10, distinct_paths: 60 });
    expect(alert!.whatToDo.join()).toContain('do not block a whole block of a phone or cloud company');
  });

  it('is seen however slow it is within the day', async () => {
    const slow = times(60, (i) => request(near(i % 10), i * 900, `/word${i}`));
    expect(await told(slow)).toEqual(['198.51.100.0/24']);
  });

  it('is not seen from addresses that share no block', async () => {
    expect(await told(list(60, 10, far))).toEqual([]);
  });

  it('is not told of half of it on either of two days', async () => {
    expect(
      await told([...list(30, 10), ...times(30, (i) => request(near(i % 10), DAY_S + i * 30, `/word${30 + i}`))]),
    ).toEqual([]);
  });

  it('leaves out who is told alone', async () => {
    const alone = times(40, (i) => request(near(99), i * 20, `/other${i}`));
    const alerts = await alertsOf({ 'access.log': [...list(60, 10), ...alone] });
    expect(only(alerts, 'W01')).toEqual(['W01 198.51.100.0/24 medium', `W01 ${near(99)} low`]);
    expect(blocks(alerts)[0]!.related).not.toContain(near(99));
  });

  it('is seen though each of them was given the front page', async () => {
    expect(await told([...times(10, (i) => page(near(i), i, '/')), ...list(60, 10)])).toEqual(['198.51.100.0/24']);
  });

  it('is hidden by the reading of others in the block, which is said to be a way around it', async () => {
    const readers = times(150, (i) => page(near(100 + (i % 50)), i * 20, `/news/${i}.html`));
    expect(await told([...list(60, 10), ...readers])).toEqual([]);
  });
});

describe('people of one block', () => {
  it('who mistype or follow dead links now and then are none', async () => {
    const lines = times(200, (i) => [
      page(near(i), i * 60, '/'),
      request(near(i), i * 60 + 5, `/2019/form${i}.html`),
      page(near(i), i * 60 + 9, '/forms/'),
    ]).flat();
    expect(await told(lines)).toEqual([]);
  });

  it('whose programs look for the same pages that are not there are none', async () => {
    const names = [
      '/principals/',
      '/caldav/',
      '/carddav/',
      '/dav/',
      '/remote.php/dav/',
      '/.well-known/host-meta',
      '/api/status',
      '/ping',
    ];
    expect(
      await told(times(30, (i) => names.map((name, k) => request(near(i), (i * HOUR_S) / 4 + k, name))).flat()),
    ).toEqual([]);
  });

  it('who open a newsletter with one dead link for each reader are none, though their mail program tries it twice', async () => {
    const lines = times(150, (i) => times(2, (k) => request(near(i), i * 10 + k, `/n/${i * 7919}/`))).flat();
    expect(await told(lines)).toEqual([]);
  });

  it('who find a site built anew, with links that others made, are none', async () => {
    const referrer = 'https://www.example.org/links';
    const lines = times(120, (i) => request(near(i % 40), i * 30, `/old/page${i}.html`, { referrer }));
    expect(await told(lines)).toEqual([]);
  });
});
