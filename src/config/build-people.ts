/**
 * From the checked texts of the inventory to contacts, routes, escalation and the windows of elections: names resolved,
 * local times as instants. Windows are those of ELECTIONS 2c; what a county does not declare of an election has the
 * usual dates.
 */
import type {
  AuthorizedScanner,
  Contact,
  Election,
  ElectionPhase,
  ElectionWindow,
  EscalationStep,
  Mailing,
  Route,
} from '../model/contact.ts';
import { instantOf } from '../model/local-time.ts';
import { LEVELS } from '../model/rule.ts';
import { MINUTE } from '../model/time.ts';
import type { InventoryFile } from './inventory-schema.ts';
import { parseDate, parseLocalTime, parseQuiet, parseSeverity } from './inventory-texts.ts';

/** Ballots to overseas voters leave 45 days before an election (52 U.S.C. 20302); the days around it count. */
const UOCAVA_DAYS = 45;
const UOCAVA_MARGIN_DAYS = 1;
/** Registration is busy from a week before its last day to the day after. */
const REGISTRATION_DAYS_BEFORE = 7;
const REGISTRATION_DAYS_AFTER = 1;
const ELECTION_WEEK_DAYS = 7;
/** Results are looked at from the close of polls (18:00 unless declared) to the end of the second day after. */
const POLLS_CLOSE_MINUTES = 18 * 60;
const RESULTS_DAYS = 2;
/** Days from the election to certification where no day is declared: most states take three weeks. */
const CANVASS_DAYS = 21;

/** Quiet hours 20:00–06:00 and the digest at 07:30 (ELECTIONS 5). */
const QUIET = { from: 20 * 60, to: 6 * 60 };
const DIGEST_MINUTE = 7 * 60 + 30;

export interface People {
  contacts: ReadonlyMap<string, Contact>;
  routes: readonly Route[];
  escalation: readonly EscalationStep[];
  mailing: Mailing;
  calendar: readonly Election[];
  authorizedScanners: readonly AuthorizedScanner[];
}

/** Contacts, routes and the rest of a file that was checked. */
export function buildPeople(content: InventoryFile): People {
  const zone = content.organization.timezone ?? 'UTC';
  const contacts = new Map(
    Object.entries(content.contacts ?? {}).map(([id, contact]): [string, Contact] => [
      id,
      {
        id,
        name: contact.name ?? id,
        email: [...new Set(contact.email)],
        phone: contact.phone ?? null,
        plainLanguage: contact.plain_language ?? false,
        verified: contact.verified ?? null,
        timezone: contact.timezone ?? zone,
        quiet: contact.quiet_hours === undefined ? QUIET : (parseQuiet(contact.quiet_hours) ?? null),
        caps: contact.caps === undefined ? null : { perHour: contact.caps.per_hour, perDay: contact.caps.per_day },
        digest: contact.digest ?? 'auto',
      },
    ]),
  );
  return {
    contacts,
    routes: routesOf(content, [...contacts.keys()]),
    escalation: (content.escalation ?? []).map(({ after_minutes, to }) => ({ afterMs: after_minutes * MINUTE, to })),
    mailing: {
      tlp: content.mail?.tlp ?? 'TLP:AMBER',
      digestMinute: minutesOf(content.mail?.digest_at) ?? DIGEST_MINUTE,
      detailsUrl: content.mail?.details_url ?? null,
    },
    calendar: (content.calendar ?? [])
      .map((election) => electionOf(election, zone))
      .sort((a, b) => a.windows[0]!.fromMs - b.windows[0]!.fromMs || (a.id < b.id ? -1 : 1)),
    authorizedScanners: (content.authorized_scanners ?? []).map((scanner) => ({
      name: scanner.name,
      sinceMs: midnight(scanner.since, 0, zone),
      expiresMs: midnight(scanner.expires, 1, zone),
      cidrs: scanner.cidrs ?? [],
      list: scanner.source?.slice('list:'.length) ?? null,
    })),
  };
}

function routesOf(content: InventoryFile, everybody: readonly string[]): Route[] {
  if (content.routing !== undefined) {
    return content.routing.map(({ match = {}, to = [], cc = [], mode = 'mail' }) => ({
      severities: match.severity === undefined ? LEVELS : parseSeverity(match.severity)!,
      assets: match.asset ?? null,
      detections: match.detection ?? null,
      to,
      cc,
      mode,
    }));
  }
  if (everybody.length === 0) return [];
  return [
    { severities: parseSeverity('>=medium')!, assets: null, detections: null, to: everybody, cc: [], mode: 'mail' },
  ];
}

function electionOf(election: NonNullable<InventoryFile['calendar']>[number], zone: string): Election {
  const { election_day: day, registration_deadline: deadline, early_voting: early, enr } = election;
  const days = (phase: ElectionPhase, from: string, shift: number, to: string, end: number): ElectionWindow => ({
    phase,
    fromMs: midnight(from, shift, zone),
    toMs: midnight(to, end + 1, zone),
  });
  const canvassEnd =
    election.certify_by === undefined ? midnight(day, CANVASS_DAYS + 1, zone) : midnight(election.certify_by, 1, zone);
  const resultsFrom = enr === undefined ? midnight(day, 0, zone, POLLS_CLOSE_MINUTES) : localInstant(enr[0], zone);
  const resultsTo = enr === undefined ? midnight(day, RESULTS_DAYS + 1, zone) : localInstant(enr[1], zone);
  const windows: ElectionWindow[] = [
    days('uocava_mailing', day, -UOCAVA_DAYS - UOCAVA_MARGIN_DAYS, day, -UOCAVA_DAYS + UOCAVA_MARGIN_DAYS),
    ...(deadline === undefined
      ? []
      : [days('registration_deadline', deadline, -REGISTRATION_DAYS_BEFORE, deadline, REGISTRATION_DAYS_AFTER)]),
    ...(early === undefined ? [] : [days('early_voting', early[0], 0, early[1], 0)]),
    days('election_week', day, -ELECTION_WEEK_DAYS, day, 0),
    { phase: 'results', fromMs: resultsFrom, toMs: resultsTo },
    ...(canvassEnd > resultsTo ? [{ phase: 'canvass' as const, fromMs: resultsTo, toMs: canvassEnd }] : []),
  ];
  return {
    id: election.id,
    name: election.name ?? election.id,
    windows: windows.sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs),
  };
}

/** Midnight local time `shift` days after a day, plus minutes. */
function midnight(date: string, shift: number, zone: string, minutes = 0): number {
  const [year, month, day] = parseDate(date)!;
  return instantOf(year, month, day + shift, minutes, zone);
}

function localInstant(text: string, zone: string): number {
  const [year, month, day, minutes] = parseLocalTime(text)!;
  return instantOf(year, month, day, minutes, zone);
}

function minutesOf(clock: string | undefined): number | null {
  if (clock === undefined) return null;
  const [hours, minutes] = clock.split(':').map(Number) as [number, number];
  return hours * 60 + minutes;
}
