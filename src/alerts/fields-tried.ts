/**
 * Which parameters of requests an attack stands in: the names in front of what a rule matched, in the lines that an alert
 * shows. The sender writes them, so only what looks like the name of a form field is told.
 *   "GET /lookup?voterid=~98102905UNION+SELECT… HTTP/1.1", matched "UNION+SELECT…" → ["voterid"]
 */
import type { EvidenceLine } from '../model/alert.ts';

/** Names that are told of one alert; the evidence has few lines, each with one match. */
const NAMES_MAX = 20;
const NAME = /^[A-Za-z][\w.[\]-]{0,39}$/;

/** Names of parameters, sorted, each once; empty where nothing matched inside of a parameter. */
export function fieldsTried(lines: readonly Pick<EvidenceLine, 'text' | 'matched'>[]): string[] {
  const names = new Set<string>();
  for (const { text, matched } of lines) {
    if (text === null || matched === null || matched === '') continue;
    const at = text.indexOf(matched);
    if (at < 0) continue;
    const begin = Math.max(text.lastIndexOf('?', at), text.lastIndexOf('&', at));
    const name = /^[^=&\s"]*(?==)/.exec(text.slice(begin + 1))?.[0] ?? '';
    const between = text.slice(begin, at);
    if (begin >= 0 && !/["\s]/.test(between) && NAME.test(name)) names.add(name);
  }
  return [...names].sort().slice(0, NAMES_MAX);
}
