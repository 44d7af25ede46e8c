import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type IndexedDocument, withIngested, writeDocuments } from '../../src/elastic/bulk.ts';
import { type Client, connectElasticsearch } from '../../src/elastic/client.ts';
import { indexOf } from '../../src/elastic/index-names.ts';
import { setupElasticsearch } from '../../src/elastic/setup.ts';
import { ownPrefix, SERVERS, START_MS, settingsFor } from '../parts/elasticsearch.ts';
import { removeAll } from './documents.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const INGESTED = '2026-11-23T12:00:00.000Z';

describe('event.ingested', () => {
  it('goes into the top-level event of any document, and changes nothing else', () => {
    const event = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        event,
        fc.dictionary(fc.string(), fc.jsonValue()),
        (a, e, b) => {
          delete e['ingested'];
          const document = { ...a, nested: { event: { kind: 'other' } }, text: '"event":{"', event: e, ...b };
          if (typeof document.event !== 'object' || document.event === null || Array.isArray(document.event)) return;
          const read: unknown = JSON.parse(withIngested(JSON.stringify(document), INGESTED));
          expect(read).toEqual(
            JSON.parse(JSON.stringify({ ...document, event: { ...(document.event as object), ingested: INGESTED } })),
          );
        },
      ),
    );
  });

  it('is left out of a document without event', () => {
    expect(withIngested('{"a":["event",{"event":{}}],"b":"event"}', INGESTED)).toBe(
      '{"a":["event",{"event":{}}],"b":"event"}',
    );
    expect(withIngested('', INGESTED)).toBe('');
  });
});

describe('a server that is away', () => {
  const client = connectElasticsearch(settingsFor('http://127.0.0.1:9', 'nobody'));
  const one: IndexedDocument = { id: 'a', index: 'nobody-alerts-a-2026', version: 1, body: '{"event":{}}' };

  it('leaves all documents when patience ends, with the reason', async () => {
    const { done, dead, left, retries } = await writeDocuments(client, [one], { nowMs: NOW, patienceMs: 500 });
    expect([done, dead, left.length]).toEqual([[], [], 1]);
    expect(left[0]!.reason).toMatch(/ECONNREFUSED|bad port|connect/i);
    expect(retries).toBeGreaterThan(0);
  });

  it('leaves all documents at once when the worker is told to stop', async () => {
    const stop = new AbortController();
    const { left } = await writeDocuments(client, [one], {
      nowMs: NOW,
      signal: stop.signal,
      onRetry: () => stop.abort(),
    });
    expect(left.length).toBe(1);
  });
});

describe.each(SERVERS)('writing to Elasticsearch $name', (server) => {
  const prefix = ownPrefix('bulk');
  let client: Client;
  const index = indexOf(prefix, 'alerts', 'county', '2026-09-14');
  const document = (id: string, version: number, more: object = {}): IndexedDocument => ({
    id,
    index,
    version,
    body: JSON.stringify({
      '@timestamp': '2026-09-14T00:00:00.000Z',
      event: { kind: 'alert', code: `v${version}` },
      ...more,
    }),
  });
  const codeOf = async (id: string) =>
    (await client.get<{ event: { code: string; ingested: string } }>({ index, id }))._source!.event;

  beforeAll(async () => {
    const settings = settingsFor(await server.url(), prefix);
    client = connectElasticsearch(settings);
    await setupElasticsearch(settings, ['county'], { now: NOW, say: () => undefined });
    return async () => {
      await removeAll(client, prefix);
      await client.close();
    };
  }, START_MS);

  it('lets the highest version stand, whatever the order, and counts the others as done', async () => {
    const high = 2 ** 52 - 1;
    for (const version of [5, 5, 3, high, 7]) {
      const { done, dead, left } = await writeDocuments(client, [document('order', version)], { nowMs: NOW });
      expect([done.length, dead, left]).toEqual([1, [], []]);
    }
    expect(await codeOf('order')).toEqual({ kind: 'alert', code: `v${high}`, ingested: INGESTED });
  });

  it('sorts out the one document that the mapping refuses, and writes the others', async () => {
    const documents = [document('good-1', 1), document('bad', 1, { surprise: { deep: 1 } }), document('good-2', 1)];
    const { done, dead, left } = await writeDocuments(client, documents, { nowMs: NOW });
    expect(done.map((d) => d.id)).toEqual(['good-1', 'good-2']);
    expect(dead.map((d) => [d.document.id, d.reason])).toEqual([['bad', expect.stringContaining('strict')]]);
    expect(left).toEqual([]);
  });

  it('sorts out a document that is no JSON', async () => {
    const broken = { ...document('broken', 1), body: '{"event":{},"message":"\n' };
    const { done, dead } = await writeDocuments(client, [document('whole', 1), broken], { nowMs: NOW });
    expect([done.map((d) => d.id), dead.map((d) => d.document.id)]).toEqual([['whole'], ['broken']]);
  });

  it('makes no index for a year that was not set up, and says how to', async () => {
    const early = { ...document('early', 1), index: indexOf(prefix, 'alerts', 'county', '2019-01-01') };
    const { dead } = await writeDocuments(client, [early], { nowMs: NOW });
    expect(dead.map((d) => d.reason)).toEqual([expect.stringContaining('setup elasticsearch --years 2019')]);
    expect(await client.indices.exists({ index: early.index })).toBe(false);
  });

  it('writes more than one request holds', async () => {
    const many = Array.from({ length: 2500 }, (_, i) =>
      document(`many-${i}`, 1, { message: `many ${'x '.repeat(1500)}` }),
    );
    const { done, dead, left } = await writeDocuments(client, many, { nowMs: NOW });
    expect([new Set(done.map((d) => d.id)).size, dead, left]).toEqual([2500, [], []]);
    await client.indices.refresh({ index });
    expect(
      (await client.count({ index, query: { match: { message: `many ${'x '.repeat(1500)}`.slice(0, 255) } } })).count,
    ).toBe(2500);
  });
});
