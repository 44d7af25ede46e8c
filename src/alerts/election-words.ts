/**
 * What was seen, for the detections of the election pack: one sentence each, whose subject is the address or the system.
 */
import type { Decision } from '../detect/decide.ts';
import { counted, grouped } from './quantity-words.ts';

/** Parts of a sentence that are made for every detection. */
export interface SentenceParts {
  /** "203.0.113.9, an address of …," or a network, or several addresses */
  readonly who: string;
  /** what of ours was touched */
  readonly target: string;
  /** " in 4 minutes" */
  readonly span: string;
  /** what came of it, a sentence */
  readonly answer: string;
  /** ", among them /a, /b" */
  readonly shown: string;
}

/** The sentence of a decision, or null when it is not one of the pack. */
export function electionSentence(d: Decision, { who, target, span, answer, shown }: SentenceParts): string | null {
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
        ? `${who} sent ${requests} to ${target}, which must never be reached${span} (web log).`
        : `${who} sent ${counted(n['packets'], 'packet')} to ${target}, which must never be reached${span} (firewall log). ${throughWords(n)}`;
    default:
      return null;
  }
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
