/**
 * What is lacking of the inventory, or of what the logs hold about the systems that it declares, for detections that are
 * about such systems.
 */
import { type Asset, type AssetKind, FORM_KINDS } from '../model/inventory.ts';
import type { Need } from './detections.ts';
import type { Counts, Lack } from './log-lacks.ts';
import { headersOf, howToLog } from './proxy-header.ts';

/** What of the inventory decides what can be seen. */
export interface Declared {
  readonly systems: readonly (Pick<Asset, 'kind' | 'sentinel' | 'clients'> & Partial<Pick<Asset, 'clientIp'>>)[];
  readonly hasProtectedRecords: boolean;
}

/** A need that is about systems of a kind. */
export type SystemNeed = Extract<Need, `${string}systems` | 'sentinels'>;
/** Needs for which something must have been sent to a form. */
const WITH_POSTS: readonly SystemNeed[] = ['registration_systems', 'ballot_systems', 'cancellation_systems'];
/** Share of requests to declared systems from declared proxies at which visitors cannot be told apart. */
const PROXY_SHARE = 0.9;

/** Systems of which each need asks for one, by their kinds. */
const KINDS: Readonly<Record<SystemNeed, readonly AssetKind[] | null>> = {
  systems: null,
  form_systems: FORM_KINDS,
  public_systems: [...FORM_KINDS, 'results_enr', 'gis_precinct', 'county_site', 'staff_remote', 'other'],
  registration_systems: ['registration'],
  ballot_systems: ['ballot_request', 'uocava'],
  cancellation_systems: ['cancellation'],
  results_systems: ['results_enr'],
  pollbook_systems: ['pollbook_sync'],
  sentinels: null,
};

const NAMES: Readonly<Record<SystemNeed, string>> = {
  systems: 'system',
  form_systems: 'system with a form',
  public_systems: 'public system',
  registration_systems: 'system for registrations',
  ballot_systems: 'system for ballot requests',
  cancellation_systems: 'system for cancellations',
  results_systems: 'system that shows results',
  pollbook_systems: 'poll book server',
  sentinels: 'network that must never be reached',
};

/** What is lacking for a need of a system; null = the logs and the inventory carry it. */
export function systemLack(need: SystemNeed, c: Counts, declared: Declared): Lack | null {
  const kinds = KINDS[need];
  const systems = declared.systems.filter((s) =>
    need === 'sentinels' ? s.sentinel : kinds === null || kinds.includes(s.kind),
  );
  if (systems.length === 0)
    return {
      state: 'cannot',
      because: `no ${NAMES[need]} is declared`,
      fix: 'declare it under assets in the inventory (pollwatch init drafts one), and name it with --config',
    };
  if (need === 'sentinels')
    return c['packets']! > 0 || c['requests']! > 0
      ? null
      : { state: 'cannot', because: 'no firewall log was read', fix: 'add the log of the firewall that guards it' };
  if (c['to_systems'] === 0)
    return {
      state: 'cannot',
      because: 'no request in these logs went to a declared system',
      fix: 'name the log of that system, or check its hosts and url_prefixes in the inventory',
    };
  if (c['from_proxies']! >= PROXY_SHARE * c['to_systems']!)
    return {
      state: 'cannot',
      because: 'nearly all requests come from your own proxy, and the log does not say for whom',
      fix:
        headersOf(systems).map(howToLog).join('. Where the proxies send another header: ') ||
        howToLog('X-Forwarded-For'),
    };
  if (WITH_POSTS.includes(need) && c['posts_to_systems'] === 0)
    return {
      state: 'partly',
      because: 'nothing that was sent to a form (POST) stands in these logs',
      fix: 'check that the log of the server behind the form was read',
    };
  if (need === 'pollbook_systems' && systems.every((s) => s.clients.length === 0))
    return {
      state: 'partly',
      because: 'the networks of enrolled poll books are not declared, so only refused log-ins are seen',
      fix: 'name them under clients of that asset',
    };
  return null;
}
