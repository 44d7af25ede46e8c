/**
 * What every mail has around its letter: the marking, a subject that fits, message ids that a retry has again, headers that
 * keep programs from answering, and the note of test mode.
 */
import { createHash } from 'node:crypto';
import { DETECTIONS } from '../alerts/detections.ts';
import { markingWords } from '../alerts/office-words.ts';
import type { Contact } from '../model/contact.ts';
import type { Inventory } from '../model/inventory.ts';
import type { RenderedMail } from '../model/mail.ts';
import { clip, inertText } from './inert-text.ts';
import { type Letter, letterHtml, letterText, type Section } from './letter.ts';

/** Longest subject: phones show about so much, and it fits one line of a header (ELECTIONS 5). */
export const SUBJECT_MAX = 70;

/** What a mail is made from besides alerts. */
export interface Sender {
  readonly inventory: Inventory;
  /** plain address that mails come from */
  readonly address: string;
  /** test mode: every mail goes to this address and says whom it was meant for; null = off */
  readonly redirectTo: string | null;
}

/** Somebody who is mailed. */
export interface Recipient {
  readonly address: string;
  readonly contact: Contact;
}

/** Message id of a mail: from what it is about and for whom, so that a retry has the same one. */
export function messageIdOf(about: string, recipient: string, sender: string): string {
  const domain = sender.slice(sender.lastIndexOf('@') + 1);
  const hash = createHash('sha256')
    .update(JSON.stringify([about, recipient]))
    .digest('hex')
    .slice(0, 24);
  return `<pollwatch.${hash}@${domain}>`;
}

/** Names with dots that are not broken up: hosts that the office has declared, and ids of detections. */
function ownNamesOf(inventory: Inventory): ReadonlySet<string> {
  return new Set([...inventory.assets.flatMap(({ hosts }) => hosts), ...DETECTIONS.map(({ id }) => id.toLowerCase())]);
}

/** "[TLP:AMBER] ", and in test mode "[TLP:AMBER] TEST " */
export function subjectMark(sender: Sender): string {
  return `[${sender.inventory.mailing.tlp}] ${sender.redirectTo === null ? '' : 'TEST '}`;
}

/** The first of the wordings that fits in a subject; the last is cut where none does. */
export function fitSubject(start: string, wordings: readonly string[], end: string): string {
  const room = SUBJECT_MAX - start.length - end.length;
  // names come from the inventory and from rules: the folding of a header is no place to find out what they hold
  const inert = wordings.map((words) => inertText(words));
  const fitting = inert.find((words) => Array.from(words).length <= room);
  return start + (fitting ?? clip(inert[inert.length - 1]!, Math.max(1, room))) + end;
}

/** A letter about several things: what every mail has around its sections. */
export function letterOf(title: string, sections: readonly Section[], recipient: Recipient, sender: Sender): Letter {
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

/** Notes above the content: test mode says for whom it was. */
export function notesOf(recipient: Recipient, sender: Sender): string[] {
  if (sender.redirectTo === null) return [];
  return [`TEST MODE: nobody else got this. It was meant for ${recipient.contact.name}.`];
}

/** Small print of every mail. */
export function closingOf(inventory: Inventory): string[] {
  return [
    `Sent by pollwatch for ${inventory.organization.name}. It never asks for a password and never attaches files.`,
  ];
}

/** Headers and both forms of a letter. */
export function finish(
  letter: Letter,
  envelope: {
    recipient: Recipient;
    sender: Sender;
    subject: string;
    messageId: string;
    root: string | null;
    nowMs: number;
  },
): RenderedMail {
  const { sender, root } = envelope;
  const { inventory, address } = sender;
  const ownNames = ownNamesOf(inventory);
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return {
    from: { name: 'pollwatch', address },
    to: sender.redirectTo ?? envelope.recipient.address,
    subject: envelope.subject,
    text: letterText(letter, ownNames),
    html: letterHtml(letter, ownNames),
    messageId: envelope.messageId,
    inReplyTo: root,
    headers: {
      // no vacation notes in return (RFC 3834; the second for Exchange)
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'List-Id': `pollwatch alerts <${inventory.organization.id}.pollwatch.${domain}>`,
    },
    dateMs: envelope.nowMs,
  };
}
