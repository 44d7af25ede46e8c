/**
 * The benchmark of the queue: `npm run bench:queue [-- --quick] [--lines N] [--curve N] [--analyzers N]
 * [--case NAME] [--profile FOLDER]`.
 * Real processes as an office would run them (one `ingest`, some `work analyze`, one `work decide`) and a Redis of its own
 * share this machine; Elasticsearch is measured apart (bench/elastic.ts). Results are checked first: every line applied,
 * the alerts of `analyze`. The machine decides the absolute numbers; compare the ratios.
 *   through    lines/s from the file to the last decision, beside `analyze` over the same file
 *   held       bytes of Redis per byte of log that waits
 *   curve      processor time per line over a long run, first half against last half
 *   fairness   how long an office's chunks wait while another one sends ten times as much
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadInstallation } from '../src/config/installation.ts';
import type { Installation } from '../src/model/installation.ts';
import { isDrained, readStatus } from '../src/operate/status.ts';
import { queueDepth } from '../src/queue/depth.ts';
import { openStore, type QueueStore } from '../src/queue/store.ts';
import { analyze } from '../src/run/pipeline.ts';
import { canonicalAlert } from '../test/laws/canonical-alert.ts';
import { type RedisServer, startOwn } from '../test/parts/redis.ts';
import { generateWeb, WEB_DEFAULTS } from './gen-web.ts';
import { type ProcessorWatch, watchProcessors } from './processor-time.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    lines: { type: 'string' },
    curve: { type: 'string' },
    analyzers: { type: 'string', default: '2' },
    case: { type: 'string' },
    profile: { type: 'string' },
  },
});
const LINES = Number(values.lines ?? (values.quick ? 300_000 : 3_000_000));
const CURVE_LINES = Number(
  values.curve ?? (values.case === 'curve' ? values.lines : undefined) ?? (values.quick ? 1_000_000 : 20_000_000),
);
/** Lines of each file that the curve reads: always of the same hours, by other sources, so that all of it stays open. */
const CURVE_FILE_LINES = 1_000_000;
const ANALYZERS = Number(values.analyzers);
/** With --profile FOLDER every process leaves its profile there. */
const PROFILING =
  values.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(values.profile)}` };
const ROOT = join(import.meta.dirname, '..');
const LAUNCHER = join(ROOT, 'pollwatch');
/** A run that takes longer than this has stopped. */
const PATIENCE_MS = 900_000;

const folder = mkdtempSync(join(tmpdir(), 'pollwatch-bench-'));
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

/** An installation of its own: a fresh Redis, the offices, and the environment that its processes get. */
interface Plant {
  server: RedisServer;
  installation: Installation;
  store: QueueStore;
  environment: NodeJS.ProcessEnv;
  config: string;
  close(): Promise<void>;
}

async function build(offices: readonly string[]): Promise<Plant> {
  const server = await startOwn({ aof: true, args: ['--appendfsync', 'everysec'] });
  writeFileSync(join(folder, 'key'), new Uint8Array(32).fill(7));
  const config = join(folder, 'pollwatch.yaml');
  const list = offices.map((id) => `  - {id: ${id}, name: Office ${id}, key_file: key}`).join('\n');
  writeFileSync(
    config,
    `version: 1\nredis:\n  url: ${server.url}\norganizations:\n${list}\nwork:\n  queued_bytes_max: 1073741824\n`,
  );
  const installation = loadInstallation(config, { formats: [], detections: [] });
  const store = openStore(installation.redis);
  return {
    server,
    installation,
    store,
    config,
    environment: { ...process.env, ...PROFILING, POLLWATCH_LOG_LEVEL: 'warn' },
    async close() {
      await store.close();
      await server.stop();
    },
  };
}

function start(plant: Plant, ...args: string[]): ChildProcess {
  const child = spawn(LAUNCHER, [...args, '--config', plant.config], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: plant.environment,
    cwd: folder,
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

async function stop(workers: readonly ChildProcess[]): Promise<void> {
  for (const child of workers) child.kill('SIGTERM');
  await Promise.all(workers.map(ended));
}

async function until(holds: () => Promise<boolean>, everyMs = 50): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('the workers have stopped getting anywhere');
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

const isDone = async ({ store, installation }: Plant): Promise<boolean> =>
  (await readStatus(store, installation.tenants)).every((status) =>
    isDrained(status, { isIndexed: false, isMailed: false }),
  );

function launchWorkers(plant: Plant): ChildProcess[] {
  const analyzers = Array.from({ length: ANALYZERS }, () => start(plant, 'work', 'analyze'));
  return [...analyzers, start(plant, 'work', 'decide')];
}

/** Workers that wait for work: what is measured begins behind their start. */
async function startWorkers(plant: Plant): Promise<ChildProcess[]> {
  const workers = launchWorkers(plant);
  await until(async () => {
    const ended = workers.find(({ exitCode }) => exitCode !== null);
    if (ended !== undefined) throw new Error(`a worker ended with ${ended.exitCode}`);
    const clients = String(await plant.store.redis.client('LIST')).split('\n');
    const waiting = (command: string) => clients.filter((line) => line.includes(` cmd=${command} `)).length;
    return waiting('bzpopmin') >= ANALYZERS && waiting('smembers') > 0;
  });
  return workers;
}

/** Watches the workers and the server of a plant. */
function watchWorkers(plant: Plant, workers: readonly ChildProcess[]): ProcessorWatch {
  const watch = watchProcessors();
  for (const worker of workers) watch.add(worker.spawnargs[2]!, worker.pid!);
  watch.add('Redis', plant.server.pid);
  return watch;
}

const number = (n: number, digits = 0) =>
  n.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
const say = (text: string) => console.log(text);

/** Canonical alerts that wait for the index, of an office. */
async function alertsInRedis({ store }: Plant, office: string): Promise<number> {
  const progress = (await readStatus(store, new Map())).find((s) => s.organization === office)?.progress;
  return progress?.alerts ?? 0;
}

async function through(): Promise<void> {
  say(`## through: ${number(LINES)} lines, ${ANALYZERS} analyze workers`);
  const file = join(folder, 'web.log');
  const truth = generateWeb({ ...WEB_DEFAULTS, out: file, lines: LINES });
  const own = join(folder, 'inventory.yaml');
  writeFileSync(
    own,
    'version: 1\norganization: {id: us-xx-bench, name: Office us-xx-bench}\nprivacy: {key_file: key}\n',
  );
  const plant = await build(['us-xx-bench']);
  const expected = await analyze({ paths: [file], format: 'auto', configFile: own, threads: 1, progress: false });
  const alerts = new Set(expected.alerts.map((a) => canonicalAlert(a))).size;

  const alone: { seconds: number; processor: number }[] = [];
  for (let round = 0; round < 2; round++) {
    const watch = watchProcessors();
    const began = performance.now();
    const child = start(
      { ...plant, config: own },
      'analyze',
      '--no-progress',
      '--report',
      'none',
      '--output',
      join(folder, 'a.ndjson'),
      file,
    );
    watch.add('analyze', child.pid!);
    if ((await ended(child)) !== 0) throw new Error('analyze failed');
    alone.push({ seconds: (performance.now() - began) / 1000, processor: watch.seconds().get('analyze')! });
    watch.close();
  }
  const workers = await startWorkers(plant);
  const watch = watchWorkers(plant, workers);
  const began = performance.now();
  const ingest = start(plant, 'ingest', '--once', '--organization', 'us-xx-bench', file);
  watch.add('ingest', ingest.pid!);
  const ingested = ended(ingest).then((code) => {
    if (code !== 0) throw new Error(`ingest ended with ${code}`);
    return (performance.now() - began) / 1000;
  });
  await ingested;
  await until(() => isDone(plant));
  const seconds = (performance.now() - began) / 1000;
  const processor = watch.seconds();
  watch.close();
  const { stats, deadLetters } = await queueDepth(plant.store, 'us-xx-bench');
  const found = await alertsInRedis(plant, 'us-xx-bench');
  if (values.profile !== undefined) await sayCommands(plant);
  await stop(workers);
  await plant.close();
  const faults = [
    ...(stats['lines'] === truth.lines ? [] : [`${stats['lines']} lines were applied instead of ${truth.lines}`]),
    ...(found === alerts ? [] : [`${found} alerts stand instead of ${alerts}`]),
    ...(deadLetters === 0 ? [] : [`${deadLetters} dead letters`]),
  ];
  if (faults.length > 0) return wrong(faults);
  const fastest = { seconds: least(alone.map((a) => a.seconds)), processor: least(alone.map((a) => a.processor)) };
  const all = [...processor.values()].reduce((a, b) => a + b, 0);
  say(`checked: ${number(truth.lines)} lines applied, ${number(alerts)} alerts, as analyze tells them\n`);
  say('| | s | lines/s | of analyze | processor s | µs a line | of analyze |');
  say('| --- | --: | --: | --: | --: | --: | --: |');
  const row = (name: string, wall: number | null, spent: number) =>
    say(
      `| ${name} | ${wall === null ? ' | | ' : `${wall.toFixed(2)} | ${number(LINES / wall)} | ${(fastest.seconds / wall).toFixed(2)}`} | ${spent.toFixed(2)} | ${((spent / LINES) * 1e6).toFixed(2)} | ${(spent / fastest.processor).toFixed(2)} |`,
    );
  row('analyze, one thread', fastest.seconds, fastest.processor);
  row('the queue, to the last decision', seconds, all);
  for (const [name, spent] of [...processor].sort(([a], [b]) => (a < b ? -1 : 1)))
    row(`– ${name}`, name === 'ingest' ? await ingested : null, spent);
  say(
    `\nwith ${availableParallelism()} cores to itself: ${number((LINES * availableParallelism()) / all)} lines/s at most\n`,
  );
}

/** What the server spent its time on, for whoever profiles. */
async function sayCommands({ store }: Plant): Promise<void> {
  const text = String(await store.redis.info('commandstats'));
  const commands = [...text.matchAll(/cmdstat_(\S+):calls=(\d+),usec=(\d+)/g)].map(([, name, calls, micros]) => ({
    name,
    calls: Number(calls),
    micros: Number(micros),
  }));
  for (const { name, calls, micros } of commands.sort((a, b) => b.micros - a.micros).slice(0, 20))
    say(`  Redis ${name}: ${number(calls)} calls, ${(micros / 1e6).toFixed(3)} s`);
}

const least = (list: readonly number[]) => Math.min(...list);

async function held(): Promise<void> {
  const lines = Math.min(LINES, 1_000_000);
  say(`## held: ${number(lines)} lines that wait for workers`);
  const file = join(folder, 'held.log');
  generateWeb({ ...WEB_DEFAULTS, out: file, lines, seed: 2 });
  const plant = await build(['us-xx-bench']);
  const memory = async () => Number(/used_memory:(\d+)/.exec(await plant.store.redis.info('memory'))?.[1]);
  const before = await memory();
  const watch = watchWorkers(plant, []);
  const ingest = start(plant, 'ingest', '--once', '--organization', 'us-xx-bench', file);
  watch.add('ingest', ingest.pid!);
  if ((await ended(ingest)) !== 0) throw new Error('ingest failed');
  const after = await memory();
  const processor = [...watch.seconds()].map(([name, spent]) => `${name} ${((spent / lines) * 1e6).toFixed(2)}`);
  watch.close();
  const { stats } = await queueDepth(plant.store, 'us-xx-bench');
  const bytes = statSync(file).size;
  await plant.close();
  if (stats['committed_bytes'] !== bytes) return wrong([`${stats['committed_bytes']} bytes wait instead of ${bytes}`]);
  say(`checked: all ${number(bytes)} bytes wait\n`);
  say(`Redis holds ${((after - before) / bytes).toFixed(3)} bytes per byte of log`);
  say(`processor time of a line, µs: ${processor.join(', ')}\n`);
}

async function curve(): Promise<void> {
  const rounds = Math.max(2, Math.round(CURVE_LINES / CURVE_FILE_LINES));
  say(`## curve: ${number(rounds * CURVE_FILE_LINES)} lines in ${rounds} files`);
  const plant = await build(['us-xx-bench']);
  const workers = await startWorkers(plant);
  const perLine: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const file = join(folder, `curve.${round}.log`);
    generateWeb({ ...WEB_DEFAULTS, out: file, lines: CURVE_FILE_LINES, seed: 100 + round });
    const watch = watchWorkers(plant, workers);
    const ingest = start(plant, 'ingest', '--once', '--organization', 'us-xx-bench', file);
    watch.add('ingest', ingest.pid!);
    if ((await ended(ingest)) !== 0) throw new Error('ingest failed');
    await until(() => isDone(plant));
    const spent = [...watch.seconds()].map(([name, seconds]): [string, number] => [
      name,
      (seconds / CURVE_FILE_LINES) * 1e6,
    ]);
    watch.close();
    perLine.push(spent.reduce((sum, [, micros]) => sum + micros, 0));
    rmSync(file);
    const parts = spent.map(([name, micros]) => `${name} ${micros.toFixed(2)}`).join(', ');
    say(
      `  ${number((round + 1) * CURVE_FILE_LINES)} lines: ${perLine.at(-1)!.toFixed(2)} µs of processors a line (${parts})`,
    );
  }
  const { stats } = await queueDepth(plant.store, 'us-xx-bench');
  await stop(workers);
  await plant.close();
  if (stats['lines'] !== rounds * CURVE_FILE_LINES) return wrong([`${stats['lines']} lines were applied`]);
  const half = Math.floor(rounds / 2);
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  say(`\nlast half against first half: ${(mean(perLine.slice(half)) / mean(perLine.slice(0, half))).toFixed(2)}\n`);
}

/** How long the small office's log waits from the workers' first record to its own last one, with and without the flood. */
async function fairness(): Promise<void> {
  // ten times as much is to be more than a window
  const small = Math.max(100_000, Math.round(LINES / 30));
  say(`## fairness: ${number(small)} lines of one office, ${number(small * 10)} of another`);
  const mine = join(folder, 'small.log');
  const flood = join(folder, 'flood.log');
  generateWeb({ ...WEB_DEFAULTS, out: mine, lines: small, seed: 3 });
  generateWeb({ ...WEB_DEFAULTS, out: flood, lines: small * 10, seed: 4 });
  const seconds: number[] = [];
  for (const isFlooded of [false, true]) {
    const plant = await build(['us-xx-small', 'us-xx-flood']);
    if (isFlooded && (await ended(start(plant, 'ingest', '--once', '--organization', 'us-xx-flood', flood))) !== 0)
      throw new Error('ingest failed');
    // the small one's chunks come when a whole window of the flood is with the workers already
    if ((await ended(start(plant, 'ingest', '--once', '--organization', 'us-xx-small', mine))) !== 0)
      throw new Error('ingest failed');
    const workers = launchWorkers(plant);
    const applied = async (office: string) => (await queueDepth(plant.store, office)).stats['lines'] ?? 0;
    await until(async () => (await applied(isFlooded ? 'us-xx-flood' : 'us-xx-small')) > 0, 5);
    const began = performance.now();
    await until(async () => (await applied('us-xx-small')) === small, 5);
    seconds.push((performance.now() - began) / 1000);
    const { waitingChunks, flyingChunks } = await queueDepth(plant.store, 'us-xx-flood');
    if (isFlooded && waitingChunks + flyingChunks === 0) say('(the flood was over first: nothing was measured)');
    await stop(workers);
    await plant.close();
  }
  say(
    `alone ${seconds[0]!.toFixed(2)} s, beside the flood ${seconds[1]!.toFixed(2)} s: delayed by ${(seconds[1]! - seconds[0]!).toFixed(2)} s\n`,
  );
}

let faultsFound = 0;
function wrong(faults: readonly string[]): void {
  faultsFound += faults.length;
  for (const fault of faults) say(`WRONG: ${fault}`);
}

const CASES = { through, held, curve, fairness };
const chosen = Object.entries(CASES).filter(([name]) => values.case === undefined || values.case === name);
if (chosen.length === 0) throw new Error(`no case "${values.case}"; there are: ${Object.keys(CASES).join(', ')}`);
say(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.versions.node}\n`);
for (const [, run] of chosen) await run();
process.exitCode = faultsFound > 0 ? 1 : 0;
