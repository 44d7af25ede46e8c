/**
 * What the firewall let through to services that should not face the Internet, in words.
 */

import { serviceWords } from '../alerts/service-words.ts';
import { counted } from '../model/quantity-words.ts';
import type { LetThrough } from '../model/summary.ts';

/** "1 address reached remote login (SSH, port 22) with 800 packets" */
export function letThroughText({ port, sources, packets }: LetThrough): string {
  return `${counted(sources, 'address', 'addresses')} reached ${serviceWords(port)} with ${counted(packets, 'packet')}`;
}

/** What to make of it. */
export const LET_THROUGH_NOTE =
  'What they did there a firewall log does not say: whoever tries passwords looks like this, and so does a colleague at work. Read the log of that service, and let only addresses that you know reach it.';
