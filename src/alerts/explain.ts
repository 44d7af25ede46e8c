/**
 * Explaining: what was seen, in one sentence whose subject is the address, with count, unit, time span and log; what the
 * log does not show. Wording rules: ELECTIONS part 3 (enforced by wording-linter.ts over everything that is rendered).
 */
import type { Decision } from '../detect/decide.ts';
import type { AlertSource } from '../model/alert.ts';
import { sourceWords } from './caveat.ts';

/** "1 packet", "2,134 packets" */
function counted(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

/** "in 3 seconds", "in 4 hours" */
function spanWords(ms: number): string {
  if (ms < 1000) return 'within one second';
  const s = ms / 1000;
  if (s < 120) return `in ${counted(Math.round(s), 'second')}`;
  if (s < 7200) return `in ${counted(Math.round(s / 60), 'minute')}`;
  return `in ${counted(Math.round(s / 3600), 'hour')}`;
}

export interface Words {
  summary: string;
  notKnown: string[];
}

/** Summary and unknowns of a decision. `target` names what of ours was touched, `examples` are redacted paths. */
export function explain(
  d: Decision,
  source: AlertSource | null,
  group: string | null,
  target: string,
  examples: readonly string[],
): Words {
  const who = source !== null && d.key.kind === 'source' ? sourceWords(source) : (group ?? 'several addresses');
  const span = spanWords(d.endMs - d.startMs);
  const n = d.numbers;
  const shown = examples.length === 0 ? '' : `, among them ${examples.slice(0, 3).join(', ')}`;
  const answer = answerWords(d);
  const notKnown = ['Who sent it. The network owner is not the sender.'];
  if (d.detection.startsWith('F')) notKnown.push('What the sender would have done if a port had been open.');
  if (d.detection.startsWith('W') || d.detection.startsWith('election.'))
    notKnown.push('What was in forms that were sent (POST): access logs do not hold it.');
  return { summary: sentence(), notKnown };

  function sentence(): string {
    switch (d.detection) {
      case 'F01':
      case 'F02':
      case 'F04':
      case 'F06':
      case 'F13':
        return `${who} tried ${counted(n['ports']!, 'port')} of ${counted(n['hosts']!, 'address', 'addresses')} of yours (${target}) ${span}, ${counted(n['packets']!, 'packet')} in the firewall log. ${answer}`;
      case 'F03':
        return `${who} tried ${counted(n['ports']!, 'port')} on ${counted(n['hosts']!, 'address', 'addresses')} of yours ${span}, ${counted(n['packets']!, 'packet')} in the firewall log. ${answer}`;
      case 'F09':
        return `${who} tried ${counted(n['ports']!, 'service')} that should not face the Internet on ${target} ${span}, ${counted(n['packets']!, 'packet')} in the firewall log. ${answer}`;
      case 'F15':
        return `${counted(n['sources']!, 'address', 'addresses')} of the network block ${group ?? ''} scanned you on this day, up to ${n['sources_in_an_hour']} within an hour, in the firewall log.`;
      case 'F16':
        return `${counted(n['sources']!, 'address', 'addresses')}, each below the usual threshold, together tried ${counted(n['ports']!, 'port')} of ${target} ${span}, in the firewall log. All were denied or got no answer.`;
      case 'F18':
        return `${who} scanned you, and the firewall then let ${counted(n['packets_allowed']!, 'connection')} to ${target} through ${span}.`;
      case 'W21':
        return d.key.kind === 'source'
          ? `${who} made ${counted(n['requests']!, 'log-in attempt')} on ${target} ${span}, in the web log. ${loginWords(n)}`
          : `${counted(n['sources']!, 'address', 'addresses')} of ${group ?? 'one network'} made ${counted(n['requests']!, 'log-in attempt')} on ${target} ${span}, in the web log. All were refused.`;
      case 'X01':
        return `${who} tried ${counted(n['ports']!, 'port')} in the firewall log and made ${counted(n['requests']!, 'probing request')} in the web log ${span}.`;
      case 'W12':
        return `${who} sent ${counted(n['distinct_values']!, 'different value')} with query or shell characters to ${counted(n['parameters']!, 'parameter')} of ${target} ${span}, in the web log. ${answer}`;
      case 'election.lookup_enum':
        return `${who} asked ${target} for ${counted(n['distinct_keys']!, 'different record')} ${span}${n['blocks_of_64']! > 0 && n['blocks_of_64']! * 4 <= n['distinct_keys']! ? ', nearly in number order' : ''}, in the web log. ${n['records_answered']! > 0 ? `${counted(n['records_answered']!, 'of them was', 'of them were')} answered.` : 'None of them was answered.'}`;
      case 'W28':
        return `${who} probed ${target} and was then given ${counted(n['requests']!, 'answer')} of its own size for ${counted(n['distinct_paths']!, 'probed path')} ${span}${shown}, in the web log.`;
      default:
        return d.numbers['requests'] === undefined
          ? `${who} sent ${counted(n['packets'] ?? 0, 'packet')} to ${target} ${span} that match this rule, in the firewall log. ${answer}`
          : `${who} made ${counted(n['requests']!, 'request')} of this kind to ${target} ${span}${shown}, in the web log. ${answer}`;
    }
  }
}

/** What the server made of log-in attempts of one source. */
function loginWords(n: Readonly<Record<string, number>>): string {
  if (n['other_logins_redirected']! > 0)
    return `${counted(n['other_logins_redirected']!, 'further attempt was', 'further attempts were')} answered with a redirect, as a log-in that gets in is.`;
  if (n['refused'] === n['requests']) return 'All were refused.';
  return n['redirected']! > 0
    ? 'All were answered with a redirect, which shows neither success nor failure.'
    : 'None was answered as a log-in that gets in is.';
}

function answerWords(d: Decision): string {
  if (d.outcome === 'answered') {
    return d.detection.startsWith('F')
      ? `The firewall let ${counted(d.numbers['packets_allowed'] ?? 0, 'of these packets', 'of these packets')} through.`
      : 'The server gave content for at least one of them.';
  }
  if (d.outcome === 'refused')
    return d.detection.startsWith('F') ? 'All were denied or got no answer.' : 'All were refused.';
  const errors = d.numbers['server_errors'] ?? 0;
  return errors > 0
    ? `The server failed on ${errors.toLocaleString('en-US')} of them.`
    : 'The pages answered as usual, which shows neither success nor failure.';
}
