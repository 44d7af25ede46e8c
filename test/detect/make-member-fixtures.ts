/**
 * Fixtures of the detections over several organisations, for make-fixtures.ts: a log for each county that takes part.
 */
import { COUNTIES } from './counties.ts';
import { DAY_S, HOUR_S, oddPort, packet, type RequestParts, request, SQL, times } from './log-lines.ts';
import type { Case, Fixture } from './make-fixtures.ts';

const S = '198.51.100.7';

const counties = (says: string, logs: Record<string, string[]>): Case => ({ says, counties: logs });
/** a log for each of the first counties of the alphabet */
const countiesOf = (n: number, log: (i: number) => string[]): Record<string, string[]> =>
  Object.fromEntries(COUNTIES.slice(0, n).map((county, i) => [county, log(i)]));
/** twenty ports that hardly anybody is probed for, a minute's work */
const portScan = (source: string, from: number, first = 0) =>
  times(20, (i) => packet(source, from + i * 3, oddPort(first + i)));
/** seven tries on one field of a look-up page */
const injections = (source: string, from: number, parts: RequestParts) =>
  times(7, (k) => request(source, from + k * 60, `/voter?id=${SQL[k]}`, { status: 500, ...parts }));
const FAR_APART = ['198.51.100.40', '192.0.2.140', '100.64.7.40'];
const TOOL: RequestParts = { agent: 'sqlmap/1.8#stable (https://sqlmap.org)', status: 403 };

export const MEMBER_FIXTURES: Readonly<Record<string, Fixture>> = {
  X03: {
    fires: counties(
      'three addresses of one block try one database tool, each at another county',
      countiesOf(3, (i) => injections(`198.51.100.${20 + i}`, i * 1800, TOOL)),
    ),
    'fires-probes': counties(
      'three addresses of one block try the same unusual ports, each at two counties',
      countiesOf(2, (i) => times(3, (k) => portScan(`198.51.100.${20 + k}`, i * 4000 + k * 900)).flat()),
    ),
    'fires-office': {
      says: 'three addresses of one block try the same unusual ports of one office',
      firewall: times(3, (k) => portScan(`198.51.100.${20 + k}`, k * 900)).flat(),
    },
    'quiet-office': {
      says: 'three addresses of networks that have nothing to do with each other, each with a few ports of its own',
      firewall: times(3, (k) => times(6, (i) => packet(FAR_APART[k]!, k * 900 + i * 60, oddPort(40 * k + i)))).flat(),
    },
    'below-office': {
      says: 'two addresses of one block try the same ports of one office',
      firewall: times(2, (k) => portScan(`198.51.100.${20 + k}`, k * 900)).flat(),
    },
    'fires-network': counties(
      'three addresses of one block go for the voter look-up of two counties, two of them for the same ports',
      countiesOf(2, (i) =>
        times(3, (k) => portScan(`198.51.100.${20 + k}`, i * 4000 + k * 900, k === 2 ? 500 : 0)).flat(),
      ),
    ),
    quiet: counties(
      'three addresses of networks that have nothing to do with each other use one well-known list of ports',
      countiesOf(2, (i) => FAR_APART.flatMap((source, k) => portScan(source, i * 1200 + k * 300))),
    ),
    below: counties(
      'two addresses of one block',
      countiesOf(3, (i) => portScan(`198.51.100.${20 + (i % 2)}`, i * 1800)),
    ),
    at: counties(
      'three addresses of one block',
      countiesOf(3, (i) => portScan(`198.51.100.${20 + i}`, i * 1800)),
    ),
  },
  X06: {
    fires: counties(
      'one address scans four counties within six hours',
      countiesOf(4, (i) => portScan(S, i * 2 * HOUR_S)),
    ),
    'fires-web': counties(
      'one address tries injections on the voter look-up of three counties',
      countiesOf(3, (i) => injections(S, i * 3600, {})),
    ),
    quiet: counties(
      'a survey of the Internet asks every county for what everybody is asked; a partner is turned away by two',
      countiesOf(8, (i) => [
        ...times(4, (k) => packet('192.0.2.200', i * 600 + k * 60, [22, 23, 445, 3389][k]!)),
        ...(i < 2 ? portScan('192.0.2.90', i * 600 + 300) : []),
      ]),
    ),
    below: counties(
      'two counties, and a third one 26 hours after them',
      countiesOf(3, (i) => portScan(S, i < 2 ? i * 60 : 26 * HOUR_S)),
    ),
    at: counties(
      'three counties, the last 24 hours after the first',
      countiesOf(3, (i) => portScan(S, i * 12 * HOUR_S)),
    ),
  },
  'campaign.jurisdiction_sweep': {
    fires: counties(
      'one address goes through seven counties in the order of the alphabet, one every two days',
      countiesOf(7, (i) => portScan(S, i * 2 * DAY_S)),
    ),
    'fires-block': counties(
      'six counties, each by another address of one block, in no order',
      countiesOf(6, (i) => portScan(`198.51.100.${30 + i}`, [3, 0, 5, 1, 4, 2][i]! * 2 * DAY_S)),
    ),
    quiet: counties(
      'a survey of the Internet asks every county for what everybody is asked, in the order of the alphabet',
      countiesOf(8, (i) => times(4, (k) => packet('192.0.2.200', i * DAY_S + k * 60, [22, 23, 445, 3389][k]!))),
    ),
    below: counties(
      'four counties',
      countiesOf(4, (i) => portScan(S, i * 2 * DAY_S)),
    ),
    at: counties(
      'five counties',
      countiesOf(5, (i) => portScan(S, i * 2 * DAY_S)),
    ),
  },
};
