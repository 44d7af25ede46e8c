/**
 * What a log may lack that detections need, each with how to fix it. A table: a need asks for a log, and of that log for
 * things that may not be in it; the first that is lacking is told.
 */
import type { Need } from './detections.ts';
import type { SystemNeed } from './system-lacks.ts';

/** Counts of events by kind, as measure/state.ts keeps them. */
export type Counts = Readonly<Record<string, number>>;

/** What is lacking, so that a detection works partly or not at all. */
export interface Lack {
  readonly state: 'partly' | 'cannot';
  readonly because: string;
  readonly fix: string;
}

/** A need that a log alone can carry. */
export type LogNeed = Exclude<Need, SystemNeed | 'members' | 'protected_records'>;

const NO_LOG: Readonly<Record<'firewall' | 'web', Lack>> = {
  firewall: {
    state: 'cannot',
    because: 'no firewall log was read',
    fix: 'add the firewall log, for example /var/log/kern.log or /var/log/ufw.log',
  },
  web: {
    state: 'cannot',
    because: 'no web server log was read',
    fix: 'add the web server log, for example /var/log/nginx/access.log',
  },
};

interface Asked {
  /** without this log nothing is seen; null = what is lacking of it is told only where there is one */
  readonly log: 'firewall' | 'web' | null;
  readonly lacks: readonly (Lack & { readonly isLacking: (c: Counts) => boolean })[];
}

const ASKED: Readonly<Record<LogNeed, Asked>> = {
  firewall: { log: 'firewall', lacks: [] },
  denied: {
    log: 'firewall',
    lacks: [
      {
        isLacking: (c) => c['denied'] === 0 && c['allowed']! > 0,
        state: 'cannot',
        because: 'the firewall log holds no denied packets',
        fix: 'log what the firewall drops (UFW: ufw logging low; nftables and iptables: a log rule before the drop)',
      },
      {
        isLacking: (c) => c['rate_limited']! > 0,
        state: 'partly',
        because: 'part of the firewall log is rate-limited (UFW keeps about ten lines of a scan)',
        fix: 'raise the limit of the log rule: ufw logging medium, or a rule of your own without limit',
      },
    ],
  },
  allowed: {
    log: 'firewall',
    lacks: [
      {
        isLacking: (c) => c['allowed'] === 0,
        state: 'cannot',
        because: 'the firewall log holds no allowed connections',
        fix: 'log new allowed connections too (UFW: ufw logging medium)',
      },
    ],
  },
  flags: {
    log: 'firewall',
    lacks: [
      {
        isLacking: (c) => c['with_tcp_flags'] === 0,
        state: 'cannot',
        because: 'the firewall log holds no TCP flags',
        fix: 'use a log format that lists them, as iptables and nftables do',
      },
    ],
  },
  web: { log: 'web', lacks: [] },
  sizes: {
    log: 'web',
    lacks: [
      {
        isLacking: (c) => c['with_size'] === 0,
        state: 'partly',
        because: 'the web log holds no response sizes, so an answer cannot be told from an error page',
        fix: 'log the size of the body (nginx: $body_bytes_sent, Apache: %b)',
      },
    ],
  },
  query: {
    log: 'web',
    lacks: [
      {
        isLacking: (c) => c['with_query'] === 0,
        state: 'partly',
        because: 'no request in the web log has a query',
        fix: 'log the whole request line; forms that post leave no fields in an access log',
      },
      {
        isLacking: (c) => c['posts']! > 0,
        state: 'partly',
        because: 'fields that were sent with POST are not in an access log',
        fix: 'only the application can log them; ask it to count look-ups per address',
      },
    ],
  },
  upload_bodies: {
    log: 'web',
    lacks: [
      {
        isLacking: () => true,
        state: 'partly',
        because: 'what was in an upload is in no access log, so only file names are seen',
        fix: 'have the application check what it is sent, and log the names under which it stores files',
      },
    ],
  },
  host: {
    log: null,
    lacks: [
      {
        isLacking: (c) => c['requests']! > 0 && c['with_host'] === 0,
        state: 'partly',
        because: 'the web log does not say which site was asked',
        fix: 'log the virtual host (Apache: vhost_combined; nginx: add $host)',
      },
    ],
  },
  user_agent: {
    log: 'web',
    lacks: [
      {
        isLacking: (c) => c['with_user_agent'] === 0,
        state: 'cannot',
        because: 'the web log holds no user agents',
        fix: 'use the combined format',
      },
    ],
  },
  post_status: {
    log: 'web',
    lacks: [
      {
        isLacking: (c) => c['posts'] === 0,
        state: 'partly',
        because: 'no POST was logged; log-ins of another kind are seen only when they are refused with 401',
        fix: 'check that the log of the site with the log-in page was read',
      },
    ],
  },
};

/** What is lacking where there is no such log; null = one was read. */
export function logLack(log: 'firewall' | 'web', c: Counts): Lack | null {
  return c[log === 'firewall' ? 'packets' : 'requests']! > 0 ? null : NO_LOG[log];
}

/** What is lacking for a need of a log; null = the logs carry it. */
export function needLack(need: LogNeed, c: Counts): Lack | null {
  const { log, lacks } = ASKED[need];
  const missing = log === null ? null : logLack(log, c);
  if (missing !== null) return missing;
  const found = lacks.find(({ isLacking }) => isLacking(c));
  return found === undefined ? null : { state: found.state, because: found.because, fix: found.fix };
}
