/**
 * F06 Slow scan: a source that stays below the fast thresholds, but tries new ports or addresses through the day.
 * Evidence, at close: at least 10 distinct (destination, port) pairs within 24 hours on days without F01–F04 (Sigma's
 * unsupported firewall rules: more than 10 in 24 h), or at least 20 on 3 days within 30 in 2 separate runs (a proposal;
 * the runs' pause exceeds the 15 minutes of Zeek's simple-scan).
 * One port of one address asked again and again is a broken client, not a scan: pairs are counted, not packets.
 */

import { DAY, dayOf, PACKET_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { distinctOf, hasDistinct } from '../distinct.ts';
import type { Touch } from '../touch.ts';
import { either, episodes, inWindows } from '../windows.ts';
import { deniedScan, socketOf } from './packets.ts';

const PAIRS_DAY = 10;
const PAIRS_MONTH = 20;
const DAYS_MONTH = 3;
const RUNS_MONTH = 2;
const FASTER = new Set(['F01', 'F02', 'F03', 'F04']);

export const slowScan: SourceDetector = {
  ids: ['F06'],
  evaluate(record, scene, earlier) {
    if (record.spread.pairs < PAIRS_DAY) return [];
    const dayOfTouch = (t: Touch) => dayOf(t.paneMs, scene.dayStartMs);
    const covered = new Set<number>();
    for (const f of earlier)
      if (FASTER.has(f.detection)) for (const day of distinctOf(f.touches, dayOfTouch)) covered.add(day);
    const rest = covered.size === 0 ? record.probes : record.probes.filter((t) => !covered.has(dayOfTouch(t)));
    const inDay = inWindows(rest, DAY, PACKET_PANE, (w) => hasDistinct(w, socketOf, PAIRS_DAY), {
      fewest: PAIRS_DAY,
      grows: true,
    });
    const inMonth = inWindows(
      rest,
      30 * DAY,
      PACKET_PANE,
      (w) =>
        hasDistinct(w, dayOfTouch, DAYS_MONTH) &&
        hasDistinct(w, socketOf, PAIRS_MONTH) &&
        episodes(w, PACKET_PANE).length >= RUNS_MONTH,
      { fewest: PAIRS_MONTH },
    );
    const hit = either(rest, inDay, inMonth);
    return deniedScan(
      'F06',
      'medium',
      hit,
      inDay.length > 0
        ? `${PAIRS_DAY} pairs of address and port in 24 hours`
        : `${PAIRS_MONTH} pairs of address and port on ${DAYS_MONTH} days of 30`,
    );
  },
};
