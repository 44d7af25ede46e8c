/**
 * A real Chromium for a test: the one of the system, or of CHROMIUM. It starts in its own time; a test's own limit is the
 * only one.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** For what playwright itself would give up after half a minute. */
export const NO_LIMIT = { timeout: 0 };

/** Starts it; the caller closes it. Throws with what to do when there is none. */
export async function startBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `no browser at ${CHROMIUM}: install chromium (apt-get install chromium), or set CHROMIUM to its path`,
    );
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
    ],
    ...NO_LIMIT,
  });
}
