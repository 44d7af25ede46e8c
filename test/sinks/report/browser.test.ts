/**
 * The report in a real Chromium, as people open it: from a file, on a desktop and on a phone, light and dark, with all
 * parts opened, and with content that tries to break out.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../../src/sinks/report/page.ts';
import { accessibilityProblems } from '../../parts/axe.ts';
import { NO_LIMIT, startBrowser } from '../../parts/browser.ts';
import { hostileSummary, manyAlertsSummary, ordinarySummary, quietSummary, unreadableSummary } from '../fixtures.ts';

let browser: Browser;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pollwatch-report-'));
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  if (folder !== '') rmSync(folder, { recursive: true });
});

/** Runs in the page: what a reader would trip over. */
const INSPECT = `(() => {
  for (const d of document.querySelectorAll('details')) d.open = true;
  const luminance = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return { rgb: n.slice(0, 3), alpha: n.length > 3 ? n[3] : 1 }; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.alpha === 1) return c.rgb; } return [255, 255, 255]; };
  const weak = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(), i = 0; n && i < 4000; n = walker.nextNode(), i++) {
    const e = n.parentElement;
    if (!n.data.trim() || e.closest('title, desc')) continue;
    const s = getComputedStyle(e);
    const ink = parse(e.closest('svg') ? s.fill : s.color).rgb;
    const [a, b] = [luminance(ink), luminance(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) weak.add(e.tagName + '.' + e.getAttribute('class') + ' ' + ratio.toFixed(2));
  }
  const levels = [...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]));
  return {
    width: document.documentElement.scrollWidth,
    title: document.title,
    weak: [...weak],
    skipped: levels.some((l, i) => i > 0 && l > levels[i - 1] + 1),
    h1: levels.filter((l) => l === 1).length,
    links: [...document.querySelectorAll('[href],[src]')].map((e) => e.getAttribute('href') ?? e.getAttribute('src')),
    dangling: [...document.querySelectorAll('a[href]')].filter((a) => !document.getElementById(a.getAttribute('href').slice(1))).map((a) => a.outerHTML),
    ids: [...document.querySelectorAll('[id]')].map((e) => e.id),
    headless: [...document.querySelectorAll('table')].filter((t) => !t.querySelector('th[scope]')).length,
    scripts: document.scripts.length,
    elements: document.querySelectorAll('*').length,
  };
})()`;

interface Inspected {
  width: number;
  title: string;
  weak: string[];
  skipped: boolean;
  h1: number;
  links: string[];
  dangling: string[];
  ids: string[];
  headless: number;
  scripts: number;
  elements: number;
}

/** Opens a page and returns what was found, what the console said and what was asked of the network. */
async function open(page: string, width: number, colorScheme: 'light' | 'dark', isChecked = false) {
  const file = join(folder, 'report.html');
  writeFileSync(file, page);
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const tab = await context.newPage();
  const messages: string[] = [];
  const requests: string[] = [];
  tab.on('console', (message) => messages.push(message.text()));
  tab.on('pageerror', (error) => messages.push(String(error)));
  tab.on('dialog', (dialog) => {
    messages.push(dialog.message());
    void dialog.dismiss();
  });
  tab.on('requestfinished', (request) => requests.push(request.url()));
  tab.on('requestfailed', (request) => {
    if (request.failure()?.errorText !== 'csp') requests.push(`${request.url()} ${request.failure()?.errorText ?? ''}`);
  });
  await tab.goto(pathToFileURL(file).href, NO_LIMIT);
  const found = (await tab.evaluate(INSPECT)) as Inspected;
  const barriers = isChecked ? await accessibilityProblems(tab) : [];
  await context.close();
  return { found, barriers, messages, requests: requests.filter((url) => url !== pathToFileURL(file).href) };
}

const PAGES = [
  ['an ordinary day', ordinarySummary()],
  ['a quiet day', quietSummary()],
  ['a run that read nothing', unreadableSummary()],
  ['hostile content', hostileSummary()],
] as const;

describe.each(PAGES)('the report of %s', (_name, summary) => {
  const page = renderReport(summary);
  it.each([
    [1280, 'light'],
    [1280, 'dark'],
    [768, 'light'],
    [360, 'light'],
    [360, 'dark'],
  ] as const)('is readable at %d px, %s, and does nothing but show', async (width, scheme) => {
    const { found, barriers, messages, requests } = await open(page, width, scheme, width !== 768);
    expect(barriers).toEqual([]);
    expect(found.width).toBeLessThanOrEqual(width);
    expect(messages).toEqual([]);
    expect(requests).toEqual([]);
    expect(found.weak).toEqual([]);
    expect(found.scripts).toBe(0);
    expect(found.title).toMatch(/^Scanning and probing of Example County Elections/);
    expect(found.links.every((link) => link.startsWith('#'))).toBe(true);
    expect(found.dangling).toEqual([]);
    expect(new Set(found.ids).size).toBe(found.ids.length);
    expect([found.h1, found.skipped, found.headless]).toEqual([1, false, 0]);
  });
});

describe('the policy of the report', () => {
  it('would stop a script, a style and an image even if escaping failed', async () => {
    const planted =
      '<script>document.title="owned"</script><style>body{display:none}</style><img src="https://example.invalid/x.png" onerror="document.title=1">';
    const { found, messages, requests } = await open(
      renderReport(quietSummary()).replace('<main id="main">', `<main id="main">${planted}`),
      1280,
      'light',
    );
    expect(found.title).toMatch(/^Scanning and probing/);
    expect(messages.filter((message) => /Content Security Policy/.test(message)).length).toBeGreaterThanOrEqual(3);
    expect(requests).toEqual([]);
  });
});

describe('the report of 5,000 alerts', () => {
  it('opens on a phone, and is no more than the phone can lay out', async () => {
    const { found, messages } = await open(renderReport(manyAlertsSummary(5000)), 360, 'light');
    expect(found.elements).toBeLessThan(25_000);
    expect(found.width).toBeLessThanOrEqual(360);
    expect(messages).toEqual([]);
  });
});
