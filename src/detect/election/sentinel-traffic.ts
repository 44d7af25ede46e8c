/**
 * election.sentinel Traffic to a network that must never be reached: election management and tabulation stand apart from
 * every other network, so one packet or request shows that something is connected which should not be.
 * Evidence: one packet to an address, or one request to a host, of a system that is declared as a sentinel, whatever came
 * of it (ELECTIONS 2a). A firewall that drops all of it shows at least that somebody tried to route there.
 */
import { TAG, WEB } from '../../measure/entry.ts';
import { ACTION } from '../../model/batch.ts';
import type { Finding, SourceDetector } from '../detector.ts';
import { countDistinct } from '../distinct.ts';
import { estimateEvents } from '../estimates.ts';
import { actionOf, statusClassOf, type Touch } from '../touch.ts';
import { byDay } from '../windows.ts';
import { bySystem } from './systems.ts';

const isPacket = (t: Touch) => t.tag === TAG.sentinel;
const isLetThrough = (t: Touch) =>
  isPacket(t) ? actionOf(t) === ACTION.allow : statusClassOf(t) !== 0 && statusClassOf(t) !== 4;

export const sentinelTraffic: SourceDetector = {
  ids: ['election.sentinel'],
  evaluate(record, scene) {
    const requests = bySystem(record, TAG.page, scene).filter(([asset]) => asset.sentinel);
    return [...bySystem(record, TAG.sentinel, scene), ...requests].flatMap(([, all]) => {
      const telling = all.filter((t) => isPacket(t) || (t.flags & WEB.telling) !== 0);
      return byDay(telling, scene.dayStartMs).map(
        ([, touches]): Finding => ({
          detection: 'election.sentinel',
          base: 'critical',
          steps: [],
          outcome: touches.some(isLetThrough)
            ? 'answered'
            : touches.every((t) => !isPacket(t) || actionOf(t) === ACTION.deny)
              ? 'refused'
              : 'tried',
          touches,
          numbers: (list) =>
            list.some(isPacket)
              ? {
                  packets: estimateEvents(list),
                  packets_allowed: estimateEvents(list.filter(isLetThrough)),
                  hosts: countDistinct(list, (t) => t.item),
                  ports: countDistinct(list, (t) => t.sub),
                }
              : { requests: estimateEvents(list) },
          thresholds: ['one packet or request'],
          noise: [],
          tailored: ['this network stands apart: nothing should even try to reach it'],
        }),
      );
    });
  },
};
