/**
 * What `pollwatch doctor` says of access logs that a proxy stands in front of: whether they name the visitors behind the
 * declared proxies, and what to write into the server's configuration where they do not.
 */
import { headersOf, howToLog } from '../alerts/proxy-header.ts';
import { type IsProxy, proxiesOf } from '../formats/client-address.ts';
import { relayedBy } from '../formats/combined.ts';
import type { Inventory } from '../model/inventory.ts';
import { printable } from '../model/problem.ts';
import type { OpenLog } from '../run/open-logs.ts';
import { readLines } from './reading.ts';

/** Lines of a log that are looked at: a server does not change its mind from line to line. */
const LINES_READ = 20_000;
/** Share of the lines from proxies that name nobody at which the log is said to lack the header. */
const NAMELESS_SHARE = 0.9;

/** What doctor says of a log. */
type ProxyFinding = { state: 'ok' | 'look'; what: string; fix?: string };

/** Proxies that name their clients in one header, and what a log has of them. */
interface Behind {
  readonly header: string;
  readonly isProxy: IsProxy;
  /** lines from these proxies, and those of them that name the visitor */
  relayed: number;
  named: number;
}

/**
 * One finding for each access log and header with lines from declared proxies: systems may stand behind different ones. None
 * where no proxies are declared.
 */
export async function proxyFindings(open: readonly OpenLog[], inventory: Inventory): Promise<ProxyFinding[]> {
  const findings: ProxyFinding[] = [];
  for (const log of open) {
    const behind = log.format.name === 'combined' ? proxiesByHeader(inventory) : [];
    if (behind.length === 0) continue;
    for await (const { number, text } of readLines(log)) {
      for (const proxies of behind) {
        const line = relayedBy(text, proxies.isProxy);
        if (line !== null) proxies.relayed++;
        if (line !== null && line.client !== null) proxies.named++;
      }
      if (number >= LINES_READ) break;
    }
    const name = printable(log.origin.name);
    for (const proxies of behind) if (proxies.relayed > 0) findings.push(findingOf(name, proxies, behind.length > 1));
  }
  return findings;
}

function proxiesByHeader({ assets, isTrustedProxy }: Inventory): Behind[] {
  return headersOf(assets).map((header) => {
    const own = assets.filter(({ clientIp }) => clientIp?.header.toLowerCase() === header.toLowerCase());
    const isProxy = proxiesOf({ assets: own, isTrustedProxy });
    return { header, isProxy: isProxy ?? (() => false), relayed: 0, named: 0 };
  });
}

function findingOf(log: string, { header, relayed, named }: Behind, isOneOfSeveral: boolean): ProxyFinding {
  const through = `requests through your proxies${isOneOfSeveral ? ` that send ${printable(header)}` : ''}`;
  if (named > (1 - NAMELESS_SHARE) * relayed)
    return { state: 'ok', what: `${log}: ${named} of ${relayed} ${through} name the visitor` };
  return {
    state: 'look',
    what: `${log}: ${relayed - named} of ${relayed} ${through} do not say for whom: their source is the proxy`,
    fix: howToLog(header),
  };
}
