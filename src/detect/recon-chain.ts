/**
 * X01 Recon chain: the same source in the firewall's log and in the web server's, within 24 hours, in either order.
 * Compares by pane: first of the one with last of the other. Informational findings on either side do not count.
 */
import { jointOutcome, jointSpan } from '../model/joint.ts';
import { DAY, PACKET_PANE } from '../model/time.ts';
import { byIdentity, type Decision } from './decision.ts';
import { joinExhibits } from './exhibit.ts';

/** Chains that the decisions about one source add up to. */
export function reconChain(decisions: readonly Decision[]): Decision[] {
  const firewall = decisions.filter((d) => d.detection.startsWith('F') && d.base !== 'info');
  const web = decisions.filter(
    (d) => (d.detection.startsWith('W') || d.detection.startsWith('election.')) && d.base !== 'info',
  );
  const chains = new Map<number, Set<Decision>>();
  for (const f of firewall) {
    for (const w of web) {
      if (f.startMs - w.endMs > DAY + PACKET_PANE || w.startMs - f.endMs > DAY + PACKET_PANE) continue;
      const day = Math.max(f.day, w.day);
      const parts = chains.get(day) ?? new Set<Decision>();
      parts.add(f).add(w);
      chains.set(day, parts);
    }
  }
  return [...chains].map(([day, set]) => {
    const parts = [...set].sort(byIdentity);
    return {
      detection: 'X01',
      organization: parts[0]!.organization,
      key: parts[0]!.key,
      day,
      base: 'medium' as const,
      steps: [],
      outcome: jointOutcome(parts),
      ...jointSpan(parts),
      exhibit: joinExhibits(parts.map((d) => d.exhibit)),
      // the same packets and requests stand in several parts: at least as many as the largest part counts
      numbers: {
        packets: most(parts, 'packets'),
        ports: most(parts, 'ports'),
        requests: most(
          parts.filter((d) => !d.detection.startsWith('F')),
          'requests',
        ),
        detections: parts.length,
      },
      thresholds: ['a firewall finding and a web finding of one source within 24 hours'],
      noise: [],
      tailored: [],
      members: parts[0]!.members,
      parts,
    };
  });
}

const most = (list: readonly Decision[], name: string) => Math.max(0, ...list.map((d) => d.numbers[name] ?? 0));
