/**
 * The one way: origins → formats → rules → measures → decisions → alerts, and what a run adds up to. `analyze` on one
 * machine; the queue's workers call the same functions with other origins and another place for the state.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecret } from '../config/secret.ts';
import { createEnricher } from '../enrich/enricher.ts';
import { forgetQuiet } from '../measure/reductions.ts';
import { letGo, settleState } from '../measure/state.ts';
import { collect } from '../model/memory.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import type { RunSummary } from '../model/summary.ts';
import { countOverlong } from '../model/tally.ts';
import type { BlockReader } from '../origins/block.ts';
import { readLines, readLinesAt } from '../origins/lines.ts';
import { createProgress, type Progress } from '../origins/progress.ts';
import { nextOrigin, OPEN_MAX, openingOrder } from '../origins/step.ts';
import { alertsOf, handOver, stateForAlerts } from './alerting.ts';
import { decideAll } from './deciding.ts';
import { collectEvidence, type EvidenceOrigin } from './evidence.ts';
import { gravest, rankOf } from './grading.ts';
import type { Surroundings } from './naming.ts';
import { inventoryOf, organizationsOf } from './office.ts';
import { openLogs } from './open-logs.ts';
import { preparedRules } from './prepared-rules.ts';
import { type RangeReading, type ReadSoFar, scanInThreads } from './range-threads.ts';
import { createScanner, type Scanner } from './scan.ts';
import { ownersOf, summarizeState } from './summarize.ts';

export interface AnalyzeOptions {
  paths: string[];
  /** name of a format, or 'auto' */
  format: string;
  year?: number;
  /** IANA zone of lines that carry none */
  timezone?: string;
  configFile?: string;
  threads: number;
  rulesPaths?: string[];
  /** draw a progress bar on a terminal */
  progress: boolean;
  /** bytes of a plain file that a thread takes at a time; threads start from four times as many. Default RANGE_BYTES */
  rangeBytes?: number;
}

/** Logs of one run: a reference to a raw line keeps its origin in 12 bits. */
const ORIGINS_MAX = 4095;
/** From so many decisions on what deciding left is collected before alerts are made: they need the room. */
const MANY_DECISIONS = 10_000;
/** Ranges that a thread takes at a time; a plain file is cut into pieces of this size. */
const RANGE_BYTES = 8 * 1024 * 1024;
/** Below this many ranges of plain logs threads cost more than they bring. */
const THREADS_FROM_RANGES = 4;

/** A log that is being read, and what stopped it early. */
interface Reading extends RangeReading {
  /** where the lines of standard input are kept until they are shown */
  spool: number | null;
}

/** Reads the logs and says what they show. Throws an OperatorError when it cannot start; what cannot be read is in the summary. */
export async function analyze(options: AnalyzeOptions): Promise<RunSummary> {
  const started = performance.now();
  const inventory = await inventoryOf(options.configFile);
  const rulesPaths = options.rulesPaths ?? [];
  const ruleSet = await preparedRules(rulesPaths);
  const enricher = createEnricher({ databases: inventory.databases });
  const { key: secret, previous: previousSecret, isDefault: publicKey } = loadSecret(inventory.keyFile);
  const { logs, problems, empty } = await openLogs(options.paths, {
    format: options.format,
    year: options.year,
    timezone: options.timezone ?? inventory.organization.timezone ?? undefined,
    timezoneOf: (path) => inventory.originFor(path)?.timezone ?? null,
  });
  if (logs.length > ORIGINS_MAX) {
    throw new OperatorError([
      {
        code: 'PW-ORIGIN-TOO-MANY',
        message: `${logs.length} logs were named; one run reads at most ${ORIGINS_MAX}`,
        hint: 'analyse them in several runs, for example month by month',
      },
    ]);
  }
  const declared = logs.map((log) => inventory.originFor(log.origin.path ?? log.origin.name));
  const organizations = organizationsOf(
    inventory,
    declared.map((d) => d?.organization ?? null),
  );
  const readings: Reading[] = logs.map((log, i) => ({
    log,
    scene: {
      organization: Math.max(
        0,
        organizations.findIndex((o) => o.id === declared[i]?.organization),
      ),
      origin: log.origin.id,
      asset: declared[i]?.asset ?? 0,
      dayStartMs: inventory.dayStartMs,
    },
    fault: null,
    spool: null,
  }));
  let scanner: Scanner | null = createScanner(ruleSet, inventory, secret, { previousSecret });
  const total = logs.reduce((sum, log) => sum + log.origin.sizeBytes, 0);
  const progress = createProgress(options.progress ? total : 0, options.progress ? process.stderr : SILENT);
  try {
    const threaded = options.threads > 1 ? readings.filter(isPlain) : [];
    const rangeBytes = options.rangeBytes ?? RANGE_BYTES;
    const bytes = threaded.reduce((sum, r) => sum + r.log.origin.sizeBytes, 0);
    const large = bytes >= THREADS_FROM_RANGES * rangeBytes && threaded.length > 0;
    const done = { bytes: 0, lines: 0 };
    await scanInStep(large ? readings.filter((r) => !isPlain(r)) : readings, scanner, progress, done);
    if (large)
      await scanInThreads(
        threaded,
        { configFile: options.configFile, rulesPaths, secret, previousSecret },
        options.threads,
        rangeBytes,
        scanner,
        progress,
        done,
      );
    progress.stop();
    // scanner and state are let go as soon as nothing needs them: the alerts of a busy day need the room
    const run = { state: scanner.state, tallies: scanner.tallies };
    scanner = null;
    settleState(run.state);
    const sources = forgetQuiet(run.state.ledger);
    const asOf = (hi: number, lo: number) => enricher.owner(hi, lo)?.number ?? 0;
    const { decisions, severities } = decideAll(run.state, { ruleSet, inventory, asOf, organizations });
    const faults = readings.filter((r) => r.fault !== null).map((r) => damaged(r.log.origin.name, r.fault!));
    const surroundings = (): Surroundings => ({ state: run.state, inventory, enricher, organizations });
    const summary = await summarizeState({
      around: surroundings(),
      sources,
      secret,
      decisions,
      logs,
      tallies: run.tallies,
      problems: [...problems, ...faults],
      empty,
      fetch: evidenceOrigins(readings),
    });
    const whole = run.state;
    run.state = stateForAlerts(whole, decisions);
    letGo(whole);
    if (decisions.length >= MANY_DECISIONS) collect();
    const grave = gravest(decisions, severities.map(rankOf));
    const evidence = await collectEvidence(decisions, grave, evidenceOrigins(readings), ruleSet, inventory, secret);
    const alerts = alertsOf(handOver(decisions), severities, evidence, surroundings());
    const seconds = (performance.now() - started) / 1000;
    return { ...summary, owners: ownersOf(alerts), dataSets: enricher.dataSets(), alerts, publicKey, seconds };
  } finally {
    progress.stop();
    for (const r of readings) if (r.spool !== null) closeSync(r.spool);
  }
}

const SILENT = { isTTY: false, write: () => true } as unknown as NodeJS.WritableStream & { isTTY: boolean };
const isPlain = (r: Reading) => r.log.origin.path !== null && r.log.origin.compression === 'none';

/** Several logs at once, always the one that is furthest behind in event time. */
async function scanInStep(
  readings: readonly Reading[],
  scanner: Scanner,
  progress: Progress,
  done: ReadSoFar,
): Promise<void> {
  const order = openingOrder(readings.map((r) => r.log.firstMs));
  const open: { reading: Reading; reader: BlockReader; lastMs: number; done: boolean }[] = [];
  let next = 0;
  for (let turn = 0; ; turn++) {
    while (next < order.length && open.filter((o) => !o.done).length < OPEN_MAX) {
      const reading = readings[order[next++]!]!;
      open.push({ reading, reader: reading.log.origin.open(), lastMs: Number.NEGATIVE_INFINITY, done: false });
    }
    const i = nextOrigin(open);
    if (i < 0) break;
    const current = open[i]!;
    const before = current.reader.bytesRead;
    const answer = current.reader.next();
    const block = answer instanceof Promise ? await answer : answer;
    done.bytes += current.reader.bytesRead - before;
    const { log, scene } = current.reading;
    if (block === null) {
      current.done = true;
      current.reading.fault = current.reader.fault?.message ?? null;
      countOverlong(scanner.tallies, log.origin.id, current.reader.overlong);
      current.reader.close();
      continue;
    }
    if (log.origin.path === null) spool(current.reading, block.bytes, block.start, block.end, block.baseOffset);
    const tallied = scanner.tallies.get(log.origin.id)?.lines ?? 0;
    current.lastMs = scanner.scanBlock(block, log.format, log.context, scene) ?? current.lastMs;
    done.lines += scanner.tallies.get(log.origin.id)!.lines - tallied;
    progress.update(done.bytes, done.lines);
    // a plain file answers at once: without a turn of the event loop, nobody would hear Ctrl-C
    if (turn % 16 === 15) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Standard input cannot be read again: its lines go through a file that has no name, so that nothing of it is left. */
function spool(reading: Reading, bytes: Uint8Array, start: number, end: number, baseOffset: number): void {
  if (reading.spool === null) {
    const folder = mkdtempSync(join(tmpdir(), 'pollwatch-'));
    reading.spool = openSync(join(folder, 'spool'), 'wx+', 0o600);
    rmSync(folder, { recursive: true });
  }
  let at = start;
  while (at < end) at += writeSync(reading.spool, bytes, at, end - at, baseOffset + at);
}

function evidenceOrigins(readings: readonly Reading[]): Map<number, EvidenceOrigin> {
  return new Map(
    readings.map((r) => [
      r.log.origin.id,
      {
        name: r.log.origin.name,
        format: r.log.format,
        context: r.log.context,
        fetch: (offsets: readonly number[]) =>
          r.spool === null ? readLines(r.log.origin, offsets) : Promise.resolve(readLinesAt(r.spool, offsets)),
      },
    ]),
  );
}

function damaged(name: string, message: string): Problem {
  return {
    file: name,
    code: 'PW-ORIGIN-DAMAGED',
    message,
    hint: 'everything before the damage was read; copy the file again',
  };
}
