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

/** pages on which voters are looked up, and text meant for the database behind them: what the 2016 sweep was after */
const PATHS = [
  '/elections/',
  '/elections/sample-ballot.pdf',
  '/voter/search.aspx?id=1%27%20OR%20%271%27%3D%271',
  '/elections/login.aspx',
  '/voter/search.aspx?lastname=1%27%20UNION%20SELECT%20NULL%2CNULL--',
  '/admin/',
];

const AGENT =
  'Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.21 (KHTML, like Gecko) Chrome/41.0.2228.0 Safari/537.21';

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
          visit(lines, second, {
            host: hostOf(county),
            source,
            target,
            status: target.includes('?') ? 500 : 404,
            agent: AGENT,
          });
        },
      })),
    ),
    enough: PATHS.length * 4 * 10,
    within: 'its first 10 counties, in 40 minutes',
  };
  return { logs, visitors, label: carryOut(attack, onlyEnough) };
}

const hostOf = (county: string) => `www.${county}.example.gov`;
