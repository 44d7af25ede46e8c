/**
 * Dashboards in a real browser, drawn from the saved objects and from what Elasticsearch answers for the sample documents.
 */
import type { Page } from 'playwright-core';
import { writeDocuments } from '../../src/elastic/bulk.ts';
import { connectElasticsearch } from '../../src/elastic/client.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import { toNdjson } from '../../src/kibana/saved-object.ts';
import { EVERYBODY, savedObjects } from '../../src/kibana/saved-objects.ts';
import { removeAll } from '../elastic/documents.ts';
import { NO_LIMIT, startBrowser } from '../parts/browser.ts';
import { ownPrefix, settingsFor } from '../parts/elasticsearch.ts';
import { runList } from './discover-search.ts';
import { END, ORGANIZATIONS, SPAN, sampleDocuments, sampleElections } from './documents.ts';
import { runLayer, type TimeSpan } from './lens-aggregations.ts';
import type { Theme } from './preview-charts.ts';
import { type Answered, previewPage } from './preview-page.ts';
import { objectsIn, panelsIn } from './saved-file.ts';

const HOUR = 3_600_000;
const WEEK: TimeSpan = { fromMs: END - 7 * 24 * HOUR, toMs: END, stepMs: 6 * HOUR };

/** A dashboard that is open in the browser. */
export interface OpenDashboard {
  readonly name: string;
  readonly theme: Theme;
  readonly page: Page;
  readonly answered: readonly Answered[];
}

/** Opens every dashboard in both themes and shows each to `look`. */
export async function drawDashboards(url: string, look: (dashboard: OpenDashboard) => Promise<void>): Promise<void> {
  const prefix = ownPrefix('preview');
  const settings = settingsFor(url, prefix);
  const client = connectElasticsearch(settings);
  const browser = await startBrowser();
  try {
    await setupElasticsearch(
      settings,
      ORGANIZATIONS.map(({ id }) => id),
      { now: END, say: () => undefined },
    );
    await writeDocuments(client, await sampleDocuments(prefix), { nowMs: END });
    await client.indices.refresh({ index: `${prefix}-*` });
    const windows = (await sampleElections()).flatMap((election) =>
      election.windows.map(({ phase, fromMs, toMs }) => ({ label: phase.replaceAll('_', ' '), fromMs, toMs })),
    );
    const objects = objectsIn(toNdjson(savedObjects({ ...EVERYBODY, prefix, windows })));
    for (const object of objects.filter(({ type }) => type === 'dashboard')) {
      const isDay = object.attributes['timeFrom'] === 'now-24h';
      const span: TimeSpan = isDay
        ? { fromMs: END - 24 * HOUR, toMs: END, stepMs: HOUR / 2 }
        : { ...SPAN, stepMs: 12 * HOUR };
      const answered: Answered[] = [];
      for (const panel of panelsIn(objects).filter(({ dashboard }) => dashboard === object.id)) {
        const ofPanel = (panel.config['timeRange'] as { from: string } | undefined)?.from === 'now-7d' ? WEEK : span;
        const rows = await Promise.all(
          panel.layers.map(async (layer) => (await runLayer(client, layer, ofPanel)).rows),
        );
        const found = panel.list === null ? [] : (await runList(client, panel.list, span)).rows;
        answered.push({ panel, rows, texts: found.map(({ texts }) => texts) });
      }
      for (const theme of ['light', 'dark'] as const) {
        const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
        await page.setContent(previewPage(String(object.attributes['title']), answered, theme), NO_LIMIT);
        await look({ name: object.id.slice(prefix.length + 1), theme, page, answered });
        await page.close();
      }
    }
  } finally {
    await browser.close();
    await removeAll(client, prefix);
    await client.close();
  }
}
