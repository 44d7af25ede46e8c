/**
 * Who is to be mailed what, now: alerts with their revisions, a clock instant, the inventory and the memory of what was
 * sent go in; tasks, the new memory and the next instant worth a look come out. A pure state machine: the same input plans
 * the same mails, so a planner that dies before its commit does no harm. Nothing that deserves a mail is dropped: what finds
 * no place is told together with others as soon as there is one. Numbers: timing.ts; what deserves a mail: mailable.ts.
 */
import { createHash } from 'node:crypto';
import { compareAlerts } from '../alerts/alert-order.ts';
import type { Contact } from '../model/contact.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Level } from '../model/rule.ts';
import { DAY } from '../model/time.ts';
import { messageIdOf, type Recipient } from './envelope.ts';
import { type HeldAlerts, type HeldItem, heldOf } from './held.ts';
import type { AlertState } from './mailable.ts';
import { copyMemory, inherit, type MailMemory, noteTold, prune, type RecipientMemory } from './memory.ts';
import { findingsOf, nightOf, noteNights, toldOfNight } from './night.ts';
import {
  allPending,
  type Item,
  isMailed,
  isOpenFor,
  isUnmailed,
  type Pending,
  storiesOf,
  storyName,
} from './pending.ts';
import {
  capsOf,
  HEARTBEAT_MS,
  nextDigest,
  nextWindowChange,
  placesAt,
  quietUntil,
  STORM_ALERTS,
  STORM_SPAN_MS,
  UPDATE_SPACING_MS,
} from './timing.ts';

/** The first digest of a recipient goes so far back: what was found before anybody was listed is told as well. */
const FIRST_DIGEST_MS = 7 * DAY;

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

export interface Plan {
  readonly tasks: readonly MailTask[];
  readonly memory: MailMemory;
  /** when there may be something to do again, or null when only a new alert can bring it */
  readonly nextMs: number | null;
  /** what is due and finds no place; null = nothing */
  readonly held: HeldAlerts | null;
}

/** Mails are made from these; see message.ts for the rest. */
export interface PlanSetting {
  readonly inventory: Inventory;
  /** address that mails come from; its domain stands in message ids */
  readonly senderAddress: string;
  /** who gets digests gets one now, whenever the next is due: to be looked at beforehand */
  readonly areDigestsDue?: boolean;
}

/** Plans everything that is due at `nowMs`. `states` are the alerts as they stand, in any order, each once. */
export function planMails(
  states: readonly AlertState[],
  before: MailMemory,
  setting: PlanSetting,
  nowMs: number,
): Plan {
  const { inventory } = setting;
  const memory = copyMemory(before);
  const sorted = [...states].sort((a, b) => compareAlerts(a.alert, b.alert));
  const recipients = recipientsOf(inventory);
  const free = new Map<string, number>();
  let wake = Number.POSITIVE_INFINITY;
  const wakeAt = (ms: number) => {
    if (ms > nowMs && ms < wake) wake = ms;
  };

  for (const state of sorted) inherit(memory, state, nowMs);
  const deserving = new Set(
    sorted.filter(({ alert, status }) => status === 'new' && isMailed(alert, inventory)).map(({ alert }) => alert.id),
  );
  const young = sorted.filter(
    ({ alert, firstMs }) => deserving.has(alert.id) && firstMs > nowMs - STORM_SPAN_MS && firstMs <= nowMs,
  );
  if (young.length > STORM_ALERTS) memory.stormUntilMs = nowMs + STORM_SPAN_MS;
  const isStorm = nowMs < memory.stormUntilMs;

  const tasks: MailTask[] = [];
  const held: HeldItem[] = [];
  for (const recipient of recipients) {
    memory.recipients[recipient.address] ??= newRecipient(nowMs);
    const known = memory.recipients[recipient.address]!;
    const pending = allPending(sorted, deserving, recipient, memory, inventory, nowMs);
    const planned = isStorm ? planStorm(pending, recipient, known) : planOrdinary(pending, recipient, known);
    held.push(...heldFrom(pending, planned, recipient, known));
    tasks.push(...planned, ...planRegular(recipient, known, pending));
  }
  wakeAt(memory.stormUntilMs);
  const change = nextWindowChange(inventory.calendar, nowMs);
  if (change !== null) wakeAt(change);
  prune(memory, new Set(states.map(({ alert }) => alert.id)), new Set(recipients.map((r) => r.address)), nowMs);
  return { tasks, memory, nextMs: wake === Number.POSITIVE_INFINITY ? null : wake, held: heldOf(held) };

  /** One mail for each source, as long as there is a place; the last place takes all that is left together. */
  function planOrdinary(pending: readonly Pending[], recipient: Recipient, known: RecipientMemory): MailTask[] {
    const places = placesFor(recipient, known);
    const opens = (isUrgent: boolean) => (isUrgent ? places.urgentOpensMs : places.ordinaryOpensMs);
    const ready = pending.filter((item) => isReady(item, recipient, opens(item.isUrgent)));
    const stories = withWaiting(storiesOf(ready), pending, recipient);
    const made: MailTask[] = [];
    const urgent = stories.filter((story) => story.some(({ isUrgent }) => isUrgent));
    const rest = stories.filter((story) => !urgent.includes(story));
    if (urgent.length > places.urgent) {
      // not enough places for what is urgent: all in one, or as soon as there is a place
      if (places.urgent > 0) made.push(several(stories.flat(), recipient, false));
      else wakeAt(places.urgentOpensMs);
      return told(made, known);
    }
    for (const story of urgent) made.push(single(story, recipient));
    told(made, known);
    const left = placesFor(recipient, known);
    if (rest.length > 0 && left.ordinary === 0) {
      wakeAt(left.ordinaryOpensMs);
      return made;
    }
    const alone = rest.length <= left.ordinary ? rest : rest.slice(0, left.ordinary - 1);
    const joined = rest.slice(alone.length).flat();
    const more = [
      ...alone.map((story) => single(story, recipient)),
      ...(joined.length > 0 ? [several(joined, recipient, false)] : []),
    ];
    told(more, known);
    return [...made, ...more];
  }

  /** What else is new of a source, or of an election night, that is mailed about anyway goes along, though it could still wait. */
  function withWaiting(stories: Pending[][], pending: readonly Pending[], { contact }: Recipient): Pending[][] {
    const ready = new Set(stories.flat());
    const waiting = pending.filter(
      (item) =>
        (item.kind === 'first' || (item.kind !== 'escalation' && nightOf(item.state.alert) !== null)) &&
        !ready.has(item) &&
        freeAt(contact, item.level) <= nowMs,
    );
    return stories.map((story) => [...story, ...waiting.filter((item) => storyName(item) === storyName(story[0]!))]);
  }

  /** Many alerts at once: one mail about all of them, also those that could still wait, and then not soon another. */
  function planStorm(pending: readonly Pending[], recipient: Recipient, known: RecipientMemory): MailTask[] {
    const places = placesFor(recipient, known);
    const opens = (isUrgent: boolean) =>
      Math.max(
        known.stormMs + UPDATE_SPACING_MS[isUrgent ? 'critical' : 'high'],
        isUrgent ? places.urgentOpensMs : places.ordinaryOpensMs,
      );
    const ready = pending.filter((item) => isReady(item, recipient, opens(item.isUrgent)));
    if (ready.length === 0) return [];
    const opensMs = opens(ready.some((item) => item.isUrgent));
    if (opensMs > nowMs) {
      wakeAt(opensMs);
      return [];
    }
    const passing = pending.filter((item) => item.kind !== 'escalation' || item.dueMs <= nowMs);
    known.stormMs = nowMs;
    const items = passing.filter((item) => freeAt(recipient.contact, item.level) <= nowMs);
    return told([several(items, recipient, true)], known);
  }

  /** Digest and heartbeat. */
  function planRegular(recipient: Recipient, known: RecipientMemory, pending: readonly Pending[]): MailTask[] {
    const { contact, address } = recipient;
    const { calendar, mailing } = inventory;
    const about = (what: string, ms: number) => ({
      id: `${what}|${address}|${ms}`,
      recipient,
      messageId: messageIdOf(`${what} ${inventory.organization.id} ${ms}`, address, setting.senderAddress),
      nowMs,
    });
    const regular = nextDigest(contact, mailing.digestMinute, calendar, known.digestMs, nowMs);
    const due = regular !== null && setting.areDigestsDue === true ? nowMs : regular;
    if (due !== null && due > nowMs) wakeAt(due);
    if (due !== null && due <= nowMs) {
      const fresh = sorted.filter(({ firstMs }) => firstMs > known.countedMs && firstMs <= nowMs);
      const open = sorted.filter((state) => isOpenFor(state, recipient, memory, inventory));
      const unmailed = open.filter((state) => isUnmailed(state, recipient, memory, inventory));
      const task: MailTask = {
        kind: 'digest',
        ...about('digest', due),
        sinceMs: known.countedMs,
        fresh,
        open,
        unmailed: new Map(unmailed.map(({ alert }) => [alert.id, comesMs(alert.id, pending, recipient, known)])),
        mails: known.digestMails,
      };
      known.digestMs = nowMs;
      known.countedMs = nowMs;
      known.digestMails = 0;
      known.anyMs = nowMs;
      const following = nextDigest(contact, mailing.digestMinute, calendar, nowMs, nowMs);
      if (following !== null) wakeAt(following);
      return [task];
    }
    if (due !== null) return [];
    const beatMs = known.anyMs + HEARTBEAT_MS;
    const beat = quietUntil(contact, 'info', calendar, Math.max(nowMs, beatMs));
    if (beat > nowMs) {
      wakeAt(beat);
      return [];
    }
    known.anyMs = nowMs;
    wakeAt(nowMs + HEARTBEAT_MS);
    return [{ kind: 'heartbeat', ...about('heartbeat', beatMs) }];
  }

  /** Due, and not held back by quiet hours; else notes when to look again: not before a place opens. */
  function isReady({ dueMs, level }: Pending, { contact }: Recipient, opensMs: number): boolean {
    const free = dueMs > nowMs ? dueMs : freeAt(contact, level);
    wakeAt(Math.max(free, opensMs));
    return free <= nowMs;
  }

  /** When a contact may be mailed about something of a severity; asked for each alert, and the same for all. */
  function freeAt(contact: Contact, level: Level): number {
    const name = `${level} ${contact.id}`;
    const ms = free.get(name) ?? quietUntil(contact, level, inventory.calendar, nowMs);
    free.set(name, ms);
    return ms;
  }

  /** What is due, and could go if there were a place. */
  function heldFrom(pending: readonly Pending[], planned: readonly MailTask[], to: Recipient, known: RecipientMemory) {
    const gone = new Set(planned.flatMap(itemsOf).map(({ state }) => state.alert.id));
    const due = pending.filter((item) => item.dueMs <= nowMs && freeAt(to.contact, item.level) <= nowMs);
    return due
      .filter(({ state }) => !gone.has(state.alert.id))
      .map(({ state, isUrgent }): HeldItem => {
        const { id: alertId, severity } = state.alert;
        return { alertId, severity, opensMs: opensMs(isUrgent, to, known) };
      });
  }

  /** When there is a place for another mail to a recipient, in a storm as well. */
  function opensMs(isUrgent: boolean, to: Recipient, known: RecipientMemory): number {
    const places = placesFor(to, known);
    const stormMs = isStorm ? known.stormMs + UPDATE_SPACING_MS[isUrgent ? 'critical' : 'high'] : 0;
    return Math.max(stormMs, isUrgent ? places.urgentOpensMs : places.ordinaryOpensMs);
  }

  /** From when on the mail about an alert may go to a recipient: it is due, has a place, and disturbs nobody's night. */
  function comesMs(alertId: string, pending: readonly Pending[], to: Recipient, known: RecipientMemory): number | null {
    const item = pending.find(({ state }) => state.alert.id === alertId);
    if (item === undefined || item.dueMs === Number.POSITIVE_INFINITY) return null;
    const ms = Math.max(nowMs, item.dueMs, opensMs(item.isUrgent, to, known));
    return quietUntil(to.contact, item.level, inventory.calendar, ms);
  }

  function placesFor({ contact }: Recipient, known: RecipientMemory) {
    return placesAt(known.sentMs, capsOf(contact, inventory.calendar, nowMs), nowMs);
  }

  /** A mail of its own for what one source did, or for what was found on one system in an election night. */
  function single(items: readonly Pending[], recipient: Recipient): MailTask {
    const night = nightOf(items[0]!.state.alert);
    const story = night === null ? items : inNight(items);
    const [lead, ...also] = story as [Pending, ...Pending[]];
    const { alert, revision } = lead.state;
    const known = memory.alerts[alert.id];
    const before = known?.by[recipient.address];
    const nightTold = toldOfNight(memory, alert, recipient.address);
    const findings = night === null ? [] : findingsOf(night, story, sorted, memory, recipient.address);
    return {
      kind: 'alert',
      id: `${lead.kind}|${recipient.address}|${alert.id}|${revision}`,
      recipient,
      messageId: messageIdOf(`${alert.id} ${revision} ${lead.kind}`, recipient.address, setting.senderAddress),
      nowMs,
      lead,
      also,
      mailNumber: Math.max(before?.mails ?? 0, nightTold?.mails ?? 0) + 1,
      root: nightTold?.root ?? before?.root ?? null,
      firstToldMs: known?.firstToldMs ?? null,
      findings: findings.length > 1 ? findings : [],
    };
  }

  /** One mail about many. */
  function several(items: readonly Pending[], recipient: Recipient, isStorm: boolean): MailTask {
    const about = items.map(({ state, kind }) => `${kind} ${state.alert.id} ${state.revision}`).sort();
    const digest = createHash('sha256').update(about.join('\n')).digest('hex').slice(0, 32);
    return {
      kind: 'several',
      id: `several|${recipient.address}|${digest}`,
      recipient,
      messageId: messageIdOf(`several ${digest}`, recipient.address, setting.senderAddress),
      nowMs,
      items,
      isStorm,
    };
  }

  /** Notes the mails as sent; hands them back. */
  function told(made: MailTask[], known: RecipientMemory): MailTask[] {
    for (const task of made) {
      const { address } = task.recipient;
      const states = itemsOf(task).map(({ state }) => state);
      const root = task.kind === 'alert' ? (task.root ?? task.messageId) : task.messageId;
      for (const state of states) noteTold(memory, state, address, root, nowMs);
      noteNights(memory, states, address, root, nowMs);
      known.sentMs.push(nowMs);
      known.digestMails++;
      known.anyMs = nowMs;
    }
    return made;
  }
}

/** Gravest first, ends last; somebody who is to act on any of it is asked to act. */
function inNight(items: readonly Pending[]): Pending[] {
  const isEnd = ({ kind }: Pending) => (kind === 'closed' ? 1 : 0);
  const isCopy = items.every((item) => item.isCopy);
  return [...items]
    .sort((a, b) => isEnd(a) - isEnd(b) || compareAlerts(a.state.alert, b.state.alert))
    .map((item) => ({ ...item, isCopy }));
}

/** The alerts of a mail; none for digests and heartbeats. */
export function itemsOf(task: MailTask): readonly Item[] {
  if (task.kind === 'alert') return [task.lead, ...task.also];
  return task.kind === 'several' ? task.items : [];
}

/** Everybody who is named in a route or a step of escalation; an address that two contacts share belongs to the first. */
export function recipientsOf(inventory: Inventory): Recipient[] {
  const named = new Set([
    ...inventory.routes.flatMap(({ to, cc }) => [...to, ...cc]),
    ...inventory.escalation.flatMap(({ to }) => to),
    ...inventory.assets.flatMap(({ owner }) => (owner === null ? [] : [owner])),
  ]);
  const found = new Map<string, Recipient>();
  for (const contact of inventory.contacts.values()) {
    if (!named.has(contact.id)) continue;
    for (const address of contact.email) {
      const key = address.toLowerCase();
      if (!found.has(key)) found.set(key, { address, contact });
    }
  }
  return [...found.values()];
}

function newRecipient(nowMs: number): RecipientMemory {
  return { sentMs: [], digestMs: nowMs, countedMs: nowMs - FIRST_DIGEST_MS, digestMails: 0, anyMs: nowMs, stormMs: 0 };
}
