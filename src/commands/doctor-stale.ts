/**
 * What has grown old in an inventory: contacts that nobody confirmed for long, agreements with scanners that are over, a
 * calendar without an election to come.
 */
import { readFileSync } from 'node:fs';
import { inspectInventory } from '../config/inventory.ts';
import { formatProblem } from '../model/problem.ts';

/** Findings for `doctor`, by today's date. Throws an OperatorError where the file cannot be read as an inventory. */
export function staleFindings(file: string): { state: 'look'; what: string }[] {
  const { warnings } = inspectInventory(readFileSync(file, 'utf8'), file, Date.now());
  return warnings.map((warning) => ({ state: 'look', what: formatProblem(warning) }));
}
