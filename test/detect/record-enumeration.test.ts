/**
 * election.lookup_enum: records that are walked through by their keys, against people who look things up.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf, only } from './deciding.ts';
import { page, request, times } from './log-lines.ts';

const S = '198.51.100.7';
const ID = 'election.lookup_enum';
const lookup = (second: number, key: number | string) => page(S, second, `/lookup/voter?voterid=${key}`);
/** seven-digit numbers that look drawn at random, the same every time */
const random = (i: number) => 1_000_000 + ((i * 7_368_787 + 12_345) % 8_999_993);
const found = async (lines: string[], inventory?: string) =>
  only(await alertsOf({ 'access.log': lines }, inventory === undefined ? {} : { inventory }), ID);
const FOUND = [`${ID} ${S} medium`];
const DECLARED = `version: 1
organization: {id: us-xx, name: Example County}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, url_prefixes: [/lookup], record_key_params: [voterid], criticality: high}
`;

describe('records that are asked for in number order', () => {
  it('are an enumeration when they are thirty in 20 minutes', async () => {
    expect(await found(times(30, (i) => lookup(i * 39, 100_200 + i)))).toEqual(FOUND);
  });

  it('are none when they are 29', async () => {
    expect(await found(times(29, (i) => lookup(i * 39, 100_200 + i)))).toEqual([]);
  });

  it('are one when each second record is left out, and when they count down', async () => {
    expect(await found(times(40, (i) => lookup(i * 20, 100_200 + i * 2)))).toEqual(FOUND);
    expect(await found(times(40, (i) => lookup(i * 20, 900_200 - i)))).toEqual(FOUND);
  });

  it('are one when the lines are in any order', async () => {
    expect(await found(times(40, (i) => lookup(((i * 17) % 40) * 20, 100_200 + i)))).toEqual(FOUND);
  });

  it('are one when the number stands in the path', async () => {
    expect(await found(times(40, (i) => page(S, i * 20, `/voter/${100_200 + i}`)))).toEqual(FOUND);
  });

  it('are one when letters stand before the number', async () => {
    expect(await found(times(40, (i) => lookup(i * 20, `WI-${100_200 + i}`)))).toEqual(FOUND);
  });

  it('are one at one record every two minutes, when they are sixty in a day', async () => {
    const slow = (n: number) => times(n, (i) => lookup(i * 120, 100_200 + i));
    expect(await found(slow(60))).toEqual(FOUND);
    expect(await found(slow(59))).toEqual([]);
  });

  it('are one, of which nothing was answered, when the server refuses', async () => {
    const lines = times(40, (i) => request(S, i * 20, `/lookup/voter?voterid=${100_200 + i}`));
    const alert = (await alertsOf({ 'access.log': lines })).find((a) => a.detection === ID)!;
    expect(alert).toMatchObject({ outcome: 'refused', evidence: { distinct_keys: 40, records_answered: 0 } });
  });
});

describe('records that are asked for in no order', () => {
  it('are no enumeration when they are thirty in 20 minutes: a helper at a senior home', async () => {
    expect(await found(times(30, (i) => lookup(i * 39, random(i))))).toEqual([]);
  });

  it('are one when they are 200 in 24 hours, and none when they are 199', async () => {
    const day = (n: number) => times(n, (i) => lookup(i * 150, random(i)));
    expect(await found(day(200))).toEqual(FOUND);
    expect(await found(day(199))).toEqual([]);
  });

  it('are none when those who ask load the pages too: a campus behind one address', async () => {
    const visit = (i: number) => [
      page(S, i * 150, '/lookup'),
      page(S, i * 150 + 1, '/static/site.css'),
      lookup(i * 150 + 20, random(i)),
    ];
    expect(await found(times(300, visit).flat())).toEqual([]);
    // whoever opens the form now and then is not excused
    expect(await found(times(300, (i) => (i % 4 === 0 ? visit(i) : visit(i).slice(2))).flat())).toEqual(FOUND);
  });

  it('are for the record when a clerk of the office asks, by a declared address', async () => {
    const inventory = `${DECLARED}owned: {cidrs: [198.51.100.0/24]}\n`;
    const lines = times(300, (i) => lookup(i * 150, random(i)));
    expect(await found(lines, inventory)).toEqual([`${ID} ${S} info`]);
  });

  it('are none when one record is asked for all day', async () => {
    expect(await found(times(400, (i) => lookup(i * 150, 100_200)))).toEqual([]);
  });
});

describe('numbers that name no record', () => {
  it.each([
    ['pages of a list', (i: number) => `/registered-candidates?page=${i}`],
    ['zip codes', (i: number) => `/polling-places?zip=${60_600 + i}`],
    ['precinct maps', (i: number) => `/maps/tiles?x=${i}&y=${i + 7}&z=12`],
    [
      'days of a calendar',
      (i: number) => `/registration/calendar?date=2026-09-${10 + (i % 20)}&t=${1_789_000_000 + i}`,
    ],
    ['news', (i: number) => `/news/${i}`],
    ['sizes of pictures', (i: number) => `/gallery/image.php?width=${i}`],
    ['pictures', (i: number) => `/gallery/photo?id=${500 + i}`],
    ['articles', (i: number) => `/news/article.php?articleId=${500 + i}`],
  ])('are no enumeration: %s', async (_, target) => {
    expect(await found(times(60, (i) => page(S, i * 18, target(i + 1))))).toEqual([]);
  });

  it('are none beside the declared parameter, when the inventory declares one', async () => {
    const other = times(60, (i) => page(S, i * 18, `/lookup/voter?recordid=${100_200 + i}`));
    expect(await found(other)).toEqual(FOUND);
    expect(await found(other, DECLARED)).toEqual([]);
    expect(
      await found(
        times(60, (i) => lookup(i * 18, 100_200 + i)),
        DECLARED,
      ),
    ).toHaveLength(1);
  });
});

describe('a name and a birth date that name a record together', () => {
  const inventory = DECLARED.replace('[voterid]', '[voterid, lastname+dob]');
  const ask = (second: number, name: string, day: number, status = 404) =>
    request(S, second, `/lookup/voter?lastname=${name}&dob=1970-02-${String(day).padStart(2, '0')}`, { status });

  it('are an enumeration when one birth date after another is tried, name by name', async () => {
    const grid = times(60, (i) => ask(i * 15, ['smith', 'lee', 'garcia'][Math.floor(i / 20)]!, (i % 20) + 1));
    expect(await found(grid, inventory)).toEqual(FOUND);
    const alert = (await alertsOf({ 'access.log': grid }, { inventory })).find((a) => a.detection === ID)!;
    expect(alert.evidence).toMatchObject({ distinct_keys: 60, blocks_of_64: 0 });
    expect(alert.verdict.basis).toContain('it tries one birth date after another, name by name');
  });

  it('are none of a library, where sixty people look themselves up', async () => {
    const people = times(60, (i) => ask(i * 15, `name${i % 40}`, (i % 27) + 1, 200));
    expect(await found(people, inventory)).toEqual([]);
  });
});

describe('text for the database in place of a record number', () => {
  it('is told as that, and asks for no record', async () => {
    const lines = times(60, (i) => lookup(i * 2, `1%27%20UNION%20SELECT%20NULL%2Cversion%28%29--${i}`));
    const alerts = await alertsOf({ 'access.log': lines });
    expect(only(alerts, ID)).toEqual([]);
    expect(only(alerts, 'W11')).toHaveLength(1);
  });
});
