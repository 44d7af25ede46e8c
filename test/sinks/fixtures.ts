/**
 * Run summaries as the core hands them to the sinks: an ordinary day, nothing found, five thousand alerts, and one whose
 * every text was written by somebody who wants to get out of it. Addresses and AS numbers are those for documentation.
 */
import type { Alert } from '../../src/model/alert.ts';
import type { RunSummary, Visibility } from '../../src/model/summary.ts';

const T0 = Date.UTC(2026, 8, 14, 8, 0, 0);
const MINUTE = 60_000;

/** An alert with everything in it; `over` changes what a test is about. */
export function alert(over: Partial<Alert> = {}): Alert {
  return {
    id: '0123456789abcdef0123456789abcdef',
    detection: 'W05',
    name: 'Sensitive files asked for',
    day: '2026-09-14',
    organization: { id: 'us-xx-example', name: 'Example County Elections' },
    asset: { id: 'lookup', name: 'Voter lookup' },
    key: { kind: 'source', text: '192.0.2.17' },
    startMs: T0 + 141 * MINUTE,
    endMs: T0 + 163 * MINUTE,
    severity: 'critical',
    severityBase: 'medium',
    severitySteps: [
      'medium: five distinct sensitive files were asked for',
      "up two: /.git/config was answered with 287 bytes, unlike this site's usual error page",
    ],
    score: 91,
    confidence: { level: 'moderate', basis: ['the web log is complete', 'no firewall log was read'] },
    verdict: {
      term: 'tailored',
      basis: ['asked for names that exist only on this site', 'no other address asked for them'],
    },
    outcome: 'answered',
    categories: ['web'],
    techniques: [
      { id: 'T1595.003', name: 'Wordlist Scanning', reference: 'https://attack.mitre.org/techniques/T1595/003/' },
      { id: 'T1552.001', name: 'Credentials In Files', reference: 'https://attack.mitre.org/techniques/T1552/001/' },
    ],
    source: {
      ip: '192.0.2.17',
      key: '192.0.2.17',
      addresses: ['192.0.2.17'],
      as: { number: 64500, name: 'EXAMPLE-HOSTING' },
      country: { isoCode: 'NL', name: 'Netherlands' },
      place: null,
      database: 'NRO and DB-IP tables of 19 June 2026',
      class: null,
    },
    related: [],
    network: null,
    destinations: [],
    ports: [],
    paths: ['/.git/config', '/.env', '/backup.zip', '/config.php.bak', '/db.sql'],
    hosts: ['voterlookup.example.gov'],
    evidence: { requests: 42, distinct_paths: 31, answered: 1 },
    statusCounts: [
      ['200', 1],
      ['404', 41],
    ],
    thresholds: ['5 distinct sensitive files in one day (seen: 31)'],
    lines: [
      {
        timeMs: T0 + 141 * MINUTE,
        origin: 'nginx-access.log',
        offset: 4096,
        text: '192.0.2.17 - - [14/Sep/2026:10:21:00 +0000] "GET /.git/config HTTP/1.1" 200 287 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        matched: '/.git/config',
      },
      {
        timeMs: T0 + 142 * MINUTE,
        origin: 'nginx-access.log',
        offset: 4300,
        text: '192.0.2.17 - - [14/Sep/2026:10:22:03 +0000] "GET /lookup?last=~91c3d0aa&dob=~0f77b1c4 HTTP/1.1" 404 153 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        matched: null,
      },
    ],
    summary:
      '42 requests for 31 sensitive files reached the voter lookup in 22 minutes from one address, and one of them was answered with content (web log).',
    why: 'A folder like /.git can hold the source of the site and passwords in it. Whoever has it knows where the site is weak.',
    whatToDo: [
      "Ask your web person to remove /.git from the web folder today and to change every password that stands in the site's source.",
      'Block 192.0.2.17 on the firewall.',
      'Keep the web logs of 14 September.',
    ],
    notKnown: ['Who did this.', 'What the 287 bytes were: the log keeps their size only.'],
    ...over,
  };
}

const hex = (n: number) => n.toString(16).padStart(32, '0');

const source = (
  ip: string,
  as: { number: number; name: string } | null,
  country: { isoCode: string; name: string } | null,
) => ({
  ip,
  key: ip.includes(':') ? `${ip.split(':').slice(0, 4).join(':')}::/64` : ip,
  addresses: [ip],
  as,
  country,
  place: null,
  database: 'NRO and DB-IP tables of 19 June 2026',
  class: null,
});

/** Seven alerts of five sources and one group: one critical, one high, three medium, one low, one for the record. */
export function ordinaryAlerts(): Alert[] {
  const scan: Partial<Alert> = {
    detection: 'F01',
    name: 'Vertical port scan',
    categories: ['network'],
    asset: null,
    techniques: [
      { id: 'T1595.001', name: 'Scanning IP Blocks', reference: 'https://attack.mitre.org/techniques/T1595/001/' },
    ],
    paths: [],
    hosts: [],
    statusCounts: [],
    destinations: ['203.0.113.10'],
    outcome: 'refused',
    severityBase: 'medium',
  };
  return [
    alert({ id: hex(1) }),
    alert({
      id: hex(2),
      detection: 'W11',
      name: 'SQL injection',
      severity: 'high',
      score: 78,
      outcome: 'refused',
      key: { kind: 'source', text: '198.51.100.23' },
      source: source('198.51.100.23', { number: 64501, name: 'EXAMPLE-VPN' }, { isoCode: 'US', name: 'United States' }),
      startMs: T0 + 300 * MINUTE,
      endMs: T0 + 304 * MINUTE,
      techniques: [
        {
          id: 'T1190',
          name: 'Exploit Public-Facing Application',
          reference: 'https://attack.mitre.org/techniques/T1190/',
        },
      ],
      paths: ['/lookup'],
      thresholds: ['3 distinct payloads in 30 days (seen: 7)'],
      evidence: { requests: 7, distinct_payloads: 7 },
      statusCounts: [
        ['404', 2],
        ['500', 5],
      ],
      severitySteps: ['high: three or more distinct payloads'],
      severityBase: 'high',
      lines: [
        {
          timeMs: T0 + 300 * MINUTE,
          origin: 'nginx-access.log',
          offset: 90_000,
          text: '198.51.100.23 - - [14/Sep/2026:13:00:00 +0000] "GET /lookup?id=~0aa2054d\' UNION SELECT 1,2,3-- HTTP/1.1" 500 0 "-" "sqlmap/1.8"',
          matched: "' UNION SELECT 1,2,3--",
        },
      ],
      summary:
        '7 requests with database-injection text reached the voter lookup in 4 minutes from one address; all were answered with an error page (web log).',
      why: 'Text like this makes a badly written page hand out the database behind it.',
      whatToDo: [
        'Ask the maker of the lookup page whether the field "id" is protected against injection.',
        'Block 198.51.100.23 on the firewall.',
      ],
      notKnown: ['Who did this.', 'What was sent in form bodies: web logs do not record them.'],
    }),
    alert({
      ...scan,
      id: hex(3),
      severity: 'medium',
      score: 55,
      key: { kind: 'source', text: '198.51.100.77' },
      source: source(
        '198.51.100.77',
        { number: 64502, name: 'EXAMPLE-CLOUD EUROPE' },
        { isoCode: 'DE', name: 'Germany' },
      ),
      startMs: T0 + 30 * MINUTE,
      endMs: T0 + 37 * MINUTE,
      ports: [21, 22, 23, 25, 80, 110, 143, 443, 445, 1433, 3306, 3389, 5432, 5900, 8080],
      verdict: { term: 'noise', basis: ['the ports are those that everybody is asked for'] },
      evidence: { packets: 212, distinct_ports: 104 },
      thresholds: ['15 distinct ports of one host (seen: 104)'],
      severitySteps: ['medium: 15 or more ports of one host'],
      summary:
        '212 packets tried 104 ports of 203.0.113.10 in 7 minutes from one address; all were refused (firewall log).',
      why: 'Somebody lists which doors of this host are open. All of these were closed.',
      whatToDo: ['Nothing today. If it comes back on other days, block the address.'],
      notKnown: ['Who did this.'],
      lines: [
        {
          timeMs: T0 + 30 * MINUTE,
          origin: 'kern.log',
          offset: 1200,
          text: 'Sep 14 08:30:00 web01 kernel: [291267.613977] nft-drop: IN=eth0 OUT= MAC=~92618560 SRC=198.51.100.77 DST=203.0.113.10 LEN=60 PROTO=TCP SPT=53991 DPT=3389 SYN',
          matched: null,
        },
      ],
    }),
    alert({
      ...scan,
      id: hex(4),
      detection: 'F16',
      name: 'Distributed scan on one target',
      severity: 'medium',
      score: 61,
      key: { kind: 'target', text: '203.0.113.10' },
      source: null,
      related: Array.from({ length: 22 }, (_, i) => `198.18.${i}.${i + 7}`),
      startMs: T0 + 400 * MINUTE,
      endMs: T0 + 455 * MINUTE,
      ports: [8443, 9443, 10443, 7443],
      verdict: { term: 'tailored', basis: ['22 addresses shared one list of ports and asked no port twice'] },
      evidence: { sources: 22, distinct_ports: 88, overlap: 0.04 },
      thresholds: ['15 sources with at most 20 % overlap (seen: 22 sources, 4 %)'],
      severitySteps: ['medium: fully refused'],
      summary:
        '22 addresses together tried 88 ports of 203.0.113.10 in 55 minutes, each a few; all were refused (firewall log).',
      why: 'Splitting a scan over many addresses keeps each below the usual thresholds.',
      whatToDo: ['Tell your state or county security office: they can see whether others were tried too.'],
      notKnown: ['Whether one sender is behind all 22 addresses.'],
      lines: [],
    }),
    alert({
      ...scan,
      id: hex(5),
      detection: 'W09',
      name: 'Scanner user agent',
      categories: ['web'],
      severity: 'medium',
      score: 44,
      key: { kind: 'source', text: '198.51.100.23' },
      source: source('198.51.100.23', { number: 64501, name: 'EXAMPLE-VPN' }, { isoCode: 'US', name: 'United States' }),
      startMs: T0 + 299 * MINUTE,
      endMs: T0 + 304 * MINUTE,
      destinations: [],
      paths: ['/lookup', '/'],
      verdict: { term: 'cannot_tell', basis: ['one tool mark, seen elsewhere as well'] },
      evidence: { requests: 9 },
      thresholds: ['1 request of a known tool (seen: 9)'],
      severitySteps: ['medium: a tool that tests for injection named itself'],
      summary: '9 requests carried the name of a testing tool in 5 minutes from one address (web log).',
      why: 'A tool that names itself is easy to see; many do not.',
      whatToDo: ['See the SQL injection alert of the same address.'],
      notKnown: ['Whether somebody was asked to test this site.'],
      lines: [],
    }),
    alert({
      ...scan,
      id: hex(6),
      detection: 'F03',
      name: 'Horizontal sweep',
      severity: 'low',
      score: 20,
      key: { kind: 'source', text: '2001:db8:7:1::/64' },
      source: source('2001:db8:7:1::9', null, null),
      startMs: T0 + 500 * MINUTE,
      endMs: T0 + 502 * MINUTE,
      ports: [23],
      verdict: { term: 'noise', basis: ['half of your hosts were tried on a port that everybody is asked for'] },
      evidence: { packets: 12, distinct_hosts: 6 },
      thresholds: ['3 hosts on one port (seen: 6)'],
      severitySteps: ['low: the whole network was swept'],
      summary:
        '12 packets tried port 23 (Telnet) of 6 hosts in 2 minutes from one address; all were refused (firewall log).',
      why: 'Old devices with factory passwords are searched for all day.',
      whatToDo: ['Nothing.'],
      notKnown: ['Who did this.'],
      lines: [],
    }),
    alert({
      ...scan,
      id: hex(7),
      detection: 'W19',
      name: 'Non-HTTP bytes on a web port',
      categories: ['web'],
      severity: 'info',
      severityBase: 'info',
      score: 3,
      key: { kind: 'source', text: '192.0.2.99' },
      source: source(
        '192.0.2.99',
        { number: 64503, name: 'EXAMPLE-RESEARCH' },
        { isoCode: 'US', name: 'United States' },
      ),
      verdict: { term: 'noise', basis: ['sent to every address of the Internet'] },
      evidence: { requests: 1 },
      destinations: [],
      paths: [],
      summary: '1 request with the start of a TLS connection reached a plain port from one address (web log).',
      why: 'Harmless by itself.',
      whatToDo: [],
      notKnown: [],
      lines: [],
    }),
  ];
}

const VISIBILITY: Visibility[] = [
  { detection: 'F01', name: 'Vertical port scan', state: 'works', because: 'refused packets are logged', fix: '' },
  {
    detection: 'W05',
    name: 'Sensitive files asked for',
    state: 'works',
    because: 'paths and statuses are logged',
    fix: '',
  },
  {
    detection: 'W11',
    name: 'SQL injection',
    state: 'partly',
    because: 'form bodies (POST) are not in a web log',
    fix: "add a web application firewall log, or log the fields' names",
  },
  {
    detection: 'W13',
    name: 'Cross-site scripting probes',
    state: 'partly',
    because: 'form bodies (POST) are not in a web log',
    fix: "add a web application firewall log, or log the fields' names",
  },
  {
    detection: 'W26',
    name: 'Wrong host names',
    state: 'cannot',
    because: 'the log does not name the virtual host',
    fix: 'put $host (nginx) or %v (Apache) at the start of the log format',
  },
  {
    detection: 'F18',
    name: 'Allowed after scan',
    state: 'partly',
    because: 'accepted connections are logged for ports 80 and 443 only',
    fix: 'log accepted new connections of all ports',
  },
];

/** A day's timeline in panes of 15 minutes: a daily rhythm with two bursts. */
function timeline(panes: number): RunSummary['timeline'] {
  const all: number[] = [];
  const refused: number[] = [];
  const alerted: number[] = [];
  for (let i = 0; i < panes; i++) {
    const base = Math.round(140 + 110 * Math.sin((i / 96) * 2 * Math.PI - 1.2) + ((i * 37) % 23));
    const burst = i === 9 ? 620 : i === 20 ? 320 : i > 25 && i < 31 ? 90 : 0;
    all.push(base + burst);
    refused.push(Math.round(base * 0.24) + Math.round(burst * 0.9));
    alerted.push(burst);
  }
  return { startMs: T0, paneMs: 15 * MINUTE, all, refused, alerted };
}

/** An ordinary run over three logs. */
export function ordinarySummary(over: Partial<RunSummary> = {}): RunSummary {
  return {
    version: '0.1.0',
    organization: { id: 'us-xx-example', name: 'Example County Elections' },
    office: {
      systems: [
        {
          id: 'lookup',
          name: 'Voter lookup',
          kind: 'voter_lookup',
          criticality: 'high',
          call: { name: 'County IT on call', phone: '+1-555-0100' },
        },
        { id: 'results', name: 'Election night results', kind: 'results_enr', criticality: 'critical', call: null },
      ],
      call: { name: 'County IT on call', phone: '+1-555-0100' },
      windows: [
        {
          election: 'General election',
          phase: 'uocava_mailing',
          firstDay: '2026-09-13',
          lastDay: '2026-09-18',
        },
      ],
    },
    tlp: 'TLP:AMBER',
    origins: [
      {
        name: 'nginx-access.log',
        format: 'combined',
        lines: 8212,
        events: 8210,
        bytes: 1_632_000,
        skipped: [],
        refused: [
          {
            reason: 'no request in quotes',
            count: 2,
            samples: [{ offset: 77_001, text: '\u0000\u0001broken <b>line</b>' }],
          },
        ],
        firstMs: T0,
        lastMs: T0 + 12 * 60 * MINUTE,
        yearNote: null,
        problem: null,
        limits: ['bodies of POST requests', 'the virtual host'],
      },
      {
        name: 'kern.log',
        format: 'netfilter',
        lines: 6120,
        events: 5830,
        bytes: 980_400,
        skipped: [{ kind: 'kernel message of another kind', count: 288 }],
        refused: [{ reason: 'no time stamp', count: 2, samples: [{ offset: 12, text: '-- MARK --' }] }],
        firstMs: T0 + 20_000,
        lastMs: T0 + 12 * 60 * MINUTE - 4000,
        yearNote: "year 2026, from the file's modification time",
        problem: null,
        limits: ['what was sent inside a connection'],
      },
      {
        name: 'old.log.gz',
        format: null,
        lines: 0,
        events: 0,
        bytes: 0,
        skipped: [],
        refused: [],
        firstMs: null,
        lastMs: null,
        yearNote: null,
        problem: { code: 'PW-ORIGIN-CUT', message: 'the compressed file ends too early', hint: 'copy it again' },
        limits: [],
      },
    ],
    lines: 14_332,
    events: 14_040,
    skipped: 288,
    refused: 4,
    bytes: 2_612_400,
    sources: 1318,
    firstMs: T0,
    lastMs: T0 + 12 * 60 * MINUTE,
    seconds: 0.42,
    visibility: VISIBILITY,
    letThrough: [{ port: 22, sources: 1, packets: 12 }],
    noise: {
      sources: 1204,
      events: 3120,
      owners: [
        { name: 'EXAMPLE-CLOUD EUROPE', sources: 311 },
        { name: 'EXAMPLE-HOSTING', sources: 204 },
        { name: 'EXAMPLE-TELECOM', sources: 120 },
      ],
      visited: [{ what: '/ballot/old.html', sources: 40, isLogin: false, letIn: 0 }],
      targets: [
        { what: 'tcp/23', sources: 402 },
        { what: 'tcp/445', sources: 233 },
        { what: 'tcp/3389', sources: 190 },
        { what: '/wp-login.php', sources: 88 },
        { what: '/.env', sources: 41 },
      ],
    },
    owners: [
      { as: 64502, name: 'EXAMPLE-CLOUD EUROPE', country: 'Germany', sources: 312, alerts: 1, events: 212 },
      { as: 64500, name: 'EXAMPLE-HOSTING', country: 'Netherlands', sources: 205, alerts: 1, events: 42 },
      { as: null, name: 'network owner unknown', country: null, sources: 61, alerts: 1, events: 12 },
      { as: 64501, name: 'EXAMPLE-VPN', country: 'United States', sources: 24, alerts: 2, events: 16 },
      { as: 64504, name: 'EXAMPLE-TELECOM', country: 'United States', sources: 120, alerts: 0, events: 0 },
    ],
    timeline: timeline(49),
    dataSets: [
      { name: 'Network owners (AS)', date: '2026-06-17', attribution: 'RouteViews, DB-IP Lite (CC BY 4.0)' },
      { name: 'Countries', date: '2026-06-17', attribution: 'Number Resource Organization (NRO) statistics' },
    ],
    publicKey: false,
    bound: null,
    alerts: ordinaryAlerts(),
    ...over,
  };
}

/** Nothing found. */
export function quietSummary(): RunSummary {
  const s = ordinarySummary();
  return {
    ...s,
    origins: s.origins.slice(0, 2),
    alerts: [],
    letThrough: [],
    owners: s.owners.map((o) => ({ ...o, alerts: 0, events: 0 })),
    timeline: { ...s.timeline, alerted: s.timeline.alerted.map(() => 0) },
  };
}

/** Nothing could be read. */
export function unreadableSummary(): RunSummary {
  const s = ordinarySummary();
  return {
    ...quietSummary(),
    origins: s.origins.slice(2),
    lines: 0,
    events: 0,
    skipped: 0,
    refused: 0,
    bytes: 0,
    sources: 0,
    firstMs: null,
    lastMs: null,
    letThrough: [],
    noise: { sources: 0, events: 0, owners: [], targets: [], visited: [] },
    owners: [],
    timeline: { startMs: 0, paneMs: 900_000, all: [], refused: [], alerted: [] },
  };
}

/** `n` alerts of as many sources, levels and scores spread. */
export function manyAlertsSummary(n: number): RunSummary {
  const templates = ordinaryAlerts();
  const alerts = Array.from({ length: n }, (_, i): Alert => {
    const t = templates[i % templates.length]!;
    const ip = `198.18.${(i >> 8) & 255}.${i & 255}`;
    return {
      ...t,
      id: hex(1000 + i),
      key: { kind: 'source', text: ip },
      source: source(ip, { number: 64496 + (i % 16), name: `EXAMPLE-${i % 16}` }, null),
      score: i % 100,
    };
  });
  return ordinarySummary({ alerts, timeline: timeline(2976) });
}

/** Texts that try to leave a terminal line, an attribute, an element, a script, a style sheet or a CSV cell. */
export const HOSTILE = [
  '</td></tr></table><script>document.title="owned"</script>',
  '"><img src=x onerror="document.title=\'owned\'">',
  "' onmouseover='document.title=1' x='",
  '</style><style>*{display:none}</style>',
  '</title><svg onload=document.title="owned">',
  '<a href="javascript:document.title=1">x</a> <a href="https://evil.example/">y</a>',
  '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp.exe\r\nHTTP/1.1 200',
  '<!--',
  ']]>',
  '&lt;script&gt;',
  '\u0000',
  '{{7*7}}',
  '=HYPERLINK("https://evil.example")',
  'A'.repeat(3000),
] as const;

/** True when a text holds a byte that a terminal obeys (C0 but the line feed, DEL, C1) or a bidirectional control. */
export function obeyed(text: string): boolean {
  for (const c of text) {
    const code = c.codePointAt(0)!;
    if ((code < 32 && code !== 10) || (code >= 127 && code < 160)) return true;
    if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)) return true;
  }
  return false;
}

/** A summary in which every text of a log, a file name or a data set is hostile. */
export function hostileSummary(): RunSummary {
  const s = ordinarySummary();
  let n = 0;
  const poison = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') {
      const fixed = [
        'kind',
        'severity',
        'severityBase',
        'level',
        'term',
        'outcome',
        'state',
        'day',
        'id',
        'criticality',
        'firstDay',
        'lastDay',
        'phase',
        'tlp',
      ].includes(key);
      return fixed ? value : `${value} ${HOSTILE[n++ % HOSTILE.length]}`;
    }
    if (Array.isArray(value)) return key === 'categories' ? value : value.map((v) => poison(v, key));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, poison(v, k)]));
    return value;
  };
  return poison(s, '') as RunSummary;
}

/** An alert that is built on what several organisations saw. */
export function sharedAlert(): Alert {
  return alert({
    id: '6'.repeat(32),
    jurisdictions: [
      { id: 'us-xx-adams', level: 'county', parent: 'us-xx' },
      { id: 'us-xx-baker', level: 'county', parent: 'us-xx' },
    ],
    campaign: { id: 'a'.repeat(16), members: 3, firstSeenMs: Date.UTC(2026, 8, 14, 10) },
    evidence: { alerts: 4, jurisdictions: 2, days: 12, order_percent: 90 },
  });
}
