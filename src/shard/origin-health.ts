/**
 * What is wrong with an origin: it fell silent (X08), or its clock cannot be right (X09). Judged by the machine's clock,
 * against its own longest pauses of the last days; told while it lasts and once when it is over.
 */
import { dayOf, WEB_PANE } from '../model/time.ts';
import type { OrganizationStatus } from '../operate/status.ts';
import { HEALTH_MS, type HealthDocument, type HealthSetting, healthDocument } from './health-document.ts';

/** An origin is silent after this long at least, and after three times its longest pause of seven days, ms. */
const SILENT_MS = 30 * 60_000;
const PAUSES = 3;
const PAUSE_DAYS = 7;
/** Lines that are younger than their receipt by this much have a wrong clock or zone; older ones, or came late, ms. */
const AHEAD_MS = 5 * 60_000;
const BEHIND_MS = 45 * 60_000;
/** What is known of an origin from the intervals before. */
export interface OriginMemory {
  /** when something of it was committed last, Unix ms */
  readonly updatedMs: number;
  /** longest pause of each of the last days: [number of the day, ms] */
  readonly pauses: readonly (readonly [day: number, ms: number])[];
  /** faults that last, with their beginning, Unix ms */
  readonly silentSince?: number;
  readonly clockSince?: number;
}

type Origin = OrganizationStatus['origins'][number];

/** What is wrong with an origin, told once while it lasts and once when it is over, and what to remember of it. */
export function judgeOrigin(
  origin: Origin,
  status: OrganizationStatus,
  known: OriginMemory | undefined,
  nowMs: number,
  setting: HealthSetting,
): { documents: HealthDocument[]; memory: OriginMemory } {
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
