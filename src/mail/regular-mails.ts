/**
 * Mails that come whether there are alerts or not: the digest, and a sign of life for who gets no digest, so that silence
 * never means that the mailer is dead.
 */
import { type MailTask, regularly } from './mail-task.ts';
import { isOpenFor, isUnmailed } from './pending.ts';
import { HEARTBEAT_MS, nextDigest, quietUntil } from './timing.ts';
import { opensMs, type Turn } from './turn.ts';

/** Plans the digest or the heartbeat of a turn when it is due; to be asked when the mails about alerts are planned. */
export function regularMails(turn: Turn): MailTask[] {
  const { look, recipient, mailed } = turn;
  const { inventory, areDigestsDue } = look.setting;
  const digestAfter = (ms: number) =>
    nextDigest(recipient.contact, inventory.mailing.digestMinute, inventory.calendar, ms, look.nowMs);
  const regular = digestAfter(mailed.digestMs);
  if (regular === null) return heartbeat(turn);
  const dueMs = areDigestsDue === true ? look.nowMs : regular;
  if (dueMs > look.nowMs) {
    look.wakeAt(dueMs);
    return [];
  }
  const following = digestAfter(look.nowMs);
  if (following !== null) look.wakeAt(following);
  return [digest(dueMs, turn)];
}

function digest(dueMs: number, turn: Turn): MailTask {
  const { look, recipient, mailed } = turn;
  const { nowMs, states } = look;
  const open = states.filter((state) => isOpenFor(state, recipient, look));
  const unmailed = open.filter((state) => isUnmailed(state, recipient, look));
  const task: MailTask = {
    kind: 'digest',
    ...regularly('digest', dueMs, recipient, look),
    sinceMs: mailed.countedMs,
    fresh: states.filter(({ firstMs }) => firstMs > mailed.countedMs && firstMs <= nowMs),
    open,
    unmailed: new Map(unmailed.map(({ alert }) => [alert.id, comesMs(alert.id, turn)])),
    mails: mailed.digestMails,
  };
  Object.assign(mailed, { digestMs: nowMs, countedMs: nowMs, digestMails: 0, anyMs: nowMs });
  return task;
}

/** From when on the mail about an alert may go: it is due, has a place, and disturbs nobody's night. Null = not known. */
function comesMs(alertId: string, turn: Turn): number | null {
  const { look, recipient, pending } = turn;
  const item = pending.find(({ state }) => state.alert.id === alertId);
  if (item === undefined || item.dueMs === Number.POSITIVE_INFINITY) return null;
  const ms = Math.max(look.nowMs, item.dueMs, opensMs(item.isUrgent, turn));
  return quietUntil(recipient.contact, item.level, look.setting.inventory.calendar, ms);
}

function heartbeat({ look, recipient, mailed }: Turn): MailTask[] {
  const { nowMs, setting } = look;
  const beatMs = mailed.anyMs + HEARTBEAT_MS;
  const dueMs = quietUntil(recipient.contact, 'info', setting.inventory.calendar, Math.max(nowMs, beatMs));
  if (dueMs > nowMs) {
    look.wakeAt(dueMs);
    return [];
  }
  mailed.anyMs = nowMs;
  look.wakeAt(nowMs + HEARTBEAT_MS);
  return [{ kind: 'heartbeat', ...regularly('heartbeat', beatMs, recipient, look) }];
}
