/**
 * Mails in a real Chromium, wide and as narrow as a phone: what somebody with a screen reader or weak eyes would trip over.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeMail } from '../../src/mail/compose.ts';
import { DAY } from '../../src/model/time.ts';
import { accessibilityProblems } from '../parts/axe.ts';
import { NO_LIMIT, startBrowser } from '../parts/browser.ts';
import { drive, inventoryOf, NOON, senderOf, stateOf } from './mailing.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
});

/** Runs in the page. */
const INSPECT = `(() => {
  const luminance = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const paper = luminance(rgb(getComputedStyle(document.body).backgroundColor));
  const weak = [...document.querySelectorAll('main *, footer *')].filter((e) => (paper + 0.05) / (luminance(rgb(getComputedStyle(e).color)) + 0.05) < 4.5);
  const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]));
  return {
    lang: document.documentElement.lang,
    title: document.title,
    weak: weak.map((e) => e.outerHTML.slice(0, 80)),
    firstLevel: levels[0],
    skipped: levels.some((l, i) => i > 0 && l > levels[i - 1] + 1),
    h1: levels.filter((l) => l === 1).length,
    landmarks: document.querySelectorAll('main').length,
    forbidden: document.querySelectorAll('img,script,iframe,object,form,table,link,video,[onclick],[onload]').length,
    emptyLinks: [...document.querySelectorAll('a')].filter((a) => a.textContent.trim().length < 5).length,
    strayItems: [...document.querySelectorAll('li')].filter((li) => !['OL', 'UL'].includes(li.parentElement.tagName)).length,
    smallest: Math.min(...[...document.querySelectorAll('p,li')].map((e) => parseFloat(getComputedStyle(e).fontSize))),
    width: document.documentElement.scrollWidth,
  };
})()`;

describe('a mail in a browser', () => {
  const inventory = inventoryOf();
  const states = [
    stateOf(1, { severity: 'critical', outcome: 'answered' }),
    stateOf(2),
    stateOf(3),
    stateOf(4, { severity: 'low' }),
  ];
  const tasks = drive(inventory).until(NOON, NOON + 8 * DAY, states);
  const kinds = new Map(tasks.map((task) => [task.kind, task]));

  it.each([...kinds.keys()])(
    'of the kind “%s” can be read by everybody, wide and narrow, and fetches nothing',
    async (kind) => {
      const mail = composeMail(kinds.get(kind)!, senderOf(inventory), {
        lines: 10,
        logs: 1,
        missing: [],
        drillMs: null,
      });
      for (const width of [320, 1200]) {
        const page = await browser.newPage({ viewport: { width, height: 900 } });
        const asked: string[] = [];
        page.on('request', (request) => asked.push(request.url()));
        await page.setContent(mail.html, NO_LIMIT);
        const seen = (await page.evaluate(INSPECT)) as Record<string, unknown>;
        expect(seen).toMatchObject({
          lang: 'en',
          weak: [],
          firstLevel: 1,
          skipped: false,
          h1: 1,
          landmarks: 1,
          forbidden: 0,
          emptyLinks: 0,
          strayItems: 0,
        });
        expect(seen['title']).not.toBe('');
        expect(seen['smallest']).toBeGreaterThanOrEqual(14);
        expect(seen['width']).toBeLessThanOrEqual(width);
        expect(await accessibilityProblems(page)).toEqual([]);
        expect(asked.filter((url) => !url.startsWith('about:') && !url.startsWith('data:'))).toEqual([]);
        await page.close();
      }
    },
  );

  it('is looked at in a way that notices what is wrong', async () => {
    const page = await browser.newPage();
    await page.setContent(
      '<body style="background:#fff"><main><h1>a</h1><h3 style="color:#999">weak words</h3><p>x</p><img alt=""></main></body>',
    );
    expect(await page.evaluate(INSPECT)).toMatchObject({
      lang: '',
      skipped: true,
      forbidden: 1,
      weak: [expect.stringContaining('weak words')],
    });
    const found = (await accessibilityProblems(page)).map((problem) => problem.split(':')[0]);
    expect(found).toEqual(expect.arrayContaining(['html-has-lang', 'color-contrast', 'heading-order']));
    await page.close();
  });
});
