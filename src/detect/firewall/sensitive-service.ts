/**
 * F09 Sensitive-service probe: several services that should never face the Internet, asked for within an hour.
 * Evidence: at least 3 of the ports below in one hour (Elastic: 5 of 13 in a minute). Where one was let through it is
 * high: the service answers. Denied and under 5 ports it is what everybody sees, and stays informational.
 */

import { ACTION } from '../../model/batch.ts';
import { HOUR, PACKET_PANE } from '../../model/time.ts';
import type { Finding, SourceDetector } from '../detector.ts';
import { hasDistinct } from '../distinct.ts';
import { actionOf } from '../touch.ts';
import { byDay, inWindows } from '../windows.ts';
import { noiseWords, type Ports, packetNumbers, portOf, portsOf } from './packets.ts';

/** Services that should never face the Internet. */
export const SENSITIVE: Ports = portsOf([
  21, 22, 23, 88, 139, 389, 445, 1433, 3306, 3389, 5432, 5900, 5985, 5986, 9200, 6379,
]);
const PORTS = 3;
const PORTS_LOW = 5;

export const sensitiveService: SourceDetector = {
  ids: ['F09'],
  evaluate(record, scene): Finding[] {
    if (record.isPrivate || record.packets.length < PORTS) return [];
    const hit = inWindows(
      record.packets.filter((t) => SENSITIVE.has(t.sub)),
      HOUR,
      PACKET_PANE,
      (w) => hasDistinct(w, portOf, PORTS),
      { fewest: PORTS, grows: true },
    );
    const many = hasDistinct(hit, portOf, PORTS_LOW);
    return byDay(hit, scene.dayStartMs).map(([, touches]) => {
      const allowed = touches.some((t) => actionOf(t) === ACTION.allow);
      return {
        detection: 'F09',
        base: allowed ? 'high' : many ? 'low' : 'info',
        steps: [],
        outcome: allowed ? 'answered' : 'refused',
        touches,
        numbers: packetNumbers,
        thresholds: [`${PORTS} services that should not face the Internet within one hour`],
        noise: allowed ? [] : noiseWords(touches),
        tailored: [],
      };
    });
  },
};
