/**
 * `pollwatch parse`: logs in, one ECS document per event out, with the file and line that it came from. It prints what the
 * log says, unredacted. Lines that are no event are counted on standard error by kind and reason, with samples.
 */
import { type IsProxy, proxiesOf } from '../formats/client-address.ts';
import { relayedBy } from '../formats/combined.ts';
import type { LogEvent } from '../model/event.ts';
import { formatProblem, type Problem, printable } from '../model/problem.ts';
import { countRefused, countSkipped, createTally, type Tally } from '../model/tally.ts';
import { inventoryOf } from '../run/office.ts';
import { type OpenLog, openLogs } from '../run/open-logs.ts';
import { eventDocument } from '../sinks/event-document.ts';
import { documentLine } from '../sinks/ndjson.ts';
import { OK, OPERATOR } from './exit-status.ts';
import { type Given, readingOptions, stopOn } from './options.ts';
import { type Output, openOutput, outputProblem } from './output.ts';
import { readLines } from './reading.ts';

/** Text is handed on in pieces of about this many characters. */
const PIECE = 64 * 1024;

/** Runs the command; returns the exit status. */
export async function parseCommand(paths: string[], given: Given): Promise<number> {
  const wrong: Problem[] = [];
  const reading = readingOptions(given, wrong);
  const target = given.output ?? '-';
  const noPlace = outputProblem(target, '--output', paths);
  if (noPlace !== null) wrong.push(noPlace);
  stopOn(wrong);

  const isProxy = proxiesOf(await inventoryOf(given.config));
  const { logs, problems } = await openLogs(paths, reading);
  const output = openOutput(target);
  for (const log of logs) {
    const { tally, problem, isWanted } = await parseLog(log, output, isProxy);
    if (problem !== null) problems.push(problem);
    process.stderr.write(tallyText(log, tally));
    if (!isWanted) break;
  }
  await output.commit();
  if (problems.length > 0) process.stderr.write(`${problems.map(formatProblem).join('\n')}\n`);
  return problems.length > 0 ? OPERATOR : OK;
}

async function parseLog(
  log: OpenLog,
  output: Output,
  isProxy: IsProxy | null,
): Promise<{ tally: Tally; problem: Problem | null; isWanted: boolean }> {
  const tally = createTally();
  const lines = readLines(log);
  const { name } = log.origin;
  let piece = '';
  for (;;) {
    const next = await lines.next();
    if (next.done === true) {
      return { tally, problem: next.value, isWanted: piece === '' || (await output.write(piece)) };
    }
    const { number, parsed, text } = next.value;
    tally.lines++;
    if ('event' in parsed) {
      tally.events++;
      if (isProxy !== null && log.format.name === 'combined') nameClient(parsed.event, text, isProxy);
      piece += `${documentLine(eventDocument(parsed.event, { name, line: number }))}\n`;
      if (piece.length >= PIECE) {
        if (!(await output.write(piece))) return { tally, problem: null, isWanted: false };
        piece = '';
      }
    } else if ('skipped' in parsed) countSkipped(tally, parsed.skipped);
    // samples are found again by line number here
    else countRefused(tally, parsed.refused, number, text);
  }
}

/** The client is the source where a declared proxy names it, as in `analyze`. */
function nameClient(event: LogEvent, line: string, isProxy: IsProxy): void {
  const relayed = relayedBy(line, isProxy);
  if (relayed === null || relayed.client === null) return;
  event['source.ip'] = event['network.forwarded_ip'] = relayed.client;
  event['related.ip'] = [relayed.client, relayed.proxy];
}

function tallyText(log: OpenLog, tally: Tally): string {
  const sum = (counts: Iterable<number>) => [...counts].reduce((a, b) => a + b, 0);
  const skipped = sum(tally.skipped.values());
  const refused = sum([...tally.refused.values()].map((kind) => kind.count));
  const year = log.yearNote === null ? '' : `, ${log.yearNote}`;
  const lines = [
    `${printable(log.origin.name)}: ${log.format.name}${year}: ${tally.lines} lines = ` +
      `${tally.events} events + ${skipped} skipped + ${refused} refused`,
    ...[...tally.skipped].map(([kind, count]) => `  skipped ${count}: ${kind}`),
    ...[...tally.refused].flatMap(([reason, { count, samples }]) => [
      `  refused ${count}: ${reason}`,
      ...samples.map((sample) => `    line ${sample.offset}: ${printable(sample.text)}`),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}
