/**
 * `pollwatch init`: logs in, the draft of an inventory out. It reads what the logs show of the office's own systems and
 * marks every guess; a file that exists is never replaced.
 */
import { existsSync } from 'node:fs';
import { draftInventory } from '../config/draft-inventory.ts';
import { parseInventory } from '../config/inventory.ts';
import { createSurvey, type Survey } from '../config/survey.ts';
import { formatProblem, type Problem } from '../model/problem.ts';
import { type OpenLog, openLogs } from '../run/open-logs.ts';
import { OK, OPERATOR } from './exit-status.ts';
import { type Given, readingOptions, stopOn } from './options.ts';
import { openOutput, outputProblem } from './output.ts';
import { readLines } from './reading.ts';

/** Lines of each log that are looked at: systems show themselves in far fewer. */
const LINES_MAX = 2_000_000;

/** Runs the command; returns the exit status. */
export async function initCommand(paths: string[], given: Given): Promise<number> {
  const wrong: Problem[] = [];
  const reading = readingOptions(given, wrong);
  const target = given.output ?? '-';
  const noPlace = outputProblem(target, '--output', paths);
  if (noPlace !== null) wrong.push(noPlace);
  else if (target !== '-' && existsSync(target)) {
    wrong.push({
      code: 'PW-CLI-OUTPUT',
      message: 'there is an inventory already: it would be replaced by a draft',
      file: target,
      hint: 'name another file with --output, and copy over what you want',
    });
  }
  stopOn(wrong);

  const { logs, problems } = await openLogs(paths, reading);
  const survey = createSurvey();
  let lines = 0;
  for (const log of logs) lines += await surveyLog(log, survey, problems);
  const draft = draftInventory(survey, lines);
  // what is handed out is accepted as it stands; anything else is a fault of ours
  parseInventory(draft, target);
  const output = openOutput(target);
  await output.write(draft);
  await output.commit();
  if (target !== '-') {
    process.stderr.write(
      `${target}: a draft; correct the lines marked GUESS, then check it with: pollwatch doctor --config ${target}\n`,
    );
  }
  if (problems.length > 0) process.stderr.write(`${problems.map(formatProblem).join('\n')}\n`);
  return problems.length > 0 ? OPERATOR : OK;
}

/** Takes a log into a survey; adds what stopped it early to `problems`; returns how many lines were read. */
export async function surveyLog(log: OpenLog, survey: Survey, problems: Problem[]): Promise<number> {
  const lines = readLines(log);
  for (let read = 0; read < LINES_MAX; read++) {
    const next = await lines.next();
    if (next.done === true) {
      if (next.value !== null) problems.push(next.value);
      return read;
    }
    if ('event' in next.value.parsed) survey.see(next.value.parsed.event, log.origin.name);
  }
  await lines.return(null);
  return LINES_MAX;
}
