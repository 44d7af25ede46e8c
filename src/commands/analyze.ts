/**
 * `pollwatch analyze`: logs in; one HTML report, a summary for the terminal and, when asked for, alerts as NDJSON out.
 * Everything that can be known to be wrong beforehand (options, places to write) is found before a line is read.
 */
import { alertDocument } from '../alerts/ecs.ts';
import { firstDays, hasReturned, idOfDayBefore } from '../alerts/identity.ts';
import type { Alert } from '../model/alert.ts';
import { formatProblem, type Problem } from '../model/problem.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import type { RunSummary } from '../model/summary.ts';
import { analyze } from '../run/pipeline.ts';
import { writeFileAtomic } from '../sinks/atomic-file.ts';
import { writeNdjson } from '../sinks/ndjson.ts';
import { renderReport } from '../sinks/report/page.ts';
import { renderTerminal } from '../sinks/terminal.ts';
import { FOUND, OK, OPERATOR } from './exit-status.ts';
import { type Given, readingOptions, stopOn, threadsOption } from './options.ts';
import { isSamePlace, outputProblem } from './output.ts';

/** Width of the summary where there is no terminal to ask. */
const COLUMNS = 100;

/** Runs the command; returns the exit status. Throws OperatorError with everything that is wrong at once. */
export async function analyzeCommand(paths: string[], given: Given): Promise<number> {
  const problems: Problem[] = [];
  const reading = readingOptions(given, problems);
  const threads = threadsOption(given, problems);
  const report = given.report === 'none' ? null : (given.report ?? 'report.html');
  const output = given.output ?? null;
  const read = [...paths, ...(given.rules ?? []), ...(given.config === undefined ? [] : [given.config])];
  for (const [path, option] of [
    [report, '--report'],
    [output, '--output'],
  ] as const) {
    const problem = path === null ? null : outputProblem(path, option, read);
    if (problem !== null) problems.push(problem);
  }
  if (report === '-' && output === '-') {
    problems.push({
      code: 'PW-CLI-OUTPUT',
      message: '--report - and --output - both want standard output',
      hint: 'give one of them a file',
    });
  }
  if (report !== null && output !== null && report !== '-' && output !== '-' && isSamePlace(report, output)) {
    problems.push({
      code: 'PW-CLI-OUTPUT',
      file: output,
      message: '--report and --output name the same file',
      hint: 'give each a file of its own',
    });
  }
  stopOn(problems);

  const summary = await analyze({
    paths,
    format: reading.format,
    threads,
    progress: given.progress !== false && process.stderr.isTTY,
    ...(reading.year !== undefined && { year: reading.year }),
    ...(reading.timezone !== undefined && { timezone: reading.timezone }),
    ...(given.config !== undefined && { configFile: given.config }),
    ...(given.rules !== undefined && { rulesPaths: given.rules }),
  });

  if (output !== null) await writeNdjson(documents(summary, Date.now()), output);
  if (report === '-') process.stdout.write(renderReport(summary));
  else if (report !== null) writeFileAtomic(report, [renderReport(summary)]);
  printSummary(summary, report, report === '-' || output === '-' ? process.stderr : process.stdout);
  const unread = summary.origins.flatMap((o) => (o.problem === null ? [] : [o.problem]));
  if (unread.length > 0) process.stderr.write(`${unread.map(formatProblem).join('\n')}\n`);
  return exitStatus(summary.alerts, unread, given.failOn);
}

/** One ECS document for each alert; a run makes each once, so it is always the first revision. */
function* documents(summary: RunSummary, createdMs: number): Generator<Record<string, unknown>> {
  const { version, tlp } = summary;
  const ids = new Set(summary.alerts.map((alert) => alert.id));
  const first = firstDays(summary.alerts);
  for (const alert of summary.alerts) {
    const before = idOfDayBefore(alert);
    const continues = ids.has(before) ? before : null;
    const context = { createdMs, revision: 1, generation: 0, version, status: 'new', continues, tlp } as const;
    yield alertDocument(alert, { ...context, ...hasReturned(alert, first) });
  }
}

function printSummary(summary: RunSummary, report: string | null, stream: NodeJS.WriteStream): void {
  const colour = stream.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  const columns = stream.isTTY ? stream.columns : COLUMNS;
  const isFile = report !== null && report !== '-';
  stream.write(renderTerminal(summary, { columns, colour, ...(isFile && { report }) }));
}

/** A log that could not be read weighs more than what was found: the answer is not whole. */
function exitStatus(alerts: Alert[], unread: Problem[], failOn: Level | undefined): number {
  if (unread.length > 0) return OPERATOR;
  const least = failOn === undefined ? LEVELS.length : LEVELS.indexOf(failOn);
  return alerts.some((a) => LEVELS.indexOf(a.severity) >= least) ? FOUND : OK;
}
