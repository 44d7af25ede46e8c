/**
 * The dashboards against real Elasticsearch: what the file says is well-formed, its fields are there, and every chart,
 * asked as Kibana would ask it, has rows whose numbers are those that the documents give. Kibana itself does not run here.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAVEAT } from '../../src/alerts/caveat.ts';
import { writeDocuments } from '../../src/elastic/bulk.ts';
import { type Client, connectElasticsearch } from '../../src/elastic/client.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import { detectionRules, RULE_QUERY } from '../../src/kibana/detection-rule.ts';
import { toNdjson } from '../../src/kibana/saved-object.ts';
import { EVERYBODY, savedObjects } from '../../src/kibana/saved-objects.ts';
import { removeAll } from '../elastic/documents.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import {
  type Capabilities,
  columnProblems,
  featureProblems,
  fieldProblems,
  gridProblems,
  objectProblems,
  referenceProblems,
  wordProblems,
} from './checks.ts';
import { runList, SHOWN_MAX } from './discover-search.ts';
import { END, ORGANIZATIONS, type SampleDocument, SPAN, sampleDocuments } from './documents.ts';
import { fits, parseKql, queryOf } from './kql.ts';
import { runLayer } from './lens-aggregations.ts';
import { type Body, differences, valuesOf } from './recount.ts';
import { objectsIn, panelsIn, type StoredLayer } from './saved-file.ts';

const shipped = (name: string) => readFileSync(new URL(`../../config/kibana/${name}`, import.meta.url), 'utf8');
const DAY = 86_400_000;
const ONE = {
  prefix: 'pollwatch',
  organization: { id: 'us-xx-adams', name: 'Adams County' },
  windows: [{ label: 'early voting', fromMs: END - 14 * DAY, toMs: END - 3 * DAY }],
};

describe('the files of config/kibana', () => {
  it('are what the code makes: run node src/kibana/write-objects.ts', () => {
    expect(shipped('dashboards.ndjson')).toBe(toNdjson(savedObjects(EVERYBODY)));
    expect(shipped('detection-rules.ndjson')).toBe(toNdjson(detectionRules(EVERYBODY)));
  });
});

describe.each([
  ['all organisations', EVERYBODY],
  ['one organisation', ONE],
])('saved objects of %s', (_, scope) => {
  const text = toNdjson(savedObjects(scope));
  const objects = objectsIn(text);
  const panels = panelsIn(objects);

  it('have the keys and versions that Kibana reads', () => expect(objectProblems(objects)).toEqual([]));
  it('refer to each other and to nothing else', () => expect(referenceProblems(objects)).toEqual([]));
  it('draw every column that they have', () => expect(columnProblems(panels)).toEqual([]));
  it('lie on the grid without overlap', () => expect(gridProblems(panels)).toEqual([]));
  it('say what they show, with units, in the words of the house', () =>
    expect(wordProblems(panels, CAVEAT)).toEqual([]));
  it('need no more than a Basic licence and no other server', () => expect(featureProblems(panels, text)).toEqual([]));
});

describe('the two scopes', () => {
  const idsOf = (scope: typeof EVERYBODY) => savedObjects(scope).map(({ id }) => id);

  it('share no id, since an id stands for one object in the whole of Kibana', () => {
    expect(idsOf(ONE).filter((id) => idsOf(EVERYBODY).includes(id))).toEqual([]);
  });

  it('differ in what only the state may compare, and in places, which a county does not group by', () => {
    expect(idsOf(EVERYBODY)).toContain('pollwatch-state');
    expect(idsOf(ONE)).not.toContain('pollwatch-us-xx-adams-state');
    expect(toNdjson(savedObjects(ONE))).not.toContain('source.geo');
    expect(toNdjson(savedObjects(EVERYBODY))).toContain('source.geo.country_name');
  });

  it('have the windows of the calendar shaded where it is known', () => {
    const layers = panelsIn(objectsIn(toNdjson(savedObjects(ONE)))).flatMap(
      ({ visualization }) => (visualization['layers'] as { layerType: string; annotations?: object[] }[]) ?? [],
    );
    const shaded = layers.filter(({ layerType }) => layerType === 'annotations');
    expect(shaded.length).toBeGreaterThanOrEqual(2);
    expect(shaded[0]!.annotations![0]).toMatchObject({
      label: 'early voting',
      key: { type: 'range', endTimestamp: '2026-10-30T22:00:00.000Z' },
    });
  });
});

describe('the checks', () => {
  const text = toNdjson(savedObjects(EVERYBODY));
  const spoil = (from: string, to: string) => {
    expect(text).toContain(from);
    return objectsIn(text.replace(from, to));
  };

  it('find a key that Kibana forbids, a missing version and an id that stands there twice', () => {
    expect(objectProblems(spoil('"hits":0', '"hits":0,"sections":[]')).join()).toContain('has sections');
    expect(objectProblems(spoil('"typeMigrationVersion":"8.9.0"', '"x":""')).join()).toContain(
      'typeMigrationVersion is missing',
    );
    expect(objectProblems([...objectsIn(text), objectsIn(text)[0]!]).join()).toContain('twice');
  });

  it('find a reference that leads nowhere, one that is missing and one that nothing uses', () => {
    expect(
      referenceProblems(spoil('"id":"pollwatch-alerts","name"', '"id":"pollwatch-alarms","name"')).join(),
    ).toContain('which is not there');
    expect(
      referenceProblems(spoil('overview-funnel:indexpattern-datasource-layer-overview-funnel-1', 'nobody')).join(),
    ).toContain('nothing uses the reference nobody');
    expect(referenceProblems(spoil('#/view/pollwatch-health', '#/view/pollwatch-wealth')).join()).toContain(
      'leads nowhere',
    );
  });

  it('find a column that is not drawn, an overlap, a panel that is too wide', () => {
    const panelsAfter = (from: string, to: string) => panelsIn(spoil(from, to));
    expect(
      columnProblems(
        panelsAfter('\\"metricAccessor\\":\\"overview-open-1-alerts\\"', '\\"metricAccessor\\":\\"gone\\"'),
      ).join(),
    ).toContain('gone, which is no column');
    expect(gridProblems(panelsAfter('\\"gridData\\":{\\"x\\":22', '\\"gridData\\":{\\"x\\":12')).join()).toContain(
      'overlaps',
    );
    expect(gridProblems(panelsAfter('\\"gridData\\":{\\"x\\":39', '\\"gridData\\":{\\"x\\":40')).join()).toContain(
      'does not fit',
    );
  });

  it('find buckets that are ordered by distinct values, which would need more memory than a server has', () => {
    const by = (measure: string) => `\\"type\\":\\"column\\",\\"columnId\\":\\"state-sources-1-${measure}\\"`;
    expect(columnProblems(panelsIn(spoil(by('alerts'), by('organizations')))).join()).toContain(
      'state-sources-1-source is ordered by distinct values',
    );
  });

  it('find words that name who did it, a panel without a unit, and owners without the caveat', () => {
    const wordsAfter = (from: string, to: string) =>
      wordProblems(panelsIn(objectsIn(text.replaceAll(from, to))), CAVEAT).join();
    expect(wordsAfter('Systems most probed', 'Hackers attacked by')).not.toBe('');
    expect(
      wordsAfter(
        'Alerts that nobody has acknowledged, closed or suppressed. Unit: alerts.',
        'Alerts that nobody has handled yet.',
      ),
    ).toContain('no unit');
    expect(wordsAfter(CAVEAT, 'nothing')).toContain('without the caveat');
    expect(wordsAfter('\\"duration\\"', '\\"number\\"')).toContain('is shown as so many seconds');
  });

  it('find a field that no index has, one of another type, and one that is not aggregatable', () => {
    const capabilities =
      (over: Capabilities): ((pattern: string) => Capabilities) =>
      () => ({ ...over });
    const fields = fieldProblems(
      objectsIn(text),
      capabilities({ 'rule.name': { text: { aggregatable: false, searchable: true } } }),
    );
    expect(fields.join()).toContain('rule.name is not aggregatable');
    expect(fields.join()).toContain('rule.name is text, the column says string');
    expect(fields.join()).toContain('has 0 fields source.as.organization.name');
  });
});

describe('KQL of the dashboards', () => {
  const document = { a: { b: ['x', 'y'], n: 7 } };
  const holds = (text: string) => fits(parseKql(text), (field) => valuesOf(document, field));

  it.each([
    ['a.b: x', true],
    ['a.b: z', false],
    ['a.b: (z or y)', true],
    ['not a.b: x', false],
    ['not a.b: z and a.n >= 7', true],
    ['a.n > 7', false],
    ['a.c: *', false],
    ['a.b: * and (a.n < 7 or a.b: "y")', true],
    ['', true],
  ])('%s', (text, expected) => expect(holds(text)).toBe(expected));

  it.each(['a.b:', 'a.b x', '(a: b', 'a: b c: d'])('refuses %s', (text) => expect(() => parseKql(text)).toThrow('KQL'));
});

describe.each(SERVERS)('every chart on Elasticsearch $name', (server) => {
  const prefix = ownPrefix('kibana');
  const scope = { ...EVERYBODY, prefix };
  let client: Client;
  let documents: SampleDocument[] = [];
  const objects = objectsIn(toNdjson(savedObjects(scope)));
  const layers = panelsIn(objects).flatMap((panel) => panel.layers.map((layer) => ({ panel: panel.id, layer })));

  beforeAll(async () => {
    const settings = settingsFor(await server.url(), prefix);
    client = connectElasticsearch(settings);
    await setupElasticsearch(
      settings,
      ORGANIZATIONS.map(({ id }) => id),
      { now: END, say: () => undefined },
    );
    documents = await sampleDocuments(prefix);
    const { dead, left } = await writeDocuments(client, documents, { nowMs: END });
    expect([...dead, ...left].map(({ reason }) => reason)).toEqual([]);
    await client.indices.refresh({ index: `${prefix}-*` });
    return async () => {
      await removeAll(client, prefix);
      await client.close();
    };
  }, START_MS);

  const bodiesOf = ({ pattern }: Pick<StoredLayer, 'pattern'>) =>
    documents.filter(({ index }) => index.startsWith(`${pattern}-`)).map(({ parsed }) => parsed);

  it('has fields that are there, of the right type, and can be aggregated', async () => {
    const patterns = [
      ...new Set(objects.filter(({ type }) => type === 'index-pattern').map((o) => String(o.attributes['title']))),
    ];
    const capabilities = new Map<string, Capabilities>();
    for (const pattern of patterns) {
      const { fields } = await client.fieldCaps({ index: pattern, fields: '*' });
      capabilities.set(pattern, fields as Capabilities);
    }
    expect(fieldProblems(objects, (pattern) => capabilities.get(pattern) ?? {})).toEqual([]);
  });

  it.each(layers.map(({ panel, layer }) => [layer.id, panel, layer] as const))(
    '%s has the numbers of the documents',
    async (_, __, layer) => {
      const { rows } = await runLayer(client, layer, SPAN);
      expect(rows.length).toBeGreaterThan(0);
      // no column is empty in all rows, and no measure is nothing but zeros
      for (const [id, { label, isBucketed }] of Object.entries(layer.columns)) {
        if (!isBucketed)
          expect(
            rows.some(({ values }) => values[id] !== null && values[id] !== 0),
            label,
          ).toBe(true);
      }
      expect(differences(layer, rows, bodiesOf(layer), SPAN)).toEqual([]);
    },
  );

  it.each(panelsIn(objects).flatMap(({ id, list }) => (list === null ? [] : [[id, list] as const])))(
    '%s lists the documents in their order, with something in every column',
    async (_, list) => {
      const { rows, total } = await runList(client, list, SPAN);
      const query = parseKql(list.query);
      const bodies = bodiesOf(list).filter((body) => fits(query, (field) => valuesOf(body, field)));
      expect(total).toBe(bodies.length);
      expect(rows).toHaveLength(Math.min(total, SHOWN_MAX));
      const orderOf = (body: Body) => list.sort.map(([field]) => String(valuesOf(body, field)[0]).padStart(8, '0'));
      const sorted = bodies.map(orderOf).sort((a, b) => (a.join() < b.join() ? 1 : -1));
      const byId = new Map(documents.map(({ id, parsed }) => [id, parsed]));
      expect(rows.map(({ id }) => orderOf(byId.get(id)!))).toEqual(sorted.slice(0, SHOWN_MAX));
      for (const [i, field] of list.columns.entries()) {
        expect(
          rows.some(({ texts }) => texts[i] !== null),
          field,
        ).toBe(true);
      }
    },
  );

  it('is seen to differ when a document is miscounted', async () => {
    const { layer } = layers.find(({ panel }) => panel === 'overview-kinds')!;
    const { rows } = await runLayer(client, layer, SPAN);
    const bodies = bodiesOf(layer);
    expect(differences(layer, rows, bodies, SPAN)).toEqual([]);
    const isCounted = (body: Body) =>
      fits(parseKql(`${layer.query} and pollwatch.asset.kind: *`), (field) => valuesOf(body, field));
    expect(differences(layer, rows, bodies.toSpliced(bodies.findIndex(isCounted), 1), SPAN)).not.toEqual([]);
    expect(differences(layer, rows.slice(1), bodies, SPAN)).not.toEqual([]);
  });

  it('the query of the detection rule finds the alerts that nobody has handled', async () => {
    const found = await client.count({ index: `${prefix}-alerts`, query: queryOf(parseKql(RULE_QUERY)) });
    const expected = documents.filter(
      ({ index, parsed }) =>
        index.startsWith(`${prefix}-alerts-`) && fits(parseKql(RULE_QUERY), (field) => valuesOf(parsed, field)),
    );
    expect(found.count).toBe(expected.length);
    expect(found.count).toBeGreaterThan(10);
  });
});
