/**
 * How long the charts of the dashboards take: `node bench/kibana.ts [--alerts N] [--rounds N] [--url http://127.0.0.1:9200]`.
 * Writes an eighth of the alerts into an index, copies it seven times (a copy shares its files: eight offices of one
 * server), checks that every chart counts each of them, then asks all charts and, between them, how many documents there
 * are. Printed are the times that the server says, their ratios to that count, and the processor time; and what a million
 * alerts take on disk.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { writeDocuments } from '../src/elastic/bulk.ts';
import { type Client, connectElasticsearch } from '../src/elastic/client.ts';
import { aliasOf } from '../src/elastic/index-names.ts';
import { setupElasticsearch } from '../src/elastic/setup.ts';
import { toNdjson } from '../src/kibana/saved-object.ts';
import { EVERYBODY, savedObjects } from '../src/kibana/saved-objects.ts';
import { removeAll } from '../test/elastic/documents.ts';
import { runList } from '../test/kibana/discover-search.ts';
import { END, ORGANIZATIONS, SPAN, sampleDocuments } from '../test/kibana/documents.ts';
import { runLayer } from '../test/kibana/lens-aggregations.ts';
import { objectsIn, panelsIn, type StoredPanel } from '../test/kibana/saved-file.ts';
import { ownPrefix, settingsFor, startElasticsearch } from '../test/parts/elasticsearch.ts';
import { serverMicros } from './server-time.ts';

const COPIES = 8;
const AT_ONCE = 5000;
/** what every answer should stay below, ms */
const BOUND_MS = 200;

const { values } = parseArgs({
  options: {
    alerts: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    url: { type: 'string' },
  },
});
const each = Math.round(Number(values.alerts) / COPIES);
const rounds = Number(values.rounds);
const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!;

const server =
  values.url === undefined ? await startElasticsearch({ version: '9.2.4', heapMb: 1024, fast: true }) : null;
const settings = settingsFor(server?.url ?? values.url!, ownPrefix('bench'));
const client = connectElasticsearch(settings);
try {
  const { prefix } = settings;
  await setupElasticsearch(
    settings,
    ORGANIZATIONS.map(({ id }) => id),
    { now: END, say: () => undefined },
  );
  const all = await sampleDocuments(prefix);
  const others = all.filter(({ index }) => !index.startsWith(`${prefix}-alerts-`));
  await writeDocuments(client, others, { nowMs: END });
  const templates = all.filter(({ index }) => index.startsWith(`${prefix}-alerts-`));
  const first = `${prefix}-alerts-${ORGANIZATIONS[0].id}-2026`;
  const { length } = templates;
  let bytes = 0;
  for (let at = 0; at < each; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, each - at) }, (_, i) => {
      const n = at + i;
      // another address and alert each time, so that there are as many values as alerts
      const address = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
      const { body, version } = templates[n % length]!;
      const own = body
        .replace(/"ip":"[^"]*","address":"[^"]*"/, `"ip":"${address}","address":"${address}"`)
        .replace(/"alert":\{"id":"[0-9a-f]*"/, `"alert":{"id":"${n.toString(16).padStart(32, '0')}"`);
      bytes += own.length;
      return { id: String(n), index: first, version, body: own };
    });
    const { done } = await writeDocuments(client, some, { nowMs: END });
    if (done.length !== some.length) throw new Error('not every document was written');
  }
  await client.indices.refresh({ index: first });
  await client.indices.forcemerge({ index: first, max_num_segments: 1, flush: true });
  await client.indices.putSettings({ index: first, settings: { 'index.blocks.write': true } });
  for (let copy = 1; copy < COPIES; copy++) {
    const target = `${prefix}-alerts-copy-${copy}-2026`;
    await client.indices.clone({ index: first, target, aliases: { [aliasOf(prefix, 'alerts')]: {} } });
  }
  await client.cluster.health({ wait_for_status: 'yellow', timeout: '60s' });
  const index = aliasOf(prefix, 'alerts');
  const total = (await client.count({ index })).count;
  if (total !== each * COPIES) throw new Error(`${total} alerts instead of ${each * COPIES}`);
  const stats = await client.indices.stats({ index: first, metric: ['store'] });
  const stored = stats._all.primaries?.store?.size_in_bytes ?? 0;

  const charts = questionsOf(panelsIn(objectsIn(toNdjson(savedObjects({ ...EVERYBODY, prefix })))), index);
  const took = new Map(charts.map(({ id }) => [id, [] as number[]]));
  /** processor time of the server, which does not depend on what else the machine does, ms */
  const spent = new Map(charts.map(({ id }) => [id, 0]));
  const counts: number[] = [];
  for (let round = -1; round < rounds; round++) {
    for (const chart of charts) {
      const before = await serverMicros(client);
      const { tookMs, rows, total: matched } = await chart.ask(client);
      const cpuMs = ((await serverMicros(client)) - before) / 1000;
      if (rows.length === 0 || matched % COPIES !== 0)
        throw new Error(`${chart.id}: ${matched} alerts in ${rows.length} rows`);
      const { took: countMs } = await client.search({
        index,
        size: 0,
        track_total_hits: true,
        query: { match_all: {} },
        request_cache: false,
      });
      // the first round only warms the server up
      if (round >= 0) took.get(chart.id)!.push(tookMs);
      if (round >= 0) spent.set(chart.id, spent.get(chart.id)! + cpuMs / rounds);
      if (round >= 0) counts.push(countMs);
    }
  }
  const count = Math.max(1, median(counts));
  const lines = [...took].map(([id, list]) => [median(list), id] as const).sort((a, b) => b[0] - a[0]);
  const over = lines.filter(([ms]) => ms > BOUND_MS);
  process.stdout.write(
    [
      `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`,
      `${total.toLocaleString('en')} alerts of ${Math.round(bytes / each)} bytes in ${COPIES} indices, ${rounds} rounds, median`,
      `a million alerts take ${((stored / each / 1024 ** 3) * 1e6).toFixed(2)} GiB on disk`,
      `count of all     ${count} ms`,
      ...lines.map(
        ([ms, id]) =>
          `${id.padEnd(28)} ${String(ms).padStart(5)} ms  ${(ms / count).toFixed(1)} × the count  ${Math.round(spent.get(id)!)} ms of processor time`,
      ),
      `${lines.length - over.length} of ${lines.length} charts below ${BOUND_MS} ms`,
      '',
    ].join('\n'),
  );
} finally {
  await removeAll(client, settings.prefix);
  await client.close();
  await server?.stop();
}
process.exit(0);

/** What charts and lists ask of an index. */
interface Question {
  readonly id: string;
  readonly ask: (client: Client) => Promise<{ tookMs: number; rows: readonly unknown[]; total: number }>;
}

function questionsOf(panels: readonly StoredPanel[], index: string): Question[] {
  return panels.flatMap(({ id, layers, list }): Question[] => [
    ...layers
      .filter(({ pattern }) => pattern === index)
      .map((layer) => ({ id: layer.id, ask: (of: Client) => runLayer(of, layer, SPAN) })),
    ...(list?.pattern === index ? [{ id, ask: (of: Client) => runList(of, list, SPAN) }] : []),
  ]);
}
