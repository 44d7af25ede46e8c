/**
 * What usually listens on a port, for readers who do not know the number.
 *   3389 → "Remote Desktop (port 3389)"   22 → "remote login (SSH, port 22)"   4711 → "port 4711"
 */

/** By number of the port. */
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

/** A port in words, with its number. */
export function serviceWords(port: number): string {
  const service = SERVICES[port];
  if (service === undefined) return `port ${port}`;
  return service.endsWith(')') ? service.replace(/\)$/, `, port ${port})`) : `${service} (port ${port})`;
}
