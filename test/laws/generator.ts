/**
 * Mixed logs with a known truth, from a seed: a web server's lines (combined) and a firewall's (netfilter), in which
 * actors stand one below and exactly at the thresholds of the detectors, cross the border of a day, overflow a group,
 * come from IPv6, repeat equal lines and share a second. The same seed gives the same lines, everywhere and always.
 */

export type LineFormat = 'combined' | 'netfilter';

export interface GeneratedLine {
  format: LineFormat;
  timeMs: number;
  /** without the line end; latin1 */
  text: string;
  /** true for lines that are no event */
  isJunk: boolean;
}

/** What is known to be so: an alert of this detection about this key stands, or does not. */
export interface Truth {
  detection: string;
  /** text of the alert's key */
  key: string;
  fires: boolean;
}

export interface Generated {
  seed: number;
  /** in the order of time, as two servers would have written them */
  lines: GeneratedLine[];
  truths: Truth[];
}

export interface GeneratorOptions {
  /** whole days that all lines are moved by */
  shiftDays?: number;
  /** actors that are taken; default: a choice of the seed */
  actors?: readonly string[];
  /** true: no two lines share a second, and no line stands twice */
  distinctSeconds?: boolean;
}

/** A pseudo-random source of numbers in [0, 1) (mulberry32 by T. Ettinger, public domain). */
export function createRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A list in another order. */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Two days around this midnight, UTC; the generator's inventory starts its days at 00:00 or 12:00. */
export const MIDNIGHT = Date.UTC(2026, 8, 15);

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const CRAWLER = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const MONITOR = 'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)';
const SENSITIVE = ['/.env', '/.git/config', '/wp-config.php.bak', '/backup.sql', '/.aws/credentials'];
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const TARGETS = ['203.0.113.10', '203.0.113.11', '203.0.113.12', '203.0.113.20', '203.0.113.21'];
const TARGETS_V6 = ['2001:db8:100::10', '2001:db8:100::11'];
const HOSTS = ['vote.example.gov', 'results.example.gov', 'lookup.example.gov'];

/** What an actor writes with. */
interface Pen {
  random: () => number;
  /** a whole number in [from, to] */
  whole(from: number, to: number): number;
  /** an address that nobody else of this log has */
  address(): string;
  addressV6(): { address: string; key: string };
  network(): string;
  request(timeMs: number, source: string, target: string, status: number, more?: Partial<Request>): void;
  packet(timeMs: number, source: string, destination: string, port: number, more?: Partial<Packet>): void;
  truth(detection: string, key: string, fires: boolean): void;
}

interface Request {
  method: string;
  size: number;
  agent: string;
  referrer: string;
  host: string;
}

interface Packet {
  action: 'DROP' | 'ACCEPT';
  flags: string;
  protocol: 'TCP' | 'UDP';
  ipId: number;
  sourcePort: number;
}

type Actor = (pen: Pen, at: number) => void;

/** Tries `n` ports of one address of ours within one pane. */
function scan(pen: Pen, at: number, source: string, n: number, destination = TARGETS[0]!): void {
  const first = 20_000 + pen.whole(0, 5000);
  for (let i = 0; i < n; i++) pen.packet(at + i * 11_000, source, destination, first + 7 * i);
}

const ACTORS: Readonly<Record<string, Actor>> = {
  // one below, and exactly at, the fifteen ports of F01
  verticalScans(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    scan(pen, at, below, 14);
    scan(pen, at, exactly, 15);
    pen.truth('F01', below, false);
    pen.truth('F01', exactly, true);
  },
  // the same from an IPv6 /64 whose interface identifier changes with every packet
  scanFromV6(pen, at) {
    const { address, key } = pen.addressV6();
    for (let i = 0; i < 15; i++) {
      const own = address.replace(/::.*$/, `::${(0x1000 + pen.whole(0, 60_000)).toString(16)}`);
      pen.packet(at + i * 9000, own, TARGETS_V6[0]!, 4000 + 3 * i);
    }
    pen.truth('F01', key, true);
  },
  // weights of 20 and 21 within ten seconds
  bursts(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    const from = Math.ceil(at / 10_000) * 10_000;
    for (let i = 0; i < 6; i++) pen.packet(from + i * 300, below, TARGETS[1]!, 700 + i);
    for (let i = 0; i < 7; i++) pen.packet(from + i * 300 + 37, exactly, TARGETS[1]!, 700 + i);
    pen.truth('F02', below, false);
    pen.truth('F02', exactly, true);
  },
  // nine and ten pairs, half an hour apart
  slowScans(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    for (let i = 0; i < 10; i++) {
      if (i < 9) pen.packet(at + i * 31 * MINUTE, below, TARGETS[i % 3]!, 30_000 + i);
      pen.packet(at + i * 31 * MINUTE + 500, exactly, TARGETS[i % 3]!, 30_000 + i);
    }
    pen.truth('F06', below, false);
    pen.truth('F06', exactly, true);
  },
  illegalFlags(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    for (let i = 0; i < 3; i++) pen.packet(at + i * 2000, below, TARGETS[0]!, 9999, { flags: 'FIN' });
    for (let i = 0; i < 3; i++) pen.packet(at + i * 2000, exactly, TARGETS[0]!, 9998 + (i & 1), { flags: '' });
    pen.truth('F13', below, false);
    pen.truth('F13', exactly, true);
  },
  // scanned, then let through to a port that is not public
  allowedAfterScan(pen, at) {
    const source = pen.address();
    scan(pen, at, source, 16);
    pen.packet(at + 6 * MINUTE, source, TARGETS[0]!, 8443, { action: 'ACCEPT' });
    pen.truth('F18', source, true);
  },
  // ten and eleven missing pages
  webProbing(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    for (let i = 0; i < 11; i++) {
      if (i < 10) pen.request(at + i * 4000, below, `/missing/${pen.whole(0, 9)}-${i}.html`, 404);
      pen.request(at + i * 4000, exactly, `/missing/${pen.whole(0, 9)}-${i}.html`, 404);
    }
    pen.truth('W01', below, false);
    pen.truth('W01', exactly, true);
  },
  // one and two sensitive files, the two on both sides of a pane's border; the same line three times is still one file
  sensitiveFiles(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    for (let i = 0; i < 3; i++) pen.request(at, below, '/.env', 404);
    const border = Math.ceil(at / (10 * MINUTE)) * 10 * MINUTE;
    pen.request(border - 1000, exactly, SENSITIVE[0]!, 404);
    pen.request(border, exactly, SENSITIVE[1]!, 404);
    pen.truth('W05', below, false);
    pen.truth('W05', exactly, true);
  },
  // 29 and 30 records in number order
  enumeration(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    const first = 64 * pen.whole(1000, 9000);
    const agent = { agent: 'python-requests/2.32.3' };
    for (let i = 0; i < 30; i++) {
      if (i < 29) pen.request(at + i * 5000, below, `/lookup/voter?voterid=${first + i}`, 200, agent);
      pen.request(at + i * 5000, exactly, `/lookup/voter?voterid=${first + i}`, i % 4 === 0 ? 404 : 200, agent);
    }
    pen.truth('election.lookup_enum', below, false);
    pen.truth('election.lookup_enum', exactly, true);
  },
  // five and six refused log-ins within a minute, equal lines and equal seconds among them
  logins(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    const from = Math.ceil(at / MINUTE) * MINUTE;
    for (let i = 0; i < 6; i++) {
      if (i < 5) pen.request(from + 1000, below, '/login', 401, { method: 'POST' });
      pen.request(from + (i >> 1) * 1000, exactly, '/login', 401, { method: 'POST' });
    }
    pen.truth('W21', below, false);
    pen.truth('W21', exactly, true);
  },
  // 19 and 20 addresses of as many networks, a refused log-in each, at a system of their own
  loginsEverywhere(pen, at) {
    const [below, exactly] = ['portal-below.example.gov', 'portal-at.example.gov'];
    for (let i = 0; i < 20; i++) {
      const source = `${pen.network()}.${9 + i}`;
      if (i < 19) pen.request(at + i * 20_000, source, '/login', 401, { method: 'POST', host: below });
      pen.request(at + i * 20_000, source, '/login', 401, { method: 'POST', host: exactly });
    }
    pen.truth('W21', below, false);
    pen.truth('W21', exactly, true);
  },
  fuzzing(pen, at) {
    const [below, exactly] = [pen.address(), pen.address()];
    for (let i = 0; i < 15; i++) {
      const target = `/search?q=%27%3B--${i}%22%28`;
      if (i < 14) pen.request(at + i * 3000, below, target, 200);
      pen.request(at + i * 3000, exactly, target, 200);
    }
    pen.truth('W12', below, false);
    pen.truth('W12', exactly, true);
  },
  // a listed path that gave something of its own, after probing
  answered(pen, at) {
    const source = pen.address();
    for (let i = 0; i < 4; i++) pen.request(at + i * 1000, source, SENSITIVE[i]!, 404, { size: 162 });
    pen.request(at + 5 * MINUTE, source, SENSITIVE[4]!, 200, { size: 7777 });
    pen.truth('W28', source, true);
  },
  // the list of accounts, given by one page and as little heeded by another as the error page shows
  givenFile(pen, at) {
    const [source, unheeded] = [pen.address(), pen.address()];
    for (let i = 0; i < 3; i++) pen.request(at + i * 1000, pen.address(), `/elections/${i}`, 200, { size: 6100 + i });
    pen.request(at + 4000, source, '/old', 404, { size: 162 });
    pen.request(at + 5000, source, '/download?file=../../../../etc/passwd', 200, { size: 1834 });
    pen.request(at + 6000, unheeded, '/elections/?file=../../../../etc/passwd', 200, { size: 6101 });
    pen.truth('W14', source, true);
    pen.truth('W14', unheeded, true);
  },
  // sixteen sources of one network share the ports of one address; none of them scans alone
  distributed(pen, at) {
    const network = pen.network();
    const target = TARGETS[3]!;
    for (let s = 0; s < 16; s++) {
      for (let p = 0; p < 2; p++)
        pen.packet(at + pen.whole(0, 50) * MINUTE + s * 100, `${network}.${10 + s}`, target, 14_000 + 40 * s + p);
    }
    pen.truth('F16', target, true);
  },
  // 32 and 33 missing pages, shared out between four addresses of a block
  sharedList(pen, at) {
    const [below, exactly] = [pen.network(), pen.network()];
    for (let i = 0; i < 33; i++) {
      if (i < 32) pen.request(at + i * 2000, `${below}.${10 + (i % 4)}`, `/shared/${i}`, 404);
      pen.request(at + i * 2000, `${exactly}.${10 + (i % 4)}`, `/shared/${i}`, 404);
    }
    pen.truth('W01', `${below}.0/24`, false);
    pen.truth('W01', `${exactly}.0/24`, true);
  },
  // five scanning sources of one /24 within an hour
  hotPrefix(pen, at) {
    const network = pen.network();
    for (let s = 0; s < 5; s++) scan(pen, at + s * 2 * MINUTE, `${network}.${30 + s}`, 15, TARGETS[s % 3]!);
    pen.truth('F15', `${network}.0/24`, true);
  },
  // the firewall before midnight, the web server after it
  chain(pen) {
    const source = pen.address();
    scan(pen, MIDNIGHT - 10 * MINUTE, source, 18);
    for (let i = 0; i < 3; i++) pen.request(MIDNIGHT + (3 + i) * MINUTE, source, SENSITIVE[i]!, 404);
    pen.truth('X01', source, true);
  },
  // both a scan and its pane cross midnight
  acrossMidnight(pen) {
    const source = pen.address();
    scan(pen, MIDNIGHT - 14 * 11_000, source, 30);
    const prober = pen.address();
    for (let i = 0; i < 24; i++) pen.request(MIDNIGHT - MINUTE + i * 5000, prober, `/gone/${i}`, 404);
    pen.truth('F01', source, true);
    pen.truth('W01', prober, true);
  },
  // more distinct ports of one pane than a group keeps
  manyPorts(pen, at) {
    const source = pen.address();
    const from = Math.floor(at / (15 * MINUTE)) * 15 * MINUTE;
    const n = pen.whole(1030, 1400);
    for (let i = 0; i < n; i++) pen.packet(from + i * 300, source, TARGETS[0]!, 1024 + i);
    pen.truth('F01', source, true);
  },
  // more distinct pages of one pane than a group keeps
  manyPages(pen, at) {
    const source = pen.address();
    const from = Math.floor(at / (10 * MINUTE)) * 10 * MINUTE;
    const n = pen.whole(1030, 1400);
    for (let i = 0; i < n; i++) pen.request(from + (i % 590) * 1000, source, `/list/${i}`, i % 9 === 0 ? 200 : 404);
    pen.truth('W03', source, true);
  },
  // hundreds of sources share out more ports of one address than a group keeps, beside one that scans it alone
  manySources(pen, at) {
    const target = TARGETS[4]!;
    const hour = Math.floor(at / (60 * MINUTE)) * 60 * MINUTE;
    let network = '';
    for (let s = 0; s < 560; s++) {
      if (s % 200 === 0) network = pen.network();
      for (let p = 0; p < 2; p++)
        pen.packet(hour + pen.whole(0, 3_599_000), `${network}.${10 + (s % 200)}`, target, 14_000 + 2 * s + p);
    }
    const loud = pen.address();
    for (let i = 0; i < 1100; i++) pen.packet(hour + i * 3000, loud, target, 40_000 + i);
    pen.truth('F16', target, true);
    pen.truth('F01', loud, true);
  },
  // says that it is a crawler and, at another time, that it is a monitor
  manyNames(pen, at) {
    const source = pen.address();
    for (let i = 0; i < 14; i++)
      pen.request(at + i * 2000, source, `/old/${i}`, 404, { agent: i % 2 === 0 ? CRAWLER : MONITOR });
    pen.truth('W01', source, true);
  },
  // what only systems of an inventory make anything of: fields, strangers, closed networks, forms sent without being opened
  systems(pen, at) {
    const vote = { host: 'vote.example.gov' };
    const injector = pen.address();
    for (let i = 0; i < 3; i++)
      pen.request(at + i * 4000, injector, `/register?last=x${i}%27%20OR%201%3D1--&dob=1`, i === 1 ? 500 : 200, vote);
    const sender = pen.address();
    for (let i = 0; i < 12; i++)
      pen.request(at + i * 60_000, sender, '/register/submit', 302, { ...vote, method: 'POST', size: 0 });
    pen.request(at, pen.address(), '/sync/v1/status', 401, vote);
    pen.request(at + 9000, pen.address(), '/results/api/publish', 405, { host: 'results.example.gov', method: 'PUT' });
    pen.packet(at, pen.address(), '10.77.0.9', 445);
    pen.packet(at + 500, pen.address(), '10.77.0.9', 50_000, { flags: 'ACK SYN', sourcePort: 443 });
    const uploader = pen.address();
    const upload = `/register/photos/${uploader.replaceAll('.', '-')}.jpg.php`;
    pen.request(at, uploader, upload, 201, { ...vote, method: 'POST' });
    pen.request(at + 20 * MINUTE, pen.address(), upload, 200, { ...vote, size: pen.whole(700, 60_000) });
  },
  // a few forms from each of several addresses of one network
  networkSenders(pen, at) {
    const network = pen.network();
    for (let i = 0; i < 12; i++)
      pen.request(at + i * 90_000, `${network}.${20 + (i % 4)}`, '/register/submit', 302, {
        host: 'vote.example.gov',
        method: 'POST',
        size: 0,
      });
  },
  // 110 documents and no page
  documents(pen, at) {
    const source = pen.address();
    for (let i = 0; i < 110; i++)
      pen.request(at + i * 20_000, source, `/register/voter-lists/${i}.pdf`, 200, { host: 'vote.example.gov' });
  },
  // one page of a form, once a second for eleven minutes
  hammering(pen, at) {
    const source = pen.address();
    const from = Math.ceil(at / MINUTE) * MINUTE;
    for (let i = 0; i < 660; i++)
      pen.request(from + i * 1000, source, '/register/status', i % 7 === 0 ? 503 : 200, { host: 'vote.example.gov' });
  },
  // more sources than a group keeps come to one system within two minutes and the next two, after an hour of a few
  flood(pen, at) {
    const from = Math.floor(at / (10 * MINUTE)) * 10 * MINUTE;
    const results = { host: 'results.example.gov' };
    for (let i = 0; i < 40; i++) pen.request(from - (2 + 2 * i) * MINUTE, pen.address(), '/results/', 200, results);
    let network = '';
    for (let i = 0; i < 1200; i++) {
      if (i % 200 === 0) network = pen.network();
      for (const slice of [0, 1])
        pen.request(
          from + slice * 2 * MINUTE + (i % 119) * 1000,
          `${network}.${10 + (i % 200)}`,
          '/results/',
          i % 3 === 0 ? 503 : 200,
          results,
        );
    }
  },
  // nothing of it is anything
  visitors(pen, at) {
    for (let v = 0; v < 12; v++) {
      const source = v % 4 === 3 ? pen.addressV6().address : pen.address();
      for (let i = 0; i < pen.whole(1, 6); i++) {
        const page = ['/', '/results/2026', '/polling-places?zip=60601', '/style.css', '/favicon.ico'][
          pen.whole(0, 4)
        ]!;
        pen.request(at + pen.whole(0, 3600) * 1000, source, page, page === '/favicon.ico' ? 404 : 200, {
          host: HOSTS[pen.whole(0, 2)]!,
        });
      }
    }
  },
  // what every address of the Internet gets; answers to us and errors among it
  background(pen, at) {
    for (let v = 0; v < 20; v++) {
      const source = pen.address();
      const port = [22, 23, 80, 443, 445, 3389, 5060, 8080][pen.whole(0, 7)]!;
      const repeats = pen.whole(1, 3);
      const time = at + pen.whole(0, 5 * 3600) * 1000 + pen.whole(0, 999);
      for (let i = 0; i < repeats; i++) pen.packet(time, source, TARGETS[pen.whole(0, 3)]!, port, { ipId: 54321 });
      if (v % 5 === 0) pen.packet(time, source, TARGETS[0]!, 50_000, { flags: 'ACK SYN', sourcePort: 443 });
      if (v % 5 === 1) pen.packet(time, source, TARGETS[0]!, 161, { protocol: 'UDP' });
    }
  },
};

/** Names of all actors. */
export const ACTOR_NAMES: readonly string[] = Object.keys(ACTORS);
/** Actors of more than a thousand lines: only some seeds have them. */
const LONG = ['manyPorts', 'manyPages', 'manySources', 'hammering', 'flood'];

/** The log of a seed. */
export function generate(seed: number, options: GeneratorOptions = {}): Generated {
  const random = createRandom(seed);
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const shiftMs = (options.shiftDays ?? 0) * DAY;
  const lines: GeneratedLine[] = [];
  const truths: Truth[] = [];
  const taken = new Set<number>();
  let networks = 0;
  let addresses = 0;
  const write = (format: LineFormat, timeMs: number, line: (shown: number) => string): void => {
    let time = Math.floor(timeMs);
    if (options.distinctSeconds === true) {
      time = Math.floor(time / 1000) * 1000;
      while (taken.has(time)) time += 1000;
      taken.add(time);
    }
    lines.push({ format, timeMs: time + shiftMs, text: line(time + shiftMs), isJunk: false });
  };
  const pen: Pen = {
    random,
    whole,
    address: () => {
      addresses++;
      return `198.${18 + (seed & 1)}.${seed % 250}.${addresses}`;
    },
    addressV6: () => {
      addresses++;
      const upper = `2001:db8:${(0x2000 + (seed % 4096)).toString(16)}:${addresses.toString(16)}`;
      return { address: `${upper}::${whole(1, 65_000).toString(16)}`, key: `${upper}::/64` };
    },
    network: () => `100.${64 + (seed % 60)}.${++networks}`,
    request: (timeMs, source, target, status, more = {}) =>
      write('combined', timeMs, (shown) => requestText(shown, source, target, status, more)),
    packet: (timeMs, source, destination, port, more = {}) =>
      write('netfilter', timeMs, (shown) => packetText(shown, source, destination, port, more)),
    truth: (detection, key, fires) => truths.push({ detection, key, fires }),
  };
  for (const name of options.actors ?? choice(seed, random))
    ACTORS[name]!(pen, MIDNIGHT - 10 * 60 * MINUTE + whole(0, 16 * 60) * MINUTE);
  if (options.distinctSeconds !== true) addRepeats(lines, random);
  lines.push(...junk(seed, shiftMs));
  // stable: lines of one instant stay in the order in which they were written
  lines.sort((a, b) => a.timeMs - b.timeMs);
  return { seed, lines, truths };
}

/** Visitors and background always, of the short actors about two thirds, a long one in every fifth seed. */
function choice(seed: number, random: () => number): string[] {
  const short = ACTOR_NAMES.filter((name) => !LONG.includes(name));
  const chosen = short.filter((name) => name === 'visitors' || name === 'background' || random() < 0.66);
  if (seed % 5 === 0) chosen.push(LONG[(seed / 5) % LONG.length]!);
  return shuffled(chosen, random);
}

/** Some lines of sources without a truth of "does not fire" stand several times; equal lines count as often as they stand. */
function addRepeats(lines: GeneratedLine[], random: () => number): void {
  const again = lines.filter((line) => /GET \/(results|gone|list|old|style)|DPT=(23|445|9999) /.test(line.text));
  for (const line of again) if (random() < 0.15) lines.push({ ...line });
}

/** Lines that are no events, of both files. */
function junk(seed: number, shiftMs: number): GeneratedLine[] {
  const at = MIDNIGHT + shiftMs;
  const texts: [LineFormat, string][] = [
    ['netfilter', `${stamp(at)} gw01 kernel: usb 1-1: new high-speed USB device number ${seed}`],
    ['netfilter', 'this is no line of a firewall'],
    ['combined', 'neither is this one of a web server'],
    ['combined', ''],
    ['combined', '\u0000\u0001\u00ff"['],
  ];
  return texts.map(([format, text]) => ({ format, timeMs: at, text, isJunk: true }));
}

function stamp(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, -1)}000+00:00`;
}

function requestText(timeMs: number, source: string, target: string, status: number, more: Partial<Request>): string {
  const d = new Date(timeMs);
  const two = (n: number) => String(n).padStart(2, '0');
  const date = `${two(d.getUTCDate())}/${MONTHS[d.getUTCMonth()]}/${d.getUTCFullYear()}`;
  const clock = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  const { method = 'GET', size = status === 404 ? 153 : 1234, agent = BROWSER, referrer = '-', host = '' } = more;
  const prefix = host === '' ? '' : `${host}:443 `;
  return `${prefix}${source} - - [${date}:${clock} +0000] "${method} ${target} HTTP/1.1" ${status} ${size} "${referrer}" "${agent}"`;
}

function packetText(timeMs: number, source: string, destination: string, port: number, more: Partial<Packet>): string {
  const { action = 'DROP', flags = 'SYN', protocol = 'TCP', ipId = 4711, sourcePort = 40_000 } = more;
  const isV6 = source.includes(':');
  const rest =
    protocol === 'TCP'
      ? `PROTO=TCP SPT=${sourcePort} DPT=${port} WINDOW=1024 RES=0x00 ${flags}${flags === '' ? '' : ' '}URGP=0`
      : `PROTO=UDP SPT=${sourcePort} DPT=${port} LEN=40`;
  const head = isV6
    ? `SRC=${source} DST=${destination} LEN=60 TC=0 HOPLIMIT=240 FLOWLBL=0`
    : `SRC=${source} DST=${destination} LEN=44 TOS=0x00 PREC=0x00 TTL=240 ID=${ipId}`;
  return `${stamp(timeMs)} gw01 kernel: [1234.567890] [netfilter ${action}] IN=eth0 OUT= MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00 ${head} ${rest} `;
}

/** The log as the bytes of two files; `order` may put the lines of each file into another order. */
export function filesOf(
  lines: readonly GeneratedLine[],
  order: (lines: readonly GeneratedLine[]) => readonly GeneratedLine[] = (l) => l,
): Record<LineFormat, Uint8Array> {
  const bytesOf = (format: LineFormat) =>
    Uint8Array.from(
      Buffer.from(
        order(lines.filter((line) => line.format === format))
          .map((line) => `${line.text}\n`)
          .join(''),
        'latin1',
      ),
    );
  return { combined: bytesOf('combined'), netfilter: bytesOf('netfilter') };
}
