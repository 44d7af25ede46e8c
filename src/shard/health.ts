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
import { DAY, dayOf, WEB_PANE } from '../model/time.ts';
import { lagMs, type OrganizationStatus } from '../operate/status.ts';
import { type DailyDocument, type DaySetting, document } from './daily.ts';

/** How often an organisation is told of, ms. */
export const HEALTH_MS = 300_000;
/** An origin is silent after this long at least, and after three times its longest pause of seven days, ms. */
const SILENT_MS = 30 * 60_000;
const PAUSES = 3;
const PAUSE_DAYS = 7;
/** Lines of one interval of which a share says something, and the share of unreadable ones that is too large. */
const LINES_MIN = 1000;
const REFUSED_SHARE = 0.1;
/** Lines that are younger than their receipt by this much have a wrong clock or zone; older ones, or came late, ms. */
const AHEAD_MS = 5 * 60_000;
const BEHIND_MS = 45 * 60_000;
/** How far the last event that counts may lie behind now while lines wait, ms. */
const LATE_MS = 3_600_000;
/** A data set that is older says too little of today, days: networks change hands. */
export const DATA_SET_DAYS_MAX = 180;

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

/** What is known of an origin from the intervals before. */
interface OriginMemory {
  /** when something of it was committed last, Unix ms */
  readonly updatedMs: number;
  /** longest pause of each of the last days: [number of the day, ms] */
  readonly pauses: readonly (readonly [day: number, ms: number])[];
  /** faults that last, with their beginning, Unix ms */
  readonly silentSince?: number;
  readonly clockSince?: number;
}

/** What is kept between two documents; JSON. */
export interface HealthMemory {
  readonly atMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly origins: Readonly<Record<string, OriginMemory>>;
  /** day on which data sets were told last */
  readonly dataSetsDay: number;
}

/** A document with its version: of one fault or day each later one is higher. */
export interface HealthDocument extends DailyDocument {
  readonly version: number;
}

/** Whose health it is. `dataSets` answers for network owners and countries. */
export interface HealthSetting extends Pick<DaySetting, 'organization' | 'inventory' | 'indexPrefix'> {
  readonly dataSets: readonly DataSet[];
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
    const judged = judgeOrigin(origin, status, before, nowMs, setting);
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
  faulty: 'something is not read or not mailed, or was put aside',
} as const;

function stateOf(status: OrganizationStatus, nowMs: number, isFaulty: boolean): keyof typeof STATE_WORDS {
  if (isFaulty || status.depth.deadLetters > 0 || status.mail.oldestMs > STALE_MS) return 'faulty';
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

type Origin = OrganizationStatus['origins'][number];

/** What is wrong with an origin, told once while it lasts and once when it is over, and what to remember of it. */
function judgeOrigin(
  origin: Origin,
  status: OrganizationStatus,
  before: HealthMemory | null,
  nowMs: number,
  setting: HealthSetting,
): { documents: HealthDocument[]; memory: OriginMemory } {
  const known = before?.origins[origin.number];
  const pauses = pausesOf(origin, known, nowMs, setting.inventory.dayStartMs);
  const usualMs = Math.max(0, ...pauses.map(([, ms]) => ms));
  const quietMs = origin.updatedMs === 0 ? 0 : nowMs - origin.updatedMs;
  const isSilent = !origin.closed && quietMs > Math.max(SILENT_MS, PAUSES * usualMs);
  const skewMs = origin.closed ? null : skewOf(origin, status);
  const isWrong = skewMs !== null && (skewMs > AHEAD_MS || skewMs < -BEHIND_MS);
  const silentSince = isSilent ? (known?.silentSince ?? origin.updatedMs) : undefined;
  // nothing new came of it: what was wrong with its clock still is
  const clockSince =
    isWrong || (skewMs === null && !origin.closed) ? (known?.clockSince ?? (isWrong ? nowMs : undefined)) : undefined;
  const documents: HealthDocument[] = [];
  const told = (kind: FaultKind, since: number | undefined, was: number | undefined, more: object) => {
    const at = since ?? was;
    if (at === undefined) return;
    documents.push(faultDocument(origin, kind, { sinceMs: at, isOver: since === undefined, nowMs, more }, setting));
  };
  told('log_silence', silentSince, known?.silentSince, {
    silent_s: Math.round((silentSince === undefined ? origin.updatedMs - (known?.silentSince ?? 0) : quietMs) / 1000),
    usual_pause_s: Math.round(usualMs / 1000),
  });
  told('clock', clockSince, known?.clockSince, skewMs === null ? {} : { ahead_s: Math.round(skewMs / 1000) });
  return {
    documents,
    memory: {
      updatedMs: origin.updatedMs,
      pauses,
      ...(silentSince === undefined ? {} : { silentSince }),
      ...(clockSince === undefined ? {} : { clockSince }),
    },
  };
}

/** Longest pause of each of the last days; one that lasts is no pause yet. Between two looks at most one is seen. */
function pausesOf(
  { updatedMs }: Origin,
  known: OriginMemory | undefined,
  nowMs: number,
  dayStartMs: number,
): OriginMemory['pauses'] {
  const day = dayOf(nowMs, dayStartMs);
  const kept = new Map((known?.pauses ?? []).filter(([each]) => each >= day - PAUSE_DAYS));
  const pause = known === undefined || known.updatedMs === 0 ? 0 : updatedMs - known.updatedMs;
  if (pause > (kept.get(day) ?? 0)) kept.set(day, pause);
  return [...kept].sort(([a], [b]) => a - b);
}

/**
 * How far the latest events of an origin lie ahead of their receipt, ms; negative = behind. Known to ten minutes, so the
 * least that it can be is told; null while lines of it wait or nothing is known.
 */
function skewOf({ number, seq, applied, updatedMs }: Origin, { progress }: OrganizationStatus): number | null {
  const eventMs = progress?.originMs?.[number];
  if (eventMs === undefined || updatedMs === 0 || applied < seq) return null;
  const latest = eventMs - updatedMs;
  const earliest = latest - WEB_PANE;
  return earliest > 0 ? earliest : Math.min(0, latest);
}

type FaultKind = 'log_silence' | 'clock';
const FAULTS: Readonly<Record<FaultKind, { code: string; words: string; over: string }>> = {
  log_silence: { code: 'X08', words: 'nothing comes any more', over: 'lines come again' },
  clock: {
    code: 'X09',
    words: 'its clock or time zone cannot be right, or lines come late',
    over: 'times are right again',
  },
};

function faultDocument(
  { name, format }: Origin,
  kind: FaultKind,
  fault: { sinceMs: number; isOver: boolean; nowMs: number; more: object },
  setting: HealthSetting,
): HealthDocument {
  const { code, words, over } = FAULTS[kind];
  const { sinceMs, isOver, nowMs, more } = fault;
  const version = 1 + Math.max(0, Math.floor((nowMs - sinceMs) / HEALTH_MS));
  return healthDocument(
    setting,
    nowMs,
    [kind, name, String(sinceMs)],
    version,
    {
      message: `${name}: ${isOver ? over : words}`,
      event: {
        code,
        dataset: `pollwatch.health.${kind}`,
        start: new Date(sinceMs).toISOString(),
        end: new Date(nowMs).toISOString(),
      },
      pollwatch: {
        origin: { name, ...(format === null ? {} : { format }) },
        health: { kind, state: isOver ? 'over' : 'faulty', ...more },
      },
    },
    sinceMs,
  );
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

/** One of them; its id is that of `parts` on the day of `sinceMs`, so that a later version takes its place. */
function healthDocument(
  { organization, inventory, indexPrefix }: HealthSetting,
  nowMs: number,
  parts: readonly string[],
  version: number,
  body: { readonly message: string; readonly event: object; readonly pollwatch: object },
  sinceMs = nowMs,
): HealthDocument {
  const day = dayOf(sinceMs, inventory.dayStartMs);
  const at = new Date(nowMs).toISOString();
  const made = document(
    'health',
    { day, organization, inventory, indexPrefix, generation: 0, revision: version },
    parts,
    {
      ...body,
      '@timestamp': at,
      event: { kind: 'state', start: at, end: at, ...body.event },
    },
  );
  return { ...made, version };
}
