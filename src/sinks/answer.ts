/**
 * What a run says first: the answer in two sentences, the few things that matter, and what the logs could not show.
 * Terminal and report render the same answer. Alerts of one source are one thing: a reader has one address to deal with.
 */

import { ownerWords } from '../alerts/caveat.ts';
import { SERVICES } from '../alerts/service-words.ts';
import type { Alert } from '../model/alert.ts';
import { counted } from '../model/quantity-words.ts';
import type { OriginSummary, RunSummary, Visibility } from '../model/summary.ts';
import { count, listText, periodText } from './quantity.ts';
import { firstOf, type Thing } from './things.ts';

/** The answer: two sentences for a person who reads nothing else; `things`: what the alerts of the run come to. */
export function answerSentences(summary: RunSummary, things: readonly Thing[]): [string, string] {
  const period = periodText(summary.firstMs, summary.lastMs);
  if (summary.events === 0) {
    if (summary.lines === 0 && summary.origins.every(isEmpty))
      return ['These logs answer nothing: they are empty.', 'See below what to do about it, and run it again.'];
    return [
      `These logs answer nothing: none of ${counted(summary.lines, 'line')} could be read as an event.`,
      'See what was read below, put it right, and run it again.',
    ];
  }
  const works = summary.visibility.filter((v) => v.state === 'works').length;
  const blind = summary.visibility.length - works;
  if (things.length === 0) {
    const seen = `${counted(summary.events, 'event')} from ${counted(summary.sources, 'address', 'addresses')} (${period})`;
    const found =
      summary.alerts.length === 0
        ? 'no detection reached its threshold'
        : 'nothing stands above the level "for the record"';
    return [
      summary.letThrough.length === 0
        ? `Nothing needs your attention: in ${seen} ${found}.`
        : `In ${seen} ${found}, but the firewall let ${listText(summary.letThrough.map(({ sources, port }) => `${counted(sources, 'address', 'addresses')} through to ${SERVICES[port] ?? `port ${port}`}`))}: see below.`,
      (blind === 0
        ? 'All detections could work on these logs.'
        : `${count(works)} of ${counted(summary.visibility.length, 'detection')} could work fully on these logs; the rest could not, or only in part, as listed below.`) +
        unreadWords(summary),
    ];
  }
  const first = firstOf(things);
  const singles = things.filter(({ lead }) => lead.key.kind === 'source').length;
  const groups = things.length - singles;
  const who = listText([
    ...(singles > 0 ? [counted(singles, 'address', 'addresses')] : []),
    ...(groups > 0 ? [counted(groups, 'group of addresses', 'groups of addresses')] : []),
  ]);
  const verdicts = { tailored: 0, noise: 0, cannot_tell: 0 };
  for (const { verdict } of things) verdicts[verdict]++;
  const answered = things.filter(({ outcome }) => outcome === 'answered').length;
  const split = listText([
    ...(verdicts.tailored > 0
      ? [`${count(verdicts.tailored)} ${verdicts.tailored === 1 ? 'looks' : 'look'} aimed at you`]
      : []),
    ...(verdicts.noise > 0
      ? [`${count(verdicts.noise)} ${verdicts.noise === 1 ? 'looks' : 'look'} like ordinary Internet noise`]
      : []),
    ...(verdicts.cannot_tell > 0 ? [`for ${count(verdicts.cannot_tell)} these logs cannot tell`] : []),
  ]);
  return [
    `${who} scanned or probed your systems (${period}): ${split}.`,
    answered > 0
      ? `Your systems answered something to ${count(answered)} of them: ${whereToStart(first)}.`
      : unanswered(
          things,
          first.length > 0 ? 'the gravest stands first below.' : 'none of it asks for anything to be done.',
        ),
  ];
}

/** True of a log that could be opened and holds nothing. */
export function isEmpty({ lines, bytes, problem }: OriginSummary): boolean {
  return lines === 0 && bytes === 0 && problem === null;
}

/** What is said where nothing is known to have been answered with content: "refused" only of what was refused throughout. */
function unanswered(things: readonly Thing[], next: string): string {
  const open = things.filter(({ outcome }) => outcome === 'tried').length;
  return open === 0
    ? `As far as these logs show, all of it was refused; ${next}`
    : `To ${open === things.length ? (open === 1 ? 'it' : 'all of them') : `${count(open)} of them`} your systems may have given something: these logs do not show what was in the answers. ${next.charAt(0).toUpperCase()}${next.slice(1)}`;
}

/** Lines that were refused hide whatever stands in them: "nothing" is said of the others only. */
function unreadWords({ refused, lines }: RunSummary): string {
  return refused === 0 ? '' : ` ${count(refused)} of ${counted(lines, 'line')} could not be read: see below why.`;
}

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'] as const;

/** The gravest stands first, which need not be one that was answered. */
function whereToStart(first: readonly Thing[]): string {
  const at = first.findIndex(({ outcome }) => outcome === 'answered');
  return at < 0 ? 'look for "something was answered" among all alerts' : `start with the ${ORDINALS[at]} one below`;
}

/** Detections that could not work, or only in part, for one and the same reason. */
export interface BlindSpot {
  state: 'partly' | 'cannot';
  because: string;
  fix: string;
  detections: Visibility[];
}

/** Groups what could not be seen by its reason: what cannot work before what works in part, the widest first. */
export function blindSpots(visibility: readonly Visibility[]): BlindSpot[] {
  const spots = new Map<string, BlindSpot>();
  for (const v of visibility) {
    if (v.state === 'works') continue;
    const key = `${v.state}\n${v.because}\n${v.fix}`;
    const spot = spots.get(key);
    if (spot === undefined) spots.set(key, { state: v.state, because: v.because, fix: v.fix, detections: [v] });
    else spot.detections.push(v);
  }
  return [...spots.values()].sort(
    (a, b) => Number(b.state === 'cannot') - Number(a.state === 'cannot') || b.detections.length - a.detections.length,
  );
}

/** Longest text about who, in characters. */
const WHO_MAX = 200;

/** Who stands behind an alert, for people: the address and its network's owner, a prefix, an AS, or a group. */
export function whoText(alert: Alert): string {
  const { key } = alert;
  let text: string;
  if (key.kind === 'as') text = key.text;
  else if (alert.source === null && alert.related.length === 0) text = 'many addresses';
  else if (key.kind === 'target') text = `${counted(alert.related.length, 'address', 'addresses')} against ${key.text}`;
  else if (key.kind === 'prefix' && alert.related.length > 0)
    text = `${counted(alert.related.length, 'address', 'addresses')} of ${key.text}`;
  else text = `${key.text} (${ownerWords(alert.source?.as ?? null)})`;
  return text.length > WHO_MAX ? `${text.slice(0, WHO_MAX - 1)}…` : text;
}
