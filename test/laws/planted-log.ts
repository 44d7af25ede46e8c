/**
 * What a voter typed, planted wherever a line of a web or a firewall log can carry it, and the search for it in whatever a
 * program wrote. None of these people exists.
 */
import { accessLine, probingLog } from '../cli/pollwatch.ts';

/** What a look-up page is asked with. */
const NAMES = ['Zebulonsen', 'Quixwright', 'Marigoldova'];
const BIRTHS = ['1957-03-29', '03/29/1957', '19570329'];
const LICENCES = ['D4471-8820-1193', 'QX99817263'];
const MAILS = ['zebulonsen@voter.example'];
export const MARKED = [...NAMES, ...BIRTHS, ...LICENCES, ...MAILS];

/** A value as it could stand in an output: as it is, escaped for a URL, HTML or JSON, as base64 or hex. */
export function writings(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  return [
    value,
    encodeURIComponent(value),
    encodeURIComponent(encodeURIComponent(value)),
    value.replaceAll('/', '\\/'),
    value.replaceAll('@', '&#64;'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
  ];
}

/** Which marked values stand in which output. */
export function leaks(values: readonly string[], outputs: Readonly<Record<string, string>>): string[] {
  return Object.entries(outputs).flatMap(([name, text]) => {
    const lowered = text.toLowerCase();
    return values
      .filter((value) => writings(value).some((w) => lowered.includes(w.toLowerCase())))
      .map((value) => `${name}: ${value}`);
  });
}

/** Lines that carry the values: look-ups that are ordinary, that fail, that are attacked, that nobody can read. */
export function plantedLog(): string {
  const probing = probingLog();
  const lookups = MARKED.flatMap((value, i) => {
    const v = encodeURIComponent(value);
    const at = 200 + i * 20;
    return [
      accessLine(`/lookup?lastname=${v}&county=12`, { second: at, status: 200, ip: '192.0.2.10' }),
      accessLine(`/lookup;name=${v}/result?dob=${v}`, { second: at + 1, ip: '198.51.100.7' }),
      accessLine(`/lookup?lastname=${v}'%20OR%201=1--&dob=${v}`, { second: at + 2, ip: '198.51.100.7' }),
      accessLine(`/lookup?q=../../../../etc/passwd&dl=${v}`, { second: at + 3, ip: '198.51.100.7' }),
      accessLine('/.env', { second: at + 4, referrer: `https://vote.example.gov/s?name=${v}`, ip: '198.51.100.7' }),
      accessLine('/admin/login.php', { second: at + 5, user: value.replaceAll(' ', ''), status: 401 }),
      accessLine('/.git/config', {
        second: at + 6,
        agent: `Mozilla/5.0 (mail=${value}; ${MAILS[0]})`,
        ip: '198.51.100.7',
      }),
      accessLine('/backup.sql', { second: at + 7, agent: `tool?${value}`, ip: '198.51.100.7' }),
      accessLine(`/voter/${v}/details`, { second: at + 8, ip: '198.51.100.7' }),
      accessLine(`/lookup/by-name/${v}/`, { second: at + 9, ip: '198.51.100.7' }),
      `192.0.2.11 - - [14/Sep/2026:10:59:01 +0000] "GET /lookup?lastname=${v} HTTP/1.1 broken ${v}\n`,
      `not a line of any log, but ${value} stands in it\n`,
    ];
  });
  // one source that walks through records: enumeration is told from the values and shows none of them
  const walk = Array.from({ length: 120 }, (_, i) =>
    accessLine(`/lookup?voterid=${880_000_417 + i}&lastname=${NAMES[i % NAMES.length]!}`, {
      second: 600 + i,
      status: 200,
      ip: '198.51.100.44',
    }),
  );
  return probing + lookups.join('') + walk.join('');
}

/** Records that one source walks through: told as an enumeration, and shown nowhere. */
export const WALKED = ['880000417', '880000536'];

/** Lines of a firewall that carry the values: where a tool put them, and lines that nobody can read. */
export function plantedFirewallLog(): string {
  const drop = (second: number, port: number) =>
    `Sep 14 10:${String(20 + Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')} gw01 kernel: [${1000 + second}.1] nft-drop: IN=eth0 OUT= MAC=1a:c9:af:59:e0:ac:4a:2c:cd:99:64:79:08:00 SRC=198.51.100.7 DST=203.0.113.10 LEN=44 TOS=0x00 PREC=0x00 TTL=49 ID=1 PROTO=TCP SPT=40000 DPT=${port} WINDOW=1024 RES=0x00 SYN URGP=0 `;
  const scan = Array.from({ length: 40 }, (_, i) => `${drop(i, 1000 + i * 7)}\n`);
  const odd = MARKED.flatMap((value, i) => [
    `Sep 14 10:25:${String(10 + i)} gw01 sshd[99]: Invalid user ${value} from 198.51.100.7 port 4000\n`,
    `Sep 14 10:26:${String(10 + i)} gw01 kernel: [99.1] nft-drop: IN=eth0 SRC=${value} DST=203.0.113.10\n`,
    `${value} SRC=198.51.100.7 nobody can read this\n`,
  ]);
  return scan.join('') + odd.join('');
}

/** Look-ups that name a person in the path alone, which only an inventory that declares the system can tell. */
export function bareNamesLog(): string {
  return NAMES.flatMap((name, i) => [
    accessLine(`/lookup/${name}/`, { second: 1500 + i * 3, ip: '198.51.100.7' }),
    accessLine(`/lookup/${name.toLowerCase()}/wp-config.php.bak`, { second: 1501 + i * 3, ip: '198.51.100.7' }),
    accessLine('/.env', {
      second: 1502 + i * 3,
      referrer: `https://vote.example.gov/lookup/${name}`,
      ip: '198.51.100.7',
    }),
  ]).join('');
}
