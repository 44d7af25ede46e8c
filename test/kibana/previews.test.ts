/** Every dashboard in a real browser: each panel has something to show, and nothing runs out of its place. */
import { expect, it } from 'vitest';
import { SERVERS, START_MS } from '../parts/elasticsearch.ts';
import { drawDashboards } from './previews.ts';

it(
  'every panel of every dashboard shows something, in light and in dark, within its bounds',
  async () => {
    const seen: string[] = [];
    await drawDashboards(await SERVERS[0]!.url(), async ({ name, theme, page, answered }) => {
      seen.push(`${name} ${theme}`);
      const panels = await page.locator('section').evaluateAll((sections) =>
        sections.map((section) => ({
          id: section.id,
          text: section.textContent ?? '',
          isCut: section.scrollHeight > section.clientHeight + 1,
          marks: section.querySelectorAll('rect, path, polyline, tbody tr, .tile, p').length,
        })),
      );
      expect(panels.map(({ id }) => id)).toEqual(answered.map(({ panel }) => panel.id));
      expect(
        panels.filter(({ text, marks }) => marks === 0 || text.includes('No results')).map(({ id }) => id),
      ).toEqual([]);
      expect(
        panels.filter(({ isCut }) => isCut).map(({ id }) => id),
        `${name} ${theme}`,
      ).toEqual([]);
    });
    expect(seen).toEqual(
      ['overview', 'investigate', 'scanners', 'state', 'health'].flatMap((name) => [`${name} light`, `${name} dark`]),
    );
  },
  // a server, three offices that tell a month, and ten pages, on a machine that others use too
  2 * START_MS,
);
