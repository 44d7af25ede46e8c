/**
 * Which alerts deserve a mail of their own, who gets it, and what is news about an alert that was mailed before
 * (ELECTIONS 5). Everything else stands in the digest: nothing is dropped, little is sent.
 */
import { detectionText } from '../alerts/detections.ts';
import { parseAddress } from '../model/address.ts';
import { type Alert, systemsOf } from '../model/alert.ts';
import type { Route } from '../model/contact.ts';
import type { Inventory } from '../model/inventory.ts';
import { LEVELS, type Level } from '../model/rule.ts';

/** Denied packets below this in a day are counted, not mailed (ELECTIONS 5). */
const BLOCKED_MIN = 1000;
/** Scans that took planning are mailed though all was denied, when they were meant for this office (ELECTIONS 5). */
const PLANNED_SCANS = ['F16', 'X03', 'X06'];
/** These rest on a name that anybody can write, on a list of addresses, or on a vendor's word (ELECTIONS 5). */
const NEVER_ALONE = ['W09', 'W23', 'X04', 'X10', 'F22'];
/** Ten times as much as in the last mail is news (ELECTIONS 5). */
const VOLUME_FACTOR = 10;
/** Networks that are remembered per alert; beyond them only the volume is news. */
const NETWORKS_KEPT = 20;

/** How an alert stands now: its latest revision. */
export interface AlertState {
  readonly alert: Alert;
  /** raised by each change of anything that is rendered, 1 and above; the external version where the state has one */
  readonly revision: number;
  readonly status: 'new' | 'ack' | 'closed' | 'suppressed' | 'withdrawn';
  /** id of the alert of the day before that this one continues, or null */
  readonly continues: string | null;
  /** when the first revision was stored, Unix milliseconds of the clock */
  readonly firstMs: number;
}

/** What a recipient was last told of an alert. */
export interface Told {
  revision: number;
  severity: Level;
  outcome: Alert['outcome'];
  asset: string | null;
  hits: number;
  /** networks of the sender, at most NETWORKS_KEPT, sorted */
  networks: string[];
  isClosed: boolean;
}

/** What is told of an alert as it stands. */
export function toldOf({ alert, revision, status }: AlertState): Told {
  return {
    revision,
    severity: alert.severity,
    outcome: alert.outcome,
    asset: alert.asset?.id ?? null,
    hits: hitsOf(alert),
    networks: networksOf(alert),
    isClosed: status === 'closed' || status === 'withdrawn',
  };
}

/**
 * Why an alert waits for the digest, in words; null = it deserves a mail. Severity, not fear: low and info never; packets
 * that the firewall denied, and scans of pages that were all refused, only in great number or where nothing may be
 * reached; noise never.
 */
export function reasonForDigest(alert: Alert, inventory: Inventory): string | null {
  if (alert.severity === 'info' || alert.severity === 'low') return 'low severity';
  if (alert.verdict.term === 'noise') return 'ordinary Internet noise';
  if (NEVER_ALONE.includes(alert.detection)) return 'rests on a name or a list alone';
  const isPlannedKind = PLANNED_SCANS.includes(alert.detection);
  if (isPlannedKind && alert.verdict.term !== 'tailored' && alert.outcome === 'refused') return 'fully refused';
  const isScan = detectionText(alert.detection)?.class === 'scan';
  const isNetwork = alert.categories.includes('network') && !alert.categories.includes('web');
  const isCounted = (isScan || isNetwork) && !isPlannedKind && alert.severity !== 'critical';
  if (alert.outcome === 'refused' && isCounted && hitsOf(alert) < BLOCKED_MIN) {
    return 'fully refused';
  }
  if (isScan && isAuthorized(alert, inventory)) return 'an authorised scanner';
  return null;
}

/**
 * The route that holds for an alert: the first that fits; where none does, what is medium or graver goes to the owner of the
 * system that it touched. Null = nobody is told but by digest.
 */
export function routeFor(alert: Alert, inventory: Inventory): Route | null {
  const fits = (pattern: string) =>
    pattern.endsWith('*') ? alert.detection.startsWith(pattern.slice(0, -1)) : alert.detection === pattern;
  const route = inventory.routes.find(
    ({ severities, assets, detections }) =>
      severities.includes(alert.severity) &&
      (assets === null || systemsOf(alert).some(({ id }) => assets.includes(id))) &&
      (detections === null || detections.some(fits)),
  );
  if (route !== undefined) return route;
  const owner = inventory.assets.find(({ id }) => id === alert.asset?.id)?.owner ?? null;
  if (owner === null || LEVELS.indexOf(alert.severity) < LEVELS.indexOf('medium')) return null;
  return { severities: LEVELS, assets: null, detections: null, to: [owner], cc: [], mode: 'mail' };
}

/** True when an alert is mailed one by one to somebody. */
export function isMailed(alert: Alert, inventory: Inventory): boolean {
  return reasonForDigest(alert, inventory) === null && routeFor(alert, inventory)?.mode === 'mail';
}

/**
 * What is news since `told`, in sentences; empty = nothing that deserves a mail. The only reasons (ELECTIONS 5): graver,
 * another system, first sign of success, ten times as much, another network, ended; and open again after that.
 */
export function newsSince(told: Told, now: AlertState): string[] {
  const { alert, status } = now;
  if (told.isClosed) return status === 'new' ? ['This alert is open again.'] : [];
  if (status === 'withdrawn') return ['With later lines, or with new rules, this is no longer seen as an alert.'];
  if (status === 'closed') return ['This alert is closed.'];
  const news: string[] = [];
  if (LEVELS.indexOf(alert.severity) > LEVELS.indexOf(told.severity)) {
    news.push(`The severity rose from ${told.severity} to ${alert.severity}.`);
  }
  if (told.outcome !== 'answered' && alert.outcome === 'answered')
    news.push('For the first time something was answered.');
  if (alert.asset !== null && alert.asset.id !== told.asset) news.push(`It now touches “${alert.asset.name}”.`);
  if (told.hits > 0 && hitsOf(alert) >= VOLUME_FACTOR * told.hits) {
    news.push(`It grew from ${told.hits.toLocaleString('en-US')} to ${hitsOf(alert).toLocaleString('en-US')} tries.`);
  }
  if (told.networks.length > 0 && told.networks.length < NETWORKS_KEPT) {
    const added = networksOf(alert).filter((network) => !told.networks.includes(network)).length;
    if (added > 0)
      news.push(added === 1 ? 'It now also comes from another network.' : `It now comes from ${added} more networks.`);
  }
  return news;
}

/** Requests and packets of an alert; sources where it has neither. */
function hitsOf({ evidence }: Alert): number {
  const hits = (evidence['requests'] ?? 0) + (evidence['packets'] ?? 0);
  return hits > 0 ? hits : (evidence['sources'] ?? 0);
}

/** Networks of the senders: the /24 of an IPv4 address, the /48 of an IPv6 one, or the network that the alert names. */
function networksOf(alert: Alert): string[] {
  if (alert.network !== null) return [alert.network];
  const addresses = alert.source === null ? alert.related : [alert.source.ip];
  return [...new Set(addresses.map(networkOf))].sort().slice(0, NETWORKS_KEPT);
}

function networkOf(address: string): string {
  return address.includes(':') ? address.split(':').slice(0, 3).join(':') : address.split('.').slice(0, 3).join('.');
}

/** True when all that is known of the sender was authorised for the whole time of the alert. */
function isAuthorized(alert: Alert, inventory: Inventory): boolean {
  if (alert.source === null) return false;
  const parsed = parseAddress(alert.source.ip);
  if (parsed === null) return false;
  const words = 'v4' in parsed ? ([0, 0, 0xffff, parsed.v4] as const) : parsed.v6;
  const at = (ms: number) => inventory.authorizedScanner(words[0]!, words[1]!, words[2]!, words[3]!, ms) !== null;
  return at(alert.startMs) && at(alert.endMs);
}
