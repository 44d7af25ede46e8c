/**
 * MITRE ATT&CK (v17) as far as our detections name it: techniques with the tactic that they serve when somebody reaches
 * in from outside, and the subtechniques' names.
 */

/** ATT&CK tactics that our techniques belong to when somebody reaches in from outside (ATT&CK v17). */
export const TACTICS = {
  reconnaissance: ['TA0043', 'Reconnaissance'],
  resourceDevelopment: ['TA0042', 'Resource Development'],
  initialAccess: ['TA0001', 'Initial Access'],
  execution: ['TA0002', 'Execution'],
  persistence: ['TA0003', 'Persistence'],
  defenseEvasion: ['TA0005', 'Defense Evasion'],
  credentialAccess: ['TA0006', 'Credential Access'],
  discovery: ['TA0007', 'Discovery'],
  collection: ['TA0009', 'Collection'],
  commandAndControl: ['TA0011', 'Command and Control'],
  impact: ['TA0040', 'Impact'],
} as const satisfies Record<string, readonly [string, string]>;

/** Name and tactic by technique id. */
export const TECHNIQUES: Readonly<Record<string, readonly [string, keyof typeof TACTICS]>> = {
  T1595: ['Active Scanning', 'reconnaissance'],
  T1589: ['Gather Victim Identity Information', 'reconnaissance'],
  T1590: ['Gather Victim Network Information', 'reconnaissance'],
  T1592: ['Gather Victim Host Information', 'reconnaissance'],
  T1593: ['Search Open Websites/Domains', 'reconnaissance'],
  T1594: ['Search Victim-Owned Websites', 'reconnaissance'],
  T1583: ['Acquire Infrastructure', 'resourceDevelopment'],
  T1190: ['Exploit Public-Facing Application', 'initialAccess'],
  T1133: ['External Remote Services', 'initialAccess'],
  T1059: ['Command and Scripting Interpreter', 'execution'],
  T1505: ['Server Software Component', 'persistence'],
  T1036: ['Masquerading', 'defenseEvasion'],
  T1110: ['Brute Force', 'credentialAccess'],
  T1552: ['Unsecured Credentials', 'credentialAccess'],
  T1003: ['OS Credential Dumping', 'credentialAccess'],
  T1018: ['Remote System Discovery', 'discovery'],
  T1046: ['Network Service Discovery', 'discovery'],
  T1083: ['File and Directory Discovery', 'discovery'],
  T1087: ['Account Discovery', 'discovery'],
  T1119: ['Automated Collection', 'collection'],
  T1213: ['Data from Information Repositories', 'collection'],
  T1530: ['Data from Cloud Storage', 'collection'],
  T1090: ['Proxy', 'commandAndControl'],
  T1105: ['Ingress Tool Transfer', 'commandAndControl'],
  T1491: ['Defacement', 'impact'],
  T1498: ['Network Denial of Service', 'impact'],
  T1499: ['Endpoint Denial of Service', 'impact'],
};

const SUBTECHNIQUES: Readonly<Record<string, string>> = {
  'T1595.001': 'Scanning IP Blocks',
  'T1595.002': 'Vulnerability Scanning',
  'T1595.003': 'Wordlist Scanning',
  'T1552.001': 'Credentials In Files',
  'T1110.001': 'Password Guessing',
  'T1110.003': 'Password Spraying',
  'T1110.004': 'Credential Stuffing',
  'T1505.003': 'Web Shell',
  'T1491.002': 'External Defacement',
};

/** Name of a technique or subtechnique; the id itself when it is none of ours (a rule of the user's own). */
export function techniqueName(id: string): string {
  return SUBTECHNIQUES[id] ?? TECHNIQUES[id]?.[0] ?? id;
}
