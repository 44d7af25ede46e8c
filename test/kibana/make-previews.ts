/**
 * Draws each dashboard with the sample documents and keeps the pictures in docs/: run it by hand after a change that shows.
 *   node test/kibana/make-previews.ts
 * Needs what the tests of Elasticsearch need, and Chromium.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SERVERS } from '../parts/elasticsearch.ts';
import { drawDashboards } from './previews.ts';

const folder = join(import.meta.dirname, '../../docs/kibana');
mkdirSync(folder, { recursive: true });
await drawDashboards(await SERVERS[0]!.url(), async ({ name, theme, page }) => {
  if (theme === 'dark' && name !== 'overview') return;
  await page.screenshot({ path: join(folder, `${name}${theme === 'dark' ? '-dark' : ''}.png`), fullPage: true });
});
process.exit(0);
