import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { parseInventory } from '../../src/config/inventory.ts';
import { fieldsOf } from '../../src/elastic/templates.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { parseIpv4 } from '../../src/model/address.ts';
import type { Alert } from '../../src/model/alert.ts';
import { createTally } from '../../src/model/tally.ts';
import { dayOf } from '../../src/model/time.ts';
import { rulesOf } from '../../src/run/setting.ts';
import {
  CLUSTERS_MAX,
  type DayOrigin,
  type DaySetting,
  refusedDocuments,
  summaryDocuments,
} from '../../src/shard/daily.ts';
import { daySources } from '../../src/shard/daily-sources.ts';
import type { SourceSetting } from '../../src/shard/day-entries.ts';
import { CROWD_MIN, TOGETHER_MAX } from '../../src/shard/source-crowd.ts';
import { sourceHash } from '../../src/shard/source-hash.ts';
import { page } from '../detect/log-lines.ts';
import { LOGS, PROBER, SCANNER, SECRET, stateOf, VOTER } from '../elastic/day.ts';
import { pathsOf } from '../elastic/documents.ts';
import { alert } from '../sinks/fixtures.ts';

const FIRST_DAY = dayOf(Date.UTC(2026, 8, 14, 8), 0);
const rules = rulesOf([]);
const enricher = createEnricher();

const day = (over: Partial<SourceSetting> = {}): SourceSetting => ({
  day: FIRST_DAY,
  organization: { id: 'us-xx-county', name: 'Example County' },
  inventory: defaultInventory(),
  indexPrefix: 'pollwatch',
  generation: 1,
  revision: 3,
  enricher,
  secret: SECRET,
  rules: rules.rules,
  ...over,
});

const hashOf = (ip: string) => sourceHash(SECRET, 0, parseIpv4(ip));

interface SourceBody {
  source?: { ip?: string; as?: object; geo?: object };
  event: { start: string; end: string };
  pollwatch: {
    source: { hash: string | string[]; matched: boolean; [field: string]: unknown };
    activity: Record<string, unknown>;
  };
}
function sources(alerts: Alert[] = [], setting = day(), state = stateOf(rules)) {
  const { counts, documents } = daySources(state, alerts, setting);
  const list = [...documents];
  const bodies = list.map((d) => d.body as unknown as SourceBody);
  /** the document of a source that is named */
  const of = (ip: string) => bodies.find((b) => b.pollwatch.source.matched && b.pollwatch.source.hash === hashOf(ip));
  /** documents of many sources, and the one that a source is in */
  const crowds = bodies.filter((b) => !b.pollwatch.source.matched);
  const crowdOf = (ip: string) => crowds.find((b) => b.pollwatch.source.hash.includes(hashOf(ip)));
  return { counts, list, of, crowds, crowdOf };
}

const alertOf = (ip: string, over: Partial<Alert> = {}) =>
  alert({ organization: day().organization, key: { kind: 'source', text: ip }, ...over });

describe('sources of a day', () => {
  it('are keyed hashes and counts by network owner: no address, no place, no page, and no time where they are few', () => {
    const { crowdOf, crowds } = sources();
    const { source, pollwatch, event } = crowdOf(VOTER)!;
    const hashes = [VOTER, PROBER, SCANNER].map(hashOf).sort();
    expect(source).toBeUndefined();
    expect(pollwatch).toEqual({
      schema: '1',
      day: '2026-09-14',
      generation: 1,
      revision: 3,
      source: { hash: hashes, count: 3, named: 1, part: 0, matched: false },
      activity: { requests: 6, failed: 3, matches: expect.any(Number), packets: 2, denied: 2 },
    });
    expect(event).toMatchObject({ start: '2026-09-14T00:00:00.000Z', end: '2026-09-14T23:59:59.999Z' });
    for (const secret of [VOTER, PROBER, SCANNER, 'lookup', 'geo', 'ip"'])
      expect(JSON.stringify(crowds)).not.toContain(secret);
  });

  it('of an owner stand together, at most a thousand in a document, with the panes in which they came', () => {
    const crowd = Array.from({ length: 2 * TOGETHER_MAX + CROWD_MIN - 1 }, (_, i) =>
      page(`17.1.${i >> 8}.${i & 255}`, i % 300, '/lookup'),
    );
    const { crowds, crowdOf, counts } = sources([], day(), stateOf(rules, [crowd, [page('1.1.1.1', 5, '/')]]));
    const number = enricher.owner(0, parseIpv4('17.1.0.0'))!.number;
    const own = crowds.filter((b) => (b.source?.as as { number: number } | undefined)?.number === number);
    expect(own.map((b) => b.pollwatch.source['count'])).toEqual([TOGETHER_MAX, TOGETHER_MAX, CROWD_MIN - 1]);
    expect(own.map((b) => b.pollwatch.source['part'])).toEqual([0, 1, 2]);
    expect(own.map((b) => b.pollwatch.activity['requests'])).toEqual([TOGETHER_MAX, TOGETHER_MAX, CROWD_MIN - 1]);
    // 300 seconds from 08:00 are one pane of ten minutes; nine people are too few to say so
    const pane = { start: '2026-09-14T08:00:00.000Z', end: '2026-09-14T08:09:59.999Z' };
    const whole = { start: '2026-09-14T00:00:00.000Z', end: '2026-09-14T23:59:59.999Z' };
    expect(own.map(({ event }) => ({ start: event.start, end: event.end }))).toEqual([pane, pane, whole]);
    const hashes = own.flatMap((b) => b.pollwatch.source.hash);
    expect(hashes).toEqual([...hashes].sort());
    expect(new Set(hashes).size).toBe(2 * TOGETHER_MAX + CROWD_MIN - 1);
    expect(crowdOf('1.1.1.1')).not.toBe(crowdOf('17.1.0.0'));
    expect(counts).toEqual({ sources: 2 * TOGETHER_MAX + CROWD_MIN, matched: 0 });
  });

  it('have the same documents when lines came late, with more in them', () => {
    const late = [...LOGS, [page('192.0.2.200', 90, '/lookup')]];
    const before = sources();
    const after = sources([], day({ revision: 4 }), stateOf(rules, late));
    expect(after.list.map((d) => d.id)).toEqual(before.list.map((d) => d.id));
    expect(after.crowdOf('192.0.2.200')!.pollwatch.source['count']).toBe(4);
  });

  it('that matched a rule are named, with what they tried', () => {
    const { of } = sources();
    const { source, pollwatch, event } = of(PROBER)!;
    expect(source!.ip).toBe(PROBER);
    expect(pollwatch.source).toMatchObject({ matched: true });
    expect(pollwatch.source['rules']).toEqual(expect.arrayContaining([expect.any(String)]));
    expect(pollwatch.activity).toMatchObject({ requests: 3, failed: 2 });
    expect(event.start.slice(0, 19)).toBe('2026-09-14T08:01:40');
  });

  it('that have an alert are named, as its key or as its member', () => {
    expect(sources().of(SCANNER)).toBeUndefined();
    const keyed = sources([alertOf(SCANNER, { detection: 'F01' })]).of(SCANNER)!;
    expect(keyed.source!.ip).toBe(SCANNER);
    expect(keyed.pollwatch.source['detections']).toEqual(['F01']);
    expect(keyed.pollwatch.activity).toMatchObject({ packets: 2, denied: 2, distinct_ports: 2, ports: [22, 23] });
    const prefix = alertOf(SCANNER, { key: { kind: 'prefix', text: '198.51.100.0/24' }, related: [SCANNER] });
    expect(sources([prefix]).of(SCANNER)!.source!.ip).toBe(SCANNER);
    expect(sources([{ ...prefix, day: '2026-09-13' }]).of(SCANNER)).toBeUndefined();
  });

  it('are counted on the day of their lines', () => {
    const { counts, crowdOf } = sources([], day({ day: FIRST_DAY + 1 }));
    expect(counts).toEqual({ sources: 1, matched: 0 });
    expect(crowdOf(SCANNER)!.pollwatch.activity).toMatchObject({ packets: 1 });
  });

  it('are the same whatever the order in which the lines came', () => {
    const expected = JSON.stringify(sources().list);
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (order) => {
        expect(JSON.stringify(sources([], day(), stateOf(rules, LOGS, order)).list)).toBe(expected);
      }),
      { numRuns: 6 },
    );
  });

  it('have another hash under another secret, and only fields that the index has', () => {
    expect(hashOf(VOTER)).toMatch(/^[0-9a-f]{14}$/);
    expect(sourceHash(new Uint8Array(32), 0, parseIpv4(VOTER))).not.toBe(hashOf(VOTER));
    const fields = fieldsOf('sources');
    const { list } = sources([alertOf(SCANNER)]);
    const written = list.flatMap((d) => [...pathsOf(d.body, () => false)]);
    expect(written.filter((name) => !fields.has(name))).toEqual([]);
  });
});

const origin = (over: Partial<DayOrigin['tally']> = {}): DayOrigin => ({
  name: '/var/log/nginx/access.log',
  format: 'combined',
  tally: {
    ...createTally(),
    lines: 10,
    events: 6,
    bytes: 1000,
    skipped: new Map([['comment', 1]]),
    refused: new Map([['no request', { count: 3, samples: [{ offset: 5, text: 'SMITH 1970-01-31 "' }] }]]),
    ...over,
  },
});
const NO_SOURCES = { sources: 0, matched: 0 };

describe("an organisation's summary", () => {
  const summaries = (alerts: Alert[], setting: DaySetting = day()) =>
    summaryDocuments(stateOf(rules), alerts, { origins: [origin()], late: 2, sources: NO_SOURCES }, setting);

  it('counts what was read and what was found, per day and per detection', () => {
    const alerts = [
      alertOf('192.0.2.1', { id: '1', severity: 'high', outcome: 'answered' }),
      alertOf('192.0.2.2', {
        id: '2',
        severity: 'low',
        outcome: 'refused',
        detection: 'F01',
        name: 'Vertical port scan',
      }),
      alertOf('192.0.2.3', { id: '3', day: '2026-09-13' }),
      alertOf('192.0.2.4', { id: '4', organization: { id: 'another', name: 'Another' } }),
    ];
    const bodies = summaries(alerts).map((d) => (d.body['pollwatch'] as { summary: object }).summary);
    expect(bodies).toMatchObject([
      {
        kind: 'total',
        alerts: 2,
        highest: 'high',
        lines: 10,
        events: 8,
        skipped: 1,
        refused: 3,
        late: 2,
        severities: { info: 0, low: 1, medium: 0, high: 1, critical: 0 },
        outcomes: { tried: 0, refused: 1, answered: 1 },
      },
      { kind: 'detection', detection: 'W05', alerts: 1 },
      { kind: 'detection', detection: 'F01', name: 'Vertical port scan', alerts: 1 },
    ]);
  });

  it('holds no address, no host and no URL', () => {
    const text = JSON.stringify(summaries([alertOf('192.0.2.17')]));
    for (const secret of ['192.0.2.17', 'voterlookup.example.gov', '/.git/config', 'nginx']) {
      expect(text).not.toContain(secret);
    }
  });

  it('names a cluster alike in two counties, and no more than a bound', () => {
    const clusters = (id: string, alerts: Alert[]) => {
      const organization = { id, name: id };
      const own = alerts.map((a) => ({ ...a, organization }));
      const [total] = summaries(own, day({ organization }));
      return (total!.body['pollwatch'] as { summary: { clusters: string[]; clusters_left_out: number } }).summary;
    };
    const shared = alertOf('192.0.2.17');
    expect(clusters('a', [shared]).clusters).toEqual(clusters('b', [shared]).clusters);
    const many = Array.from({ length: CLUSTERS_MAX + 7 }, (_, i) =>
      alertOf(`10.0.${i >> 8}.${i & 255}`, { id: `${i}` }),
    );
    expect(clusters('a', many).clusters.length).toBe(CLUSTERS_MAX);
    expect(clusters('a', many).clusters_left_out).toBe(7);
  });

  it('says whose county it is, and has only fields that the index has', () => {
    const inventory = parseInventory(
      'version: 1\norganization: {id: us-xx-county, name: Example County, level: county, parent: us-xx}\n',
      'inventory.yaml',
    );
    const documents = summaries([alertOf('192.0.2.17')], day({ inventory }));
    expect((documents[0]!.body['pollwatch'] as { jurisdiction: object }).jurisdiction).toEqual({
      id: 'us-xx-county',
      level: 'county',
      parent: 'us-xx',
    });
    const fields = fieldsOf('summaries');
    const written = documents.flatMap((d) => [...pathsOf(d.body, () => false)]);
    expect(written.filter((name) => !fields.has(name))).toEqual([]);
  });

  it('has the same id on every run of a day, and another on every other day', () => {
    const ids = (over: Partial<SourceSetting>) => summaries([alertOf('192.0.2.17')], day(over)).map((d) => d.id);
    expect(ids({ revision: 9 })).toEqual(ids({ revision: 1 }));
    expect(ids({ day: FIRST_DAY + 1 })[0]).not.toBe(ids({})[0]);
    const [first] = summaries([], day({ day: FIRST_DAY + 200 }));
    expect(first!.index).toBe('pollwatch-summaries-us-xx-county-2027');
  });
});

describe('refused lines', () => {
  it('are counted per origin and reason, and shown as the shape of a few', () => {
    const [one] = refusedDocuments([origin()], day());
    expect(one!.body).toMatchObject({
      event: { kind: 'pipeline_error', dataset: 'pollwatch.refused' },
      pollwatch: {
        origin: { name: '/var/log/nginx/access.log', format: 'combined', lines: 10, refused: 3 },
        refused: { reason: 'no request', count: 3, samples: [{ offset: 5, shape: 'xxxxx 9999-99-99 "' }] },
      },
    });
    expect(JSON.stringify(one)).not.toMatch(/SMITH|1970/);
  });

  it('of a log without any make no document', () => {
    expect(refusedDocuments([origin({ refused: new Map() })], day())).toEqual([]);
  });

  it('have only fields that the index has', () => {
    const fields = fieldsOf('refused');
    const opened = (path: string) => fields.get(path) === 'object';
    const written = refusedDocuments([origin()], day()).flatMap((d) => [...pathsOf(d.body, opened)]);
    expect(written.filter((name) => !fields.has(name))).toEqual([]);
  });
});
