/**
 * What was seen, for the detections of the election pack: one sentence each, whose subject is the address or the system.
 */
import type { Decision } from '../detect/decision.ts';
import { counted, grouped } from '../model/quantity-words.ts';
import { logsOfParts } from './log-words.ts';

/** Parts of a sentence that are made for every detection. */
export interface SentenceParts {
  /** "203.0.113.9, an address of …," or a network, or several addresses */
  readonly who: string;
  /** the network of an aggregate, or null */
  readonly group: string | null;
  /** what of ours was touched */
  readonly target: string;
  /** " in 4 minutes" */
  readonly span: string;
  /** what came of it, a sentence */
  readonly answer: string;
  /** ", among them /a, /b" */
  readonly shown: string;
  /** the system of another decision, as the office calls it, or null */
  readonly systemOf: (d: Decision) => string | null;
}

/** The sentence of a decision, or null when it is not one of the pack. */
export function electionSentence(
  d: Decision,
  { who, group, target, span, answer, shown, systemOf }: SentenceParts,
): string | null {
  const n = d.numbers;
  const requests = counted(n['requests'] ?? 0, 'request');
  switch (d.detection) {
    case 'election.lookup_enum':
      return `${who} asked ${target} for ${counted(n['distinct_keys']!, 'different record')}${span}${isInOrder(n) ? ', nearly in number order' : ''} (web log). ${recordWords(n)}`;
    case 'election.form_injection':
      return `${who} sent ${target} ${requests} with attack text in ${n['fields'] === 0 ? 'a field' : counted(n['fields']!, 'field')}${span} (web log). ${answer}`;
    case 'election.status_hammer':
      return `${who} asked ${target} for one page ${counted(n['requests']!, 'time')}${span} (web log). ${answer}`;
    case 'election.results_probe':
      return `${who} sent ${target} ${requests} that nobody who reads results sends${span}${shown} (web log). ${answer}`;
    case 'election.pollbook_probe':
      return `${who} sent ${target} ${requests}${span} (web log)${n['log_ins_refused']! > 0 ? `, ${grouped(n['log_ins_refused']!)} of which were refused as log-ins are` : ''}. ${answer}`;
    case 'election.sentinel':
      return n['packets'] === undefined
        ? `${who} sent ${requests}${span} to ${target} (web log), which must never be reached.`
        : `${who} sent ${counted(n['packets'], 'packet')}${span} to ${target} (firewall log), which must never be reached. ${throughWords(n)}`;
    case 'election.bulk_register':
    case 'election.bulk_ballot_request':
    case 'election.bulk_cancel':
      if (d.key.kind !== 'source')
        return `${counted(n['sources']!, 'address', 'addresses')} of ${group ?? 'one network'} sent ${target} ${counted(n['requests']!, SUBMITTED[d.detection]!)}${span} and never opened the form (web log). The server took them, which does not show what became of them.`;
      return `${who} sent ${target} ${counted(n['requests']!, SUBMITTED[d.detection]!)}${span} and opened the form ${n['forms_opened'] === 0 ? 'not once' : counted(n['forms_opened']!, 'time')} (web log). The server took them, which does not show what became of them.`;
    case 'election.protected_record':
      return `${who} asked ${target} ${counted(n['requests']!, 'time')} for ${counted(n['protected_records']!, 'record')} on your list of protected records${span} (web log). ${n['answered'] === 0 ? 'None of the requests was answered.' : `${grouped(n['answered']!)} of the requests were answered.`}`;
    case 'election.upload_active':
      return `${who} sent ${target} ${counted(n['requests']!, 'file')} that a server would run${span}${n['requests'] === 1 ? shown.replace(', among them ', ': ') : shown} (web log). ${uploadWords(n)}`;
    case 'election.doc_harvest':
      return `${who} fetched ${counted(n['documents']!, 'different document')} about voters and elections from ${target}${span}, and hardly any page (web log).`;
    case 'election.lookup_slow':
      return `${counted(n['sources']!, 'address', 'addresses')} of ${group ?? 'one network'} asked ${target} for ${counted(n['distinct_keys']!, 'different record')} within seven days, in ${counted(n['hours']!, 'different hour')}, and loaded no page (web log). ${recordWords(n)}`;
    case 'election.results_flood':
      return `Up to ${counted(n['sources_in_2_minutes']!, 'address', 'addresses')} came to ${target} within two minutes, where ${grouped(n['usual_sources']!)} ${n['usual_sources'] === 1 ? 'is' : 'are'} usual; it answered ${n['error_percent']} % of ${requests} in ${counted(n['minutes']!, 'minute')} with an error (web log).`;
    case 'campaign.scan_to_exploit':
      return `${counted(n['sources']!, 'address', 'addresses')} of one block scanned ${target} and later sent it ${requests} that try to misuse it${span} (${logsOfParts(d)}). ${answer}`;
    case 'campaign.smokescreen':
      return `While ${floodedWords(d, systemOf)}, ${counted(n['sources']!, 'address', 'addresses')} sent ${target} ${requests} that try to misuse it (${logsOfParts(d)}). ${answer}`;
    default:
      return null;
  }
}

function floodedWords(d: Decision, systemOf: SentenceParts['systemOf']): string {
  const floods = d.parts.filter((p) => p.detection === 'election.results_flood');
  const names = [...new Set(floods.map(systemOf).filter((name) => name !== null))].sort();
  const sources = Math.max(0, ...floods.map((p) => p.numbers['sources_in_2_minutes'] ?? 0));
  return `${counted(sources, 'address', 'addresses')} flooded ${names.length === 0 ? 'a system of yours' : names.join(' and ')}`;
}

/** What a form sends, by detection. */
const SUBMITTED: Readonly<Record<string, string>> = {
  'election.bulk_register': 'registration',
  'election.bulk_ballot_request': 'ballot request',
  'election.bulk_cancel': 'cancellation',
};

function uploadWords(n: Readonly<Record<string, number>>): string {
  if (n['uploads_taken'] === 0) return 'All were refused.';
  if (n['fetches'] === 0) return `The server took ${grouped(n['uploads_taken']!)} of them.`;
  const others = n['fetches_by_others']! > 0 ? ', also from another address' : '';
  return `The server took ${grouped(n['uploads_taken']!)} of them, and what was sent was then fetched ${counted(n['fetches']!, 'time')}${others}.`;
}

const isInOrder = (n: Readonly<Record<string, number>>) =>
  n['blocks_of_64']! > 0 && n['blocks_of_64']! * 4 <= n['distinct_keys']!;

/** How many of the records that were asked for were given. */
function recordWords(n: Readonly<Record<string, number>>): string {
  const answered = n['records_answered']!;
  if (answered === 0) return 'None of them was answered.';
  if (answered >= n['distinct_keys']!) return 'All of them were answered.';
  return `${counted(answered, 'of them was', 'of them were')} answered.`;
}

function throughWords(n: Readonly<Record<string, number>>): string {
  return n['packets_allowed']! > 0
    ? `The firewall let ${grouped(n['packets_allowed']!)} of them through.`
    : 'The firewall log does not show that any of them was let through.';
}
