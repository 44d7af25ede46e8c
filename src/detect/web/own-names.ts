/**
 * Whether probing was made for this site: names of the scanners' lists, or pages that are not there, that were put below
 * the addresses of our own systems (/results/edit.php). A list that is sent to everybody asks at the root and below names
 * that many sites have; who builds such names has looked at our pages first. Only what the inventory declares by a URL
 * prefix is known as ours, and two such pages are needed: one may be chance.
 */
import type { Finding, Scene } from '../detector.ts';
import { hasDistinct } from '../distinct.ts';
import type { Touch } from '../touch.ts';
import { pathOf } from './requests.ts';

const PROBES: ReadonlySet<string> = new Set([
  ...['W01', 'W02', 'W03', 'W04', 'W05', 'W06', 'W07', 'W08', 'W16'],
  'election.results_probe',
]);
const PAGES = 2;
/** First names of a path that scanners' lists have as well. */
const OF_EVERYBODY: ReadonlySet<string> = new Set(
  'admin api app assets backup blog cms files login media new old portal public search site static test user users v1 v2 web wordpress wp'.split(
    ' ',
  ),
);

/** The finding, with what speaks for us as the target where it does. */
export function withOwnNames(finding: Finding, scene: Scene): Finding {
  if (!PROBES.has(finding.detection)) return finding;
  const words = ownNamesIn(finding.touches, scene);
  return words.length === 0 ? finding : { ...finding, tailored: [...finding.tailored, ...words] };
}

/** What speaks for us as the target of probing, in words; empty where nothing does. */
export function ownNamesIn(touches: readonly Touch[], scene: Scene): string[] {
  const below = touches.filter((t) => isOurName(t.host, scene));
  if (below.length < PAGES || !hasDistinct(below, pathOf, PAGES)) return [];
  return ['it put names of its own below the addresses of your systems'];
}

/** Whether a host number is a system whose pages are told by prefixes that are no everyday names. */
function isOurName(host: number, { assets }: Scene): boolean {
  const prefixes = assets[host - 1]?.urlPrefixes ?? [];
  return (
    prefixes.length > 0 && prefixes.every((prefix) => !OF_EVERYBODY.has(prefix.split('/')[1] ?? '') && prefix !== '')
  );
}
