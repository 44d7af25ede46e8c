/**
 * `pollwatch rules`: which detections there are, what one of them says (its numbers and where they come from, what looks
 * like it and is harmless, ATT&CK), and a trial of a Sigma rule against logs.
 */
import { DETECTIONS, type DetectionText } from '../alerts/detections.ts';
import { createTokens } from '../alerts/tokens.ts';
import { loadSecret } from '../config/secret.ts';
import { fillLines } from '../formats/append-event.ts';
import { createBatch } from '../model/batch.ts';
import { hashKey } from '../model/hash.ts';
import { formatProblem, OperatorError, type Problem, printable } from '../model/problem.ts';
import { createTally } from '../model/tally.ts';
import {
  type CatalogueEntry,
  listRules as catalogueOf,
  type Explanation,
  explainRule as explain,
} from '../rules/catalogue.ts';
import { createDigests, createMatcher, createMatches } from '../rules/matcher.ts';
import type { CompiledRuleSet } from '../rules/rule-set.ts';
import { type LineShower, lineShower } from '../run/evidence.ts';
import { type OpenLog, openLogs } from '../run/open-logs.ts';
import { rulesOf } from '../run/setting.ts';
import { notesOf } from './detector-notes.ts';
import { OK, OPERATOR } from './exit-status.ts';
import { type Given, readingOptions, stopOn } from './options.ts';

const ID_WIDTH = 20;
/** rows of the batches that `rules test` fills */
const ROWS = 4096;
/** matching lines that are shown of each rule */
const SHOWN = 3;
const LINE_SHOWN = 200;

/** `rules list`; returns the exit status. */
export function listRules(given: Given): number {
  const { entries, skipped } = catalogueOf(rulesOf(given.rules ?? []));
  const lines = DETECTIONS.flatMap((detection) => [
    `${detection.id.padEnd(ID_WIDTH)} ${detection.name}`,
    ...entries.filter((e) => e.detection === detection.id).map((e) => entryText(e)),
  ]);
  const known = new Set(DETECTIONS.map((d) => d.id));
  const others = entries.filter((e) => !known.has(e.detection));
  if (others.length > 0) lines.push('', 'Other rules', ...others.map((e) => entryText(e)));
  if (skipped.length > 0) lines.push('', 'Left out', ...skipped.map((s) => `  ${s.title} (${s.file}): ${s.reason}`));
  process.stdout.write(`${lines.map(printable).join('\n')}\n`);
  return OK;
}

function entryText({ kind, name, title, level, counting, origin, file }: CatalogueEntry): string {
  const whose = origin === 'user' ? ` (yours: ${file})` : '';
  return `  ${kind} ${name}: ${title}; ${level}; ${counting}${whose}`;
}

/** `rules explain ID`; returns the exit status. Throws OperatorError when nothing is called that. */
export function explainRule(id: string, given: Given): number {
  const set = rulesOf(given.rules ?? []);
  const detection = DETECTIONS.find((d) => d.id.toLowerCase() === id.toLowerCase());
  const texts: string[] = [];
  if (detection !== undefined) {
    texts.push(detectionText(detection));
    for (const { name } of catalogueOf(set).entries.filter((e) => e.detection === detection.id)) {
      const found = explain(set, name);
      if (!('near' in found)) texts.push(explanationText(found));
    }
  } else {
    const found = explain(set, id);
    if ('near' in found) throw unknownRule(id, found.near);
    texts.push(explanationText(found));
  }
  process.stdout.write(texts.join('\n'));
  return OK;
}

function unknownRule(id: string, near: string | null): OperatorError {
  const list = '`pollwatch rules list` lists them; rules of yours need --rules';
  const hint = near === null ? list : `did you mean "${near}"? ${list}`;
  return new OperatorError([{ code: 'PW-CLI-RULE', message: `no detection or rule is called "${id}"`, hint }]);
}

function detectionText(d: DetectionText): string {
  const notes = notesOf(d.id);
  const lines = [
    `${d.id}  ${d.name}`,
    `  ${d.why}`,
    `  numbers from: ${d.source}`,
    ...(notes.length === 0 ? [] : ['  what counts here:', ...notes.map((note) => `    - ${note}`)]),
    `  ATT&CK: ${d.techniques.join(', ')}`,
    `  needs in the logs: ${d.needs.map((need) => need.replaceAll('_', ' ')).join(', ')}`,
    '  what to do:',
    ...d.todo.map((step) => `    - ${step}`),
  ];
  return `${lines.join('\n')}\n`;
}

function explanationText(found: Explanation): string {
  const { entry } = found;
  const list = (head: string, items: readonly string[]) =>
    items.length === 0 ? [] : [`  ${head}:`, ...items.map((item) => `    - ${item}`)];
  const lines = [
    `${entry.detection === '' ? '' : `${entry.detection}  `}${entry.title}`,
    `  ${entry.kind} ${entry.name}, ${entry.level}; id ${found.id}; ${entry.file}`,
    `  fires: ${entry.counting}`,
    ...(found.description === '' ? [] : found.description.split('\n').map((line) => `  ${line}`)),
    ...list('counts the rules', found.counts),
    ...list(
      'looks for',
      found.looksFor.map(
        ({ text, values, more }) => `${text}: ${values.join('  ')}${more > 0 ? `  and ${more} more` : ''}`,
      ),
    ),
    ...list('ATT&CK', entry.techniques),
    ...list('false positives', found.falsePositives),
    ...list('sources and references', found.references),
    ...list('example that must match', found.mustMatch),
    ...list('example that must not match', found.mustNotMatch),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

/** `rules test RULE LOG...`; returns the exit status. */
export async function testRule(path: string, paths: string[], given: Given): Promise<number> {
  const wrong: Problem[] = [];
  const reading = readingOptions(given, wrong);
  stopOn(wrong);
  const set = rulesOf([path]);
  const show = lineShower(set, {}, createTokens(loadSecret().key));
  const own = set.rules.filter((rule) => rule.origin === 'user');
  const { logs, problems } = await openLogs(paths, reading);
  const found = new Map(own.map((rule) => [rule.number, { count: 0, lines: [] as string[] }]));
  for (const log of logs) {
    const problem = await matchLog(log, set, found, show);
    if (problem !== null) problems.push(problem);
  }
  for (const rule of own) {
    const { count, lines } = found.get(rule.number)!;
    const where = logs.length === 0 ? 'compiles' : `${count} ${count === 1 ? 'line matches' : 'lines match'}`;
    process.stdout.write(`${printable(rule.title)}: ${where}\n${lines.map((line) => `  ${line}\n`).join('')}`);
  }
  for (const c of set.correlations.filter((correlation) => correlation.origin === 'user')) {
    process.stdout.write(
      `${printable(c.title)}: a correlation; it fires at ${c.threshold} in ${c.timespanMs / 1000} s of one source ` +
        `(\`pollwatch analyze --rules\` counts)\n`,
    );
  }
  if (problems.length > 0) process.stderr.write(`${problems.map(formatProblem).join('\n')}\n`);
  return problems.length > 0 ? OPERATOR : OK;
}

async function matchLog(
  log: OpenLog,
  set: CompiledRuleSet,
  found: ReadonlyMap<number, { count: number; lines: string[] }>,
  show: LineShower,
): Promise<Problem | null> {
  const matcher = createMatcher(set, hashKey('rules test', 'nothing of it is kept'));
  const batch = createBatch(ROWS);
  const matches = createMatches(ROWS);
  const digests = createDigests(ROWS);
  const tally = createTally();
  const reader = log.origin.open();
  try {
    for (let block = await reader.next(); block !== null; block = await reader.next()) {
      for (let at = block.start; at < block.end; ) {
        batch.n = 0;
        at = fillLines(log.format, block.bytes, at, block.end, block.baseOffset, batch, log.context, tally);
        matcher.match(batch, matches, digests);
        for (let i = 0; i < matches.n; i++) {
          const of = found.get(matches.rule[i]!);
          if (of === undefined) continue;
          of.count++;
          const row = matches.row[i]!;
          if (of.lines.length >= SHOWN) continue;
          const line = Buffer.from(batch.bytes.subarray(batch.lineStart[row]!, batch.lineEnd[row]!)).toString('latin1');
          const parsed = log.format.parseLine(line, log.context);
          if ('event' in parsed) of.lines.push(lineText(show(line, parsed.event, matches.rule[i]!).text));
        }
      }
    }
    return reader.fault === null
      ? null
      : { file: log.origin.name, code: 'PW-ORIGIN-DAMAGED', message: reader.fault.message };
  } finally {
    reader.close();
  }
}

function lineText(text: string): string {
  return printable(text.length > LINE_SHOWN ? `${text.slice(0, LINE_SHOWN - 1)}…` : text);
}
