/**
 * What a shard leaves behind of a day when the day is past: its summary, its sources and the lines that nobody could read
 * (daily.ts, daily-sources.ts), as documents with versions. A day is told once when it closes, and again a day later if
 * lines came meanwhile, or alerts whose windows closed later; where every origin is closed, whenever something changed.
 */
import { hash } from 'node:crypto';
import type { Alert } from '../model/alert.ts';
import { DAY, dayLabel, dayOf, dayStart, WEB_PANE } from '../model/time.ts';
import type { Revision, ShardDocument } from '../queue/shard-store.ts';
import { REVISIONS, type TellingSetting } from './alert-document.ts';
import { type DailyDocument, type DayOrigin, type DaySetting, refusedDocuments, summaryDocuments } from './daily.ts';
import { daySources } from './daily-sources.ts';
import { mayChange } from './pruning.ts';
import type { Shard } from './shard.ts';

/** What is kept of a day that was told, with the revision of its summary. */
export interface ToldDay extends Revision {
  readonly kind: 'day';
  /** of the day's summary */
  readonly id: string;
  readonly day: number;
  /** digest of what it was told from: lines, events and alerts */
  readonly of: string;
  /** how often it was told */
  readonly times: number;
}

/** Whether what is kept of a document is about a day. */
export function isToldDay(revision: Revision): revision is ToldDay {
  return revision['kind'] === 'day';
}

/** When days are told. */
export interface DayTelling {
  /** windows that end before this instant are past; +Infinity when no line is awaited */
  readonly closedMs: number;
  /** no origin will bring a line any more */
  readonly isOver: boolean;
  /** instant by the machine's clock before which days are past where no line is awaited, Unix ms */
  readonly nowMs: number;
  readonly generation: number;
  /** by day */
  readonly told: ReadonlyMap<number, ToldDay>;
  /** alerts that stand */
  readonly alerts: readonly Alert[];
  /** origins by number */
  readonly origins: ReadonlyMap<number, { readonly name: string; readonly format: string | null }>;
}

/** Documents of days that closed. */
export interface ClosedDays {
  /**
   * Made as they are asked for, since there may be very many, and the shard's state must stay as it is until the last was
   * taken. Of each day the summary comes last: the one whose revision is kept (`more.kind` is "day").
   */
  readonly documents: Iterable<ShardDocument>;
  /** whether there is a day to tell */
  readonly isDue: boolean;
  /** ids of days that are told no more */
  readonly forgotten: readonly string[];
  /** end of the first day that has not been told, Unix ms; +Infinity when all have */
  readonly nextMs: number;
}

/** Documents of the days that closed or changed since they were told. The shard's state is settled. */
export function closeDays(shard: Shard, setting: TellingSetting, telling: DayTelling): ClosedDays {
  const { dayStartMs } = setting.inventory;
  const due: DueDay[] = [];
  const alerts = Map.groupBy(telling.alerts, (alert) => alert.day);
  let nextMs = Number.POSITIVE_INFINITY;
  const all = [...eventsByDay(shard, telling.alerts, dayStartMs)].sort((a, b) => a[0] - b[0]);
  for (const [day, events] of all) {
    const told = telling.told.get(day);
    const standing = alerts.get(dayLabel(day, dayStartMs)) ?? [];
    const of = digestOf(shard, day, events, standing);
    if (told?.of === of || !mayChange(shard, setting, ['network', 'web'], day)) continue;
    const endMs = dayStart(day, dayStartMs) + DAY;
    const pastMs = Number.isFinite(telling.closedMs) ? telling.closedMs : telling.nowMs;
    const isPast = told === undefined ? pastMs >= endMs : told.times < 2 && pastMs >= endMs + DAY;
    if (isPast || telling.isOver) due.push({ day, of, revision: revisionOf(told, events + standing.length) });
    else if (told === undefined) nextMs = Math.min(nextMs, endMs);
  }
  const forgotten = [...telling.told]
    .filter(([day]) => !mayChange(shard, setting, ['network', 'web'], day))
    .map(([, { id }]) => id);
  return { documents: documentsOf(due, shard, setting, telling), isDue: due.length > 0, forgotten, nextMs };
}

/** A day that is to be told. */
interface DueDay {
  readonly day: number;
  readonly of: string;
  readonly revision: number;
}

/** Digest of what a day is told from. Of alerts stands there what its documents say of them. */
function digestOf(shard: Shard, day: number, events: number, alerts: readonly Alert[]): string {
  const lines = [...(shard.days.get(day)?.tallies ?? [])].map(([origin, { lines: n }]) => [origin, n] as const);
  const told = alerts
    .map(({ id, severity, outcome, verdict }) => `${id} ${severity} ${outcome} ${verdict.term}`)
    .sort();
  return hash('sha256', JSON.stringify([events, lines.sort(([a], [b]) => a - b), told]), 'base64url').slice(0, 22);
}

/**
 * Events and alerts, which grow: a day that was told in part, before its worker died, is told again, and by then may have
 * more of them. In any case more than what was told.
 */
function revisionOf(told: ToldDay | undefined, events: number): number {
  const last = told === undefined ? 0 : told.v % REVISIONS;
  return Math.min(Math.max(events, last + 1), REVISIONS - 1);
}

/** Events of each day; of one without a line 0, where alerts rest on what other organisations told of it. */
function eventsByDay(shard: Shard, alerts: readonly Alert[], dayStartMs: number): Map<number, number> {
  const events = new Map<number, number>();
  for (const [pane, [all]] of shard.state.timeline) {
    const day = dayOf(pane * WEB_PANE, dayStartMs);
    events.set(day, (events.get(day) ?? 0) + all);
  }
  for (const { campaign, day: label } of alerts) {
    if (campaign === undefined || shard.facts.facts.size === 0) continue;
    const day = Math.floor(Date.parse(label) / DAY);
    events.set(day, events.get(day) ?? 0);
  }
  return events;
}

function* documentsOf(
  due: readonly DueDay[],
  shard: Shard,
  setting: TellingSetting,
  telling: DayTelling,
): Generator<ShardDocument> {
  const { inventory, organization, indexPrefix, enricher, secret, ruleSet } = setting;
  const { generation, alerts } = telling;
  for (const { day, of, revision } of due) {
    const times = (telling.told.get(day)?.times ?? 0) + 1;
    const about: DaySetting = { day, organization, inventory, indexPrefix, generation, revision };
    const { tallies, late } = shard.days.get(day) ?? { tallies: new Map(), late: 0 };
    const origins = [...tallies].map(([number, tally]): DayOrigin => {
      const origin = telling.origins.get(number);
      return { name: origin?.name ?? `origin ${number}`, format: origin?.format ?? 'unknown', tally };
    });
    const sources = daySources(shard.state, alerts, { ...about, enricher, secret, rules: ruleSet.rules });
    const read = { origins, late, sources: sources.counts };
    const [total, ...parts] = summaryDocuments(shard.state, alerts, read, about);
    const version = generation * REVISIONS + revision;
    for (const rest of [parts, refusedDocuments(origins, about), sources.documents])
      for (const document of rest) yield asPending(document, version, {});
    yield asPending(total!, version, { kind: 'day', day, of, times, id: total!.id });
  }
}

function asPending({ id, index, body }: DailyDocument, version: number, more: Record<string, unknown>): ShardDocument {
  const text = JSON.stringify(body);
  return { id, index, version, digest: '', body: text, more };
}
