/**
 * An alert that stands, on its way to a document: what was told of it before, what people said about it, which alert of the
 * day before it continues, and whether any of that is new.
 */
import { firstDays, hasReturned } from '../alerts/identity.ts';
import type { Severity } from '../alerts/severity.ts';
import type { Decision } from '../detect/decision.ts';
import type { Alert } from '../model/alert.ts';
import type { Saying, ToldBefore } from './alert-document.ts';
import type { AckRecord } from './record.ts';
import type { Shard, ShardSetting } from './shard.ts';
import { briefly, isPast, isTakenBack, isToldStill, mayChangeStill, type Told } from './told-alert.ts';

/** What is made of a decision. */
export interface MadeAlert {
  /** without its lines */
  readonly alert: Alert;
  /** id of the alert of the same thing on the day before, whether there is one or not */
  readonly dayBefore: string;
  /** digest of all that its document is made from */
  readonly fingerprint: string;
}

/** A decision, how grave it is, and whether that is among the gravest of all, so that it shows several lines. */
export interface GradedAmongAll {
  readonly decision: Decision;
  readonly severity: Severity;
  readonly grave: boolean;
}

/** An alert that stands, without its lines yet. */
export interface StandingAlert extends GradedAmongAll, MadeAlert, Saying {
  /** what people said about it, as it was folded */
  readonly ack: AckRecord | undefined;
  /** what was told of it before */
  readonly was: Told | undefined;
  /** it is to be told, or stands as told */
  readonly isDue: boolean;
  continues: string | null;
  returning: boolean | undefined;
}

/** The alert of a decision as it stands now; fields one by one, for there are very many. */
export function standingAlert(
  { decision, severity, grave }: GradedAmongAll,
  { alert, dayBefore, fingerprint }: MadeAlert,
  shard: Shard,
  setting: ShardSetting,
  { told, closedMs }: Pick<ToldBefore, 'told'> & { readonly closedMs: number },
): StandingAlert {
  const ack = shard.acks.get(alert.id);
  const status = ack?.status ?? 'new';
  const handledMs = ack === undefined || status === 'new' ? null : ack.atMs;
  const was = told.get(alert.id);
  const isDue = isToldStill(was) || (mayChangeStill(shard, setting, decision) && isPast(decision, closedMs));
  const days = { continues: null, returning: undefined };
  return { decision, severity, grave, alert, dayBefore, fingerprint, ack, status, handledMs, was, isDue, ...days };
}

/** What was told and does not stand any more: where its key was seen first, among what still counts and among what is taken back. */
interface GoneDays {
  readonly stays: ReadonlyMap<string, string>;
  readonly takenBack: ReadonlyMap<string, string>;
}

/** First days, by source, of what was told and stands no more. */
export function goneDays(gone: readonly Told[], shard: Shard, setting: ShardSetting): GoneDays {
  const takenBack = gone.filter((was) => isTakenBack(was, shard, setting));
  const isBack = new Set(takenBack);
  const stays = gone.filter((was) => !isBack.has(was) && isToldStill(was));
  return { stays: firstDays(stays.map(briefly)), takenBack: firstDays(takenBack.map(briefly)) };
}

/**
 * Says of alerts that are due which of the day before they continue, and whether their source has returned. `standing`:
 * those among which the one of the day before is, by id; `first`: first days with an alert, by source.
 */
export function joinDays(
  alerts: readonly StandingAlert[],
  standing: (id: string) => StandingAlert | undefined,
  first: ReadonlyMap<string, string>,
  takenBack: ReadonlyMap<string, string>,
  told: ReadonlyMap<string, Told>,
): void {
  for (const c of alerts) {
    if (!c.isDue) continue;
    const before = standing(c.dayBefore);
    if (before === undefined ? isToldStill(told.get(c.dayBefore)) : before.isDue) c.continues = c.dayBefore;
    c.returning = hasReturned(c.alert, first).returning;
    // the earlier alert may be forgotten by now; unless it was taken back, it is true all the same
    if (c.was?.returning === true && hasReturned(c.alert, takenBack).returning === false) c.returning = true;
  }
}

/** Whether its document may say something else than what was told. */
export function isChanged(c: StandingAlert, shard: Shard, setting: ShardSetting): boolean {
  const { was } = c;
  if (was === undefined || was.status === 'withdrawn' || was.status !== c.status) return true;
  if (was.f === c.fingerprint && was.continues === c.continues && was.returning === c.returning) return false;
  return mayChangeStill(shard, setting, c.decision);
}
