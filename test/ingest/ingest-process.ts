/**
 * The ingest worker as a process of its own, for tests that kill it: `node ingest-process.ts '{"redis": …, "origins": …}'`.
 * It runs until SIGTERM; every notice is a line of JSON on standard output.
 */
import type { IngestOrigin, RedisSettings } from '../../src/model/installation.ts';
import { runIngest } from '../../workers/ingest.ts';
import { installationOf } from './office.ts';

const { redis, origins } = JSON.parse(process.argv[2] ?? '') as { redis: RedisSettings; origins: IngestOrigin[] };
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await runIngest(installationOf(redis, origins), stop.signal, {
  settleMs: 200,
  tell: (notice) => process.stdout.write(`${JSON.stringify(notice)}\n`),
});
