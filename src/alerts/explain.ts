/**
 * Explaining: what was seen, in one sentence whose subject is the address, with count, unit, time span and log; what the
 * log does not show. Wording rules: ELECTIONS part 3 (enforced by wording-linter.ts over everything that is rendered).
 */
import type { Decision } from '../detect/decision.ts';
import type { AlertSource } from '../model/alert.ts';
import { counted, grouped, listed, spanWords } from '../model/quantity-words.ts';
import { sourceWords } from './caveat.ts';
import { electionSentence } from './election-words.ts';
import { memberSentence } from './member-words.ts';
import { serviceWords } from './service-words.ts';

/** What the requests of a detection are, after "sent your web server 3 requests". */
const REQUESTS: Readonly<Record<string, string>> = {
  W01: 'for pages that are not there',
  W02: 'for pages that are not there, and hardly any other,',
  W03: 'for names from a list',
  W04: 'for names that scanners look for',
  W05: 'for files that should not be public',
  W06: 'for admin and database consoles',
  W07: 'for parts of content management software',
  W08: 'for published holes of web software',
  W09: 'under the name of a scanning tool',
  W10: 'with the test text of a vulnerability scanner',
  W11: 'with database-injection text',
  W13: 'with script text meant for the browsers of others',
  W14: 'for files outside the web folder',
  W15: 'with commands for the server',
  W16: 'for back doors that others may have left',
  W17: 'made to test whether the server forwards traffic for strangers',
  W18: 'in forms that no browser sends',
  W19: 'in other protocols than that of the web',
};

export interface Words {
  summary: string;
  notKnown: string[];
}

/** Summary and unknowns of a decision. `target` names what of ours was touched, `examples` are redacted paths, of which `given` were answered with content, `systemOf` names the system of a part. */
export function explain(
  d: Decision,
  source: AlertSource | null,
  group: string | null,
  target: string,
  examples: readonly string[],
  systemOf: (d: Decision) => string | null,
  given: readonly string[] = [],
): Words {
  const who = source !== null && d.key.kind === 'source' ? `${sourceWords(source)},` : (group ?? 'several addresses');
  const n = d.numbers;
  const span = spanWords(d.endMs - d.startMs, n['packets'] ?? n['requests'] ?? 0);
  const shown = examples.length === 0 ? '' : `, among them ${examples.slice(0, 3).join(', ')}`;
  const answer = answerWords(d, given);
  const ours =
    n['hosts'] === 1 ? `your address ${target}` : `${counted(n['hosts'] ?? 0, 'address', 'addresses')} of yours`;
  const packets = `(firewall log, ${counted(n['packets'] ?? 0, 'packet')})`;
  const notKnown = ['Who sent it. The network owner is not the sender.'];
  if (d.detection.startsWith('F'))
    notKnown.push(
      d.outcome === 'answered'
        ? 'What was done with the connection that was let through: a firewall log does not hold it.'
        : 'What the sender would have done if a port had been open.',
    );
  if (d.detection === 'X02')
    notKnown.push('Whether somebody blocked the address: the firewall may deny these packets by a rule for all.');
  if (d.shared !== undefined) notKnown.push('What their logs hold besides: lines stay with each organisation.');
  const isOfSystem = d.detection.startsWith('election.') || d.key.kind === 'system';
  if (d.detection.startsWith('W') || (isOfSystem && n['packets'] === undefined))
    notKnown.push('What was in forms that were sent (POST): access logs do not hold it.');
  const known =
    electionSentence(d, { who, group, target, span, answer, shown, systemOf }) ?? memberSentence(d, who, group, target);
  return { summary: known ?? sentence(), notKnown };

  function sentence(): string {
    if (d.detection === 'W01' && d.key.kind === 'prefix')
      return `${counted(n['sources']!, 'address', 'addresses')} of the network block ${group ?? ''}, each below the usual threshold, together sent ${target} ${counted(n['requests']!, 'request')} for ${counted(n['distinct_paths']!, 'page')} that are not there${span}${shown} (web log). ${answer}`;
    switch (d.detection) {
      case 'F01':
      case 'F02':
      case 'F04':
      case 'F06':
      case 'F13':
      case 'F03':
        return `${who} tried ${counted(n['ports']!, 'port')} of ${ours}${span} ${packets}. ${answer}`;
      case 'F09':
        return `${who} tried ${counted(n['ports']!, 'service')} that should not face the Internet on ${ours}${span} ${packets}. ${answer}`;
      case 'F15':
        return `${counted(n['sources']!, 'address', 'addresses')} of the network block ${group ?? ''} scanned you on this day${n['sources_in_7_days']! > n['sources']! ? `, ${n['sources_in_7_days']} within seven days` : ''} (firewall log).`;
      case 'F16':
        return `${counted(n['sources']!, 'address', 'addresses')}, each below the usual threshold, together tried ${counted(n['ports']!, 'port')} of your address ${target}${spanWords(d.endMs - d.startMs, 0)} ${packets}. All were denied or got no answer.`;
      case 'F18':
        return `${who} scanned you, and the firewall then let ${counted(n['packets_allowed']!, 'connection')} to ${listed(d.exhibit.allowedPorts.map(serviceWords))} of ${target} through${span} (firewall log).`;
      case 'W21':
        if (d.key.kind === 'system')
          return `${counted(n['sources']!, 'address', 'addresses')} of ${counted(n['networks']!, 'network')} made ${counted(n['requests']!, 'log-in attempt')} on ${target}${examples[0] === undefined ? '' : ` (${examples[0]})`}, no more than ${grouped(n['most_of_one_address']!)} each${span} (web log). None of them got in.`;
        return d.key.kind === 'source'
          ? `${who} made ${counted(n['requests']!, 'log-in attempt')} on ${target}${span} (web log). ${loginWords(n)}`
          : `${counted(n['sources']!, 'address', 'addresses')} of ${group ?? 'one network'} made ${counted(n['requests']!, 'log-in attempt')} on ${target}${span} (web log). All were refused.`;
      case 'X02':
        return `${who} sent your web server requests meant to break in (web log), and ${counted(n['packets']!, 'packet')} to ${ours} that the firewall denied from then on${span} (firewall log).`;
      case 'X01':
        return `${who} tried ${counted(n['ports']!, 'port')} (firewall log) and sent at least ${counted(n['requests']!, 'probing request')} (web log)${span}.`;
      case 'W12':
        return `${who} sent ${counted(n['distinct_values']!, 'different value')} with query or shell characters to ${counted(n['parameters']!, 'parameter')} of ${target}${span} (web log). ${answer}`;
      case 'W28':
        return n['distinct_paths'] === 1
          ? `${who} probed ${target} and was then given an answer of its own size for ${examples[0] ?? 'a probed path'} (web log).`
          : `${who} probed ${target} and was then given ${counted(n['requests']!, 'answer')} of their own size for ${counted(n['distinct_paths']!, 'probed path')}${span}${shown} (web log).`;
      default:
        return n['requests'] === undefined
          ? `${who} sent ${target} ${counted(n['packets'] ?? 0, 'packet')} matching this rule${span} (firewall log). ${answer}`
          : `${who} sent ${target} ${counted(n['requests'], 'request')} ${REQUESTS[d.detection] ?? 'matching this rule'}${span}${n['requests'] === 1 ? shown.replace(', among them ', ': ') : shown} (web log). ${answer}`;
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

function answerWords(d: Decision, given: readonly string[]): string {
  if (d.outcome === 'answered') {
    if (d.detection.startsWith('F'))
      return `The firewall let ${counted(d.numbers['packets_allowed'] ?? 0, 'of these packets', 'of these packets')} through, to ${listed(d.exhibit.allowedPorts.map(serviceWords))}.`;
    if (d.numbers['requests'] === 1) return 'The server gave content.';
    return `The server gave content for ${given.length > 0 ? listed(given) : 'at least one of them'}.`;
  }
  return d.outcome === 'refused' ? `${refusedWords(d)}${meanwhileWords(d)}` : triedWords(d);
}

function refusedWords(d: Decision): string {
  if (d.detection.startsWith('F')) return 'All were denied or got no answer.';
  // an error of the server is no refusal: the request was worked on
  const errors = d.numbers['server_errors'] ?? 0;
  if (errors === 0) return 'All were refused or not found.';
  return errors === d.numbers['requests']
    ? `The server failed on ${errors === 1 ? 'it' : 'all of them'}.`
    : `The server failed on ${grouped(errors)} of them; the others were refused or not found.`;
}

/** What was not refused, of the same source. */
function meanwhileWords({ meanwhile }: Decision): string {
  if (meanwhile === undefined) return '';
  return meanwhile.packets > 0
    ? ` The firewall let ${counted(meanwhile.packets, 'other packet')} of this address through on that day.`
    : ` ${counted(meanwhile.pages, 'other page was', 'other pages were')} answered to this address meanwhile.`;
}

/** What the server made of requests of which some were not refused. */
function triedWords({ numbers, exhibit }: Decision): string {
  const requests = numbers['requests'] ?? 0;
  const errors = numbers['server_errors'] ?? 0;
  const pages = exhibit.statusCounts.find(([status]) => status === '2xx')?.[1] ?? 0;
  if (errors > 0 && errors === requests) return `The server failed on ${errors === 1 ? 'it' : 'all of them'}.`;
  if (pages > 0 && pages < requests)
    return `The server answered ${grouped(pages)} of them with a page, which by itself shows neither success nor failure${errors > 0 ? `, and failed on ${grouped(errors)}` : ''}.`;
  return errors > 0
    ? `The server failed on ${grouped(errors)} of them.`
    : 'The server answered, which by itself shows neither success nor failure.';
}
