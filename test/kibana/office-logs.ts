/**
 * Logs of an election office for the dashboards: voters of the labelled run (test/elections), its
 * attacks moved to the weeks that the dashboards look at, a scanner that a list names and one that was agreed to, both of
 * which do more than scan, a visitor whose first pages were missing, and lines that nobody can read.
 *   office 0, the weeks before 2 November → lines of its web server and of its firewall, and its inventory
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, type Random } from '../../bench/random.ts';
import { DAY } from '../../src/model/time.ts';
import { DAY_S, HOUR_S, START_MS, times } from '../detect/log-lines.ts';
import { attacks } from '../elections/attacks.ts';
import type { Attack } from '../elections/label.ts';
import { createNetworks } from '../elections/networks.ts';
import { INVENTORY, type Lines, type Place, PROTECTED, SITE, sendPacket, VOTE, visit } from '../elections/portal.ts';
import { AUTHORIZED_SCANNER, authorizedScan, unauthorizedScan } from '../elections/scanners.ts';
import { addVoters } from '../elections/voters.ts';
import { writeMmdb } from '../enrich/mmdb-writer.ts';

/** Whose logs they are. */
export interface Office {
  readonly id: string;
  readonly name: string;
}

/** A line with its instant, Unix ms. */
export interface TimedLine {
  readonly atMs: number;
  readonly text: string;
}

/** Two instants, Unix ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface OfficeLogs {
  /** by the name of the log, in the order of time */
  readonly logs: ReadonlyMap<string, { readonly format: string; readonly lines: readonly TimedLine[] }>;
  /** path of the inventory */
  readonly inventory: string;
  /** when something ended that is worth telling of, and when windows that it opened are past, Unix ms, in no order */
  readonly momentsMs: readonly number[];
}

/** Made-up places by the first octet of an address. */
const PLACES = [
  ['US', 'United States'],
  ['NL', 'Netherlands'],
  ['CA', 'Canada'],
  ['SE', 'Sweden'],
] as const;
const SURVEY = 'Mozilla/5.0 (compatible; SurveyBot/1.0; +https://survey.example)';
/** as search engines call themselves */
const CRAWLER = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const INJECTION = '1%27%20UNION%20SELECT%20NULL%2CNULL--';
/** a name of ours that is not in the inventory */
const FORGOTTEN = 'old.county.example.gov';
/** attacks that belong to the night of the election, which is after the weeks that are looked at */
const OF_THE_NIGHT = ['results-probe-on-the-night', 'ballot-page-burst', 'results-flood', 'smokescreen'];
const VOTERS = 150;

/**
 * Logs of office number `n` between two instants, and its inventory, in a folder that is made. The same rented servers visit
 * all offices, some of them on the same day.
 */
export function officeLogs(office: Office, n: number, span: Span, folder: string): OfficeLogs {
  const random = createRandom(11);
  const networks = createNetworks(random);
  const place: Place = { web: noLines(), firewall: noLines(), random, networks };
  addVoters(place.web, random, networks, VOTERS + n * 10);
  authorizedScan(place);
  const survey = networks.elsewhere();
  const known = [...attacks(place), unauthorizedScan(place), ...knownScanners(place, survey, span.toMs)];
  const all = known.filter(({ attack }) => !OF_THE_NIGHT.includes(attack));
  const ends = [
    ...all.map((attack, i) => carryOutNear(attack, i, n, span.toMs)),
    ...everydayProbes(place, random, span),
    ...lateVisitor(place.web, networks.household(), secondOf(span.toMs - 9 * DAY)),
    secondOf(span.toMs),
  ];
  unreadable(place.web, random, span, n);

  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);
  write('owners.mmdb', networks.owners);
  write('countries.mmdb', countries());
  write('key', Buffer.alloc(32, 7));
  write('protected.txt', PROTECTED.map((key) => `${key}\n`).join(''));
  write('survey.txt', `${survey}/32\n`);
  write('county.yaml', inventoryOf(office));
  const logOf = (format: string, lines: Lines) => ({ format, lines: within(lines, span) });
  return {
    logs: new Map([
      ['web.log', logOf('combined', place.web)],
      ['firewall.log', logOf('netfilter', place.firewall)],
    ]),
    inventory: join(folder, 'county.yaml'),
    // what is told when its window is past comes an hour later
    momentsMs: ends.flatMap((second) => [0, HOUR_S].map((after) => START_MS + (second + after) * 1000)),
  };
}

const noLines = (): Lines => ({ seconds: [], texts: [] });
const secondOf = (ms: number): number => (ms - START_MS) / 1000;

/** Writes an attack by whole days later or earlier, on days of each office's own before `endMs`; returns its last second. */
function carryOutNear({ attack, lines }: Attack, i: number, n: number, endMs: number): number {
  const inOrder = [...lines].sort((a, b) => a.second - b.second);
  // an eighth of three days of look-ups is enough of them
  const own = attack === 'slow-enumeration' ? inOrder.filter((_, k) => k % 8 === 0) : inOrder;
  const last = own.at(-1)!.second;
  const isNow = attack === 'fast-enumeration' && n === 0;
  const end = isNow ? secondOf(endMs) - 600 : secondOf(endMs) - (1 + ((i * 5 + (i % 2) * n * 3) % 17)) * DAY_S;
  const shift = isNow ? end - last : Math.floor((end - last) / DAY_S) * DAY_S;
  for (const { second, write } of own) write(second + shift);
  return last + shift;
}

/** A listed scanner, and the one that was agreed to: each looks for pages, then puts hostile text into a form. */
function knownScanners({ web }: Place, survey: string, endMs: number): Attack[] {
  const start = Math.floor(secondOf(endMs - 4 * DAY));
  const visitor = (source: string, agents: readonly string[]): Attack => ({
    attack: source,
    says: 'A known scanner looks for pages, then puts hostile text into a form.',
    detections: [],
    sources: [source],
    asset: null,
    enough: 0,
    within: '',
    lines: [
      ...times(40, (i) => ({
        second: start + i * 2,
        write: (second: number) =>
          visit(web, second, {
            host: SITE,
            source,
            target: `/survey/${i}`,
            status: 404,
            agent: agents[i % agents.length]!,
          }),
      })),
      ...times(12, (i) => ({
        second: start + 200 + i * 3,
        write: (second: number) => {
          const target = `/register?lastname=${INJECTION}&dob=1960-01-0${1 + (i % 9)}`;
          // the last one is answered
          visit(web, second, { host: VOTE, source, target, status: i === 11 ? 200 : 403, agent: agents[0]! });
        },
      })),
    ],
  });
  return [visitor(survey, [SURVEY, CRAWLER]), visitor(AUTHORIZED_SCANNER, ['Mozilla/5.0 (Nikto/2.5.0)'])];
}

/** What every address of the Internet gets: sweeps of a port, and word lists of files that should not be there; their ends. */
function everydayProbes({ web, firewall, networks }: Place, random: Random, { fromMs, toMs }: Span): number[] {
  const files = ['/.env', '/.git/config', '/wp-login.php', '/phpmyadmin/index.php', '/backup.sql', '/admin/config.php'];
  const probers = times(5, networks.elsewhere);
  return times(Math.floor((toMs - fromMs) / DAY / 2), (i) => {
    const from = secondOf(fromMs) + i * 2 * DAY_S + random.below(20 * HOUR_S);
    const port = random.pick([22, 23, 445, 3389, 5060, 8080, 8443]);
    const sweeper = networks.anywhere();
    for (let k = 0; k < 40; k++) sendPacket(firewall, from + k * 3, sweeper, port, { to: `203.0.113.${1 + k}` });
    const prober = probers[i % probers.length]!;
    for (let k = 0; k < 18; k++)
      visit(web, from + k * 7, {
        host: k < 9 ? SITE : FORGOTTEN,
        source: prober,
        target: files[k % files.length]!,
        status: 404,
        size: 153,
      });
    return from + 18 * 7;
  });
}

/** A visitor who follows old links first and then reads on: nothing of that may stay an alert. Ends of both. */
function lateVisitor(web: Lines, source: string, from: number): number[] {
  const later = from + 8 * HOUR_S;
  for (let i = 0; i < 14; i++)
    visit(web, from + i * 5, { host: SITE, source, target: `/archive/page-${i}`, status: 404 });
  for (let i = 0; i < 60; i++) visit(web, later + i * 20, { host: SITE, source, target: `/minutes/${i}.html` });
  return [from + 14 * 5, later + 60 * 20];
}

/** Lines of a log that was cut in the middle, and of another program that writes into it. */
function unreadable(web: Lines, random: Random, { fromMs, toMs }: Span, n: number): void {
  const texts = ['- - [', 'nginx: worker process exited on signal 9', '203.0.113.9 "GET / HTTP/1.1" 200'];
  for (let i = 0; i < 40 + n * 15; i++) {
    web.seconds.push(secondOf(fromMs) + random.unit() * ((toMs - fromMs) / 1000));
    web.texts.push(texts[i % texts.length]!);
  }
}

function within({ seconds, texts }: Lines, { fromMs, toMs }: Span): TimedLine[] {
  return seconds
    .map((second, i) => ({ atMs: START_MS + second * 1000, text: texts[i]! }))
    .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    .sort((a, b) => a.atMs - b.atMs);
}

function inventoryOf({ id, name }: Office): string {
  return `${INVENTORY.replace('id: us-xx-county, name: Example County Elections', `id: ${id}, name: ${name}`)}scanner_lists:
  - {name: example-survey, title: Example Survey, file: survey.txt, date: 2026-10-20}
`;
}

function countries(): Buffer {
  const records = times(222, (i) => {
    const [code, name] = PLACES[(i * 7) % PLACES.length]!;
    return [`${i + 1}.0.0.0/8`, { country: { iso_code: code, names: { en: name } } }] as const;
  });
  return writeMmdb('Country', Object.fromEntries(records), { ipVersion: 4 });
}
