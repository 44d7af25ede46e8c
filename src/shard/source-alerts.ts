/**
 * The alerts of one source, kept from one telling to the next. They are settled when nothing about the source is new and all
 * that was to be told was told: then they stand as they did, and the telling passes them by. What may move them besides the
 * source's own lines is compared each time: what people said, whether they are among the gravest, alerts of several
 * organisations about the same source, and what all alerts rest on (`Footing`).
 */
import type { Severity } from '../alerts/severity.ts';
import type { Decision } from '../detect/decision.ts';
import type { State } from '../measure/state.ts';
import type { Alert } from '../model/alert.ts';
import type { GradedSource } from '../run/deciding.ts';
import { drillOf } from './drill.ts';
import type { AckRecord } from './record.ts';
import type { Shard, ShardSetting } from './shard.ts';
import { type MadeAlert, type StandingAlert, standingAlert } from './standing-alert.ts';
import type { Told } from './told-alert.ts';

/** Of one source. */
export interface SourceAlerts extends GradedSource {
  /** the source is a drill's: of its decisions no alerts are made */
  readonly isDrill: boolean;
  /** what was made of each decision; undefined: nothing yet */
  readonly drafts: (Draft | undefined)[];
  /** those that stand, in the order of the decisions */
  standing: readonly StandingAlert[];
  /** of these, those that are due */
  due: readonly StandingAlert[];
  /** the alerts of those that are due */
  alerts: readonly Alert[];
  /** end of the latest that stands, Unix ms */
  latestMs: number;
  /** it stood as it does at an earlier telling, and nothing was to be told of it */
  isSettled: boolean;
}

interface Draft {
  readonly grave: boolean;
  /** names of the state that the alert was made with, and whether the state was sampled */
  readonly names: string;
  /** null: the decision is no alert */
  readonly alert: MadeAlert | null;
}

/** Nothing was made of a source yet. */
export function newSource(graded: GradedSource, secret: Uint8Array): SourceAlerts {
  const key = graded.decisions[0]?.key;
  const isDrill = key !== undefined && drillOf(secret, key.hi, key.lo) !== null;
  const drafts = graded.decisions.map(() => undefined);
  const nothing = { standing: [], due: [], alerts: [], latestMs: 0, isSettled: false };
  return { ...graded, isDrill, drafts, ...nothing };
}

/** What alerts are looked at with. */
export interface Look {
  readonly shard: Shard;
  readonly setting: ShardSetting;
  readonly telling: { readonly told: ReadonlyMap<string, Told>; readonly closedMs: number };
  make(decision: Decision, severity: Severity, grave: boolean): MadeAlert | null;
}

/** Sees how the alerts of a source stand now. `isGrave`: of all decisions, those of the source from `at` on. */
export function lookAt(source: SourceAlerts, isGrave: readonly boolean[], at: number, look: Look): void {
  const { shard, setting, telling } = look;
  const standing: StandingAlert[] = [];
  for (const [i, decision] of source.isDrill ? [] : source.decisions.entries()) {
    const [severity, grave] = [source.severities[i]!, isGrave[at + i]!];
    const alert = remade(source, i, grave, look);
    if (alert !== null) standing.push(standingAlert({ decision, severity, grave }, alert, shard, setting, telling));
  }
  source.standing = standing;
  source.due = standing.filter((c) => c.isDue);
  source.alerts = source.due.map((c) => c.alert);
  source.latestMs = standing.reduce((ms, { alert }) => Math.max(ms, alert.endMs), 0);
}

/** The alert of a source's i-th decision: made, unless what was made stands as it did. */
function remade(source: SourceAlerts, i: number, grave: boolean, { shard, make }: Look): MadeAlert | null {
  const [decision, severity] = [source.decisions[i]!, source.severities[i]!];
  const names = namesOf(decision, shard.state);
  const known = source.drafts[i];
  if (known?.grave === grave && known.names === names) return known.alert;
  const alert = make(decision, severity, grave);
  source.drafts[i] = { grave, names, alert };
  return alert;
}

/**
 * Notes of a source that was looked at whether it is settled now: nothing of it was to be told, and nothing of it waits. One
 * that alerts of several organisations are about is not, for those may go.
 */
export function noteLook(source: SourceAlerts, isQuiet: boolean, sharedDays: ReadonlyMap<string, string>): void {
  const isShared = source.standing.some(({ alert }) => sharedDays.has(alert.key.text));
  source.isSettled = isQuiet && !isShared && source.due.length === source.standing.length;
}

/**
 * Whether the telling can pass by a source; a settled one was looked at, so all its drafts are there. `isGrave` and `at` as in
 * `lookAt`; `sharedDays`: first days with an alert of several organisations, by source.
 */
export function standsAsBefore(
  { isSettled, isDrill, drafts, standing }: SourceAlerts,
  isGrave: readonly boolean[],
  at: number,
  acks: ReadonlyMap<string, AckRecord>,
  sharedDays: ReadonlyMap<string, string>,
): boolean {
  if (!isSettled) return false;
  if (isDrill) return true;
  for (let i = 0; i < drafts.length; i++) if (drafts[i]!.grave !== isGrave[at + i]) return false;
  if (acks.size > 0) for (const { alert, ack } of standing) if (acks.get(alert.id) !== ack) return false;
  if (sharedDays.size > 0) for (const { alert } of standing) if (sharedDays.has(alert.key.text)) return false;
  return true;
}

/** What all alerts rest on besides decisions. Where it is another than the last time, none of them is passed by. */
export interface Footing {
  /** what was told, by whoever keeps the shard; not held here, for a keeper's may be the larger part of its memory */
  readonly told: WeakRef<ReadonlyMap<string, Told>>;
  /** whether entries were sampled, and the names of our side */
  readonly text: string;
}

/** What the alerts of a shard rest on now. */
export function footingOf({ state }: Shard, told: ReadonlyMap<string, Told>): Footing {
  const { hosts, destinations, ledger } = state;
  return { told: new WeakRef(told), text: JSON.stringify([ledger.level > 0, [...hosts], [...destinations]]) };
}

/** Whether alerts rest on the same as they did. */
export function isFirm(before: Footing | null, now: Footing): boolean {
  return before?.text === now.text && before.told.deref() === now.told.deref();
}

/** What the alert of a source says that stands in the state, and neither in its decision nor in the source's entries. */
function namesOf({ exhibit }: Decision, { hosts, destinations, ledger }: State): string {
  const { hosts: numbers, destinationsV6: items } = exhibit;
  if (numbers.length + items.length === 0) return ledger.level > 0 ? SAMPLED : WHOLE;
  const names = [numbers.map((host) => hosts.get(host) ?? ''), items.map((item) => destinations.get(item) ?? '')];
  return JSON.stringify([ledger.level > 0, names]);
}

const SAMPLED = 'sampled';
const WHOLE = 'whole';
