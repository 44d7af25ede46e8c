/**
 * The accessibility checker (axe-core) in a page that playwright has open: every rule of WCAG 2.2 A and AA and of best
 * practice that a program can check.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Rules that say something of a page, for a run that checked nothing to be noticed. */
const RULES_MIN = 10;

interface AxeResult {
  violations: { id: string; impact: string | null; help: string; nodes: { html: string }[] }[];
  passes: { id: string }[];
}

/** What the checker finds wrong, a line each; empty = nothing. Throws when it could not check. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // what playwright evaluates is not bound by the page's own policy, which allows no script
  await page.evaluate(SOURCE);
  const result = (await page.evaluate('axe.run(document)')) as AxeResult;
  if (result.passes.length < RULES_MIN && result.violations.length === 0) {
    throw new Error(`axe checked ${result.passes.length} rules only`);
  }
  return result.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html.slice(0, 120)}`);
}
