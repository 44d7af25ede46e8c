/**
 * Starts an Elasticsearch for trying things out, where there is neither one nor a container engine: the small distribution
 * that the tests use, without security, on 127.0.0.1. It keeps nothing: its data go when it ends (Ctrl-C).
 *   npm run elasticsearch [PORT]
 */
import { startElasticsearch, VERSIONS } from './elasticsearch.ts';

const port = Number(process.argv[2] ?? 9200);
console.log(`Elasticsearch ${VERSIONS[0]} is starting; the first time it is fetched (100 MB)`);
const server = await startElasticsearch({ version: VERSIONS[0], port, heapMb: 512 });
console.log(`Elasticsearch answers at ${server.url}; Ctrl-C ends it and removes its data`);
await new Promise<void>((resolve) => {
  // the waiting keeps this process alive
  const alive = setInterval(() => undefined, 60_000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      clearInterval(alive);
      resolve();
    });
  }
});
await server.stop();
