/**
 * What is kept of an alert that was told: enough to say that it no longer holds, to go on with its revisions, and to know
 * whether later lines can still change it.
 */
import { detectionText } from '../alerts/detections.ts';
import type { DocumentContext } from '../alerts/ecs.ts';
import type { Decision } from '../detect/decision.ts';
import type { Alert } from '../model/alert.ts';
import { DAY, dayStart } from '../model/time.ts';
import type { Revision } from '../queue/shard-store.ts';
import { areFactsForgotten, factsMayChange } from './fact-set.ts';
import type { ToldFact } from './facts.ts';
import { lookBackDays, mayChange } from './pruning.ts';
import type { Shard, ShardSetting } from './shard.ts';

export type Status = DocumentContext['status'];
/** Enough of an alert to say that it no longer holds. */
export type Brief = Pick<
  Alert,
  'detection' | 'name' | 'key' | 'startMs' | 'endMs' | 'severity' | 'score' | 'categories' | 'summary'
> & { readonly label: string };

/** What is kept of what was told, besides version and digest. */
export interface Telltale extends ToldFact {
  /** digest of what the document was made from */
  readonly f: string;
  readonly status: Status;
  /** number of the alert's day */
  readonly day: number;
  /** Unix ms of the machine when it was told first */
  readonly created: number;
  /** id of the alert of the day before that it continues, or null */
  readonly continues: string | null;
  /** its source had an alert on an earlier day */
  readonly returning?: boolean;
  /** it is built on alerts of several organisations */
  readonly isShared?: true;
  readonly brief: Brief;
}
export type Told = Revision & Telltale;

/** Whether an alert that was told stands as far as those know who were told. */
export function isToldStill(told: Told | undefined): boolean {
  return told !== undefined && told.status !== 'withdrawn';
}

/** Whether an alert that was told and does not stand any more was, or has to be, taken back; else it stands as it was told. */
export function isTakenBack(was: Told, shard: Shard, setting: ShardSetting): boolean {
  if (isForgotten(shard, setting, was)) return false;
  return was.status === 'withdrawn' || mayChangeToday(shard, setting, was);
}

/** Key and day of what was told. */
export const briefly = ({ brief }: Told): Pick<Alert, 'key' | 'day'> => ({ key: brief.key, day: brief.label });

/** Whether all that a decision is taken from is still there. */
export function mayChangeStill(shard: Shard, setting: ShardSetting, d: Decision): boolean {
  return d.shared === undefined
    ? mayChange(shard, setting, categoriesOf(d), d.day)
    : factsMayChange(shard.facts, setting.inventory.dayStartMs, d.day);
}

/** The same of what was told. */
function mayChangeToday(shard: Shard, setting: ShardSetting, { isShared, brief, day }: Told): boolean {
  return isShared === undefined
    ? mayChange(shard, setting, brief.categories, day)
    : factsMayChange(shard.facts, setting.inventory.dayStartMs, day);
}

/** Whether a day is so far back that nothing of it is in the state. */
export function isForgotten(
  { open, facts }: Shard,
  { inventory, ruleSet }: ShardSetting,
  { day, isShared }: Told,
): boolean {
  if (isShared) return areFactsForgotten(facts, inventory.dayStartMs, day);
  const since = Math.max(open.packetsMs, open.requestsMs) - lookBackDays(ruleSet) * DAY;
  return dayStart(day + 1, inventory.dayStartMs) <= since;
}

/** Whether later lines can no longer take back what a decision says, nor any of those that it is built on. */
export function isPast(d: Decision, closedMs: number): boolean {
  const closes = detectionText(d.detection)?.closesMs ?? 0;
  const settlesMs = Math.max(closes === 0 ? Number.NEGATIVE_INFINITY : d.startMs + closes, d.settlesMs ?? 0);
  return settlesMs <= closedMs && d.parts.every((part) => isPast(part, closedMs));
}

function categoriesOf(d: Decision): readonly ('network' | 'web')[] {
  const known = detectionText(d.detection)?.categories;
  if (known !== undefined) return known;
  if (d.rule !== undefined && 'category' in d.rule) return [d.rule.category];
  return [d.numbers['packets'] === undefined ? 'web' : 'network'];
}
