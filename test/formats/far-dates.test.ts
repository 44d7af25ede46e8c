/**
 * Lines from 2049 on, and before 1970, lie where nothing is counted: they would be told of another year. They are refused with
 * a reason, by the plain parsers, the kernels and the fast lane alike; what lies just within is read.
 */
import { describe, expect, it } from 'vitest';
import { parseInventory } from '../../src/config/inventory.ts';
import { fillLines } from '../../src/formats/append-event.ts';
import { detectFormat } from '../../src/formats/detect.ts';
import { findFormat } from '../../src/formats/index.ts';
import { createBatch } from '../../src/model/batch.ts';
import { createTally, type Tally } from '../../src/model/tally.ts';
import { createScanner } from '../../src/run/scan.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { CONTEXT } from './rows.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const PACKET =
  'IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=198.51.100.1 LEN=44 TTL=49 ID=1 PROTO=TCP SPT=4000 DPT=22 SYN URGP=0';

/** A line of each kind at an instant, whose zone is `hours` east of UTC. */
const KINDS: Readonly<Record<string, { format: string; lineAt(ms: number, hours: number): string }>> = {
  'an access log': {
    format: 'combined',
    lineAt: (ms, hours) => {
      const d = new Date(ms + hours * 3_600_000);
      const day = `${String(d.getUTCDate()).padStart(2, '0')}/${MONTHS[d.getUTCMonth()]}/${d.getUTCFullYear()}`;
      return `203.0.113.9 - - [${day}:${d.toISOString().slice(11, 19)} ${zone(hours, '')}] "GET /a?b=1 HTTP/1.1" 404 153 "-" "curl/8.5.0"`;
    },
  },
  'a firewall log with years': {
    format: 'netfilter',
    lineAt: (ms, hours) =>
      `${new Date(ms + hours * 3_600_000).toISOString().slice(0, 19)}${zone(hours, ':')} gw01 kernel: [fw DROP] ${PACKET} `,
  },
  'a journal': {
    format: 'netfilter',
    lineAt: (ms) =>
      JSON.stringify({ __REALTIME_TIMESTAMP: `${ms}000`, _TRANSPORT: 'kernel', MESSAGE: `[fw DROP] ${PACKET} ` }),
  },
  'ECS documents': {
    format: 'ecs',
    lineAt: (ms) =>
      JSON.stringify({
        '@timestamp': new Date(ms).toISOString(),
        source: { ip: '203.0.113.9' },
        url: { path: '/a' },
        http: { request: { method: 'GET' }, response: { status_code: 404 } },
      }),
  },
};

const zone = (hours: number, colon: string) =>
  `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}${colon}00`;

const BEFORE = 'dated before 1970';
const AFTER = 'dated after 2048';
/** [instant, why it is refused, null = it is not] */
const DATES: readonly [number, string | null][] = [
  [-1000, BEFORE],
  [0, null],
  [Date.UTC(2048, 11, 31, 23, 59, 59), null],
  [Date.UTC(2049, 0, 1), AFTER],
  [Date.UTC(2049, 8, 29, 20), AFTER],
  [Date.UTC(2150, 5, 1), AFTER],
];

function expectCounted(tally: Tally, rows: number): void {
  expect([tally.lines, tally.events, rows]).toEqual([DATES.length, 2, 2]);
  expect(tally.refused.get(AFTER)?.count).toBe(3);
  expect([...tally.refused.values()].reduce((sum, { count }) => sum + count, 0)).toBe(4);
}

describe.each(Object.entries(KINDS))('%s', (_, { format: name, lineAt }) => {
  const format = findFormat(name)!;

  it.each([0, -9, 9])('is refused where nothing is counted, whatever its zone (%i hours east)', (hours) => {
    for (const [ms, reason] of DATES.filter((date) => date[0] !== 0 || hours >= 0)) {
      const parsed = format.parseLine(lineAt(ms, hours), CONTEXT);
      if (reason === null) expect(parsed).toMatchObject({ event: { '@timestamp': ms } });
      // some say that such a line has no time at all
      else if (reason === BEFORE) expect(parsed).toHaveProperty('refused');
      else expect(parsed).toEqual({ refused: reason });
    }
  });

  it('is refused by plain parser, kernel and scanner alike, and counted', () => {
    const bytes = Buffer.from(DATES.map(([ms]) => `${lineAt(ms, 9)}\n`).join(''), 'latin1');
    const fills = [format.fill, fillLines.bind(null, format)];
    for (const fill of fills) {
      if (fill === undefined) continue;
      const batch = createBatch(16);
      const tally = createTally();
      fill(bytes, 0, bytes.length, 0, batch, CONTEXT, tally);
      expectCounted(tally, batch.n);
    }
    const inventory = parseInventory('version: 1\norganization: {id: us-xx, name: X}\n', 'inventory.yaml');
    const scanner = createScanner(rulesOf([]), inventory, new Uint8Array(32).fill(3));
    const scene = { organization: 0, origin: 1, asset: 0, dayStartMs: 0 };
    // twice, for a line that was seen before is read another way
    for (let round = 0; round < 2; round++) {
      scanner.take();
      scanner.scanBlock({ bytes, start: 0, end: bytes.length, baseOffset: 0 }, format, CONTEXT, scene);
      const { tallies } = scanner.take();
      expectCounted(tallies.get(1)!, 2);
    }
  });

  it('is known by its format, also where all of it is dated wrongly', () => {
    expect(detectFormat(Buffer.from(`${lineAt(Date.UTC(2099, 0, 1), 0)}\n`, 'latin1'))?.name).toBe(name);
  });
});

it('the first hours of 1970 east of UTC lie before what is counted', () => {
  const { lineAt } = KINDS['an access log']!;
  expect(findFormat('combined')!.parseLine(lineAt(-6 * 3_600_000, 9), CONTEXT)).toEqual({ refused: BEFORE });
});
