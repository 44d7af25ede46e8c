/**
 * What one recipient is still to be told of one alert, and from when on: a first mail, an update, the end, or an escalation
 * that nobody answered; at most one thing at a time. Which of them go together into one mail.
 */
import type { Contact } from '../model/contact.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Level } from '../model/rule.ts';
import type { Recipient } from './envelope.ts';
import type { Look } from './look.ts';
import { type AlertState, isMailed, newsSince, reasonForDigest, routeFor } from './mailable.ts';
import { wasTold } from './memory.ts';
import { nightOf, openNights, toldOfNight } from './night.ts';
import { ESCALATED_FROM, escalationMs, FIRST_WAIT_MS, UPDATE_SPACING_MS } from './timing.ts';

/** One alert in a mail. */
export interface Item {
  readonly state: AlertState;
  readonly kind: 'first' | 'update' | 'closed' | 'escalation';
  /** what is new; empty for a first mail */
  readonly changes: readonly string[];
  readonly isCopy: boolean;
}

/** The same before it has a mail. */
export interface Pending extends Item {
  readonly dueMs: number;
  /** decides about quiet hours */
  readonly level: Level;
  readonly isUrgent: boolean;
}

/** What a recipient is still to be told of an alert; at most one thing. */
function pendingOf(state: AlertState, recipient: Recipient, look: Look): Pending[] {
  const { deserving, memory, nowMs } = look;
  const { inventory } = look.setting;
  const { alert, status, firstMs } = state;
  if (status === 'suppressed') return [];
  const known = memory.alerts[alert.id];
  const told = known?.by[recipient.address];
  const isUrgent = alert.severity === 'critical';
  // a mail about its night is one about the alert; what is critical waits for neither
  const nightMs = toldOfNight(memory, alert, recipient.address)?.atMs ?? null;
  const spaced = (ms: number, isExempt: boolean) =>
    nightMs === null || isExempt ? ms : Math.max(ms, nightMs + UPDATE_SPACING_MS[alert.severity]);
  if (told !== undefined) {
    const changes = newsSince(told, state);
    // a revision is told once, whatever is compared
    if (changes.length === 0 || told.revision >= state.revision) return [];
    const isEnd = status === 'closed' || status === 'withdrawn';
    return [
      {
        state,
        kind: isEnd ? 'closed' : 'update',
        changes,
        isCopy: roleOf(alert, recipient.contact, inventory) === 'cc',
        dueMs: spaced(told.atMs + UPDATE_SPACING_MS[alert.severity], isUrgent && !isEnd),
        level: isEnd ? 'info' : alert.severity,
        isUrgent: isUrgent && !isEnd,
      },
    ];
  }
  if (status !== 'new') return [];
  const role = deserving.has(alert.id) ? roleOf(alert, recipient.contact, inventory) : null;
  if (role !== null) {
    const dueMs = spaced(firstMs + FIRST_WAIT_MS[alert.severity], isUrgent);
    return [{ state, kind: 'first', changes: [], isCopy: role === 'cc', dueMs, level: alert.severity, isUrgent }];
  }
  if (known?.firstToldMs === null || known === undefined || !ESCALATED_FROM.includes(alert.severity)) return [];
  const step = inventory.escalation.find(({ to }) => to.includes(recipient.contact.id));
  if (step === undefined) return [];
  const dueMs = known.firstToldMs + escalationMs(step, inventory.calendar, nowMs);
  return [{ state, kind: 'escalation', changes: [], isCopy: false, dueMs, level: alert.severity, isUrgent: true }];
}

/**
 * Whether an alert still waits for this recipient, mailed or not: nobody has marked it as handled, and it was mailed to them
 * or their routes cover it, those of digests as well. What is not worth a mail of its own is counted and not asked about,
 * unless it is high or graver.
 */
export function isOpenFor({ alert, status }: AlertState, { address, contact }: Recipient, look: Look): boolean {
  const { inventory } = look.setting;
  if (status !== 'new') return false;
  if (wasTold(look.memory, alert, address)) return true;
  const isAsked = ESCALATED_FROM.includes(alert.severity) || reasonForDigest(alert, inventory) === null;
  return isAsked && roleOf(alert, contact, inventory) !== null;
}

/** Whether the first mail about an alert is still to come to this recipient: it waits for its time or for a place. */
export function isUnmailed({ alert }: AlertState, { address, contact }: Recipient, look: Look): boolean {
  const { inventory } = look.setting;
  const isTold = look.memory.alerts[alert.id]?.by[address] !== undefined;
  return !isTold && isMailed(alert, inventory) && roleOf(alert, contact, inventory) !== null;
}

/** Whether a contact is asked to act on an alert, gets a copy, or neither; by mail or by digest. */
function roleOf(alert: AlertState['alert'], contact: Contact, inventory: Inventory): 'to' | 'cc' | null {
  const route = routeFor(alert, inventory);
  if (route === null || route.mode === 'none') return null;
  if (route.to.includes(contact.id)) return 'to';
  return route.cc.includes(contact.id) ? 'cc' : null;
}

/**
 * Everything that a recipient is still to be told. The end of one finding of an election night waits until all of that night
 * are over, or goes along with other news of it.
 */
export function allPending(recipient: Recipient, look: Look): Pending[] {
  const pending = look.states.flatMap((state) => pendingOf(state, recipient, look));
  const open = openNights(look.states, pending, look.memory, recipient.address);
  return pending.map((item) => {
    const night = nightOf(item.state.alert);
    const isHeld = item.kind === 'closed' && night !== null && open.has(night);
    return isHeld ? { ...item, dueMs: Number.POSITIVE_INFINITY } : item;
  });
}

/** What belongs together goes into one mail, gravest first. */
export function storiesOf(items: readonly Pending[]): Pending[][] {
  return [...Map.groupBy(items, storyName).values()];
}

/** The same for what belongs into one mail: election night on one system, else the source; other ends and escalations stand alone. */
export function storyName({ kind, state }: Pending): string {
  const { key, id } = state.alert;
  const night = nightOf(state.alert);
  if (night !== null) return kind === 'escalation' ? `escalation ${night}` : `night ${night}`;
  return kind === 'closed' || kind === 'escalation' ? `${kind} ${id}` : `${key.kind} ${key.text}`;
}
