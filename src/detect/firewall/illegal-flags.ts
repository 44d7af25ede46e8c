/**
 * F13 Illegal TCP flags: packets with no flag, FIN alone, FIN-PSH-URG or SYN-FIN, which no TCP stack sends to open a
 * connection; scanners do, to slip past simple filters.
 * Evidence: such packets to at least 2 ports (a late FIN of an old connection goes to one); 3 packets make it medium
 * (psad signatures 100066–70).
 */
import { TAG } from '../../measure/entry.ts';
import type { SourceDetector } from '../detector.ts';
import { countEvents } from '../estimates.ts';
import { packetNumbers, portOf } from './packets.ts';

const PORTS = 2;
const PACKETS_MEDIUM = 3;

export const illegalFlags: SourceDetector = {
  ids: ['F13'],
  evaluate(record) {
    const hit = record.touches.filter((t) => t.tag === TAG.illegalFlags);
    if (hit.length < PORTS || new Set(hit.map(portOf)).size < PORTS) return [];
    return [
      {
        detection: 'F13',
        base: countEvents(hit) >= PACKETS_MEDIUM ? 'medium' : 'low',
        steps: [],
        outcome: 'refused',
        touches: hit,
        numbers: packetNumbers,
        thresholds: [`packets with flags that no program sends, to ${PORTS} ports`],
        noise: [],
        tailored: [],
      },
    ];
  },
};
