/**
 * What an alert over several organisations says, in one sentence: which address or addresses, how many alerts at which of
 * them, within what time. The members' own alerts say the rest. Of one organisation: how many alerts.
 */
import type { Decision } from '../detect/decide.ts';
import { counted } from '../model/quantity-words.ts';

const ALPHABETICAL_PERCENT = 80;

/** The sentence of a decision over organisations; null for any other. `names` are those of the organisations. */
export function memberSentence(d: Decision, who: string, group: string | null, names: string): string | null {
  if (d.shared === undefined && d.key.kind !== 'campaign') return null;
  const { alerts = 0, jurisdictions = 0, sources = 0, days = 0, order_percent: order = 0 } = d.numbers;
  const where = `at ${counted(jurisdictions, 'organisation')}`;
  const addresses = counted(sources, 'address', 'addresses');
  if (d.detection === 'campaign.jurisdiction_sweep') {
    const whose = d.key.kind === 'source' ? who : `${addresses} of the network block ${group ?? ''}`;
    const said = `${whose} had alerts ${where} within ${counted(days, 'day')}: ${names} (their alerts).`;
    return order >= ALPHABETICAL_PERCENT ? `${said} They were reached nearly in alphabetical order.` : said;
  }
  const whose = d.key.kind === 'source' ? who : `${addresses} with one signature (${d.key.text ?? ''})`;
  if (d.shared === undefined) return `${whose} had ${counted(alerts, 'alert')} here within 24 hours (their alerts).`;
  return `${whose} had ${counted(alerts, 'alert')} ${where} within 24 hours: ${names} (their alerts).`;
}
