/**
 * The benchmark of the index: `node bench/elastic.ts [--documents N] [--rounds N] [--url http://127.0.0.1:9200]`.
 * Starts an Elasticsearch of its own on this machine (or takes the one that --url names), makes alert documents from the
 * alerts of the sample logs, and writes them alternately with `writeDocuments` (deterministic ids, external versions,
 * every item looked at, event.ingested) and with the client's own helpers.bulk, into fresh indices of the same templates.
 * Counts are checked before anything is printed. The machine decides the absolute numbers; the ratio is what to compare.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type IndexedDocument, writeDocuments } from '../src/elastic/bulk.ts';
import { type Client, connectElasticsearch } from '../src/elastic/client.ts';
import { indexOf } from '../src/elastic/index-names.ts';
import { setupElasticsearch } from '../src/elastic/setup.ts';
import { removeAll, sampleAlerts, waiting } from '../test/elastic/documents.ts';
import { ownPrefix, settingsFor, startElasticsearch } from '../test/parts/elasticsearch.ts';
import { IN_HAND } from '../workers/index-alerts.ts';
import { serverMicros } from './server-time.ts';

const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    url: { type: 'string' },
  },
});
const count = Number(values.documents);
const rounds = Number(values.rounds);
const NOW = Date.UTC(2026, 8, 20);

const server =
  values.url === undefined ? await startElasticsearch({ version: '9.2.4', heapMb: 1024, fast: true }) : null;
const settings = settingsFor(server?.url ?? values.url!, ownPrefix('bench'));
const client = connectElasticsearch(settings);
try {
  const organizations = Array.from({ length: rounds * 2 + 2 }, (_, i) => `county-${i}`);
  await setupElasticsearch(settings, organizations, { now: NOW, say: () => undefined });
  const templates = (await sampleAlerts()).map((alert) => waiting(alert, settings.prefix));
  const documents = (organization: string): IndexedDocument[] =>
    Array.from({ length: count }, (_, i) => {
      const { version, body } = templates[i % templates.length]!;
      return { id: `${i}`, index: indexOf(settings.prefix, 'alerts', organization, '2026'), version, body };
    });
  const bytes = templates.reduce((sum, { body }) => sum + body.length, 0) / templates.length;
  const ways = { pollwatch: ours, 'helpers.bulk': bare } as const;
  const rates: Record<keyof typeof ways, number[]> = { pollwatch: [], 'helpers.bulk': [] };
  /** processor time of a document in microseconds, by who spent it: does not depend on what else the machine does */
  const costs: Record<keyof typeof ways, { server: number[]; writer: number[] }> = {
    pollwatch: { server: [], writer: [] },
    'helpers.bulk': { server: [], writer: [] },
  };
  let next = 0;
  // the first of each only warms the server up
  for (let round = -1; round < rounds; round++) {
    for (const name of ['pollwatch', 'helpers.bulk'] as const) {
      const all = documents(organizations[next++]!);
      const [server0, writer0, started] = [await serverMicros(client), process.cpuUsage(), performance.now()];
      await ways[name](client, all);
      const seconds = (performance.now() - started) / 1000;
      const writer = process.cpuUsage(writer0);
      const spent = { server: (await serverMicros(client)) - server0, writer: writer.user + writer.system };
      await client.indices.refresh({ index: all[0]!.index });
      const { count: found } = await client.count({ index: all[0]!.index });
      if (found !== count) throw new Error(`${name}: ${found} of ${count} documents are in the index`);
      if (round >= 0) {
        rates[name].push(count / seconds);
        for (const who of ['server', 'writer'] as const) costs[name][who].push(spent[who] / count);
      }
      await client.indices.delete({ index: all[0]!.index });
    }
  }
  const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!;
  const own = median(rates.pollwatch);
  const theirs = median(rates['helpers.bulk']);
  const cost = (name: keyof typeof ways) =>
    `server ${Math.round(median(costs[name].server))} µs, writer ${Math.round(median(costs[name].writer))} µs a document`;
  process.stdout.write(
    [
      `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores shared by writer and server`,
      `${count} alert documents of ${Math.round(bytes)} bytes, ${rounds} rounds, median`,
      `writeDocuments   ${Math.round(own).toLocaleString('en')} documents/s; ${cost('pollwatch')}`,
      `helpers.bulk     ${Math.round(theirs).toLocaleString('en')} documents/s; ${cost('helpers.bulk')} (no versions, documents as objects)`,
      `ratio            ${(own / theirs).toFixed(2)}`,
      '',
    ].join('\n'),
  );
} finally {
  await removeAll(client, settings.prefix);
  await client.close();
  await server?.stop();
}

async function ours(to: Client, all: readonly IndexedDocument[]): Promise<void> {
  // as the index worker does it: a bounded number in hand
  for (let at = 0; at < all.length; at += IN_HAND) {
    const { done } = await writeDocuments(to, all.slice(at, at + IN_HAND), { nowMs: NOW });
    if (done.length !== Math.min(IN_HAND, all.length - at)) throw new Error('not every document was taken');
  }
}

async function bare(to: Client, all: readonly IndexedDocument[]): Promise<void> {
  const { failed } = await to.helpers.bulk({
    datasource: (async function* () {
      for (const { body } of all) yield JSON.parse(body) as object;
    })(),
    onDocument: () => ({ index: { _index: all[0]!.index } }),
    concurrency: 4,
  });
  if (failed > 0) throw new Error(`${failed} documents failed`);
}
