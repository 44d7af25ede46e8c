/**
 * The mails that come regularly: the digest of what is open, what was seen and what was read, and the sign of life for who gets
 * no digest. Neither says "nothing needed" without saying what was read (law 3).
 */
import type { RenderedMail } from '../model/mail.ts';
import { DAY } from '../model/time.ts';
import { countsBySeverity, LINES_MAX, listOf, STORIES_MAX } from './alert-list.ts';
import { finish, fitSubject, letterOf, type Sender, subjectMark } from './envelope.ts';
import type { Section } from './letter.ts';
import type { MailTask } from './mail-task.ts';
import type { AlertState } from './mailable.ts';
import { runWords } from './message.ts';
import { clockWords, dayWords } from './when-words.ts';

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

/** The digest of a task. */
export function composeDigest(task: MailTask & { kind: 'digest' }, sender: Sender, coverage: Coverage): RenderedMail {
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

/** The sign of life of a task. */
export function composeHeartbeat(
  task: MailTask & { kind: 'heartbeat' },
  sender: Sender,
  coverage: Coverage,
): RenderedMail {
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
