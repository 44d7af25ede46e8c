/**
 * Writes the pictures of mails that the README shows, from the goldens, in a real Chromium:
 *   node test/mail/write-pictures.ts   →  docs/mail-alert.png, docs/mail-digest.png
 * Run it after a change of the templates, once the goldens are up to date, and look at them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBrowser } from '../parts/browser.ts';

const GOLDENS = join(import.meta.dirname, 'goldens');
const DOCS = join(import.meta.dirname, '../../docs');
/** As a mail program shows it on a desk. */
const VIEWPORT = { width: 720, height: 400 };

const browser = await startBrowser();
for (const [name, golden] of [
  ['mail-alert.png', 'lookup-enumeration-to-clerk.html'],
  ['mail-digest.png', 'weekly-digest.html'],
] as const) {
  const page = await browser.newPage({ viewport: VIEWPORT });
  await page.setContent(readFileSync(join(GOLDENS, golden), 'utf8'));
  await page.screenshot({ path: join(DOCS, name), fullPage: true });
  await page.close();
  process.stdout.write(`${name}: from ${golden}\n`);
}
await browser.close();
