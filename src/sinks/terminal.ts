/**
 * What a person reads in the terminal when a run ends: one answer, at most five things to do, the noise in a line, what
 * was read, what these logs cannot show, and where the report is. Plain text; colour only when asked for.
 * Every text that may hold bytes of a log goes through `printable`, so that no escape sequence reaches the terminal.
 */

import { briefly, CAVEAT, OUTCOME_WORDS, placesNote, SEVERITY_WORDS, VERDICT_TAGS } from '../alerts/caveat.ts';
import { markingWords } from '../alerts/office-words.ts';
import { EMPTY_LOG } from '../alerts/visibility.ts';
import { printable } from '../model/problem.ts';
import { counted } from '../model/quantity-words.ts';
import type { Level } from '../model/rule.ts';
import type { OfficeSummary, OriginSummary, RunSummary } from '../model/summary.ts';
import { answerSentences, blindSpots, isEmpty, whoText } from './answer.ts';
import { callText, INVENTORY_GAIN, systemsText, windowsText } from './office.ts';
import { count, durationText, listText, periodText, sizeText, visitedText } from './quantity.ts';
import { LET_THROUGH_NOTE, letThroughText } from './services.ts';
import { agreedScans, type FirstThings, firstThings, type Thing, thingsOf } from './things.ts';

export interface TerminalOptions {
  /** width of the terminal; 80 when unknown */
  columns: number;
  /** true only on a terminal and without NO_COLOR */
  colour: boolean;
  /** where the report was written; left out when there is none or somebody else says it */
  report?: string;
}

/** From this share of refused lines on, a log may be two in one. */
const REFUSED_SHARE = 0.1;

/** Select Graphic Rendition codes; the word always says what the colour says. */
const SEVERITY_COLOURS: Readonly<Record<Level, string>> = {
  critical: '1;35',
  high: '1;31',
  medium: '1;33',
  low: '1;36',
  info: '2',
};

/** Where the text goes. */
interface Screen {
  readonly lines: string[];
  readonly width: number;
  paint(code: string, text: string): string;
  /** A blank line and a title. */
  head(title: string): void;
  /** Text that may hold bytes of a log, wrapped; `first` and `rest` stand before its lines. */
  say(text: string, first?: string, rest?: string): void;
}

/** How far what stands below a title is moved in, and what goes on from there. */
const IN = '   ';
const FURTHER_IN = '     ';

/** The whole text, ending in a line end; no line is longer than `columns` (at least 40 are taken). */
export function renderTerminal(summary: RunSummary, options: TerminalOptions): string {
  const screen = screenOf(options);
  const { lines, say, head } = screen;
  const things = thingsOf(summary.alerts);
  const first = firstThings(summary.alerts, things);
  say(`pollwatch ${summary.version} - ${summary.organization.name} - ${periodText(summary.firstMs, summary.lastMs)}`);
  say(markingWords(summary.tlp));
  lines.push('');
  sayAnswer(summary, things, screen);
  sayFirst(summary, first, screen);
  sayNoise(summary, screen);
  if (summary.letThrough.length > 0) {
    head('LET THROUGH BY THE FIREWALL');
    say(`${listText(summary.letThrough.map(letThroughText))}. ${LET_THROUGH_NOTE}`, IN);
  }
  sayRead(summary, screen);
  sayBlindSpots(summary, screen);
  if (first.first.length > 0) {
    head('ABOUT THE NETWORK NAMES');
    say(CAVEAT, IN);
    const places = placesNote(first.first.map(({ lead }) => lead));
    if (places !== null) say(places, IN);
  }
  lines.push('');
  if (options.report !== undefined) say(`Report: ${options.report}`);
  return `${lines.join('\n')}\n`;
}

function screenOf({ columns, colour }: TerminalOptions): Screen {
  const width = Math.max(40, Math.min(columns, 110));
  const lines: string[] = [];
  const paint = (code: string, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    lines,
    width,
    paint,
    head: (title) => lines.push('', paint('1', title)),
    say: (text, first = '', rest = first) => lines.push(...wrap(printable(text), width, first, rest)),
  };
}

/** Who scanned or probed, in one sentence; what to look at; and whether an election is near. */
function sayAnswer(summary: RunSummary, things: readonly Thing[], { lines, width, paint, say }: Screen): void {
  const [answer, next] = answerSentences(summary, things);
  for (const line of wrap(printable(answer), width, '', '')) lines.push(paint('1', line));
  say(next);
  const windows = windowsText(summary.office);
  if (windows !== null) say(windows);
}

/** The few things to do, how many more there are, and scans that were agreed. */
function sayFirst(summary: RunSummary, { first, lower, forTheRecord }: FirstThings, screen: Screen): void {
  if (first.length > 0) screen.head('WHAT MATTERS FIRST');
  for (const [i, thing] of first.entries()) sayThing(thing, i + 1, summary.office, screen);
  const rest = [
    ...(lower > 0 ? [`${count(lower)} lower ${lower === 1 ? 'one' : 'ones'}`] : []),
    ...(forTheRecord > 0 ? [`${count(forTheRecord)} for the record only`] : []),
  ];
  if (rest.length > 0) screen.say(`${listText(rest)} in the report.`, IN);
  for (const agreed of agreedScans(summary.alerts)) screen.say(agreed, IN);
}

function sayNoise({ noise }: RunSummary, { head, say }: Screen): void {
  if (noise.sources === 0) return;
  head('BELOW EVERY THRESHOLD');
  const targets = noise.targets.slice(0, 3).map((t) => t.what);
  const mostly = targets.length > 0 ? `, mostly ${listText(targets)}` : '';
  say(
    `${counted(noise.sources, 'address', 'addresses')} stayed below every threshold (${counted(noise.events, 'event')})${mostly}.`,
    IN,
  );
  for (const visited of noise.visited) say(visitedText(visited), IN);
}

/** What was read, with the numbers that add up; what is odd about each log; what a bound or a missing inventory costs. */
function sayRead(summary: RunSummary, screen: Screen): void {
  const { head, say } = screen;
  head('WHAT WAS READ');
  say(
    `${logsRead(summary)}, ${sizeText(summary.bytes)}: ${counted(summary.lines, 'line')} = ${counted(summary.events, 'event')} + ${count(summary.skipped)} skipped + ${count(summary.refused)} refused.`,
    IN,
  );
  for (const origin of summary.origins) sayOrigin(origin, screen);
  if (summary.publicKey) {
    say(
      'Values of visitors are hidden with a public key, which can be undone by trying: give this user a home folder, or name a key file (see SECURITY.md).',
      IN,
    );
  }
  if (summary.bound !== null) say(summary.bound, IN);
  if (summary.office === null) say(INVENTORY_GAIN, IN);
}

/** What a person has to know of one log: it is empty, its year was inferred, lines were refused, it could not be read. */
function sayOrigin(origin: OriginSummary, { say }: Screen): void {
  const tell = (text: string) => say(text, IN, FURTHER_IN);
  const { name, yearNote, refused, problem } = origin;
  if (isEmpty(origin)) tell(`${name}: ${EMPTY_LOG.message}; ${EMPTY_LOG.hint}`);
  if (yearNote !== null) tell(`${name}: ${yearNote}`);
  const worst = refused[0];
  if (worst !== undefined) {
    const at = worst.samples[0];
    const others = refused.slice(1).reduce((sum, kind) => sum + kind.count, 0);
    tell(
      [
        `${name}: ${counted(worst.count, 'line')} refused: ${worst.reason}`,
        at === undefined ? '' : ` (first at byte ${count(at.offset)})`,
        others > 0 ? `; ${count(others)} for other reasons` : '',
        worst.count > origin.lines * REFUSED_SHARE
          ? '. Where it holds the lines of two programs, name each of them apart'
          : '',
      ].join(''),
    );
  }
  if (problem !== null)
    tell(`PROBLEM ${name}: ${problem.message}${problem.hint === undefined ? '' : ` - ${problem.hint}`}`);
}

function sayBlindSpots({ visibility, office }: RunSummary, { head, say }: Screen): void {
  // who declared no systems is told so above, and not once for each detection that is about one
  const aboutAll = visibility.filter(({ detection }) => !/^(?:election|campaign)\./.test(detection));
  const spots = blindSpots(office === null ? aboutAll : visibility);
  if (spots.length === 0) return;
  head('WHAT THESE LOGS CANNOT SHOW');
  for (const { state, because, fix, detections } of spots.slice(0, 3)) {
    const names = detections.slice(0, 3).map((d) => d.name);
    const more = detections.length - names.length;
    const which = listText(more > 0 ? [...names, `${more} more`] : names);
    const howToFix = fix === '' ? '' : ` Fix: ${fix}`;
    say(`${state === 'cannot' ? 'Cannot' : 'Partly'}: ${which}, because ${because}.${howToFix}`, IN, FURTHER_IN);
  }
  const left = spots.slice(3).reduce((sum, spot) => sum + spot.detections.length, 0);
  if (left > 0) say(`${counted(left, 'more detection')} in the report.`, IN);
}

/** "3 logs"; "2 of 3 logs" when one could not be opened or recognised. */
function logsRead({ origins }: RunSummary): string {
  const unread = origins.filter((o) => o.problem !== null && o.lines === 0).length;
  return `${unread === 0 ? '' : `${count(origins.length - unread)} of `}${counted(origins.length, 'log')}`;
}

function sayThing(thing: Thing, number: number, office: OfficeSummary | null, screen: Screen): void {
  const { lines, width, paint } = screen;
  const { lead, also, days } = thing;
  const word = SEVERITY_WORDS[lead.severity].toUpperCase();
  const title = printable(lead.name);
  const start = `${number}. `;
  const [head, ...more] = wrap(`${word}  ${title}`, width, start, IN);
  lines.push(head!.replace(word, paint(SEVERITY_COLOURS[lead.severity], word)), ...more);
  const say = (text: string) => screen.say(text, IN);
  say(days === null ? briefly(lead) : `${briefly(lead)} ${days}`);
  // the summary names the address and its owner when there is one; a group is named here
  const isNamed = lead.summary.includes(lead.key.text) || lead.summary.includes(lead.asset?.name ?? '\0');
  const who = isNamed ? '' : `Who: ${whoText(lead)}. `;
  const when = `${periodText(thing.startMs, thing.endMs)} (${durationText(thing.endMs - thing.startMs)})`;
  say(`${who}Verdict: ${VERDICT_TAGS[thing.verdict]}. Outcome: ${OUTCOME_WORDS[thing.outcome]}. ${when}.`);
  if (also.length > 0)
    say(`Also: ${listText(also.length > 3 ? [...also.slice(0, 3), `${also.length - 3} more`] : also)}.`);
  const systems = systemsText(lead, office);
  const call = callText(lead, office);
  const yours = [
    ...(systems === null ? [] : [`Your system${lead.systems === undefined ? '' : 's'}: ${systems}.`]),
    ...(call === null ? [] : [`Call: ${call}.`]),
  ];
  if (yours.length > 0) say(yours.join(' '));
  if (thing.todo[0] !== undefined) say(`Do now: ${thing.todo[0]}`);
}

/** Breaks text at spaces into lines of at most `width` characters; a longer word is cut. */
function wrap(text: string, width: number, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  const push = () => {
    lines.push(line.trimEnd());
    line = rest;
    empty = true;
  };
  for (const found of text.split(/\s+/)) {
    // code points, so that a cut never splits a surrogate pair
    let word = Array.from(found);
    while (word.length > 0) {
      const room = width - line.length - (empty ? 0 : 1);
      if (word.length <= room) {
        line += (empty ? '' : ' ') + word.join('');
        empty = false;
        break;
      }
      if (!empty) push();
      else {
        line += word.slice(0, Math.max(1, room)).join('');
        word = word.slice(Math.max(1, room));
        push();
      }
    }
  }
  if (!empty || lines.length === 0) lines.push(line.trimEnd());
  return lines;
}
