/**
 * From a task of the planner to a finished mail: one alert, several at once, the digest, the sign of life, and a drill. Pure;
 * the same task gives the same mail. A digest never says "nothing needed" without saying what was read (law 3).
 */

import { compareAlerts } from '../alerts/alert-order.ts';
import { CAVEAT, SEVERITY_WORDS } from '../alerts/caveat.ts';
import { markingWords } from '../alerts/office-words.ts';
import type { RenderedMail } from '../model/mail.ts';
import { LEVELS, type Level } from '../model/rule.ts';
import { DAY } from '../model/time.ts';
import { closingOf, finish, fitSubject, notesOf, type Recipient, type Sender, subjectMark } from './envelope.ts';
import type { Letter, Section } from './letter.ts';
import type { MailTask } from './mail-task.ts';
import type { AlertState } from './mailable.ts';
import { alertLine, alertLineIn, composeAlertMail, fromWords, runWords, shortId, storyOf } from './message.ts';
import type { Item } from './pending.ts';
import { ours, subjectWords } from './plain-words.ts';
import { clockWords, dayWords } from './when-words.ts';

/** Told in full: the first screen of anything has at most five things (law 6). */
const STORIES_MAX = 5;
/** Told in a line each. */
const LINES_MAX = 100;
/** Mails that a recipient should have to act on in a week (ELECTIONS 5). */
const WEEKLY_BUDGET = 2;

/** What was read since a recipient last heard: without it silence means nothing. */
export interface Coverage {
  readonly lines: number;
  /** logs that were read */
  readonly logs: number;
  /** what could not be read or has fallen silent, a sentence each */
  readonly missing: readonly string[];
  /** when a drill last came through from log to mailbox, Unix milliseconds, or null */
  readonly drillMs: number | null;
}

/** The mail of a task. `coverage` is what was read since the last digest; only digests and signs of life say it. */
export function composeMail(task: MailTask, sender: Sender, coverage: Coverage): RenderedMail {
  switch (task.kind) {
    case 'alert': {
      const { lead, also, mailNumber, root, firstToldMs, findings, nowMs, recipient } = task;
      const { state, kind, changes, isCopy } = lead;
      return composeAlertMail(
        {
          kind,
          alert: state.alert,
          revision: state.revision,
          mailNumber,
          root,
          changes,
          also: also.map((item) => ({ alert: item.state.alert, changes: item.changes })),
          isCopy,
          firstToldMs,
          findings,
          nowMs,
        },
        recipient,
        sender,
      );
    }
    case 'several':
      return composeSeveral(task, sender);
    case 'digest':
      return composeDigest(task, sender, coverage);
    case 'heartbeat':
      return composeHeartbeat(task, sender, coverage);
  }
}

function composeSeveral(task: MailTask & { kind: 'several' }, sender: Sender): RenderedMail {
  const { recipient, isStorm } = task;
  const { timezone } = recipient.contact;
  const items = [...task.items].sort((a, b) => compareAlerts(a.state.alert, b.state.alert));
  const gravest = items[0]!.state.alert;
  const told = items.slice(0, STORIES_MAX);
  const rest = items.slice(STORIES_MAX);
  const calls = [...new Set(told.flatMap(({ state }) => state.alert.whatToDo))].slice(0, STORIES_MAX);
  const letter = letterOf(
    `${items.length} alerts, the gravest is ${SEVERITY_WORDS[gravest.severity]}`,
    [
      {
        heading: 'Why this is one mail',
        parts: [
          isStorm
            ? 'Many alerts came within a few minutes. You get one mail about all of them, and another only when there is news.'
            : 'More alerts were waiting than should fill your mailbox. Here they are together.',
        ],
      },
      {
        heading: 'In numbers',
        parts: [{ list: [...countsBySeverity(items.map(({ state }) => state)), ...whereWords(items)], ordered: false }],
      },
      ...told.map(
        (item): Section => ({
          heading: `${SEVERITY_WORDS[item.state.alert.severity]}: ${subjectWords(item.state.alert)} (${shortId(item.state.alert.id)})`,
          parts: [
            ...stateWords(item),
            ...item.changes,
            ...storyOf(item.state.alert, timezone),
            // what to do speaks of the address
            ...fromWords(item.state.alert),
          ],
        }),
      ),
      ...(rest.length === 0
        ? []
        : [
            {
              heading: 'And these',
              parts: [
                {
                  list: rest
                    .slice(0, LINES_MAX)
                    .map((item) =>
                      [alertLine(item.state.alert), ...sourceOf(item), ...stateWords(item), ...item.changes].join(' '),
                    ),
                  ordered: false,
                },
                ...(rest.length > LINES_MAX
                  ? [
                      `And ${(rest.length - LINES_MAX).toLocaleString('en-US')} more, counted above. They stand in the next digest as well.`,
                    ]
                  : []),
              ],
            },
          ]),
      ...(calls.length === 0 ? [] : [{ heading: 'Do this now', parts: [{ list: calls, ordered: true }] }]),
      { heading: 'What we do not know', parts: ['Who sent any of it.', CAVEAT] },
      {
        heading: 'Why you got this',
        parts: [
          `${sender.inventory.organization.name} lists “${recipient.contact.name}” for alerts like these.`,
          `When one is handled, ${runWords(recipient.contact)}: pollwatch ack, with its number.`,
        ],
      },
    ],
    recipient,
    sender,
  );
  const severity = SEVERITY_WORDS[gravest.severity].toUpperCase();
  return finish(letter, {
    recipient,
    sender,
    subject: fitSubject(
      `${subjectMark(sender)}${severity}: `,
      [`${items.length} alerts at once`, 'several alerts'],
      '',
    ),
    messageId: task.messageId,
    root: null,
    nowMs: task.nowMs,
  });
}

function composeDigest(task: MailTask & { kind: 'digest' }, sender: Sender, coverage: Coverage): RenderedMail {
  const { recipient, fresh, open, unmailed, sinceMs, nowMs, mails } = task;
  const { timezone } = recipient.contact;
  const isBlind = coverage.lines === 0 || coverage.missing.length > 0;
  const isOpen = new Set(open.map(({ alert }) => alert.id));
  const others = fresh.filter(({ alert }) => !isOpen.has(alert.id));
  const weeks = Math.max(1, (nowMs - sinceMs) / (7 * DAY));
  const span = `${dayWords(sinceMs, timezone)} to ${dayWords(nowMs, timezone)}`;
  const answer =
    open.length > 0
      ? `${open.length} ${open.length === 1 ? 'alert is' : 'alerts are'} still open. Please look at ${open.length === 1 ? 'it' : 'them'}.`
      : isBlind
        ? 'No alert is open, but not everything could be read. Please see below.'
        : 'Nothing is needed from you.';
  const letter = letterOf(
    `Digest: ${span}`,
    [
      { heading: 'In short', parts: [answer] },
      ...(open.length === 0
        ? []
        : [
            {
              heading: 'Still open',
              parts: [
                ...listOf(open, 'open alerts', timezone, LINES_MAX, ({ alert }) =>
                  mailWords(unmailed.get(alert.id), nowMs, timezone),
                ),
                `When one is handled, ${runWords(recipient.contact)}: pollwatch ack, with its number.`,
              ],
            },
          ]),
      {
        heading: 'What was seen',
        parts:
          fresh.length === 0
            ? ['No new alert.']
            : [
                { list: countsBySeverity(fresh), ordered: false },
                ...(others.length === 0
                  ? []
                  : [
                      others.length === fresh.length ? 'The gravest of them:' : 'Besides those that are open:',
                      ...listOf(others, 'alerts', timezone, STORIES_MAX, ({ status }) => HANDLED[status]),
                    ]),
              ],
      },
      coverageSection(coverage, timezone),
      {
        heading: 'Why you got this',
        parts: [
          `${sender.inventory.organization.name} lists “${recipient.contact.name}” for this digest.`,
          `You had ${mails} ${mails === 1 ? 'mail' : 'mails'} about alerts since the last one. The aim is at most ${WEEKLY_BUDGET} a week${mails > WEEKLY_BUDGET * weeks ? ': if most were not worth it, ask for fewer routes to you' : ''}.`,
        ],
      },
    ],
    recipient,
    sender,
  );
  const wordings =
    open.length > 0
      ? [`digest: ${open.length} open`]
      : isBlind
        ? ['digest: not everything was read', 'digest: look at this']
        : ['digest: nothing needed'];
  return finish(letter, {
    recipient,
    sender,
    subject: fitSubject(subjectMark(sender), wordings, `, ${dayWords(nowMs, timezone)}`),
    messageId: task.messageId,
    root: null,
    nowMs,
  });
}

function composeHeartbeat(task: MailTask & { kind: 'heartbeat' }, sender: Sender, coverage: Coverage): RenderedMail {
  const { recipient, nowMs } = task;
  const { timezone } = recipient.contact;
  const letter = letterOf(
    'Sign of life',
    [
      {
        heading: 'In short',
        parts: [
          'You have had no mail for a week. This one only shows that mail still reaches you. Nothing is needed from you.',
        ],
      },
      coverageSection(coverage, timezone),
    ],
    recipient,
    sender,
  );
  return finish(letter, {
    recipient,
    sender,
    subject: fitSubject(subjectMark(sender), ['sign of life: nothing needed'], `, ${dayWords(nowMs, timezone)}`),
    messageId: task.messageId,
    root: null,
    nowMs,
  });
}

function letterOf(title: string, sections: readonly Section[], recipient: Recipient, sender: Sender): Letter {
  const { inventory } = sender;
  return {
    title,
    marking: markingWords(inventory.mailing.tlp),
    notes: notesOf(recipient, sender),
    sections,
    closing: [
      ...closingOf(inventory),
      'Pollwatch reads logs of web servers and firewalls. It does not see systems that count votes.',
    ],
  };
}

/** "Critical: 2", for each severity that there is, gravest first. */
function countsBySeverity(states: readonly AlertState[]): string[] {
  const counts = new Map<Level, number>();
  for (const { alert } of states) counts.set(alert.severity, (counts.get(alert.severity) ?? 0) + 1);
  return LEVELS.toReversed()
    .filter((level) => counts.has(level))
    .map((level) => `${SEVERITY_WORDS[level]}: ${counts.get(level)!.toLocaleString('en-US')}`);
}

/** What of ours was touched most, and from how many sources: a storm is one story. */
function whereWords(items: readonly Item[]): string[] {
  const touched = new Map<string, number>();
  for (const { state } of items) touched.set(ours(state.alert), (touched.get(ours(state.alert)) ?? 0) + 1);
  const most = [...touched].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 3);
  const sources = new Set(items.map(({ state }) => `${state.alert.key.kind} ${state.alert.key.text}`)).size;
  return [
    `About: ${most.map(([name, n]) => `${name} (${n.toLocaleString('en-US')})`).join(', ')}`,
    `Different sources: ${sources.toLocaleString('en-US')}`,
  ];
}

/** "From 198.51.100.7.", in a line of its own alert. */
function sourceOf({ state: { alert } }: Item): string[] {
  return alert.source !== null && alert.key.kind === 'source' ? [`From ${alert.key.text}.`] : [];
}

function stateWords({ kind }: Item): string[] {
  if (kind === 'escalation') return ['Nobody has marked this one as handled yet.'];
  return [];
}

/** What was done about an alert that is open no more. */
const HANDLED: Readonly<Record<AlertState['status'], string>> = {
  new: '',
  ack: ' Acknowledged.',
  closed: ' Closed.',
  suppressed: ' Set aside.',
  withdrawn: ' No longer seen as an alert.',
};

/** When the mail of an alert may come that has none yet (null = not known); undefined = it has had one. */
function mailWords(comesMs: number | null | undefined, nowMs: number, zone: string): string {
  if (comesMs === undefined) return '';
  if (comesMs === null || comesMs <= nowMs) return ' Its own mail is still to come.';
  const isToday = dayWords(comesMs, zone) === dayWords(nowMs, zone);
  return ` Its own mail comes after ${clockWords(comesMs, zone)}${isToday ? '' : ` on ${dayWords(comesMs, zone)}`}.`;
}

/** A line each, gravest first, with what else is said of each. */
function listOf(
  states: readonly AlertState[],
  what: string,
  zone: string,
  most: number,
  words: (state: AlertState) => string,
): Section['parts'] {
  const sorted = [...states].sort((a, b) => compareAlerts(a.alert, b.alert));
  const more = sorted.length - most;
  return [
    {
      list: sorted.slice(0, most).map((state) => `${alertLineIn(state.alert, zone)}${words(state)}`),
      ordered: false,
    },
    ...(more > 0 ? [`And ${more.toLocaleString('en-US')} more ${what}.`] : []),
  ];
}

function coverageSection({ lines, logs, missing, drillMs }: Coverage, zone: string): Section {
  const read =
    lines === 0
      ? 'No line of any log was read. Silence means nothing until that is mended.'
      : `${lines.toLocaleString('en-US')} lines of ${logs} ${logs === 1 ? 'log' : 'logs'} were read.`;
  return {
    heading: 'What was read',
    parts: [
      read,
      ...(missing.length === 0 ? [] : [{ list: missing, ordered: false }]),
      drillMs === null
        ? 'No drill from log to mailbox has come through yet.'
        : `The last drill came through on ${dayWords(drillMs, zone)}.`,
    ],
  };
}
