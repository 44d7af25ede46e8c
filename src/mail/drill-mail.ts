/**
 * The mail of a drill: it says first that nothing happened, then what it shows, and what to do if it was not expected. It goes
 * to everybody who would be asked to act on an alert, at once and beside all caps: whoever starts a drill waits for it.
 */
import { createHash } from 'node:crypto';
import { markingWords } from '../alerts/office-words.ts';
import type { Inventory } from '../model/inventory.ts';
import type { NewRow } from '../model/outbox.ts';
import {
  closingOf,
  finish,
  fitSubject,
  messageIdOf,
  notesOf,
  type Recipient,
  type Sender,
  subjectMark,
} from './envelope.ts';
import type { Letter } from './letter.ts';
import { recipientsOf } from './recipients.ts';
import { clockWords, dayWords } from './when-words.ts';

/** What was decided from the lines of a drill. */
export interface DrillResult {
  /** "DRILL-1A2B" */
  readonly code: string;
  /** when its last line was written, Unix ms */
  readonly atMs: number;
  /** what was recognised, in words */
  readonly seen: readonly string[];
}

/** Who is asked to act on alerts: they get the mails of a drill. */
export function drillRecipients(inventory: Inventory): Recipient[] {
  const asked = new Set([
    ...inventory.routes.filter(({ mode }) => mode === 'mail').flatMap(({ to }) => to),
    ...inventory.assets.flatMap(({ owner }) => (owner === null ? [] : [owner])),
  ]);
  return recipientsOf(inventory).filter(({ contact }) => asked.has(contact.id));
}

/** Rows of a drill, one for each recipient. */
export function drillRows(drill: DrillResult, sender: Sender, nowMs: number): NewRow[] {
  return drillRecipients(sender.inventory).map((recipient) => {
    const about = `drill|${recipient.address}|${drill.code}|${drill.atMs}`;
    const id = createHash('sha256').update(about).digest('hex').slice(0, 24);
    return { id, covers: [], mail: composeDrill(drill, about, recipient, sender, nowMs) };
  });
}

function composeDrill(drill: DrillResult, about: string, recipient: Recipient, sender: Sender, nowMs: number) {
  const { inventory } = sender;
  const { timezone } = recipient.contact;
  const letter: Letter = {
    title: 'Drill: nothing happened',
    marking: markingWords(inventory.mailing.tlp),
    notes: [...notesOf(recipient, sender), 'THIS IS A DRILL. Nothing happened.'],
    sections: [
      {
        heading: 'What this shows',
        parts: [
          `On ${dayWords(drill.atMs, timezone)} at ${clockWords(drill.atMs, timezone)} somebody at ${inventory.organization.name} started a drill. Pollwatch wrote a few test lines, read them like a log, saw them for what they were, and sent you this mail.`,
          'So an alert would have reached you on the same way. That makes silence worth something.',
          { list: drill.seen.map((words) => `Seen in the test lines: ${words}`), ordered: false },
        ],
      },
      {
        heading: 'Do this now',
        parts: ['Nothing. If you know that a drill is on, tell whoever started it that this mail has come.'],
      },
      {
        heading: 'Why you got this',
        parts: [
          `${inventory.organization.name} lists “${recipient.contact.name}” for alerts. The drill is called ${drill.code}. It is counted as no alert.`,
        ],
      },
    ],
    closing: closingOf(inventory),
  };
  return finish(letter, {
    recipient,
    sender,
    subject: fitSubject(
      subjectMark(sender),
      ['DRILL: nothing happened, this is a test', 'DRILL: a test'],
      ` (${drill.code})`,
    ),
    messageId: messageIdOf(about, recipient.address, sender.address),
    root: null,
    nowMs,
  });
}
