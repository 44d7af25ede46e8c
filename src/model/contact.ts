/**
 * Whom an office wants told of what, and when: contacts, routes, escalation, quiet hours, and the calendar of elections
 * that changes how urgent things are. Made by config/ from the inventory; mail/ reads it.
 */
import type { Level } from './rule.ts';

/** A person or a desk that can be mailed. */
export interface Contact {
  readonly id: string;
  readonly name: string;
  /** plain addresses, each a recipient of its own */
  readonly email: readonly string[];
  readonly phone: string | null;
  /** true: only what a person without technical training needs */
  readonly plainLanguage: boolean;
  /** day on which somebody last checked that this is right (YYYY-MM-DD), or null */
  readonly verified: string | null;
  /** IANA zone of quiet hours and digests */
  readonly timezone: string;
  /** minutes since midnight, local time; null = no quiet hours. `from` may lie after `to` (over midnight) */
  readonly quiet: { readonly from: number; readonly to: number } | null;
  /** most mails about alerts, or null for the program's own numbers */
  readonly caps: { readonly perHour: number; readonly perDay: number } | null;
  /** auto: daily while an election is near, else weekly */
  readonly digest: 'auto' | 'daily' | 'weekly' | 'none';
}

/** Who is told of which alerts. The first route that fits an alert holds. */
export interface Route {
  readonly severities: readonly Level[];
  /** ids of assets; null = all, also alerts without an asset */
  readonly assets: readonly string[] | null;
  /** ids of detections, or "election.*"; null = all */
  readonly detections: readonly string[] | null;
  /** ids of contacts */
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** mail: one by one; digest: in the digest; none: nobody is told */
  readonly mode: 'mail' | 'digest' | 'none';
}

/** Who is told next when nobody acknowledges. */
export interface EscalationStep {
  /** milliseconds after the first mail */
  readonly afterMs: number;
  /** ids of contacts */
  readonly to: readonly string[];
}

/** What every mail of an office has in common. */
export interface Mailing {
  /** TLP 2.0 label of every mail */
  readonly tlp: 'TLP:AMBER' | 'TLP:AMBER+STRICT' | 'TLP:RED' | 'TLP:GREEN';
  /** minutes since midnight, local time of each contact */
  readonly digestMinute: number;
  /** address of a page of the office's own to which an alert's id is appended, or null */
  readonly detailsUrl: string | null;
}

/** Spans around an election in which some systems matter more (ELECTIONS 2c). */
const ELECTION_PHASES = [
  'uocava_mailing',
  'registration_deadline',
  'early_voting',
  'election_week',
  'results',
  'canvass',
] as const;
export type ElectionPhase = (typeof ELECTION_PHASES)[number];

export interface ElectionWindow {
  readonly phase: ElectionPhase;
  /** Unix milliseconds; `toMs` is no longer part of it */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Election {
  readonly id: string;
  readonly name: string;
  /** in the order of their start */
  readonly windows: readonly ElectionWindow[];
}

/** The windows that are open at an instant. */
export function openWindows(calendar: readonly Election[], ms: number): { election: Election; phase: ElectionPhase }[] {
  return calendar.flatMap((election) =>
    election.windows
      .filter((window) => window.fromMs <= ms && ms < window.toMs)
      .map(({ phase }) => ({ election, phase })),
  );
}

/** True from the first window of an election to the end of its last: the time between windows is part of the season. */
export function isInSeason(calendar: readonly Election[], ms: number): boolean {
  return calendar.some(
    ({ windows }) =>
      windows.length > 0 && windows[0]!.fromMs <= ms && ms < Math.max(...windows.map((window) => window.toMs)),
  );
}

/** A party whose scans the office has agreed to, for a time. It lowers the severity of scans and of nothing else. */
export interface AuthorizedScanner {
  readonly name: string;
  /** Unix milliseconds; `expiresMs` is no longer part of it */
  readonly sinceMs: number;
  readonly expiresMs: number;
  readonly cidrs: readonly string[];
  /** name of a published list, e.g. cisa-cyhy, or null */
  readonly list: string | null;
}
