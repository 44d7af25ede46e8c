/**
 * A mail that is due: for whom, about what, and ids that are the same whenever the same mail is planned again. Mails about
 * one story, about several, and the regular ones.
 */
import { createHash } from 'node:crypto';
import { compareAlerts } from '../alerts/alert-order.ts';
import { messageIdOf, type Recipient } from './envelope.ts';
import type { Look } from './look.ts';
import type { AlertState } from './mailable.ts';
import { findingsOf, nightOf, toldOfNight } from './night.ts';
import type { Item, Pending } from './pending.ts';

/** A mail that is due. `id` is the same whenever the same mail is planned again. */
export type MailTask = {
  readonly id: string;
  readonly recipient: Recipient;
  readonly messageId: string;
  readonly nowMs: number;
} & (
  | {
      readonly kind: 'alert';
      readonly lead: Item;
      readonly also: readonly Item[];
      readonly mailNumber: number;
      /** message id of the first mail about the lead, or null when this is it */
      readonly root: string | null;
      readonly firstToldMs: number | null;
      /** all that the recipient knows of this election night on this system, in the order of time; empty when it is one thing */
      readonly findings: readonly AlertState[];
    }
  | { readonly kind: 'several'; readonly items: readonly Item[]; readonly isStorm: boolean }
  | {
      readonly kind: 'digest';
      readonly sinceMs: number;
      /** alerts whose first revision is younger than the last digest, gravest first */
      readonly fresh: readonly AlertState[];
      /** told to this recipient or covered by their routes, and neither acknowledged nor closed; gravest first */
      readonly open: readonly AlertState[];
      /** ids of those of them whose first mail is still to come, and from when on it may, Unix ms; null = not known */
      readonly unmailed: ReadonlyMap<string, number | null>;
      /** mails about alerts to this recipient since the last digest */
      readonly mails: number;
    }
  | { readonly kind: 'heartbeat' }
);

/** What every mail has, whatever it tells. */
type Addressed = Pick<MailTask, 'id' | 'recipient' | 'messageId' | 'nowMs'>;

/** The alerts of a mail; none for digests and heartbeats. */
export function itemsOf(task: MailTask): readonly Item[] {
  if (task.kind === 'alert') return [task.lead, ...task.also];
  return task.kind === 'several' ? task.items : [];
}

/** A mail of its own for one story: what one source did, or what was found on one system in an election night. */
export function storyMail(story: readonly Pending[], recipient: Recipient, look: Look): MailTask {
  const { memory, states } = look;
  const { address } = recipient;
  const night = nightOf(story[0]!.state.alert);
  const items = night === null ? story : inNight(story);
  const [lead, ...also] = items as [Pending, ...Pending[]];
  const { alert, revision } = lead.state;
  const known = memory.alerts[alert.id];
  const before = known?.by[address];
  const nightTold = toldOfNight(memory, alert, address);
  const findings = night === null ? [] : findingsOf(night, items, states, memory, address);
  return {
    kind: 'alert',
    ...addressed(
      `${lead.kind}|${address}|${alert.id}|${revision}`,
      `${alert.id} ${revision} ${lead.kind}`,
      recipient,
      look,
    ),
    lead,
    also,
    mailNumber: Math.max(before?.mails ?? 0, nightTold?.mails ?? 0) + 1,
    root: nightTold?.root ?? before?.root ?? null,
    firstToldMs: known?.firstToldMs ?? null,
    findings: findings.length > 1 ? findings : [],
  };
}

/** One mail about several stories. */
export function severalMail(items: readonly Pending[], recipient: Recipient, look: Look, isStorm: boolean): MailTask {
  const about = items.map(({ state, kind }) => `${kind} ${state.alert.id} ${state.revision}`).sort();
  const digest = createHash('sha256').update(about.join('\n')).digest('hex').slice(0, 32);
  return {
    kind: 'several',
    ...addressed(`several|${recipient.address}|${digest}`, `several ${digest}`, recipient, look),
    items,
    isStorm,
  };
}

/** What a digest or a heartbeat that was due at `dueMs` begins with. */
export function regularly(kind: 'digest' | 'heartbeat', dueMs: number, recipient: Recipient, look: Look): Addressed {
  const about = `${kind} ${look.setting.inventory.organization.id} ${dueMs}`;
  return addressed(`${kind}|${recipient.address}|${dueMs}`, about, recipient, look);
}

function addressed(id: string, about: string, recipient: Recipient, { nowMs, setting }: Look): Addressed {
  return { id, recipient, messageId: messageIdOf(about, recipient.address, setting.senderAddress), nowMs };
}

/** Gravest first, ends last; somebody who is to act on any of it is asked to act. */
function inNight(items: readonly Pending[]): Pending[] {
  const isEnd = ({ kind }: Pending) => (kind === 'closed' ? 1 : 0);
  const isCopy = items.every((item) => item.isCopy);
  return [...items]
    .sort((a, b) => isEnd(a) - isEnd(b) || compareAlerts(a.state.alert, b.state.alert))
    .map((item) => ({ ...item, isCopy }));
}
