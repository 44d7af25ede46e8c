/**
 * The few things that stand first: all alerts of one source (or group) are one thing, whatever its detections and on
 * however many days, for a reader has one address to deal with. An alert says what one day showed; a thing adds up what
 * may be added, and its verdict is that of its parts taken together. What asks for nothing to be done stands further down,
 * and a scan that the office agreed to is said in a line of its own.
 */
import { compareAlerts, compareWorth } from '../alerts/alert-order.ts';
import { asksForSomething } from '../alerts/what-to-do.ts';
import type { Alert } from '../model/alert.ts';
import { jointOutcome, jointSpan } from '../model/joint.ts';
import { counted } from '../model/quantity-words.ts';
import { LEVELS } from '../model/rule.ts';
import { dateText, listText } from './quantity.ts';

/** The most things that stand first. */
export const FIRST_THINGS_MAX = 5;

/** One source (or group of sources) with all its alerts of low severity and above, the gravest first. */
export interface Thing {
  lead: Alert;
  others: Alert[];
  startMs: number;
  endMs: number;
  verdict: Alert['verdict']['term'];
  outcome: Alert['outcome'];
  /** names of its other alerts, each once, without that of the lead */
  also: string[];
  /** what is asked for, by the gravest alert that asks for anything; empty = nothing */
  todo: readonly string[];
  /** "Seen on 3 days, with 27 such requests in all." Null for what one day shows */
  days: string | null;
}

/** What stands first, and how many alerts (low and above; for the record) are left for the report. */
export interface FirstThings {
  first: Thing[];
  /** alerts of low severity and above that are not among the first */
  lower: number;
  /** alerts of level info: counted, never a thing to do */
  forTheRecord: number;
}

/** All things, by what they come to: the gravest first, then what was answered, then what is aimed at us. */
export function thingsOf(alerts: readonly Alert[]): Thing[] {
  const byKey = new Map<string, Alert[]>();
  for (const alert of [...alerts].sort(compareAlerts)) {
    if (alert.severity === 'info') continue;
    const key = `${alert.key.kind} ${alert.key.text}`;
    const list = byKey.get(key);
    if (list === undefined) byKey.set(key, [alert]);
    else list.push(alert);
  }
  return [...byKey.values()].map(thingOf).sort(compareThings);
}

/** Those of the things that ask for something, at most FIRST_THINGS_MAX. */
export function firstOf(things: readonly Thing[]): Thing[] {
  return things.filter(({ todo }) => todo.length > 0).slice(0, FIRST_THINGS_MAX);
}

/** What stands first of all alerts of a run, and how many are left; `things`: what they come to. */
export function firstThings(alerts: readonly Alert[], things: readonly Thing[] = thingsOf(alerts)): FirstThings {
  const listed = alerts.filter(({ severity }) => severity !== 'info').length;
  const first = firstOf(things);
  const shown = first.reduce((sum, { others }) => sum + 1 + others.length, 0);
  return { first, lower: listed - shown, forTheRecord: alerts.length - listed };
}

function thingOf(list: readonly Alert[]): Thing {
  const lead = leadOf(list as readonly [Alert, ...Alert[]]);
  const others = list.filter((alert) => alert !== lead);
  return {
    lead,
    others,
    ...jointSpan(list),
    verdict: verdictOf(list),
    outcome: jointOutcome(list),
    also: [...new Set(others.map(({ name }) => name))].filter((name) => name !== lead.name),
    todo: list.find(asksForSomething)?.whatToDo ?? [],
    days: daysText(list, lead),
  };
}

/** The gravest alert; of its detection's days the one that shows most: some count what a week showed, a day more each day. */
function leadOf(list: readonly [Alert, ...Alert[]]): Alert {
  const [first] = list;
  const size = ({ evidence }: Alert) => evidence['distinct_keys'] ?? evidence['requests'] ?? evidence['packets'] ?? 0;
  return list
    .filter((a) => a.detection === first.detection && a.severity === first.severity && a.outcome === first.outcome)
    .reduce((most, a) => (size(a) > size(most) ? a : most), first);
}

function verdictOf(list: readonly Alert[]): Thing['verdict'] {
  if (list.some(({ verdict }) => verdict.term === 'tailored')) return 'tailored';
  return list.every(({ verdict }) => verdict.term === 'noise') ? 'noise' : 'cannot_tell';
}

function compareThings(a: Thing, b: Thing): number {
  const worth = ({ outcome, verdict }: Thing) => ({ isAnswered: outcome === 'answered', term: verdict });
  return (
    LEVELS.indexOf(b.lead.severity) - LEVELS.indexOf(a.lead.severity) ||
    compareWorth(worth(a), worth(b)) ||
    compareAlerts(a.lead, b.lead)
  );
}

/** On how many days it was seen, with the number of what the lead counts where its detection stands on several of them. */
function daysText(list: readonly Alert[], lead: Alert): string | null {
  const days = new Set(list.map(({ day }) => day)).size;
  if (days === 1) return null;
  const same = list.filter((a) => a.detection === lead.detection && a.asset?.id === lead.asset?.id);
  const unit = lead.evidence['requests'] !== undefined ? 'request' : 'packet';
  const sum = same.reduce((n, { evidence }) => n + (evidence[`${unit}s`] ?? 0), 0);
  if (same.length === 1 || sum === 0) return `Seen on ${days} days.`;
  const all = `${counted(sum, `such ${unit}`)} in all`;
  return same.length === days
    ? `Seen on ${days} days, with ${all}.`
    : `Seen on ${days} days, on ${same.length} of them with ${all}.`;
}

/** Addresses and networks that one line names. */
const NAMED_MAX = 3;

/**
 * What came from scanners that the office has authorised, one sentence for each; empty without any.
 *   "Example Testers scanned you from 198.51.100.7 as agreed, 14 Sep 2026: 7 alerts, kept for the record."
 */
export function agreedScans(alerts: readonly Alert[]): string[] {
  const byName = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const name = alert.source?.authorized;
    if (name === undefined || alert.severity !== 'info') continue;
    byName.set(name, [...(byName.get(name) ?? []), alert]);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, list]) => {
      const from = [...new Set(list.map(({ key }) => key.text))].sort();
      const more =
        from.length > NAMED_MAX ? [`${counted(from.length - NAMED_MAX, 'other address', 'other addresses')}`] : [];
      const { startMs, endMs } = jointSpan(list);
      const [first, last] = [dateText(startMs), dateText(endMs)];
      return `${name} scanned you from ${listText([...from.slice(0, NAMED_MAX), ...more])} as agreed, ${first === last ? first : `${first} to ${last}`}: ${counted(list.length, 'alert')}, kept for the record.`;
    });
}
