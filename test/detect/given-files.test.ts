/**
 * W14: when an answer to a request for a file outside the web folder is told as that file, and when it shows nothing.
 */
import { describe, expect, it } from 'vitest';
import { alertsOf } from './deciding.ts';
import { page, request, times } from './log-lines.ts';

const S = '198.51.100.7';
const PASSWD = '/download?file=../../../../etc/passwd';
const missing = times(4, (i) => request(`192.0.2.${i + 1}`, i * 60, `/old${i}.html`));
/** people who are given pages of 5,037 bytes and more */
const readers = times(40, (i) => page(`192.0.2.${i + 1}`, i * 60, `/${'elections/'.slice(0, i % 10)}`));
const asked = (size: number, second = 3000) => request(S, second, PASSWD, { status: 200, size });
const told = async (lines: readonly string[]) =>
  (await alertsOf({ 'access.log': lines }))
    .filter(({ detection }) => detection === 'W14')
    .map(({ severity, outcome }) => `${severity} ${outcome}`);

describe('a request for the list of accounts that was answered 200', () => {
  it('is high where no page is as large, and the host has an error page', async () => {
    expect(await told([...missing, ...readers, asked(1834)])).toEqual(['high answered']);
    // by whatever day its people come
    expect(await told([...missing, asked(1834)])).toEqual(['high answered']);
  });

  it('stays medium where the answer is as large as the error page, or as a page that people are given', async () => {
    expect(await told([...missing, ...readers, asked(153)])).toEqual(['medium tried']);
    expect(await told([...missing, ...readers, asked(5037)])).toEqual(['medium tried']);
    // a page that repeats what it was asked for
    expect(await told([...missing, ...readers, asked(5037 + 190)])).toEqual(['medium tried']);
  });

  it('stays medium where the host says 200 to everything', async () => {
    expect(await told([...readers, asked(1834)])).toEqual(['medium tried']);
    const paths = ['/a', '/b', '/c'].map((path, i) =>
      request(S, 2000 + i, `${path}?x=${PASSWD}`, { status: 200, size: 1834 }),
    );
    expect(await told([...missing, ...readers, ...paths, asked(1834)])).toEqual(['medium tried']);
  });

  it('stays medium where every depth is answered alike, and is high where one is not', async () => {
    const depths = times(5, (i) =>
      request(S, 3000 + i, `/view?f=${'../'.repeat(i + 2)}etc/passwd`, { status: 200, size: 1834 }),
    );
    expect(await told([...missing, ...readers, ...depths])).toEqual(['medium tried']);
    const shallow = request(S, 2990, '/view?f=../../etc/passwd', { status: 500, size: 0 });
    expect(await told([...missing, ...readers, ...depths, shallow])).toEqual(['high answered']);
  });

  it('stays medium where pages have all sizes, and is high where they have all but that', async () => {
    const sizes = (from: number) =>
      times(600, (i) => page(`192.0.2.${1 + (i % 200)}`, i * 20, '/results', { size: from + i * 100 }));
    expect(await told([...missing, ...sizes(200), asked(1834)])).toEqual(['medium tried']);
    expect(await told([...missing, ...sizes(2400), asked(1834)])).toEqual(['high answered']);
  });

  it('stays medium where a page of more than 64 KiB does not heed it', async () => {
    const large = times(5, (i) => page(`192.0.2.${1 + i}`, i * 20, '/results', { size: 81_000 }));
    expect(await told([...missing, ...large, asked(81_000)])).toEqual(['medium tried']);
  });

  it('stays medium where the log has no sizes', async () => {
    const lines = [...missing, ...readers, asked(1834)].map((line) => line.replace(/" (\d+) \d+ "/, '" $1 - "'));
    expect(await told(lines)).toEqual(['medium tried']);
  });
});
