/**
 * What an output says with the office's own names: which system an alert touched and how critical it is, whom to call
 * about it, which election windows the logs reach into; and what there would be to gain where there is no inventory.
 */

import { SEVERITY_WORDS } from '../alerts/caveat.ts';
import { PHASE_WORDS } from '../alerts/office-words.ts';
import { type Alert, systemsOf } from '../model/alert.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import type { OfficeSummary } from '../model/summary.ts';
import { dateText, listText } from './quantity.ts';

/** Said once where no inventory was given. */
export const INVENTORY_GAIN =
  'No inventory was given. With one, alerts name your systems, know which are critical and when an election makes them urgent, and say whom to call; the detections for election systems need it (pollwatch init drafts one from your logs).';

export type SystemSummary = OfficeSummary['systems'][number];

/** The system that an alert is told under, or null. */
function systemOf(alert: Alert, office: OfficeSummary | null): SystemSummary | null {
  return office?.systems.find(({ id }) => id === alert.asset?.id) ?? null;
}

/** Systems of an alert that are named in one line. */
const NAMED_MAX = 5;

/** "Voter lookup (high for you) and Election results (medium for you)": all that an alert touched; null where it touched none. */
export function systemsText(alert: Alert, office: OfficeSummary | null): string | null {
  const found = systemsOf(alert).flatMap(({ id }) => office?.systems.find((system) => system.id === id) ?? []);
  if (found.length === 0) return null;
  const named = found
    .slice(0, NAMED_MAX)
    .map(({ name, criticality }) => `${name} (${SEVERITY_WORDS[criticality].toLowerCase()} for you)`);
  return listText(found.length > NAMED_MAX ? [...named, 'more'] : named);
}

/** "County IT on call, +1-555-0100" for an alert; null when the inventory names nobody. */
export function callText(alert: Alert, office: OfficeSummary | null): string | null {
  return personText(systemOf(alert, office)?.call ?? office?.call ?? null);
}

/** "County IT on call, +1-555-0100"; null for nobody. */
export function personText(person: { name: string; phone: string | null } | null): string | null {
  if (person === null) return null;
  return person.phone === null ? person.name : `${person.name}, ${person.phone}`;
}

/** "These days are part of General election: early voting (…) and election week (…)." Null outside of any. */
export function windowsText(office: OfficeSummary | null): string | null {
  if (office === null || office.windows.length === 0) return null;
  const elections = [...new Set(office.windows.map(({ election }) => election))];
  return elections
    .map((election) => {
      const own = office.windows.filter((window) => window.election === election);
      const spans = own.map(({ phase, firstDay, lastDay }) => `${PHASE_WORDS[phase]} (${daysText(firstDay, lastDay)})`);
      return `These days are part of ${election}: ${listText(spans)}.`;
    })
    .join(' ');
}

/** "28 Sep to 6 Oct 2026", "3 Nov 2026" */
function daysText(first: string, last: string): string {
  const [from, to] = [dateText(Date.parse(first)), dateText(Date.parse(last))];
  if (from === to) return to;
  return first.slice(0, 4) === last.slice(0, 4) ? `${from.slice(0, -5)} to ${to}` : `${from} to ${to}`;
}

/** How many alerts (low and above) touched a system, and the gravest of them. */
export function alertsOn(system: SystemSummary, alerts: readonly Alert[]): { count: number; gravest: Level | null } {
  const own = alerts.filter((alert) => alert.asset?.id === system.id && alert.severity !== 'info');
  const gravest = own.reduce((most, { severity }) => Math.max(most, LEVELS.indexOf(severity)), -1);
  return { count: own.length, gravest: LEVELS[gravest] ?? null };
}
