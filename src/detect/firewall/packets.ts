/**
 * What firewall detectors share: which packets of a source count as probes, and the ports that everybody on the
 * Internet is probed for.
 */
import { TAG } from '../../measure/entry.ts';
import { ACTION, TRANSPORT } from '../../model/batch.ts';
import type { Level } from '../../model/rule.ts';
import type { Finding } from '../detector.ts';
import { countDistinct, countUpTo } from '../distinct.ts';
import { estimateDistinct } from '../estimates.ts';
import { actionOf, type Touch, transportOf } from '../touch.ts';

/**
 * UDP ports of traceroute: 33434 and one more with every probe, 30 hops of three and some more. A traceroute that ends
 * at a firewall leaves up to a hundred ports in a row; whoever scans nothing but these learns nothing either.
 */
const TRACEROUTE_FIRST = 33434;
const TRACEROUTE_LAST = 33534;

/** Denied, or not known to have been let through: the packets that scans are made of. Traceroutes are none. */
export function isProbe(t: Touch): boolean {
  return t.tag === TAG.packet && actionOf(t) !== ACTION.allow && !isTraceroute(t);
}

function isTraceroute(t: Touch): boolean {
  return t.sub >= TRACEROUTE_FIRST && t.sub <= TRACEROUTE_LAST && transportOf(t) === TRANSPORT.udp;
}

/** As far as a spread is counted: no threshold of a detector lies above (F01: 8 ports, F03: 25 addresses, F06: 10 pairs). */
const SPREAD_MAX = 32;

/** How many different ports, addresses and pairs of both touches went to, at most SPREAD_MAX of each. */
export function spreadOf(touches: readonly Touch[]): { ports: number; hosts: number; pairs: number } {
  return {
    ports: countUpTo(touches, portOf, SPREAD_MAX),
    hosts: countUpTo(touches, targetOf, SPREAD_MAX),
    pairs: countUpTo(touches, socketOf, SPREAD_MAX),
  };
}

/** A set of ports that is asked about for every packet: a byte a port takes a third of the time of a Set. */
export interface Ports {
  has(port: number): boolean;
}

export function portsOf(list: readonly number[]): Ports {
  const isIn = new Uint8Array(65_536);
  for (const port of list) isIn[port] = 1;
  return { has: (port) => isIn[port] === 1 };
}

/** Ports that Internet-wide background traffic asks for all day (DETECTIONS F03 and ELECTIONS 7: survey scanners). */
export const BACKGROUND_PORTS: Ports = portsOf([
  21, 22, 23, 25, 53, 80, 81, 110, 111, 123, 135, 137, 139, 143, 161, 389, 443, 445, 465, 587, 993, 995, 1080, 1433,
  1723, 1900, 2222, 2323, 2375, 3128, 3306, 3389, 5000, 5060, 5432, 5555, 5900, 5985, 6379, 7547, 8000, 8080, 8081,
  8088, 8443, 8888, 9000, 9090, 9200, 11211, 27017, 37215,
]);

/** Ports whose sweep is background (DETECTIONS F03). */
export const SWEPT_BY_ALL: ReadonlySet<number> = new Set([22, 23, 80, 443, 445, 3389]);

export const portOf = (t: Touch) => t.sub;
export const targetOf = (t: Touch) => t.item;
/** destination and port as one value */
export const socketOf = (t: Touch) => t.item * 65536 + t.sub;

/** Numbers that every firewall alert shows, with what overflow and sampling left out estimated. */
export function packetNumbers(touches: readonly Touch[]): Record<string, number> {
  let packets = 0;
  let allowed = 0;
  let isWhole = true;
  for (const t of touches) {
    const n = t.count * t.weight;
    packets += n;
    if (actionOf(t) === ACTION.allow) allowed += n;
    if (t.weight !== 1) isWhole = false;
  }
  const distinct = isWhole ? countDistinct<Touch> : estimateDistinct<Touch>;
  return {
    packets: Math.round(packets),
    ports: distinct(touches, portOf),
    hosts: distinct(touches, targetOf),
    packets_allowed: Math.round(allowed),
  };
}

/** Words for noise: all ports are of the kind that everybody is probed for. */
export function noiseWords(touches: readonly Touch[]): string[] {
  return touches.every((t) => BACKGROUND_PORTS.has(t.sub))
    ? ['every port that it tried is one that the whole Internet is probed for']
    : [];
}

/** The finding of a scan that was not let through; none without touches. `base` and `threshold` are the detector's. */
export function deniedScan(detection: string, base: Level, touches: readonly Touch[], threshold: string): Finding[] {
  if (touches.length === 0) return [];
  return [
    {
      detection,
      base,
      steps: [],
      outcome: 'refused',
      touches,
      numbers: packetNumbers,
      thresholds: [threshold],
      noise: noiseWords(touches),
      tailored: [],
    },
  ];
}
