import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compareAlerts } from '../../../src/alerts/alert-order.ts';
import { CAVEAT } from '../../../src/alerts/caveat.ts';
import { lintWording } from '../../../src/alerts/wording-linter.ts';
import { BARS_MAX, foldTimeline } from '../../../src/sinks/report/charts.ts';
import { escapeText, html, markup } from '../../../src/sinks/report/html.ts';
import { renderReport } from '../../../src/sinks/report/page.ts';
import {
  HOSTILE,
  hostileSummary,
  manyAlertsSummary,
  obeyed,
  ordinarySummary,
  quietSummary,
  unreadableSummary,
} from '../fixtures.ts';
import { wordsOfPage } from './words.ts';

describe('the html template', () => {
  it('escapes text wherever it stands, and joins lists', () => {
    expect(markup(html`<td title="${'"><script>'}">${["a'b", html`<b>${'&'}</b>`, null, false, 7]}</td>`)).toBe(
      '<td title="&quot;&gt;&lt;script&gt;">a&#39;b<b>&amp;</b>7</td>',
    );
  });

  it('shows control bytes and lone surrogates, and passes none', () => {
    for (const text of HOSTILE) {
      expect(escapeText(text)).not.toMatch(/[<>"'\n]/);
      expect(obeyed(escapeText(text))).toBe(false);
    }
    expect(escapeText('\ud800')).toBe('\ufffd');
  });
});

describe('the report', () => {
  it('opens with the answer, then what matters first, then the rest in order', () => {
    const page = renderReport(ordinarySummary());
    const order = [
      'id="answer"',
      'id="first"',
      'id="when"',
      'id="who"',
      'id="what"',
      'id="alerts"',
      'id="noise"',
      'id="read"',
      'id="cannot"',
      'id="data"',
      'id="how"',
    ].map((id) => page.indexOf(id));
    expect(order.every((at, i) => at > (order[i - 1] ?? 0))).toBe(true);
    expect(page).toContain('<html lang="en">');
  });

  it('allows one style sheet by its hash and nothing else', () => {
    const page = renderReport(ordinarySummary());
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!;
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
    expect(policy).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(policy).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\sstyle="|\son\w+="/);
  });

  it('marks the matched fragment in a redacted line', () => {
    const page = renderReport(ordinarySummary());
    expect(page).toContain('&quot;GET <mark>/.git/config</mark> HTTP/1.1&quot;');
    expect(page).toContain('id=~0aa2054d<mark>&#39; UNION SELECT 1,2,3--</mark> HTTP/1.1');
  });

  it('carries the caveat and keeps to the wording rules', () => {
    for (const s of [ordinarySummary(), quietSummary(), unreadableSummary()]) {
      const page = renderReport(s);
      expect(page).toContain(CAVEAT);
      expect(lintWording(wordsOfPage(page))).toEqual([]);
    }
  });

  it('names the data sets, their dates and whose they are', () => {
    const page = renderReport(ordinarySummary());
    for (const text of ['RouteViews', 'CC BY 4.0', 'NRO', '2026-06-17']) expect(page).toContain(text);
  });

  it('says nothing is needed only together with what was read and what could not be seen', () => {
    const page = renderReport(quietSummary());
    expect(page).toContain('Nothing needs your attention');
    expect(page).toContain('14,332 lines = 14,040 events + 288 skipped of a known kind + 4 refused');
    expect(page).toContain('the log does not name the virtual host');
    expect(page).not.toContain('id="first"');
  });

  it('stays below 10 MB with 5,000 alerts: opens 200, lists 1,000, sums up the rest, and says so', () => {
    const summary = manyAlertsSummary(5000);
    const page = renderReport(summary);
    expect(Buffer.byteLength(page)).toBeLessThan(10_000_000);
    expect(page.match(/<details class="alert">/g)).toHaveLength(200);
    expect(page).toContain('The first 200 open up, the next 1,000 stand in the table below them.');
    expect(page).toContain(
      'The other 3,800 are summed up by severity and kind; each of them stands in the NDJSON output',
    );
    const [listed, summed] = page.split('3,800 other alerts, summed up');
    expect(listed!.match(/<tr><td>(?:Critical|High|Medium|Low|Info)<\/td>/g)).toHaveLength(1000);
    const left = [...summary.alerts].sort(compareAlerts).slice(1200);
    const rows = [
      ...summed!.matchAll(/<tr><td>(\w+)<\/td><th scope="row">([^<]*)<\/th>((?:<td class="num">[\d,]+<\/td>){3})/g),
    ].map(([, severity, name, cells]) => [
      severity!.toLowerCase(),
      name,
      ...cells!.match(/[\d,]+(?=<)/g)!.map((n) => Number(n.replaceAll(',', ''))),
    ]);
    const sums = new Set(left.map((a) => `${a.severity} ${a.name}`));
    expect(rows).toHaveLength(sums.size);
    for (const [severity, name, alerts, addresses, answered] of rows) {
      const those = left.filter((a) => a.severity === severity && a.name === name);
      expect([alerts, addresses, answered]).toEqual([
        those.length,
        new Set(those.map((a) => a.key.text)).size,
        those.filter((a) => a.outcome === 'answered').length,
      ]);
    }
  });

  it('keeps every hostile text as text', () => {
    const page = renderReport(hostileSummary());
    const tags = new Set([...page.matchAll(/<([a-zA-Z!][\w-]*)/g)].map((m) => m[1]!.toLowerCase()));
    expect(
      [...tags].filter((tag) => ['script', 'img', 'a', 'svg', 'style', 'iframe', '!--'].includes(tag)).sort(),
    ).toEqual(['a', 'style', 'svg']);
    expect([...page.matchAll(/href="([^"]*)"/g)].every((m) => m[1]!.startsWith('#'))).toBe(true);
    expect(obeyed(page)).toBe(false);
    expect(page.match(/<style>/g)).toHaveLength(1);
  });
});

describe('the timeline', () => {
  it('adds up panes until its bars are few, and loses no event', () => {
    const { timeline } = manyAlertsSummary(1);
    const folded = foldTimeline(timeline);
    const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
    expect(folded.all.length).toBeLessThanOrEqual(BARS_MAX);
    expect(folded.paneMs).toBe(timeline.paneMs * 25);
    expect([sum(folded.all), sum(folded.refused), sum(folded.alerted)]).toEqual([
      sum(timeline.all),
      sum(timeline.refused),
      sum(timeline.alerted),
    ]);
  });
});
