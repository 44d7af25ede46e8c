import { beforeAll, describe, expect, it } from 'vitest';
import { writeDocuments } from '../../src/elastic/bulk.ts';
import { type Client, connectElasticsearch } from '../../src/elastic/client.ts';
import { aliasOf, indexOf, nameProblems, yearOfIndex } from '../../src/elastic/index-names.ts';
import { highestVersion, indexProblems, missingIndices } from '../../src/elastic/index-state.ts';
import { applyRetention, RETENTION } from '../../src/elastic/retention.ts';
import { readerRoleFor } from '../../src/elastic/roles.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import { judgeLayout, LAYOUT, mappingBeside } from '../../src/elastic/templates.ts';
import type { ElasticSettings } from '../../src/model/installation.ts';
import { OperatorError } from '../../src/model/problem.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { removeAll } from './documents.ts';

const NOW = Date.UTC(2026, 10, 23);
const DAY = 86_400_000;

describe('names of indices', () => {
  it('follow from the day, and say their year back', () => {
    const index = indexOf('pollwatch', 'alerts', 'us-xx', '2026-11-03');
    expect(index).toBe('pollwatch-alerts-us-xx-2026');
    expect(yearOfIndex(index, 'pollwatch', 'alerts', 'us-xx')).toBe(2026);
  });

  it('of a state are not mistaken for those of its counties', () => {
    expect(yearOfIndex('pollwatch-alerts-us-xx-county-2026', 'pollwatch', 'alerts', 'us-xx')).toBeNull();
  });

  it('refuse an organisation whose alias would be the index of another', () => {
    expect(nameProblems('pollwatch', ['us-xx', 'us-xx-2026']).map((p) => p.code)).toEqual(['PW-ELASTIC-ORGANIZATION']);
    expect(nameProblems('pollwatch', ['us-xx-2026'])).toEqual([]);
    expect(nameProblems('Poll*', ['A b']).map((p) => p.code)).toEqual(['PW-ELASTIC-PREFIX', 'PW-ELASTIC-ORGANIZATION']);
  });
});

describe("a reader's role", () => {
  /** Whether a name or /regular expression/ of a role covers an index, as the server reads it. */
  const covers = (name: string, index: string) =>
    name.startsWith('/') ? new RegExp(`^(?:${name.slice(1, -1)})$`).test(index) : name === index;

  it('covers the years of its organisation and nothing of a county with the same beginning', () => {
    const { names } = readerRoleFor('pollwatch', 'us-xx').indices[0]!;
    const reads = (index: string) => names.some((name) => covers(name, index));
    expect(reads('pollwatch-alerts-us-xx-2026')).toBe(true);
    expect(reads('pollwatch-summaries-us-xx')).toBe(true);
    expect(reads('pollwatch-alerts-us-xx-county-2026')).toBe(false);
    expect(reads('pollwatch-alerts')).toBe(false);
  });
});

describe('a layout', () => {
  it('serves when it has all fields, however many more a later minor one has', () => {
    expect(judgeLayout({ ...LAYOUT })).toBe('serves');
    expect(judgeLayout({ major: LAYOUT.major, minor: LAYOUT.minor + 1 })).toBe('serves');
    expect(judgeLayout({ major: LAYOUT.major + 1, minor: 0 })).toBe('newer');
    expect(judgeLayout({ major: LAYOUT.major - 1, minor: 99 })).toBe('older');
    expect(judgeLayout(null)).toBe('older');
  });
});

describe.each(SERVERS)('set-up of Elasticsearch $name', (server) => {
  const prefix = ownPrefix('setup');
  let settings: ElasticSettings;
  let client: Client;
  let first: string[] = [];

  async function setUp(organizations: string[], own: ElasticSettings = settings) {
    const said: string[] = [];
    const result = await setupElasticsearch(own, organizations, { now: NOW, say: (line) => said.push(line) });
    return { said, ...result };
  }
  const errorOf = (run: Promise<unknown>) =>
    run.then(
      () => null,
      (error: unknown) => (error instanceof OperatorError ? error.problems.map((p) => p.code) : error),
    );

  beforeAll(async () => {
    settings = settingsFor(await server.url(), prefix);
    client = connectElasticsearch(settings);
    expect((await indexProblems(client, prefix)).map((p) => p.code)).toContain('PW-ELASTIC-NO-INDEX');
    first = (await setUp(['us-xx', 'us-xx-county'])).created;
    return async () => {
      await removeAll(client, prefix);
      await client.close();
    };
  }, START_MS);

  it("makes this year's and next year's indices, once", async () => {
    expect(first).toContain(`${prefix}-alerts-us-xx-2026`);
    expect(first).toContain(`${prefix}-refused-us-xx-county-2027`);
    // five families, two organisations, two years
    expect(first.length).toBe(20);
    const again = await setUp(['us-xx', 'us-xx-county']);
    expect(again.created).toEqual([]);
    expect(again.said.filter((line) => /made|changed|added/.test(line) && !/security/.test(line))).toEqual([]);
    expect(await indexProblems(client, prefix)).toEqual([]);
  });

  it('gives each organisation an alias of its own and all a common one', async () => {
    const alias = await client.indices.getAlias({ name: aliasOf(prefix, 'alerts', 'us-xx') });
    expect(Object.keys(alias).sort()).toEqual([`${prefix}-alerts-us-xx-2026`, `${prefix}-alerts-us-xx-2027`]);
    expect(Object.keys(await client.indices.getAlias({ name: aliasOf(prefix, 'alerts') })).length).toBe(4);
  });

  it('says plainly when the server has no users and no lifecycle management', async () => {
    const { said, hasSecurity, apiKey } = await setUp(['us-xx']);
    expect([hasSecurity, apiKey]).toEqual([false, null]);
    expect(said.filter((line) => line.startsWith('security: this server has none'))).toHaveLength(1);
  });

  it('adds the fields of a newer layout to indices that are there, and the aliases that are missing', async () => {
    const index = `${prefix}-alerts-us-xx-2026`;
    await client.indices.putMapping({ index, _meta: { pollwatch: { layout: '0.9' } } });
    expect((await indexProblems(client, prefix)).map((p) => p.code)).toEqual(['PW-ELASTIC-OLDER']);
    expect(await errorOf(setUp(['us-xx']))).toEqual(['PW-ELASTIC-OLDER']);
    await client.indices.putMapping({ index, _meta: {} });
    await client.indices.deleteAlias({ index, name: aliasOf(prefix, 'alerts', 'us-xx') });
    const { said } = await setUp(['us-xx']);
    expect(said).toContain(`index ${index}: new fields and aliases added`);
    expect(await indexProblems(client, prefix)).toEqual([]);
  });

  it('says once of all indices that have an older layout that they have, as after an upgrade', async () => {
    const [one, two] = ['alerts', 'health'].map((family) => `${prefix}-${family}-us-xx-2026`);
    for (const index of [one!, two!])
      await client.indices.putMapping({ index, _meta: { pollwatch: { layout: '1.0' } } });
    const problems = await indexProblems(client, prefix);
    expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
      `PW-ELASTIC-OLDER 2 indices, such as ${one!}, have layout 1.0; this pollwatch writes ${LAYOUT.major}.${LAYOUT.minor}`,
    ]);
    await setUp(['us-xx']);
    expect(await indexProblems(client, prefix)).toEqual([]);
  });

  it('leaves the fields of an index as they are stored, where a newer layout stores them otherwise', async () => {
    const index = `${prefix}-alerts-us-xx-2020`;
    const mapping = mappingBeside('alerts', {
      rule: { properties: { version: { type: 'keyword' } } },
      event: { properties: { module: { type: 'keyword', ignore_above: 9 } } },
    });
    const { version: _, ...others } = mapping.properties!['rule']!.properties!;
    const properties = { ...mapping.properties, rule: { properties: { ...others, version: { type: 'keyword' } } } };
    await client.indices.create({
      index,
      mappings: { ...mapping, properties, _meta: { pollwatch: { layout: '1.0' } } } as object,
    });
    const { said } = await setUp(['us-xx']);
    expect(said).toContain(`index ${index}: new fields and aliases added`);
    const { mappings } = (await client.indices.getMapping({ index }))[index]!;
    expect(mappings._meta).toMatchObject({ pollwatch: { layout: `${LAYOUT.major}.${LAYOUT.minor}` } });
    expect(mappings.properties).toMatchObject({
      rule: { properties: { version: { type: 'keyword' } } },
      event: { properties: { module: { type: 'keyword', ignore_above: 9 } } },
    });
    await client.indices.delete({ index });
  });

  it('touches nothing that a newer pollwatch has made', async () => {
    const index = `${prefix}-alerts-us-xx-2026`;
    await client.indices.putMapping({ index, _meta: { pollwatch: { layout: `${LAYOUT.major + 1}.0` } } });
    expect((await indexProblems(client, prefix)).map((p) => p.code)).toEqual(['PW-ELASTIC-NEWER']);
    expect(await errorOf(setUp(['us-xx']))).toEqual(['PW-ELASTIC-NEWER']);
    await client.indices.putMapping({ index, _meta: { pollwatch: { layout: `${LAYOUT.major}.${LAYOUT.minor}` } } });
    expect(await indexProblems(client, prefix)).toEqual([]);
  });

  it('ends with what to do when the server is not there', async () => {
    const away = { ...settings, nodes: ['http://127.0.0.1:9'] };
    expect(await errorOf(setUp(['us-xx'], away))).toEqual(['PW-ELASTIC-UNREACHABLE']);
  });

  it("knows in December that next year's indices are missing, and not before", async () => {
    await client.indices.delete({ index: `${prefix}-refused-us-xx-2027` });
    expect(await missingIndices(client, prefix, ['us-xx'], NOW)).toEqual([]);
    expect(await missingIndices(client, prefix, ['us-xx'], NOW + 10 * DAY)).toEqual([`${prefix}-refused-us-xx-2027`]);
  });

  it('finds the highest version that an organisation has, in any family', async () => {
    const body = (path: object) =>
      JSON.stringify({ '@timestamp': '2026-09-14T00:00:00.000Z', event: {}, pollwatch: path });
    const alerts = indexOf(prefix, 'alerts', 'us-xx', '2026');
    const summaries = indexOf(prefix, 'summaries', 'us-xx', '2026');
    const written = [
      { id: 'a', index: alerts, version: 2 * 2 ** 32 + 7, body: body({ alert: { generation: 2, revision: 7 } }) },
      { id: 'b', index: alerts, version: 2 ** 32 + 9, body: body({ alert: { generation: 1, revision: 9 } }) },
      { id: 'c', index: summaries, version: 3 * 2 ** 32 + 1, body: body({ generation: 3, revision: 1 }) },
    ];
    expect((await writeDocuments(client, written, { nowMs: NOW })).done.length).toBe(3);
    expect(await highestVersion(settings, 'us-xx')).toBe(3 * 2 ** 32 + 1);
    expect(await highestVersion(settings, 'us-xx-county')).toBe(0);
    expect(await highestVersion(settings, 'nobody')).toBe(0);
  });

  it('removes what is old enough: quiet sources first, then days, then years; a dry run removes nothing', async () => {
    const day = (ago: number) => new Date(NOW - ago * DAY).toISOString().slice(0, 10);
    const write = [1, RETENTION.quietSources + 1].flatMap((ago) =>
      [true, false].map((matched) => ({
        id: `${ago}-${matched}`,
        index: indexOf(prefix, 'sources', 'us-xx-county', day(ago)),
        version: 1,
        body: JSON.stringify({
          '@timestamp': `${day(ago)}T00:00:00.000Z`,
          event: {},
          pollwatch: { day: day(ago), source: { matched } },
        }),
      })),
    );
    expect((await writeDocuments(client, write, { nowMs: NOW })).done.length).toBe(4);
    const run = (now: number, dryRun: boolean) =>
      applyRetention(client, { prefix, organizations: ['us-xx-county'], now, dryRun, say: () => undefined });
    const ids = async () => {
      await client.indices.refresh({ index: `${prefix}-sources` });
      const { hits } = await client.search({ index: `${prefix}-sources`, size: 10 });
      return hits.hits.map((hit) => hit._id ?? '').sort((a, b) => (a < b ? -1 : 1));
    };
    expect(await run(NOW, true)).toEqual({ indices: 0, documents: 1 });
    expect((await ids()).length).toBe(4);
    expect(await run(NOW, false)).toEqual({ indices: 0, documents: 1 });
    expect(await ids()).toEqual(['1-false', '1-true', `${RETENTION.quietSources + 1}-true`]);
    // 400 days after 2026 its indices of that organisation go, those of others stay
    await run(Date.UTC(2027, 0, 1) + 400 * DAY, false);
    const left = Object.keys(await client.indices.getAlias({ index: `${prefix}-*` }));
    expect(left).not.toContain(`${prefix}-alerts-us-xx-county-2026`);
    expect(left).toContain(`${prefix}-alerts-us-xx-2026`);
    expect(left).toContain(`${prefix}-alerts-us-xx-county-2027`);
  });
});
