/**
 * Digests in local time, what stands in them, and a sign of life for who wants none.
 */
import { describe, expect, it } from 'vitest';
import type { MailTask } from '../../src/mail/mail-task.ts';
import { DAY, MINUTE } from '../../src/model/time.ts';
import { drive, idOf, inventoryOf, NOON, stateOf } from './mailing.ts';

const inventory = inventoryOf();

describe('digests', () => {
  const digests = (tasks: readonly MailTask[]) => tasks.filter((t) => t.kind === 'digest');
  const local = (task: MailTask) =>
    new Intl.DateTimeFormat('en-GB', {
      timeZone: 'America/Chicago',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    }).format(task.nowMs);

  it('come on Mondays at 07:30 far from an election, daily near one, in local time', () => {
    const far = digests(drive(inventory).until(NOON, NOON + 15 * DAY, [])).filter(
      (t) => t.recipient.contact.id === 'it',
    );
    expect(far.map(local)).toEqual(['Mon 07:30', 'Mon 07:30']);
    const season = Date.UTC(2026, 9, 30, 15);
    const near = digests(drive(inventory).until(season, season + 4 * DAY, [])).filter(
      (t) => t.recipient.contact.id === 'it',
    );
    expect(near.map(local)).toEqual(['Sat 07:30', 'Sun 07:30', 'Mon 07:30', 'Tue 07:30']);
    // 31 October and 1 November lie on both sides of the change of the clock
    expect(near.map((t) => new Date(t.nowMs).getUTCHours())).toEqual([12, 13, 13, 13]);
  });

  it('hold every alert that is new since the last, mailed or not, and those still open', () => {
    const driven = drive(inventory);
    const states = [stateOf(1), stateOf(2, { severity: 'low' }), stateOf(3, { severity: 'high' }, { status: 'ack' })];
    driven.until(NOON, NOON + 7 * DAY, states);
    const [digest] = digests(driven.sent).filter((t) => t.recipient.contact.id === 'it');
    expect(digest).toMatchObject({ kind: 'digest', mails: 1 });
    const told = digest as MailTask & { kind: 'digest' };
    expect(told.fresh.map((s) => s.alert.id)).toEqual([idOf(3), idOf(1), idOf(2)]);
    expect(told.open.map((s) => s.alert.id)).toEqual([idOf(1)]);
    const next = digests(driven.until(NOON + 7 * DAY, NOON + 14 * DAY, states)).at(-1) as typeof told;
    expect(next.fresh).toEqual([]);
  });

  it('come once after a long pause', () => {
    const driven = drive(inventory);
    driven.at(NOON, []);
    expect(digests(driven.at(NOON + 30 * DAY, [])).filter((t) => t.recipient.contact.id === 'it')).toHaveLength(1);
    expect(digests(driven.at(NOON + 30 * DAY + MINUTE, []))).toEqual([]);
  });

  it('are replaced by a sign of life each week for those who want none', () => {
    const sent = drive(inventory)
      .until(NOON, NOON + 15 * DAY, [])
      .filter((t) => t.recipient.contact.id === 'state');
    expect(sent.map((t) => [t.kind, (t.nowMs - NOON) / DAY])).toEqual([
      ['heartbeat', 7],
      ['heartbeat', 14],
    ]);
  });
});
