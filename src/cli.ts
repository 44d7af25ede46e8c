/**
 * The command line: how the program begins and ends. Each command is one file in commands/, loaded when it is asked for, that
 * returns the exit status; which there are, with their options, stand in the two lists that are added below. Everything wrong with what the operator gave is
 * printed at once with where, what and a hint, before anything starts; the exit status is then 2 (commands/exit-status.ts).
 */
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { FAULT, INTERRUPTED, OK, OPERATOR, TERMINATED } from './commands/exit-status.ts';
import { addInstallationCommands } from './commands/installation-commands.ts';
import { addOneMachineCommands, type Ended } from './commands/one-machine-commands.ts';
import { discardUnfinished } from './commands/output.ts';
import { formatProblem, OperatorError, printable } from './model/problem.ts';

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

function commandLine(ended: Ended): Command {
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

  addOneMachineCommands(program, ended);
  addInstallationCommands(program, ended);
  return program;
}
