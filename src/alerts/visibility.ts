/**
 * What these logs could show: per detection works, partly or cannot, because of what, and how to fix it.
 * "No alerts" is never said without it (law 3).
 */
import type { Visibility } from '../model/summary.ts';
import { DETECTIONS, type Need } from './detections.ts';

/** Counts of events by kind, as measure/state.ts keeps them. */
export type Counts = Readonly<Record<string, number>>;

interface Lack {
  state: 'partly' | 'cannot';
  because: string;
  fix: string;
}

/** What is lacking for a need, or null when the logs carry it. */
function lackOf(need: Need, c: Counts): Lack | null {
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

/** One row per detection of the catalogue; the worst lack of each decides. */
export function visibilityOf(counts: Counts, off: ReadonlySet<string>): Visibility[] {
  return DETECTIONS.map((d) => {
    if (off.has(d.id))
      return {
        detection: d.id,
        name: d.name,
        state: 'cannot' as const,
        because: 'switched off in the configuration',
        fix: 'remove it from detections in the inventory',
      };
    const lacks = d.needs.map((n) => lackOf(n, counts)).filter((l) => l !== null);
    const worst = lacks.find((l) => l.state === 'cannot') ?? lacks[0];
    return worst === undefined
      ? { detection: d.id, name: d.name, state: 'works' as const, because: 'the logs hold what it needs', fix: '' }
      : { detection: d.id, name: d.name, ...worst };
  });
}
