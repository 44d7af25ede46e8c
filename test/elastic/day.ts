/**
 * A small day of logs for the tests of what a day leaves behind: a voter who looks up a polling place, a source that asks
 * for files of a server, and one that knocks at ports; settled into a state by the real core.
 */
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { detectFormat } from '../../src/formats/detect.ts';
import { type State, settleState } from '../../src/measure/state.ts';
import type { CompiledRuleSet } from '../../src/rules/rule-set.ts';
import { createScanner } from '../../src/run/scan.ts';
import { packet, page, request } from '../detect/log-lines.ts';

export const VOTER = '192.0.2.50';
export const PROBER = '198.51.100.7';
export const SCANNER = '198.51.100.99';
/** the organisation's secret */
export const SECRET = new Uint8Array(32).fill(9);

/** Logs of 2026-09-14, and one packet of the day after. */
export const LOGS: readonly (readonly string[])[] = [
  [page(VOTER, 60, '/lookup'), page(VOTER, 70, '/lookup/result'), request(VOTER, 80, '/favicon.ico')],
  [request(PROBER, 100, '/.env'), request(PROBER, 101, '/.git/config'), page(PROBER, 102, '/')],
  [packet(SCANNER, 200, 22), packet(SCANNER, 201, 23), packet(SCANNER, 86_400 + 10, 25)],
];

/** A settled state of logs, read in this order. */
export function stateOf(
  rules: CompiledRuleSet,
  logs: readonly (readonly string[])[] = LOGS,
  order: readonly number[] = logs.map((_, i) => i),
): State {
  const scanner = createScanner(rules, defaultInventory(), SECRET);
  for (const i of order) {
    const bytes = Buffer.from(logs[i]!.map((line) => `${line}\n`).join(''), 'latin1');
    const format = detectFormat(bytes);
    if (format === null) throw new Error('no known format');
    const context = { origin: 1, referenceMs: Date.UTC(2026, 11, 31), timezone: 'UTC' };
    const scene = { organization: 0, origin: 1, asset: 0, dayStartMs: 0 };
    scanner.scanBlock({ bytes, start: 0, end: bytes.length, baseOffset: i * 100_000 }, format, context, scene);
  }
  settleState(scanner.state);
  return scanner.state;
}
