/**
 * Logs as text in, alerts out: the real core (formats, rules, measures, decisions, words), without files.
 *   await alertsOf({ 'access.log': lines }) → Alert[]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DETECTIONS } from '../../src/alerts/detections.ts';
import type { Severity } from '../../src/alerts/severity.ts';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { parseInventory } from '../../src/config/inventory.ts';
import type { Decision } from '../../src/detect/decision.ts';
import { decideAcross } from '../../src/detect/members/index.ts';
import { createEnricher, type Enricher } from '../../src/enrich/enricher.ts';
import { detectFormat } from '../../src/formats/detect.ts';
import { createState, settleState } from '../../src/measure/state.ts';
import type { Alert } from '../../src/model/alert.ts';
import type { Sighting } from '../../src/model/fact.ts';
import type { CompiledRuleSet } from '../../src/rules/rule-set.ts';
import { alertsOf as toAlerts } from '../../src/run/alerting.ts';
import { decideAll } from '../../src/run/deciding.ts';
import { collectEvidence, type EvidenceOrigin } from '../../src/run/evidence.ts';
import { gradeAll, gravest, rankOf } from '../../src/run/grading.ts';
import type { Surroundings } from '../../src/run/naming.ts';
import { organizationsOf } from '../../src/run/office.ts';
import { createScanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { sightingOf } from '../../src/run/sightings.ts';
import { COUNTIES } from './counties.ts';

const SECRET = new Uint8Array(32).fill(7);
let ruleSet: CompiledRuleSet | undefined;
let bundled: Enricher | undefined;

function bundledEnricher(): Enricher {
  bundled ??= createEnricher();
  return bundled;
}

export interface Setting {
  /** YAML of an inventory, and where it stands */
  inventory?: string;
  file?: string;
  /** who knows the network owners; the bundled tables unless given */
  enricher?: Enricher;
  /** number of the asset that the origins are declared as, 0 = none */
  asset?: number;
}

/** What the logs decide, and the alerts that people read. Each log is a list of lines under its name. */
export async function decided(
  logs: Readonly<Record<string, readonly string[]>>,
  setting: Setting = {},
): Promise<{ decisions: Decision[]; severities: Severity[]; alerts: Alert[]; around: Surroundings }> {
  ruleSet ??= rulesOf([]);
  const enricher = setting.enricher ?? bundledEnricher();
  const inventory =
    setting.inventory === undefined
      ? defaultInventory()
      : parseInventory(setting.inventory, setting.file ?? 'inventory.yaml');
  const scanner = createScanner(ruleSet, inventory, SECRET);
  const origins = new Map<number, EvidenceOrigin>();
  for (const [i, [name, lines]] of Object.entries(logs).entries()) {
    if (lines.length === 0) continue;
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
    const format = detectFormat(bytes.subarray(0, 65_536));
    if (format === null) throw new Error(`${name} is in no known format`);
    const context = { origin: i + 1, referenceMs: Date.UTC(2026, 11, 31), timezone: 'UTC' };
    const scene = { organization: 0, origin: i + 1, asset: setting.asset ?? 0, dayStartMs: inventory.dayStartMs };
    scanner.scanBlock({ bytes, start: 0, end: bytes.length, baseOffset: 0 }, format, context, scene);
    const tally = scanner.tallies.get(i + 1)!;
    if (tally.refused.size > 0) throw new Error(`${name}: ${JSON.stringify([...tally.refused])}`);
    origins.set(i + 1, {
      name,
      format,
      context,
      fetch: (offsets) =>
        Promise.resolve(offsets.map((at) => bytes.subarray(at, bytes.indexOf(10, at)).toString('latin1'))),
    });
  }
  settleState(scanner.state);
  const asOf = (hi: number, lo: number) => enricher.owner(hi, lo)?.number ?? 0;
  const { decisions, severities } = decideAll(scanner.state, { ruleSet, inventory, asOf, keepsSignatures: true });
  const evidence = await collectEvidence(
    decisions,
    gravest(decisions, severities.map(rankOf)),
    origins,
    ruleSet,
    inventory,
    SECRET,
  );
  const organizations = organizationsOf(inventory, []);
  const around = { state: scanner.state, inventory, enricher, organizations };
  const alerts = toAlerts(decisions, severities, evidence, around);
  return { decisions, severities, alerts, around };
}

const nameOf = (county: string) => `${county[0]!.toUpperCase()}${county.slice(1)} County`;

/** The inventory of a county of the state us-xx, which has one system. */
export function countyInventory(county: string): string {
  return `version: 1
organization: {id: us-xx-${county}, name: ${nameOf(county)}, level: county, parent: us-xx}
assets:
  - {id: lookup, name: Voter lookup, kind: voter_lookup, hosts: [lookup.example.gov], cidrs: [203.0.113.10/32]}
`;
}

/** The inventory of the state us-xx. */
export const STATE_INVENTORY = 'version: 1\norganization: {id: us-xx, name: Example State, level: state}\n';

/** The alerts alone: of one office, or where the logs are named after counties those of their state. */
export async function alertsOf(
  logs: Readonly<Record<string, readonly string[]>>,
  setting: Setting = {},
): Promise<Alert[]> {
  const counties = COUNTIES.filter((county) => Object.keys(logs).some((name) => name.includes(`.${county}.`)));
  if (counties.length === 0) return (await decided(logs, setting)).alerts;
  const sightings: Sighting[] = [];
  for (const county of counties) {
    const own = Object.entries(logs).filter(([name]) => name.includes(`.${county}.`));
    sightings.push(...(await sightingsOf(county, Object.fromEntries(own), setting)));
  }
  return stateAlerts(sightings, setting);
}

/** What a county tells its state of its logs. */
export async function sightingsOf(
  county: string,
  logs: Readonly<Record<string, readonly string[]>>,
  setting: Setting = {},
): Promise<Sighting[]> {
  const { decisions, severities, around } = await decided(logs, { ...setting, inventory: countyInventory(county) });
  const { id, name, level, parent } = around.inventory.organization;
  return decisions.flatMap(
    (d, i) => sightingOf(d, severities[i]!, { id, name, level, parent }, around.inventory) ?? [],
  );
}

/** The alerts of the state over what its counties told. */
export function stateAlerts(sightings: readonly Sighting[], setting: Setting = {}): Alert[] {
  const enricher = setting.enricher ?? bundledEnricher();
  const inventory = parseInventory(STATE_INVENTORY, 'inventory.yaml');
  const asOf = (hi: number, lo: number) => enricher.owner(hi, lo)?.number ?? 0;
  const decisions = decideAcross(sightings, { dayStartMs: inventory.dayStartMs, asOf });
  const around = { state: createState(1), inventory, enricher, organizations: organizationsOf(inventory, []) };
  const lines = decisions.map(() => ({ lines: [], paths: [], given: [] }));
  return toAlerts(decisions, gradeAll(decisions, inventory), lines, around);
}

/** Inventory of the fixtures whose detections ask for declared systems. */
const ELECTION_FILE = join(import.meta.dirname, 'election.yaml');

/** Path of the inventory that a detection's fixtures are read with; undefined where it needs none. */
export function inventoryFileFor(id: string): string | undefined {
  const needs = DETECTIONS.find((d) => d.id === id)?.needs ?? [];
  const isOfSystems = needs.some(
    (need) => need.endsWith('systems') || need === 'sentinels' || need === 'protected_records',
  );
  return isOfSystems ? ELECTION_FILE : undefined;
}

/** What the fixtures of a detection are decided under. */
export function settingFor(id: string): Setting {
  const file = inventoryFileFor(id);
  return file === undefined ? {} : { inventory: readFileSync(file, 'utf8'), file };
}

/** "W05 198.51.100.7 medium" of each alert, sorted. */
export function inShort(alerts: readonly Alert[]): string[] {
  return alerts.map((a) => `${a.detection} ${a.key.text} ${a.severity}`).sort();
}

/** "W05 198.51.100.7 medium" of one detection, sorted. */
export function only(alerts: readonly Alert[], detection: string): string[] {
  return inShort(alerts.filter((a) => a.detection === detection));
}
