import { beforeAll, describe, expect, it } from 'vitest';
import { alertDocument } from '../../src/alerts/ecs.ts';
import { defaultInventory } from '../../src/config/build-inventory.ts';
import { writeDocuments } from '../../src/elastic/bulk.ts';
import { type Client, connectElasticsearch } from '../../src/elastic/client.ts';
import { FAMILIES } from '../../src/elastic/index-names.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import { fieldsOf } from '../../src/elastic/templates.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { parseIpv4 } from '../../src/model/address.ts';
import type { Alert } from '../../src/model/alert.ts';
import { createTally } from '../../src/model/tally.ts';
import { dayOf } from '../../src/model/time.ts';
import { rulesOf } from '../../src/run/setting.ts';
import { refusedDocuments, summaryDocuments } from '../../src/shard/daily.ts';
import { daySources } from '../../src/shard/daily-sources.ts';
import { sourceHash } from '../../src/shard/source-hash.ts';
import { page } from '../detect/log-lines.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { alert, hostileSummary, sharedAlert } from '../sinks/fixtures.ts';
import { LOGS, PROBER, SECRET, stateOf, VOTER } from './day.ts';
import { CONTEXT, ecsTypes, fixtureAlerts, pathsOf, removeAll, sampleAlerts, waiting } from './documents.ts';

/** Types that not every distribution has, and what stands for them. */
const PORTABLE: Readonly<Record<string, string>> = { wildcard: 'keyword', match_only_text: 'text' };
/** Types that both the smallest and the full distribution have. */
const TYPES = [
  'keyword',
  'text',
  'ip',
  'geo_point',
  'date',
  'long',
  'integer',
  'float',
  'boolean',
  'flattened',
  'object',
];
/**
 * Fields that have their place in the index before everything that fills them is there, so that an installation gets them
 * in one set-up. A field that alerts of the samples say is taken from this list.
 */
const AHEAD: readonly string[] = [
  'alert.first_notified',
  'alert.acknowledged_by_role',
  'source.as_count',
  'source.countries',
  'source.geo_db_date',
  'source.first_seen_ever',
  'evidence.log_sources',
  'evidence.key_order_ratio',
  'evidence.payload_families',
  'evidence.bytes_out',
  'evidence.blocked_ratio',
  'evidence.sample_ids',
  'evidence.gaps',
  'likelihood.term',
  'severity.cap',
  'suppression.rule',
  'suppression.reason',
  'suppression.expires',
  'nciss_hint',
].map((name) => `pollwatch.${name}`);
const NOW = Date.UTC(2026, 8, 20);

interface Found {
  source?: { ip?: string; as?: { number: number } };
  pollwatch: object;
}

let alerts: Alert[] = [];

beforeAll(async () => {
  const aggregate = alert({ key: { kind: 'as', text: 'AS64500 EXAMPLE-HOSTING' }, source: null, id: 'c'.repeat(32) });
  const placed = alert({ id: 'd'.repeat(32) });
  placed.asset = { id: 'lookup', name: 'Lookup', kind: 'voter_lookup', criticality: 'high', sensitivity: 'voter' };
  placed.source = {
    ...placed.source!,
    place: { city: 'Springfield', lat: 12.5, lon: -70.1 },
    class: 'says that it is a crawler',
  };
  const shared = { ...sharedAlert(), evidence: { ...sharedAlert().evidence, detections: 3 } };
  alerts = [...(await sampleAlerts()), ...(await fixtureAlerts()), alert(), aggregate, placed, shared];
}, START_MS);

describe('the templates', () => {
  it('have only fields of ECS with its types, and fields of our own', () => {
    const ecs = ecsTypes();
    for (const family of FAMILIES) {
      const wrong = [...fieldsOf(family)].filter(([name, type]) => {
        const expected = ecs[name];
        if (name.startsWith('pollwatch.')) return false;
        return expected === undefined || (PORTABLE[expected] ?? expected) !== type;
      });
      expect(wrong, family).toEqual([]);
    }
  });

  it('have only types that every distribution of the server has', () => {
    const types = FAMILIES.flatMap((family) => [...fieldsOf(family).values()]);
    expect(types.filter((type) => !TYPES.includes(type))).toEqual([]);
  });

  it('have a field for all that alerts say, and none that no alert says', () => {
    const fields = fieldsOf('alerts');
    const unopened = (path: string) => ['object', 'flattened', 'geo_point'].includes(fields.get(path) ?? '');
    const written = new Set(alerts.flatMap((a) => [...pathsOf(alertDocument(a, CONTEXT), unopened)]));
    expect([...written].filter((name) => !fields.has(name))).toEqual([]);
    // event.ingested is added when a document is written; rule.uuid is that of a rule of the user's own
    const rare = ['event.ingested', 'rule.uuid', ...AHEAD];
    expect([...fields.keys()].filter((name) => !written.has(name) && !rare.includes(name))).toEqual([]);
    expect(AHEAD.filter((name) => !fields.has(name))).toEqual([]);
  });
});

describe.each(SERVERS)('Elasticsearch $name', (server) => {
  const prefix = ownPrefix('templates');
  let client: Client;

  beforeAll(async () => {
    const settings = settingsFor(await server.url(), prefix);
    client = connectElasticsearch(settings);
    await setupElasticsearch(settings, [...new Set(alerts.map((a) => a.organization.id))], {
      now: NOW,
      years: [...new Set(alerts.map((a) => Number(a.day.slice(0, 4))))],
      say: () => undefined,
    });
    return async () => {
      await removeAll(client, prefix);
      await client.close();
    };
  }, START_MS);

  it('takes every alert of the samples and of the detections', async () => {
    const documents = new Map(alerts.map((a) => [a.id, waiting(a, prefix)]));
    const outcome = await writeDocuments(client, [...documents.values()], { nowMs: NOW });
    expect([...outcome.dead, ...outcome.left].map((d) => d.reason)).toEqual([]);
    expect(outcome.done.length).toBe(documents.size);
    expect(documents.size).toBeGreaterThan(100);
    await client.indices.refresh({ index: `${prefix}-alerts` });
    expect((await client.count({ index: `${prefix}-alerts` })).count).toBe(documents.size);
  });

  it('takes an alert whose every text was written by an attacker, and one of texts longer than a term may be', async () => {
    const long = 'A'.repeat(70_000);
    const hostile = [
      ...hostileSummary().alerts,
      alert({
        id: 'e'.repeat(32),
        summary: long,
        why: long,
        paths: [`/${long}`],
        hosts: [long],
        thresholds: [long],
        verdict: { term: 'tailored', basis: [long] },
      }),
    ].map(
      (a, i): Alert => ({
        ...alert(),
        // texts are the attacker's; addresses are parsed ones, numbers are ours
        ...a,
        id: `hostile-${i}`,
        organization: { id: alerts[0]!.organization.id, name: a.organization.name },
        source: a.source === null ? null : { ...a.source, ip: '192.0.2.9', addresses: ['192.0.2.9'] },
        related: [],
        destinations: [],
        evidence: { requests: 1 },
        statusCounts: [['404', 1]],
      }),
    );
    const { done, dead, left } = await writeDocuments(
      client,
      hostile.map((a) => waiting(a, prefix)),
      { nowMs: NOW },
    );
    expect([...dead, ...left].map((d) => d.reason)).toEqual([]);
    expect(done.length).toBe(hostile.length);
  });

  it('takes what a day leaves behind, and finds day and network owner of a source by the hash of its address', async () => {
    const rules = rulesOf([]);
    const crowd = Array.from({ length: 1500 }, (_, i) => page(`17.1.${i >> 8}.${i & 255}`, i, '/lookup'));
    const state = stateOf(rules, [...LOGS, crowd]);
    const setting = {
      day: dayOf(Date.UTC(2026, 8, 14, 8), 0),
      organization: alerts[0]!.organization,
      inventory: defaultInventory(),
      indexPrefix: prefix,
      generation: 1,
      revision: 1,
      enricher: createEnricher(),
      secret: SECRET,
      rules: rules.rules,
    };
    const { counts, documents } = daySources(state, alerts, setting);
    const samples = [{ offset: 5, text: 'SMITH 1970 "' }];
    const tally = { ...createTally(), lines: 3, refused: new Map([['no request', { count: 3, samples }]]) };
    const origins = [{ name: 'access.log', format: 'combined', tally }];
    const daily = [
      ...documents,
      ...summaryDocuments(state, alerts, { origins, late: 0, sources: counts }, setting),
      ...refusedDocuments(origins, setting),
    ];
    const { done, dead, left } = await writeDocuments(
      client,
      daily.map(({ id, index, body }) => ({ id, index, version: 2 ** 32 + 1, body: JSON.stringify(body) })),
      { nowMs: NOW },
    );
    expect([...dead, ...left].map((d) => d.reason)).toEqual([]);
    expect(done.length).toBe(daily.length);
    await client.indices.refresh({ index: `${prefix}-sources` });
    const find = async (ip: string) => {
      const query = { term: { 'pollwatch.source.hash': sourceHash(SECRET, 0, parseIpv4(ip)) } };
      const { hits } = await client.search({ index: `${prefix}-sources`, query });
      return hits.hits.map(({ _source }) => _source as Found);
    };
    const [crowded, ...others] = await find('17.1.4.200');
    expect(others).toEqual([]);
    expect(crowded!.pollwatch).toMatchObject({ day: '2026-09-14', source: { matched: false } });
    expect(crowded!.source!.as!.number).toBe(setting.enricher.owner(0, parseIpv4('17.1.4.200'))!.number);
    expect((await find(VOTER)).map((d) => d.source?.ip)).toEqual([undefined]);
    expect(new Set((await find(PROBER)).map((d) => d.source?.ip))).toEqual(new Set([PROBER, undefined]));
    expect(await find('17.1.250.1')).toEqual([]);
  });

  it('refuses a field that no template has, and says which', async () => {
    const one = waiting(alerts[0]!, prefix);
    const body = JSON.stringify({ ...(JSON.parse(one.body) as object), surprise: 1 });
    const { dead } = await writeDocuments(client, [{ ...one, id: 'surprise', body }], { nowMs: NOW });
    expect(dead.map((d) => d.reason)).toEqual([expect.stringContaining('[surprise]')]);
  });

  it('answers the questions that people ask of alerts', async () => {
    const { hits, aggregations } = await client.search({
      index: `${prefix}-alerts`,
      size: 1,
      query: {
        bool: { filter: [{ term: { 'source.ip': '0.0.0.0/0' } }, { range: { 'event.severity': { gte: 47 } } }] },
      },
      aggs: {
        owners: { terms: { field: 'source.as.organization.name' } },
        days: { terms: { field: 'pollwatch.day' } },
      },
    });
    expect(hits.hits.length).toBe(1);
    expect((aggregations!['owners'] as unknown as { buckets: unknown[] }).buckets.length).toBeGreaterThan(0);
    expect((aggregations!['days'] as unknown as { buckets: unknown[] }).buckets.length).toBeGreaterThan(0);
  });

  it('finds alerts by the value of every field that they are counted by, whether it has terms of its own or not', async () => {
    const index = `${prefix}-alerts`;
    // what tests before this one wrote becomes visible at once, not between the two questions
    await client.indices.refresh({ index });
    const { fields } = await client.fieldCaps({ index, fields: '*' });
    const names = Object.entries(fields).flatMap(([name, types]) => (types['keyword']?.aggregatable ? [name] : []));
    expect(names.filter((name) => fields[name]!['keyword']!.searchable !== true)).toEqual([]);
    const own = names.filter((name) => !name.startsWith('_'));
    const counted = await client.search<unknown, Record<string, { buckets: { key: string; doc_count: number }[] }>>({
      index,
      size: 0,
      aggs: Object.fromEntries(own.map((field) => [field.replaceAll('.', '-'), { terms: { field, size: 1 } }])),
    });
    const values = own.flatMap((field) => {
      const bucket = counted.aggregations![field.replaceAll('.', '-')]!.buckets[0];
      return bucket === undefined ? [] : [{ field, ...bucket }];
    });
    expect(values.length).toBeGreaterThan(40);
    const found = await Promise.all(
      values.map(async ({ field, key }) => (await client.count({ index, query: { term: { [field]: key } } })).count),
    );
    expect(values.map(({ field }, i) => [field, found[i]])).toEqual(values.map((v) => [v.field, v.doc_count]));
  });
});
