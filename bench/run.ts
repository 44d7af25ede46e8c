/**
 * The benchmark: `npm run bench [-- --quick] [--whole] [--rounds 3] [--case NAME] [--lines N] [--threads N]`.
 * For each case it writes a corpus, checks the results first (every line accounted for, as many events and sources as
 * the generator wrote, the planted scanners found), and only then measures whole fresh processes, alternating between
 * pollwatch and the baselines, in the same run. Absolute numbers belong to the machine; the ratios are what to compare.
 * A ratio is between two programs that read the same lines: beside a slow one, which is given the head of a corpus,
 * pollwatch reads that head too. With `--whole` the slow ones read everything, once: their tables grow with the log.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analyze } from '../src/run/pipeline.ts';
import type { Truth } from './corpus.ts';
import { FIREWALL_DEFAULTS, generateFirewall } from './gen-firewall.ts';
import { generateWeb, WEB_DEFAULTS } from './gen-web.ts';

interface Case {
  name: string;
  what: string;
  lines: number;
  quickLines: number;
  generate(out: string, lines: number): Truth;
  baselines: Baseline[];
  /** pollwatch must not need more, MiB of resident memory */
  rssMibMax?: number;
}

interface Baseline {
  name: string;
  /** command line for a file */
  command(file: string): string[];
  /** only so many lines of the corpus, unless --whole: for programs that would take minutes */
  linesMax?: number;
}

/** A program on so many lines of a corpus, and how its processes did. */
interface Contest {
  tool: Baseline;
  lines: number;
  measured: Measured[];
}

interface Measured {
  seconds: number;
  rssMib: number;
}

const ROOT = join(import.meta.dirname, '..');
const COUNT_LINES: Baseline = { name: 'wc -l', command: (file) => ['wc', '-l', file] };
const COUNT_SOURCES_WEB: Baseline = {
  name: 'mawk, lines per source',
  command: (file) => ['mawk', '{c[$1]++} END{for(k in c)n++; print n}', file],
};
const COUNT_SOURCES_FIREWALL: Baseline = {
  name: 'mawk, lines per source',
  command: (file) => [
    'mawk',
    '{i=index($0," SRC="); s=substr($0,i+5,40); c[substr(s,1,index(s," ")-1)]++} END{for(k in c)n++; print n}',
    file,
  ],
};
const GOACCESS: Baseline = {
  name: 'GoAccess, JSON',
  command: (file) => ['goaccess', file, '--log-format=COMBINED', '--no-progress', '-o', `${file}.goaccess.json`],
  linesMax: 200_000,
};

const CASES: Case[] = [
  {
    name: 'web',
    what: 'web log, 5 % of requests for new paths',
    lines: 2_000_000,
    quickLines: 200_000,
    generate: (out, lines) => generateWeb({ ...WEB_DEFAULTS, out, lines }),
    baselines: [COUNT_LINES, COUNT_SOURCES_WEB, GOACCESS],
  },
  {
    name: 'web-new-paths',
    what: 'web log, every path new',
    lines: 2_000_000,
    quickLines: 200_000,
    generate: (out, lines) => generateWeb({ ...WEB_DEFAULTS, out, lines, 'new-paths': 1 }),
    baselines: [COUNT_LINES, COUNT_SOURCES_WEB, GOACCESS],
  },
  {
    name: 'web-sources',
    what: 'web log, one source for five lines, all equally busy',
    lines: 5_000_000,
    quickLines: 500_000,
    generate: (out, lines) => generateWeb({ ...WEB_DEFAULTS, out, lines, sources: lines / 5, zipf: 0 }),
    baselines: [COUNT_LINES, COUNT_SOURCES_WEB],
    // 250 MB with a million sources
    rssMibMax: 238,
  },
  {
    name: 'firewall',
    what: 'firewall log',
    lines: 2_000_000,
    quickLines: 200_000,
    generate: (out, lines) => generateFirewall({ ...FIREWALL_DEFAULTS, out, lines }),
    baselines: [COUNT_LINES, COUNT_SOURCES_FIREWALL],
  },
];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    case: { type: 'string' },
    lines: { type: 'string' },
    threads: { type: 'string', default: '1' },
  },
});
const rounds = Math.max(1, Number(values.rounds));
const chosen = CASES.filter((c) => values.case === undefined || c.name === values.case);
if (chosen.length === 0) throw new Error(`no case "${values.case}"; there are: ${CASES.map((c) => c.name).join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'pollwatch-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));
mkdirSync(join(folder, 'out'));
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.versions.node}; ` +
    `medians of ${rounds} rounds of fresh processes, files in the page cache, --threads ${values.threads}\n`,
);
let wrong = 0;
for (const c of chosen) wrong += await runCase(c);
process.exitCode = wrong > 0 ? 1 : 0;

async function runCase(c: Case): Promise<number> {
  const lines = values.lines === undefined ? (values.quick ? c.quickLines : c.lines) : Number(values.lines);
  const file = join(folder, `${c.name}.log`);
  const truth = c.generate(file, lines);
  console.log(`## ${c.name}: ${c.what}`);
  console.log(
    `${truth.lines} lines, ${(truth.bytes / 2 ** 20).toFixed(0)} MiB, ${truth.sources} sources; ` +
      `${percent(truth.newShare)} of the lines ask for something new, ${percent(truth.probingShare)} are probing`,
  );
  const faults = await check(file, truth);
  for (const fault of faults) console.log(`WRONG: ${fault}`);
  if (faults.length === 0)
    console.log('checked: lines, events and sources are the generator’s; planted scanners found\n');
  // speed of wrong results is of no interest
  else return 1;

  const options = ['--year', '2026', '--threads', values.threads, '--no-progress'];
  options.push('--report', join(folder, 'out', 'report.html'), '--output', join(folder, 'out', 'alerts.ndjson'));
  const pollwatch: Baseline = {
    name: 'pollwatch analyze',
    command: (log) => [join(ROOT, 'pollwatch'), 'analyze', ...options, log],
  };
  const contests = contestsOf(pollwatch, c.baselines, lines, file);
  const heads = new Map<number, string>();
  for (let round = 0; round < rounds; round++) {
    for (const { tool, lines: count, measured } of contests) {
      // minutes of a slow program need no second time
      if (values.whole && tool.linesMax !== undefined && round > 0) continue;
      measured.push(await measure(tool.command(count < lines ? head(file, count, heads) : file)));
    }
  }
  print(truth, contests);
  for (const path of [file, ...heads.values()]) rmSync(path, { force: true });
  const rssMib = median(contests[0]!.measured.map((m) => m.rssMib));
  if (rssMib <= (c.rssMibMax ?? Number.POSITIVE_INFINITY)) return 0;
  console.log(`WRONG: pollwatch needs ${rssMib.toFixed(0)} MiB; it must not need more than ${c.rssMibMax}\n`);
  return 1;
}

/** Who reads how many lines: pollwatch all of them and every head that a baseline is given. */
function contestsOf(pollwatch: Baseline, baselines: Baseline[], lines: number, file: string): Contest[] {
  const others = baselines
    .filter((tool) => isInstalled(tool.command(file)[0]!))
    .map((tool) => ({ tool, lines: values.whole ? lines : Math.min(lines, tool.linesMax ?? lines), measured: [] }));
  const counts = [...new Set([lines, ...others.map((o) => o.lines)])];
  return [...counts.map((count) => ({ tool: pollwatch, lines: count, measured: [] })), ...others];
}

/** Everything that the generator knows, against what an analysis says. Returns what differs, in words. */
async function check(file: string, truth: Truth): Promise<string[]> {
  const summary = await analyze({ paths: [file], format: 'auto', year: 2026, threads: 1, progress: false });
  const faults: string[] = [];
  const same = (what: string, is: number, expected: number) => {
    if (is !== expected) faults.push(`${what}: ${is} instead of ${expected}`);
  };
  same('lines', summary.lines, truth.lines);
  same('events', summary.events, truth.events);
  same('sources', summary.sources, truth.sources);
  same('lines that do not add up', summary.lines - summary.events - summary.skipped - summary.refused, 0);
  const found = new Set(summary.alerts.flatMap((a) => [...(a.source?.addresses ?? []), a.source?.ip, ...a.related]));
  for (const { ip, what } of truth.planted) {
    if (!found.has(ip)) faults.push(`${ip} was not found (${what})`);
  }
  return faults;
}

/** Runs a command to its end: wall time and the peak of its resident memory (VmHWM, read every 10 ms). */
function measure(command: string[]): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const child = spawn(command[0]!, command.slice(1), { stdio: 'ignore', cwd: folder });
    const buffer = Buffer.alloc(8192);
    let peakKib = 0;
    const look = () => {
      try {
        const fd = openSync(`/proc/${child.pid}/status`, 'r');
        const length = readSync(fd, buffer);
        closeSync(fd);
        const found = /VmHWM:\s+(\d+)/.exec(buffer.toString('latin1', 0, length));
        if (found !== null) peakKib = Math.max(peakKib, Number(found[1]));
      } catch {
        // it has ended between two looks
      }
    };
    const timer = setInterval(look, 10);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearInterval(timer);
      const seconds = Number(process.hrtime.bigint() - began) / 1e9;
      if (code === 0) resolve({ seconds, rssMib: peakKib / 1024 });
      else reject(new Error(`${command.join(' ')} ended with ${code}`));
    });
  });
}

function print(truth: Truth, contests: readonly Contest[]): void {
  const speed = ({ lines, measured }: Contest) => lines / median(measured.map((m) => m.seconds));
  const { tool: pollwatch } = contests[0]!;
  console.log('| program | wall s | lines/s | MiB/s | peak RSS MiB | pollwatch on these lines is |');
  console.log('| --- | --: | --: | --: | --: | --: |');
  for (const contest of contests) {
    const own = contests.find((c) => c.tool === pollwatch && c.lines === contest.lines)!;
    const ratio = speed(own) / speed(contest);
    const words = ratio >= 1 ? `${ratio.toFixed(1)} times as fast` : `${(1 / ratio).toFixed(1)} times slower`;
    const part = contest.lines < truth.lines ? ` (first ${contest.lines} lines)` : '';
    console.log(
      `| ${contest.tool.name}${part} | ${median(contest.measured.map((m) => m.seconds)).toFixed(2)} | ` +
        `${Math.round(speed(contest))} | ${((speed(contest) * truth.bytes) / truth.lines / 2 ** 20).toFixed(0)} | ` +
        `${median(contest.measured.map((m) => m.rssMib)).toFixed(0)} | ${contest === own ? '' : words} |`,
    );
  }
  console.log('');
}

/** The first `lines` lines of a file as a file of their own. */
function head(file: string, lines: number, made: Map<number, string>): string {
  const known = made.get(lines);
  if (known !== undefined) return known;
  const path = `${file}.${lines}`;
  writeFileSync(path, spawnSync('head', ['-n', String(lines), file], { maxBuffer: 2 ** 30 }).stdout);
  made.set(lines, path);
  return path;
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
