/**
 * When a recipient may be mailed: waits that let alerts gather, the space between updates, quiet hours, the most mails per
 * hour and day, and the hours of digests. Pure functions of the clock instant that the caller names. All numbers are those
 * of ELECTIONS 5, reasoned from what others ship (Alertmanager waits 30 s and repeats after 4 h; Wazuh 12 mails an hour).
 */
import { type Contact, type Election, type EscalationStep, isInSeason, openWindows } from '../model/contact.ts';
import { minuteOfDay, nextLocal } from '../model/local-time.ts';
import type { Level } from '../model/rule.ts';
import { DAY, HOUR, MINUTE } from '../model/time.ts';

/** From an alert's first revision to the first mail about it. Lower severities wait for the digest. */
export const FIRST_WAIT_MS: Readonly<Record<Level, number>> = {
  critical: 0,
  high: 2 * MINUTE,
  medium: 15 * MINUTE,
  low: 15 * MINUTE,
  info: 15 * MINUTE,
};

/** Least time between two mails about the same alert to the same recipient. */
export const UPDATE_SPACING_MS: Readonly<Record<Level, number>> = {
  critical: 15 * MINUTE,
  high: HOUR,
  medium: HOUR,
  low: HOUR,
  info: HOUR,
};

/** Most mails about alerts to one recipient; doubled while a window of an election is open. */
const CAPS = { perHour: 2, perDay: 6 } as const;
const WINDOW_CAPS_FACTOR = 2;
/** Of these so many are kept for what is critical or escalated: what is urgent never waits behind what is not. */
const URGENT_RESERVE = 1;

/** More new alerts than this within ten minutes are told in one mail until it has been quieter for ten minutes. */
export const STORM_ALERTS = 20;
export const STORM_SPAN_MS = 10 * MINUTE;

/** Nobody acknowledged: from this severity up, the next contacts are told. In a window after a third of the time (30 → 10). */
export const ESCALATED_FROM: readonly Level[] = ['high', 'critical'];
const ESCALATION_WINDOW_DIVISOR = 3;

/** Weekly digests come on Monday. */
const DIGEST_WEEKDAY = 1;
/** Somebody who gets no digest hears at least once a week that the mailer lives. */
export const HEARTBEAT_MS = 7 * DAY;

/** Severities that are mailed in quiet hours, outside and inside windows of an election. */
const QUIET_LEVELS: readonly Level[] = ['critical'];
const QUIET_LEVELS_IN_WINDOW: readonly Level[] = ['critical', 'high'];

/** When quiet hours that hold at `ms` end, or `ms` itself when a mail of this severity may go. */
export function quietUntil(contact: Contact, level: Level, calendar: readonly Election[], ms: number): number {
  const { quiet, timezone } = contact;
  if (quiet === null) return ms;
  const passing = openWindows(calendar, ms).length > 0 ? QUIET_LEVELS_IN_WINDOW : QUIET_LEVELS;
  if (passing.includes(level)) return ms;
  const minute = minuteOfDay(ms, timezone);
  const isQuiet =
    quiet.from < quiet.to ? quiet.from <= minute && minute < quiet.to : minute >= quiet.from || minute < quiet.to;
  return isQuiet ? nextLocal(ms, quiet.to, timezone) : ms;
}

/** Time from the first mail to a step of escalation, as it is at an instant. */
export function escalationMs(step: EscalationStep, calendar: readonly Election[], ms: number): number {
  return step.afterMs / (openWindows(calendar, ms).length > 0 ? ESCALATION_WINDOW_DIVISOR : 1);
}

/** The caps that hold for a contact at an instant. */
export function capsOf(
  contact: Contact,
  calendar: readonly Election[],
  ms: number,
): { perHour: number; perDay: number } {
  const { perHour, perDay } = contact.caps ?? CAPS;
  const factor = openWindows(calendar, ms).length > 0 ? WINDOW_CAPS_FACTOR : 1;
  return { perHour: perHour * factor, perDay: perDay * factor };
}

/** Mails that may go now, and when the next place opens if there is none (null = there is one). */
export interface Places {
  readonly urgent: number;
  readonly ordinary: number;
  /** when another place opens for what is urgent, and for the rest */
  readonly urgentOpensMs: number;
  readonly ordinaryOpensMs: number;
}

/** Free places of a recipient; `sentMs` are the instants of mails about alerts, ascending. */
export function placesAt(sentMs: readonly number[], caps: { perHour: number; perDay: number }, ms: number): Places {
  const free = (cap: number, span: number, reserve: number) => {
    const most = Math.max(1, cap - reserve);
    const within = sentMs.filter((sent) => sent > ms - span);
    // the place of the mail that must leave the span before another may go
    const opensMs = within.length < most ? ms : within[within.length - most]! + span;
    return { places: Math.max(0, most - within.length), opensMs };
  };
  const [hour, day] = [free(caps.perHour, HOUR, 0), free(caps.perDay, DAY, 0)];
  const [ordinaryHour, ordinaryDay] = [
    free(caps.perHour, HOUR, URGENT_RESERVE),
    free(caps.perDay, DAY, URGENT_RESERVE),
  ];
  return {
    urgent: Math.min(hour.places, day.places),
    ordinary: Math.min(ordinaryHour.places, ordinaryDay.places),
    urgentOpensMs: Math.max(hour.opensMs, day.opensMs),
    ordinaryOpensMs: Math.max(ordinaryHour.opensMs, ordinaryDay.opensMs),
  };
}

/** When the digest after `lastMs` is due for a contact (quiet hours put it off), or null when it wants none. */
export function nextDigest(
  contact: Contact,
  digestMinute: number,
  calendar: readonly Election[],
  lastMs: number,
  nowMs: number,
): number | null {
  const isDaily = contact.digest === 'daily' || (contact.digest === 'auto' && isInSeason(calendar, nowMs));
  if (contact.digest === 'none') return null;
  const due = nextLocal(lastMs, digestMinute, contact.timezone, isDaily ? null : DIGEST_WEEKDAY);
  return quietUntil(contact, 'info', calendar, due);
}

/** The next instant after `ms` at which a window of an election opens or closes, or null. */
export function nextWindowChange(calendar: readonly Election[], ms: number): number | null {
  const later = calendar
    .flatMap(({ windows }) => windows.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))
    .filter((edge) => edge > ms);
  return later.length === 0 ? null : Math.min(...later);
}
