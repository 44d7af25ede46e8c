/**
 * What the planner remembers between two looks: who was told what of which alert, and when each recipient was mailed.
 * Plain JSON, so that it stands in the same commit as the alerts and the outbox rows; bounded, oldest out first.
 */
import type { Alert } from '../model/alert.ts';
import { DAY } from '../model/time.ts';
import { type AlertState, type Told, toldOf } from './mailable.ts';
import type { NightMemory } from './night.ts';

/** Alerts that are remembered; a state SOC's busiest day has some thousand that are mailed. */
const ALERTS_KEPT = 20_000;
/** An alert that is no longer handed in is remembered this long: it may be continued the next day. */
const FORGET_MS = 8 * DAY;

/** What one recipient was told of one alert. */
export interface ToldMemory extends Told {
  atMs: number;
  /** mails about it so far */
  mails: number;
  /** message id of the first */
  root: string;
}

export interface AlertMemory {
  /** first mail to anybody, or null when only the alert of the day before was mailed */
  firstToldMs: number | null;
  lastMs: number;
  /** by address */
  by: Record<string, ToldMemory>;
}

export interface RecipientMemory {
  /** mails about alerts in the last 24 hours, ascending */
  sentMs: number[];
  /** last digest, or when the recipient was first seen: the next one is reckoned from here */
  digestMs: number;
  /** alerts that are younger stand in the next digest */
  countedMs: number;
  /** mails about alerts since then */
  digestMails: number;
  /** last mail of any kind */
  anyMs: number;
  /** last summary of a storm */
  stormMs: number;
}

export interface MailMemory {
  version: 1;
  alerts: Record<string, AlertMemory>;
  recipients: Record<string, RecipientMemory>;
  /** by night and system, see night.ts; a memory from before there were nights has none */
  nights?: Record<string, NightMemory>;
  /** a storm lasts until then */
  stormUntilMs: number;
}

/** The memory of somebody who has mailed nobody yet. */
export function emptyMemory(): MailMemory {
  return { version: 1, alerts: {}, recipients: {}, stormUntilMs: 0 };
}

/** A copy that may be changed. */
export function copyMemory(memory: MailMemory): MailMemory {
  return structuredClone(memory);
}

/** Whether a recipient was mailed about an alert. */
export function wasTold({ alerts }: MailMemory, { id }: Pick<Alert, 'id'>, address: string): boolean {
  return (alerts[id]?.by[address]?.revision ?? 0) > 0;
}

/** Notes that a recipient is told of an alert as it stands. */
export function noteTold(memory: MailMemory, state: AlertState, address: string, root: string, nowMs: number): void {
  memory.alerts[state.alert.id] ??= { firstToldMs: null, lastMs: nowMs, by: {} };
  const known = memory.alerts[state.alert.id]!;
  const before = known.by[address];
  known.firstToldMs ??= nowMs;
  known.lastMs = nowMs;
  known.by[address] = {
    ...toldOf(state),
    atMs: nowMs,
    mails: (before?.mails ?? 0) + 1,
    root: before?.root ?? root,
  };
}

/** An alert that continues one of the day before starts with what was told of that. */
export function inherit(memory: MailMemory, { alert, continues }: AlertState, nowMs: number): void {
  const before = continues === null ? undefined : memory.alerts[continues];
  if (before === undefined || memory.alerts[alert.id] !== undefined) return;
  const by = Object.fromEntries(
    // the revision is that of another alert: none of this one has been told
    Object.entries(before.by).map(([address, told]) => [address, { ...told, revision: 0, isClosed: false }]),
  );
  memory.alerts[alert.id] = { firstToldMs: null, lastMs: nowMs, by };
}

/** Leaves out what is over: alerts that are no longer handed in, recipients who are no longer listed, old instants. */
export function prune(
  memory: MailMemory,
  current: ReadonlySet<string>,
  listed: ReadonlySet<string>,
  nowMs: number,
): void {
  for (const [id, { lastMs }] of Object.entries(memory.alerts)) {
    if (!current.has(id) && lastMs < nowMs - FORGET_MS) delete memory.alerts[id];
  }
  const left = Object.entries(memory.alerts);
  if (left.length > ALERTS_KEPT) {
    left.sort(([a, x], [b, y]) => x.lastMs - y.lastMs || (a < b ? -1 : 1));
    for (const [id] of left.slice(0, left.length - ALERTS_KEPT)) delete memory.alerts[id];
  }
  for (const [night, { lastMs }] of Object.entries(memory.nights ?? {})) {
    if (lastMs < nowMs - FORGET_MS) delete memory.nights![night];
  }
  for (const [address, recipient] of Object.entries(memory.recipients)) {
    recipient.sentMs = recipient.sentMs.filter((ms) => ms > nowMs - DAY);
    if (!listed.has(address) && recipient.sentMs.length === 0) delete memory.recipients[address];
  }
}
