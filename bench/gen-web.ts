/**
 * Writes a web server log in the combined format: visitors, a share of background probing, and a few planted scanners
 * that an analysis must find. Prints what is true of it as JSON.
 *
 *   node bench/gen-web.ts --out web.log --lines 1000000 [--seed 1] [--sources 200000] [--zipf 1.02]
 *                         [--new-paths 0.05] [--probing 0.03] [--ipv6 0.15]
 *
 * `new-paths` is the share of visitors' requests for a path that nobody asked for before (record pages, searches):
 * what makes a memory of judged paths useless. zipf 0 makes every source equally busy. One second holds 60 lines.
 */
import { corpusArguments, createCorpusFile, plantedLines, type Truth } from './corpus.ts';
import {
  createRandom,
  createZipf,
  distinct,
  dotted,
  madeUpIpv4,
  madeUpIpv6,
  type Random,
  sourceKey,
} from './random.ts';

export const WEB_DEFAULTS = {
  lines: 1_000_000,
  seed: 1,
  sources: 200_000,
  zipf: 1.02,
  'new-paths': 0.05,
  probing: 0.03,
  ipv6: 0.15,
};

export type WebArguments = typeof WEB_DEFAULTS & { out: string };

const MEAN_GAP_MS = 1000 / 60;
/** sources that background probing comes from: one for so many visitors */
const VISITORS_PER_PROBER = 50;
const PAGES = 20_000;
const START_MS = Date.UTC(2026, 5, 1);

const SECTIONS = ['news', 'offices', 'forms', 'maps', 'calendar', 'results', 'help', 'about', 'jobs', 'minutes'];
const WORDS = 'ballot precinct county early absentee deadline notice agenda budget library council clerk record'.split(
  ' ',
);
const ASSETS = Array.from({ length: 160 }, (_, i) => {
  const type = ['css', 'js', 'png', 'svg', 'woff2', 'webp'][i % 6];
  return `/static/${type}/${WORDS[i % WORDS.length]}-${(i * 2654435761) >>> 8}.${type}`;
});
/** what visitors miss on every site: a few icons, not a list of words */
const MISSING = ['/favicon.ico', '/apple-touch-icon.png', '/apple-touch-icon-precomposed.png'];

const BROWSERS = [
  ...Array.from({ length: 40 }, (_, i) => {
    const system = ['Windows NT 10.0; Win64; x64', 'Macintosh; Intel Mac OS X 10_15_7', 'X11; Linux x86_64'][i % 3];
    return `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${110 + i}.0.0.0 Safari/537.36`;
  }),
  ...Array.from({ length: 20 }, (_, i) => {
    const system = ['Windows NT 10.0; Win64; x64', 'X11; Ubuntu; Linux x86_64'][i % 2];
    return `Mozilla/5.0 (${system}; rv:${120 + i}.0) Gecko/20100101 Firefox/${120 + i}.0`;
  }),
  ...Array.from({ length: 20 }, (_, i) => {
    const version = `${15 + (i % 4)}_${i % 7}`;
    return `Mozilla/5.0 (iPhone; CPU iPhone OS ${version} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148`;
  }),
];
const PROBER_AGENTS = ['python-requests/2.31.0', 'curl/7.88.1', 'Go-http-client/1.1', '-', ...BROWSERS.slice(0, 2)];
const PROBED = [
  '/.env',
  '/.git/config',
  '/wp-login.php',
  '/xmlrpc.php',
  '/phpmyadmin/index.php',
  '/admin/config.php',
  '/actuator/health',
  '/server-status',
  '/config.json',
  '/backup.zip',
  '/cgi-bin/luci/',
  '/boaform/admin/formLogin',
  '/manager/html',
  '/info.php',
  '/owa/auth/logon.aspx',
  '/remote/login',
];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A scanner that is written into the corpus at fixed places. Documentation addresses: nobody else has them. */
interface Planted {
  ip: string;
  what: string;
  agent: string;
  lines: number;
  /** share of the corpus after which it starts */
  from: number;
  target(n: number): string;
}

const PLANTED: Planted[] = [
  {
    ip: '198.51.100.21',
    what: 'word list: 600 paths that are not there',
    agent: BROWSERS[0]!,
    lines: 600,
    from: 0.2,
    target: (n) => `/${WORDS[n % WORDS.length]}${n}/`,
  },
  {
    ip: '198.51.100.22',
    what: 'sensitive files',
    agent: 'curl/8.5.0',
    lines: 24,
    from: 0.4,
    target: (n) =>
      ['/.env', '/.git/config', '/backup.sql', '/.aws/credentials', '/wp-config.php.bak', '/db.sql'][n % 6]!,
  },
  {
    ip: '198.51.100.23',
    what: 'database injection',
    agent: BROWSERS[3]!,
    lines: 40,
    from: 0.6,
    target: (n) => `/offices/search?id=${n}%27%20UNION%20SELECT%20NULL,${n},version()--%20-`,
  },
  {
    ip: '198.51.100.24',
    what: 'scanner that names itself',
    agent: 'sqlmap/1.8.4#stable (https://sqlmap.org)',
    lines: 30,
    from: 0.7,
    target: (n) => `/forms/absentee?county=${n}`,
  },
];

/** Writes the corpus and returns what is true of it. */
export function generateWeb(args: WebArguments): Truth {
  const random = createRandom(args.seed);
  const address = () => (random.unit() < args.ipv6 ? madeUpIpv6(random, false) : dotted(madeUpIpv4(random)));
  const proberCount = Math.max(20, Math.round(args.sources / VISITORS_PER_PROBER));
  const addresses = distinct(args.sources + proberCount, address, sourceKey);
  const visitors = addresses.slice(0, args.sources);
  const probers = addresses.slice(args.sources);
  const visitorRank = createZipf(visitors.length, args.zipf, random);
  const proberRank = createZipf(probers.length, 0.9, random);
  const pages = Array.from({ length: PAGES }, (_, i) => page(random, i));
  const pageRank = createZipf(pages.length, 0.95, random);
  const assetRank = createZipf(ASSETS.length, 0.8, random);

  const seen = new Uint8Array(visitors.length + probers.length);
  const seenPaths = new Set<string>();
  const queue = plantedLines(PLANTED, args.lines);
  const file = createCorpusFile(args.out);
  let newPaths = 0;
  let probing = 0;
  let clock = START_MS;
  let second = -1;
  let stamp = '';
  for (let i = 0; i < args.lines; i++) {
    clock += random.gap(MEAN_GAP_MS);
    if (Math.floor(clock / 1000) !== second) {
      second = Math.floor(clock / 1000);
      stamp = clfTime(second * 1000);
    }
    const planted = queue.get(i);
    let line: string;
    let target: string;
    let madeNew = false;
    if (planted !== undefined) {
      const [scanner, n] = planted;
      target = scanner.target(n);
      line = `${scanner.ip} - - [${stamp}] "GET ${target} HTTP/1.1" 404 153 "-" "${scanner.agent}"`;
      probing++;
    } else if (random.unit() < args.probing) {
      const rank = proberRank();
      seen[visitors.length + rank] = 1;
      target = `${random.unit() < 0.3 ? '/old' : ''}${PROBED[(rank + random.below(5)) % PROBED.length]}`;
      const status = random.unit() < 0.9 ? 404 : 403;
      line = `${probers[rank]} - - [${stamp}] "GET ${target} HTTP/1.1" ${status} 153 "-" "${PROBER_AGENTS[rank % PROBER_AGENTS.length]}"`;
      probing++;
    } else {
      const rank = visitorRank();
      seen[rank] = 1;
      const dice = random.unit();
      madeNew = random.unit() < args['new-paths'];
      const isMissing = !madeNew && dice > 0.995;
      target = madeNew
        ? `/${random.pick(SECTIONS)}/${i.toString(36)}-${random.u32().toString(36)}${dice < 0.3 ? `?page=${1 + random.below(9)}` : ''}`
        : isMissing
          ? MISSING[i % MISSING.length]!
          : dice < 0.5
            ? ASSETS[assetRank()]!
            : pages[pageRank()]!;
      const status = isMissing ? 404 : dice < 0.06 ? 304 : 200;
      const size = isMissing ? 153 : status === 304 ? 0 : 500 + random.below(60_000);
      const referrer = random.unit() < 0.5 ? `https://www.example.gov${pages[pageRank()]}` : '-';
      const protocol = rank % 2 === 0 ? 'HTTP/2.0' : 'HTTP/1.1';
      line = `${visitors[rank]} - - [${stamp}] "GET ${target} ${protocol}" ${status} ${size} "${referrer}" "${BROWSERS[rank % BROWSERS.length]}"`;
    }
    // a path that was made to be new is known to be so; only the others need to be remembered
    const path = madeNew ? '' : target.split('?', 1)[0]!;
    if (madeNew || !seenPaths.has(path)) newPaths++;
    if (!madeNew) seenPaths.add(path);
    file.line(line);
  }
  const bytes = file.close();
  return {
    file: args.out,
    lines: args.lines,
    bytes,
    events: args.lines,
    sources: seen.reduce((sum, x) => sum + x, 0) + new Set([...queue.values()].map(([scanner]) => scanner.ip)).size,
    newShare: newPaths / args.lines,
    probingShare: probing / args.lines,
    planted: PLANTED.map(({ ip, what, lines }) => ({ ip, what, lines })),
  };
}

function page(random: Random, number: number): string {
  return `/${random.pick(SECTIONS)}/${random.pick(WORDS)}-${random.pick(WORDS)}-${number}.html`;
}

function clfTime(ms: number): string {
  const d = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(d.getUTCDate())}/${MONTHS[d.getUTCMonth()]}/${d.getUTCFullYear()}:${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())} +0000`;
}

if (import.meta.main) console.log(JSON.stringify(generateWeb(corpusArguments(process.argv.slice(2), WEB_DEFAULTS))));
