/**
 * Plain files over threads: ranges of a file go to whoever is free, and the states that come back as deltas are merged as
 * they come. `workers/analyze-range.ts` is the thread.
 */
import { Worker } from 'node:worker_threads';
import type { OriginContext } from '../formats/format.ts';
import type { Scene } from '../measure/batch-in-hand.ts';
import { mergeDelta } from '../measure/delta.ts';
import { holdState } from '../measure/state.ts';
import { countOverlong, mergeTally, type Tally } from '../model/tally.ts';
import type { Progress } from '../origins/progress.ts';
import { splitRanges } from '../origins/range.ts';
import type { OpenLog } from './open-logs.ts';
import type { Scanner } from './scan.ts';

/** What a thread is started with. */
export interface ThreadSetup {
  configFile: string | undefined;
  rulesPaths: readonly string[];
  secret: Uint8Array;
  previousSecret: Uint8Array | null;
}

/** One piece of work. */
export interface RangeJob {
  path: string;
  from: number;
  to: number;
  format: string;
  context: OriginContext;
  scene: Scene;
}

/** A log that is read in ranges; `fault` says what stopped it early. */
export interface RangeReading {
  readonly log: OpenLog;
  readonly scene: Scene;
  fault: string | null;
}

/** Stored bytes and lines read so far, for the progress bar. */
export interface ReadSoFar {
  bytes: number;
  lines: number;
}

/** Ranges of plain files over threads, each with a state of its own; their deltas are merged as they come. */
export async function scanInThreads(
  readings: readonly RangeReading[],
  setup: ThreadSetup,
  threads: number,
  rangeBytes: number,
  scanner: Scanner,
  progress: Progress,
  done: ReadSoFar,
): Promise<void> {
  const jobs: RangeJob[] = readings.flatMap(({ log, scene }) =>
    splitRanges(log.origin.sizeBytes, Math.ceil(log.origin.sizeBytes / rangeBytes), rangeBytes).map(({ from, to }) => ({
      path: log.origin.path!,
      from,
      to,
      format: log.format.name,
      context: log.context,
      scene,
    })),
  );
  let next = 0;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('../../workers/analyze-range.ts', import.meta.url), { workerData: setup });
      const give = () => worker.postMessage(next < jobs.length ? jobs[next++]! : 'done');
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`a thread of analyze ended early (exit ${code})`)));
      worker.on('message', (message: unknown) => {
        if (message === 'ready') give();
        else if (isResult(message)) {
          mergeDelta(scanner.state, message.delta);
          holdState(scanner.state);
          for (const [origin, tally] of message.tallies) mergeTally(scanner.tallies, origin, tally);
          resolve();
        } else {
          const { origin, bytesRead, lines, overlong, fault } = message as {
            origin: number;
            bytesRead: number;
            lines: number;
            overlong: { offset: number; text: string }[];
            fault: string | null;
          };
          countOverlong(scanner.tallies, origin, overlong);
          const reading = readings.find((r) => r.scene.origin === origin);
          if (fault !== null && reading !== undefined) reading.fault = fault;
          done.bytes += bytesRead;
          done.lines += lines;
          progress.update(done.bytes, done.lines);
          give();
        }
      });
    });
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, one));
}

function isResult(message: unknown): message is { delta: Uint8Array; tallies: [number, Tally][] } {
  return typeof message === 'object' && message !== null && 'delta' in message;
}
