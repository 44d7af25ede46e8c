/**
 * F01 Vertical port scan: one source tries many ports of one address of ours.
 * Evidence: distinct destination ports (TCP and UDP together) that were denied or not answered, on one destination,
 * within one episode (runs of 15-minute panes without an empty one).
 * Assumes that denied packets are logged. An attacker walks around it with less than one port in 15 minutes (F06
 * looks over the day) or by spreading the ports over many sources (F16).
 * Misses scans of ports that are open only. Fires on: peers that answer to changing ports (left out by measure/observe).
 */

import { PACKET } from '../../measure/entry.ts';
import { append } from '../../model/long-lists.ts';
import { PACKET_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { hasDistinct } from '../distinct.ts';
import type { Touch } from '../touch.ts';
import { episodes } from '../windows.ts';
import { deniedScan, portOf, targetOf } from './packets.ts';

/** Distinct ports; Zeek 15 in 5 min, Snort 15 in 90 s, CrowdSec 16. Lower finds more, and more peer-to-peer traffic. */
const PORTS = 15;
/** Where the log itself is rate-limited: UFW's default leaves about ten lines of any scan. */
const PORTS_LIMITED = 8;

export const verticalScan: SourceDetector = {
  ids: ['F01'],
  evaluate(record) {
    if (record.spread.ports < PORTS_LIMITED) return [];
    const hit: Touch[] = [];
    let limited = false;
    for (const onTarget of Map.groupBy(record.probes, targetOf).values()) {
      if (onTarget.length < PORTS_LIMITED) continue;
      for (const episode of episodes(onTarget, PACKET_PANE)) {
        const rateLimited = episode.some((t) => (t.flags & PACKET.limited) !== 0);
        if (!hasDistinct(episode, portOf, rateLimited ? PORTS_LIMITED : PORTS)) continue;
        limited ||= rateLimited;
        append(hit, episode);
      }
    }
    const threshold = limited
      ? `${PORTS_LIMITED} ports on one address (the log keeps only some lines of a scan)`
      : `${PORTS} ports on one address, pauses under 15 minutes`;
    return deniedScan('F01', 'medium', hit, threshold);
  },
};
