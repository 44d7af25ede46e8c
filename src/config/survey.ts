/**
 * What an office's own systems are, as far as its logs show them: hosts and first parts of paths that several visitors were
 * given pages of, names of parameters there, addresses behind the firewall and ports that it lets through. Values are never
 * kept. The attacker writes the log: one visitor, or pages that were refused, prove nothing, and all maps are bounded.
 */
import { parseAddress } from '../model/address.ts';
import type { LogEvent } from '../model/event.ts';

/** Visitors that must have been given something before a host or a path counts as the office's own. */
export const VISITORS_MIN = 5;
/** Bounds of what is remembered; an office has some dozen of each. */
const HOSTS_MAX = 512;
const PREFIXES_MAX = 4096;
const PARAMETERS_MAX = 64;
const DESTINATIONS_MAX = 1024;
const PORTS_MAX = 64;

/** Names that may be written into a file as they are. */
const HOST = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;
const PREFIX = /^\/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,59}$/;
const PARAMETER = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/;

/** Requests of one host, or of one first part of its paths. */
export interface Visited {
  host: string;
  /** "/lookup", or "" for the host as a whole */
  prefix: string;
  answered: number;
  /** addresses that were given something; no more than VISITORS_MIN are remembered */
  visitors: Set<string>;
  /** a path as it was asked for, for guessing what it is; of the office's own pages alone */
  samples: Set<string>;
  /** requests by name of parameter */
  parameters: Map<string, number>;
}

export interface Destination {
  address: string;
  packets: number;
  /** ports that the firewall let somebody reach */
  allowed: Set<number>;
  visitors: Set<string>;
}

export interface Survey {
  readonly events: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** keyed by host and prefix */
  readonly visited: ReadonlyMap<string, Visited>;
  readonly destinations: ReadonlyMap<string, Destination>;
  /** logs in which a kind of event was seen, by name of the log */
  readonly origins: ReadonlyMap<string, { web: number; network: number }>;
  /** Takes in one event of a log. */
  see(event: LogEvent, origin: string): void;
}

/** An empty survey. */
export function createSurvey(): Survey {
  const visited = new Map<string, Visited>();
  const destinations = new Map<string, Destination>();
  const origins = new Map<string, { web: number; network: number }>();
  const hosts = new Set<string>();
  let events = 0;
  let firstMs: number | null = null;
  let lastMs: number | null = null;
  return {
    get events() {
      return events;
    },
    get firstMs() {
      return firstMs;
    },
    get lastMs() {
      return lastMs;
    },
    visited,
    destinations,
    origins,
    see(event, origin) {
      events++;
      const at = event['@timestamp'];
      if (firstMs === null || at < firstMs) firstMs = at;
      if (lastMs === null || at > lastMs) lastMs = at;
      const known = origins.get(origin) ?? { web: 0, network: 0 };
      known[event['event.category']]++;
      origins.set(origin, known);
      if (event['event.category'] === 'web') seeRequest(event);
      else seePacket(event);
    },
  };

  function seeRequest(event: LogEvent): void {
    const status = event['http.response.status_code'] ?? 0;
    const path = event['url.path'];
    if (status < 200 || status >= 400 || path === undefined || event['pollwatch.malformed'] === true) return;
    const written = (event['destination.domain'] ?? '').toLowerCase().replace(/:\d{1,5}$/, '');
    const host = HOST.test(written) && !/^[\d.]+$/.test(written) ? written : '';
    if (host !== '' && !hosts.has(host)) {
      if (hosts.size >= HOSTS_MAX) return;
      hosts.add(host);
    }
    const first = /^(\/[^/?#;]+)\//.exec(path)?.[1] ?? (/\.[A-Za-z0-9]{1,8}$/.test(path) ? '' : path);
    count(host, '', event, path);
    if (PREFIX.test(first)) count(host, first, event, path);
  }

  function count(host: string, prefix: string, event: LogEvent, path: string): void {
    const key = `${host} ${prefix}`;
    let entry = visited.get(key);
    if (entry === undefined) {
      if (visited.size >= PREFIXES_MAX) return;
      entry = { host, prefix, answered: 0, visitors: new Set(), samples: new Set(), parameters: new Map() };
      visited.set(key, entry);
    }
    entry.answered++;
    if (entry.visitors.size < VISITORS_MIN) entry.visitors.add(event['source.ip']);
    if (entry.samples.size < PARAMETERS_MAX) entry.samples.add(path.slice(0, 200));
    if (prefix === '') return;
    for (const pair of (event['url.query'] ?? '').split('&', PARAMETERS_MAX)) {
      const name = pair.split('=', 1)[0]!;
      if (!PARAMETER.test(name) || (entry.parameters.size >= PARAMETERS_MAX && !entry.parameters.has(name))) continue;
      entry.parameters.set(name, (entry.parameters.get(name) ?? 0) + 1);
    }
  }

  function seePacket(event: LogEvent): void {
    const address = event['destination.ip'];
    if (address === undefined || event['pollwatch.outbound'] === true || parseAddress(address) === null) return;
    let entry = destinations.get(address);
    if (entry === undefined) {
      if (destinations.size >= DESTINATIONS_MAX) return;
      entry = { address, packets: 0, allowed: new Set(), visitors: new Set() };
      destinations.set(address, entry);
    }
    entry.packets++;
    if (entry.visitors.size < VISITORS_MIN) entry.visitors.add(event['source.ip']);
    const port = event['destination.port'];
    if (event['event.type'] === 'allowed' && port !== undefined && port > 0 && entry.allowed.size < PORTS_MAX) {
      entry.allowed.add(port);
    }
  }
}
