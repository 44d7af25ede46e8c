/**
 * What usually listens on a port, in words, and what was let through to it.
 */

import { counted } from '../model/quantity-words.ts';
import type { LetThrough } from '../model/summary.ts';

/** What usually listens on a port, for readers who do not know the number. */
export const SERVICES: Readonly<Record<number, string>> = {
  21: 'file transfer (FTP)',
  22: 'remote login (SSH)',
  23: 'Telnet',
  25: 'mail',
  53: 'name service',
  80: 'web',
  88: 'Kerberos',
  110: 'mail (POP3)',
  123: 'time',
  135: 'Windows services',
  139: 'Windows files',
  143: 'mail (IMAP)',
  161: 'device management (SNMP)',
  389: 'directory (LDAP)',
  443: 'web (TLS)',
  445: 'Windows files',
  1433: 'SQL Server',
  1521: 'Oracle database',
  1900: 'device discovery',
  3306: 'MySQL',
  3389: 'Remote Desktop',
  5060: 'telephony (SIP)',
  5432: 'PostgreSQL',
  5555: 'Android debugging',
  5900: 'screen sharing (VNC)',
  5985: 'Windows management',
  5986: 'Windows management',
  6379: 'Redis',
  8080: 'web (other port)',
  8443: 'web or VPN (other port)',
  9200: 'Elasticsearch',
  10443: 'VPN',
  11211: 'memcached',
  27017: 'MongoDB',
};

/** "1 address reached remote login (SSH, port 22) with 800 packets" */
export function letThroughText({ port, sources, packets }: LetThrough): string {
  const service = SERVICES[port]?.replace(/\)$/, `, port ${port})`) ?? '';
  const named = service === '' ? `port ${port}` : service.endsWith(')') ? service : `${service} (port ${port})`;
  return `${counted(sources, 'address', 'addresses')} reached ${named} with ${counted(packets, 'packet')}`;
}

/** What to make of it. */
export const LET_THROUGH_NOTE =
  'What they did there a firewall log does not say: whoever tries passwords looks like this, and so does a colleague at work. Read the log of that service, and let only addresses that you know reach it.';
