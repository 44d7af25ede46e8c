/**
 * What an alert over several organisations says, in one sentence: which address or addresses, how many alerts at which of
 * them, within what time. The members' own alerts say the rest. Of one organisation: how many alerts, for what, in which log.
 */
import type { Decision } from '../detect/decision.ts';
import { counted } from '../model/quantity-words.ts';
import { logsOfExhibit, logWords } from './log-words.ts';
import { KIND_WORDS } from './office-words.ts';

const ALPHABETICAL_PERCENT = 80;

/**
 * The sentence of a decision over organisations, or over sources that work alike; null for any other. `names` are those of
 * the organisations, or what the sources of a campaign went for.
 */
export function memberSentence(d: Decision, who: string, group: string | null, names: string): string | null {
  if (d.shared === undefined && d.key.kind !== 'campaign') return null;
  const { alerts = 0, jurisdictions = 0, sources = 0, days = 0, order_percent: order = 0 } = d.numbers;
  const reported = `as ${counted(jurisdictions, 'organisation')} reported: ${names}.`;
  const addresses = counted(sources, 'address', 'addresses');
  if (d.detection === 'campaign.jurisdiction_sweep') {
    const whose = d.key.kind === 'source' ? who : `${addresses} of the network block ${group ?? ''}`;
    const said = `${whose} had alerts within ${counted(days, 'day')}, ${reported}`;
    return order >= ALPHABETICAL_PERCENT ? `${said} They were reached nearly in alphabetical order.` : said;
  }
  const whose = d.key.kind === 'source' ? who : `${addresses} ${likenessWords(d.key.text ?? '')}`;
  const had = `${whose} had ${counted(alerts, 'alert')} within 24 hours`;
  return d.shared === undefined ? `${had}, for ${names} (${logWords(logsOfExhibit(d))}).` : `${had}, ${reported}`;
}

/** What the sources of a campaign have in common, after "3 addresses": its signature (detect/members/shared-campaign.ts) in words. */
function likenessWords(signature: string): string {
  const mark = /^mark of a tool: (.*)$/s.exec(signature);
  if (mark !== null) return `that carry the mark of one tool (${mark[1]})`;
  const network = /^(.*) on (\w+)$/s.exec(signature);
  if (network === null) return 'that probed for the same things';
  const kind = (KIND_WORDS as Readonly<Record<string, string>>)[network[2]!] ?? network[2]!;
  return `of the network ${network[1]} that went for one kind of system (${kind})`;
}
