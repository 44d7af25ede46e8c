/**
 * What `pollwatch doctor` says of access logs that a proxy stands in front of: whether they name the visitors behind the
 * declared proxies, and what to write into the server's configuration where they do not.
 */
import { howToLog } from '../alerts/visibility.ts';
import { proxiesOf } from '../formats/client-address.ts';
import { relayedBy } from '../formats/combined.ts';
import type { Inventory } from '../model/inventory.ts';
import { printable } from '../model/problem.ts';
import type { OpenLog } from '../run/open-logs.ts';
import { readLines } from './reading.ts';

/** Lines of a log that are looked at: a server does not change its mind from line to line. */
const LINES_READ = 20_000;
/** Share of the lines from proxies that name nobody at which the log is said to lack the header. */
const NAMELESS_SHARE = 0.9;

/** One finding for each access log with lines from declared proxies; none where no proxies are declared. */
export async function proxyFindings(
  open: readonly OpenLog[],
  inventory: Inventory,
): Promise<{ state: 'ok' | 'look'; what: string; fix?: string }[]> {
  const isProxy = proxiesOf(inventory);
  if (isProxy === null) return [];
  const header = inventory.assets.find(({ clientIp }) => clientIp !== null)?.clientIp?.header ?? '';
  const findings: { state: 'ok' | 'look'; what: string; fix?: string }[] = [];
  for (const log of open) {
    if (log.format.name !== 'combined') continue;
    let relayed = 0;
    let named = 0;
    for await (const { number, text } of readLines(log)) {
      const line = relayedBy(text, isProxy);
      if (line !== null) relayed++;
      if (line !== null && line.client !== null) named++;
      if (number >= LINES_READ) break;
    }
    if (relayed === 0) continue;
    const name = printable(log.origin.name);
    if (named > (1 - NAMELESS_SHARE) * relayed)
      findings.push({
        state: 'ok',
        what: `${name}: ${named} of ${relayed} requests through your proxies name the visitor`,
      });
    else
      findings.push({
        state: 'look',
        what: `${name}: ${relayed - named} of ${relayed} requests through your proxies do not say for whom: their source is the proxy`,
        fix: howToLog(header),
      });
  }
  return findings;
}
