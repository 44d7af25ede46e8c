/**
 * The state's view of the labelled run: the sites of 40 counties, each with a quiet day of its own, and two addresses of
 * one network that go through them in the order of the alphabet, as was seen in 2016.
 */
import { createRandom } from '../../bench/random.ts';
import { times } from '../detect/log-lines.ts';
import { type Attack, carryOut, type Label } from './label.ts';
import type { Networks } from './networks.ts';
import { at, type Lines, visit } from './portal.ts';
import { browser, openPage } from './voters.ts';

/** Counties that do not exist, in the order of the alphabet. */
export const COUNTIES =
  'ashdale birchford brookmere cedarholm claymoor copperton dunmore eastvale elmstead fairhollow fernwick foxbridge glenhurst graymont greenlow harborne hazelwick heathrow ironvale juniper kestrel lakemoor larkfield longmere maplewick marshden millbrook northam oakhurst oldbury pinecrest quarrydale redmoor ridgeway silverden stonewick thornbury valeford westmere yarrowdale'.split(
    ' ',
  );

const PATHS = [
  '/admin/',
  '/.git/config',
  '/elections/login.aspx',
  '/voter/search.aspx?id=1%27',
  '/backup.zip',
  '/wp-login.php',
];

export interface CountyLog {
  county: string;
  lines: Lines;
}

/** One log for each county, and what is true of the sweep. */
export function countySweep(
  seed: number,
  networks: Networks,
  onlyEnough: boolean,
): { logs: CountyLog[]; visitors: string[]; label: Label } {
  const random = createRandom(seed + 40);
  const sources = [networks.rented(800), networks.rented(801)];
  const start = at(10, 20, 1);
  const logs = COUNTIES.map((county) => ({ county, lines: { seconds: [], texts: [] } as Lines }));
  const visitors: string[] = [];
  for (const { county, lines } of logs) {
    for (let i = 0; i < 40; i++) {
      const person = { source: networks.household(), agent: browser(random) };
      visitors.push(person.source);
      openPage(lines, start - 3600 + random.unit() * 40_000, person, hostOf(county), '/elections/', [
        '/static/site.css',
      ]);
    }
  }
  const attack: Attack = {
    attack: 'county-sweep',
    says: 'Two addresses of one network go through the sites of 40 counties in the order of the alphabet, four minutes each (2016).',
    detections: ['campaign.jurisdiction_sweep'],
    sources,
    asset: null,
    lines: logs.flatMap(({ county, lines }, n) =>
      times(PATHS.length * 4, (i) => ({
        second: start + n * 240 + i * 7,
        write: (second: number) => {
          const target = PATHS[i % PATHS.length]!;
          const source = sources[Math.floor(i / PATHS.length) % 2]!;
          visit(lines, second, { host: hostOf(county), source, target, status: 404, size: 153, agent: 'curl/7.68.0' });
        },
      })),
    ),
    enough: PATHS.length * 4 * 10,
    within: 'its first 10 counties, in 40 minutes',
  };
  return { logs, visitors, label: carryOut(attack, onlyEnough) };
}

/** The inventory that the state wrote: which log is whose. */
export function stateInventory(): string {
  const origins = COUNTIES.map((c) => `  - {path: "${c}.log", organization: us-xx-${c}}`).join('\n');
  return `version: 1
organization: {id: us-xx, name: State election office, level: state, day_start: "12:00Z"}
origins:
${origins}
databases: {asn: owners.mmdb, country: countries.mmdb}
privacy: {key_file: key}
`;
}

const hostOf = (county: string) => `www.${county}.example.gov`;
