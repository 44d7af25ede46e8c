/**
 * Which logs something stands in, as the end of a sentence says it: "web log", "firewall log", or both.
 */
import type { Decision } from '../detect/decision.ts';

/** Names of the logs. */
export function logWords({ firewall, web }: { readonly firewall: boolean; readonly web: boolean }): string {
  return firewall && web ? 'web log and firewall log' : firewall ? 'firewall log' : 'web log';
}

/** The logs that the parts of a decision stand in. */
export function logsOfParts({ parts }: Pick<Decision, 'parts'>): string {
  const isFirewall = (p: Decision) => p.detection.startsWith('F') || p.detection === 'election.sentinel';
  return logWords({ firewall: parts.some(isFirewall), web: parts.some((p) => !isFirewall(p)) });
}

/** The logs that an exhibit was taken from: packets go to ports, requests are answered with a status. */
export function logsOfExhibit({ exhibit }: Pick<Decision, 'exhibit'>): { firewall: boolean; web: boolean } {
  return { firewall: exhibit.ports.length > 0, web: exhibit.statusCounts.length > 0 };
}
