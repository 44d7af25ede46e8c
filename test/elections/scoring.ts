/**
 * Holds what a run was told against what is true of it: for each attack whether one of its detections names its source
 * or its system at the right time, and every alert about somebody who did nothing but use the systems.
 */
import { join } from 'node:path';
import { DETECTIONS } from '../../src/alerts/detections.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import type { Alert } from '../../src/model/alert.ts';
import { analyze } from '../../src/run/pipeline.ts';
import { sightingsOf, stateAlerts } from '../detect/deciding.ts';
import { START_MS } from '../detect/log-lines.ts';
import type { Label } from './label.ts';
import { type LabelledRun, RUN_DEFAULTS, writeLabelledRun } from './labelled-run.ts';

/** An alert's times are those of lines and of panes. */
const SLACK_MS = 1000;

/** Alerts about people that are told of: one is too many. */
const WRONGED_MAX = 5;

export interface Row {
  label: Label;
  /** the gravest alert that tells of it, or null */
  told: Alert | null;
  /** true while none of its detections is in the catalogue: nobody can tell of it yet */
  isMissing: boolean;
}

export interface Score {
  run: LabelledRun;
  rows: Row[];
  /** alerts (low and above) about people who lawfully used the systems, in words */
  wronged: string[];
  /** alerts about the scanner that was agreed to, and of the other one that does the same */
  authorized: Alert[];
  alerts: Alert[];
}

const KNOWN = new Set(DETECTIONS.map((d) => d.id));

/** Writes a run into a folder, analyses it, and scores it. */
export async function scoreRun(out: string, args: Partial<typeof RUN_DEFAULTS>): Promise<Score> {
  const run = writeLabelledRun({ ...RUN_DEFAULTS, ...args, out });
  const { logs, inventory } = run.county;
  const options = { format: 'auto', year: 2026, threads: 1, progress: false };
  const { alerts: county } = await analyze({ paths: logs, configFile: inventory, ...options });
  const state = await stateAlertsOf(out, run.state.counties);
  return {
    run,
    rows: [
      ...run.county.labels.map((label) => rowOf(label, county)),
      ...run.state.labels.map((label) => rowOf(label, state)),
    ],
    wronged: wronged(run, [...county, ...state]),
    authorized: county.filter((alert) => namesOf(alert).includes(run.authorized)),
    alerts: [...county, ...state],
  };
}

/** What the state is told: each county decides for itself, and tells it of its alerts. */
async function stateAlertsOf(out: string, counties: Readonly<Record<string, string[]>>): Promise<Alert[]> {
  const databases = { asn: join(out, 'owners.mmdb'), country: join(out, 'countries.mmdb') };
  const enricher = createEnricher({ databases });
  const sightings = [];
  for (const [county, lines] of Object.entries(counties))
    sightings.push(...(await sightingsOf(county, { [`access.${county}.log`]: lines }, { enricher })));
  return stateAlerts(sightings, { enricher });
}

function rowOf(label: Label, alerts: readonly Alert[]): Row {
  const told = alerts.filter((alert) => tells(alert, label)).sort((a, b) => b.score - a.score)[0] ?? null;
  return { label, told, isMissing: !label.detections.some((id) => KNOWN.has(id)) };
}

/** True when an alert tells of an attack: its detection, while it went on, and who did it or what it was aimed at. */
export function tells(alert: Alert, label: Label): boolean {
  if (!label.detections.includes(alert.detection) || alert.severity === 'info') return false;
  if (alert.endMs < START_MS + label.first * 1000 - SLACK_MS) return false;
  if (alert.startMs > START_MS + label.last * 1000 + SLACK_MS) return false;
  if (label.sources.length === 0) return alert.asset?.id === label.asset;
  if (alert.key.kind === 'target') return alert.asset?.id === label.asset;
  return namesOf(alert).some((address) => label.sources.includes(address));
}

/** Addresses that an alert names. */
function namesOf(alert: Alert): string[] {
  return [...(alert.source?.addresses ?? []), ...alert.related];
}

function wronged(run: LabelledRun, alerts: readonly Alert[]): string[] {
  const who = new Map(Object.entries(run.lawful).flatMap(([role, list]) => list.map((address) => [address, role])));
  const found = alerts
    .filter((alert) => alert.severity !== 'info')
    .flatMap((alert) => {
      const role = namesOf(alert)
        .map((address) => who.get(address))
        .find((found) => found !== undefined);
      return role === undefined ? [] : [`${role}: ${alert.detection} ${alert.severity}: ${alert.summary}`];
    });
  return found.slice(0, WRONGED_MAX);
}
