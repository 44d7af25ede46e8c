/**
 * F04 Random or strobe scan: several ports on several addresses of ours.
 * Evidence: distinct (destination, port) pairs over at least 3 ports and 3 addresses within one episode (Zeek
 * simple-scan: 25 failed pairs, 10 once three dark addresses were touched).
 */

import { append } from '../../model/long-lists.ts';
import { PACKET_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { hasDistinct } from '../distinct.ts';
import type { Touch } from '../touch.ts';
import { episodes } from '../windows.ts';
import { deniedScan, portOf, socketOf, targetOf } from './packets.ts';

const PAIRS = 25;
const PAIRS_DARK = 10;
const DARK_HOSTS = 3;
const PORTS_MIN = 3;
const HOSTS_MIN = 3;

export const strobeScan: SourceDetector = {
  ids: ['F04'],
  evaluate(record, scene) {
    const { spread } = record;
    if (spread.pairs < PAIRS_DARK || spread.ports < PORTS_MIN || spread.hosts < HOSTS_MIN) return [];
    const hit: Touch[] = [];
    let dark = false;
    for (const episode of episodes(record.probes, PACKET_PANE)) {
      if (episode.length < PAIRS_DARK) continue;
      if (!hasDistinct(episode, targetOf, HOSTS_MIN) || !hasDistinct(episode, portOf, PORTS_MIN)) continue;
      const onDark = episode.filter((t) => scene.isDark(t.item));
      const touchesDark = hasDistinct(onDark, targetOf, DARK_HOSTS);
      if (!hasDistinct(episode, socketOf, touchesDark ? PAIRS_DARK : PAIRS)) continue;
      dark ||= touchesDark;
      append(hit, episode);
    }
    return deniedScan(
      'F04',
      'medium',
      hit,
      dark
        ? `${PAIRS_DARK} pairs of address and port, ${DARK_HOSTS} of the addresses unused`
        : `${PAIRS} pairs of address and port over 3 ports and 3 addresses`,
    );
  },
};
