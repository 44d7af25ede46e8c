/**
 * F02 Burst scan: many different ports of ours within seconds.
 * Evidence: distinct ports by their first packet in a 15-minute pane, weight 3 below 1024 and 1 above, summed over two
 * adjacent slices of 5 seconds (scanlogd and xt_psd: sum of 21; restated without order of arrival).
 * A port that is tried again counts once. Misses anything slower than about two ports a second.
 */

import { PACKET_PANE, SECOND } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { distinctOf, hasDistinct } from '../distinct.ts';
import type { Touch } from '../touch.ts';
import { inWindows } from '../windows.ts';
import { deniedScan, portOf } from './packets.ts';

/** Sum of weights: seven privileged ports or 21 high ones. */
const WEIGHT = 21;
/** Weight of a port below 1024. */
const PRIVILEGED = 3;
const SPAN_MS = 5 * SECOND;

function isBurst(window: readonly Touch[]): boolean {
  // so many ports weigh enough whatever they are
  if (hasDistinct(window, portOf, WEIGHT)) return true;
  let sum = 0;
  for (const port of distinctOf(window, portOf)) sum += port < 1024 ? PRIVILEGED : 1;
  return sum >= WEIGHT;
}

export const burstScan: SourceDetector = {
  ids: ['F02'],
  evaluate(record) {
    if (record.spread.ports < WEIGHT / PRIVILEGED) return [];
    const hit = inWindows(record.probes, SPAN_MS, PACKET_PANE, isBurst, {
      fewest: WEIGHT / PRIVILEGED,
      grows: true,
    });
    return deniedScan(
      'F02',
      'medium',
      hit,
      `different ports within 10 seconds that weigh ${WEIGHT} (3 for each below 1024, 1 for each other)`,
    );
  },
};
