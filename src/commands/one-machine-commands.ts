/**
 * The commands that need nothing but this machine, with their options: logs in, a report out; rules, inventory, what is here.
 */
import { type Command, Option } from 'commander';
import { LEVELS } from '../model/rule.ts';
import type { Given } from './options.ts';

/** Takes up the exit status with which a command ends. */
export type Ended = (code: Promise<number>) => Promise<void>;

const LOGS = ['<file...>', 'log files, plain, .gz or .zst; "-" is standard input'] as const;
const FORMAT = ['-f, --format <name>', 'format of the logs (see `pollwatch formats`)', 'auto'] as const;
const YEAR = ['--year <year>', 'year of the last line, for logs that leave the year out'] as const;
const TIMEZONE = [
  '--timezone <zone>',
  'time zone of logs that leave it out, e.g. America/Chicago (default: UTC)',
] as const;
const RULES = ['--rules <path>', 'more Sigma rules: a file or a folder; may be given several times'] as const;

/** Collects an option that may be given several times. */
function several(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Adds them to the program. */
export function addOneMachineCommands(program: Command, ended: Ended): void {
  program
    .command('analyze')
    .description('analyse logs and write one self-contained HTML report')
    .argument('<file...>', 'log files, plain, .gz or .zst, in any order; "-" is standard input')
    .option(...FORMAT)
    .option('-o, --output <file>', 'write alerts as NDJSON, one ECS document per line; "-" is standard output')
    .option(
      '-r, --report <file>',
      'where the HTML report goes; "-" is standard output, "none" writes none',
      'report.html',
    )
    .option('-c, --config <file>', 'inventory of your organisation and its systems (YAML); optional')
    .option(...RULES, several)
    .option(...YEAR)
    .option(...TIMEZONE)
    .option('--threads <number>', 'worker threads; the result is the same for every number', '1')
    .addOption(
      new Option('--fail-on <severity>', 'exit with 10 when an alert has this severity or more').choices(LEVELS),
    )
    .option('--no-progress', 'no progress bar (there is none in a pipe anyway)')
    .addHelpText(
      'after',
      `
A log that is missing, unreadable, cut or of no known format is reported; the others are analysed; then the exit
status is 2. With --output - or --report - the summary goes to standard error. A file named "none" is "./none".

Examples:
  pollwatch analyze /var/log/nginx/access.log* /var/log/kern.log
  pollwatch analyze --config county.yaml --output alerts.ndjson --report none access.log
  pollwatch analyze --year 2025 --timezone America/Chicago --fail-on high old/kern.log`,
    )
    .action((paths: string[], options: Given) =>
      ended(import('./analyze.ts').then((m) => m.analyzeCommand(paths, options))),
    );

  program
    .command('parse')
    .description('print the events of logs as NDJSON, one ECS document per line')
    .argument(...LOGS)
    .option(...FORMAT)
    .option('-o, --output <file>', 'where the events go; "-" is standard output', '-')
    .option('-c, --config <file>', 'inventory of your systems: the proxies that are trusted to name their clients')
    .option(...YEAR)
    .option(...TIMEZONE)
    .addHelpText(
      'after',
      `
parse prints what the log says, UNREDACTED: names, birth dates and record numbers that stand in a request stand in the
event too. (analyze replaces them.) Each event names its file and line in log.file.path and log.file.line. Lines that
are no event are counted on standard error, with the reason and a sample.

Examples:
  pollwatch parse access.log | head
  pollwatch parse --format iptables --year 2026 --output events.ndjson kern.log.*.gz`,
    )
    .action((paths: string[], options: Given) =>
      ended(import('./parse.ts').then((m) => m.parseCommand(paths, options))),
    );

  const rules = program.command('rules').description('list, explain and test the detections');
  rules
    .command('list', { isDefault: true })
    .description('every detection with its rules: how grave, and from what count on; `rules explain ID` says more')
    .option(...RULES, several)
    .action((options: Given) => ended(import('./rules.ts').then((m) => m.listRules(options))));
  rules
    .command('explain')
    .description('one detection: its numbers and their sources, false positives, ATT&CK')
    .argument('<id>', 'id or name, as `pollwatch rules list` prints it, e.g. W05')
    .option(...RULES, several)
    .action((id: string, options: Given) => ended(import('./rules.ts').then((m) => m.explainRule(id, options))));
  rules
    .command('test')
    .description('try a Sigma rule of yours: its own example lines, then logs')
    .argument('<rule>', 'a rule file (YAML)')
    .argument('[log...]', 'logs to match it against')
    .option(...FORMAT)
    .option(...YEAR)
    .option(...TIMEZONE)
    .addHelpText('after', '\nExample:\n  pollwatch rules test my-rule.yml /var/log/nginx/access.log')
    .action((rule: string, logs: string[], options: Given) =>
      ended(import('./rules.ts').then((m) => m.testRule(rule, logs, options))),
    );

  program
    .command('init')
    .description('draft an inventory from the hosts, paths and addresses that your logs show')
    .argument(...LOGS)
    .option(...FORMAT)
    .option('-o, --output <file>', 'where the draft goes; a file that exists is never replaced', '-')
    .option(...YEAR)
    .option(...TIMEZONE)
    .addHelpText(
      'after',
      `
Every guess is marked as one. What fewer than five visitors were given is left out: strangers can ask for anything.

Example:
  pollwatch init --output county.yaml /var/log/nginx/access.log /var/log/kern.log`,
    )
    .action((paths: string[], options: Given) => ended(import('./init.ts').then((m) => m.initCommand(paths, options))));

  program
    .command('protect')
    .description('hide the keys of protected records, for the file that an inventory names as protected_records')
    .argument('<file>', 'one key a line, as a look-up names it; "-" is standard input')
    .option('-c, --config <file>', 'inventory or installation file whose key is used; else POLLWATCH_CONFIG')
    .option('-o, --organization <id>', 'whose key, where an installation has several organizations')
    .addHelpText(
      'after',
      `
Only what reads the logs with the same key knows the records again: name the installation file where workers read them. The
key file that was used is said on standard error.

Examples:
  pollwatch protect --config county.yaml officials.txt > protected.txt
  pollwatch protect --config pollwatch.yaml --organization us-xx-example officials.txt > protected.txt`,
    )
    .action((path: string, options: Given) =>
      ended(import('./protect.ts').then((m) => m.protectCommand(path, options))),
    );

  program
    .command('formats')
    .description('the log formats that pollwatch reads')
    .action(() => ended(import('./formats.ts').then((m) => m.formatsCommand())));

  program
    .command('doctor')
    .description(
      'check what is here: runtime, data sets, key, inventory, logs; Redis and Elasticsearch of an installation',
    )
    .argument('[file...]', 'logs whose format should be recognised')
    .option('-c, --config <file>', 'inventory or installation file to check; else the installation of POLLWATCH_CONFIG')
    .option('--rules <path>', 'Sigma rules to check: a file or a folder; may be given several times', several)
    .addHelpText('after', '\nExample:\n  pollwatch doctor --config county.yaml /var/log/nginx/access.log')
    .action((paths: string[], options: Given) =>
      ended(import('./doctor.ts').then((m) => m.doctorCommand(paths, options))),
    );
}
