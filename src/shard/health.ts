/**
 * How well an installation works, as documents for the index: per organisation one every five minutes (what came in, what
 * became of it, what waits), one for each time that an origin fell silent (X08) or that its clock cannot be right (X09), and
 * one a day for each data set or list that answers whose an address is. They are about the machine's clock and stand outside law 1;
 * nothing decides by them. Pure: status, memory and instant in, documents and memory out.
 *
 *   status now, status five minutes ago → {event.kind: state, pollwatch.health: {lines: 120000, lag_s: 41, state: "ok"}}
 */

import type { DataSet } from '../enrich/bundled.ts';
import { openWindows } from '../model/contact.ts';
import type { Inventory } from '../model/inventory.ts';
import { STALE_MS } from '../model/outbox.ts';
import { DAY, dayOf } from '../model/time.ts';
import { lagMs, type OrganizationStatus } from '../operate/status.ts';
import { HEALTH_MS, type HealthDocument, type HealthSetting, healthDocument } from './health-document.ts';
import { judgeOrigin, type OriginMemory } from './origin-health.ts';

/** Lines of one interval of which a share says something, and the share of unreadable ones that is too large. */
const LINES_MIN = 1000;
const REFUSED_SHARE = 0.1;
/** How far the last event that counts may lie behind now while lines wait, ms. */
const LATE_MS = 3_600_000;
/** A data set that is older says too little of today, days: networks change hands. */
const DATA_SET_DAYS_MAX = 180;

/** What is summed up over an interval: names of the store's counters. */
const COUNTS = [
  'lines',
  'events',
  'skipped',
  'refused',
  'bytes',
  'alerts',
  'mails',
  'mails_sent',
  'mails_failed',
  'indexed',
] as const;

/** What is kept between two documents; JSON. */
export interface HealthMemory {
  readonly atMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly origins: Readonly<Record<string, OriginMemory>>;
  /** day on which data sets were told last */
  readonly dataSetsDay: number;
}

/** Documents of one organisation at one instant, and what to remember until the next. */
export function healthDocuments(
  status: OrganizationStatus,
  before: HealthMemory | null,
  nowMs: number,
  setting: HealthSetting,
): { documents: HealthDocument[]; memory: HealthMemory } {
  const day = dayOf(nowMs, setting.inventory.dayStartMs);
  const counts = countsOf(status);
  const delta = (name: string) => Math.max(0, (counts[name] ?? 0) - (before?.counts[name] ?? 0));
  const origins: Record<string, OriginMemory> = {};
  const faults: HealthDocument[] = [];
  const found = { open: 0, silent: 0, clock: 0 };
  for (const origin of status.origins) {
    const judged = judgeOrigin(origin, status, before?.origins[origin.number], nowMs, setting);
    faults.push(...judged.documents);
    if (origin.closed) continue;
    found.open++;
    if (judged.memory.silentSince !== undefined) found.silent++;
    if (judged.memory.clockSince !== undefined) found.clock++;
    origins[origin.number] = judged.memory;
  }
  const isUnreadable = delta('lines') >= LINES_MIN && delta('refused') > REFUSED_SHARE * delta('lines');
  const state = stateOf(status, nowMs, isUnreadable || found.silent > 0);
  const pipeline = healthDocument(setting, nowMs, ['pipeline', String(Math.floor(nowMs / HEALTH_MS))], 1, {
    message: `${setting.organization.name}: ${STATE_WORDS[state]}`,
    event: { dataset: 'pollwatch.health' },
    pollwatch: {
      window: windowOf(setting.inventory, nowMs),
      health: {
        kind: 'pipeline',
        state,
        ...Object.fromEntries([...COUNTS, 'late', 'dropped'].map((name) => [name, delta(name)])),
        interval_s: before === null ? 0 : Math.round((nowMs - before.atMs) / 1000),
        unreadable: isUnreadable,
        ...gaugesOf(status, nowMs),
        open_origins: found.open,
        silent_origins: found.silent,
        clock_faults: found.clock,
      },
    },
  });
  const isNewDay = before?.dataSetsDay !== day;
  return {
    documents: [
      pipeline,
      ...faults,
      ...(isNewDay ? setting.dataSets.map((d) => dataSetDocument(d, nowMs, setting)) : []),
    ],
    memory: { atMs: nowMs, counts, origins, dataSetsDay: day },
  };
}

/** The window of an election that is open, and how long it is until polls close the next time. */
function windowOf({ calendar }: Inventory, nowMs: number): object {
  const [open] = openWindows(calendar, nowMs).slice(-1);
  const polls = calendar
    .flatMap(({ windows }) => windows.filter(({ phase, fromMs }) => phase === 'results' && fromMs >= nowMs))
    .map(({ fromMs }) => fromMs);
  return {
    phase: open?.phase ?? 'none',
    ...(open === undefined ? {} : { election_id: open.election.id }),
    ...(polls.length === 0 ? {} : { days_to_election: Math.floor((Math.min(...polls) - nowMs) / DAY) }),
  };
}

const STATE_WORDS = {
  ok: 'lines are read and decided as they come',
  late: 'lines wait to be decided',
  faulty: 'something is not read, not decided or not mailed, or was put aside',
} as const;

function stateOf(status: OrganizationStatus, nowMs: number, isFaulty: boolean): keyof typeof STATE_WORDS {
  if (isFaulty || status.halt !== null || status.depth.deadLetters > 0 || status.mail.oldestMs > STALE_MS)
    return 'faulty';
  const isWaiting = status.depth.waitingChunks + status.depth.flyingChunks > 0;
  return isWaiting && (lagMs(status, nowMs) ?? 0) > LATE_MS ? 'late' : 'ok';
}

function countsOf({ depth, origins, progress }: OrganizationStatus): Record<string, number> {
  return {
    ...Object.fromEntries(COUNTS.map((name) => [name, depth.stats[name] ?? 0])),
    late: Math.max(progress?.late ?? 0, depth.stats['late'] ?? 0),
    dropped: origins.reduce((sum, origin) => sum + origin.dropped, 0),
  };
}

function gaugesOf(status: OrganizationStatus, nowMs: number): object {
  const { depth, progress } = status;
  const lag = lagMs(status, nowMs);
  return {
    ...(lag === null ? {} : { lag_s: Math.round(lag / 1000) }),
    queued_bytes: depth.queuedBytes,
    waiting_chunks: depth.waitingChunks,
    flying_chunks: depth.flyingChunks,
    flying_s: Math.round(depth.flyingMs / 1000),
    log_records: depth.logRecords,
    state_bytes: depth.snapshotBytes,
    pending_documents: depth.pendingDocuments,
    dead_letters: depth.deadLetters,
    alerts_standing: progress?.alerts ?? 0,
  };
}

function dataSetDocument({ name, date }: DataSet, nowMs: number, setting: HealthSetting): HealthDocument {
  const builtMs = Date.parse(`${date}T00:00:00Z`);
  const age = Number.isNaN(builtMs) ? null : Math.max(0, Math.floor((nowMs - builtMs) / DAY));
  return healthDocument(setting, nowMs, ['data_set', name], 1, {
    message: `${name}: ${age === null ? 'of an unknown date' : `${age} days old`}`,
    event: { dataset: 'pollwatch.health.data_set' },
    pollwatch: {
      data_set: { name, ...(age === null ? {} : { date, age_days: age }) },
      health: { kind: 'data_set', state: age === null || age > DATA_SET_DAYS_MAX ? 'faulty' : 'ok' },
    },
  });
}
