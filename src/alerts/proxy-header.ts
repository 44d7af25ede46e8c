/**
 * The header in which a proxy names its client: which ones an office's proxies send, and how a server logs one where
 * pollwatch looks for it.
 */
import type { Asset } from '../model/inventory.ts';

/** The headers in which the proxies of systems name their clients, each once, in the order of the inventory. */
export function headersOf(systems: readonly Partial<Pick<Asset, 'clientIp'>>[]): string[] {
  const headers = systems.flatMap(({ clientIp }) => (clientIp == null ? [] : [clientIp.header]));
  return headers.filter((header, i) => headers.findIndex((h) => h.toLowerCase() === header.toLowerCase()) === i);
}

/** How a server logs the header in which a proxy names its client, where pollwatch looks for it. */
export function howToLog(header: string): string {
  const variable = header.toLowerCase().replaceAll('-', '_');
  return (
    `log the header ${header} as the last field, in quotes, behind the user agent. ` +
    `nginx: log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent ` +
    `"$http_referer" "$http_user_agent" "$http_${variable}"'; Apache: ` +
    `LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\" \\"%{${header}}i\\"" main`
  );
}
