/**
 * A thread of `analyze`: scans ranges of plain files that the main thread hands out and gives back one delta.
 * Message in: {path, from, to, origin…} or 'done'; message out: 'ready', then the delta and the tallies.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { findFormat, formats } from '../src/formats/index.ts';
import { encodeState } from '../src/measure/delta.ts';
import { openRange } from '../src/origins/range.ts';
import { inventoryOf } from '../src/run/office.ts';
import { preparedRules } from '../src/run/prepared-rules.ts';
import type { RangeJob, ThreadSetup } from '../src/run/range-threads.ts';
import { createScanner } from '../src/run/scan.ts';

const setup = workerData as ThreadSetup;
const port = parentPort;
if (port === null) throw new Error('workers/analyze-range.ts runs as a thread of analyze');

const scanner = createScanner(
  await preparedRules(setup.rulesPaths),
  await inventoryOf(setup.configFile),
  setup.secret,
  { previousSecret: setup.previousSecret },
);

port.on('message', (job: RangeJob | 'done') => {
  if (job === 'done') {
    const delta = encodeState(scanner.state);
    port.postMessage({ delta, tallies: [...scanner.tallies] }, [delta.buffer as ArrayBuffer]);
    port.close();
    return;
  }
  const format = findFormat(job.format) ?? formats[0]!;
  const reader = openRange(job.path, job.from, job.to);
  let bytesRead = 0;
  const before = scanner.tallies.get(job.scene.origin)?.lines ?? 0;
  for (;;) {
    const block = reader.next();
    if (block === null || block instanceof Promise) break;
    scanner.scanBlock(block, format, job.context, job.scene);
    bytesRead = reader.bytesRead;
  }
  reader.close();
  port.postMessage({
    origin: job.scene.origin,
    bytesRead,
    lines: (scanner.tallies.get(job.scene.origin)?.lines ?? 0) - before,
    overlong: reader.overlong,
    fault: reader.fault?.message ?? null,
  });
});
port.postMessage('ready');
