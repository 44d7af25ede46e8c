/**
 * How sure an alert is, and why: firewall lines that were dropped by a rate limit, senders that were never confirmed by an
 * answer, counts that are estimates. Of what happened; never of who did it.
 */
import type { Decision } from '../detect/decision.ts';
import { EXACT_MAX } from '../detect/exhibit.ts';
import type { Alert } from '../model/alert.ts';
import { grouped } from '../model/quantity-words.ts';
import { logsOfExhibit } from './log-words.ts';

/**
 * Confidence in what a decision says (ICD 203), and what it rests on. `isSampled`: the memory bound was reached, so that
 * counts are estimates.
 */
export function confidenceOf(d: Decision, isSampled: boolean): Alert['confidence'] {
  if (d.shared !== undefined)
    return { level: 'moderate', basis: ['alerts of the organisations named here; their lines were not read for this'] };
  const basis: string[] = [];
  let level: Alert['confidence']['level'] = 'high';
  if (d.exhibit.rateLimited) {
    level = 'moderate';
    basis.push('the firewall log keeps only part of the lines');
  }
  if (d.exhibit.udpOnly) {
    level = 'low';
    basis.push('UDP packets only: their sender address can be forged');
  } else if (isFirewallOnly(d) && d.outcome !== 'answered') {
    level = level === 'high' ? 'moderate' : level;
    basis.push('denied packets only: the sender address was never confirmed by an answer');
  }
  if (d.detection === 'W09') {
    level = 'low';
    basis.push('a user agent is what the sender chose to write');
  }
  if (isSampled) {
    level = 'low';
    basis.push('the memory bound was reached: counts are estimates');
  }
  if (basis.length === 0)
    basis.push(
      isFirewallOnly(d)
        ? 'the firewall let a connection through, so the sender address was confirmed'
        : ['X01', 'X02'].includes(d.detection) || (d.key.kind === 'campaign' && logsOfExhibit(d).firewall)
          ? 'lines of the firewall and of the web server for everything counted'
          : 'complete lines of the web server for every request counted',
    );
  if (!isSampled && Math.max(...Object.values(d.numbers)) > EXACT_MAX) basis.push(LARGE_NUMBERS);
  return { level, basis };
}

/** Minutes: ten of requests, 15 of packets. */
const LARGE_NUMBERS = `of more than ${grouped(EXACT_MAX)} different things within minutes the number is an estimate, good to about 3 %`;

/** Whether all of a decision stands in the firewall's log. */
function isFirewallOnly(d: Decision): boolean {
  if (d.detection.startsWith('F')) return true;
  const { firewall, web } = logsOfExhibit(d);
  return firewall && !web;
}
