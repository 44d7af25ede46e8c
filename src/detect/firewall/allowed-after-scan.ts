/**
 * F18 Allowed after scan: a source that scanned us was then let through to a service.
 * Evidence: an allowed packet at or after the first of a scan and within 24 hours of its last packet (by pane), to a
 * port other than 80 and 443, or to a port that it asked for only once the scan had begun.
 * Public web ports are open to all: there only the web server's log can say what came of it (W28).
 */
import { ACTION } from '../../model/batch.ts';
import { extent } from '../../model/long-lists.ts';
import { DAY, PACKET_PANE } from '../../model/time.ts';
import type { SourceDetector } from '../detector.ts';
import { actionOf } from '../touch.ts';
import { packetNumbers } from './packets.ts';

const SCANS = new Set(['F01', 'F02', 'F03', 'F04', 'F06']);
const PUBLIC_PORTS = new Set([80, 443]);

export const allowedAfterScan: SourceDetector = {
  ids: ['F18'],
  evaluate(record, _scene, earlier) {
    const allowed = record.packets.filter((t) => actionOf(t) === ACTION.allow && !PUBLIC_PORTS.has(t.sub));
    if (allowed.length === 0) return [];
    const scan = earlier.filter((f) => SCANS.has(f.detection)).flatMap((f) => f.touches);
    if (scan.length === 0) return [];
    const panes = extent(scan, (t) => t.paneMs);
    const first = panes.least;
    const last = panes.most + PACKET_PANE;
    const hit = allowed.filter((t) => t.paneMs + PACKET_PANE > first && t.paneMs <= last + DAY);
    if (hit.length === 0) return [];
    return [
      {
        detection: 'F18',
        base: 'high',
        steps: [],
        outcome: 'answered',
        touches: hit,
        numbers: packetNumbers,
        thresholds: ['one allowed connection within 24 hours of a scan'],
        noise: [],
        tailored: [],
      },
    ];
  },
};
