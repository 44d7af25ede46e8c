/**
 * A worker of a fleet as a process of its own: `node worker-entry.ts KIND`, with the installation as JSON in
 * FLEET. It can be given a poison: a process that scans a chunk with this text in it dies as if it had been killed.
 */

import { SILENT_HOOKS, type WorkerHooks } from '../../src/model/worker.ts';
import { type Chunk, scanChunks } from '../../src/shard/chunk.ts';
import { runAnalyze } from '../../workers/analyze.ts';
import { runDecide } from '../../workers/decide.ts';
import { runIndex } from '../../workers/index-alerts.ts';
import { runIngest } from '../../workers/ingest.ts';
import { runMail } from '../../workers/mail.ts';
import { type FleetSetting, installationOf, type WorkerKind } from './fleet.ts';

const setting = JSON.parse(process.env['FLEET']!) as FleetSetting;
const installation = installationOf(setting);
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

const hooks: WorkerHooks = {
  ...SILENT_HOOKS,
  log(level, message, fields) {
    if (setting.isLoud === true || level === 'error')
      process.stderr.write(`${level} ${message} ${JSON.stringify(fields)} ${String(fields?.['error'] ?? '')}\n`);
  },
};

/** As scanning, until a chunk with the poison comes. */
const scan: typeof scanChunks = (scanner, dayStartMs, rules, chunks) => {
  const isPoisoned = ({ bytes }: Chunk) => setting.poison !== undefined && Buffer.from(bytes).includes(setting.poison);
  if (chunks.some(isPoisoned)) process.kill(process.pid, 'SIGKILL');
  return scanChunks(scanner, dayStartMs, rules, chunks);
};

const { times } = setting;
const kind = process.argv[2] as WorkerKind;
if (kind === 'analyze') {
  await runAnalyze(installation, stop.signal, hooks, {
    scan,
    sweepMs: times.sweepMs,
    lostMs: times.lostMs,
    times: { lockMs: times.lockMs, stalledMs: times.stalledMs, stalledMax: times.stalledMax },
  });
} else if (kind === 'mail') {
  await runMail(installation, stop.signal, hooks, { sweepMs: times.sweepMs });
} else if (kind === 'decide') {
  await runDecide(installation, stop.signal, hooks, { leaseMs: times.leaseMs, againMs: 200 });
} else if (kind === 'index') {
  await runIndex(installation, stop.signal, hooks, { sweepMs: times.sweepMs, againMs: 200, patienceMs: 2000 });
} else {
  await runIngest(installation, stop.signal, { once: kind === 'ingest-once', settleMs: 200 });
}
