/**
 * F03 Horizontal sweep: one port on many addresses of ours.
 * Evidence: distinct destinations of one port within one episode, against min(25, max(3, half of our addresses)).
 * Our addresses are declared, or the distinct destinations of the busiest day.
 * For the ports that the whole Internet is swept for it stays informational unless half of our addresses were swept.
 * Misses sweeps of one address per 15 minutes and more (F06).
 */

import { append } from '../../model/long-lists.ts';
import type { Level } from '../../model/rule.ts';
import { PACKET_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { countDistinct, hasDistinct } from '../distinct.ts';
import type { Touch } from '../touch.ts';
import { episodes } from '../windows.ts';
import { deniedScan, portOf, SWEPT_BY_ALL, targetOf } from './packets.ts';

/** Zeek scan.zeek: 25 hosts; scan-NG: 3, 5, 12; the share of our own addresses is a proposal. */
const HOSTS_MAX = 25;
const HOSTS_MIN = 3;
const SHARE = 0.5;

/** Addresses on one port from which it is a sweep, where `ownedHosts` addresses are ours. */
export function sweptHosts(ownedHosts: number): number {
  return Math.min(HOSTS_MAX, Math.max(HOSTS_MIN, Math.ceil(SHARE * ownedHosts)));
}

export const horizontalSweep: SourceDetector = {
  ids: ['F03'],
  evaluate(record, scene) {
    if (record.spread.hosts < HOSTS_MIN) return [];
    const threshold = sweptHosts(scene.ownedHosts);
    const hit: Touch[] = [];
    let base: Level = 'info';
    if (record.spread.hosts < threshold) return [];
    for (const [port, onPort] of Map.groupBy(record.probes, portOf)) {
      if (onPort.length < threshold) continue;
      for (const episode of episodes(onPort, PACKET_PANE)) {
        if (!hasDistinct(episode, targetOf, threshold)) continue;
        append(hit, episode);
        if (!SWEPT_BY_ALL.has(port)) base = 'medium';
        else if (base === 'info' && countDistinct(episode, targetOf) >= SHARE * scene.ownedHosts) base = 'low';
      }
    }
    return deniedScan('F03', base, hit, `${threshold} of your addresses on one port, pauses under 15 minutes`);
  },
};
