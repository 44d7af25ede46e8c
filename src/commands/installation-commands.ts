/**
 * The commands of an always-on installation, with their options: Redis queues, workers, Elasticsearch, Kibana, mail.
 */
import { type Command, Option } from 'commander';
import { VARIABLES } from '../config/variable-names.ts';
import { LOG_LEVELS } from '../model/worker.ts';
import type { Ended } from './one-machine-commands.ts';
import type { Given } from './options.ts';

/** Adds them to the program. */
export function addInstallationCommands(program: Command, ended: Ended): void {
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
    .action((options: Given) => ended(import('./setup.ts').then((m) => m.setupElasticsearchCommand(options))));
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
    .action((options: Given) => ended(import('./setup-kibana.ts').then((m) => m.setupKibanaCommand(options))));

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
      ended(import('./ingest.ts').then((m) => m.ingestCommand(paths, options))),
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
    .action((kinds: string[], options: Given) => ended(import('./work.ts').then((m) => m.workCommand(kinds, options))));

  program
    .command('status')
    .description('how an always-on installation stands: origins, queue, decisions, dead letters')
    .option(...config)
    .option('--json', 'one JSON object per organization and line')
    .action((options: Given) => ended(import('./status.ts').then((m) => m.statusCommand(options))));

  program
    .command('retention')
    .description('remove from Elasticsearch what was kept long enough (alerts 400 days, people without a match 90)')
    .option(...config)
    .option('--dry-run', 'only say what would be removed')
    .action((options: Given) => ended(import('./retention.ts').then((m) => m.retentionCommand(options))));

  const dead = program
    .command('dead')
    .description('chunks, documents and mails that nobody could handle: list them, try them again, give them up');
  dead
    .command('list', { isDefault: true })
    .description('all of them, with the reason')
    .option(...config)
    .option(...organization)
    .option('--json', 'one JSON object per line')
    .action((options: Given) => ended(import('./dead.ts').then((m) => m.listDead(options))));
  dead
    .command('show')
    .description('everything that is known of one')
    .argument('<id>', 'as `pollwatch dead list` prints it')
    .option(...config)
    .option(...organization)
    .action((id: string, options: Given) => ended(import('./dead.ts').then((m) => m.showDead(id, options))));
  for (const [name, what, run] of [
    ['replay', 'have them tried again, after what stood in the way was changed', 'replayDeadLetters'],
    [
      'drop',
      'give them up: their lines or documents are deleted and counted as dropped; "state" lets an organization whose state cannot be read count anew',
      'dropDeadLetters',
    ],
  ] as const) {
    dead
      .command(name)
      .description(what)
      .argument('[id...]', 'as `pollwatch dead list` prints them')
      .option('--all', 'all of the organization')
      .option(...config)
      .option(...organization)
      .action((ids: string[], options: Given) => ended(import('./dead.ts').then((m) => m[run](ids, options))));
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
      ended(import('./ack.ts').then((m) => m.ackCommand(id, options))),
    );

  program
    .command('digest')
    .description('show the digests that contacts would get now; nothing is sent')
    .option(...config)
    .option(...organization)
    .action((options: Given) => ended(import('./digest.ts').then((m) => m.digestCommand(options))));

  program
    .command('drill')
    .description('send harmless test lines the whole way from log to mailbox, and say whether they came through')
    .option(...config)
    .option(...organization)
    .option('--into <file>', 'write the lines into this log, which a running `pollwatch ingest` follows')
    .option('--wait <seconds>', 'how long it may take', '120')
    .action((options: Given) => ended(import('./drill.ts').then((m) => m.drillCommand(options))));
}
