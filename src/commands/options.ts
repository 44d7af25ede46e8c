/**
 * The options that several commands share, checked together: every problem is found before anything starts.
 */
import { isTimezone } from '../formats/clock.ts';
import { findFormat, formats } from '../formats/index.ts';
import { OperatorError, type Problem } from '../model/problem.ts';
import type { Level } from '../model/rule.ts';
import type { LogLevel } from '../model/worker.ts';
import type { ReadingOptions } from '../run/open-logs.ts';

/** Options as the command line gives them: texts, unchecked. */
export interface Given {
  format?: string;
  year?: string;
  timezone?: string;
  threads?: string;
  output?: string;
  report?: string;
  config?: string;
  rules?: string[];
  /** one of LEVELS: the command line takes no other */
  failOn?: Level;
  progress?: boolean;
  /** id of an organisation */
  organization?: string;
  json?: boolean;
  all?: boolean;
  once?: boolean;
  /** years besides this and the next */
  years?: string[];
  lifecycle?: boolean;
  dryRun?: boolean;
  /** where a new API key is written */
  apiKeyFile?: string;
  untilDrained?: boolean;
  /** folder for files that Kibana imports */
  write?: string;
  /** false with --no-detection-rules */
  detectionRules?: boolean;
  fromKibana?: boolean;
  /** address of health and metrics */
  listen?: string;
  /** one of LOG_LEVELS: the command line takes no other */
  logLevel?: LogLevel | 'silent';
  /** seconds that a drill is waited for */
  wait?: string;
  /** file that a running ingest follows */
  into?: string;
  /** one of ACK_STATUSES: the command line takes no other */
  status?: 'ack' | 'closed' | 'suppressed' | 'new';
}

/** Most worker threads that `--threads` takes: more than any machine that an office has. */
const THREADS_MAX = 64;

/** Reads `--format`, `--year` and `--timezone`; adds what is wrong to `problems`. */
export function readingOptions(given: Given, problems: Problem[]): ReadingOptions {
  const format = given.format ?? 'auto';
  if (format !== 'auto' && findFormat(format) === null) {
    problems.push({
      code: 'PW-CLI-FORMAT',
      message: `there is no format "${format}"`,
      hint: `one of: auto, ${formats.map((f) => f.name).join(', ')}; \`pollwatch formats\` tells what each is`,
    });
  }
  const year = given.year === undefined ? undefined : wholeNumber(given.year, 1970, 9999, '--year', problems);
  const timezone = given.timezone;
  if (timezone !== undefined && !isTimezone(timezone)) {
    problems.push({
      code: 'PW-CLI-TIMEZONE',
      message: `"${timezone}" is no time zone`,
      hint: 'write a name of the IANA list such as America/Chicago, or UTC',
    });
  }
  return { format, year, timezone };
}

/** Reads `--threads`. */
export function threadsOption(given: Given, problems: Problem[]): number {
  return wholeNumber(given.threads ?? '1', 1, THREADS_MAX, '--threads', problems) ?? 1;
}

/** Stops with all problems when there are any. */
export function stopOn(problems: Problem[]): void {
  if (problems.length > 0) throw new OperatorError(problems);
}

/** A whole number of an option; adds what is wrong to `problems`. */
export function wholeNumber(
  text: string,
  smallest: number,
  largest: number,
  option: string,
  problems: Problem[],
): number | undefined {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= smallest && number <= largest) return number;
  problems.push({
    code: 'PW-CLI-NUMBER',
    message: `${option} is "${text}"`,
    hint: `write a whole number from ${smallest} to ${largest}`,
  });
  return undefined;
}
