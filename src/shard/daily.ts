/**
 * What a settled day leaves behind besides its alerts, as documents for the index: the organisation's summary for the
 * state (counts, detections, ids of clusters, no addresses, no URLs; ELECTIONS 2d) and the lines that could not be read
 * (how many, why, the shape of a few). Pure: the same day, alerts and tallies give the same documents.
 *
 *   us-xx-example, 2026-09-14 → one summary of the day, one per detection, one per origin and reason of refusal
 */
import { createHash } from 'node:crypto';
import { compareAlerts } from '../alerts/alert-order.ts';
import { clusterId } from '../alerts/identity.ts';
import { lineShape } from '../alerts/redact.ts';
import { type Family, indexOf } from '../elastic/index-names.ts';
import { paneStart } from '../measure/entry.ts';
import type { State } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';
import type { Inventory } from '../model/inventory.ts';
import { counted } from '../model/quantity-words.ts';
import { LEVELS } from '../model/rule.ts';
import type { Tally } from '../model/tally.ts';
import { DAY, dayLabel, dayOf, dayStart, WEB_PANE } from '../model/time.ts';

/** A document for the index; its external version is the caller's generation × 2³² + revision. */
export interface DailyDocument {
  readonly id: string;
  readonly index: string;
  /** plain JSON values in ECS names; event.ingested is added when it is written */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Whose day it is, and what its documents carry. */
export interface DaySetting {
  /** number of the day (dayOf with the inventory's start of the day) */
  readonly day: number;
  readonly organization: { readonly id: string; readonly name: string };
  readonly inventory: Inventory;
  /** first part of index names */
  readonly indexPrefix: string;
  readonly generation: number;
  readonly revision: number;
}

/** What one origin read on a day; lines without a time belong to the day of the lines around them. */
export interface DayOrigin {
  readonly name: string;
  readonly format: string;
  readonly tally: Tally;
}

/** Counts of sources, as `daySources` gives them. */
export interface SourceCounts {
  readonly sources: number;
  /** of these, those that have a document of their own */
  readonly matched: number;
}

/** Clusters that a document names; of more the gravest, and how many are not named. */
export const CLUSTERS_MAX = 1000;
/** Reasons of refusal per origin that get a document; of more those with the most lines. */
const REASONS_MAX = 50;

/**
 * The organisation's summary of a day and one per detection. `alerts` are those of this organisation and day that stand;
 * `origins` what was read of the day, `late` how many lines came after their window was closed.
 */
export function summaryDocuments(
  state: State,
  alerts: readonly Alert[],
  read: { readonly origins: readonly DayOrigin[]; readonly late: number; readonly sources: SourceCounts },
  setting: DaySetting,
): DailyDocument[] {
  const { day, organization, inventory } = setting;
  const label = dayLabel(day, inventory.dayStartMs);
  const own = alerts.filter((a) => a.day === label && a.organization.id === organization.id).sort(compareAlerts);
  const { level, parent } = inventory.organization;
  const place = {
    jurisdiction: {
      id: organization.id,
      ...(level === null ? {} : { level }),
      ...(parent === null ? {} : { parent }),
    },
  };
  const tally = sumOf(read.origins);
  const total = document('summaries', setting, ['total'], {
    message: `${organization.name}, ${label}: ${counted(own.length, 'alert')}`,
    event: { kind: 'metric', dataset: 'pollwatch.summary' },
    pollwatch: {
      ...place,
      summary: {
        kind: 'total',
        ...countsOf(own),
        lines: tally.lines,
        events: eventsOf(state, day, inventory.dayStartMs),
        skipped: tally.skipped,
        refused: tally.refused,
        bytes: tally.bytes,
        late: read.late,
        sources: read.sources.sources,
        sources_matched: read.sources.matched,
      },
    },
  });
  const detections = new Map<string, Alert[]>();
  for (const alert of own) detections.set(alert.detection, [...(detections.get(alert.detection) ?? []), alert]);
  const parts = [...detections].map(([detection, some]) =>
    document('summaries', setting, ['detection', detection], {
      message: `${organization.name}, ${label}: ${counted(some.length, 'alert')}, ${some[0]!.name}`,
      event: { kind: 'metric', dataset: 'pollwatch.summary' },
      pollwatch: { ...place, summary: { kind: 'detection', detection, name: some[0]!.name, ...countsOf(some) } },
    }),
  );
  return [total, ...parts];
}

/** Lines of a day that could not be read: one document per origin and reason. */
export function refusedDocuments(origins: readonly DayOrigin[], setting: DaySetting): DailyDocument[] {
  return origins.flatMap(({ name, format, tally }) => {
    const reasons = [...tally.refused].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1));
    const origin = { name, format, ...sumOf([{ name, format, tally }]) };
    return reasons.slice(0, REASONS_MAX).map(([reason, { count, samples }]) =>
      document('refused', setting, [name, reason], {
        message: `${counted(count, 'line')} of ${name} could not be read as ${format}: ${reason}`,
        event: { kind: 'pipeline_error', dataset: 'pollwatch.refused' },
        pollwatch: {
          origin: {
            name,
            format,
            lines: origin.lines,
            events: origin.events,
            skipped: origin.skipped,
            refused: origin.refused,
          },
          // nobody knows where in such a line personal data stand: only its shape
          refused: { reason, count, samples: samples.map((s) => ({ offset: s.offset, shape: lineShape(s.text) })) },
        },
      }),
    );
  });
}

/** Makes a document of a family: what all have, its id from organisation, day and `parts`, its index from the day. */
export function document(
  family: Family,
  setting: DaySetting,
  parts: readonly string[],
  body: { readonly event: object; readonly pollwatch: object; readonly [field: string]: unknown },
): DailyDocument {
  const { organization, generation, revision } = setting;
  const { label, start, end } = datesOf(setting);
  return {
    id: createHash('sha256')
      .update(JSON.stringify([family, organization.id, label, ...parts]))
      .digest('hex')
      .slice(0, 32),
    index: indexOf(setting.indexPrefix, family, organization.id, label),
    body: {
      '@timestamp': start,
      ecs: { version: '9.4.0' },
      ...body,
      event: {
        module: 'pollwatch',
        provider: 'pollwatch',
        start,
        end,
        ...body.event,
      },
      organization,
      tags: ['pollwatch'],
      pollwatch: { schema: '1', day: label, generation, revision, ...body.pollwatch },
    },
  };
}

interface Dates {
  readonly label: string;
  readonly start: string;
  readonly end: string;
}

/** Dates of days that documents are being made of: writing them takes longer than the rest of a small document. */
const dates = new WeakMap<DaySetting, Dates>();

function datesOf(setting: DaySetting): Dates {
  const known = dates.get(setting);
  if (known !== undefined) return known;
  const { day, inventory } = setting;
  const start = dayStart(day, inventory.dayStartMs);
  const found = {
    label: dayLabel(day, inventory.dayStartMs),
    start: new Date(start).toISOString(),
    end: new Date(start + DAY - 1).toISOString(),
  };
  dates.set(setting, found);
  return found;
}

/** What alerts add up to; clusters are named so that the state sees the same one in two counties. */
function countsOf(alerts: readonly Alert[]): object {
  const clusters = new Set(alerts.flatMap(({ key }) => (key.kind === 'target' ? [] : [clusterId(key.kind, key.text)])));
  return {
    alerts: alerts.length,
    ...(alerts.length === 0 ? {} : { highest: alerts[0]!.severity }),
    severities: Object.fromEntries(LEVELS.map((level) => [level, alerts.filter((a) => a.severity === level).length])),
    outcomes: tallied(alerts, (a) => a.outcome, ['tried', 'refused', 'answered']),
    verdicts: tallied(alerts, (a) => a.verdict.term, ['noise', 'tailored', 'cannot_tell']),
    ...(clusters.size === 0 ? {} : { clusters: [...clusters].slice(0, CLUSTERS_MAX) }),
    clusters_left_out: Math.max(0, clusters.size - CLUSTERS_MAX),
  };
}

function tallied<T extends string>(alerts: readonly Alert[], of: (a: Alert) => T, terms: readonly T[]): object {
  return Object.fromEntries(terms.map((term) => [term, alerts.filter((a) => of(a) === term).length]));
}

function eventsOf(state: State, day: number, dayStartMs: number): number {
  let events = 0;
  for (const [pane, [all]] of state.timeline) if (dayOf(paneStart(pane, WEB_PANE), dayStartMs) === day) events += all;
  return events;
}

function sumOf(origins: readonly DayOrigin[]) {
  const sum = { lines: 0, events: 0, skipped: 0, refused: 0, bytes: 0 };
  for (const { tally } of origins) {
    sum.lines += tally.lines;
    sum.events += tally.events;
    sum.bytes += tally.bytes;
    for (const count of tally.skipped.values()) sum.skipped += count;
    for (const { count } of tally.refused.values()) sum.refused += count;
  }
  return sum;
}
