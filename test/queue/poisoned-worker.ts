/**
 * A worker process for a test: it applies chunks, and kills itself like a crash when it reads a line "poison". Started
 * with plain node: ADDRESS PREFIX.
 */
import { refsOfJob, startAnalyzeWorker } from '../../src/queue/queues.ts';
import { openStore } from '../../src/queue/store.ts';
import { apply } from './county.ts';

const [url, prefix] = process.argv.slice(2);
const settings = { url: url!, prefix: prefix!, username: null, password: null, ca: null, cluster: false };
const store = openStore(settings);
startAnalyzeWorker(
  settings,
  async (job) => {
    await apply(store, refsOfJob(job), ({ bytes }) => {
      if (bytes.includes('poison')) process.kill(process.pid, 'SIGKILL');
    });
  },
  undefined,
  { lockMs: 1000, stalledMs: 300 },
);
