/**
 * What these logs could show: per detection works, partly or cannot, because of what, and how to fix it.
 * "No alerts" is never said without it (law 3).
 */
import { type Asset, type AssetKind, FORM_KINDS } from '../model/inventory.ts';
import type { Visibility } from '../model/summary.ts';
import { DETECTIONS, type Need } from './detections.ts';

/** What is said of a log that holds nothing. */
export const EMPTY_LOG = {
  message: 'this log is empty',
  hint: 'where it was just rotated, name the file before it as well (NAME.1, NAME.1.gz); else check that the server writes into it',
};

/** Counts of events by kind, as measure/state.ts keeps them. */
export type Counts = Readonly<Record<string, number>>;

/** What of the inventory decides what can be seen. */
export interface Declared {
  readonly systems: readonly (Pick<Asset, 'kind' | 'sentinel' | 'clients'> & Partial<Pick<Asset, 'clientIp'>>)[];
  readonly hasProtectedRecords: boolean;
}

const NOTHING_DECLARED: Declared = { systems: [], hasProtectedRecords: false };

type SystemNeed = Extract<Need, `${string}systems` | 'sentinels'>;
/** Needs for which something must have been sent to a form. */
const WITH_POSTS: readonly SystemNeed[] = ['registration_systems', 'ballot_systems', 'cancellation_systems'];

interface Lack {
  state: 'partly' | 'cannot';
  because: string;
  fix: string;
}

/** What is lacking for a need, or null when the logs carry it. */
function lackOf(need: Need, c: Counts, declared: Declared): Lack | null {
  const firewall = c['packets']! > 0;
  const web = c['requests']! > 0;
  const noFirewall: Lack = {
    state: 'cannot',
    because: 'no firewall log was read',
    fix: 'add the firewall log, for example /var/log/kern.log or /var/log/ufw.log',
  };
  const noWeb: Lack = {
    state: 'cannot',
    because: 'no web server log was read',
    fix: 'add the web server log, for example /var/log/nginx/access.log',
  };
  switch (need) {
    case 'members':
      return null;
    case 'firewall':
      return firewall ? null : noFirewall;
    case 'denied':
      if (!firewall) return noFirewall;
      if (c['denied'] === 0 && c['allowed']! > 0)
        return {
          state: 'cannot',
          because: 'the firewall log holds no denied packets',
          fix: 'log what the firewall drops (UFW: ufw logging low; nftables and iptables: a log rule before the drop)',
        };
      if (c['rate_limited']! > 0)
        return {
          state: 'partly',
          because: 'part of the firewall log is rate-limited (UFW keeps about ten lines of a scan)',
          fix: 'raise the limit of the log rule: ufw logging medium, or a rule of your own without limit',
        };
      return null;
    case 'allowed':
      if (!firewall) return noFirewall;
      return c['allowed'] === 0
        ? {
            state: 'cannot',
            because: 'the firewall log holds no allowed connections',
            fix: 'log new allowed connections too (UFW: ufw logging medium)',
          }
        : null;
    case 'flags':
      if (!firewall) return noFirewall;
      return c['with_tcp_flags'] === 0
        ? {
            state: 'cannot',
            because: 'the firewall log holds no TCP flags',
            fix: 'use a log format that lists them, as iptables and nftables do',
          }
        : null;
    case 'web':
      return web ? null : noWeb;
    case 'sizes':
      if (!web) return noWeb;
      return c['with_size'] === 0
        ? {
            state: 'partly',
            because: 'the web log holds no response sizes, so an answer cannot be told from an error page',
            fix: 'log the size of the body (nginx: $body_bytes_sent, Apache: %b)',
          }
        : null;
    case 'query':
      if (!web) return noWeb;
      if (c['with_query'] === 0)
        return {
          state: 'partly',
          because: 'no request in the web log has a query',
          fix: 'log the whole request line; forms that post leave no fields in an access log',
        };
      return c['posts']! > 0
        ? {
            state: 'partly',
            because: 'fields that were sent with POST are not in an access log',
            fix: 'only the application can log them; ask it to count look-ups per address',
          }
        : null;
    case 'systems':
    case 'form_systems':
    case 'public_systems':
    case 'registration_systems':
    case 'ballot_systems':
    case 'cancellation_systems':
    case 'results_systems':
    case 'pollbook_systems':
    case 'sentinels':
      return need === 'sentinels' || web ? systemLack(need, c, declared) : noWeb;
    case 'protected_records':
      if (declared.hasProtectedRecords) return null;
      return {
        state: 'cannot',
        because: 'no protected records are declared',
        fix: 'list them in a file (pollwatch protect hides the keys), and name it as protected_records in the inventory',
      };
    case 'upload_bodies':
      if (!web) return noWeb;
      return {
        state: 'partly',
        because: 'what was in an upload is in no access log, so only file names are seen',
        fix: 'have the application check what it is sent, and log the names under which it stores files',
      };
    case 'host':
      return web && c['with_host'] === 0
        ? {
            state: 'partly',
            because: 'the web log does not say which site was asked',
            fix: 'log the virtual host (Apache: vhost_combined; nginx: add $host)',
          }
        : null;
    case 'user_agent':
      if (!web) return noWeb;
      return c['with_user_agent'] === 0
        ? { state: 'cannot', because: 'the web log holds no user agents', fix: 'use the combined format' }
        : null;
    case 'post_status':
      if (!web) return noWeb;
      return c['posts'] === 0
        ? {
            state: 'partly',
            because: 'no POST was logged; log-ins of another kind are seen only when they are refused with 401',
            fix: 'check that the log of the site with the log-in page was read',
          }
        : null;
  }
}

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

/** What is lacking of the inventory, or of what the logs hold about its systems. */
function systemLack(need: SystemNeed, c: Counts, declared: Declared): Lack | null {
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

/** The headers in which the proxies of systems name their clients, each once, in the order of the inventory. */
export function headersOf(systems: readonly Partial<Pick<Asset, 'clientIp'>>[]): string[] {
  const headers = systems.flatMap(({ clientIp }) => (clientIp == null ? [] : [clientIp.header]));
  return headers.filter((header, i) => headers.findIndex((h) => h.toLowerCase() === header.toLowerCase()) === i);
}

/** How a server logs the header in which a proxy names its client, where pollwatch looks for it. */
export function howToLog(header: string): string {
  const variable = header.toLowerCase().replaceAll('-', '_');
  return (
    `log the header ${header} as the last field, in quotes, behind the user agent. ` +
    `nginx: log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent ` +
    `"$http_referer" "$http_user_agent" "$http_${variable}"'; Apache: ` +
    `LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\" \\"%{${header}}i\\"" main`
  );
}

/** Share of requests to declared systems from declared proxies at which visitors cannot be told apart. */
const PROXY_SHARE = 0.9;

/** One row per detection that one organisation's logs can show; the worst lack of each decides. */
export function visibilityOf(
  counts: Counts,
  off: ReadonlySet<string>,
  declared: Declared = NOTHING_DECLARED,
): Visibility[] {
  return DETECTIONS.filter(({ needs }) => !needs.includes('members')).map((d) => {
    if (off.has(d.id))
      return {
        detection: d.id,
        name: d.name,
        state: 'cannot' as const,
        because: 'switched off in the configuration',
        fix: 'remove it from detections in the inventory',
      };
    const lacks = d.needs.map((n) => lackOf(n, counts, declared)).filter((l) => l !== null);
    const worst = lacks.find((l) => l.state === 'cannot') ?? lacks[0];
    return worst === undefined
      ? { detection: d.id, name: d.name, state: 'works' as const, because: 'the logs hold what it needs', fix: '' }
      : { detection: d.id, name: d.name, ...worst };
  });
}
