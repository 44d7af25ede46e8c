/**
 * What a run adds up to, besides its alerts: what was read, what could not be seen, the noise below every threshold,
 * the network owners, the time line.
 */
import { readFileSync } from 'node:fs';
import { lineShape } from '../alerts/redact.ts';
import { visibilityOf } from '../alerts/visibility.ts';
import type { Decision } from '../detect/decision.ts';
import { findRow, type Ledger, SPACE } from '../measure/ledger.ts';
import { COVERAGE, covered } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';
import type { Problem } from '../model/problem.ts';
import type { OriginSummary, OwnerRow, RunSummary } from '../model/summary.ts';
import type { Tally } from '../model/tally.ts';
import { letThrough } from './let-through.ts';
import { type NoiseParts, noiseOf } from './noise.ts';
import { summarizeOffice } from './office-summary.ts';
import type { EmptyLog, OpenLog } from './open-logs.ts';
import { timelineOf } from './timeline.ts';

/** What a run is summed up from. */
export interface RunParts extends NoiseParts {
  /** how many there were in all; the state may have forgotten those that touched nothing */
  sources: number;
  decisions: readonly Decision[];
  logs: readonly OpenLog[];
  tallies: ReadonlyMap<number, Tally>;
  problems: readonly Problem[];
  empty: readonly EmptyLog[];
}

/** All of a summary that is told by the state: alerts and what is summed up over them come when it is gone. */
export type StateSummary = Omit<RunSummary, 'publicKey' | 'seconds' | 'owners' | 'dataSets' | 'alerts'>;

/** The part of a run's summary that needs the settled state. */
export async function summarizeState(parts: RunParts): Promise<StateSummary> {
  const { around } = parts;
  const { state, inventory } = around;
  const { ledger } = state;
  const origins = originSummaries(parts);
  const alerted = alertedRows(parts.decisions, ledger);
  const spans = [...state.spans.values()];
  const firstMs = spans.length === 0 ? null : Math.min(...spans.map((s) => s[0]));
  const lastMs = spans.length === 0 ? null : Math.max(...spans.map((s) => s[1]));
  const counts = Object.fromEntries(COVERAGE.map((name) => [name, covered(state, name)]));
  const off = new Set([...inventory.detections].filter(([, o]) => o.off).map(([id]) => id));
  return {
    version: version(),
    organization: { id: inventory.organization.id, name: inventory.organization.name },
    office: summarizeOffice(inventory, firstMs, lastMs),
    tlp: inventory.mailing.tlp,
    origins,
    lines: sum(origins, (o) => o.lines),
    events: sum(origins, (o) => o.events),
    bytes: sum(origins, (o) => o.bytes),
    skipped: sum(origins, (o) => sum(o.skipped, (s) => s.count)),
    refused: sum(origins, (o) => sum(o.refused, (r) => r.count)),
    sources: parts.sources,
    firstMs,
    lastMs,
    visibility: visibilityOf(counts, off, {
      systems: inventory.assets,
      hasProtectedRecords: inventory.protectedRecords.length > 0,
    }),
    noise: await noiseOf(parts, alerted),
    letThrough: letThrough(state, alerted, inventory),
    timeline: timelineOf(state, alerted),
    bound:
      ledger.level === 0
        ? null
        : `the memory bound was reached: about one in ${2 ** ledger.level} of the touches without a rule match was kept, evenly for all sources; counts are estimates`,
  };
}

function originSummaries(parts: RunParts): OriginSummary[] {
  const { state } = parts.around;
  const named = new Map(parts.problems.map((p) => [p.file ?? '', p]));
  const read = parts.logs.map((log): OriginSummary => {
    const tally = parts.tallies.get(log.origin.id);
    const span = state.spans.get(log.origin.id);
    const problem = named.get(log.origin.name) ?? (isUnread(tally) ? { ...UNREAD, file: log.origin.name } : null);
    named.delete(log.origin.name);
    return {
      name: log.origin.name,
      format: log.format.name,
      lines: tally?.lines ?? 0,
      events: tally?.events ?? 0,
      bytes: tally?.bytes ?? 0,
      skipped: [...(tally?.skipped ?? [])].map(([kind, count]) => ({ kind, count })).sort(byCount),
      refused: [...(tally?.refused ?? [])]
        .map(([reason, { count, samples }]) => ({
          reason,
          count,
          samples: samples.map(({ offset, text }) => ({ offset, text: lineShape(text) })),
        }))
        .sort(byCount),
      firstMs: span?.[0] ?? null,
      lastMs: span?.[1] ?? null,
      yearNote: log.yearNote,
      problem,
      limits: [...log.format.limits],
    };
  });
  const nothing = (name: string, problem: Problem | null): OriginSummary => ({
    name,
    format: null,
    lines: 0,
    events: 0,
    bytes: 0,
    skipped: [],
    refused: [],
    firstMs: null,
    lastMs: null,
    yearNote: null,
    problem,
    limits: [],
  });
  return [
    ...read,
    ...parts.empty.map((e) => nothing(e.name, null)),
    ...[...named].map(([name, problem]) => nothing(name, problem)),
  ];
}

/** A log whose every line was refused: --format named another one, or only its first lines looked like one. */
const UNREAD: Problem = {
  code: 'PW-FORMAT-NO-LINE',
  message: 'not one line could be read in this format',
  hint: 'leave --format out, or name the right one: `pollwatch formats` lists them',
};

function isUnread(tally: Tally | undefined): boolean {
  return tally !== undefined && tally.events === 0 && tally.skipped.size === 0 && tally.refused.size > 0;
}

const byCount = (a: { count: number }, b: { count: number }) => b.count - a.count;

function alertedRows(decisions: readonly Decision[], ledger: Ledger): Set<number> {
  const rows = new Set<number>();
  for (const d of decisions) {
    for (const m of d.members) {
      const row = findRow(ledger, (d.organization << 8) | SPACE.source, m.hi, m.lo);
      if (row >= 0) rows.add(row);
    }
  }
  return rows;
}

/** Network owners of alerted sources, those with most sources first. */
export function ownersOf(alerts: readonly Alert[]): OwnerRow[] {
  const rows = new Map<string, OwnerRow & { keys: Set<string>; counted: Map<string, number> }>();
  for (const a of alerts) {
    if (a.source === null || a.key.kind !== 'source') continue;
    const name = a.source.as === null ? 'network owner unknown' : a.source.as.name;
    const key = `${a.source.as?.number ?? 0} ${name}`;
    const row = rows.get(key) ?? {
      as: a.source.as?.number ?? null,
      name,
      country: a.source.country?.name ?? null,
      sources: 0,
      alerts: 0,
      events: 0,
      keys: new Set(),
      counted: new Map(),
    };
    row.alerts++;
    row.keys.add(a.key.text);
    const family = `${a.key.text} ${a.day}`;
    row.counted.set(
      family,
      Math.max(row.counted.get(family) ?? 0, (a.evidence['requests'] ?? 0) + (a.evidence['packets'] ?? 0)),
    );
    rows.set(key, row);
  }
  return [...rows.values()]
    .map(({ keys, counted, ...row }) => ({
      ...row,
      sources: keys.size,
      events: [...counted.values()].reduce((n, c) => n + c, 0),
    }))
    .sort((a, b) => b.sources - a.sources || b.events - a.events || (a.name < b.name ? -1 : 1));
}

function sum<T>(list: readonly T[], of: (t: T) => number): number {
  return list.reduce((n, t) => n + of(t), 0);
}

let packageVersion: string | null = null;
function version(): string {
  packageVersion ??= (
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  ).version;
  return packageVersion;
}
