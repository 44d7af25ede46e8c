/**
 * The command line: which commands and options there are, and how the program ends. Each command is one file in
 * commands/, loaded when it is asked for, that returns the exit status. Everything wrong with what the operator gave is
 * printed at once with where, what and a hint, before anything starts; the exit status is then 2 (commands/exit-status.ts).
 */
import { Command, CommanderError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { FAULT, INTERRUPTED, OK, OPERATOR, TERMINATED } from './commands/exit-status.ts';
import type { Given } from './commands/options.ts';
import { discardUnfinished } from './commands/output.ts';
import { VARIABLES } from './config/variable-names.ts';
import { formatProblem, OperatorError, printable } from './model/problem.ts';
import { LEVELS } from './model/rule.ts';
import { LOG_LEVELS } from './model/worker.ts';

/** Problems that are printed; a file that is no YAML at all has thousands. */
const PROBLEMS_SHOWN = 50;

process.once('exit', discardUnfinished);
process.once('SIGINT', () => process.exit(INTERRUPTED));
process.once('SIGTERM', () => process.exit(TERMINATED));
// the reader of a pipe has seen enough: nothing is wrong, and nobody is left to tell
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (fault: NodeJS.ErrnoException) => {
    if (fault.code !== 'EPIPE') {
      // a full disk behind `> file`: said where it can still be read, or the status alone tells it
      if (stream === process.stdout)
        console.error(
          `PW-OUTPUT-WRITE  standard output cannot be written (${fault.code ?? fault.message})\n  hint: free some space, or send it elsewhere`,
        );
      process.exit(FAULT);
    }
    if (stream === process.stdout) process.exit(process.exitCode ?? OK);
  });
}

process.exitCode = await main(process.argv);

async function main(argv: string[]): Promise<number> {
  let status: number = OK;
  const ended = (code: Promise<number>): Promise<void> =>
    code.then((c) => {
      status = c;
    });
  try {
    await commandLine(ended).parseAsync(argv);
    return status;
  } catch (fault) {
    if (fault instanceof CommanderError) return fault.exitCode === 0 ? OK : OPERATOR;
    if (fault instanceof OperatorError) {
      const { problems } = fault;
      console.error(problems.slice(0, PROBLEMS_SHOWN).map(formatProblem).join('\n'));
      const more = problems.length - PROBLEMS_SHOWN;
      if (more > 0) console.error(`and ${more} more`);
      return OPERATOR;
    }
    console.error(`PW-FAULT  pollwatch stopped because of a fault of its own or of the machine`);
    console.error(
      printable(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)).replaceAll('\\x0a', '\n'),
    );
    console.error(
      '  hint: this is a bug unless the message above says otherwise (a full disk, no memory); please report it',
    );
    return FAULT;
  }
}

/** Collects an option that may be given several times. */
function several(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function commandLine(ended: (code: Promise<number>) => Promise<void>): Command {
  const program = new Command('pollwatch')
    .description(
      'Tells, from the logs that you already have, who is scanning or probing you, what they are after, ' +
        'whether it is ordinary Internet noise or aimed at you, whether anything answered, and what to do now.',
    )
    .version(packageJson.version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      outputError(text, write) {
        const message = text.trim().replace(/^error: /, '');
        write(
          `PW-CLI-OPTION  ${printable(message).replaceAll('\\x0a', ' ')}\n  hint: \`pollwatch --help\` and \`pollwatch COMMAND --help\` list what there is\n`,
        );
      },
    })
    .addHelpText(
      'after',
      `
Examples:
  pollwatch analyze /var/log/nginx/access.log* /var/log/kern.log
  zcat old.log.gz | pollwatch analyze -
  pollwatch parse --format nginx access.log | jq -r .source.ip | sort | uniq -c
  pollwatch rules explain W05

Exit status: 0 ran, whatever was found; 2 you must act (options, config, rules, or a log that could not be read);
10 found something at or above --fail-on; 1 a fault.`,
    );

  program
    .command('analyze')
    .description('analyse logs and write one self-contained HTML report')
    .argument('<file...>', 'log files, plain, .gz or .zst, in any order; "-" is standard input')
    .option('-f, --format <name>', 'format of the logs (see `pollwatch formats`)', 'auto')
    .option('-o, --output <file>', 'write alerts as NDJSON, one ECS document per line; "-" is standard output')
    .option(
      '-r, --report <file>',
      'where the HTML report goes; "-" is standard output, "none" writes none',
      'report.html',
    )
    .option('-c, --config <file>', 'inventory of your organisation and its systems (YAML); optional')
    .option('--rules <path>', 'more Sigma rules: a file or a folder; may be given several times', several)
    .option('--year <year>', 'year of the last line, for logs that leave the year out')
    .option('--timezone <zone>', 'time zone of logs that leave it out, e.g. America/Chicago (default: UTC)')
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
      ended(import('./commands/analyze.ts').then((m) => m.analyzeCommand(paths, options))),
    );

  program
    .command('parse')
    .description('print the events of logs as NDJSON, one ECS document per line')
    .argument('<file...>', 'log files, plain, .gz or .zst; "-" is standard input')
    .option('-f, --format <name>', 'format of the logs (see `pollwatch formats`)', 'auto')
    .option('-o, --output <file>', 'where the events go; "-" is standard output', '-')
    .option('-c, --config <file>', 'inventory of your systems: the proxies that are trusted to name their clients')
    .option('--year <year>', 'year of the last line, for logs that leave the year out')
    .option('--timezone <zone>', 'time zone of logs that leave it out, e.g. America/Chicago (default: UTC)')
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
      ended(import('./commands/parse.ts').then((m) => m.parseCommand(paths, options))),
    );

  const rules = program.command('rules').description('list, explain and test the detections');
  rules
    .command('list', { isDefault: true })
    .description('every detection with its rules: how grave, and from what count on; `rules explain ID` says more')
    .option('--rules <path>', 'more Sigma rules: a file or a folder; may be given several times', several)
    .action((options: Given) => ended(import('./commands/rules.ts').then((m) => m.listRules(options))));
  rules
    .command('explain')
    .description('one detection: its numbers and their sources, false positives, ATT&CK')
    .argument('<id>', 'id or name, as `pollwatch rules list` prints it, e.g. W05')
    .option('--rules <path>', 'more Sigma rules: a file or a folder; may be given several times', several)
    .action((id: string, options: Given) =>
      ended(import('./commands/rules.ts').then((m) => m.explainRule(id, options))),
    );
  rules
    .command('test')
    .description('try a Sigma rule of yours: its own example lines, then logs')
    .argument('<rule>', 'a rule file (YAML)')
    .argument('[log...]', 'logs to match it against')
    .option('-f, --format <name>', 'format of the logs (see `pollwatch formats`)', 'auto')
    .option('--year <year>', 'year of the last line, for logs that leave the year out')
    .option('--timezone <zone>', 'time zone of logs that leave it out (default: UTC)')
    .addHelpText('after', '\nExample:\n  pollwatch rules test my-rule.yml /var/log/nginx/access.log')
    .action((rule: string, logs: string[], options: Given) =>
      ended(import('./commands/rules.ts').then((m) => m.testRule(rule, logs, options))),
    );

  alwaysOn(program, ended);

  program
    .command('init')
    .description('draft an inventory from the hosts, paths and addresses that your logs show')
    .argument('<file...>', 'log files, plain, .gz or .zst; "-" is standard input')
    .option('-f, --format <name>', 'format of the logs (see `pollwatch formats`)', 'auto')
    .option('-o, --output <file>', 'where the draft goes; a file that exists is never replaced', '-')
    .option('--year <year>', 'year of the last line, for logs that leave the year out')
    .option('--timezone <zone>', 'time zone of logs that leave it out, e.g. America/Chicago (default: UTC)')
    .addHelpText(
      'after',
      `
Every guess is marked as one. What fewer than five visitors were given is left out: strangers can ask for anything.

Example:
  pollwatch init --output county.yaml /var/log/nginx/access.log /var/log/kern.log`,
    )
    .action((paths: string[], options: Given) =>
      ended(import('./commands/init.ts').then((m) => m.initCommand(paths, options))),
    );

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
      ended(import('./commands/protect.ts').then((m) => m.protectCommand(path, options))),
    );

  program
    .command('formats')
    .description('the log formats that pollwatch reads')
    .action(() => ended(import('./commands/formats.ts').then((m) => m.formatsCommand())));

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
      ended(import('./commands/doctor.ts').then((m) => m.doctorCommand(paths, options))),
    );

  return program;
}

/** The commands of an always-on installation: Redis queues, workers, Elasticsearch. */
function alwaysOn(program: Command, ended: (code: Promise<number>) => Promise<void>): void {
  const config = [
    '-c, --config <file>',
    'installation file (YAML); else POLLWATCH_CONFIG; else the environment',
  ] as const;
  const organization = [
    '-o, --organization <id>',
    'id of the organization; may be left out where there is only one',
  ] as const;

  const setup = program.command('setup').description('prepare servers for an always-on installation');
  setup
    .command('elasticsearch')
    .description('make or update templates, indices, aliases, roles and the key of the workers')
    .option(...config)
    .option('--years <year...>', 'years besides this and the next, for logs that are older')
    .option('--lifecycle', 'let the server delete indices 400 days after their year, where it can')
    .option('--api-key-file <file>', 'make a key that can write alerts and nothing else, and write it there')
    .addHelpText(
      'after',
      `
Setting up needs more rights than writing alerts. POLLWATCH_ELASTICSEARCH_SETUP_USERNAME with ..._SETUP_PASSWORD[_FILE], or
..._SETUP_API_KEY[_FILE], name who has them; without them it is done as who writes alerts. Running it again is harmless.

Example:
  pollwatch setup elasticsearch --config pollwatch.yaml --api-key-file secrets/elasticsearch-api-key`,
    )
    .action((options: Given) => ended(import('./commands/setup.ts').then((m) => m.setupElasticsearchCommand(options))));
  setup
    .command('kibana')
    .description('make or update spaces, data views, dashboards, roles and detection rules')
    .option(...config)
    .option('--write <folder>', 'write the files that Kibana imports instead, to import by hand')
    .option('--no-detection-rules', 'without rules of Kibana Security')
    .addHelpText(
      'after',
      `
Each organization gets a space and a role that reads it and nothing else; where there are several, one more space shows all
of them to the state. Running it again brings dashboards back to what they were; copies that you made are left alone.

Example:
  pollwatch setup kibana --config pollwatch.yaml`,
    )
    .action((options: Given) => ended(import('./commands/setup-kibana.ts').then((m) => m.setupKibanaCommand(options))));

  const watched = (command: Command): Command =>
    command
      .option('--listen <address>', 'PORT or HOST:PORT of /healthz, /readyz and /metrics, "none" = none')
      .addOption(new Option('--log-level <level>', 'how much is logged to standard error').choices(LOG_LEVELS));

  watched(program.command('ingest').description('read logs into the queue of an always-on installation'))
    .argument('[file...]', 'log files or patterns instead of the origins of the installation; "-" is standard input')
    .option(...config)
    .option('--once', 'read everything to its end instead of following it')
    .option(...organization)
    .option('-f, --format <name>', 'format of the files that are named (see `pollwatch formats`)', 'auto')
    .option('--year <year>', 'year of the last line of the files that are named, for logs that leave the year out')
    .option('--timezone <zone>', 'time zone of lines of the files that are named, where they leave it out')
    .addHelpText(
      'after',
      `
What was read is kept in Redis with the lines: stop it and start it again, and it goes on where it was. Files are followed
through rotation. When the queue is full files wait, and listeners drop lines and count them.

Examples:
  pollwatch ingest --config pollwatch.yaml
  pollwatch ingest --config pollwatch.yaml --once /var/log/nginx/access.log*`,
    )
    .action((paths: string[], options: Given) =>
      ended(import('./commands/ingest.ts').then((m) => m.ingestCommand(paths, options))),
    );

  watched(
    program
      .command('work')
      .description('run workers: analyze lines, decide, write alerts to Elasticsearch, mail people'),
  )
    .argument(
      '[kinds...]',
      'analyze, decide, index, mail; all that the installation has a use for unless some are named',
    )
    .option(...config)
    .option('--until-drained', 'end when everything that was ingested is decided, indexed and mailed')
    .addHelpText(
      'after',
      `
The first SIGTERM or Ctrl-C lets a worker finish what it has in hand, the second ends it at once; nothing is lost either
way. Start as many as you like, on as many machines: they share the work, and the alerts are the same.

--until-drained waits for mails, too, but not for days: when nothing else is left to do and the mail server took none for ten
minutes, it ends with exit status 2, and they wait for the next worker.

Variables that win over the installation file:
  ${VARIABLES.join('\n  ')}`,
    )
    .action((kinds: string[], options: Given) =>
      ended(import('./commands/work.ts').then((m) => m.workCommand(kinds, options))),
    );

  program
    .command('status')
    .description('how an always-on installation stands: origins, queue, decisions, dead letters')
    .option(...config)
    .option('--json', 'one JSON object per organization and line')
    .action((options: Given) => ended(import('./commands/status.ts').then((m) => m.statusCommand(options))));

  program
    .command('retention')
    .description('remove from Elasticsearch what was kept long enough (alerts 400 days, people without a match 90)')
    .option(...config)
    .option('--dry-run', 'only say what would be removed')
    .action((options: Given) => ended(import('./commands/retention.ts').then((m) => m.retentionCommand(options))));

  const dead = program
    .command('dead')
    .description('chunks, documents and mails that nobody could handle: list them, try them again, give them up');
  dead
    .command('list', { isDefault: true })
    .description('all of them, with the reason')
    .option(...config)
    .option(...organization)
    .option('--json', 'one JSON object per line')
    .action((options: Given) => ended(import('./commands/dead.ts').then((m) => m.listDead(options))));
  dead
    .command('show')
    .description('everything that is known of one')
    .argument('<id>', 'as `pollwatch dead list` prints it')
    .option(...config)
    .option(...organization)
    .action((id: string, options: Given) => ended(import('./commands/dead.ts').then((m) => m.showDead(id, options))));
  for (const [name, what, run] of [
    ['replay', 'have them tried again, after what stood in the way was changed', 'replayDeadLetters'],
    ['drop', 'give them up: their lines or documents are deleted and counted as dropped', 'dropDeadLetters'],
  ] as const) {
    dead
      .command(name)
      .description(what)
      .argument('[id...]', 'as `pollwatch dead list` prints them')
      .option('--all', 'all of the organization')
      .option(...config)
      .option(...organization)
      .action((ids: string[], options: Given) => ended(import('./commands/dead.ts').then((m) => m[run](ids, options))));
  }

  program
    .command('ack')
    .description('say what was done about an alert; it stays said when the alert changes')
    .argument('[id]', 'id of the alert: the _id of its document, or the number of a mail')
    .option(...config)
    .option(...organization)
    .option('--from-kibana', 'take over what was acknowledged or closed in Kibana Security')
    .addOption(
      new Option('--status <status>', 'what it is now').choices(['ack', 'closed', 'suppressed', 'new']).default('ack'),
    )
    .action((id: string | undefined, options: Given) =>
      ended(import('./commands/ack.ts').then((m) => m.ackCommand(id, options))),
    );

  program
    .command('drill')
    .description('send harmless test lines the whole way from log to mailbox, and say whether they came through')
    .option(...config)
    .option(...organization)
    .option('--into <file>', 'write the lines into this log, which a running `pollwatch ingest` follows')
    .option('--wait <seconds>', 'how long it may take', '120')
    .action((options: Given) => ended(import('./commands/drill.ts').then((m) => m.drillCommand(options))));
}
