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
import type { OfficeSummary, RunSummary } from '../model/summary.ts';
import { answerSentences, blindSpots, isEmpty, whoText } from './answer.ts';
import { callText, INVENTORY_GAIN, systemsText, windowsText } from './office.ts';
import { count, durationText, listText, periodText, sizeText, visitedText } from './quantity.ts';
import { LET_THROUGH_NOTE, letThroughText } from './services.ts';
import { agreedScans, firstThings, type Thing, thingsOf } from './things.ts';

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

/** The whole text, ending in a line end; no line is longer than `columns` (at least 40 are taken). */
export function renderTerminal(summary: RunSummary, options: TerminalOptions): string {
  const width = Math.max(40, Math.min(options.columns, 110));
  const paint = (code: string, text: string) => (options.colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const out: string[] = [];
  const say = (text: string, first = '', rest = first) => out.push(...wrap(printable(text), width, first, rest));
  const head = (text: string) => out.push('', paint('1', text));

  say(`pollwatch ${summary.version} - ${summary.organization.name} - ${periodText(summary.firstMs, summary.lastMs)}`);
  say(markingWords(summary.tlp));
  out.push('');
  const things = thingsOf(summary.alerts);
  const [answer, next] = answerSentences(summary, things);
  for (const line of wrap(printable(answer), width, '', '')) out.push(paint('1', line));
  say(next);
  const windows = windowsText(summary.office);
  if (windows !== null) say(windows);

  const { first, lower, forTheRecord } = firstThings(summary.alerts, things);
  if (first.length > 0) {
    head('WHAT MATTERS FIRST');
    for (const [i, thing] of first.entries()) out.push(...renderThing(thing, i + 1, summary.office, width, paint));
  }
  const rest = [
    ...(lower > 0 ? [`${count(lower)} lower ${lower === 1 ? 'one' : 'ones'}`] : []),
    ...(forTheRecord > 0 ? [`${count(forTheRecord)} for the record only`] : []),
  ];
  if (rest.length > 0) say(`${listText(rest)} in the report.`, '   ');
  for (const agreed of agreedScans(summary.alerts)) say(agreed, '   ');

  if (summary.noise.sources > 0) {
    head('BELOW EVERY THRESHOLD');
    const targets = summary.noise.targets.slice(0, 3).map((t) => t.what);
    say(
      `${counted(summary.noise.sources, 'address', 'addresses')} stayed below every threshold (${counted(summary.noise.events, 'event')})${targets.length > 0 ? `, mostly ${listText(targets)}` : ''}.`,
      '   ',
    );
    for (const visited of summary.noise.visited) say(visitedText(visited), '   ');
  }

  if (summary.letThrough.length > 0) {
    head('LET THROUGH BY THE FIREWALL');
    say(`${listText(summary.letThrough.map(letThroughText))}. ${LET_THROUGH_NOTE}`, '   ');
  }

  head('WHAT WAS READ');
  say(
    `${logsRead(summary)}, ${sizeText(summary.bytes)}: ${counted(summary.lines, 'line')} = ${counted(summary.events, 'event')} + ${count(summary.skipped)} skipped + ${count(summary.refused)} refused.`,
    '   ',
  );
  for (const origin of summary.origins) {
    if (isEmpty(origin)) say(`${origin.name}: ${EMPTY_LOG.message}; ${EMPTY_LOG.hint}`, '   ', '     ');
    if (origin.yearNote !== null) say(`${origin.name}: ${origin.yearNote}`, '   ', '     ');
    const worst = origin.refused[0];
    if (worst !== undefined) {
      const at = worst.samples[0];
      const others = origin.refused.slice(1).reduce((sum, kind) => sum + kind.count, 0);
      say(
        `${origin.name}: ${counted(worst.count, 'line')} refused: ${worst.reason}${at === undefined ? '' : ` (first at byte ${count(at.offset)})`}${others > 0 ? `; ${count(others)} for other reasons` : ''}${worst.count > origin.lines * REFUSED_SHARE ? '. Where it holds the lines of two programs, name each of them apart' : ''}`,
        '   ',
        '     ',
      );
    }
    if (origin.problem !== null) {
      say(
        `PROBLEM ${origin.name}: ${origin.problem.message}${origin.problem.hint === undefined ? '' : ` - ${origin.problem.hint}`}`,
        '   ',
        '     ',
      );
    }
  }
  if (summary.publicKey) {
    say(
      'Values of visitors are hidden with a public key, which can be undone by trying: give this user a home folder, or name a key file (see SECURITY.md).',
      '   ',
    );
  }
  if (summary.bound !== null) say(summary.bound, '   ');
  if (summary.office === null) say(INVENTORY_GAIN, '   ');

  // who declared no systems is told so above, and not once for each detection that is about one
  const aboutAll = summary.visibility.filter(({ detection }) => !/^(?:election|campaign)\./.test(detection));
  const spots = blindSpots(summary.office === null ? aboutAll : summary.visibility);
  if (spots.length > 0) {
    head('WHAT THESE LOGS CANNOT SHOW');
    for (const spot of spots.slice(0, 3)) {
      const names = spot.detections.slice(0, 3).map((d) => d.name);
      const more = spot.detections.length - names.length;
      say(
        `${spot.state === 'cannot' ? 'Cannot' : 'Partly'}: ${listText(more > 0 ? [...names, `${more} more`] : names)}, because ${spot.because}.${spot.fix === '' ? '' : ` Fix: ${spot.fix}`}`,
        '   ',
        '     ',
      );
    }
    const left = spots.slice(3).reduce((sum, spot) => sum + spot.detections.length, 0);
    if (left > 0) say(`${counted(left, 'more detection')} in the report.`, '   ');
  }

  if (first.length > 0) {
    head('ABOUT THE NETWORK NAMES');
    say(CAVEAT, '   ');
    const places = placesNote(first.map(({ lead }) => lead));
    if (places !== null) say(places, '   ');
  }
  out.push('');
  if (options.report !== undefined) say(`Report: ${options.report}`);
  return `${out.join('\n')}\n`;
}

/** "3 logs"; "2 of 3 logs" when one could not be opened or recognised. */
function logsRead({ origins }: RunSummary): string {
  const unread = origins.filter((o) => o.problem !== null && o.lines === 0).length;
  return `${unread === 0 ? '' : `${count(origins.length - unread)} of `}${counted(origins.length, 'log')}`;
}

function renderThing(
  thing: Thing,
  number: number,
  office: OfficeSummary | null,
  width: number,
  paint: (code: string, text: string) => string,
): string[] {
  const { lead, also, days } = thing;
  const word = SEVERITY_WORDS[lead.severity].toUpperCase();
  const title = printable(lead.name);
  const start = `${number}. `;
  const [head, ...more] = wrap(`${word}  ${title}`, width, start, '   ');
  const lines = [head!.replace(word, paint(SEVERITY_COLOURS[lead.severity], word)), ...more];
  const say = (text: string) => lines.push(...wrap(printable(text), width, '   ', '   '));
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
  return lines;
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
