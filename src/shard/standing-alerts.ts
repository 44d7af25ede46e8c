/**
 * All alerts of a shard that stand. Only those are looked at that may stand otherwise than at the last telling: of sources
 * of which something is new or not yet told, and of several sources. The rest, which on a busy day is nearly everything, is
 * passed by, so that a telling costs what is new and not what there is.
 */
import { firstDays, idOfDayBefore } from '../alerts/identity.ts';
import type { Severity } from '../alerts/severity.ts';
import type { Decision } from '../detect/decision.ts';
import { append } from '../model/long-lists.ts';
import type { alertMaker } from '../run/alerting.ts';
import { gravest, rankOf } from '../run/grading.ts';
import { fingerprintOf, type TellingSetting } from './alert-document.ts';
import type { AlertMemory } from './alert-memory.ts';
import type { Shard, ShardSetting } from './shard.ts';
import { decideShard } from './shard-decisions.ts';
import {
  type Footing,
  footingOf,
  isFirm,
  type Look,
  lookAt,
  type SourceAlerts,
  standsAsBefore,
} from './source-alerts.ts';
import { goneDays, joinDays, type MadeAlert, type StandingAlert, standingAlert } from './standing-alert.ts';
import type { Told } from './told-alert.ts';

/** Makes an alert of a decision; null where it is none. */
export type MakeAlert = ReturnType<typeof alertMaker>;

/** All alerts that stand. */
export interface StandingAlerts {
  readonly sources: readonly SourceAlerts[];
  readonly others: readonly StandingAlert[];
  /** first days of those others that are about one source, by source */
  readonly sharedDays: ReadonlyMap<string, string>;
  /** the sources that do not stand as they did */
  readonly looked: readonly SourceAlerts[];
  /** ids of what may have been told and stand no more */
  readonly mayBeGone: readonly string[];
  /** what all of them rest on */
  readonly footing: Footing;
}

/**
 * Decides, and looks again at what may stand otherwise than the last time. Changes the memory, which is of no use until
 * `rememberTelling` was called.
 */
export function standingAlerts(
  shard: Shard,
  setting: TellingSetting,
  telling: Look['telling'],
  memory: AlertMemory,
  makeAlert: MakeAlert,
): StandingAlerts {
  const make = (decision: Decision, severity: Severity, grave: boolean): MadeAlert | null => {
    const alert = makeAlert(decision, severity, { lines: [], paths: [], given: [] });
    if (alert === null) return null;
    return { alert, dayBefore: idOfDayBefore(alert), fingerprint: fingerprintOf(alert, decision, grave, setting) };
  };
  const look: Look = { shard, setting, telling, make };
  const before = memory.footing;
  // until the telling is through and remembered nothing stands as it did
  memory.footing = null;
  const { sources, others } = decideShard(shard, setting, telling.closedMs, memory.sources);
  const counted = sources.filter(({ isDrill }) => !isDrill);
  const isGrave = gravest(
    [...counted.flatMap(({ decisions }) => decisions), ...others.map((g) => g.decision)],
    [...counted.flatMap(({ ranks }) => ranks), ...others.map((g) => rankOf(g.severity))],
  );
  const shared = others.flatMap(({ decision, severity }, i) => {
    const grave = isGrave.at(i - others.length)!;
    const alert = make(decision, severity, grave);
    return alert === null ? [] : [standingAlert({ decision, severity, grave }, alert, shard, setting, telling)];
  });
  const sharedDays = daysOf(shared);
  const footing = footingOf(shard, telling.told);
  const isSame = isFirm(before, footing);
  const passes = isSame
    ? (source: SourceAlerts, at: number) => standsAsBefore(source, isGrave, at, shard.acks, sharedDays)
    : () => false;
  const { looked, stood } = lookAgain(sources, isGrave, passes, look);
  const dropped = memory.sources.dropped.flatMap(({ made }) => made?.standing ?? []);
  // what was told by another keeper is compared as a whole
  const mayBeGone = isSame
    ? [...memory.loose, ...[...dropped, ...stood].map(({ alert }) => alert.id)]
    : [...telling.told.keys()];
  return { sources, others: shared, sharedDays, looked, mayBeGone, footing };
}

/** Looks at the sources that are not passed by; `stood`: what stood of them before. */
function lookAgain(
  sources: readonly SourceAlerts[],
  isGrave: readonly boolean[],
  passes: (source: SourceAlerts, at: number) => boolean,
  look: Look,
): { looked: SourceAlerts[]; stood: StandingAlert[] } {
  const looked: SourceAlerts[] = [];
  const stood: StandingAlert[] = [];
  let at = 0;
  for (const source of sources) {
    if (!passes(source, at)) {
      append(stood, source.standing);
      lookAt(source, isGrave, at, look);
      looked.push(source);
    }
    if (!source.isDrill) at += source.decisions.length;
  }
  return { looked, stood };
}

/** What was told and does not stand any more. */
export type Gone = readonly (readonly [id: string, was: Told])[];

/**
 * Notes what the next telling compares with. Where ids are forgotten, alerts that rested on them are looked at once more:
 * what is forgotten is gone with the commit, which is behind this telling.
 */
export function rememberTelling(
  memory: AlertMemory,
  { others, looked, footing }: StandingAlerts,
  gone: Gone,
  isForgetting: boolean,
): void {
  const ofOthers = looked.filter(({ isKept }) => !isKept).flatMap((source) => source.standing);
  memory.loose = [...gone.map(([id]) => id), ...[...others, ...ofOthers].map(({ alert }) => alert.id)];
  memory.sources.dropped = [];
  memory.footing = isForgetting ? null : footing;
}

/** What was told and does not stand any more. */
export function goneOf({ mayBeGone, looked, others }: StandingAlerts, told: ReadonlyMap<string, Told>): Gone {
  const standing = new Set([...looked.flatMap((source) => source.standing), ...others].map(({ alert }) => alert.id));
  const gone = new Map<string, Told>();
  for (const id of mayBeGone) {
    const was = told.get(id);
    if (was !== undefined && !standing.has(id)) gone.set(id, was);
  }
  // in the same order whoever asks
  return [...gone].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Joins the days of the alerts that are looked at. The alert of a source on the day before is one of the same source. */
export function joinAll(
  { sources, others, sharedDays, looked }: StandingAlerts,
  gone: Gone,
  shard: Shard,
  setting: ShardSetting,
  told: ReadonlyMap<string, Told>,
): void {
  const { stays, takenBack } = goneDays(
    gone.map(([, was]) => was),
    shard,
    setting,
  );
  for (const { standing, due } of looked) {
    const first = withEarlier(daysOf(due), sharedDays, stays);
    joinDays(standing, (id) => standing.find((c) => c.alert.id === id), first, takenBack, told);
  }
  const byId = new Map(others.map((c) => [c.alert.id, c]));
  const days = sharedDays.size === 0 ? [] : [firstDays(sources.flatMap((source) => source.alerts)), stays];
  joinDays(others, (id) => byId.get(id), withEarlier(new Map(sharedDays), ...days), takenBack, told);
}

/** First days of those that are due, by source. */
function daysOf(alerts: readonly StandingAlert[]): Map<string, string> {
  return firstDays(alerts.filter((c) => c.isDue).map((c) => c.alert));
}

/** First days, where others know of an earlier one that one. */
function withEarlier(
  first: Map<string, string>,
  ...others: readonly ReadonlyMap<string, string>[]
): Map<string, string> {
  for (const key of first.keys())
    for (const days of others) {
      const other = days.get(key);
      if (other !== undefined && other < first.get(key)!) first.set(key, other);
    }
  return first;
}

/** Alerts that are to be told, or stand as told. */
export const dueOf = (alerts: readonly StandingAlert[]) => alerts.filter((c) => c.isDue);

/** End of the latest alert that stands, Unix ms. */
export function latestOf({ sources, others }: StandingAlerts): number {
  const ofOthers = others.reduce((ms, { alert }) => Math.max(ms, alert.endMs), 0);
  return sources.reduce((ms, source) => Math.max(ms, source.latestMs), ofOthers);
}
