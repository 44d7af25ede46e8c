/**
 * The ingest worker as a process of its own, for tests that kill it: `node ingest-process.ts '{"redis": …, "origins": …}'`.
 * It runs until SIGTERM, as the user of `uid` when one is given; every notice is a line of JSON on standard output.
 */
import type { IngestOrigin, RedisSettings } from '../../src/model/installation.ts';
import { runIngest } from '../../workers/ingest.ts';
import { installationOf } from './office.ts';

interface Setting {
  redis: RedisSettings;
  origins: IngestOrigin[];
  uid?: number;
}

const { redis, origins, uid } = JSON.parse(process.argv[2] ?? '') as Setting;
// the program is loaded by now: only logs are read with that user's rights
if (uid !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(uid);
  process.setuid?.(uid);
}
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
await runIngest(installationOf(redis, origins), stop.signal, {
  settleMs: 200,
  tell: (notice) => process.stdout.write(`${JSON.stringify(notice)}\n`),
});
